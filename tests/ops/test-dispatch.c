/* test-dispatch.c - which operations run over all planes at once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkdispatch.h"

#define BATCH 3

static const E2vHparams hparams = {
  .n_conv = 2,
  .conv = {{8, 10, 5}, {8, 3, 2}},
  .embed_dim = 16,
  .n_heads = 2,
  .n_main = 1,
  .mlp_dim = 32,
  .n_extra = 2,
  .pos_depth = 1,
  .pos_kernel = 5,
  .pos_groups = 2,
  .alibi_layers = 1,
  .alibi_heads = 2,
  .n_classes = 3,
  .norm_eps = 1e-5,
};

static E2vVkDispatch
dispatch_of (const E2vPlan * plan, const E2vOp * op)
{
  const E2vVkFamily *family = e2v_vk_family_simd (8);
  E2vVkDispatch dispatch;
  E2vVkMatrix matrix;

  if (op->kind == E2V_OP_MATMUL)
    e2v_vk_matrix_init (&matrix,
        e2v_vk_columns (e2v_plan_buffer (plan, (guint) op->x)),
        e2v_vk_columns (e2v_plan_buffer (plan, (guint) op->y)), op->taps,
        op->weight_groups, FALSE, &family->packing);
  e2v_vk_dispatch_init (&dispatch, family, plan, op, &matrix);
  return dispatch;
}

/* Norms and linear layers of a batch are one plane; convolutions, whose rows overlap, stay as many as there are. */
static void
test_planes (void)
{
  const E2vPlanRequest request = {.batch = BATCH,.n_samples = 1500 };
  g_autoptr (E2vPlan) plan = e2v_plan_new (&hparams, &request, NULL);
  guint linear = 0, convs = 0;

  g_assert_nonnull (plan);
  for (guint i = 0; i < e2v_plan_n_ops (plan); i++) {
    const E2vOp *op = e2v_plan_op (plan, i);
    const E2vVkDispatch d = dispatch_of (plan, op);

    if (op->kind == E2V_OP_MATMUL && op->taps > 1) {
      g_assert_cmpuint (d.planes, ==, op->planes);
      g_assert_cmpuint (d.push.rows, ==, op->rows);
      convs++;
    } else if (op->kind == E2V_OP_MATMUL || op->kind == E2V_OP_NORM) {
      g_assert_cmpuint (d.planes, ==, 1);
      g_assert_cmpuint (d.push.rows, ==, BATCH * op->rows);
      linear++;
    }
  }
  g_assert_cmpuint (convs, ==, 2);
  g_assert_cmpuint (linear, >, 8);
}

/* Rows that are not all of a plane, in the source or the destination, are no run of rows. */
static void
test_gaps (void)
{
  const E2vBuffer buffers[] = {
    {.use = E2V_BUFFER_INPUT,.planes = 2,.rows = 64,.groups = 1,.width = 1},
    {.planes = 2,.rows = 9,.groups = 1,.width = 8},
    {.planes = 2,.rows = 8,.groups = 1,.width = 8},
  };
  const E2vPlanRequest request = {.batch = 2,.n_samples = 64 };
  E2vOp op = {.kind = E2V_OP_NORM,.x = 1,.x2 = E2V_NONE,.y = 2,
    .residual = E2V_NONE,.w = E2V_NONE,.b = E2V_NONE,.planes = 2,.rows = 8,
    .step = 1,.taps = 1,.weight_groups = 1
  };
  g_autoptr (E2vPlan) plan = e2v_plan_new_raw (&hparams, &request, buffers,
      G_N_ELEMENTS (buffers), &op, 1);

  g_assert_cmpuint (dispatch_of (plan, &op).planes, ==, 2);
  op.x = 2;
  op.y = 1;
  g_assert_cmpuint (dispatch_of (plan, &op).planes, ==, 2);
  op.y_row = 1;
  g_assert_cmpuint (dispatch_of (plan, &op).planes, ==, 2);
  op.y = 2;
  op.y_row = 0;
  g_assert_cmpuint (dispatch_of (plan, &op).planes, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dispatch/planes", test_planes);
  g_test_add_func ("/dispatch/gaps", test_gaps);
  return g_test_run ();
}
