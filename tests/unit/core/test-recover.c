/* test-recover.c - devices that are lost or out of memory: opened again once, with the same numbers; then an error, and
 * the next call starts afresh.
 *
 * Truth is the reference executor; the liar answers with its numbers, bit by bit.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vencoder.h"

#include "e2verror.h"
#include "e2vselfcheck.h"
#include "e2vselftest.h"
#include "liar.h"

#include <string.h>

#define LONG 2000
#define SHORT 1200

typedef struct
{
  LiarScript script;
  E2vModel *model;
  E2vEncoder *encoder, *truth;
  float samples[LONG];
  GError *error;
} Rig;

static E2vModel *
make_model (gboolean selftest)
{
  const E2vHparams hp = {.conv = {{8, 10, 5}, {8, 3, 2}},.n_conv = 2,
  .embed_dim = 8,.n_heads = 2,.n_main = 1,.mlp_dim = 8,.pos_depth = 1,
  .pos_kernel = 3,.pos_groups = 2,.alibi_layers = 1,.alibi_heads = 2,
  .n_classes = 3,.norm_eps = 1e-5,.normalize = TRUE
  };
  E2vModel *model = e2v_model_new_random (&hp, 1, NULL);

  if (selftest)
    g_assert_true (e2v_selftest_make (model, NULL));
  return model;
}

/* A liar in half precision overflows. No self-test would let it pass. */
static void
rig_init_at (Rig * r, E2vPrecision precision, const char *runs,
    const char *reopenings)
{
  const gboolean half = precision == E2V_PRECISION_FP16;
  const Liar liar = {.name = "liar",.precision = precision,
    .not_finite = half,.script = &r->script
  };

  memset (r, 0, sizeof *r);
  r->script.runs = runs;
  r->script.reopenings = reopenings;
  r->model = make_model (!half);
  r->encoder = e2v_encoder_new_on (liar_new (r->model, &liar, NULL));
  r->truth = e2v_encoder_new (r->model, "ref", E2V_PRECISION_FP32, NULL, NULL);
  e2v_selftest_signal (r->samples, LONG);
  liar_n_runs = 0;
}

static void
rig_init (Rig * r, const char *runs, const char *reopenings)
{
  rig_init_at (r, E2V_PRECISION_FP32, runs, reopenings);
}

/* Everything was used, and nothing is left behind. */
static void
rig_clear (Rig * r)
{
  g_assert_cmpstr (r->script.runs, ==, "");
  g_assert_cmpstr (r->script.reopenings, ==, "");
  e2v_encoder_free (r->encoder);
  g_assert_cmpuint (r->script.n_open, ==, 0);
  g_assert_cmpuint (r->script.n_programs, ==, 0);
  e2v_encoder_free (r->truth);
  e2v_model_unref (r->model);
}

/* Windows of two lengths: two batches. */
static void
expect_right (Rig * r, guint64 n_rebuilds)
{
  const E2vWindow windows[] = { {r->samples, LONG}, {r->samples, SHORT},
  {r->samples, LONG}
  };
  E2vResult *ours[3], *theirs[3];

  e2v_encoder_run (r->encoder, windows, 3, 0, ours, &r->error);
  g_assert_no_error (r->error);
  g_assert_true (e2v_encoder_run (r->truth, windows, 3, 0, theirs, NULL));
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpmem (ours[i]->scores, 12, theirs[i]->scores, 12);
    g_assert_cmpmem (ours[i]->utterance, 32, theirs[i]->utterance, 32);
    e2v_result_free (ours[i]);
    e2v_result_free (theirs[i]);
  }
  g_assert_cmpuint (e2v_encoder_n_rebuilds (r->encoder), ==, n_rebuilds);
}

static void
expect_error (Rig * r, E2vError code, const char *text)
{
  const E2vWindow window = { r->samples, LONG };
  E2vResult *untouched = (E2vResult *) 1, *result = untouched;

  g_assert_false (e2v_encoder_run (r->encoder, &window, 1, 0, &result,
          &r->error));
  g_assert_error (r->error, E2V_ERROR, (int) code);
  g_test_message ("%s", r->error->message);
  g_assert_true (g_str_has_prefix (r->error->message, text));
  g_assert_true (result == untouched);
  g_clear_error (&r->error);
}

static void
test_lost_once (void)
{
  const char *description;
  Rig r;

  rig_init (&r, "..L", "");
  description = e2v_encoder_description (r.encoder);
  expect_right (&r, 0);
  expect_right (&r, 1);
  expect_right (&r, 1);
  g_assert_true (description == e2v_encoder_description (r.encoder));
  rig_clear (&r);
}

/* The second batch of a call, and each batch of one. */
static void
test_lost_in_the_middle (void)
{
  Rig r;

  /* run, lost, self-test, run */
  rig_init (&r, ".L..", "");
  expect_right (&r, 1);
  rig_clear (&r);
  rig_init (&r, "L..L..", "");
  expect_right (&r, 2);
  rig_clear (&r);
}

static void
test_lost_twice (void)
{
  Rig r;

  /* lost, self-test, lost; then self-test, runs */
  rig_init (&r, "L.L...", "");
  expect_error (&r, E2V_ERROR_DEVICE_LOST, "the liar is lost; after the device "
      "was opened again: the liar is lost");
  g_assert_cmpuint (r.script.n_open, ==, 0);
  expect_right (&r, 2);
  rig_clear (&r);
}

/* An error does not use up the way back of the next call. */
static void
test_lost_thrice (void)
{
  Rig r;

  rig_init (&r, "L.L.L..", "");
  expect_error (&r, E2V_ERROR_DEVICE_LOST, "the liar is lost; after the device "
      "was opened again: the liar is lost");
  expect_right (&r, 3);
  rig_clear (&r);
}

static void
test_cannot_be_opened (void)
{
  Rig r;

  rig_init (&r, "L", "DDM");
  expect_error (&r, E2V_ERROR_DEVICE, "the liar is lost; after the device "
      "was opened again: the liar is ill");
  expect_error (&r, E2V_ERROR_DEVICE, "the device could not be opened again: "
      "the liar is ill");
  expect_error (&r, E2V_ERROR_OUT_OF_MEMORY, "the device could not be opened "
      "again: the liar is full");
  expect_right (&r, 1);
  rig_clear (&r);
}

/* Opened again it has to prove itself. */
static void
test_lies_afterwards (void)
{
  Rig r;

  rig_init (&r, "L", "WW");
  expect_error (&r, E2V_ERROR_DEVICE, "the liar is lost; after the device "
      "was opened again: liar, fp32, answered the model's self-test wrongly: "
      "the embedding is off by 5.0e-01");
  g_assert_false (e2v_encoder_warm_up (r.encoder, LONG, 1, NULL));
  expect_right (&r, 3);
  rig_clear (&r);
}

/* Other programs go first; the device is opened again only if that is not enough. */
static void
test_out_of_memory (void)
{
  Rig r;

  rig_init (&r, "..M", "");
  expect_right (&r, 0);
  g_assert_cmpuint (r.script.n_programs, ==, 2);
  g_assert_true (e2v_encoder_warm_up (r.encoder, LONG - 500, 1, NULL));
  g_assert_cmpuint (r.script.n_programs, ==, 1);
  expect_right (&r, 0);
  rig_clear (&r);

  rig_init (&r, "MM", "");
  expect_right (&r, 1);
  rig_clear (&r);

  rig_init (&r, "MM.M", "");
  expect_error (&r, E2V_ERROR_OUT_OF_MEMORY, "the liar is full; after the "
      "device was opened again: the liar is full");
  g_assert_cmpuint (r.script.n_open, ==, 0);
  expect_right (&r, 2);
  rig_clear (&r);
}

/* In fp32 no number of a sound model overflows. */
static void
test_not_finite (void)
{
  Rig r;

  rig_init (&r, ".N", "");
  expect_right (&r, 1);
  g_assert_nonnull (strstr (e2v_encoder_rebuild_reason (r.encoder),
          "not finite"));
  rig_clear (&r);

  rig_init (&r, "N.N", "");
  expect_error (&r, E2V_ERROR_DEVICE, "the device gave a value that is "
      "not finite in the utterance embedding; after the device was opened "
      "again: the device gave");
  g_assert_cmpuint (r.script.n_open, ==, 1);
  expect_right (&r, 1);
  rig_clear (&r);
}

static void
test_other_errors (void)
{
  Rig r;

  rig_init (&r, "D", "");
  expect_error (&r, E2V_ERROR_DEVICE, "the liar is ill");
  g_assert_cmpuint (liar_n_runs, ==, 1);
  expect_right (&r, 0);
  rig_clear (&r);
}

static void
test_warm_up (void)
{
  Rig r;

  rig_init (&r, "L", "");
  e2v_encoder_warm_up (r.encoder, LONG, 1, &r.error);
  g_assert_no_error (r.error);
  g_assert_cmpuint (e2v_encoder_n_rebuilds (r.encoder), ==, 1);
  expect_right (&r, 1);
  rig_clear (&r);
}

static void
drop_stage (const char *name, const float *values, const guint64 * dims,
    guint n_dims, gpointer user_data)
{
}

/* They do not repeat, but open what an error left closed. */
static void
test_trace_and_bench (void)
{
  E2vWindow window = { NULL, LONG };
  double seconds;
  Rig r;

  rig_init (&r, "L.L", "");
  window.samples = r.samples;
  expect_error (&r, E2V_ERROR_DEVICE_LOST, "the liar is lost; after the device "
      "was opened again: the liar is lost");
  g_assert_true (e2v_encoder_trace (r.encoder, &window, drop_stage, NULL,
          NULL));
  r.script.runs = "L.L";
  expect_error (&r, E2V_ERROR_DEVICE_LOST, "the liar is lost; after the device "
      "was opened again: the liar is lost");
  g_assert_true (e2v_encoder_bench (r.encoder, LONG, 1, 1, &seconds, NULL,
          NULL));
  expect_right (&r, 4);
  rig_clear (&r);
}

/* Half precision overflows, and then the device is lost in fp32, or gives what is not finite there as well. */
static void
test_lost_in_full_precision (void)
{
  Rig r;

  rig_init_at (&r, E2V_PRECISION_FP16, ".L", "");
  expect_right (&r, 1);
  g_assert_cmpuint (e2v_encoder_n_reruns (r.encoder), ==, 3);
  rig_clear (&r);

  rig_init_at (&r, E2V_PRECISION_FP16, ".N", "");
  expect_right (&r, 1);
  rig_clear (&r);
}

static E2vExecutor *
open_step (guint step, gpointer user_data, GError ** error)
{
  Rig *r = user_data;
  const Liar liar = {.name = step ? "second" : "first",
    .precision = E2V_PRECISION_FP32,.script = &r->script
  };

  return step < 2 ? liar_new (r->model, &liar, error) : NULL;
}

/* A device that is lost in its first self-test is given up for the next. */
static void
test_first_selftest (void)
{
  g_autoptr (E2vEncoder) chosen = NULL;
  g_autofree char *warning = NULL;
  Rig r;

  rig_init (&r, "L", "");
  chosen = e2v_selfcheck_open (open_step, &r, &warning, &r.error);
  g_assert_no_error (r.error);
  g_assert_cmpstr (e2v_encoder_description (chosen), ==, "second");
  g_assert_cmpuint (e2v_encoder_n_rebuilds (chosen), ==, 0);
  g_assert_nonnull (strstr (warning, "the liar is lost"));
  g_clear_pointer (&chosen, e2v_encoder_free);
  rig_clear (&r);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recover/lost-once", test_lost_once);
  g_test_add_func ("/recover/lost-in-the-middle", test_lost_in_the_middle);
  g_test_add_func ("/recover/lost-twice", test_lost_twice);
  g_test_add_func ("/recover/lost-thrice", test_lost_thrice);
  g_test_add_func ("/recover/cannot-be-opened", test_cannot_be_opened);
  g_test_add_func ("/recover/lies-afterwards", test_lies_afterwards);
  g_test_add_func ("/recover/out-of-memory", test_out_of_memory);
  g_test_add_func ("/recover/not-finite", test_not_finite);
  g_test_add_func ("/recover/other-errors", test_other_errors);
  g_test_add_func ("/recover/warm-up", test_warm_up);
  g_test_add_func ("/recover/trace-and-bench", test_trace_and_bench);
  g_test_add_func ("/recover/lost-in-full-precision",
      test_lost_in_full_precision);
  g_test_add_func ("/recover/first-selftest", test_first_selftest);
  return g_test_run ();
}
