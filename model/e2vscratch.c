/* e2vscratch.c - memory for large data: it lies in a temporary file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vscratch.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Below that a file is not worth the trouble. */
#define MIN_FILE_BYTES (64 << 20)

struct _E2vScratch
{
  gpointer data;
  gsize size;
  gboolean is_mapped;
};

/* A file without a name, whose blocks are there: writing into a mapping that the disk has no room for would kill. */
static int
open_file (gsize size)
{
  g_autofree char *name =
      g_build_filename (g_get_tmp_dir (), "emotion2vec-XXXXXX", NULL);
  int fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);

  if (fd < 0)
    return -1;
  g_unlink (name);
  if (posix_fallocate (fd, 0, (off_t) size) == 0)
    return fd;
  close (fd);
  return -1;
}

static gboolean
map_file (E2vScratch * scratch)
{
  int fd = open_file (scratch->size);

  if (fd < 0)
    return FALSE;
  scratch->data = mmap (NULL, scratch->size, PROT_READ | PROT_WRITE,
      MAP_SHARED, fd, 0);
  close (fd);
  scratch->is_mapped = scratch->data != MAP_FAILED;
  return scratch->is_mapped;
}

E2vScratch *
e2v_scratch_new (gsize size)
{
  E2vScratch *scratch = g_new0 (E2vScratch, 1);

  scratch->size = size;
  if (size >= MIN_FILE_BYTES && map_file (scratch))
    return scratch;
  scratch->data = g_try_malloc (MAX (size, 1));
  if (!scratch->data)
    g_clear_pointer (&scratch, g_free);
  return scratch;
}

void
e2v_scratch_free (E2vScratch * scratch)
{
  if (!scratch)
    return;
  if (scratch->is_mapped)
    munmap (scratch->data, scratch->size);
  else
    g_free (scratch->data);
  g_free (scratch);
}

gpointer
e2v_scratch_data (const E2vScratch * scratch)
{
  return scratch->data;
}

void
e2v_scratch_release_pages (E2vScratch * scratch)
{
  /* the pages of a shared mapping are the file's: they stay written */
  if (scratch->is_mapped)
    (void) madvise (scratch->data, scratch->size, MADV_DONTNEED);
}
