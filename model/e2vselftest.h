/* e2vselftest.h - the fixed signal by which a model proves itself.
 *
 * At conversion the reference executor answers the signal in double; the answer goes into the model file. Whoever runs
 * the model later can ask the same question and compare. The signal is described, not stored: a formula in
 * e2vselftest.c that only depends on its length.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_SELFTEST_H
#define E2V_SELFTEST_H

#include "e2vencoder.h"

G_BEGIN_DECLS

/* Samples of the signal for a model of this shape: eight frames' worth. */
guint e2v_selftest_n_samples (const E2vHparams * hparams);

/* Fills @samples with the signal: a voice-like pulse train with a gliding pitch and a little seeded noise, +-0.5. */
void e2v_selftest_signal (float *samples, guint n_samples);

/* Runs the signal through the reference executor in double and stores the answer in @model, which nobody else may use
 * yet. */
gboolean e2v_selftest_make (E2vModel * model, GError ** error);

/* How far an answer is from the one in the model. */
typedef struct
{
  double embedding;             /* ||a - b|| / ||b|| of the utterance embedding */
  double score;                 /* largest difference of a score; 0 without a head */
} E2vSelftestErrors;

/* Runs the model's self-test on @encoder. FALSE if the model has no self-test (E2V_ERROR_ARGUMENT) or the run failed. */
gboolean e2v_selftest_run (E2vEncoder * encoder, E2vSelftestErrors * errors, GError ** error);

/* The largest errors that pass, for both kinds alike. Sound devices stay below a twentieth of the first and a sixth of
 * the second with every reference case; docs/numerics.md has the measurements. */
#define E2V_SELFTEST_LIMIT_FP32 1e-4
#define E2V_SELFTEST_LIMIT_FP16 2e-2

double e2v_selftest_limit (E2vPrecision precision);

/* Whether an answer with these errors counts as right at @precision. */
gboolean e2v_selftest_passes (const E2vSelftestErrors * errors, E2vPrecision precision);

G_END_DECLS

#endif
