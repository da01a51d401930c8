/* e2vvkdevice.h - one opened device with one compute queue, and how work is handed to it.
 *
 * Nothing is shared: each executor has an instance and a device of its own. Functions are called through the tables
 * that lie in the structs (device->vk.vkCreateBuffer), so that many devices can be open at once.
 * After fork() a device belongs to the parent alone: its threads and files are not there in the child. There nothing is
 * called of it, and nothing freed; opening a new one is fine.
 * MT: one caller at a time for a device; opening and closing from any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_DEVICE_H
#define E2V_VK_DEVICE_H

#include "e2vvkphysical.h"

#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  E2vVkInstance instance;
  E2vVkPhysical physical;
  VkDevice device;
  VkQueue queue;
  VkCommandPool command_pool;
  pid_t owner;                  /* the process that opened it; 0: not open */
  gboolean lost;                /* for good: nothing is submitted any more */
  VkFence pending;              /* of work that may still go on, after a wait that was too long */
  gboolean stuck;               /* it did not end in the time of grace either */
  struct VolkDeviceTable vk;
} E2vVkDevice;

/* Opens the device that @wanted names (e2vvulkan.h). The result can be cleared however far it got. */
gboolean e2v_vk_device_open (E2vVkDevice * device, const char *wanted, GError ** error);
void e2v_vk_device_clear (E2vVkDevice * device);

/* Whether this process opened it; else @error is E2V_ERROR_FORKED. */
gboolean e2v_vk_device_is_ours (const E2vVkDevice * device, GError ** error);

/* Whether nothing runs any more, so that things may be destroyed. Waits some seconds if the last wait was too long,
 * never for ever. If FALSE, whatever the device may still be using has to be left as it is, the device included: memory
 * that is freed under it would be written to. A device of the parent process never settles. */
gboolean e2v_vk_device_settle (E2vVkDevice * device);

/* Begins a command buffer of the device's pool. */
gboolean e2v_vk_command_begin (E2vVkDevice * device, VkCommandBuffer * commands, GError ** error);

/* Submits and waits for @timeout seconds at most; E2V_ERROR_DEVICE_LOST if that is not enough, and at
 * once if the device was lost before. */
gboolean e2v_vk_submit (E2vVkDevice * device, VkCommandBuffer commands, VkFence fence, double timeout,
    GError ** error);

/* For answers that cannot be true: the device counts as lost from now on. Sets @error to E2V_ERROR_DEVICE_LOST. */
void e2v_vk_device_lose (E2vVkDevice * device, const char *why, GError ** error);

/* Ends, runs and frees a command buffer that is used once. Frees it on failure too. */
gboolean e2v_vk_command_once (E2vVkDevice * device, VkCommandBuffer commands, GError ** error);

/* Writes all memory accesses of @from to be seen by @to. */
void e2v_vk_barrier (E2vVkDevice * device, VkCommandBuffer commands, VkPipelineStageFlags from_stage,
    VkAccessFlags from, VkPipelineStageFlags to_stage, VkAccessFlags to);

G_END_DECLS

#endif
