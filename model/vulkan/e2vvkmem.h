/* e2vvkmem.h - buffers with memory of their own, texel views, and the way of data to the device.
 *
 * There are few buffers: one or more of weights, and an arena and a read-back buffer a program. Each has its own
 * allocation.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_MEM_H
#define E2V_VK_MEM_H

#include "e2vvkdevice.h"

G_BEGIN_DECLS

typedef enum
{
  E2V_VK_MEMORY_DEVICE,         /* the device's own; mapped where the host can reach it at no loss */
  E2V_VK_MEMORY_UPLOAD,         /* the host writes, copies go to the device */
  E2V_VK_MEMORY_READBACK,       /* copies come from the device, the host reads */
} E2vVkMemoryUse;

typedef struct
{
  VkBuffer buffer;
  VkDeviceMemory memory;
  VkDeviceSize size;
  gpointer map;                 /* coherent; NULL if the host cannot reach it */
} E2vVkBuffer;

/* Any descriptor type of the shader families and both ends of a copy are possible uses.
 * @what: for the message, such as "activations".
 * Errors: E2V_ERROR_OUT_OF_MEMORY with the size that was asked for. @buffer can be cleared however far it got. */
gboolean e2v_vk_buffer_init (E2vVkBuffer * buffer, E2vVkDevice * device, VkDeviceSize size, E2vVkMemoryUse use,
    const char *what, GError ** error);
void e2v_vk_buffer_clear (E2vVkBuffer * buffer, E2vVkDevice * device);

/* Copies @size bytes to the device and waits until they are there. */
gboolean e2v_vk_buffer_upload (E2vVkBuffer * buffer, E2vVkDevice * device, VkDeviceSize offset, gconstpointer data,
    gsize size, GError ** error);

/* Zeros all of it and waits. */
gboolean e2v_vk_buffer_zero (E2vVkBuffer * buffer, E2vVkDevice * device, GError ** error);

/* A view of texels on a part of a buffer. E2V_ERROR_TOO_LARGE if the device has no views that large. */
gboolean e2v_vk_view_new (E2vVkDevice * device, const E2vVkBuffer * buffer, VkFormat format, VkDeviceSize offset,
    VkDeviceSize size, VkBufferView * view, GError ** error);

G_END_DECLS

#endif
