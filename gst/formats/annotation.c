/* annotation.c - what was heard in one audio track of one media file.
 *
 * (1) Messages do not tell where a stretch of contiguous audio ends. Windows of the interval that lie further apart than
 *     the interval show it: no window is dropped when files are annotated. A partial window is a stretch by itself.
 * (2) Time stamps of a file may jump back. Segments are made from windows in order of their start, so that those of one
 *     track never overlap.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "annotation.h"

#include <math.h>

/* More distance between two windows than the interval and the rounding of both to samples: the stream broke. */
#define ROUNDING (2 * GST_MSECOND)

/* Far more than a file has: no segment is ever joined to its neighbour for want of memory. */
#define MAX_SEGMENTS G_MAXUINT

Annotation *
annotation_new (void)
{
  Annotation *annotation = g_new0 (Annotation, 1);

  annotation->windows = g_array_new (FALSE, FALSE, sizeof (AnnotationWindow));
  annotation->scores = g_array_new (FALSE, FALSE, sizeof (double));
  annotation->segments = g_array_new (FALSE, FALSE, sizeof (AnnotationSegment));
  annotation->peaks = g_array_new (FALSE, FALSE, sizeof (AnnotationPeak));
  return annotation;
}

void
annotation_free (Annotation * annotation)
{
  if (!annotation)
    return;
  g_free (annotation->name);
  g_free (annotation->media_type);
  g_free (annotation->language);
  g_free (annotation->model);
  g_free (annotation->head);
  g_free (annotation->device);
  g_free (annotation->version);
  g_strfreev (annotation->labels);
  gst_clear_tag_list (&annotation->tags);
  g_array_unref (annotation->windows);
  g_array_unref (annotation->scores);
  g_array_unref (annotation->segments);
  g_array_unref (annotation->peaks);
  g_free (annotation);
}

/* ---- windows ---------------------------------------------------------------------------------------------------- */

static gboolean
is_sound (const GValue * value, GType type)
{
  if (!G_VALUE_HOLDS (value, type))
    return FALSE;
  if (type == G_TYPE_DOUBLE)
    return isfinite (g_value_get_double (value));
  return g_value_get_string (value)
      && g_utf8_validate (g_value_get_string (value), -1, NULL);
}

/* The array field @name if it has only finite numbers or UTF-8 text, whichever @type says, else NULL. */
static const GValue *
array_field (const GstStructure * structure, const char *name, GType type)
{
  const GValue *array = gst_structure_get_value (structure, name);

  if (!array || !GST_VALUE_HOLDS_ARRAY (array))
    return NULL;
  for (guint i = 0; i < gst_value_array_get_size (array); i++)
    if (!is_sound (gst_value_array_get_value (array, i), type))
      return NULL;
  return array;
}

/* Whether the labels are those of the windows before; the first ones are kept. */
static gboolean
same_labels (Annotation * annotation, const GValue * labels)
{
  guint n = gst_value_array_get_size (labels);

  if (!annotation->labels) {
    annotation->labels = g_new0 (char *, (gsize) n + 1);
    annotation->n_labels = n;
    for (guint i = 0; i < n; i++)
      annotation->labels[i] =
          g_value_dup_string (gst_value_array_get_value (labels, i));
    return TRUE;
  }
  for (guint i = 0; i < MIN (n, annotation->n_labels); i++)
    if (g_strcmp0 (annotation->labels[i],
            g_value_get_string (gst_value_array_get_value (labels, i))) != 0)
      return FALSE;
  return n == annotation->n_labels;
}

/* Adds the scores to the annotation and says in @window where they are. */
static gboolean
add_scores (Annotation * annotation, AnnotationWindow * window,
    const GstStructure * structure)
{
  const GValue *labels = array_field (structure, "labels", G_TYPE_STRING);
  const GValue *scores = array_field (structure, "scores", G_TYPE_DOUBLE);
  guint best = 0;

  if (!labels || !scores || gst_value_array_get_size (scores) == 0
      || gst_value_array_get_size (labels) != gst_value_array_get_size (scores)
      || !same_labels (annotation, labels))
    return FALSE;
  window->label = 0;
  window->scores = annotation->scores->len;
  for (guint i = 0; i < annotation->n_labels; i++) {
    double score = g_value_get_double (gst_value_array_get_value (scores, i));

    g_array_append_val (annotation->scores, score);
    if (score > annotation_scores (annotation, window)[best])
      best = i;
  }
  window->label = (gint) best;
  return TRUE;
}

static gboolean
flag (const GstStructure * structure, const char *name)
{
  gboolean value = FALSE;

  gst_structure_get_boolean (structure, name, &value);
  return value;
}

/* A moment or a length that can be added to another without overflow. */
static gboolean
get_time (const GstStructure * structure, const char *name, GstClockTime * time)
{
  return gst_structure_get_uint64 (structure, name, time)
      && *time <= G_MAXINT64;
}

gboolean
annotation_add (Annotation * annotation, const GstStructure * structure)
{
  AnnotationWindow window = {.channel = -1,.level = -INFINITY };

  if (!gst_structure_has_name (structure, "emotion2vec")
      || !gst_structure_get_uint64 (structure, "id", &window.id)
      || !get_time (structure, "stream-time", &window.start)
      || !get_time (structure, "duration", &window.duration))
    return FALSE;
  gst_structure_get_int (structure, "channel", &window.channel);
  gst_structure_get_double (structure, "level", &window.level);
  window.silent = flag (structure, "silent");
  window.partial = flag (structure, "partial");
  window.below_threshold = flag (structure, "below-threshold");
  window.speech = g_strcmp0 (gst_structure_get_string (structure, "trigger"),
      "speech") == 0;
  window.label = window.silent ? GST_EMOTION2VEC_SILENT : ANNOTATION_NO_LABEL;
  if (gst_structure_has_field (structure, "scores")
      && !add_scores (annotation, &window, structure))
    return FALSE;
  g_array_append_val (annotation->windows, window);
  return TRUE;
}

/* ---- segments --------------------------------------------------------------------------------------------------- */

static gboolean
on_track (const AnnotationWindow * window, const AnnotationTrack * track)
{
  return window->channel == track->channel && window->speech == track->speech;
}

typedef struct
{
  const AnnotationWindow *window;
  GstEmotion2vecHeard heard;    /* as the timeline knows it */
  GstClockTime from, to;        /* what it speaks for */
} Said;

static gint
compare_said (gconstpointer a, gconstpointer b)
{
  GstClockTime one = ((const Said *) a)->window->start;
  GstClockTime other = ((const Said *) b)->window->start;

  return (one > other) - (one < other);
}

/* Whether the stretch of @before ended before @after begins. */
static gboolean
is_new_stretch (const Annotation * annotation, const AnnotationWindow * before,
    const AnnotationWindow * after)
{
  GstClockTime distance =
      annotation->interval > 0 ? annotation->interval : annotation->window;

  return before->partial || after->partial
      || after->start > before->start + distance + ROUNDING;
}

/* Adds the score that a window gives to the label of @segment, weighed by the time that it speaks for in there. */
static void
weigh (const Annotation * annotation, const Said * said,
    const AnnotationSegment * segment, double *sum, double *weight)
{
  const double *scores = annotation_scores (annotation, said->window);
  GstClockTime from = MAX (said->from, segment->start);
  GstClockTime to = MIN (said->to, segment->end);

  if (!scores || to <= from)
    return;
  *sum += (double) (to - from) * scores[segment->label];
  *weight += (double) (to - from);
}

/* (transfer full) (element-type Said): by start. */
static GArray *
windows_of_track (const Annotation * annotation, const AnnotationTrack * track)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Said));

  for (guint i = 0; i < annotation->windows->len; i++) {
    const AnnotationWindow *window =
        &g_array_index (annotation->windows, AnnotationWindow, i);
    const Said said = { window, {window->start, window->duration, 0,
        window->speech, window->label}, 0, 0
    };

    if (on_track (window, track) && window->label != ANNOTATION_NO_LABEL)
      g_array_append_val (all, said);
  }
  g_array_sort (all, compare_said);
  return all;
}

/* Finds out for which time each of the @windows speaks. */
static void
share_time (const Annotation * annotation, GArray * windows)
{
  GstClockTime until = 0;

  for (guint i = 0; i < windows->len; i++) {
    Said *now = &g_array_index (windows, Said, i);
    Said *before = i > 0 ? now - 1 : NULL;

    if (before)
      now->heard.stretch = before->heard.stretch
          + is_new_stretch (annotation, before->window, now->window);
    gst_emotion2vec_timeline_meet (before ? &before->heard : NULL,
        &now->heard, annotation->interval, before ? &before->to : NULL,
        &now->from);
    /* a window may end before the one before it does */
    if (before)
      until = MAX (until, before->to);
    now->from = MAX (now->from, until);
    now->to = now->heard.start + now->heard.duration;
  }
}

/* @first: where to begin to look; segments and windows go on together. */
static double
mean_score (const Annotation * annotation, GArray * windows,
    const AnnotationSegment * segment, guint * first)
{
  double sum = 0, weight = 0;

  if (segment->label < 0)
    return 0;
  while (*first < windows->len
      && g_array_index (windows, Said, *first).to <= segment->start)
    (*first)++;
  for (guint i = *first; i < windows->len; i++) {
    const Said *said = &g_array_index (windows, Said, i);

    if (said->from >= segment->end)
      break;
    weigh (annotation, said, segment, &sum, &weight);
  }
  return weight > 0 ? sum / weight : 0;
}

static void
add_segments (Annotation * annotation, const AnnotationTrack * track)
{
  g_autoptr (GstEmotion2vecTimeline) timeline =
      gst_emotion2vec_timeline_new (annotation->interval, MAX_SEGMENTS);
  g_autoptr (GArray) windows = windows_of_track (annotation, track);
  g_autoptr (GArray) segments = NULL;
  guint first = 0;

  share_time (annotation, windows);
  for (guint i = 0; i < windows->len; i++)
    gst_emotion2vec_timeline_add (timeline,
        &g_array_index (windows, Said, i).heard);
  segments = gst_emotion2vec_timeline_segments (timeline);
  for (guint i = 0; i < segments->len; i++) {
    const GstEmotion2vecSegment *part =
        &g_array_index (segments, GstEmotion2vecSegment, i);
    AnnotationSegment segment = { part->start, part->end, track->channel,
      part->label, track->speech, 0
    };

    segment.confidence = mean_score (annotation, windows, &segment, &first);
    g_array_append_val (annotation->segments, segment);
  }
}

static gint
compare_segments (gconstpointer a, gconstpointer b)
{
  const AnnotationSegment *one = a, *other = b;

  if (one->start != other->start)
    return one->start < other->start ? -1 : 1;
  if (one->speech != other->speech)
    return one->speech ? 1 : -1;
  return (one->channel > other->channel) - (one->channel < other->channel);
}

void
annotation_finish (Annotation * annotation)
{
  g_autoptr (GArray) tracks = annotation_tracks (annotation);

  g_array_set_size (annotation->segments, 0);
  for (guint i = 0; i < tracks->len; i++)
    add_segments (annotation, &g_array_index (tracks, AnnotationTrack, i));
  g_array_sort (annotation->segments, compare_segments);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static gint
compare_tracks (gconstpointer a, gconstpointer b)
{
  const AnnotationTrack *one = a, *other = b;

  if (one->speech != other->speech)
    return one->speech ? 1 : -1;
  return (one->channel > other->channel) - (one->channel < other->channel);
}

GArray *
annotation_tracks (const Annotation * annotation)
{
  GArray *tracks = g_array_new (FALSE, FALSE, sizeof (AnnotationTrack));

  for (guint i = 0; i < annotation->windows->len; i++) {
    const AnnotationWindow *window =
        &g_array_index (annotation->windows, AnnotationWindow, i);
    const AnnotationTrack track = { window->channel, window->speech };
    gboolean known = FALSE;

    for (guint j = 0; j < tracks->len && !known; j++)
      known = on_track (window, &g_array_index (tracks, AnnotationTrack, j));
    if (!known)
      g_array_append_val (tracks, track);
  }
  g_array_sort (tracks, compare_tracks);
  return tracks;
}

GArray *
annotation_spans (const Annotation * annotation, const AnnotationTrack * track)
{
  GArray *spans = g_array_new (FALSE, FALSE, sizeof (AnnotationSpan));
  g_autoptr (GArray) windows = windows_of_track (annotation, track);

  share_time (annotation, windows);
  for (guint i = 0; i < windows->len; i++) {
    const Said *said = &g_array_index (windows, Said, i);
    const AnnotationSpan span = { said->window, said->from, said->to };

    if (span.from < span.to)
      g_array_append_val (spans, span);
  }
  return spans;
}

gboolean
annotation_is_of (const AnnotationSegment * segment,
    const AnnotationTrack * track)
{
  return segment->channel == track->channel
      && !segment->speech == !track->speech;
}

const char *
annotation_label (const Annotation * annotation, gint label)
{
  if (label == GST_EMOTION2VEC_SILENT)
    return "silent";
  if (label < 0 || label >= (gint) annotation->n_labels)
    return "none";
  return annotation->labels[label];
}

const double *
annotation_scores (const Annotation * annotation,
    const AnnotationWindow * window)
{
  if (window->label < 0)
    return NULL;
  return &g_array_index (annotation->scores, double, window->scores);
}

double
annotation_confidence (const Annotation * annotation,
    const AnnotationWindow * window)
{
  const double *scores = annotation_scores (annotation, window);

  return scores ? scores[window->label] : 0;
}
