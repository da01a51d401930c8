/* evidence.c - prints what the network that finds speech says of each frame of a file.
 *
 *   evidence FILE WEIGHTS
 *
 * FILE holds mono 16 kHz samples as little-endian 32-bit floats. Prints a line for each 10 ms: the log odds 80, 150 and 300 ms
 * later, clipped; 0 where so much does not follow.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecvad.h"
#include "gstemotion2vecfeatures.h"

#define N_FRAME GST_EMOTION2VEC_FEATURES_FRAME

static const guint delays[] = { 8, 15, 30 };

typedef double Odds[G_N_ELEMENTS (delays)];

static void
hear (const float *samples, gsize n, GstEmotion2vecVadWeights * weights,
    Odds * odds)
{
  GstEmotion2vecVad *vad = gst_emotion2vec_vad_new (weights);
  GstEmotion2vecFeatures *features = gst_emotion2vec_features_new ();

  for (gsize k = 0; k < n; k++) {
    GstEmotion2vecFrameFeatures frame;

    gst_emotion2vec_features_push (features, samples + k * N_FRAME, &frame);
    gst_emotion2vec_vad_push (vad, samples + k * N_FRAME, frame.voicing, TRUE,
        FALSE);
    for (guint i = 0; i < G_N_ELEMENTS (delays); i++)
      if (k >= delays[i])
        odds[k - delays[i]][i] =
            gst_emotion2vec_vad_evidence (vad, k - delays[i]);
  }
  gst_emotion2vec_features_free (features);
  gst_emotion2vec_vad_free (vad);
}

int
main (int argc, char **argv)
{
  g_autoptr (GstEmotion2vecVadWeights) weights = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *bytes = NULL;
  g_autofree Odds *odds = NULL;
  gsize size, n;

  if (argc != 3) {
    g_printerr ("usage: evidence FILE WEIGHTS\n");
    return 2;
  }
  weights = gst_emotion2vec_vad_weights_load (argv[2], &error);
  if (!weights || !g_file_get_contents (argv[1], &bytes, &size, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  n = size / sizeof (float) / N_FRAME;
  odds = g_new0 (Odds, n);
  hear ((const float *) (gpointer) bytes, n, weights, odds);
  for (gsize k = 0; k < n; k++)
    g_print ("%.6f %.6f %.6f\n", odds[k][0], odds[k][1], odds[k][2]);
  return 0;
}
