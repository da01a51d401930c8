/* gstemotion2vecsharedvad.c - the weights of the network that finds speech, for all elements of the process.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecsharedvad.h"

#include "gstemotion2vecmodelsearch.h"

typedef struct
{
  GstEmotion2vecVadWeights *weights;
  GError *error;
} SharedVad;

static gpointer
load (gpointer data)
{
  SharedVad *shared = data;
  g_autofree char *path = gst_emotion2vec_find_speech (&shared->error);

  if (path)
    shared->weights = gst_emotion2vec_vad_weights_load (path, &shared->error);
  return shared;
}

GstEmotion2vecVadWeights *
gst_emotion2vec_shared_vad_get (const GError ** error)
{
  static SharedVad shared;
  static GOnce once = G_ONCE_INIT;

  g_once (&once, load, &shared);
  *error = shared.error;
  return shared.weights;
}
