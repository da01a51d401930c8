/* gstemotion2vecears.c - the weights of the network that finds speech, for all elements of the process.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecears.h"

#include "gstemotion2vecmodelsearch.h"

typedef struct
{
  GstEmotion2vecEarWeights *weights;
  GError *error;
} Ears;

static gpointer
load (gpointer data)
{
  Ears *ears = data;
  g_autofree char *path = gst_emotion2vec_find_speech (&ears->error);

  if (path)
    ears->weights = gst_emotion2vec_ear_weights_load (path, &ears->error);
  return ears;
}

GstEmotion2vecEarWeights *
gst_emotion2vec_ears_get (const GError ** error)
{
  static Ears ears;
  static GOnce once = G_ONCE_INIT;

  g_once (&once, load, &ears);
  *error = ears.error;
  return ears.weights;
}
