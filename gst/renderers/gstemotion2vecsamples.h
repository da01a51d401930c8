/* gstemotion2vecsamples.h - the samples of a buffer of any raw format as numbers.
 *
 * Pure. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_SAMPLES_H
#define GST_EMOTION2VEC_SAMPLES_H

#include <gst/audio/audio.h>

G_BEGIN_DECLS

/* @samples: [@n][@channels] of full scale 1, frames from number @first of the buffer on. Planes come one by one, with
 * @channels 1. */
typedef void (*GstEmotion2vecSamplesFunc) (guint first, const double *samples, guint n, guint channels, gpointer data);

/* Calls @func with all samples of @buffer, in pieces. A buffer that does not fit its format has none. */
void gst_emotion2vec_samples_foreach (const GstAudioInfo * info, GstBuffer * buffer, GstEmotion2vecSamplesFunc func,
    gpointer data);

G_END_DECLS

#endif
