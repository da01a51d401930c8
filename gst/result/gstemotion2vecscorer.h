/* gstemotion2vecscorer.h - from a model's scores to the scores of a result: classes, smoothing, threshold.
 *
 * Keeps the smoothing of one stream. Pure otherwise. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_SCORER_H
#define GST_EMOTION2VEC_SCORER_H

#include "gstemotion2vecclasses.h"
#include "gstemotion2vecresult.h"

G_BEGIN_DECLS

typedef struct _GstEmotion2vecScorer GstEmotion2vecScorer;

typedef struct
{
  double threshold;             /* confidence under which a result is marked; 0: none is */
  double smoothing;             /* time constant in seconds; 0: off */
} GstEmotion2vecScorerSettings;

GstEmotion2vecScorer *gst_emotion2vec_scorer_new (void);
void gst_emotion2vec_scorer_free (GstEmotion2vecScorer * scorer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecScorer, gst_emotion2vec_scorer_free)

/* Fills labels, scores, raw_scores, below_threshold and frame_scores of @result from model_scores and
 * model_frame_scores. Does nothing if there are none: the window was silent or the model has no head. To be called once
 * for each result, in the order of the stream.
 *
 * Smoothing is an exponential average over the windows of a channel: average += (1 - exp (-dt / smoothing)) *
 * (scores - average), with dt from the start of the last window to the start of this one. It starts anew with a
 * stretch and when the classes change. Results of stretches of speech take no part and stay as they are.
 *
 * @classes: of the model that the scores are from. */
void gst_emotion2vec_scorer_finish (GstEmotion2vecScorer * scorer, const GstEmotion2vecClasses * classes,
    const GstEmotion2vecScorerSettings * settings, GstEmotion2vecResult * result);

/* Starts all averages anew. */
void gst_emotion2vec_scorer_reset (GstEmotion2vecScorer * scorer);

G_END_DECLS

#endif
