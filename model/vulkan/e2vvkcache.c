/* e2vvkcache.c - compiled pipelines, kept on disk from one process to the next.
 *
 * The file: a header of our own, in the machine's byte order, then the driver's bytes, which begin with a header that
 * Vulkan defines. Both headers have to name the device.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkcache.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC G_GUINT64_CONSTANT (0x656e697076763265)
#define FORMAT 1

/* All pipelines of both families take a few MiB on the drivers of today. */
#define MAX_BYTES (64 << 20)

typedef struct
{
  guint64 magic;
  guint32 format;
  guint32 vendor, device, driver;
  guint8 uuid[VK_UUID_SIZE];    /* of the driver's cache format */
  guint64 length;               /* of the driver's bytes */
  guint64 checksum;             /* of the same, FNV-1a */
} Header;

/* No padding: all bytes of it are compared. */
G_STATIC_ASSERT (sizeof (Header) == 56);

/* Vulkan's VkPipelineCacheHeaderVersionOne, of which early headers have no type. */
typedef struct
{
  guint32 size, version;
  guint32 vendor, device;
  guint8 uuid[VK_UUID_SIZE];
} DriverHeader;

G_STATIC_ASSERT (sizeof (DriverHeader) == 32);

static guint64
checksum (const guint8 * data, gsize size)
{
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  for (gsize i = 0; i < size; i++)
    hash = (hash ^ data[i]) * G_GUINT64_CONSTANT (0x100000001b3);
  return hash;
}

static Header
header_for (const VkPhysicalDeviceProperties * properties, const guint8 * data,
    gsize size)
{
  Header header = {
    .magic = MAGIC,
    .format = FORMAT,
    .vendor = properties->vendorID,
    .device = properties->deviceID,
    .driver = properties->driverVersion,
    .length = size,
    .checksum = checksum (data, size),
  };

  memcpy (header.uuid, properties->pipelineCacheUUID, VK_UUID_SIZE);
  return header;
}

static gboolean
is_of_device (const VkPhysicalDeviceProperties * properties,
    const guint8 * data, gsize size)
{
  DriverHeader header;

  if (size < sizeof header)
    return FALSE;
  memcpy (&header, data, sizeof header);
  return header.size == sizeof header
      && header.version == VK_PIPELINE_CACHE_HEADER_VERSION_ONE
      && header.vendor == properties->vendorID
      && header.device == properties->deviceID
      && !memcmp (header.uuid, properties->pipelineCacheUUID, VK_UUID_SIZE);
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

/* A plain file of the user's, which nobody else can write. */
static gboolean
is_trusted (const struct stat *info)
{
  return S_ISREG (info->st_mode) && info->st_uid == geteuid ()
      && !(info->st_mode & (S_IWGRP | S_IWOTH));
}

static gboolean
read_all (int fd, guint8 * data, gsize size)
{
  for (gsize done = 0; done < size;) {
    const gssize n = read (fd, data + done, size - done);

    if (n <= 0)
      return FALSE;
    done += (gsize) n;
  }
  return TRUE;
}

/* The content of a trusted file of a sane size. */
static GBytes *
read_file (const char *path)
{
  const int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  GBytes *bytes = NULL;
  struct stat info;

  if (fd < 0)
    return NULL;
  if (fstat (fd, &info) == 0 && is_trusted (&info) && info.st_size > 0
      && info.st_size <= MAX_BYTES) {
    const gsize size = (gsize) info.st_size;
    guint8 *data = g_try_malloc (size);

    if (data && read_all (fd, data, size))
      bytes = g_bytes_new_take (g_steal_pointer (&data), size);
    g_free (data);
  }
  close (fd);
  return bytes;
}

GBytes *
e2v_vk_cache_read (const char *path,
    const VkPhysicalDeviceProperties * properties)
{
  g_autoptr (GBytes) file = read_file (path);
  const guint8 *data;
  Header expected;
  gsize size;

  if (!file)
    return NULL;
  data = g_bytes_get_data (file, &size);
  if (size < sizeof expected)
    return NULL;
  data += sizeof expected;
  size -= sizeof expected;
  expected = header_for (properties, data, size);
  if (memcmp (data - sizeof expected, &expected, sizeof expected)
      || !is_of_device (properties, data, size))
    return NULL;
  return g_bytes_new_from_bytes (file, sizeof expected, size);
}

gboolean
e2v_vk_cache_write (const char *path,
    const VkPhysicalDeviceProperties * properties, gconstpointer data,
    gsize size)
{
  const Header header = header_for (properties, data, size);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GByteArray) file = g_byte_array_new ();

  if (size > MAX_BYTES - sizeof header
      || g_mkdir_with_parents (folder, 0700) != 0)
    return FALSE;
  g_byte_array_append (file, (const guint8 *) &header, sizeof header);
  g_byte_array_append (file, data, (guint) size);
  return g_file_set_contents_full (path, (const char *) file->data, file->len,
      G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, NULL);
}

char *
e2v_vk_cache_path (const VkPhysicalDeviceProperties * properties)
{
  g_autoptr (GString) name = g_string_new (NULL);

  if (properties->deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU)
    return NULL;
  g_string_append_printf (name, "%08x-%08x-%08x-", properties->vendorID,
      properties->deviceID, properties->driverVersion);
  for (guint i = 0; i < VK_UUID_SIZE; i++)
    g_string_append_printf (name, "%02x", properties->pipelineCacheUUID[i]);
  g_string_append (name, ".bin");
  return g_build_filename (g_get_user_cache_dir (), "gst-emotion2vec",
      name->str, NULL);
}

/* ---- the driver's cache ----------------------------------------------------------------------------------------- */

static VkResult
create (E2vVkCache * cache, E2vVkDevice * d, GBytes * initial)
{
  VkPipelineCacheCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
  };

  if (initial)
    info.pInitialData = g_bytes_get_data (initial, &info.initialDataSize);
  return d->vk.vkCreatePipelineCache (d->device, &info, NULL, &cache->handle);
}

void
e2v_vk_cache_open (E2vVkCache * cache, E2vVkDevice * d, const char *path)
{
  g_autoptr (GBytes) initial = NULL;

  memset (cache, 0, sizeof *cache);
  if (!path)
    return;
  cache->path = g_strdup (path);
  initial = e2v_vk_cache_read (path, &d->physical.properties);
  if (initial && create (cache, d, initial) == VK_SUCCESS)
    cache->size = g_bytes_get_size (initial);
  else if (create (cache, d, NULL) != VK_SUCCESS)
    cache->handle = VK_NULL_HANDLE;
}

void
e2v_vk_cache_save (E2vVkCache * cache, E2vVkDevice * d)
{
  g_autofree guint8 *data = NULL;
  gsize size = 0;

  if (!cache->handle
      || d->vk.vkGetPipelineCacheData (d->device, cache->handle, &size, NULL)
      != VK_SUCCESS || size <= cache->size || size > MAX_BYTES)
    return;
  data = g_malloc0 (size);
  if (d->vk.vkGetPipelineCacheData (d->device, cache->handle, &size, data)
      == VK_SUCCESS && is_of_device (&d->physical.properties, data, size)
      && e2v_vk_cache_write (cache->path, &d->physical.properties, data, size))
    cache->size = size;
}

void
e2v_vk_cache_close (E2vVkCache * cache, E2vVkDevice * d)
{
  if (cache->handle)
    d->vk.vkDestroyPipelineCache (d->device, cache->handle, NULL);
  g_free (cache->path);
  memset (cache, 0, sizeof *cache);
}
