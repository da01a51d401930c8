/* e2vvkcache.h - compiled pipelines, kept on disk from one process to the next.
 *
 * What a driver gave is handed back to the very same driver and device only: drivers parse these bytes, and older ones
 * do not look whether they are theirs. A file that is damaged, foreign, or not the user's own counts as no file. A
 * cache is never worth an error: all that fails here costs compiling again.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_CACHE_H
#define E2V_VK_CACHE_H

#include "e2vvkdevice.h"

G_BEGIN_DECLS

typedef struct
{
  VkPipelineCache handle;       /* VK_NULL_HANDLE: without a cache */
  char *path;                   /* NULL: not kept */
  gsize size;                   /* of the driver's bytes in the file */
} E2vVkCache;

/* The file of a device and driver in the user's cache folder, or NULL for CPU devices: those of Mesa 22 put nothing
 * into it, and later ones have a cache of their own. Free with g_free(). */
char *e2v_vk_cache_path (const VkPhysicalDeviceProperties * properties);

/* Starts with what @path (may be NULL) holds for this device. */
void e2v_vk_cache_open (E2vVkCache * cache, E2vVkDevice * device, const char *path);

/* Writes the file, if there is more to write than was read. */
void e2v_vk_cache_save (E2vVkCache * cache, E2vVkDevice * device);
void e2v_vk_cache_close (E2vVkCache * cache, E2vVkDevice * device);

/* The driver's bytes of a file, or NULL if the file is not there, not whole, not of this device and driver, or not safe
 * from others than the user. Free with g_bytes_unref(). */
GBytes *e2v_vk_cache_read (const char *path, const VkPhysicalDeviceProperties * properties);

/* Replaces the file in one step. */
gboolean e2v_vk_cache_write (const char *path, const VkPhysicalDeviceProperties * properties, gconstpointer data,
    gsize size);

G_END_DECLS

#endif
