/* bytes.c - a file, byte by byte; progress and errors of the system.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copiespriv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_SIZE (1 << 20)

gboolean
progress_tell (const Progress * progress, double done, GError ** error)
{
  double whole;

  if (!progress->report)
    return TRUE;
  whole = progress->from + (progress->to - progress->from) * CLAMP (done, 0, 1);
  if (progress->report (whole, progress->user_data))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  return FALSE;
}

gboolean
fail_with_errno (GError ** error, int code, const char *what)
{
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code), "%s: %s",
      what, g_strerror (code));
  return FALSE;
}

static gboolean
write_all (int fd, const guint8 * data, gsize size)
{
  while (size > 0) {
    gssize n = write (fd, data, size);

    if (n < 0 && errno != EINTR)
      return FALSE;
    if (n > 0) {
      data += n;
      size -= (gsize) n;
    }
  }
  return TRUE;
}

static gboolean
copy_open_files (int from, int to, const Progress * progress, GError ** error)
{
  g_autofree guint8 *block = g_malloc (BLOCK_SIZE);
  double size = (double) lseek (from, 0, SEEK_END), done = 0;
  gssize n;

  if (lseek (from, 0, SEEK_SET) < 0)
    return fail_with_errno (error, errno, "cannot read the original");
  for (;;) {
    do
      n = read (from, block, BLOCK_SIZE);
    while (n < 0 && errno == EINTR);
    if (n < 0)
      return fail_with_errno (error, errno, "cannot read the original");
    if (n == 0)
      return TRUE;
    if (!write_all (to, block, (gsize) n))
      return fail_with_errno (error, errno, "cannot write the copy");
    done += (double) n;
    if (!progress_tell (progress, size > 0 ? done / size : 1, error))
      return FALSE;
  }
}

gboolean
copy_bytes (const char *input, const char *output, const Progress * progress,
    GError ** error)
{
  int from = open (input, O_RDONLY | O_CLOEXEC), to;
  gboolean done;

  if (from < 0)
    return fail_with_errno (error, errno, "cannot open the original");
  to = open (output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (to < 0) {
    fail_with_errno (error, errno, "cannot create the copy");
    close (from);
    return FALSE;
  }
  done = copy_open_files (from, to, progress, error);
  close (from);
  /* file systems on a network may tell only now that there was no room */
  if (close (to) != 0 && done)
    done = fail_with_errno (error, errno, "cannot write the copy");
  return done;
}
