/* e2vselftest.c - the self-test signal and its question.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vselftest.h"

#include "e2verror.h"
#include "e2vref.h"

#include <math.h>

/* Enough frames for every part of the network to matter, few enough for the reference executor on a big model. */
#define FRAMES 8

guint
e2v_selftest_n_samples (const E2vHparams * hparams)
{
  return MIN (e2v_hparams_n_samples_for (hparams, FRAMES),
      (guint) E2V_MAX_WINDOW_SAMPLES);
}

/* Ten harmonics of a pitch that glides from 110 to 220 Hz over the signal, falling off as 1 / k, under a slow swell,
 * plus white noise of a linear congruential generator at -40 dB. Peak about 0.5. */
void
e2v_selftest_signal (float *samples, guint n_samples)
{
  double phase = 0;
  guint32 state = 1;

  for (guint i = 0; i < n_samples; i++) {
    double t = (double) i / n_samples, sum = 0;

    phase += 2 * G_PI * (110 + 110 * t) / E2V_SAMPLE_RATE;
    for (guint k = 1; k <= 10; k++)
      sum += sin (k * phase) / k;
    state = state * 1664525u + 1013904223u;
    sum *= 0.25 * (0.6 - 0.4 * cos (6 * G_PI * t));
    samples[i] = (float) (sum + 0.005 * ((double) state / 0x1p31 - 1));
  }
}

static E2vResult *
answer (E2vEncoder * encoder, guint n_samples, GError ** error)
{
  g_autofree float *signal = g_new (float, n_samples);
  const E2vWindow window = { signal, n_samples };
  E2vResult *result = NULL;

  e2v_selftest_signal (signal, n_samples);
  if (!e2v_encoder_run (encoder, &window, 1, E2V_WANT_AS_IT_IS, &result, error))
    return NULL;
  return result;
}

gboolean
e2v_selftest_make (E2vModel * model, GError ** error)
{
  guint n_samples = e2v_selftest_n_samples (e2v_model_hparams (model));
  g_autoptr (E2vEncoder) encoder =
      e2v_encoder_new (model, "ref", E2V_PRECISION_FP64, NULL, error);
  g_autoptr (E2vResult) result = NULL;

  if (!encoder)
    return FALSE;
  result = answer (encoder, n_samples, error);
  if (!result)
    return FALSE;
  e2v_model_set_selftest (model, n_samples, result->utterance, result->scores);
  return TRUE;
}

gboolean
e2v_selftest_run (E2vEncoder * encoder, E2vSelftestErrors * errors,
    GError ** error)
{
  const E2vSelftest *test = e2v_model_selftest (e2v_encoder_model (encoder));
  g_autoptr (E2vResult) result = NULL;
  double norm = 0, distance = 0, worst = 0;

  if (!test) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "the model carries no self-test: convert it again");
    return FALSE;
  }
  result = answer (encoder, test->n_samples, error);
  if (!result)
    return FALSE;
  for (guint i = 0; i < result->dim; i++) {
    double wanted = (double) test->utterance[i];
    double d = (double) result->utterance[i] - wanted;

    norm += wanted * wanted;
    distance += d * d;
  }
  for (guint i = 0; test->scores && i < result->n_classes; i++)
    worst = MAX (worst,
        fabs ((double) result->scores[i] - (double) test->scores[i]));
  errors->embedding = sqrt (distance / MAX (norm, 1e-30));
  errors->score = worst;
  return TRUE;
}

double
e2v_selftest_limit (E2vPrecision precision)
{
  return precision == E2V_PRECISION_FP16 ? E2V_SELFTEST_LIMIT_FP16
      : E2V_SELFTEST_LIMIT_FP32;
}

gboolean
e2v_selftest_passes (const E2vSelftestErrors * errors, E2vPrecision precision)
{
  const double limit = e2v_selftest_limit (precision);

  /* false for what is not a number, too */
  return errors->embedding <= limit && errors->score <= limit;
}
