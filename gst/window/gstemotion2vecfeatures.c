/* gstemotion2vecfeatures.c - what 10 ms of mono 16 kHz audio sound like: level, energy in bands, voicing.
 *
 * Bands: two equal second-order band-passes each. Voicing: the largest normalised autocorrelation, at the lags of 70 to
 * 400 Hz, of the signal between 150 and 1000 Hz at a quarter of the rate. Filters after "Cookbook formulae for audio
 * equalizer biquad filter coefficients" by R. Bristow-Johnson.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecfeatures.h"

#include <math.h>
#include <string.h>

#define RATE 16000.0
#define N_FRAME GST_EMOTION2VEC_FEATURES_FRAME
#define N_BANDS GST_EMOTION2VEC_FEATURES_BANDS

/* Added to the mean square before the logarithm, as the level element does. */
#define LEVEL_EPSILON 1e-35

#define DECIMATION 4
#define N_SLOW (N_FRAME / DECIMATION)

/* At a quarter of the rate, 4 kHz: 40 ms, and the lags of 400 and 70 Hz. */
#define N_WINDOW 160
#define LAG_MIN 10
#define LAG_MAX 57
#define N_HISTORY (N_WINDOW + LAG_MAX)
/* of a scalar product; divides N_WINDOW */
#define N_SUMS 4

static const double band_edges[N_BANDS + 1] = {
  200, 350, 550, 800, 1150, 1650, 2400, 3400, 5000
};

typedef struct
{
  double b0, b1, b2, a1, a2;    /* a0 is 1 */
  double x1, x2, y1, y2;        /* the last two inputs and outputs */
} Biquad;

struct _GstEmotion2vecFeatures
{
  Biquad bands[N_BANDS][2];
  Biquad low_pass[2];
  Biquad high_pass;             /* at a quarter of the rate */
  double history[N_HISTORY];    /* at a quarter of the rate, the newest last */
};

static void
biquad_set (Biquad * filter, const double *b, double a0, double a1, double a2)
{
  *filter = (Biquad) {
  .b0 = b[0] / a0,.b1 = b[1] / a0,.b2 = b[2] / a0,.a1 = a1 / a0,.a2 = a2 / a0,};
}

/* @gain at the middle is 1. */
static void
set_band_pass (Biquad * filter, double low, double high)
{
  double middle = sqrt (low * high);
  double q = 0.8 * middle / (high - low);
  double w = 2 * G_PI * middle / RATE;
  double alpha = sin (w) / (2 * q);
  const double b[3] = { alpha, 0, -alpha };

  biquad_set (filter, b, 1 + alpha, -2 * cos (w), 1 - alpha);
}

static void
set_low_pass (Biquad * filter, double hz, double rate, double q)
{
  double w = 2 * G_PI * hz / rate;
  double alpha = sin (w) / (2 * q);
  const double b[3] = { (1 - cos (w)) / 2, 1 - cos (w), (1 - cos (w)) / 2 };

  biquad_set (filter, b, 1 + alpha, -2 * cos (w), 1 - alpha);
}

static void
set_high_pass (Biquad * filter, double hz, double rate, double q)
{
  double w = 2 * G_PI * hz / rate;
  double alpha = sin (w) / (2 * q);
  const double b[3] = { (1 + cos (w)) / 2, -1 - cos (w), (1 + cos (w)) / 2 };

  biquad_set (filter, b, 1 + alpha, -2 * cos (w), 1 - alpha);
}

static double
biquad_run (Biquad * filter, double x)
{
  double y = filter->b0 * x + filter->b1 * filter->x1
      + filter->b2 * filter->x2 - filter->a1 * filter->y1
      - filter->a2 * filter->y2;

  filter->x2 = filter->x1;
  filter->x1 = x;
  filter->y2 = filter->y1;
  filter->y1 = y;
  return y;
}

void
gst_emotion2vec_features_reset (GstEmotion2vecFeatures * features)
{
  const double slow = RATE / DECIMATION;

  for (guint b = 0; b < N_BANDS; b++)
    for (guint stage = 0; stage < 2; stage++)
      set_band_pass (&features->bands[b][stage], band_edges[b],
          band_edges[b + 1]);
  /* the two halves of a Butterworth filter of the fourth order */
  set_low_pass (&features->low_pass[0], 1000, RATE, 0.541);
  set_low_pass (&features->low_pass[1], 1000, RATE, 1.307);
  set_high_pass (&features->high_pass, 150, slow, 0.707);
  memset (features->history, 0, sizeof features->history);
}

GstEmotion2vecFeatures *
gst_emotion2vec_features_new (void)
{
  GstEmotion2vecFeatures *features = g_new0 (GstEmotion2vecFeatures, 1);

  gst_emotion2vec_features_reset (features);
  return features;
}

void
gst_emotion2vec_features_free (GstEmotion2vecFeatures * features)
{
  g_free (features);
}

static double
mean_square (const float *samples)
{
  double sum = 0;

  for (guint i = 0; i < N_FRAME; i++)
    sum += (double) samples[i] * (double) samples[i];
  return sum / N_FRAME;
}

static double
band_energy (Biquad filter[2], const float *samples)
{
  double sum = 0;

  for (guint i = 0; i < N_FRAME; i++) {
    double y = biquad_run (&filter[1],
        biquad_run (&filter[0], (double) samples[i]));

    sum += y * y;
  }
  return sum / N_FRAME;
}

/* Moves the history on by one frame. */
static void
add_slow (GstEmotion2vecFeatures * features, const float *samples)
{
  double *end = features->history + N_HISTORY - N_SLOW;

  memmove (features->history, features->history + N_SLOW,
      (N_HISTORY - N_SLOW) * sizeof (double));
  for (guint i = 0; i < N_FRAME; i++) {
    double y = biquad_run (&features->low_pass[1],
        biquad_run (&features->low_pass[0], (double) samples[i]));

    if (i % DECIMATION == 0)
      end[i / DECIMATION] = biquad_run (&features->high_pass, y);
  }
}

/* In four sums, since one would wait for each addition to end before it begins the next. */
static double
product (const double *a, const double *b)
{
  double sum[N_SUMS] = { 0 };

  for (guint i = 0; i < N_WINDOW; i += N_SUMS)
    for (guint k = 0; k < N_SUMS; k++)
      sum[k] += a[i + k] * b[i + k];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static double
voicing (const GstEmotion2vecFeatures * features)
{
  const double *now = features->history + LAG_MAX;
  double energy = product (now, now);
  double best = 0;

  for (guint lag = LAG_MIN; lag <= LAG_MAX; lag++) {
    const double *then = now - lag;

    best = MAX (best, product (now, then) / sqrt (energy * product (then, then)
            + LEVEL_EPSILON));
  }
  return best;
}

void
gst_emotion2vec_features_push (GstEmotion2vecFeatures * features,
    const float *samples, GstEmotion2vecFrameFeatures * frame)
{
  double energy = mean_square (samples);

  frame->level = 10 * log10 (energy + LEVEL_EPSILON);
  if (energy == 0) {
    /* costs nothing, and no filter dies away through denormal numbers */
    gst_emotion2vec_features_reset (features);
    memset (frame->bands, 0, sizeof frame->bands);
    frame->voicing = 0;
    return;
  }
  for (guint b = 0; b < N_BANDS; b++)
    frame->bands[b] = band_energy (features->bands[b], samples);
  add_slow (features, samples);
  frame->voicing = voicing (features);
}
