/* test-selfcheck.c - executors that lie are given up for the next one, with the numbers; who passed is remembered.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vselfcheck.h"

#include "e2verror.h"
#include "e2vref.h"
#include "e2vselftest.h"
#include "liar.h"

#include <glib/gstdio.h>
#include <string.h>

#define N_SAMPLES 2000

typedef struct
{
  E2vModel *model;
  const Liar *liars;
  guint n_liars;
  gboolean ends_with_ref;
} Bench;

static E2vModel *
model_with_selftest (guint64 seed)
{
  const E2vHparams hp = {.conv = {{8, 10, 5}, {8, 3, 2}},.n_conv = 2,
  .embed_dim = 8,.n_heads = 2,.n_main = 1,.mlp_dim = 8,.pos_depth = 1,
  .pos_kernel = 3,.pos_groups = 2,.alibi_layers = 1,.alibi_heads = 2,
  .n_classes = 3,.norm_eps = 1e-5,.normalize = TRUE
  };
  g_autoptr (GError) error = NULL;
  E2vModel *model = e2v_model_new_random (&hp, seed, &error);

  g_assert_no_error (error);
  g_assert_true (e2v_selftest_make (model, NULL));
  return model;
}

static E2vExecutor *
open_liar (guint step, gpointer user_data, GError ** error)
{
  const Bench *bench = user_data;

  if (step < bench->n_liars)
    return liar_new (bench->model, &bench->liars[step], error);
  if (step == bench->n_liars && bench->ends_with_ref)
    return e2v_ref_new (bench->model, E2V_PRECISION_FP32);
  return NULL;
}

/* Opens, expects the one called @name, and checks that its scores are those of the reference executor. */
static void
expect_right (Bench * bench, const char *name, char **warning)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vEncoder) chosen =
      e2v_selfcheck_open (open_liar, bench, warning, &error);
  g_autoptr (E2vEncoder) truth =
      e2v_encoder_new (bench->model, "ref", E2V_PRECISION_FP32, NULL, NULL);
  g_autoptr (E2vResult) ours = NULL, theirs = NULL;
  float samples[N_SAMPLES];
  const E2vWindow window = { samples, N_SAMPLES };

  g_assert_no_error (error);
  g_assert_cmpstr (e2v_encoder_description (chosen), ==, name);
  e2v_selftest_signal (samples, N_SAMPLES);
  g_assert_true (e2v_encoder_run (chosen, &window, 1, 0, &ours, NULL));
  g_assert_true (e2v_encoder_run (truth, &window, 1, 0, &theirs, NULL));
  g_assert_cmpmem (ours->scores, 12, theirs->scores, 12);
  g_assert_cmpmem (ours->utterance, 32, theirs->utterance, 32);
}

static void
expect_words (const char *text, const char *const *words, guint n)
{
  g_assert_nonnull (text);
  g_test_message ("%s", text);
  for (guint i = 0; i < n; i++)
    g_assert_nonnull (strstr (text, words[i]));
}

static void
test_honest (void)
{
  g_autoptr (E2vModel) model = model_with_selftest (1);
  const Liar liars[] = { {.name = "honest",.precision = E2V_PRECISION_FP32},
  {.name = "second",.precision = E2V_PRECISION_FP32}
  };
  Bench bench = { model, liars, 2, FALSE };
  g_autofree char *warning = NULL;

  expect_right (&bench, "honest", &warning);
  g_assert_null (warning);
}

/* What half precision may do float may not; each failure is in the one warning, with its number. */
static void
test_steps_down (void)
{
  g_autoptr (E2vModel) model = model_with_selftest (1);
  const Liar liars[] = {
    {.name = "first",.precision = E2V_PRECISION_FP16,.embedding_error = 0.25},
    {.name = "nan",.precision = E2V_PRECISION_FP16,.not_finite = TRUE},
    {.name = "second",.precision = E2V_PRECISION_FP32,.embedding_error = 0.01},
    {.name = "third",.precision = E2V_PRECISION_FP32,.not_finite = TRUE},
    {.name = "fourth",.precision = E2V_PRECISION_FP32}
  };
  const char *const words[] = { "first, fp16", "2.5e-01", "2e-02",
    "nan, fp16, failed", "second, fp32", "1.0e-02", "1e-04", "third, fp32",
    "not finite",
    "Running with fourth, fp32, instead"
  };
  Bench bench = { model, liars, 5, TRUE };
  g_autofree char *warning = NULL;

  expect_right (&bench, "fourth", &warning);
  expect_words (warning, words, G_N_ELEMENTS (words));
}

static void
test_ends_with_ref (void)
{
  g_autoptr (E2vModel) model = model_with_selftest (1);
  const Liar liars[] = { {0},
  {.name = "liar",.precision = E2V_PRECISION_FP32,.embedding_error = 0.5}
  };
  const char *const words[] = { "no such device; liar", "5.0e-01",
    "Running on the CPU"
  };
  Bench bench = { model, liars, 2, TRUE };
  g_autofree char *warning = NULL;

  expect_right (&bench, "reference executor (plain C)", &warning);
  expect_words (warning, words, G_N_ELEMENTS (words));
}

static GError *
expect_failure (Bench * bench, E2vError code)
{
  g_autofree char *warning = NULL;
  GError *error = NULL;

  g_assert_null (e2v_selfcheck_open (open_liar, bench, &warning, &error));
  g_assert_null (warning);
  g_assert_error (error, E2V_ERROR, (int) code);
  return error;
}

static void
test_nothing_left (void)
{
  g_autoptr (E2vModel) model = model_with_selftest (1);
  const Liar liars[] = { {0},
  {.name = "liar",.precision = E2V_PRECISION_FP32,.embedding_error = 0.5}
  };
  const char *const words[] = { "no such device", "liar, fp32", "5.0e-01" };
  Bench bench = { model, liars, 2, FALSE };
  g_autoptr (GError) error = expect_failure (&bench, E2V_ERROR_DEVICE);
  g_autoptr (GError) none = NULL;

  expect_words (error->message, words, G_N_ELEMENTS (words));
  bench.n_liars = 1;
  none = expect_failure (&bench, E2V_ERROR_NO_DRIVER);
  g_assert_cmpstr (none->message, ==, "there is no such device");
}

/* Another name for what failed is not asked again. */
static void
test_same_again (void)
{
  g_autoptr (E2vModel) model = model_with_selftest (1);
  const Liar liars[] = {
    {.name = "a",.precision = E2V_PRECISION_FP32,.embedding_error = 0.5},
    {.name = "b",.identity = "a",.precision = E2V_PRECISION_FP32}
  };
  Bench bench = { model, liars, 2, TRUE };
  g_autofree char *warning = NULL;

  liar_n_runs = 0;
  expect_right (&bench, "reference executor (plain C)", &warning);
  g_assert_cmpuint (liar_n_runs, ==, 1);
}

/* Runs that it takes to open a device of this identity for the model called @id. */
static guint
runs_to_open (const char *id, const char *identity, double embedding_error)
{
  g_autoptr (E2vModel) model = model_with_selftest (1);
  const Liar liar = {.name = "device",.identity = identity,
    .precision = E2V_PRECISION_FP32,.embedding_error = embedding_error
  };
  Bench bench = { model, &liar, 1, TRUE };
  g_autoptr (E2vEncoder) encoder = NULL;

  e2v_model_set_content_id (model, id);
  liar_n_runs = 0;
  encoder = e2v_selfcheck_open (open_liar, &bench, NULL, NULL);
  g_assert_nonnull (encoder);
  return liar_n_runs;
}

static void
test_remembers (void)
{
  g_assert_cmpuint (runs_to_open ("m1", "driver 1", 0), ==, 1);
  g_assert_cmpuint (runs_to_open ("m1", "driver 1", 0), ==, 0);
  /* another driver, another model, no content id: asked anew */
  g_assert_cmpuint (runs_to_open ("m1", "driver 2", 0), ==, 1);
  g_assert_cmpuint (runs_to_open ("m2", "driver 1", 0), ==, 1);
  g_assert_cmpuint (runs_to_open (NULL, "driver 1", 0), ==, 1);
  g_assert_cmpuint (runs_to_open (NULL, "driver 1", 0), ==, 1);
  /* failures are not remembered */
  g_assert_cmpuint (runs_to_open ("m1", "driver 3", 0.5), ==, 1);
  g_assert_cmpuint (runs_to_open ("m1", "driver 3", 0.5), ==, 1);
  g_assert_cmpuint (runs_to_open ("m1", "driver 1", 0), ==, 0);
}

/* A file where the folder of the cache should be. */
static void
test_no_cache (void)
{
  g_autofree char *folder = g_build_filename (g_get_user_cache_dir (),
      "gst-emotion2vec", NULL);
  g_autofree char *list = g_build_filename (folder, "selfcheck", NULL);

  g_remove (list);
  g_rmdir (folder);
  g_assert_true (g_file_set_contents (folder, "", 0, NULL));
  g_assert_cmpuint (runs_to_open ("m1", "driver 1", 0), ==, 1);
  g_assert_cmpuint (runs_to_open ("m1", "driver 1", 0), ==, 1);
  g_remove (folder);
}

static void
test_without_selftest (void)
{
  g_autoptr (E2vModel) proven = model_with_selftest (1);
  g_autoptr (E2vModel) model =
      e2v_model_new_random (e2v_model_hparams (proven), 1, NULL);
  const Liar liar = {.name = "device",.precision = E2V_PRECISION_FP32,
    .embedding_error = 0.5
  };
  Bench bench = { model, &liar, 1, FALSE };
  g_autoptr (E2vEncoder) encoder = NULL;
  g_autofree char *warning = NULL;

  encoder = e2v_selfcheck_open (open_liar, &bench, &warning, NULL);
  g_assert_nonnull (encoder);
  g_assert_null (warning);
}

/* Runs two windows in one batch on @liar, which is believed. */
static gboolean
run_two (E2vModel * model, const Liar * liar, E2vResult ** results,
    guint64 * n_reruns, GError ** error)
{
  g_autoptr (E2vEncoder) encoder =
      e2v_encoder_new_on (liar_new (model, liar, NULL));
  float samples[2 * N_SAMPLES];
  const E2vWindow windows[] = { {samples, N_SAMPLES},
  {samples + N_SAMPLES, N_SAMPLES}
  };
  gboolean ok;

  e2v_selftest_signal (samples, 2 * N_SAMPLES);
  ok = e2v_encoder_run (encoder, windows, 2, E2V_WANT_FRAMES, results, error);
  *n_reruns = e2v_encoder_n_reruns (encoder);
  return ok;
}

static void
expect_rerun (E2vModel * model, const Liar * liar, gboolean rerun)
{
  const Liar honest = {.name = "honest",.precision = E2V_PRECISION_FP32 };
  E2vResult *ours[2], *theirs[2];
  guint64 n_reruns, none;

  g_assert_true (run_two (model, liar, ours, &n_reruns, NULL));
  g_assert_true (run_two (model, &honest, theirs, &none, NULL));
  g_assert_cmpuint (n_reruns, ==, rerun ? 2 : 0);
  g_assert_cmpuint (none, ==, 0);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (ours[i]->rerun, ==, rerun);
    g_assert_cmpmem (ours[i]->scores, 12, theirs[i]->scores, 12);
    g_assert_cmpmem (ours[i]->utterance, 32, theirs[i]->utterance, 32);
    g_assert_cmpmem (ours[i]->frames, ours[i]->n_frames * 32,
        theirs[i]->frames, theirs[i]->n_frames * 32);
    e2v_result_free (ours[i]);
    e2v_result_free (theirs[i]);
  }
}

static void
test_overflow_is_rerun (void)
{
  g_autoptr (E2vModel) model = model_with_selftest (1);
  Liar liar = {.name = "device",.precision = E2V_PRECISION_FP16 };

  expect_rerun (model, &liar, FALSE);
  liar.not_finite = TRUE;
  expect_rerun (model, &liar, TRUE);
}

static void
expect_no_result (E2vModel * model, const Liar * liar, const char *word)
{
  E2vResult *untouched = (E2vResult *) 1, *results[2] = { untouched,
    untouched
  };
  g_autoptr (GError) error = NULL;
  guint64 n_reruns;

  g_assert_false (run_two (model, liar, results, &n_reruns, &error));
  g_assert_error (error, E2V_ERROR, E2V_ERROR_DEVICE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_true (results[0] == untouched && results[1] == untouched);
  g_assert_cmpuint (n_reruns, ==, 0);
}

/* What is not finite in fp32 is an error and never a result; so is an fp32 that cannot prove itself. */
static void
test_overflow_of_float (void)
{
  g_autoptr (E2vModel) model = model_with_selftest (1);
  const Liar fp32 = {.name = "device",.precision = E2V_PRECISION_FP32,
    .not_finite = TRUE
  };
  const Liar both = {.name = "device",.precision = E2V_PRECISION_FP16,
    .not_finite = TRUE,.reopened_not_finite = TRUE
  };
  const Liar wrong = {.name = "device",.precision = E2V_PRECISION_FP16,
    .not_finite = TRUE,.reopened_error = 0.5
  };

  expect_no_result (model, &fp32, "not finite");
  expect_no_result (model, &both, "fp32 failed");
  expect_no_result (model, &wrong, "5.0e-01");
}

int
main (int argc, char **argv)
{
  g_autofree char *cache = g_dir_make_tmp ("e2v-cache-XXXXXX", NULL);
  int status;

  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/selfcheck/honest", test_honest);
  g_test_add_func ("/selfcheck/steps-down", test_steps_down);
  g_test_add_func ("/selfcheck/ends-with-ref", test_ends_with_ref);
  g_test_add_func ("/selfcheck/nothing-left", test_nothing_left);
  g_test_add_func ("/selfcheck/same-again", test_same_again);
  g_test_add_func ("/selfcheck/remembers", test_remembers);
  g_test_add_func ("/selfcheck/no-cache", test_no_cache);
  g_test_add_func ("/selfcheck/without-selftest", test_without_selftest);
  g_test_add_func ("/tripwire/overflow-is-rerun", test_overflow_is_rerun);
  g_test_add_func ("/tripwire/overflow-of-float", test_overflow_of_float);
  status = g_test_run ();
  g_rmdir (cache);
  return status;
}
