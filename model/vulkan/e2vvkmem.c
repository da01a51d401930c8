/* e2vvkmem.c - buffers with memory of their own, texel views, and the way of data to the device.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkmem.h"

#include "e2verror.h"
#include "e2vvkresult.h"

#include <string.h>

#define NO_TYPE G_MAXUINT

/* Device memory that the host can map is only used directly from heaps larger than this: the classic 256 MiB window
 * into a card's memory is for small things of the driver. */
#define MIN_MAPPED_HEAP (G_GUINT64_CONSTANT (256) << 20)

#define STAGING_BYTES (G_GUINT64_CONSTANT (16) << 20)

/* Host memory counts with the coherent bit only: nothing is flushed by hand. */
#define HOST (VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)

static guint
find_type (const VkPhysicalDeviceMemoryProperties * memory, guint32 allowed,
    VkMemoryPropertyFlags flags, guint64 min_heap)
{
  for (guint i = 0; i < memory->memoryTypeCount; i++) {
    const VkMemoryType *type = &memory->memoryTypes[i];

    if (allowed & 1u << i && (type->propertyFlags & flags) == flags
        && memory->memoryHeaps[type->heapIndex].size > min_heap)
      return i;
  }
  return NO_TYPE;
}

/* The best type for a use, by properties only and never by position. */
static guint
choose_type (const VkPhysicalDeviceMemoryProperties * memory, guint32 allowed,
    E2vVkMemoryUse use)
{
  const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  guint type = NO_TYPE;

  if (use == E2V_VK_MEMORY_DEVICE) {
    type = find_type (memory, allowed, local | HOST, MIN_MAPPED_HEAP);
    if (type == NO_TYPE)
      type = find_type (memory, allowed, local, 0);
    return type == NO_TYPE ? find_type (memory, allowed, 0, 0) : type;
  }
  if (use == E2V_VK_MEMORY_READBACK)
    type = find_type (memory, allowed,
        HOST | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, 0);
  return type == NO_TYPE ? find_type (memory, allowed, HOST, 0) : type;
}

static VkResult
allocate (E2vVkBuffer * b, E2vVkDevice * d, E2vVkMemoryUse use)
{
  VkMemoryAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
  };
  const VkPhysicalDeviceMemoryProperties *memory = &d->physical.memory;
  VkMemoryRequirements needs;
  VkResult result;

  d->vk.vkGetBufferMemoryRequirements (d->device, b->buffer, &needs);
  info.allocationSize = needs.size;
  info.memoryTypeIndex = choose_type (memory, needs.memoryTypeBits, use);
  if (info.memoryTypeIndex == NO_TYPE)
    return VK_ERROR_FEATURE_NOT_PRESENT;
  result = d->vk.vkAllocateMemory (d->device, &info, NULL, &b->memory);
  if (result == VK_SUCCESS)
    result = d->vk.vkBindBufferMemory (d->device, b->buffer, b->memory, 0);
  if (result == VK_SUCCESS
      && (memory->memoryTypes[info.memoryTypeIndex].propertyFlags & HOST)
      == HOST)
    result = d->vk.vkMapMemory (d->device, b->memory, 0, VK_WHOLE_SIZE, 0,
        &b->map);
  return result;
}

gboolean
e2v_vk_buffer_init (E2vVkBuffer * b, E2vVkDevice * d, VkDeviceSize size,
    E2vVkMemoryUse use, const char *what, GError ** error)
{
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = size,
    .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT
        | VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT
        | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  };
  g_autofree char *asked = g_strdup_printf ("%.1f MiB of %s",
      (double) size / (1 << 20), what);

  memset (b, 0, sizeof *b);
  b->size = size;
  return e2v_vk_check (d->vk.vkCreateBuffer (d->device, &info, NULL,
          &b->buffer), "vkCreateBuffer", asked, error)
      && e2v_vk_check (allocate (b, d, use), "vkAllocateMemory", asked, error);
}

void
e2v_vk_buffer_clear (E2vVkBuffer * b, E2vVkDevice * d)
{
  if (!e2v_vk_device_settle (d))
    return;
  if (b->buffer)
    d->vk.vkDestroyBuffer (d->device, b->buffer, NULL);
  if (b->memory)
    d->vk.vkFreeMemory (d->device, b->memory, NULL);
  memset (b, 0, sizeof *b);
}

static gboolean
copy_from (E2vVkBuffer * b, E2vVkDevice * d, E2vVkBuffer * staging,
    VkDeviceSize offset, VkDeviceSize size, GError ** error)
{
  const VkBufferCopy region = {.dstOffset = offset,.size = size };
  VkCommandBuffer commands;

  if (!e2v_vk_command_begin (d, &commands, error))
    return FALSE;
  d->vk.vkCmdCopyBuffer (commands, staging->buffer, b->buffer, 1, &region);
  return e2v_vk_command_once (d, commands, error);
}

static gboolean
upload_staged (E2vVkBuffer * b, E2vVkDevice * d, VkDeviceSize offset,
    const guint8 * data, gsize size, GError ** error)
{
  E2vVkBuffer staging;
  gboolean ok = e2v_vk_buffer_init (&staging, d, MIN (size, STAGING_BYTES),
      E2V_VK_MEMORY_UPLOAD, "staging", error);

  for (gsize done = 0; ok && done < size; done += staging.size) {
    const gsize n = MIN (size - done, staging.size);

    memcpy (staging.map, data + done, n);
    ok = copy_from (b, d, &staging, offset + done, n, error);
  }
  e2v_vk_buffer_clear (&staging, d);
  return ok;
}

gboolean
e2v_vk_buffer_upload (E2vVkBuffer * b, E2vVkDevice * d, VkDeviceSize offset,
    gconstpointer data, gsize size, GError ** error)
{
  if (!b->map)
    return upload_staged (b, d, offset, data, size, error);
  memcpy ((guint8 *) b->map + offset, data, size);
  return TRUE;
}

gboolean
e2v_vk_buffer_zero (E2vVkBuffer * b, E2vVkDevice * d, GError ** error)
{
  VkCommandBuffer commands;

  if (b->map) {
    memset (b->map, 0, b->size);
    return TRUE;
  }
  if (!e2v_vk_command_begin (d, &commands, error))
    return FALSE;
  d->vk.vkCmdFillBuffer (commands, b->buffer, 0, VK_WHOLE_SIZE, 0);
  return e2v_vk_command_once (d, commands, error);
}

static guint
texel_bytes (VkFormat format)
{
  return format == VK_FORMAT_R32_SFLOAT ? 4 : 16;
}

gboolean
e2v_vk_view_new (E2vVkDevice * d, const E2vVkBuffer * b, VkFormat format,
    VkDeviceSize offset, VkDeviceSize size, VkBufferView * view,
    GError ** error)
{
  const VkBufferViewCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
    .buffer = b->buffer,
    .format = format,
    .offset = offset,
    .range = size,
  };
  const guint32 limit = d->physical.properties.limits.maxTexelBufferElements;

  if (size / texel_bytes (format) > limit) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
        "an array of %" G_GUINT64_FORMAT " texels is more than the %u that %s "
        "can address; use EMOTION2VEC_SHADERS=scalar or a shorter window",
        (guint64) size / texel_bytes (format), limit, d->physical.name);
    return FALSE;
  }
  return e2v_vk_check (d->vk.vkCreateBufferView (d->device, &info, NULL, view),
      "vkCreateBufferView", NULL, error);
}
