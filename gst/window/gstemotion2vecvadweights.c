/* gstemotion2vecvadweights.c - the weights of the network that finds speech, and their file.
 *
 * The file: eight characters, the number of weights, the weights as 32-bit floats, all little-endian and nothing else.
 * model/train/train_speech.py writes it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecvadweights.h"

#include <math.h>
#include <string.h>

#define MAGIC "E2VEAR01"
#define N_MAGIC 8
#define N_HEADER (N_MAGIC + sizeof (guint32))
#define N_WEIGHTS (sizeof (GstEmotion2vecVadWeights) / sizeof (float))

/* No weight of a trained network is nearly as large; a sum of them cannot overflow. */
#define LARGEST 1e4f

G_STATIC_ASSERT (sizeof (float) == sizeof (guint32));
G_STATIC_ASSERT (N_WEIGHTS == 14315);

static guint32
read_word (const gchar * bytes)
{
  guint32 word;

  memcpy (&word, bytes, sizeof word);
  return GUINT32_FROM_LE (word);
}

static gboolean
check_header (const gchar * bytes, gsize size, const char *path,
    GError ** error)
{
  if (size >= N_HEADER && memcmp (bytes, MAGIC, N_MAGIC) == 0
      && read_word (bytes + N_MAGIC) == N_WEIGHTS
      && size == N_HEADER + N_WEIGHTS * sizeof (float))
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "\"%s\" does not hold the %" G_GSIZE_FORMAT
      " weights for finding speech, or not all of them: install it again",
      path, N_WEIGHTS);
  return FALSE;
}

static gboolean
read_weights (const gchar * bytes, float *weights, const char *path,
    GError ** error)
{
  for (gsize i = 0; i < N_WEIGHTS; i++) {
    guint32 word = read_word (bytes + N_HEADER + i * sizeof word);

    memcpy (&weights[i], &word, sizeof word);
    if (!(fabsf (weights[i]) < LARGEST)) {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
          "weight %" G_GSIZE_FORMAT " in \"%s\" is %g, which is damage: "
          "install the file again", i, path, (double) weights[i]);
      return FALSE;
    }
  }
  return TRUE;
}

GstEmotion2vecVadWeights *
gst_emotion2vec_vad_weights_load (const char *path, GError ** error)
{
  g_autoptr (GstEmotion2vecVadWeights) weights = NULL;
  g_autofree gchar *bytes = NULL;
  gsize size;

  if (!g_file_get_contents (path, &bytes, &size, error))
    return NULL;
  if (!check_header (bytes, size, path, error))
    return NULL;
  weights = g_atomic_rc_box_new (GstEmotion2vecVadWeights);
  if (!read_weights (bytes, (float *) weights, path, error))
    return NULL;
  return g_steal_pointer (&weights);
}

GstEmotion2vecVadWeights *
gst_emotion2vec_vad_weights_ref (GstEmotion2vecVadWeights * weights)
{
  return g_atomic_rc_box_acquire (weights);
}

void
gst_emotion2vec_vad_weights_unref (GstEmotion2vecVadWeights * weights)
{
  g_atomic_rc_box_release (weights);
}
