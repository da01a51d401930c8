/* format-srt.c - SubRip subtitles: the cues of cues.h, since many players show one at a time.
 *
 * The format has no escapes. What players take for markup is written as a look-alike.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include "cues.h"
#include "formattext.h"
#include "textout.h"

static void
append_words (GString * text, const char *words)
{
  static const char *const markup[][2] = {
    {"<", "\u2039"}, {">", "\u203a"}, {"{", "("}, {"}", ")"}, {"\\", "\u2216"}
  };
  g_autoptr (GString) safe = g_string_new (words);

  for (guint i = 0; i < G_N_ELEMENTS (markup); i++)
    g_string_replace (safe, markup[i][0], markup[i][1], 0);
  g_string_append (text, safe->str);
}

/* @number: counted from 1. */
static void
append_cue (GString * text, const Cue * cue, guint number)
{
  if (number > 1)
    g_string_append_c (text, '\n');
  g_string_append_printf (text, "%u\n", number);
  format_append_clock (text, cue->start, ',');
  g_string_append (text, " --> ");
  format_append_clock (text, cue->end, ',');
  g_string_append_c (text, '\n');
  append_words (text, cue->text);
  g_string_append_c (text, '\n');
}

gboolean
format_srt_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  g_autoptr (GArray) cues = cues_from_annotation (annotation);
  TextOut file;

  text_out_init (&file, out);
  for (guint i = 0; i < cues->len; i++) {
    append_cue (file.text, &g_array_index (cues, Cue, i), i + 1);
    text_out_row (&file);
  }
  return text_out_finish (&file, error);
}
