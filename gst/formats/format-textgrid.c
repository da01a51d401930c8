/* format-textgrid.c - Praat TextGrid, long text format: one interval tier a track.
 *
 * The intervals of a tier tile the file: where nothing was analysed there is one without text.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include "formattext.h"
#include "textout.h"

/* Praat wants a file to have a length. */
#define SHORTEST GST_MSECOND

typedef struct
{
  const Annotation *annotation;
  TextOut *file;
  GstClockTime end;             /* of the file */
  guint n;                      /* intervals written of this tier */
  GstClockTime until;           /* end of the last one */
} Tier;

static void
append_span (GString * text, const char *indent, GstClockTime start,
    GstClockTime end)
{
  g_string_append_printf (text, "%sxmin = ", indent);
  format_append_seconds (text, start);
  g_string_append_printf (text, "\n%sxmax = ", indent);
  format_append_seconds (text, end);
  g_string_append_c (text, '\n');
}

/* A quotation mark inside quotation marks is written twice. */
static void
append_quoted (GString * text, const char *words)
{
  g_autoptr (GString) line = g_string_new (NULL);

  format_append_line (line, words);
  g_string_replace (line, "\"", "\"\"", 0);
  g_string_append_printf (text, "\"%s\"\n", line->str);
}

static void
append_interval (Tier * tier, GstClockTime end, const char *words)
{
  GString *text = tier->file->text;

  g_string_append_printf (text, "        intervals [%u]:\n", ++tier->n);
  append_span (text, "            ", tier->until, end);
  g_string_append (text, "            text = ");
  append_quoted (text, words);
  text_out_row (tier->file);
  tier->until = end;
}

/* Nothing, if all of it lies before what is written already. */
static void
append_segment (Tier * tier, const AnnotationSegment * segment)
{
  if (segment->start > tier->until)
    append_interval (tier, segment->start, "");
  if (segment->end > tier->until)
    append_interval (tier, segment->end, annotation_label (tier->annotation,
            segment->label));
}

/* How many intervals the tier of @track has; they must be counted before they are written. */
static guint
count_intervals (const Annotation * annotation, const AnnotationTrack * track,
    GstClockTime end)
{
  GstClockTime until = 0;
  guint n = 0;

  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);

    if (!annotation_is_of (segment, track) || segment->end <= until)
      continue;
    n += segment->start > until ? 2 : 1;
    until = segment->end;
  }
  return until < end ? n + 1 : n;
}

static void
append_tier (Tier * tier, const AnnotationTrack * track, guint number)
{
  const Annotation *annotation = tier->annotation;
  GString *text = tier->file->text;
  g_autofree char *name = format_tier_name (track);

  g_string_append_printf (text, "    item [%u]:\n"
      "        class = \"IntervalTier\"\n        name = ", number);
  append_quoted (text, name);
  append_span (text, "        ", 0, tier->end);
  g_string_append_printf (text, "        intervals: size = %u\n",
      count_intervals (annotation, track, tier->end));
  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);

    if (annotation_is_of (segment, track))
      append_segment (tier, segment);
  }
  if (tier->until < tier->end)
    append_interval (tier, tier->end, "");
}

/* The end of the file, or of what was heard if that is later by a rounding. */
static GstClockTime
file_end (const Annotation * annotation)
{
  GstClockTime end = MAX (annotation->duration, SHORTEST);

  for (guint i = 0; i < annotation->segments->len; i++)
    end = MAX (end, g_array_index (annotation->segments, AnnotationSegment,
            i).end);
  return end;
}

gboolean
format_textgrid_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  const AnnotationTrack all = { -1, FALSE };
  g_autoptr (GArray) tracks = annotation_tracks (annotation);
  GstClockTime end = file_end (annotation);
  TextOut file;

  if (tracks->len == 0)
    g_array_append_val (tracks, all);
  text_out_init (&file, out);
  g_string_append (file.text,
      "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\n");
  append_span (file.text, "", 0, end);
  g_string_append_printf (file.text,
      "tiers? <exists>\nsize = %u\nitem []:\n", tracks->len);
  for (guint i = 0; i < tracks->len; i++) {
    Tier tier = { annotation, &file, end, 0, 0 };

    append_tier (&tier, &g_array_index (tracks, AnnotationTrack, i), i + 1);
  }
  return text_out_finish (&file, error);
}
