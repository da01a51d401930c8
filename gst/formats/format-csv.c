/* format-csv.c - comma-separated values: one row a window, with all scores.
 *
 * Quoting is that of RFC 4180; lines end with a line feed alone, as programs of today write it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include <string.h>

#include "formattext.h"
#include "textout.h"

/* @prefix goes in front of @value, inside the quotes. */
static void
append_cell (GString * text, const char *prefix, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  if (!strpbrk (valid, ",\"\r\n")) {
    g_string_append (text, prefix);
    g_string_append (text, valid);
    return;
  }
  g_string_append_c (text, '"');
  g_string_append (text, prefix);
  for (const char *p = valid; *p; p++) {
    if (*p == '"')
      g_string_append_c (text, '"');
    g_string_append_c (text, *p);
  }
  g_string_append_c (text, '"');
}

static void
append_flags (GString * text, const AnnotationWindow * window)
{
  gsize before = text->len;

  if (window->silent)
    g_string_append (text, " silent");
  if (window->partial)
    g_string_append (text, " partial");
  if (window->below_threshold)
    g_string_append (text, " below-threshold");
  if (text->len > before)
    g_string_erase (text, (gssize) before, 1);
}

static void
append_scores (GString * text, const Annotation * annotation,
    const AnnotationWindow * window)
{
  const double *scores = annotation_scores (annotation, window);

  for (guint i = 0; i < annotation->n_labels; i++) {
    g_string_append_c (text, ',');
    if (scores)
      format_append_number (text, scores[i]);
  }
}

/* The three fields that windows and segments have in common. */
static void
append_times (GString * text, GstClockTime start, GstClockTime end,
    gint channel)
{
  format_append_seconds (text, start);
  g_string_append_c (text, ',');
  format_append_seconds (text, end);
  g_string_append_c (text, ',');
  if (channel >= 0)
    g_string_append_printf (text, "%d", channel);
}

static void
append_window (GString * text, const Annotation * annotation,
    const AnnotationWindow * window)
{
  g_string_append_printf (text, "%" G_GUINT64_FORMAT ",", window->id);
  append_times (text, window->start, window->start + window->duration,
      window->channel);
  g_string_append_printf (text, ",%s,", window->speech ? "speech" : "interval");
  if (window->label >= 0)
    append_cell (text, "", annotation_label (annotation, window->label));
  g_string_append_c (text, ',');
  if (window->label >= 0)
    format_append_number (text, annotation_confidence (annotation, window));
  g_string_append_c (text, ',');
  format_append_number (text, window->level);
  g_string_append_c (text, ',');
  append_flags (text, window);
  append_scores (text, annotation, window);
  g_string_append_c (text, '\n');
}

gboolean
format_csv_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  TextOut file;

  text_out_init (&file, out);
  g_string_append (file.text,
      "id,start,end,channel,trigger,label,confidence,level,flags");
  for (guint i = 0; i < annotation->n_labels; i++) {
    g_string_append_c (file.text, ',');
    /* a class may have the name of another column */
    append_cell (file.text, "score_", annotation->labels[i]);
  }
  g_string_append_c (file.text, '\n');
  for (guint i = 0; i < annotation->windows->len; i++) {
    append_window (file.text, annotation,
        &g_array_index (annotation->windows, AnnotationWindow, i));
    text_out_row (&file);
  }
  return text_out_finish (&file, error);
}

gboolean
format_segments_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  TextOut file;

  text_out_init (&file, out);
  g_string_append (file.text, "start,end,channel,trigger,label,confidence\n");
  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);

    append_times (file.text, segment->start, segment->end, segment->channel);
    g_string_append_printf (file.text, ",%s,",
        segment->speech ? "speech" : "interval");
    append_cell (file.text, "", annotation_label (annotation, segment->label));
    g_string_append_c (file.text, ',');
    if (segment->label >= 0)
      format_append_number (file.text, segment->confidence);
    g_string_append_c (file.text, '\n');
    text_out_row (&file);
  }
  return text_out_finish (&file, error);
}
