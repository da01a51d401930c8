/* test-encoder.c - the front door, on the reference executor: batches, stretches, scores, refusals.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vencoder.h"
#include "e2verror.h"
#include "e2vscores.h"
#include "e2vselftest.h"

#include <math.h>
#include <string.h>

static E2vHparams
tiny (void)
{
  const E2vHparams hp = {.conv = {{16, 10, 5}, {16, 3, 2}, {16, 4, 4}},
  .n_conv = 3,.embed_dim = 24,.n_heads = 3,.n_prenet = 1,.n_main = 2,
  .mlp_dim = 32,.n_extra = 2,.pos_depth = 2,.pos_kernel = 5,.pos_groups = 4,
  .alibi_layers = 1,.alibi_heads = 3,.n_classes = 9,.norm_eps = 1e-5,
  .normalize = TRUE
  };

  return hp;
}

static E2vEncoder *
encoder_for (const E2vHparams * hp)
{
  g_autoptr (E2vModel) model = e2v_model_new_random (hp, 7, NULL);
  g_autoptr (GError) error = NULL;
  E2vEncoder *encoder =
      e2v_encoder_new (model, "ref", E2V_PRECISION_FP32, NULL, &error);

  g_assert_no_error (error);
  return encoder;
}

static float *
noise (guint n, guint seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  float *samples = g_new (float, n);

  for (guint i = 0; i < n; i++)
    samples[i] = (float) g_rand_double_range (rand, -0.5, 0.5);
  return samples;
}

/* Windows of several lengths in one call give what each gives alone, in the caller's order. */
static void
test_batches (void)
{
  E2vHparams hp = tiny ();
  g_autoptr (E2vEncoder) encoder = encoder_for (&hp);
  const guint lengths[] = { 3000, 2000, 3000, 2500, 2000 };
  E2vWindow windows[5];
  E2vResult *together[5], *alone;
  g_autofree float *samples = noise (5 * 3000, 1);

  for (guint i = 0; i < 5; i++) {
    windows[i].samples = samples + 3000 * i;
    windows[i].n_samples = lengths[i];
  }
  g_assert_true (e2v_encoder_run (encoder, windows, 5, E2V_WANT_FRAMES,
          together, NULL));
  for (guint i = 0; i < 5; i++) {
    gsize n = (gsize) together[i]->n_frames * together[i]->dim;

    g_assert_cmpuint (together[i]->n_frames, ==,
        e2v_hparams_n_frames (&hp, lengths[i]));
    g_assert_true (e2v_encoder_run (encoder, &windows[i], 1, E2V_WANT_FRAMES,
            &alone, NULL));
    g_assert_cmpmem (alone->scores, 36, together[i]->scores, 36);
    g_assert_cmpmem (alone->frames, n * 4, together[i]->frames, n * 4);
    e2v_result_free (alone);
    e2v_result_free (together[i]);
  }
}

typedef struct
{
  float *frames;
} Traced;

static void
keep_frames (const char *name, const float *values, const guint64 * dims,
    guint n_dims, gpointer user_data)
{
  Traced *traced = user_data;

  if (g_str_equal (name, "frames"))
    traced->frames = g_memdup2 (values, dims[0] * dims[1] * sizeof (float));
}

/* A wide first layer makes the front end run in stretches; a trace does not. Same numbers, bit by bit. */
static void
test_stretches (void)
{
  E2vHparams hp = tiny ();
  g_autoptr (E2vEncoder) encoder = NULL;
  guint n = 12 * E2V_SAMPLE_RATE;
  g_autofree float *samples = noise (n, 2);
  const E2vWindow window = { samples, n };
  const E2vPlanRequest request = {.batch = 1,.n_samples = n };
  g_autoptr (E2vPlan) plan = NULL;
  g_autoptr (E2vResult) result = NULL;
  Traced traced = { NULL };
  guint unfolds = 0;

  hp.conv[0].channels = 256;
  hp.conv[2].kernel = hp.conv[2].stride = 64;
  plan = e2v_plan_new (&hp, &request, NULL);
  for (guint i = 0; i < e2v_plan_n_ops (plan); i++)
    unfolds += e2v_plan_op (plan, i)->kind == E2V_OP_UNFOLD;
  g_assert_cmpuint (unfolds, >, 1);

  encoder = encoder_for (&hp);
  g_assert_true (e2v_encoder_run (encoder, &window, 1, E2V_WANT_FRAMES,
          &result, NULL));
  g_assert_true (e2v_encoder_trace (encoder, &window, keep_frames, &traced,
          NULL));
  g_assert_cmpmem (result->frames, (gsize) result->n_frames * result->dim * 4,
      traced.frames, (gsize) result->n_frames * result->dim * 4);
  g_free (traced.frames);
}

/* The head is linear: the mean of the frames' logits is the utterance's. */
static void
test_frame_scores (void)
{
  E2vHparams hp = tiny ();
  g_autoptr (E2vEncoder) encoder = encoder_for (&hp);
  g_autofree float *samples = noise (4000, 3);
  const E2vWindow window = { samples, 4000 };
  g_autoptr (E2vResult) r = NULL;
  double mean[9] = { 0 };
  float logits[9];

  g_assert_true (e2v_encoder_run (encoder, &window, 1,
          E2V_WANT_FRAMES | E2V_WANT_FRAME_SCORES, &r, NULL));
  for (guint t = 0; t < r->n_frames; t++) {
    double sum = 0;

    e2v_scores_head (e2v_encoder_model (encoder), r->frames + t * r->dim,
        logits);
    for (guint c = 0; c < 9; c++) {
      mean[c] += (double) logits[c] / r->n_frames;
      sum += (double) r->frame_scores[t * 9 + c];
    }
    g_assert_cmpfloat_with_epsilon (sum, 1, 1e-5);
  }
  for (guint c = 0; c < 9; c++)
    g_assert_cmpfloat_with_epsilon (mean[c], (double) r->logits[c], 1e-4);
}

static void
test_refusals (void)
{
  E2vHparams hp = tiny ();
  g_autoptr (E2vEncoder) encoder = encoder_for (&hp);
  g_autofree float *samples = noise (4000, 4);
  E2vWindow windows[2] = { {samples, 4000}, {samples, 10} };
  E2vResult *results[2] = { NULL, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_false (e2v_encoder_run (encoder, windows, 2, 0, results, &error));
  g_assert_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT);
  g_assert_null (results[0]);
  g_clear_error (&error);
  samples[17] = NAN;
  g_assert_false (e2v_encoder_run (encoder, windows, 1, 0, results, &error));
  g_assert_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT);
  g_clear_error (&error);
}

/* Labels that start with "unuse" get no share; temperature flattens; names are short and unique. */
static void
test_scores (void)
{
  E2vHparams hp = tiny ();
  g_autoptr (E2vModel) source = NULL;
  g_autoptr (E2vModel) model = NULL;
  const char *labels[] = { "生气/angry", "unuse_0", "Angry", "<unk>", NULL };
  const E2vModelInfo info = {.temperature = 2 };
  const float logits[] = { 2, 50, 0, -2 };
  float scores[4];
  g_auto (GStrv) names = NULL;
  g_autofree E2vTensor *tensors = NULL;
  guint n;

  hp.n_classes = 4;
  source = e2v_model_new_random (&hp, 1, NULL);
  n = e2v_layout_size (e2v_model_layout (source));
  tensors = g_new (E2vTensor, n);
  for (guint i = 0; i < n; i++)
    tensors[i] = *e2v_model_tensor (source, i);
  model = e2v_model_new (&hp, labels, tensors, &info, NULL, NULL);
  e2v_scores_from_logits (model, logits, scores);
  g_assert_true (scores[1] == 0);
  g_assert_cmpfloat_with_epsilon ((double) scores[0],
      1 / (1 + exp (-1) + exp (-2)), 1e-6);
  names = e2v_label_names (model);
  g_assert_cmpstr (names[0], ==, "angry");
  g_assert_cmpstr (names[1], ==, "unuse-0");
  g_assert_cmpstr (names[2], ==, "angry-2");
  g_assert_cmpstr (names[3], ==, "unknown");
}

/* The reference executor in float answers the self-test that it answered in double. */
static void
test_selftest (void)
{
  E2vHparams hp = tiny ();
  g_autoptr (E2vModel) model = e2v_model_new_random (&hp, 9, NULL);
  g_autoptr (E2vEncoder) encoder = NULL;
  E2vSelftestErrors errors;

  g_assert_true (e2v_selftest_make (model, NULL));
  encoder = e2v_encoder_new (model, "ref", E2V_PRECISION_FP32, NULL, NULL);
  g_assert_true (e2v_selftest_run (encoder, &errors, NULL));
  g_assert_cmpfloat (errors.embedding, <, 1e-5);
  g_assert_cmpfloat (errors.score, <, 1e-5);
  g_assert_true (e2v_selftest_passes (&errors, E2V_PRECISION_FP32));
  g_clear_pointer (&encoder, e2v_encoder_free);
  encoder = e2v_encoder_new (model, "ref", E2V_PRECISION_FP16, NULL, NULL);
  g_assert_true (e2v_selftest_run (encoder, &errors, NULL));
  g_assert_cmpfloat (errors.embedding, >, 1e-5);
  g_assert_true (e2v_selftest_passes (&errors, E2V_PRECISION_FP16));
}

/* What is not a number is never right, and what half precision may do float may not. */
static void
test_judgement (void)
{
  const E2vSelftestErrors nothing = { 0, 0 }, half = { 1e-2, 1e-2 },
      embedding = { 0.1, 0 }, score = { 0, 0.1 }, nan = { (double) NAN, 0 };

  g_assert_true (e2v_selftest_passes (&nothing, E2V_PRECISION_FP32));
  g_assert_true (e2v_selftest_passes (&half, E2V_PRECISION_FP16));
  g_assert_false (e2v_selftest_passes (&half, E2V_PRECISION_FP32));
  g_assert_false (e2v_selftest_passes (&embedding, E2V_PRECISION_FP16));
  g_assert_false (e2v_selftest_passes (&score, E2V_PRECISION_FP16));
  g_assert_false (e2v_selftest_passes (&nan, E2V_PRECISION_FP16));
}

static void
test_normalize (void)
{
  const float silence[5] = { 0 };
  const float step[] = { 1, 1, -1, -1 };
  float out[5];

  e2v_normalize_waveform (silence, 5, out);
  for (guint i = 0; i < 5; i++)
    g_assert_true (out[i] == 0);
  e2v_normalize_waveform (step, 4, out);
  g_assert_cmpfloat_with_epsilon ((double) out[0], 1 / sqrt (1 + 1e-5), 1e-7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/encoder/batches", test_batches);
  g_test_add_func ("/encoder/stretches", test_stretches);
  g_test_add_func ("/encoder/frame-scores", test_frame_scores);
  g_test_add_func ("/encoder/refusals", test_refusals);
  g_test_add_func ("/encoder/scores", test_scores);
  g_test_add_func ("/encoder/selftest", test_selftest);
  g_test_add_func ("/encoder/judgement", test_judgement);
  g_test_add_func ("/encoder/normalize", test_normalize);
  return g_test_run ();
}
