/* gstemotion2vecspectrum.h - the power of 10 ms of mono 16 kHz audio in the critical bands of hearing.
 *
 * A function of this frame and the one before. Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_SPECTRUM_H
#define GST_EMOTION2VEC_SPECTRUM_H

#include <glib.h>

G_BEGIN_DECLS

/* Samples in a frame. */
#define GST_EMOTION2VEC_SPECTRUM_FRAME 160

/* From 100 to 7700 Hz. */
#define GST_EMOTION2VEC_SPECTRUM_BANDS 20

typedef struct _GstEmotion2vecSpectrum GstEmotion2vecSpectrum;

GstEmotion2vecSpectrum *gst_emotion2vec_spectrum_new (void);
void gst_emotion2vec_spectrum_free (GstEmotion2vecSpectrum * spectrum);
void gst_emotion2vec_spectrum_reset (GstEmotion2vecSpectrum * spectrum);

/* @frame: finite samples. @bands: gets mean squares, full scale 1. */
void gst_emotion2vec_spectrum_push (GstEmotion2vecSpectrum * spectrum, const float *frame, double *bands);

G_END_DECLS

#endif
