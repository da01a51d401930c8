/* gstemotion2vecspectrum.c - the power of 10 ms of mono 16 kHz audio in the critical bands of hearing.
 *
 * A frame is seen through a Hann window over the 20 ms that end with it, padded with zeros.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecspectrum.h"

#include <gst/fft/gstfftf64.h>
#include <math.h>
#include <string.h>

#define RATE 16000
#define N_FRAME GST_EMOTION2VEC_SPECTRUM_FRAME
#define N_BANDS GST_EMOTION2VEC_SPECTRUM_BANDS
#define N_WINDOW (2 * N_FRAME)
#define N_TRANSFORM 512

/* Hz. E. Zwicker, "Subdivision of the audible frequency range into critical bands", 1961 */
static const guint band_edges[N_BANDS + 1] = {
  100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320,
  2700, 3150, 3700, 4400, 5300, 6400, 7700
};

struct _GstEmotion2vecSpectrum
{
  GstFFTF64 *transform;
  double window[N_WINDOW];
  double scale;                 /* from the sum over the bins of a band to a mean square */
  guint bins[N_BANDS + 1];      /* a band is [bins[b], bins[b + 1]) */
  float before[N_FRAME];        /* the last frame */
};

GstEmotion2vecSpectrum *
gst_emotion2vec_spectrum_new (void)
{
  GstEmotion2vecSpectrum *spectrum = g_new0 (GstEmotion2vecSpectrum, 1);
  double squares = 0;

  spectrum->transform = gst_fft_f64_new (N_TRANSFORM, FALSE);
  for (guint i = 0; i < N_WINDOW; i++) {
    spectrum->window[i] = 0.5 - 0.5 * cos (2 * G_PI * (i + 0.5) / N_WINDOW);
    squares += spectrum->window[i] * spectrum->window[i];
  }
  spectrum->scale = 2 / (N_TRANSFORM * squares);
  for (guint b = 0; b <= N_BANDS; b++)
    spectrum->bins[b] = (band_edges[b] * N_TRANSFORM + RATE / 2) / RATE;
  return spectrum;
}

void
gst_emotion2vec_spectrum_free (GstEmotion2vecSpectrum * spectrum)
{
  if (!spectrum)
    return;
  gst_fft_f64_free (spectrum->transform);
  g_free (spectrum);
}

void
gst_emotion2vec_spectrum_reset (GstEmotion2vecSpectrum * spectrum)
{
  memset (spectrum->before, 0, sizeof spectrum->before);
}

void
gst_emotion2vec_spectrum_push (GstEmotion2vecSpectrum * spectrum,
    const float *frame, double *bands)
{
  double samples[N_TRANSFORM] = { 0 };
  GstFFTF64Complex bins[N_TRANSFORM / 2 + 1];

  for (guint i = 0; i < N_FRAME; i++) {
    samples[i] = spectrum->window[i] * (double) spectrum->before[i];
    samples[N_FRAME + i] = spectrum->window[N_FRAME + i] * (double) frame[i];
  }
  memcpy (spectrum->before, frame, sizeof spectrum->before);
  gst_fft_f64_fft (spectrum->transform, samples, bins);
  for (guint b = 0; b < N_BANDS; b++) {
    double sum = 0;

    for (guint k = spectrum->bins[b]; k < spectrum->bins[b + 1]; k++)
      sum += bins[k].r * bins[k].r + bins[k].i * bins[k].i;
    bands[b] = sum * spectrum->scale;
  }
}
