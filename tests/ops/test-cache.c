/* test-cache.c - the file of compiled pipelines: what is taken back from it, and what is not.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

#include "e2vvkpipeline.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes as a driver gives them: Vulkan's header, then what only the driver knows. */
#define N_BYTES 48

static char *folder, *path;

static VkPhysicalDeviceProperties
properties (void)
{
  VkPhysicalDeviceProperties p = {.vendorID = 0x8086,.deviceID = 0x9a49,
    .driverVersion = 0x05c00123,
    .deviceType = VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU
  };

  for (guint i = 0; i < VK_UUID_SIZE; i++)
    p.pipelineCacheUUID[i] = (guint8) (0xa0 + i);
  return p;
}

static void
fill (guint8 * bytes, const VkPhysicalDeviceProperties * p)
{
  const guint32 words[4] = { 32, 1, p->vendorID, p->deviceID };

  memcpy (bytes, words, sizeof words);
  memcpy (bytes + sizeof words, p->pipelineCacheUUID, VK_UUID_SIZE);
  for (guint i = 32; i < N_BYTES; i++)
    bytes[i] = (guint8) i;
}

/* Writes a good file. */
static VkPhysicalDeviceProperties
write_good (guint8 * bytes)
{
  const VkPhysicalDeviceProperties p = properties ();

  fill (bytes, &p);
  g_assert_true (e2v_vk_cache_write (path, &p, bytes, N_BYTES));
  return p;
}

static void
replace_file (const char *content, gsize size)
{
  g_assert_true (g_file_set_contents_full (path, content, (gssize) size,
          G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

static void
expect_nothing (const VkPhysicalDeviceProperties * p)
{
  g_assert_null (e2v_vk_cache_read (path, p));
}

static void
test_there_and_back (void)
{
  guint8 bytes[N_BYTES];
  const VkPhysicalDeviceProperties p = write_good (bytes);
  g_autoptr (GBytes) back = e2v_vk_cache_read (path, &p);
  GStatBuf info;
  gsize size;
  gconstpointer data = g_bytes_get_data (back, &size);

  g_assert_cmpmem (data, size, bytes, sizeof bytes);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
}

static void
test_truncated (void)
{
  guint8 bytes[N_BYTES];
  const VkPhysicalDeviceProperties p = write_good (bytes);
  g_autofree char *file = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &file, &size, NULL));
  for (gsize n = 0; n < size; n++) {
    replace_file (file, n);
    expect_nothing (&p);
  }
  file = g_realloc (file, size + 1);
  file[size] = 0;
  replace_file (file, size + 1);
  expect_nothing (&p);
}

static void
test_flipped (void)
{
  guint8 bytes[N_BYTES];
  const VkPhysicalDeviceProperties p = write_good (bytes);
  g_autofree char *file = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &file, &size, NULL));
  for (gsize i = 0; i < size; i++) {
    file[i] = (char) (file[i] ^ 0x10);
    replace_file (file, size);
    expect_nothing (&p);
    file[i] = (char) (file[i] ^ 0x10);
  }
}

/* Another card, another driver, another version of it. */
static void
test_foreign (void)
{
  guint8 bytes[N_BYTES];
  const VkPhysicalDeviceProperties good = write_good (bytes);
  VkPhysicalDeviceProperties p = good;

  p.vendorID++;
  expect_nothing (&p);
  p = good;
  p.deviceID++;
  expect_nothing (&p);
  p = good;
  p.driverVersion++;
  expect_nothing (&p);
  p = good;
  p.pipelineCacheUUID[15]++;
  expect_nothing (&p);
}

/* A sound file around bytes that the driver would have to refuse. */
static void
test_foreign_bytes (void)
{
  const VkPhysicalDeviceProperties p = properties ();
  const guint at[] = { 0, 4, 8, 12, 16, 31 };
  guint8 bytes[N_BYTES];

  for (guint i = 0; i < G_N_ELEMENTS (at); i++) {
    fill (bytes, &p);
    bytes[at[i]]++;
    g_assert_true (e2v_vk_cache_write (path, &p, bytes, N_BYTES));
    expect_nothing (&p);
  }
  fill (bytes, &p);
  g_assert_true (e2v_vk_cache_write (path, &p, bytes, 31));
  expect_nothing (&p);
}

static void
test_not_ours (void)
{
  guint8 bytes[N_BYTES];
  const VkPhysicalDeviceProperties p = write_good (bytes);
  g_autofree char *other = g_build_filename (folder, "other", NULL);

  g_assert_cmpint (g_chmod (path, 0622), ==, 0);
  expect_nothing (&p);
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_cmpint (g_rename (path, other), ==, 0);
  g_assert_cmpint (symlink (other, path), ==, 0);
  expect_nothing (&p);
  g_unlink (path);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  expect_nothing (&p);
  g_unlink (path);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  expect_nothing (&p);
  g_rmdir (path);
  expect_nothing (&p);
  g_assert_cmpint (g_rename (other, path), ==, 0);
  if (geteuid () == 0) {
    g_assert_cmpint (chown (path, 1, 1), ==, 0);
    expect_nothing (&p);
  }
  g_unlink (path);
}

static void
test_path (void)
{
  VkPhysicalDeviceProperties p = properties ();
  g_autofree char *gpu = e2v_vk_cache_path (&p);
  g_autofree char *other = NULL;

  g_assert_true (g_str_has_suffix (gpu, "gst-emotion2vec/00008086-00009a49-"
          "05c00123-a0a1a2a3a4a5a6a7a8a9aaabacadaeaf.bin"));
  p.driverVersion++;
  other = e2v_vk_cache_path (&p);
  g_assert_cmpstr (gpu, !=, other);
  p.deviceType = VK_PHYSICAL_DEVICE_TYPE_CPU;
  g_assert_null (e2v_vk_cache_path (&p));
}

/* ---- with a device ---------------------------------------------------------------------------------------------- */

/* Makes pipelines with the file and saves; returns the driver's bytes that were read and then those in the file. */
static void
use_device (gsize * before, gsize * after)
{
  const E2vVkVariant mean = {.kind = E2V_OP_MEAN }, norm = {
    .kind = E2V_OP_NORM
  };
  GError *error = NULL;
  E2vVkDevice device;
  E2vVkPipelines pipelines;

  e2v_vk_device_open (&device, "vulkan", &error);
  g_assert_no_error (error);
  e2v_vk_pipelines_init (&pipelines, &device, e2v_vk_family_scalar (), path,
      &error);
  g_assert_no_error (error);
  *before = pipelines.cache.size;
  e2v_vk_pipelines_get (&pipelines, &device, &mean, &error);
  e2v_vk_pipelines_get (&pipelines, &device, &norm, &error);
  g_assert_no_error (error);
  e2v_vk_cache_save (&pipelines.cache, &device);
  *after = pipelines.cache.size;
  e2v_vk_pipelines_clear (&pipelines, &device);
  e2v_vk_device_clear (&device);
}

static guint64
inode (void)
{
  GStatBuf info;

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  return info.st_ino;
}

static void
test_device (void)
{
  gsize before, after, again;
  guint64 first;

  g_unlink (path);
  use_device (&before, &after);
  g_assert_cmpuint (before, ==, 0);
  g_assert_cmpuint (after, >=, 32);
  first = inode ();
  use_device (&before, &again);
  g_assert_cmpuint (before, ==, after);
  /* nothing new, so the file was not written again */
  if (again == after)
    g_assert_cmpuint (inode (), ==, first);
}

static void
test_device_damaged (void)
{
  gsize before, after;

  replace_file ("e2vpipes", 8);
  use_device (&before, &after);
  g_assert_cmpuint (before, ==, 0);
  g_assert_cmpuint (after, >=, 32);
  use_device (&before, &after);
  g_assert_cmpuint (before, >=, 32);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("e2v-cache-XXXXXX", NULL);
  path = g_build_filename (folder, "deeper", "pipelines.bin", NULL);
  g_test_add_func ("/cache/there-and-back", test_there_and_back);
  g_test_add_func ("/cache/truncated", test_truncated);
  g_test_add_func ("/cache/flipped", test_flipped);
  g_test_add_func ("/cache/foreign", test_foreign);
  g_test_add_func ("/cache/foreign/bytes", test_foreign_bytes);
  g_test_add_func ("/cache/not-ours", test_not_ours);
  g_test_add_func ("/cache/path", test_path);
  if (case_have_device ()) {
    g_test_add_func ("/cache/device", test_device);
    g_test_add_func ("/cache/device/damaged", test_device_damaged);
  }
  status = g_test_run ();
  g_unlink (path);
  g_free (path);
  path = g_build_filename (folder, "deeper", NULL);
  g_rmdir (path);
  g_rmdir (folder);
  g_free (path);
  g_free (folder);
  return status;
}
