/* gstemotion2vecspectrum.c - the power of 10 ms of mono 16 kHz audio in the critical bands of hearing.
 *
 * A frame is seen through a Hann window over the 20 ms that end with it. The transform of 512 real samples is one of 256
 * complex ones, even samples in the real part and odd ones in the imaginary: then
 *   X[k] = (Z[k] + Z*[256-k]) / 2 + exp (-2 pi i k / 512) (Z[k] - Z*[256-k]) / 2i
 * (W. H. Press et al., Numerical Recipes, "FFT of single real function").
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecspectrum.h"

#include <math.h>
#include <string.h>

#define RATE 16000
#define N_FRAME GST_EMOTION2VEC_SPECTRUM_FRAME
#define N_BANDS GST_EMOTION2VEC_SPECTRUM_BANDS
#define N_WINDOW (2 * N_FRAME)
#define N_REAL 512
#define N_COMPLEX (N_REAL / 2)
#define N_BITS 8

/* Hz. E. Zwicker, "Subdivision of the audible frequency range into critical bands", 1961 */
static const guint band_edges[N_BANDS + 1] = {
  100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320,
  2700, 3150, 3700, 4400, 5300, 6400, 7700
};

typedef struct
{
  double re, im;
} Complex;

struct _GstEmotion2vecSpectrum
{
  double window[N_WINDOW];
  double scale;                 /* from the sum over the bins of a band to a mean square */
  guint bins[N_BANDS + 1];      /* a band is [bins[b], bins[b + 1]) */
  Complex turns[N_REAL / 2];    /* exp (-2 pi i k / N_REAL) */
  guint reversed[N_COMPLEX];    /* k, its bits in the opposite order */
  float before[N_FRAME];        /* the last frame */
};

static guint
reverse (guint k)
{
  guint reversed = 0;

  for (guint bit = 0; bit < N_BITS; bit++)
    reversed |= (k >> bit & 1) << (N_BITS - 1 - bit);
  return reversed;
}

GstEmotion2vecSpectrum *
gst_emotion2vec_spectrum_new (void)
{
  GstEmotion2vecSpectrum *spectrum = g_new0 (GstEmotion2vecSpectrum, 1);
  double squares = 0;

  for (guint i = 0; i < N_WINDOW; i++) {
    spectrum->window[i] = 0.5 - 0.5 * cos (2 * G_PI * (i + 0.5) / N_WINDOW);
    squares += spectrum->window[i] * spectrum->window[i];
  }
  spectrum->scale = 2 / (N_REAL * squares);
  for (guint b = 0; b <= N_BANDS; b++)
    spectrum->bins[b] = (band_edges[b] * N_REAL + RATE / 2) / RATE;
  for (guint k = 0; k < N_REAL / 2; k++) {
    spectrum->turns[k].re = cos (2 * G_PI * k / N_REAL);
    spectrum->turns[k].im = -sin (2 * G_PI * k / N_REAL);
  }
  for (guint k = 0; k < N_COMPLEX; k++)
    spectrum->reversed[k] = reverse (k);
  return spectrum;
}

void
gst_emotion2vec_spectrum_free (GstEmotion2vecSpectrum * spectrum)
{
  g_free (spectrum);
}

void
gst_emotion2vec_spectrum_reset (GstEmotion2vecSpectrum * spectrum)
{
  memset (spectrum->before, 0, sizeof spectrum->before);
}

/* The windowed samples, two in each number, where transform() wants them. */
static void
load (const GstEmotion2vecSpectrum * spectrum, const float *frame, Complex * z)
{
  double samples[N_REAL] = { 0 };

  for (guint i = 0; i < N_FRAME; i++) {
    samples[i] = spectrum->window[i] * (double) spectrum->before[i];
    samples[N_FRAME + i] = spectrum->window[N_FRAME + i] * (double) frame[i];
  }
  for (guint k = 0; k < N_COMPLEX; k++) {
    Complex *to = &z[spectrum->reversed[k]];

    to->re = samples[2 * k];
    to->im = samples[2 * k + 1];
  }
}

static void
butterfly (Complex * a, Complex * b, const Complex * turn)
{
  double re = b->re * turn->re - b->im * turn->im;
  double im = b->re * turn->im + b->im * turn->re;

  b->re = a->re - re;
  b->im = a->im - im;
  a->re += re;
  a->im += im;
}

/* In place, from bit-reversed order. */
static void
transform (const GstEmotion2vecSpectrum * spectrum, Complex * z)
{
  for (guint half = 1; half < N_COMPLEX; half *= 2)
    for (guint first = 0; first < N_COMPLEX; first += 2 * half)
      for (guint k = 0; k < half; k++)
        butterfly (&z[first + k], &z[first + k + half],
            &spectrum->turns[k * (N_REAL / 2 / half)]);
}

/* |X[k]|^2, 0 < k < N_COMPLEX */
static double
power (const GstEmotion2vecSpectrum * spectrum, const Complex * z, guint k)
{
  const Complex *a = &z[k], *b = &z[N_COMPLEX - k], *turn = &spectrum->turns[k];
  double even_re = (a->re + b->re) / 2, even_im = (a->im - b->im) / 2;
  double odd_re = (a->im + b->im) / 2, odd_im = (b->re - a->re) / 2;
  double re = even_re + odd_re * turn->re - odd_im * turn->im;
  double im = even_im + odd_re * turn->im + odd_im * turn->re;

  return re * re + im * im;
}

void
gst_emotion2vec_spectrum_push (GstEmotion2vecSpectrum * spectrum,
    const float *frame, double *bands)
{
  Complex z[N_COMPLEX];

  load (spectrum, frame, z);
  memcpy (spectrum->before, frame, sizeof spectrum->before);
  transform (spectrum, z);
  for (guint b = 0; b < N_BANDS; b++) {
    double sum = 0;

    for (guint k = spectrum->bins[b]; k < spectrum->bins[b + 1]; k++)
      sum += power (spectrum, z, k);
    bands[b] = sum * spectrum->scale;
  }
}
