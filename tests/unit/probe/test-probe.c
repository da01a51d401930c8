/* test-probe.c - training on part of the clips, the choice of the penalty, cross-validation.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vprobe.h"

#include "e2verror.h"

#include <math.h>
#include <string.h>

#define SPEAKERS 12
#define CLIPS_EACH 20
#define N (SPEAKERS * CLIPS_EACH)
#define DIM 8

static const char *const names[SPEAKERS] = { "a", "b", "c", "d", "e", "f", "g",
  "h", "i", "j", "k", "l"
};

static float x[N * DIM];
static guint label[N], speaker[N], rows[N];
static const E2vProbeData data = { N, DIM, 2, SPEAKERS, x, label, speaker,
  names, names
};

/* Feature 0 tells the class with noise; feature 1 is the speaker's own and, for half of the speakers, large; feature 2
 * never changes; the others are noise. */
static void
make_clips (double signal)
{
  GRand *random = g_rand_new_with_seed (5);

  for (guint i = 0; i < N; i++) {
    rows[i] = i;
    speaker[i] = i / CLIPS_EACH;
    label[i] = i % 2;
    for (guint d = 0; d < DIM; d++)
      x[i * DIM + d] = (float) g_rand_double_range (random, -1, 1);
    x[i * DIM] = x[i * DIM] * 100 + (float) (signal * (label[i] ? 100 : -100));
    x[i * DIM + 1] += (float) speaker[i] * 1000;
    x[i * DIM + 2] = 0.1f;
  }
  g_rand_free (random);
}

static double
recall (const double *scores)
{
  guint right[2] = { 0 };

  for (guint i = 0; i < N; i++)
    right[label[i]] += (scores[2 * i + 1] > scores[2 * i]) == label[i];
  return (right[0] + right[1]) / (double) N;
}

/* The layer takes features as they come: scales and means that differ by orders of magnitude change no score. */
static void
test_scale (void)
{
  g_auto (E2vProbeLayer) layer = { 0 }, other = { 0 };
  double scores[2 * N], again[2 * N];

  make_clips (0.8);
  e2v_probe_fit (&data, rows, N, FALSE, 0.01, &layer);
  e2v_probe_apply (&data, rows, N, &layer, scores);
  for (guint i = 0; i < N; i++) {
    x[i * DIM] = x[i * DIM] / 1024 + 3;
    x[i * DIM + 1] *= -64;
  }
  e2v_probe_fit (&data, rows, N, FALSE, 0.01, &other);
  e2v_probe_apply (&data, rows, N, &other, again);
  for (guint i = 0; i < 2 * N; i++)
    g_assert_cmpfloat_with_epsilon (scores[i], again[i], 1e-5);
  /* what never changes has no weight */
  g_assert_cmpfloat (layer.weight[2], ==, 0);
  g_assert_cmpfloat (layer.weight[DIM + 2], ==, 0);
  g_assert_cmpfloat (recall (scores), >, 0.85);
}

/* 9 clips of class 0 for each of class 1, told apart by nothing: by clips nobody is called 1, balanced they are even. */
static void
test_balance (void)
{
  g_auto (E2vProbeLayer) plain = { 0 }, even = { 0 };
  double scores[2 * N];

  make_clips (0);
  for (guint i = 0; i < N; i++)
    label[i] = i % 10 == 9;
  e2v_probe_fit (&data, rows, N, FALSE, 100, &plain);
  e2v_probe_apply (&data, rows, N, &plain, scores);
  g_assert_cmpfloat_with_epsilon (scores[1], 0.1, 0.01);
  e2v_probe_fit (&data, rows, N, TRUE, 100, &even);
  e2v_probe_apply (&data, rows, N, &even, scores);
  g_assert_cmpfloat_with_epsilon (scores[1], 0.5, 0.01);
}

static int
choose (E2vProbeTrial * trials)
{
  const E2vProbeOptions options = {.balanced = TRUE,.n_folds = 4 };
  g_autoptr (GError) error = NULL;
  int best = e2v_probe_choose (&data, rows, N, &options, trials, &error);

  g_assert_no_error (error);
  for (int t = 0; t < E2V_PROBE_N_TRIALS; t++)
    g_assert_cmpfloat (trials[best].loss, <=, trials[t].loss);
  return best;
}

/* A clear signal wants less of a penalty than none at all, for which the strongest is right. */
static void
test_choice (void)
{
  E2vProbeTrial trials[E2V_PROBE_N_TRIALS];
  int clear, hidden;

  make_clips (1.2);
  clear = choose (trials);
  g_assert_cmpfloat_with_epsilon (trials[0].l2, 100, 1e-12);
  g_assert_cmpfloat_with_epsilon (trials[E2V_PROBE_N_TRIALS - 1].l2, 1e-4,
      1e-15);
  g_assert_cmpfloat (trials[clear].ua, >, 0.95);
  make_clips (0);
  hidden = choose (trials);
  g_assert_cmpfloat (trials[hidden].loss, <, log (2) + 0.02);
  g_assert_cmpint (hidden, <, clear);
}

/* Labels that go with the speaker alone: on speakers left out they are no better than chance, though training clips can be
 * told apart without a fault. */
static void
test_speakers_are_left_out (void)
{
  const E2vProbeOptions options = {.balanced = TRUE,.n_folds = SPEAKERS,
    .l2 = 1e-3
  };
  g_auto (E2vProbeLayer) layer = { 0 };
  double scores[2 * N], l2[SPEAKERS];

  make_clips (0);
  for (guint i = 0; i < N; i++) {
    label[i] = speaker[i] % 2;
    /* each speaker has a feature of its own, as voices are */
    for (guint d = 0; d < DIM; d++)
      x[i * DIM + d] = (float) fmod (sin (speaker[i] * 13 + d * 78) * 43758, 1)
          + x[i * DIM + d] * 1e-6f;
  }
  e2v_probe_fit (&data, rows, N, TRUE, 1e-3, &layer);
  e2v_probe_apply (&data, rows, N, &layer, scores);
  g_assert_cmpfloat (recall (scores), ==, 1);
  g_assert_cmpuint (e2v_probe_cross_validate (&data, &options, scores, l2,
          NULL), ==, SPEAKERS);
  g_assert_cmpfloat (recall (scores), <, 0.8);
}

/* Each clip's scores are those of a head that was trained on all other speakers. */
static void
test_cross_validation (void)
{
  const E2vProbeOptions options = {.balanced = TRUE,.n_folds = SPEAKERS,
    .l2 = 0.1
  };
  double scores[2 * N], alone[2 * CLIPS_EACH], l2[SPEAKERS];
  g_auto (E2vProbeLayer) layer = { 0 };
  guint others[N], n = 0;

  make_clips (0.5);
  g_assert_cmpuint (e2v_probe_cross_validate (&data, &options, scores, l2,
          NULL), ==, SPEAKERS);
  for (guint i = 0; i < N; i++)
    if (speaker[i] != 3)
      others[n++] = i;
  e2v_probe_fit (&data, others, n, TRUE, 0.1, &layer);
  e2v_probe_apply (&data, rows + 3 * CLIPS_EACH, CLIPS_EACH, &layer, alone);
  g_assert_cmpmem (scores + 2 * 3 * CLIPS_EACH, sizeof alone, alone,
      sizeof alone);
}

/* Chosen anew in each fold; the same again with the same seed. */
static void
test_nested (void)
{
  const E2vProbeOptions options = {.balanced = TRUE,.n_folds = 3,.seed = 4 };
  double scores[2 * N], again[2 * N], l2[SPEAKERS];

  make_clips (1);
  g_assert_cmpuint (e2v_probe_cross_validate (&data, &options, scores, l2,
          NULL), ==, 3);
  for (guint f = 0; f < 3; f++)
    g_assert_cmpfloat (l2[f], >, 0);
  g_assert_cmpfloat (recall (scores), >, 0.9);
  e2v_probe_cross_validate (&data, &options, again, l2, NULL);
  g_assert_cmpmem (scores, sizeof scores, again, sizeof again);
}

static gboolean
stop (double fraction, gpointer user_data)
{
  guint *n_calls = user_data;

  g_assert_cmpfloat (fraction, >=, 0);
  g_assert_cmpfloat (fraction, <=, 1);
  return ++ * n_calls < 3;
}

static void
test_interrupted (void)
{
  guint n_calls = 0;
  const E2vProbeOptions options = {.n_folds = 6,.progress = stop,
    .user_data = &n_calls
  };
  E2vProbeTrial trials[E2V_PROBE_N_TRIALS];
  g_autoptr (GError) error = NULL;

  make_clips (1);
  g_assert_cmpint (e2v_probe_choose (&data, rows, N, &options, trials, &error),
      <, 0);
  g_assert_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT);
  g_assert_cmpstr (error->message, ==, "interrupted");
  g_assert_cmpuint (n_calls, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe/scale", test_scale);
  g_test_add_func ("/probe/balance", test_balance);
  g_test_add_func ("/probe/choice", test_choice);
  g_test_add_func ("/probe/speakers-are-left-out", test_speakers_are_left_out);
  g_test_add_func ("/probe/cross-validation", test_cross_validation);
  g_test_add_func ("/probe/nested", test_nested);
  g_test_add_func ("/probe/interrupted", test_interrupted);
  return g_test_run ();
}
