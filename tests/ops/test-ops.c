/* test-ops.c - each operation of the Vulkan and of the host executor against the reference, at odd shapes.
 *
 * Sizes of 1, 3, 13, 17, 53 and the like meet every tail of every tile; groups of odd width meet the padding inside of
 * rows. The environment picks the executor, the shader family and the width of the device's vectors (see meson.build).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

#include <math.h>

static const guint sizes[] = { 1, 3, 13, 17, 53, 64, 130 };

/* ---- unfold ----------------------------------------------------------------------------------------------------- */

static void
check_unfold (guint planes, guint rows, guint groups, guint width, guint step)
{
  const E2vHparams hp = case_hparams (4, 4, 1);
  Case c;
  int y;
  E2vOp op;

  case_init (&c, &hp, planes + 1);
  y = case_buffer (&c, planes + 2, rows + 1, groups, width, TRUE);
  op = case_op (&c, E2V_OP_UNFOLD, 0, y);
  op.planes = planes;
  op.x_plane = 1;
  op.y_plane = 2;
  op.rows = rows;
  op.x_row = 7;
  op.y_row = 1;
  op.step = step;
  op.taps = groups * width;
  case_add (&c, &op);
  c.n_samples = 7 + (rows - 1) * step + op.taps;
  case_check (&c);
}

static void
test_unfold (void)
{
  check_unfold (1, 1, 1, 1, 1);
  check_unfold (1, 13, 1, 10, 5);
  check_unfold (3, 17, 1, 10, 5);
  check_unfold (2, 53, 3, 3, 4);
  check_unfold (1, 3, 2, 130, 1);
  check_unfold (2, 70000, 1, 3, 1);     /* more rows than a grid may be long */
}

/* ---- matmul ----------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint planes, rows;
  guint k, n;
  gboolean bias, gelu, residual;
  E2vPrecision precision;
} Linear;

static void
check_linear (const Linear * l)
{
  const E2vHparams hp = case_hparams (l->k, l->n, 1);
  Case c;
  int x, y, residual;
  E2vOp op;

  case_init (&c, &hp, l->planes + 1);
  c.precision = l->precision;
  x = case_fill (&c, l->planes + 1, l->rows + 2, 1, l->k);
  residual = case_fill (&c, l->planes + 1, l->rows + 1, 1, l->n);
  y = case_buffer (&c, l->planes + 1, l->rows + 1, 1, l->n, TRUE);
  op = case_op (&c, E2V_OP_MATMUL, x, y);
  op.planes = l->planes;
  op.y_plane = 1;
  op.rows = l->rows;
  op.x_row = 2;
  op.y_row = 1;
  op.w = case_weight (&c, E2V_ROLE_PROJECTION_WEIGHT, 0);
  op.b = l->bias ? case_weight (&c, E2V_ROLE_PROJECTION_BIAS, 0) : E2V_NONE;
  op.gelu = l->gelu;
  op.residual = l->residual ? residual : E2V_NONE;
  case_add (&c, &op);
  case_check (&c);
}

static void
test_matmul_shapes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (sizes); j++) {
      const Linear l = { 1, sizes[(i + j) % G_N_ELEMENTS (sizes)], sizes[i],
        sizes[j], TRUE, FALSE, FALSE, E2V_PRECISION_FP32
      };

      check_linear (&l);
    }
  }
}

static void
test_matmul_epilogue (void)
{
  for (guint i = 0; i < 8; i++) {
    const Linear l = { 2, 17, 53, 130, i & 1, i >> 1 & 1, i >> 2 & 1,
      E2V_PRECISION_FP32
    };

    check_linear (&l);
  }
}

static void
test_matmul_half (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    const Linear l = { 2, 13, 53, sizes[i], TRUE, TRUE, TRUE,
      E2V_PRECISION_FP16
    };

    check_linear (&l);
  }
}

static void
test_matmul_long (void)
{
  const Linear wide = { 1, 300, 768, 300, TRUE, TRUE, FALSE,
    E2V_PRECISION_FP32
  };
  const Linear deep = { 1, 9, 3072, 70, TRUE, FALSE, TRUE,
    E2V_PRECISION_FP32
  };

  check_linear (&wide);
  check_linear (&deep);
}

/* Whole planes: their rows follow each other without a gap. */
static void
check_whole (guint planes, guint rows, E2vOpKind kind)
{
  const E2vHparams hp = case_hparams (53, 70, 1);
  const gboolean matmul = kind == E2V_OP_MATMUL;
  Case c;
  int x, y;
  E2vOp op;

  case_init (&c, &hp, planes + 2);
  x = case_fill (&c, planes + 1, rows, 1, 53);
  y = case_buffer (&c, planes + 2, rows, 1, matmul ? 70 : 53, TRUE);
  op = case_op (&c, kind, x, y);
  op.planes = planes;
  op.x_plane = 1;
  op.y_plane = 2;
  if (matmul) {
    op.residual = case_fill (&c, planes + 2, rows, 1, 70);
    op.w = case_weight (&c, E2V_ROLE_PROJECTION_WEIGHT, 0);
    op.b = case_weight (&c, E2V_ROLE_PROJECTION_BIAS, 0);
  }
  case_add (&c, &op);
  case_check (&c);
}

static void
test_whole_planes (void)
{
  check_whole (3, 13, E2V_OP_MATMUL);
  check_whole (5, 59, E2V_OP_MATMUL);
  check_whole (7, 1, E2V_OP_MATMUL);
  check_whole (3, 13, E2V_OP_NORM);
}

/* A convolution over time: overlapping rows. */
static void
check_conv (guint planes, guint rows, guint channels, guint step)
{
  const E2vHparams hp = case_hparams (channels, 8, 1);
  Case c;
  int x, y;
  E2vOp op;

  case_init (&c, &hp, planes);
  x = case_fill (&c, planes, (rows - 1) * step + 3, 1, channels);
  y = case_buffer (&c, planes, rows, 1, channels, TRUE);
  op = case_op (&c, E2V_OP_MATMUL, x, y);
  op.w = case_weight (&c, E2V_ROLE_CONV_WEIGHT, 1);
  op.taps = 3;
  op.step = step;
  case_add (&c, &op);
  case_check (&c);
}

static void
test_matmul_conv (void)
{
  check_conv (1, 1, 1, 2);
  check_conv (2, 17, 13, 2);
  check_conv (3, 53, 64, 2);
  check_conv (1, 130, 3, 1);
}

/* Groups in the rows of both sides: heads of any width. */
static void
check_heads (guint rows, guint heads, guint head_width)
{
  const E2vHparams hp = case_hparams (4, heads * head_width, heads);
  Case c;
  int x, y;
  E2vOp op;

  case_init (&c, &hp, 2);
  x = case_fill (&c, 2, rows, heads, head_width);
  y = case_buffer (&c, 2, rows, 3 * heads, head_width, TRUE);
  op = case_op (&c, E2V_OP_MATMUL, x, y);
  op.w = case_weight (&c, E2V_ROLE_QKV_WEIGHT, 1);
  op.b = case_weight (&c, E2V_ROLE_QKV_BIAS, 1);
  case_add (&c, &op);
  case_check (&c);
}

static void
test_matmul_heads (void)
{
  check_heads (13, 1, 1);
  check_heads (17, 12, 3);
  check_heads (53, 5, 8);
  check_heads (3, 3, 64);
}

/* Weights by plane, as in a grouped convolution. */
static void
check_grouped (guint batch, guint rows, guint groups, guint width,
    E2vPrecision precision)
{
  E2vHparams hp = case_hparams (4, groups * width, 1);
  Case c;
  int x, y;
  E2vOp op;

  hp.pos_groups = groups;
  case_init (&c, &hp, batch * groups);
  c.precision = precision;
  x = case_fill (&c, batch * groups, rows + hp.pos_kernel - 1, 1, width);
  y = case_buffer (&c, batch * groups, rows, 1, width, TRUE);
  op = case_op (&c, E2V_OP_MATMUL, x, y);
  op.taps = hp.pos_kernel;
  op.weight_groups = groups;
  op.w = case_weight (&c, E2V_ROLE_POS_WEIGHT, 0);
  op.b = case_weight (&c, E2V_ROLE_POS_BIAS, 0);
  case_add (&c, &op);
  case_check (&c);
}

static void
test_matmul_grouped (void)
{
  check_grouped (1, 13, 4, 3, E2V_PRECISION_FP32);
  check_grouped (3, 17, 2, 48, E2V_PRECISION_FP32);
  check_grouped (2, 53, 3, 70, E2V_PRECISION_FP32);
  check_grouped (2, 5, 3, 70, E2V_PRECISION_FP16);
}

/* ---- norm ------------------------------------------------------------------------------------------------------- */

static void
check_norm (guint planes, guint rows, guint groups, guint width,
    gboolean affine, gboolean gelu, gboolean in_place)
{
  const E2vHparams hp = case_hparams (4, groups * width, 1);
  Case c;
  int x, y;
  E2vOp op;

  case_init (&c, &hp, planes);
  x = case_fill (&c, planes, rows + 1, groups, width);
  y = in_place ? x : case_buffer (&c, planes, rows + 1, groups, width, TRUE);
  g_array_index (c.buffers, E2vBuffer, y).use = E2V_BUFFER_OUTPUT;
  op = case_op (&c, E2V_OP_NORM, x, y);
  op.rows = rows;
  op.x_row = op.y_row = 1;
  op.gelu = gelu;
  if (affine) {
    op.w = case_weight (&c, E2V_ROLE_NORM1_WEIGHT, 0);
    op.b = case_weight (&c, E2V_ROLE_NORM1_BIAS, 0);
  }
  case_add (&c, &op);
  case_check (&c);
}

static void
test_norm (void)
{
  for (guint i = 0; i < 8; i++) {
    check_norm (1, 1, 1, 3, i & 1, i >> 1 & 1, i >> 2);
    check_norm (2, 17, 1, 53, i & 1, i >> 1 & 1, i >> 2);
    check_norm (3, 13, 3, 5, i & 1, i >> 1 & 1, i >> 2);
    check_norm (1, 53, 1, 768, i & 1, i >> 1 & 1, i >> 2);
  }
}

/* The padding of a row takes no part: a norm over one float is its bias. */
static void
test_norm_of_one (void)
{
  check_norm (1, 5, 1, 1, TRUE, FALSE, FALSE);
}

/* ---- groups and tokens ------------------------------------------------------------------------------------------ */

static void
check_split_join (guint batch, guint rows, guint groups, guint width, guint pad)
{
  const E2vHparams hp = case_hparams (4, 4, 1);
  Case c;
  int x, split, joined;
  E2vOp op;

  case_init (&c, &hp, batch);
  x = case_fill (&c, batch, rows, 1, groups * width);
  split = case_buffer (&c, batch * groups, rows + 2 * pad + 1, 1, width, TRUE);
  op = case_op (&c, E2V_OP_SPLIT_GROUPS, x, split);
  op.planes = batch;
  op.rows = rows;
  op.pad = pad;
  case_add (&c, &op);
  joined = case_buffer (&c, batch, rows + pad, 1, groups * width, TRUE);
  op = case_op (&c, E2V_OP_JOIN_GROUPS, split, joined);
  case_add (&c, &op);
  case_check (&c);
}

static void
test_split_join (void)
{
  check_split_join (1, 1, 1, 1, 0);
  check_split_join (2, 13, 4, 3, 2);
  check_split_join (1, 17, 16, 48, 9);
  check_split_join (3, 53, 5, 8, 1);
  check_split_join (1, 3, 2, 130, 4);
}

static void
check_tokens (guint batch, guint rows, guint n_extra, guint width)
{
  E2vHparams hp = case_hparams (4, width, 1);
  Case c;
  int x, x2, y;
  E2vOp op;

  hp.n_extra = n_extra;
  case_init (&c, &hp, batch);
  x = case_fill (&c, batch, rows, 1, width);
  x2 = case_fill (&c, batch, rows + 3, 1, width);
  y = case_buffer (&c, batch, rows + n_extra, 1, width, TRUE);
  op = case_op (&c, E2V_OP_TOKENS, x, y);
  op.x2 = x2;
  op.n_extra = n_extra;
  op.w = e2v_layout_find (c.layout, E2V_ROLE_EXTRA_TOKENS, 0);
  case_add (&c, &op);
  case_check (&c);
}

static void
test_tokens (void)
{
  check_tokens (1, 1, 1, 1);
  check_tokens (2, 13, 0, 17);
  check_tokens (3, 53, 10, 36);
  check_tokens (1, 17, 3, 768);
}

/* ---- attention -------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint batch, tokens, heads, width;
  guint first, rows;            /* queries */
  guint n_extra;
  gboolean alibi;
} Attention;

/* Scores, their softmax and the mix of values are outputs all three. */
static void
check_attention (const Attention * a)
{
  const E2vHparams hp = case_hparams (4, a->heads * a->width, a->heads);
  Case c;
  int qkv, scores, mixed;
  E2vOp op;

  case_init (&c, &hp, a->batch);
  qkv = case_fill (&c, a->batch, a->tokens, 3 * a->heads, a->width);
  for (guint i = 0; i < 2; i++) {
    scores = case_buffer (&c, a->batch * a->heads, a->rows, 1, a->tokens, TRUE);
    op = case_op (&c, E2V_OP_SCORES, qkv, scores);
    op.x_row = a->first;
    op.n_extra = a->n_extra;
    op.scale = 1 / sqrt (a->width);
    op.alibi = a->alibi;
    op.layer = 1;
    case_add (&c, &op);
  }
  op = case_op (&c, E2V_OP_SOFTMAX, scores, scores);
  case_add (&c, &op);
  mixed = case_buffer (&c, a->batch, a->first + a->rows, a->heads, a->width,
      TRUE);
  op = case_op (&c, E2V_OP_MIX, scores, mixed);
  op.x2 = qkv;
  op.rows = a->rows;
  op.y_row = a->first;
  case_add (&c, &op);
  case_check (&c);
}

static void
test_attention (void)
{
  const Attention cases[] = {
    {1, 1, 1, 1, 0, 1, 0, FALSE},
    {1, 13, 12, 3, 0, 13, 2, TRUE},
    {2, 17, 5, 8, 0, 17, 0, TRUE},
    {3, 53, 2, 64, 0, 53, 10, TRUE},
    {1, 53, 3, 64, 20, 33, 1, TRUE},
    {2, 130, 4, 12, 7, 1, 3, FALSE},
    {1, 67, 1, 130, 3, 64, 4, TRUE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    check_attention (&cases[i]);
}

/* Scores of some hundred, in rows that are all negative too: the zeros in the padding must not win. */
static void
check_softmax_range (guint tokens, double scale)
{
  const guint heads = 8;
  const E2vHparams hp = case_hparams (4, heads, heads);
  Case c;
  int x, y;
  E2vOp op;

  case_init (&c, &hp, 2);
  x = case_fill (&c, 2, tokens, 3 * heads, 1);
  y = case_buffer (&c, 2 * heads, tokens, 1, tokens, TRUE);
  op = case_op (&c, E2V_OP_SCORES, x, y);
  op.scale = scale;
  op.alibi = TRUE;
  case_add (&c, &op);
  op = case_op (&c, E2V_OP_SOFTMAX, y, y);
  case_add (&c, &op);
  /* exponents of some hundred carry the rounding of the scores */
  c.tolerance = 1e-4;
  case_check (&c);
}

static void
test_softmax_range (void)
{
  const guint tokens[] = { 1, 2, 3, 9, 53 };

  for (guint i = 0; i < G_N_ELEMENTS (tokens); i++) {
    check_softmax_range (tokens[i], 500);
    check_softmax_range (tokens[i], -500);
  }
}

/* ---- mean ------------------------------------------------------------------------------------------------------- */

static void
check_mean (guint planes, guint first, guint rows, guint width)
{
  const E2vHparams hp = case_hparams (4, 4, 1);
  Case c;
  int x, y;
  E2vOp op;

  case_init (&c, &hp, planes);
  x = case_fill (&c, planes, first + rows + 1, 1, width);
  y = case_buffer (&c, planes, 1, 1, width, TRUE);
  op = case_op (&c, E2V_OP_MEAN, x, y);
  op.x_row = first;
  op.rows = rows;
  case_add (&c, &op);
  case_check (&c);
}

static void
test_mean (void)
{
  check_mean (1, 0, 1, 1);
  check_mean (3, 2, 13, 17);
  check_mean (2, 10, 53, 768);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!case_have_device ())
    return 77;
  g_test_add_func ("/ops/unfold", test_unfold);
  g_test_add_func ("/ops/matmul/shapes", test_matmul_shapes);
  g_test_add_func ("/ops/matmul/epilogue", test_matmul_epilogue);
  g_test_add_func ("/ops/matmul/half", test_matmul_half);
  g_test_add_func ("/ops/matmul/long", test_matmul_long);
  g_test_add_func ("/ops/whole-planes", test_whole_planes);
  g_test_add_func ("/ops/matmul/conv", test_matmul_conv);
  g_test_add_func ("/ops/matmul/heads", test_matmul_heads);
  g_test_add_func ("/ops/matmul/grouped", test_matmul_grouped);
  g_test_add_func ("/ops/norm", test_norm);
  g_test_add_func ("/ops/norm/one", test_norm_of_one);
  g_test_add_func ("/ops/groups", test_split_join);
  g_test_add_func ("/ops/tokens", test_tokens);
  g_test_add_func ("/ops/attention", test_attention);
  g_test_add_func ("/ops/softmax/range", test_softmax_range);
  g_test_add_func ("/ops/mean", test_mean);
  return g_test_run ();
}
