/* e2vlabels.c - the names of a head's classes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vlabels.h"

#include "e2vbytes.h"
#include "e2vfile.h"

#include <string.h>

#define MAX_FILE_SIZE (1 << 20)

const char *const e2v_official_labels[E2V_N_OFFICIAL_LABELS + 1] = {
  "生气/angry", "厌恶/disgusted", "恐惧/fearful", "开心/happy",
  "中立/neutral", "其他/other", "难过/sad", "吃惊/surprised", "<unk>",
  NULL
};

char **
e2v_labels_read (const char *path, GError ** error)
{
  g_autofree char *text = e2v_file_read_text (path, MAX_FILE_SIZE, error);
  g_auto (GStrv) lines = NULL;
  const char *start = text;
  guint n;

  if (!text)
    return NULL;
  if (g_str_has_prefix (text, "\xef\xbb\xbf"))
    start += 3;
  lines = g_strsplit (start, "\n", -1);
  n = g_strv_length (lines);
  for (guint i = 0; i < n; i++)
    g_strstrip (lines[i]);
  while (n > 0 && *lines[n - 1] == '\0')
    g_clear_pointer (&lines[--n], g_free);
  for (guint i = 0; i < n; i++) {
    if (*lines[i] == '\0') {
      e2v_bad_format (error, "%s: line %u is empty", path, i + 1);
      return NULL;
    }
  }
  return g_steal_pointer (&lines);
}
