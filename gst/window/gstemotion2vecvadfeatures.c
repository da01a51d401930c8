/* gstemotion2vecvadfeatures.c - what the network that finds speech is told of 10 ms of mono 16 kHz audio.
 *
 * Each band in decibels above its floor, the lowest smoothed power of the last 3 s; how far the sum of the bands is below
 * the loudest, which is forgotten by 2 dB a second; voicing. Its twin is model/train/vad.py.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecvadfeatures.h"

#include <math.h>
#include <string.h>

#include "gstemotion2vecspectrum.h"

#define N_BANDS GST_EMOTION2VEC_SPECTRUM_BANDS

/* Added to a power before its logarithm: 100 dB below full scale. */
#define LEAST_POWER 1e-10
#define SMOOTHING 0.8

/* The floor: the last N_BLOCKS blocks, this one included. */
#define BLOCK_FRAMES 30
#define N_BLOCKS 10

/* dB: what a floor is at least, absolutely and below the loudest; a frame's fall of the loudest, and its least. */
#define LEAST_FLOOR -85.0
#define FLOOR_RANGE 55.0
#define PEAK_FALL 0.02
#define LEAST_PEAK -60.0

G_STATIC_ASSERT (GST_EMOTION2VEC_VAD_N_FEATURES == N_BANDS + 2);

typedef struct
{
  double smooth;
  double lowest[N_BLOCKS];      /* of block k at k % N_BLOCKS, INFINITY where there was none */
} Band;

struct _GstEmotion2vecVadFeatures
{
  GstEmotion2vecSpectrum *spectrum;
  guint64 n;                    /* frames so far */
  double peak;
  Band bands[N_BANDS];
};

void
gst_emotion2vec_vad_features_reset (GstEmotion2vecVadFeatures * self)
{
  gst_emotion2vec_spectrum_reset (self->spectrum);
  self->n = 0;
  self->peak = LEAST_PEAK;
  for (guint b = 0; b < N_BANDS; b++)
    for (guint k = 0; k < N_BLOCKS; k++)
      self->bands[b].lowest[k] = INFINITY;
}

GstEmotion2vecVadFeatures *
gst_emotion2vec_vad_features_new (void)
{
  GstEmotion2vecVadFeatures *self = g_new0 (GstEmotion2vecVadFeatures, 1);

  self->spectrum = gst_emotion2vec_spectrum_new ();
  gst_emotion2vec_vad_features_reset (self);
  return self;
}

void
gst_emotion2vec_vad_features_free (GstEmotion2vecVadFeatures * self)
{
  if (!self)
    return;
  gst_emotion2vec_spectrum_free (self->spectrum);
  g_free (self);
}

/* Returns: the lowest smoothed power of the last blocks, that of this frame included. */
static double
follow (GstEmotion2vecVadFeatures * self, Band * band, double power)
{
  double *now = &band->lowest[self->n / BLOCK_FRAMES % N_BLOCKS];
  double lowest = INFINITY;

  if (self->n == 0)
    band->smooth = power;
  else
    band->smooth += (1 - SMOOTHING) * (power - band->smooth);
  if (self->n % BLOCK_FRAMES == 0)
    *now = INFINITY;
  *now = MIN (*now, band->smooth);
  for (guint k = 0; k < N_BLOCKS; k++)
    lowest = MIN (lowest, band->lowest[k]);
  return lowest;
}

void
gst_emotion2vec_vad_features_push (GstEmotion2vecVadFeatures * self,
    const float *samples, double voicing, float *features)
{
  double bands[N_BANDS], floors[N_BANDS], sum = 0, level, below;

  gst_emotion2vec_spectrum_push (self->spectrum, samples, bands);
  for (guint b = 0; b < N_BANDS; b++) {
    bands[b] += LEAST_POWER;
    sum += bands[b];
    floors[b] = follow (self, &self->bands[b], bands[b]);
  }
  self->n++;
  level = 10 * log10 (sum);
  self->peak = MAX (MAX (self->peak - PEAK_FALL, level), LEAST_PEAK);
  for (guint b = 0; b < N_BANDS; b++) {
    double floor_db = MAX (MAX (10 * log10 (floors[b]), LEAST_FLOOR),
        self->peak - FLOOR_RANGE);

    features[b] =
        (float) CLAMP ((10 * log10 (bands[b]) - floor_db) / 10, -1, 4);
  }
  below = (level - self->peak) / 20;
  features[N_BANDS] = (float) CLAMP (below, -3, 0);
  features[N_BANDS + 1] = (float) voicing;
}
