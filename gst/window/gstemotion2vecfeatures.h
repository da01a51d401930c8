/* gstemotion2vecfeatures.h - what 10 ms of mono 16 kHz audio sound like: level, energy in bands, voicing.
 *
 * The inputs of the speech detector. Frames follow each other: filters run on from one to the next. Pure. MT: one caller at
 * a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_FEATURES_H
#define GST_EMOTION2VEC_FEATURES_H

#include <glib.h>

G_BEGIN_DECLS

/* Samples in a frame. */
#define GST_EMOTION2VEC_FEATURES_FRAME 160

#define GST_EMOTION2VEC_FEATURES_BANDS 8

typedef struct
{
  double level;                 /* RMS, dBFS; digital silence is -350 */
  double bands[GST_EMOTION2VEC_FEATURES_BANDS]; /* mean squares, full scale 1; bands of equal width in hearing, 200 to 5000 Hz */
  double voicing;               /* up to 1: how periodic the last 40 ms are at 70 to 400 Hz */
} GstEmotion2vecFrameFeatures;

typedef struct _GstEmotion2vecFeatures GstEmotion2vecFeatures;

GstEmotion2vecFeatures *gst_emotion2vec_features_new (void);
void gst_emotion2vec_features_free (GstEmotion2vecFeatures * features);
void gst_emotion2vec_features_reset (GstEmotion2vecFeatures * features);

/* @samples: one frame */
void gst_emotion2vec_features_push (GstEmotion2vecFeatures * features, const float *samples,
    GstEmotion2vecFrameFeatures * frame);

G_END_DECLS

#endif
