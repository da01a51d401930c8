/* gstemotion2vecearweights.h - the weights of the network that finds speech, and their file.
 *
 * Read once, never changed, shared by all ears. MT: safe.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_EAR_WEIGHTS_H
#define GST_EMOTION2VEC_EAR_WEIGHTS_H

#include <glib.h>

#include "gstemotion2vechearing.h"

G_BEGIN_DECLS

#define GST_EMOTION2VEC_EAR_WIDTH 32
#define GST_EMOTION2VEC_EAR_HEADS 3
#define GST_EMOTION2VEC_EAR_HEAD_WIDTH 12
/* Frames that the convolution sees, and moments that a head looks at. */
#define GST_EMOTION2VEC_EAR_KERNEL 3
#define GST_EMOTION2VEC_EAR_TAPS 5

/* Of a gated recurrent unit, in PyTorch's order: reset, update, new. */
enum
{
  GST_EMOTION2VEC_EAR_RESET,
  GST_EMOTION2VEC_EAR_UPDATE,
  GST_EMOTION2VEC_EAR_NEW,
  GST_EMOTION2VEC_EAR_GATES
};

typedef struct
{
  float weight[GST_EMOTION2VEC_EAR_HEAD_WIDTH][GST_EMOTION2VEC_EAR_TAPS * GST_EMOTION2VEC_EAR_WIDTH];
  float bias[GST_EMOTION2VEC_EAR_HEAD_WIDTH];
} GstEmotion2vecEarHidden;

typedef struct
{
  float weight[GST_EMOTION2VEC_EAR_HEAD_WIDTH];
  float bias;
} GstEmotion2vecEarLast;

/* As they are in the file, output first: nothing but floats, so without holes. */
typedef struct
{
  float conv[GST_EMOTION2VEC_EAR_WIDTH][GST_EMOTION2VEC_HEARING_FEATURES][GST_EMOTION2VEC_EAR_KERNEL];
  float conv_bias[GST_EMOTION2VEC_EAR_WIDTH];
  float in[GST_EMOTION2VEC_EAR_GATES][GST_EMOTION2VEC_EAR_WIDTH][GST_EMOTION2VEC_EAR_WIDTH];
  float state[GST_EMOTION2VEC_EAR_GATES][GST_EMOTION2VEC_EAR_WIDTH][GST_EMOTION2VEC_EAR_WIDTH];
  float in_bias[GST_EMOTION2VEC_EAR_GATES][GST_EMOTION2VEC_EAR_WIDTH];
  float state_bias[GST_EMOTION2VEC_EAR_GATES][GST_EMOTION2VEC_EAR_WIDTH];
  GstEmotion2vecEarHidden hidden[GST_EMOTION2VEC_EAR_HEADS];
  GstEmotion2vecEarLast last[GST_EMOTION2VEC_EAR_HEADS];
} GstEmotion2vecEarWeights;

/* Reads @path. Returns: (transfer full): NULL with @error of G_FILE_ERROR; INVAL: it is there, but damaged. */
GstEmotion2vecEarWeights *gst_emotion2vec_ear_weights_load (const char *path, GError ** error);
GstEmotion2vecEarWeights *gst_emotion2vec_ear_weights_ref (GstEmotion2vecEarWeights * weights);
void gst_emotion2vec_ear_weights_unref (GstEmotion2vecEarWeights * weights);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecEarWeights, gst_emotion2vec_ear_weights_unref)

G_END_DECLS

#endif
