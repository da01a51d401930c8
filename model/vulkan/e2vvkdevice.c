/* e2vvkdevice.c - one opened device with one compute queue, and how work is handed to it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkdevice.h"

#include "e2verror.h"
#include "e2vvkresult.h"

#include <string.h>
#include <unistd.h>

/* Waiting for copies: generous, since a loaded machine may swap. */
#define ONCE_TIMEOUT 60.0

/* For work that was given up, before its memory is given up too. */
#define GRACE 5.0

/* volkLoadDeviceTable() reads volk's global vkGetDeviceProcAddr, which is the loader's and the same for all. Under the loader's
 * lock. */
static void
load_table (E2vVkDevice * d)
{
  vkGetDeviceProcAddr = d->instance.vkGetDeviceProcAddr;
  volkLoadDeviceTable (&d->vk, d->device);
}

/* Reads beyond a binding must be harmless: the simd kernels fetch whole fragments. Every device has the feature. */
static VkResult
create_device (E2vVkDevice * d)
{
  const float priority = 1;
  const char *subgroup_sizes = VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
  VkPhysicalDeviceSubgroupSizeControlFeaturesEXT control = {
    .sType =
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES_EXT,
    .subgroupSizeControl = VK_TRUE,
    .computeFullSubgroups = VK_TRUE,
  };
  const VkPhysicalDeviceFeatures features = {
    .robustBufferAccess = d->physical.robust,
  };
  const VkDeviceQueueCreateInfo queue = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
    .queueFamilyIndex = d->physical.queue_family,
    .queueCount = 1,
    .pQueuePriorities = &priority,
  };
  VkDeviceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .queueCreateInfoCount = 1,
    .pQueueCreateInfos = &queue,
    .pEnabledFeatures = &features,
  };

  if (d->physical.can_choose_subgroup) {
    info.pNext = &control;
    info.enabledExtensionCount = 1;
    info.ppEnabledExtensionNames = &subgroup_sizes;
  }
  return d->instance.vkCreateDevice (d->physical.handle, &info, NULL,
      &d->device);
}

static gboolean
create_command_pool (E2vVkDevice * d, GError ** error)
{
  const VkCommandPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    .queueFamilyIndex = d->physical.queue_family,
  };

  return e2v_vk_check (d->vk.vkCreateCommandPool (d->device, &info, NULL,
          &d->command_pool), "vkCreateCommandPool", NULL, error);
}

/* Under the loader's lock. */
static gboolean
open_device (E2vVkDevice * d, const char *wanted, GError ** error)
{
  g_autoptr (GArray) list = NULL;
  const E2vVkPhysical *physical;

  if (!e2v_vk_instance_open (&d->instance, error))
    return FALSE;
  list = e2v_vk_physical_list (&d->instance, error);
  physical = list ? e2v_vk_physical_find (list, wanted, error) : NULL;
  if (!physical)
    return FALSE;
  d->physical = *physical;
  if (!e2v_vk_check (create_device (d), "vkCreateDevice", d->physical.name,
          error))
    return FALSE;
  load_table (d);
  d->vk.vkGetDeviceQueue (d->device, d->physical.queue_family, 0, &d->queue);
  return create_command_pool (d, error);
}

gboolean
e2v_vk_device_open (E2vVkDevice * d, const char *wanted, GError ** error)
{
  gboolean opened;

  memset (d, 0, sizeof *d);
  d->owner = getpid ();
  e2v_vk_loader_lock ();
  opened = open_device (d, wanted, error);
  e2v_vk_loader_unlock ();
  return opened;
}

void
e2v_vk_device_clear (E2vVkDevice * d)
{
  e2v_vk_loader_lock ();
  if (d->device) {
    d->vk.vkDestroyCommandPool (d->device, d->command_pool, NULL);
    d->vk.vkDestroyDevice (d->device, NULL);
  }
  e2v_vk_instance_clear (&d->instance);
  e2v_vk_loader_unlock ();
  memset (d, 0, sizeof *d);
}

static VkResult
wait_fence (E2vVkDevice * d, VkFence fence, double seconds)
{
  const VkResult result = d->vk.vkWaitForFences (d->device, 1, &fence, VK_TRUE,
      (guint64) (seconds * 1e9));

  d->pending = result == VK_SUCCESS || result == VK_ERROR_DEVICE_LOST
      ? VK_NULL_HANDLE : fence;
  return result;
}

gboolean
e2v_vk_device_is_ours (const E2vVkDevice * d, GError ** error)
{
  if (d->owner == 0 || d->owner == getpid ())
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_FORKED,
      "the Vulkan device %s was opened by process %d, of which this one is a "
      "fork; open a new one in this process", d->physical.name, (int) d->owner);
  return FALSE;
}

/* Not vkDeviceWaitIdle(), which has no time limit. */
gboolean
e2v_vk_device_settle (E2vVkDevice * d)
{
  if (!e2v_vk_device_is_ours (d, NULL))
    return FALSE;
  if (d->pending && !d->stuck) {
    wait_fence (d, d->pending, GRACE);
    d->stuck = d->pending != VK_NULL_HANDLE;
  }
  return !d->stuck;
}

gboolean
e2v_vk_command_begin (E2vVkDevice * d, VkCommandBuffer * commands,
    GError ** error)
{
  const VkCommandBufferAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = d->command_pool,
    .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
    .commandBufferCount = 1,
  };
  const VkCommandBufferBeginInfo begin = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
  };

  return e2v_vk_check (d->vk.vkAllocateCommandBuffers (d->device, &info,
          commands), "vkAllocateCommandBuffers", NULL, error)
      && e2v_vk_check (d->vk.vkBeginCommandBuffer (*commands, &begin),
      "vkBeginCommandBuffer", NULL, error);
}

void
e2v_vk_device_lose (E2vVkDevice * d, const char *why, GError ** error)
{
  d->lost = TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_DEVICE_LOST,
      "the Vulkan device %s %s", d->physical.name, why);
}

static gboolean
wait_for (E2vVkDevice * d, VkFence fence, double timeout, GError ** error)
{
  const VkResult result = wait_fence (d, fence, timeout);

  if (result == VK_TIMEOUT) {
    g_autofree char *why = g_strdup_printf ("did not finish within %.0f s",
        timeout);

    e2v_vk_device_lose (d, why, error);
    return FALSE;
  }
  d->lost = result != VK_SUCCESS;
  return e2v_vk_check (result, "vkWaitForFences", NULL, error);
}

gboolean
e2v_vk_submit (E2vVkDevice * d, VkCommandBuffer commands, VkFence fence,
    double timeout, GError ** error)
{
  const VkSubmitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .commandBufferCount = 1,
    .pCommandBuffers = &commands,
  };
  VkResult result;

  if (d->lost) {
    e2v_vk_device_lose (d, "was lost earlier; open it again", error);
    return FALSE;
  }
  if (!e2v_vk_check (d->vk.vkResetFences (d->device, 1, &fence),
          "vkResetFences", NULL, error))
    return FALSE;
  result = d->vk.vkQueueSubmit (d->queue, 1, &info, fence);
  d->lost = result == VK_ERROR_DEVICE_LOST;
  return e2v_vk_check (result, "vkQueueSubmit", NULL, error)
      && wait_for (d, fence, timeout, error);
}

static gboolean
run_once (E2vVkDevice * d, VkCommandBuffer commands, GError ** error)
{
  const VkFenceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
  };
  VkFence fence;
  gboolean ok;

  if (!e2v_vk_check (d->vk.vkEndCommandBuffer (commands), "vkEndCommandBuffer",
          NULL, error)
      || !e2v_vk_check (d->vk.vkCreateFence (d->device, &info, NULL, &fence),
          "vkCreateFence", NULL, error))
    return FALSE;
  ok = e2v_vk_submit (d, commands, fence, ONCE_TIMEOUT, error);
  if (e2v_vk_device_settle (d))
    d->vk.vkDestroyFence (d->device, fence, NULL);
  return ok;
}

gboolean
e2v_vk_command_once (E2vVkDevice * d, VkCommandBuffer commands, GError ** error)
{
  gboolean ok = run_once (d, commands, error);

  if (e2v_vk_device_settle (d))
    d->vk.vkFreeCommandBuffers (d->device, d->command_pool, 1, &commands);
  return ok;
}

void
e2v_vk_barrier (E2vVkDevice * d, VkCommandBuffer commands,
    VkPipelineStageFlags from_stage, VkAccessFlags from,
    VkPipelineStageFlags to_stage, VkAccessFlags to)
{
  const VkMemoryBarrier barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = from,
    .dstAccessMask = to,
  };

  d->vk.vkCmdPipelineBarrier (commands, from_stage, to_stage, 0, 1, &barrier,
      0, NULL, 0, NULL);
}
