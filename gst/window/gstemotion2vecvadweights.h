/* gstemotion2vecvadweights.h - the weights of the network that finds speech, and their file.
 *
 * Read once, never changed, shared by all VADs. MT: safe.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_VAD_WEIGHTS_H
#define GST_EMOTION2VEC_VAD_WEIGHTS_H

#include <glib.h>

#include "gstemotion2vecvadfeatures.h"

G_BEGIN_DECLS

#define GST_EMOTION2VEC_VAD_WIDTH 32
#define GST_EMOTION2VEC_VAD_HEADS 3
#define GST_EMOTION2VEC_VAD_HEAD_WIDTH 12
/* Frames that the convolution sees, and moments that a head looks at. */
#define GST_EMOTION2VEC_VAD_KERNEL 3
#define GST_EMOTION2VEC_VAD_TAPS 5

/* Of a gated recurrent unit, in PyTorch's order: reset, update, new. */
enum
{
  GST_EMOTION2VEC_VAD_RESET,
  GST_EMOTION2VEC_VAD_UPDATE,
  GST_EMOTION2VEC_VAD_NEW,
  GST_EMOTION2VEC_VAD_GATES
};

typedef struct
{
  float weight[GST_EMOTION2VEC_VAD_HEAD_WIDTH][GST_EMOTION2VEC_VAD_TAPS * GST_EMOTION2VEC_VAD_WIDTH];
  float bias[GST_EMOTION2VEC_VAD_HEAD_WIDTH];
} GstEmotion2vecVadHidden;

typedef struct
{
  float weight[GST_EMOTION2VEC_VAD_HEAD_WIDTH];
  float bias;
} GstEmotion2vecVadLast;

/* As they are in the file, output first: nothing but floats, so without holes. */
typedef struct
{
  float conv[GST_EMOTION2VEC_VAD_WIDTH][GST_EMOTION2VEC_VAD_N_FEATURES][GST_EMOTION2VEC_VAD_KERNEL];
  float conv_bias[GST_EMOTION2VEC_VAD_WIDTH];
  float in[GST_EMOTION2VEC_VAD_GATES][GST_EMOTION2VEC_VAD_WIDTH][GST_EMOTION2VEC_VAD_WIDTH];
  float state[GST_EMOTION2VEC_VAD_GATES][GST_EMOTION2VEC_VAD_WIDTH][GST_EMOTION2VEC_VAD_WIDTH];
  float in_bias[GST_EMOTION2VEC_VAD_GATES][GST_EMOTION2VEC_VAD_WIDTH];
  float state_bias[GST_EMOTION2VEC_VAD_GATES][GST_EMOTION2VEC_VAD_WIDTH];
  GstEmotion2vecVadHidden hidden[GST_EMOTION2VEC_VAD_HEADS];
  GstEmotion2vecVadLast last[GST_EMOTION2VEC_VAD_HEADS];
} GstEmotion2vecVadWeights;

/* Reads @path. Returns: (transfer full): NULL with @error of G_FILE_ERROR; INVAL: it is there, but damaged. */
GstEmotion2vecVadWeights *gst_emotion2vec_vad_weights_load (const char *path, GError ** error);
GstEmotion2vecVadWeights *gst_emotion2vec_vad_weights_ref (GstEmotion2vecVadWeights * weights);
void gst_emotion2vec_vad_weights_unref (GstEmotion2vecVadWeights * weights);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecVadWeights, gst_emotion2vec_vad_weights_unref)

G_END_DECLS

#endif
