/* e2vverdict.c - remembers which model files were found sound.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vverdict.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* Older verdicts than these are forgotten, so that the cache stays small for ever. */
#define MAX_VERDICTS 64
#define MAX_CACHE_SIZE (64 << 10)
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

static char *
cache_path (void)
{
  return g_build_filename (g_get_user_cache_dir (), "gst-emotion2vec",
      "verified", NULL);
}

/* The lines of the cache, newest first; an empty list if there is none. */
static char **
read_cache (void)
{
  g_autofree char *path = cache_path (), *text = NULL;
  GStatBuf info;

  if (g_stat (path, &info) == 0 && S_ISREG (info.st_mode)
      && info.st_size <= MAX_CACHE_SIZE
      && g_file_get_contents (path, &text, NULL, NULL))
    return g_strsplit (text, "\n", MAX_VERDICTS + 1);
  return g_new0 (char *, 1);
}

gboolean
e2v_verdict_known (const char *identity)
{
  g_auto (GStrv) lines = read_cache ();

  return g_strv_contains ((const char *const *) lines, identity);
}

void
e2v_verdict_remember (const char *identity)
{
  g_auto (GStrv) lines = read_cache ();
  g_autofree char *path = cache_path ();
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GString) text = g_string_new (identity);

  g_string_append_c (text, '\n');
  for (guint i = 0; lines[i] && i + 1 < MAX_VERDICTS; i++) {
    if (*lines[i])
      g_string_append_printf (text, "%s\n", lines[i]);
  }
  if (g_mkdir_with_parents (folder, 0700) == 0)
    g_file_set_contents (path, text->str, (gssize) text->len, NULL);
}
