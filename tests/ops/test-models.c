/* test-models.c - whole encoders of odd shapes, the Vulkan and the host executor against the reference.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

/* A little encoder, changed by each case below. */
static E2vHparams
tiny (void)
{
  E2vHparams hp = case_hparams (24, 32, 4);

  hp.conv[2].channels = 24;
  hp.conv[2].kernel = 2;
  hp.conv[2].stride = 2;
  hp.n_conv = 3;
  hp.pos_depth = 2;
  hp.pos_groups = 4;
  hp.alibi_layers = 1;
  hp.n_classes = 9;
  return hp;
}

static void
check (const E2vHparams * hp, guint batch, guint n_samples, gboolean trace,
    E2vPrecision precision, double tolerance)
{
  const E2vPlanRequest request = {.batch = batch,.n_samples = n_samples,
    .frames = TRUE,.trace = trace
  };
  GError *error = NULL;
  g_autoptr (E2vModel) model = e2v_model_new_random (hp, 3, &error);
  g_autoptr (E2vPlan) plan = NULL;

  g_assert_no_error (error);
  plan = e2v_plan_new (hp, &request, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (case_compare_plan (model, plan, precision), <, tolerance);
}

static void
check_float (const E2vHparams * hp, guint batch, guint n_samples,
    gboolean trace)
{
  check (hp, batch, n_samples, trace, E2V_PRECISION_FP32, 1e-4);
}

static void
test_stages (void)
{
  const E2vHparams hp = tiny ();

  check_float (&hp, 1, 2000, TRUE);
}

static void
test_batch (void)
{
  const E2vHparams hp = tiny ();

  check_float (&hp, 3, 1777, FALSE);
}

static void
test_narrow_heads (void)
{
  E2vHparams hp = tiny ();

  hp.embed_dim = 36;
  hp.n_heads = hp.alibi_heads = 12;
  check_float (&hp, 2, 1500, FALSE);
  hp.embed_dim = 40;
  hp.n_heads = 5;
  hp.alibi_heads = 1;
  check_float (&hp, 1, 1500, TRUE);
}

static void
test_no_extra (void)
{
  E2vHparams hp = tiny ();

  hp.n_extra = 0;
  check_float (&hp, 2, 1200, FALSE);
}

static void
test_even_kernel (void)
{
  E2vHparams hp = tiny ();

  hp.pos_kernel = 6;
  check_float (&hp, 2, 1200, FALSE);
}

static void
test_no_head (void)
{
  E2vHparams hp = tiny ();

  hp.n_classes = 0;
  check_float (&hp, 1, 1200, FALSE);
}

static void
test_one_class (void)
{
  E2vHparams hp = tiny ();

  hp.n_classes = 1;
  check_float (&hp, 3, 1200, FALSE);
}

static void
test_alibi (void)
{
  E2vHparams hp = tiny ();

  hp.alibi_layers = 2;
  check_float (&hp, 1, 1200, TRUE);
  hp.alibi_layers = 0;
  check_float (&hp, 1, 1200, FALSE);
}

static void
test_shortest (void)
{
  const E2vHparams hp = tiny ();

  check_float (&hp, 2, e2v_hparams_n_samples_for (&hp, 1), FALSE);
}

/* Long enough for the front end and attention to run in stretches. */
static void
test_stretches (void)
{
  E2vHparams hp = tiny ();
  const guint n_samples = 6 * E2V_SAMPLE_RATE;
  const E2vPlanRequest request = {.batch = 1,.n_samples = n_samples };
  g_autoptr (E2vPlan) plan = NULL;
  guint unfolds = 0, scores = 0;

  /* a large hop, for few tokens; wide first rows, for a large front end */
  hp.conv[0].channels = 512;
  hp.conv[2].stride = 8;
  hp.n_heads = hp.alibi_heads = 16;
  hp.n_main = 0;
  plan = e2v_plan_new (&hp, &request, NULL);
  g_assert_nonnull (plan);
  for (guint i = 0; i < e2v_plan_n_ops (plan); i++) {
    unfolds += e2v_plan_op (plan, i)->kind == E2V_OP_UNFOLD;
    scores += e2v_plan_op (plan, i)->kind == E2V_OP_SCORES;
  }
  g_assert_cmpuint (unfolds, >, 1);
  g_assert_cmpuint (scores, >, 1);
  check_float (&hp, 1, n_samples, FALSE);
}

/* Sums of rounded weights: the same roundings on both sides, so nearly the accuracy of float. */
static void
test_half (void)
{
  const E2vHparams hp = tiny ();

  check (&hp, 2, 1500, FALSE, E2V_PRECISION_FP16, 1e-4);
}

/* @model with the projection's matrix scaled; the other tensors are borrowed from it. */
static E2vModel *
scale_projection (E2vModel * model, float factor)
{
  const E2vLayout *layout = e2v_model_layout (model);
  const guint n = e2v_layout_size (layout);
  const int index = e2v_layout_find (layout, E2V_ROLE_PROJECTION_WEIGHT, 0);
  g_autofree E2vTensor *tensors = g_new0 (E2vTensor, n);
  E2vModelStorage storage = {.free = g_free };
  GError *error = NULL;
  E2vModel *scaled;
  gsize size;
  float *values;

  for (guint i = 0; i < n; i++)
    tensors[i] = *e2v_model_tensor (model, i);
  size = e2v_tensor_n_elements (&tensors[index]);
  values = g_new (float, size);
  e2v_tensor_read_f32 (&tensors[index], 0, size, values);
  for (gsize i = 0; i < size; i++)
    values[i] *= factor;
  tensors[index].data = (const guint8 *) values;
  storage.data = values;
  scaled = e2v_model_new (e2v_model_hparams (model), e2v_model_labels (model),
      tensors, NULL, &storage, &error);
  g_assert_no_error (error);
  return scaled;
}

/* Weights that halves cannot hold, too small or too large, stay in float while the others are halves. */
static void
test_unsafe_half (void)
{
  const E2vHparams hp = tiny ();
  const E2vPlanRequest request = {.batch = 1,.n_samples = 1500,.trace = TRUE };
  const float factors[] = { 1e-7f, 1e6f };
  g_autoptr (E2vModel) model = e2v_model_new_random (&hp, 3, NULL);
  g_autoptr (E2vPlan) plan = e2v_plan_new (&hp, &request, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (factors); i++) {
    g_autoptr (E2vModel) scaled = scale_projection (model, factors[i]);

    g_assert_cmpfloat (case_compare_plan (scaled, plan, E2V_PRECISION_FP16),
        <, 1e-4);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!case_have_device ())
    return 77;
  g_test_add_func ("/models/stages", test_stages);
  g_test_add_func ("/models/batch", test_batch);
  g_test_add_func ("/models/narrow-heads", test_narrow_heads);
  g_test_add_func ("/models/no-extra", test_no_extra);
  g_test_add_func ("/models/even-kernel", test_even_kernel);
  g_test_add_func ("/models/no-head", test_no_head);
  g_test_add_func ("/models/one-class", test_one_class);
  g_test_add_func ("/models/alibi", test_alibi);
  g_test_add_func ("/models/shortest", test_shortest);
  g_test_add_func ("/models/stretches", test_stretches);
  g_test_add_func ("/models/half", test_half);
  g_test_add_func ("/models/half/unsafe", test_unsafe_half);
  return g_test_run ();
}
