/* format-vtt.c - WebVTT subtitles: one cue a segment.
 *
 * Silence has no cue. Cues of several channels overlap, as WebVTT allows; each says whose it is in a voice span.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include "formattext.h"
#include "textout.h"

/* Text of a cue: "-->" and what looks like a tag are markup. */
static void
append_cue_text (GString * text, const char *words)
{
  g_autoptr (GString) line = g_string_new (NULL);

  format_append_line (line, words);
  for (const char *p = line->str; *p; p++)
    switch (*p) {
      case '&':
        g_string_append (text, "&amp;");
        break;
      case '<':
        g_string_append (text, "&lt;");
        break;
      case '>':
        g_string_append (text, "&gt;");
        break;
      default:
        g_string_append_c (text, *p);
    }
}

/* One line of a comment, which knows no escapes: only the arrow must not be in it. */
static void
append_note (GString * text, const char *words)
{
  g_autoptr (GString) line = g_string_new (NULL);

  format_append_line (line, words);
  g_string_replace (line, "-->", "-- >", 0);
  g_string_append_printf (text, "%s\n", line->str);
}

static void
append_header (GString * text, const Annotation * annotation)
{
  g_autofree char *settings = format_settings (annotation);

  g_string_append (text, "WEBVTT\n\nNOTE\nWhat was heard in ");
  append_note (text, annotation->name);
  append_note (text, settings);
}

static void
append_cue (GString * text, const Annotation * annotation,
    const AnnotationSegment * segment, gboolean voices)
{
  const AnnotationTrack track = { segment->channel, segment->speech };
  g_autoptr (GString) voice = g_string_new (NULL);

  g_string_append_c (text, '\n');
  format_append_clock (text, format_milliseconds (segment->start), '.');
  g_string_append (text, " --> ");
  format_append_clock (text, format_milliseconds (segment->end), '.');
  g_string_append_c (text, '\n');
  if (voices)
    format_append_track (voice, &track);
  if (voice->len > 0)
    g_string_append_printf (text, "<v %s>", voice->str);
  append_cue_text (text, annotation_label (annotation, segment->label));
  g_string_append_c (text, ' ');
  format_append_percent (text, segment->confidence);
  g_string_append_c (text, '\n');
}

gboolean
format_vtt_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  g_autoptr (GArray) tracks = annotation_tracks (annotation);
  TextOut file;

  text_out_init (&file, out);
  append_header (file.text, annotation);
  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);

    if (segment->label < 0 || format_milliseconds (segment->start)
        == format_milliseconds (segment->end))
      continue;
    append_cue (file.text, annotation, segment, tracks->len > 1);
    text_out_row (&file);
  }
  return text_out_finish (&file, error);
}
