/* e2vverdict.c - remembers which model files were found sound.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vverdict.h"

#include "e2vcache.h"

#include <sys/stat.h>

#define LIST "verified"

/* Coarser than the time stamps of any file system that keeps nanoseconds or jiffies. */
#define SETTLED_US G_USEC_PER_SEC

static gint64
to_us (const struct timespec *time)
{
  return (gint64) time->tv_sec * G_USEC_PER_SEC + time->tv_nsec / 1000;
}

char *
e2v_verdict_identity (const char *path, const char *metadata_checksum)
{
  struct stat info;

  if (stat (path, &info) < 0
      || to_us (&info.st_ctim) + SETTLED_US > g_get_real_time ())
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%"
      G_GUINT64_FORMAT ":%" G_GINT64_FORMAT ".%09ld:%" G_GINT64_FORMAT
      ".%09ld:%s", (guint64) info.st_dev, (guint64) info.st_ino,
      (guint64) info.st_size, (gint64) info.st_mtim.tv_sec,
      info.st_mtim.tv_nsec, (gint64) info.st_ctim.tv_sec,
      info.st_ctim.tv_nsec, metadata_checksum);
}

gboolean
e2v_verdict_known (const char *identity)
{
  return e2v_cache_has (LIST, identity);
}

void
e2v_verdict_remember (const char *identity)
{
  e2v_cache_add (LIST, identity);
}
