/* gstemotion2vechistory.h - what a scope shows: the last seconds of sound and of scores.
 *
 * Memory is bounded by the span that is kept, but for no more than 4096 results. Times are those of the stream.
 * Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_HISTORY_H
#define GST_EMOTION2VEC_HISTORY_H

#include <gst/gst.h>

#include "gstemotion2vecreader.h"

G_BEGIN_DECLS

/* Lowest and highest sample of a stretch of time, -1 to 1. */
typedef struct
{
  float low, high;
} GstEmotion2vecPeak;

/* The scores of one window. */
typedef struct
{
  GstClockTime start, duration;
  GstClockTime interval;        /* 0: unknown */
  gboolean silent;              /* then there are no scores */
  guint n;
  double *scores;               /* [n] */
  char **labels;                /* n and a NULL */
  guint best;
} GstEmotion2vecPoint;

typedef struct _GstEmotion2vecHistory GstEmotion2vecHistory;

/* @step: length of time that one peak is about, at least 1 ms; @span: how much is kept. */
GstEmotion2vecHistory *gst_emotion2vec_history_new (GstClockTime step, GstClockTime span);
void gst_emotion2vec_history_free (GstEmotion2vecHistory * history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecHistory, gst_emotion2vec_history_free)

/* Adds sound: @n frames of @channels samples, as doubles of full scale 1, from @start on. */
void gst_emotion2vec_history_add_audio (GstEmotion2vecHistory * history, GstClockTime start, const double *samples,
    guint n, guint channels, guint rate);

/* Adds a result, later ones later. */
void gst_emotion2vec_history_add_result (GstEmotion2vecHistory * history, const GstEmotion2vecReading * reading,
    GstClockTime start);

/* Peak number @index, of [index * step, + step). FALSE: nothing is known. */
gboolean gst_emotion2vec_history_peak (const GstEmotion2vecHistory * history, guint64 index,
    GstEmotion2vecPeak * peak);
GstClockTime gst_emotion2vec_history_step (const GstEmotion2vecHistory * history);

guint gst_emotion2vec_history_n_points (const GstEmotion2vecHistory * history);
/* (transfer none): in the order of time. */
const GstEmotion2vecPoint *gst_emotion2vec_history_point (const GstEmotion2vecHistory * history, guint i);

G_END_DECLS

#endif
