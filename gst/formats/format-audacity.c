/* format-audacity.c - labels for Audacity: one line a segment, start, end and label, with tabs between.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include "formattext.h"
#include "textout.h"

/* Audacity's own files have six digits after the point; it reads any number of them. */
static void
append_label (GString * text, const Annotation * annotation,
    const AnnotationSegment * segment, gboolean name_track)
{
  const AnnotationTrack track = { segment->channel, segment->speech };
  gsize before;

  format_append_seconds (text, segment->start);
  g_string_append_c (text, '\t');
  format_append_seconds (text, segment->end);
  g_string_append_c (text, '\t');
  before = text->len;
  if (name_track)
    format_append_track (text, &track);
  if (text->len > before)
    g_string_append (text, ": ");
  format_append_line (text, annotation_label (annotation, segment->label));
  g_string_append_c (text, '\n');
}

gboolean
format_audacity_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  g_autoptr (GArray) tracks = annotation_tracks (annotation);
  TextOut file;

  text_out_init (&file, out);
  for (guint i = 0; i < annotation->segments->len; i++) {
    append_label (file.text, annotation,
        &g_array_index (annotation->segments, AnnotationSegment, i),
        tracks->len > 1);
    text_out_row (&file);
  }
  return text_out_finish (&file, error);
}
