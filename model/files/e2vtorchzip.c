/* e2vtorchzip.c - the zip container of torch.save, by libzip.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vtorchzip.h"

#include "e2vbytes.h"

#include <string.h>
#include <zip.h>

#define PICKLE "data.pkl"

/* Who reads entries one after another reads the file once. Entries that overlap, or that are asked for in turns, would
 * make a small archive cost any amount of time. */
#define MAX_PASSES 4

struct _E2vTorchZip
{
  zip_t *archive;
  char *folder;                 /* with its slash */
  gsize size;                   /* of the whole file */
  guint64 read;                 /* bytes of entries so far */
};

static zip_t *
open_archive (const guint8 * data, gsize size, GError ** error)
{
  zip_error_t cause;
  zip_source_t *source;
  zip_t *archive = NULL;

  zip_error_init (&cause);
  source = zip_source_buffer_create (data, size, 0, &cause);
  if (source)
    archive = zip_open_from_source (source, ZIP_RDONLY, &cause);
  if (!archive) {
    e2v_bad_format (error, "the zip archive is damaged: %s",
        zip_error_strerror (&cause));
    if (source)
      zip_source_free (source);
  }
  zip_error_fini (&cause);
  return archive;
}

/* The folder of the one data.pkl. */
static char *
find_folder (zip_t * archive, GError ** error)
{
  zip_int64_t n = zip_get_num_entries (archive, 0);
  g_autofree char *folder = NULL;

  for (zip_int64_t i = 0; i < n; i++) {
    const char *name = zip_get_name (archive, (zip_uint64_t) i, 0);

    if (!name || !g_str_has_suffix (name, "/" PICKLE)
        || !g_utf8_validate (name, -1, NULL))
      continue;
    if (folder) {
      e2v_bad_format (error, "the zip archive has several " PICKLE ", '%s' is "
          "the second", name);
      return NULL;
    }
    folder = g_strndup (name, strlen (name) - strlen (PICKLE));
  }
  if (!folder)
    e2v_bad_format (error, "the zip archive has no " PICKLE ", so torch.save "
        "did not write it");
  return g_steal_pointer (&folder);
}

E2vTorchZip *
e2v_torch_zip_open (const guint8 * data, gsize size, GError ** error)
{
  g_autoptr (E2vTorchZip) zip = g_new0 (E2vTorchZip, 1);

  zip->size = size;
  zip->archive = open_archive (data, size, error);
  if (!zip->archive)
    return NULL;
  zip->folder = find_folder (zip->archive, error);
  return zip->folder ? g_steal_pointer (&zip) : NULL;
}

void
e2v_torch_zip_close (E2vTorchZip * zip)
{
  if (!zip)
    return;
  if (zip->archive)
    zip_discard (zip->archive);
  g_free (zip->folder);
  g_free (zip);
}

gboolean
e2v_torch_zip_has (E2vTorchZip * zip, const char *path)
{
  g_autofree char *name = g_strconcat (zip->folder, path, NULL);

  return zip_name_locate (zip->archive, name, 0) >= 0;
}

static gboolean
check_entry (E2vTorchZip * zip, const char *name, const zip_stat_t * info,
    gsize limit, GError ** error)
{
  const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD;

  if ((info->valid & needed) != needed)
    return e2v_bad_format (error, "the zip entry '%s' has no size", name);
  if (info->comp_method != ZIP_CM_STORE)
    return e2v_bad_format (error,
        "the zip entry '%s' is compressed; torch.save "
        "stores its entries as they are", name);
  if (info->size > zip->size)
    return e2v_bad_format (error, "the zip entry '%s' is larger than the file",
        name);
  if (info->size > limit)
    return e2v_bad_format (error, "the zip entry '%s' has %" G_GUINT64_FORMAT
        " bytes, at most %" G_GSIZE_FORMAT " make sense there", name,
        (guint64) info->size, limit);
  zip->read += info->size;
  if (zip->read / MAX_PASSES > zip->size)
    return e2v_bad_format (error, "the zip archive's entries overlap, or its "
        "tensors are scattered over them: it would be read more than %u times "
        "(at '%s')", MAX_PASSES, name);
  return TRUE;
}

/* libzip compares the checksum when it meets the end of the entry, so one more byte is asked for. */
static gboolean
read_entry (zip_file_t * file, guint8 * data, gsize size)
{
  guint8 beyond;

  for (gsize done = 0; done < size;) {
    zip_int64_t n = zip_fread (file, data + done, size - done);

    if (n <= 0)
      return FALSE;
    done += (gsize) n;
  }
  return zip_fread (file, &beyond, 1) == 0;
}

guint8 *
e2v_torch_zip_read (E2vTorchZip * zip, const char *path, gsize limit,
    gsize * size, GError ** error)
{
  g_autofree char *name = g_strconcat (zip->folder, path, NULL);
  g_autofree guint8 *data = NULL;
  zip_file_t *file;
  zip_stat_t info;
  gboolean ok;

  if (zip_stat (zip->archive, name, 0, &info) < 0) {
    e2v_bad_format (error, "the zip entry '%s' is missing", name);
    return NULL;
  }
  if (!check_entry (zip, name, &info, limit, error))
    return NULL;
  data = e2v_alloc (info.size, 1, error);
  if (!data)
    return NULL;
  file = zip_fopen (zip->archive, name, 0);
  ok = file && read_entry (file, data, info.size);
  if (!ok)
    e2v_bad_format (error, "the zip entry '%s' is damaged", name);
  if (file)
    zip_fclose (file);
  if (!ok)
    return NULL;
  *size = info.size;
  return g_steal_pointer (&data);
}
