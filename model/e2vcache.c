/* e2vcache.c - short lists of lines in the user's cache folder.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vcache.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

/* Older lines than these are forgotten, so that the cache stays small for ever. */
#define MAX_LINES 64
#define MAX_SIZE (64 << 10)

static char *
list_path (const char *list)
{
  return g_build_filename (g_get_user_cache_dir (), "gst-emotion2vec", list,
      NULL);
}

/* The lines, newest first; none if there is no list. */
static char **
read_list (const char *list)
{
  g_autofree char *path = list_path (list), *text = NULL;
  GStatBuf info;

  if (g_stat (path, &info) == 0 && S_ISREG (info.st_mode)
      && info.st_size <= MAX_SIZE
      && g_file_get_contents (path, &text, NULL, NULL))
    return g_strsplit (text, "\n", MAX_LINES + 1);
  return g_new0 (char *, 1);
}

gboolean
e2v_cache_has (const char *list, const char *line)
{
  g_auto (GStrv) lines = read_list (list);

  return g_strv_contains ((const char *const *) lines, line);
}

void
e2v_cache_add (const char *list, const char *line)
{
  g_auto (GStrv) lines = read_list (list);
  g_autofree char *path = list_path (list);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GString) text = g_string_new (line);

  g_string_append_c (text, '\n');
  for (guint i = 0; lines[i] && i + 1 < MAX_LINES; i++) {
    if (*lines[i])
      g_string_append_printf (text, "%s\n", lines[i]);
  }
  if (g_mkdir_with_parents (folder, 0700) == 0)
    g_file_set_contents (path, text->str, (gssize) text->len, NULL);
}
