/* gstemotion2vecscorer.c - classes, smoothing and threshold of results.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecscorer.h"

#include <math.h>

/* The smoothing of one channel. */
typedef struct
{
  guint64 stretch;
  GstClockTime offset;          /* of the window that came last */
  char **labels;
  double *scores;               /* the average, one for each label */
} Average;

struct _GstEmotion2vecScorer
{
  GHashTable *averages;         /* channel -> Average */
};

static void
free_average (gpointer data)
{
  Average *average = data;

  g_strfreev (average->labels);
  g_free (average->scores);
  g_free (average);
}

GstEmotion2vecScorer *
gst_emotion2vec_scorer_new (void)
{
  GstEmotion2vecScorer *scorer = g_new0 (GstEmotion2vecScorer, 1);

  scorer->averages =
      g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, free_average);
  return scorer;
}

void
gst_emotion2vec_scorer_free (GstEmotion2vecScorer * scorer)
{
  if (!scorer)
    return;
  g_hash_table_unref (scorer->averages);
  g_free (scorer);
}

void
gst_emotion2vec_scorer_reset (GstEmotion2vecScorer * scorer)
{
  g_hash_table_remove_all (scorer->averages);
}

/* Whether @result goes on where @average, which may be NULL, ended. */
static gboolean
continues (const Average * average, const GstEmotion2vecResult * result)
{
  return average && average->stretch == result->stretch
      && average->offset <= result->offset
      && g_strv_equal ((const char *const *) average->labels,
      (const char *const *) result->labels);
}

static Average *
begin_average (const GstEmotion2vecResult * result)
{
  Average *average = g_new0 (Average, 1);

  average->stretch = result->stretch;
  average->labels = g_strdupv (result->labels);
  average->scores =
      g_memdup2 (result->scores, result->n_classes * sizeof (double));
  return average;
}

static void
smooth (GstEmotion2vecScorer * scorer, double time_constant,
    GstEmotion2vecResult * result)
{
  gpointer key = GINT_TO_POINTER (result->channel);
  Average *average = g_hash_table_lookup (scorer->averages, key);

  result->raw_scores =
      g_memdup2 (result->scores, result->n_classes * sizeof (double));
  if (continues (average, result)) {
    double dt = (double) (result->offset - average->offset) / GST_SECOND;
    double keep = exp (-dt / time_constant);

    /* both weights are in [0, 1], so is what they make of scores, but for
     * the last bit */
    for (guint c = 0; c < result->n_classes; c++)
      average->scores[c] = result->scores[c] =
          MIN (keep * average->scores[c] + (1 - keep) * result->scores[c], 1);
  } else {
    average = begin_average (result);
    g_hash_table_replace (scorer->averages, key, average);
  }
  average->offset = result->offset;
}

/* What is not finite turns smoothing off, like 0. */
static gboolean
is_smoothing (const GstEmotion2vecScorerSettings * settings)
{
  return isfinite (settings->smoothing) && settings->smoothing > 0;
}

void
gst_emotion2vec_scorer_finish (GstEmotion2vecScorer * scorer,
    const GstEmotion2vecClasses * classes,
    const GstEmotion2vecScorerSettings * settings,
    GstEmotion2vecResult * result)
{
  guint n = gst_emotion2vec_classes_count (classes);

  if (result->silent || !result->model_scores || n == 0)
    return;
  g_return_if_fail (result->n_model_classes ==
      gst_emotion2vec_classes_model_count (classes));
  result->n_classes = n;
  result->labels =
      g_strdupv ((char **) gst_emotion2vec_classes_names (classes));
  result->scores = g_new (double, n);
  gst_emotion2vec_classes_apply (classes, result->model_scores, result->scores);
  if (result->model_frame_scores) {
    result->frame_scores = g_new (float, (gsize) n * result->n_frames);
    gst_emotion2vec_classes_apply_frames (classes,
        result->model_frame_scores, result->n_frames, result->frame_scores);
  }
  if (!is_smoothing (settings))
    g_hash_table_remove (scorer->averages, GINT_TO_POINTER (result->channel));
  else if (!result->speech_trigger)
    smooth (scorer, settings->smoothing, result);
  result->below_threshold =
      result->scores[gst_emotion2vec_result_best (result)] <
      settings->threshold;
}
