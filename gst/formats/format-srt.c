/* format-srt.c - SubRip subtitles.
 *
 * Many players show one cue at a time, so cues never overlap: with several channels (or triggers) a cue has a line for
 * each that is heard then, and a new cue begins whenever one of them changes. Silence has no line.
 * The format has no escapes. What players take for markup is written as a look-alike.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include "formattext.h"
#include "textout.h"

/* The segment that each track is in at some moment; NULL if it is in none. */
typedef struct
{
  const Annotation *annotation;
  GArray *tracks;               /* AnnotationTrack */
  const AnnotationSegment **now;        /* tracks->len of them */
} Scene;

static void
append_words (GString * text, const char *words)
{
  static const char *const markup[][2] = {
    {"<", "\u2039"}, {">", "\u203a"}, {"{", "("}, {"}", ")"}, {"\\", "\u2216"}
  };
  g_autoptr (GString) line = g_string_new (NULL);

  format_append_line (line, words);
  for (guint i = 0; i < G_N_ELEMENTS (markup); i++)
    g_string_replace (line, markup[i][0], markup[i][1], 0);
  g_string_append (text, line->str);
}

static gboolean
is_shown (const AnnotationSegment * segment)
{
  return segment->label >= 0 && format_milliseconds (segment->start)
      < format_milliseconds (segment->end);
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  const guint64 *one = a, *other = b;

  return (*one > *other) - (*one < *other);
}

/* (transfer full) (element-type guint64): milliseconds at which a segment begins or ends, in order, each once. */
static GArray *
changes (const Annotation * annotation)
{
  GArray *times = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint n = 0;

  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);
    const guint64 both[] = { format_milliseconds (segment->start),
      format_milliseconds (segment->end)
    };

    if (is_shown (segment))
      g_array_append_vals (times, both, 2);
  }
  g_array_sort (times, compare_times);
  for (guint i = 0; i < times->len; i++) {
    guint64 time = g_array_index (times, guint64, i);

    if (n == 0 || g_array_index (times, guint64, n - 1) != time)
      g_array_index (times, guint64, n++) = time;
  }
  g_array_set_size (times, n);
  return times;
}

/* Ends what ends at @time and begins what begins then. @next: the first segment that has not begun. */
static void
change (Scene * scene, guint64 time, guint * next)
{
  const GArray *segments = scene->annotation->segments;

  for (guint i = 0; i < scene->tracks->len; i++)
    if (scene->now[i] && format_milliseconds (scene->now[i]->end) <= time)
      scene->now[i] = NULL;
  for (; *next < segments->len; (*next)++) {
    const AnnotationSegment *segment =
        &g_array_index (segments, AnnotationSegment, *next);

    if (format_milliseconds (segment->start) > time)
      break;
    for (guint i = 0; i < scene->tracks->len; i++)
      if (is_shown (segment) && annotation_is_of (segment,
              &g_array_index (scene->tracks, AnnotationTrack, i)))
        scene->now[i] = segment;
  }
}

static void
append_lines (GString * text, const Scene * scene)
{
  for (guint i = 0; i < scene->tracks->len; i++) {
    const AnnotationSegment *segment = scene->now[i];
    gsize before = text->len;

    if (!segment)
      continue;
    if (scene->tracks->len > 1)
      format_append_track (text, &g_array_index (scene->tracks,
              AnnotationTrack, i));
    if (text->len > before)
      g_string_append (text, ": ");
    append_words (text, annotation_label (scene->annotation, segment->label));
    g_string_append_c (text, ' ');
    format_append_percent (text, segment->confidence);
    g_string_append_c (text, '\n');
  }
}

/* @number: of the last cue; counts up. */
static void
append_cue (GString * text, const Scene * scene, guint64 start, guint64 end,
    guint * number)
{
  g_autoptr (GString) lines = g_string_new (NULL);

  append_lines (lines, scene);
  if (lines->len == 0)
    return;
  if (*number > 0)
    g_string_append_c (text, '\n');
  g_string_append_printf (text, "%u\n", ++*number);
  format_append_clock (text, start, ',');
  g_string_append (text, " --> ");
  format_append_clock (text, end, ',');
  g_string_append_c (text, '\n');
  g_string_append (text, lines->str);
}

gboolean
format_srt_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  g_autoptr (GArray) tracks = annotation_tracks (annotation);
  g_autoptr (GArray) times = changes (annotation);
  g_autofree const AnnotationSegment **now =
      g_new0 (const AnnotationSegment *, tracks->len);
  Scene scene = { annotation, tracks, now };
  guint next = 0, number = 0;
  TextOut file;

  text_out_init (&file, out);
  for (guint i = 0; i + 1 < times->len; i++) {
    guint64 start = g_array_index (times, guint64, i);

    change (&scene, start, &next);
    append_cue (file.text, &scene, start, g_array_index (times, guint64,
            i + 1), &number);
    text_out_row (&file);
  }
  return text_out_finish (&file, error);
}
