/* gstemotion2vechistory.c - the last seconds of sound and of scores.
 *
 * Peaks lie in a ring: peak i is at i modulo its size, and `numbers` says which i that is.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vechistory.h"

#include <math.h>

#define MAX_POINTS 4096
#define MAX_PEAKS 65536

struct _GstEmotion2vecHistory
{
  GstClockTime step, span;
  guint n_peaks;
  GstEmotion2vecPeak *peaks;    /* [n_peaks] */
  guint64 *numbers;             /* [n_peaks]: G_MAXUINT64: none */
  GPtrArray *points;            /* GstEmotion2vecPoint */
};

static void
free_point (gpointer data)
{
  GstEmotion2vecPoint *point = data;

  g_free (point->scores);
  g_strfreev (point->labels);
  g_free (point);
}

GstEmotion2vecHistory *
gst_emotion2vec_history_new (GstClockTime step, GstClockTime span)
{
  GstEmotion2vecHistory *history = g_new0 (GstEmotion2vecHistory, 1);

  history->step = MAX (step, GST_MSECOND);
  history->span = span;
  history->n_peaks = (guint) MIN (span / history->step + 2, MAX_PEAKS);
  history->peaks = g_new0 (GstEmotion2vecPeak, history->n_peaks);
  history->numbers = g_new (guint64, history->n_peaks);
  for (guint i = 0; i < history->n_peaks; i++)
    history->numbers[i] = G_MAXUINT64;
  history->points = g_ptr_array_new_with_free_func (free_point);
  return history;
}

void
gst_emotion2vec_history_free (GstEmotion2vecHistory * history)
{
  if (!history)
    return;
  g_free (history->peaks);
  g_free (history->numbers);
  g_ptr_array_unref (history->points);
  g_free (history);
}

/* ---- sound ------------------------------------------------------------------------------------------------------ */

static void
add_sample (GstEmotion2vecHistory * history, guint64 number, float value)
{
  guint at = (guint) (number % history->n_peaks);
  GstEmotion2vecPeak *peak = &history->peaks[at];

  if (history->numbers[at] != number) {
    history->numbers[at] = number;
    peak->low = peak->high = value;
    return;
  }
  peak->low = MIN (peak->low, value);
  peak->high = MAX (peak->high, value);
}

void
gst_emotion2vec_history_add_audio (GstEmotion2vecHistory * history,
    GstClockTime start, const double *samples, guint n, guint channels,
    guint rate)
{
  for (guint i = 0; i < n; i++) {
    GstClockTime time = start + gst_util_uint64_scale_int (i, GST_SECOND,
        (gint) rate);

    for (guint c = 0; c < channels; c++) {
      double value = samples[(gsize) i * channels + c];

      add_sample (history, time / history->step,
          isnan (value) ? 0 : (float) CLAMP (value, -1, 1));
    }
  }
}

gboolean
gst_emotion2vec_history_peak (const GstEmotion2vecHistory * history,
    guint64 index, GstEmotion2vecPeak * peak)
{
  guint at = (guint) (index % history->n_peaks);

  if (history->numbers[at] != index)
    return FALSE;
  *peak = history->peaks[at];
  return TRUE;
}

GstClockTime
gst_emotion2vec_history_step (const GstEmotion2vecHistory * history)
{
  return history->step;
}

/* ---- scores ----------------------------------------------------------------------------------------------------- */

/* A score is 0 to 1; whoever made it. */
static double
score_at (const GValue * scores, guint i)
{
  const GValue *value = gst_value_array_get_value (scores, i);
  double score = G_VALUE_HOLDS_DOUBLE (value) ? g_value_get_double (value) : 0;

  return isfinite (score) ? CLAMP (score, 0, 1) : 0;
}

static void
take_scores (GstEmotion2vecPoint * point, const GValue * scores,
    const GValue * labels)
{
  guint n = gst_value_array_get_size (scores);

  point->scores = g_new0 (double, n);
  point->labels = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++) {
    const GValue *label = gst_value_array_get_value (labels, i);

    point->scores[i] = score_at (scores, i);
    point->labels[i] = g_utf8_make_valid (G_VALUE_HOLDS_STRING (label)
        && g_value_get_string (label) ? g_value_get_string (label) : "", -1);
    if (point->scores[i] > point->scores[point->best])
      point->best = i;
  }
  point->n = n;
  point->silent = FALSE;
}

static void
forget_old (GstEmotion2vecHistory * history, GstClockTime now)
{
  while (history->points->len > 1) {
    const GstEmotion2vecPoint *second = history->points->pdata[1];

    /* the first one out of sight is still needed for the slope to the second */
    if (history->points->len <= MAX_POINTS
        && second->start + second->duration + history->span > now)
      return;
    g_ptr_array_remove_index (history->points, 0);
  }
}

void
gst_emotion2vec_history_add_result (GstEmotion2vecHistory * history,
    const GstEmotion2vecReading * reading, GstClockTime start)
{
  const GValue *scores = gst_structure_get_value (reading->fields, "scores");
  const GValue *labels = gst_structure_get_value (reading->fields, "labels");
  GstEmotion2vecPoint *point = g_new0 (GstEmotion2vecPoint, 1);

  point->start = start;
  point->duration = reading->duration;
  point->interval = GST_CLOCK_TIME_IS_VALID (reading->interval) ?
      reading->interval : 0;
  point->silent = TRUE;
  if (reading->label && scores && labels && GST_VALUE_HOLDS_ARRAY (scores)
      && GST_VALUE_HOLDS_ARRAY (labels)
      && gst_value_array_get_size (scores) > 0
      && gst_value_array_get_size (scores) == gst_value_array_get_size (labels))
    take_scores (point, scores, labels);
  g_ptr_array_add (history->points, point);
  forget_old (history, start);
}

guint
gst_emotion2vec_history_n_points (const GstEmotion2vecHistory * history)
{
  return history->points->len;
}

const GstEmotion2vecPoint *
gst_emotion2vec_history_point (const GstEmotion2vecHistory * history, guint i)
{
  return history->points->pdata[i];
}
