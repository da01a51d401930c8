/* cues.c - the segments of an annotation as subtitles that never overlap.
 *
 * Segments of one channel and trigger do not overlap and come in order, so one pass over the segments and over the moments at
 * which something changes is enough.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cues.h"

#include "formattext.h"

/* The segment that each track is in at some moment; NULL if it is in none. */
typedef struct
{
  const Annotation *annotation;
  GArray *tracks;               /* AnnotationTrack */
  const AnnotationSegment **now;        /* tracks->len of them */
} Scene;

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

/* Who: "channel 2 speech: ". Nothing for the interval trigger on all channels. */
static void
append_track (GString * text, const AnnotationTrack * track)
{
  gsize before = text->len;

  format_append_track (text, track);
  if (text->len > before)
    g_string_append (text, ": ");
}

/* (transfer full) (nullable): what is heard, NULL if that is nothing. */
static char *
make_text (const Scene * scene)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < scene->tracks->len; i++) {
    const AnnotationSegment *segment = scene->now[i];

    if (!segment)
      continue;
    if (text->len > 0)
      g_string_append_c (text, '\n');
    if (scene->tracks->len > 1)
      append_track (text, &g_array_index (scene->tracks, AnnotationTrack, i));
    format_append_line (text, annotation_label (scene->annotation,
            segment->label));
    g_string_append_c (text, ' ');
    format_append_percent (text, segment->confidence);
  }
  return text->len > 0 ? g_strdup (text->str) : NULL;
}

static void
clear_cue (gpointer data)
{
  g_free (((Cue *) data)->text);
}

GArray *
cues_from_annotation (const Annotation * annotation)
{
  g_autoptr (GArray) tracks = annotation_tracks (annotation);
  g_autoptr (GArray) times = changes (annotation);
  g_autofree const AnnotationSegment **now =
      g_new0 (const AnnotationSegment *, tracks->len);
  GArray *cues = g_array_new (FALSE, FALSE, sizeof (Cue));
  Scene scene = { annotation, tracks, now };
  guint next = 0;

  g_array_set_clear_func (cues, clear_cue);
  for (guint i = 0; i + 1 < times->len; i++) {
    Cue cue = { g_array_index (times, guint64, i),
      g_array_index (times, guint64, i + 1), NULL
    };

    change (&scene, cue.start, &next);
    cue.text = make_text (&scene);
    if (cue.text)
      g_array_append_val (cues, cue);
  }
  return cues;
}
