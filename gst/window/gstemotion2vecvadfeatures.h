/* gstemotion2vecvadfeatures.h - what the network that finds speech is told of 10 ms of mono 16 kHz audio.
 *
 * Independent of the loudness of the recording. A function of the frames alone. Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_VAD_FEATURES_H
#define GST_EMOTION2VEC_VAD_FEATURES_H

#include <glib.h>

G_BEGIN_DECLS

#define GST_EMOTION2VEC_VAD_N_FEATURES 22

typedef struct _GstEmotion2vecVadFeatures GstEmotion2vecVadFeatures;

GstEmotion2vecVadFeatures *gst_emotion2vec_vad_features_new (void);
void gst_emotion2vec_vad_features_free (GstEmotion2vecVadFeatures * self);
void gst_emotion2vec_vad_features_reset (GstEmotion2vecVadFeatures * self);

/* Takes the next frame of 160 finite samples, and its voicing as GstEmotion2vecFrameFeatures has it.
 * @features: gets GST_EMOTION2VEC_VAD_N_FEATURES numbers from -3 to 4 */
void gst_emotion2vec_vad_features_push (GstEmotion2vecVadFeatures * self, const float *samples, double voicing,
    float *features);

G_END_DECLS

#endif
