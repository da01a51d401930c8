/* e2vfile.c - files of models: mapped for reading, replaced as a whole when written.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vfile.h"

#include "e2verror.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct _E2vOutput
{
  char *path, *temporary;
  FILE *stream;
};

/* A fifo would block on opening and a device has no size, so the kind is asked for first. */
static gboolean
check_regular (const char *path, GError ** error)
{
  GStatBuf info;

  if (g_stat (path, &info) < 0) {
    g_set_error (error, E2V_ERROR,
        errno == ENOENT ? E2V_ERROR_NOT_FOUND : E2V_ERROR_IO, "%s: %s", path,
        g_strerror (errno));
    return FALSE;
  }
  if (!S_ISREG (info.st_mode)) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_IO, "%s is not a regular file",
        path);
    return FALSE;
  }
  return TRUE;
}

GMappedFile *
e2v_file_map (const char *path, GError ** error)
{
  g_autoptr (GError) cause = NULL;
  GMappedFile *map;

  if (!check_regular (path, error))
    return NULL;
  map = g_mapped_file_new (path, FALSE, &cause);
  if (!map) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_IO, "%s: %s", path,
        cause->message);
  }
  return map;
}

void
e2v_file_release_pages (GMappedFile * map)
{
  /* a mapping begins on a page; that the advice is not taken does no harm */
  (void) madvise (g_mapped_file_get_contents (map),
      g_mapped_file_get_length (map), MADV_DONTNEED);
}

char *
e2v_file_read_text (const char *path, gsize limit, GError ** error)
{
  g_autoptr (GMappedFile) map = e2v_file_map (path, error);
  gsize size;

  if (!map)
    return NULL;
  size = g_mapped_file_get_length (map);
  if (size > limit) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
        "%s has %" G_GSIZE_FORMAT " bytes, at most %" G_GSIZE_FORMAT
        " make sense there", path, size, limit);
    return NULL;
  }
  if (size == 0)
    return g_strdup ("");
  if (!g_utf8_validate_len (g_mapped_file_get_contents (map), size, NULL)) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_FORMAT, "%s is not UTF-8 text",
        path);
    return NULL;
  }
  return g_strndup (g_mapped_file_get_contents (map), size);
}

char *
e2v_sha256 (const guint8 * data, gsize size,
    void (*progress) (double fraction, gpointer user_data), gpointer user_data)
{
  const gsize step = 4 << 20;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (gsize done = 0; done < size; done += MIN (step, size - done)) {
    if (progress)
      progress ((double) done / (double) size, user_data);
    g_checksum_update (sum, data + done, (gssize) MIN (step, size - done));
  }
  return g_strdup (g_checksum_get_string (sum));
}

static void
set_write_error (const E2vOutput * output, int number, GError ** error)
{
  g_set_error (error, E2V_ERROR, E2V_ERROR_IO, "cannot write %s: %s",
      output->path, g_strerror (number));
}

E2vOutput *
e2v_output_new (const char *path, GError ** error)
{
  g_autoptr (E2vOutput) output = g_new0 (E2vOutput, 1);
  g_autofree char *name = g_strconcat (path, ".XXXXXX", NULL);
  int fd;

  output->path = g_strdup (path);
  fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0666);
  if (fd < 0) {
    set_write_error (output, errno, error);
    return NULL;
  }
  output->temporary = g_steal_pointer (&name);
  output->stream = fdopen (fd, "wb");
  if (!output->stream) {
    set_write_error (output, errno, error);
    close (fd);
    return NULL;
  }
  return g_steal_pointer (&output);
}

gboolean
e2v_output_write (E2vOutput * output, const void *data, gsize size,
    GError ** error)
{
  if (size > 0 && fwrite (data, 1, size, output->stream) != size) {
    set_write_error (output, errno, error);
    return FALSE;
  }
  return TRUE;
}

gboolean
e2v_output_commit (E2vOutput * output, GError ** error)
{
  FILE *stream = g_steal_pointer (&output->stream);
  int failed = 0;

  if (fflush (stream) != 0 || fsync (fileno (stream)) != 0)
    failed = errno;
  if (fclose (stream) != 0 && !failed)
    failed = errno;
  if (!failed && g_rename (output->temporary, output->path) != 0)
    failed = errno;
  if (failed) {
    set_write_error (output, failed, error);
    return FALSE;
  }
  g_clear_pointer (&output->temporary, g_free);
  return TRUE;
}

void
e2v_output_free (E2vOutput * output)
{
  if (!output)
    return;
  if (output->stream)
    fclose (output->stream);
  if (output->temporary) {
    g_unlink (output->temporary);
    g_free (output->temporary);
  }
  g_free (output->path);
  g_free (output);
}
