/* e2vhostmatmul.c - linear layers and convolutions as products of matrices.
 *
 * Weights are [outputs][inputs], so y = x W^T. A convolution's inputs are rows of one matrix that overlap: the next one
 * begins `step` rows of x further on, but has `taps` of them. BLAS refuses a leading dimension below the length of a row.
 * (1) Every q-th row, q = ceil (taps / step), does not overlap: q products with q times the leading dimension, on both
 *     sides. For the front end q is 2 at most.
 * (2) A larger q would leave products of a few rows: there (positional convolutions) the rows are copied apart.
 * (3) Bias and residual are put into y first and the product is added to them; what is left for afterwards is GELU, a
 *     residual behind a GELU, and a norm.
 * (4) That is done block by block where a block's weights are small, so that it finds y in the cache. Each product packs
 *     all of the weights again: large ones take one block.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhostops.h"

#include <string.h>

/* Rows of overlapping inputs that are taken apart without a copy. */
#define MAX_PHASES 2

/* Rows that are copied apart at a time. */
#define COPY_ROWS 256

/* Floats of y that stay in the second-level cache of most machines, with the inputs beside them. */
#define BLOCK_FLOATS (128 * 1024)

/* A product of so many rows for each input hides the packing of its weights. */
#define ROWS_PER_INPUT 4

/* One plane, or several whose rows follow each other. */
typedef struct
{
  const float *x;
  gsize x_step;                 /* floats from a row's first input to the next row's */
  const float *w, *bias;        /* bias: NULL if there is none */
  const float *residual;        /* NULL or like y */
  float *y;
  guint rows, k, n;
} Product;

static guint
n_phases (guint k, gsize x_step)
{
  return (guint) ((k + x_step - 1) / x_step);
}

/* ---- the product ------------------------------------------------------------------------------------------------ */

static void
multiply_phases (const E2vHostRun * run, const Product * p, float beta)
{
  const guint phases = p->rows == 1 ? 1 : n_phases (p->k, p->x_step);

  for (guint i = 0; i < MIN (phases, p->rows); i++) {
    const guint rows = (p->rows - i + phases - 1) / phases;
    const gsize lda = MAX (phases * p->x_step, p->k);

    run->sgemm (E2V_BLAS_ROW_MAJOR, E2V_BLAS_PLAIN, E2V_BLAS_TRANSPOSED,
        (int) rows, (int) p->n, (int) p->k, 1, p->x + i * p->x_step,
        (int) lda, p->w, (int) p->k, beta, p->y + (gsize) i * p->n,
        (int) (phases * p->n));
  }
}

static void
multiply_copies (const E2vHostRun * run, const Product * p, float beta)
{
  for (guint first = 0; first < p->rows; first += COPY_ROWS) {
    const guint rows = MIN (COPY_ROWS, p->rows - first);

    for (guint r = 0; r < rows; r++)
      memcpy (run->scratch + (gsize) r * p->k,
          p->x + (first + r) * p->x_step, p->k * sizeof (float));
    run->sgemm (E2V_BLAS_ROW_MAJOR, E2V_BLAS_PLAIN, E2V_BLAS_TRANSPOSED,
        (int) rows, (int) p->n, (int) p->k, 1, run->scratch, (int) p->k, p->w,
        (int) p->k, beta, p->y + (gsize) first * p->n, (int) p->n);
  }
}

/* ---- what comes before and after -------------------------------------------------------------------------------- */

/* Puts into y what the product is added to. FALSE: nothing. */
static gboolean
prepare_rows (const E2vHostRun * run, const Product * p, gboolean gelu)
{
  const float *residual = gelu ? NULL : p->residual;

  if (!p->bias && !residual)
    return FALSE;
  for (guint r = 0; r < p->rows; r++) {
    float *y = p->y + (gsize) r * p->n;
    const float *from = residual ? residual + (gsize) r * p->n : NULL;

    if (from && p->bias)
      run->loops->sum (from, p->bias, y, p->n);
    else
      memcpy (y, from ? from : p->bias, p->n * sizeof (float));
  }
  return TRUE;
}

static void
norm_rows (const E2vHostRun * run, const Product * p, const E2vOp * norm)
{
  const float *gain = e2v_host_weights_get (run->weights, norm->w);
  const float *bias = e2v_host_weights_get (run->weights, norm->b);

  for (guint r = 0; r < p->rows; r++) {
    float *y = p->y + (gsize) r * p->n;

    run->loops->norm (y, y, gain, bias, (float) norm->eps, norm->gelu, p->n);
  }
}

static void
finish_rows (const E2vHostRun * run, const Product * p, const E2vOp * op,
    const E2vOp * norm)
{
  if (op->gelu) {
    run->loops->gelu (p->y, (gsize) p->rows * p->n);
    if (p->residual)
      run->loops->add (p->residual, p->y, (gsize) p->rows * p->n);
  }
  if (norm)
    norm_rows (run, p, norm);
}

/* ---- blocks and planes ------------------------------------------------------------------------------------------ */

static guint
block_rows (const Product * p)
{
  return MAX (MAX (BLOCK_FLOATS / p->n, 1), ROWS_PER_INPUT * p->k);
}

static void
run_blocks (const E2vHostRun * run, const Product * whole, const E2vOp * op,
    const E2vOp * norm)
{
  const guint step = block_rows (whole);

  for (guint first = 0; first < whole->rows; first += step) {
    Product p = *whole;
    float beta;

    p.rows = MIN (step, whole->rows - first);
    p.x += first * p.x_step;
    p.y += (gsize) first *p.n;
    if (p.residual)
      p.residual += (gsize) first *p.n;
    beta = prepare_rows (run, &p, op->gelu) ? 1 : 0;
    if (n_phases (p.k, p.x_step) <= MAX_PHASES)
      multiply_phases (run, &p, beta);
    else
      multiply_copies (run, &p, beta);
    finish_rows (run, &p, op, norm);
  }
}

/* Whether the rows of all planes follow each other, in x and in y. */
static gboolean
is_one_plane (const E2vHostRun * run, const E2vOp * op)
{
  const E2vBuffer *x = e2v_plan_buffer (run->plan, (guint) op->x);
  const E2vBuffer *y = e2v_plan_buffer (run->plan, (guint) op->y);

  return op->taps == 1 && op->step == 1 && op->weight_groups == 1
      && op->rows == x->rows && op->rows == y->rows;
}

void
e2v_host_matmul (const E2vHostRun * run, const E2vOp * op, const E2vOp * norm)
{
  const guint merged = is_one_plane (run, op) ? op->planes : 1;
  const guint x_row = e2v_host_row_size (run, op->x);
  const float *w = e2v_host_weights_get (run->weights, op->w);
  const float *bias = e2v_host_weights_get (run->weights, op->b);
  Product p = {.x_step = (gsize) op->step * x_row,.rows = op->rows * merged,
    .k = op->taps * x_row,.n = e2v_host_row_size (run, op->y)
  };

  for (guint plane = 0; plane < op->planes; plane += merged) {
    const gsize first = (gsize) (plane % op->weight_groups) * p.n;

    p.x = e2v_host_row (run, op->x, op->x_plane + plane, op->x_row);
    p.y = e2v_host_row (run, op->y, op->y_plane + plane, op->y_row);
    p.w = w + first * p.k;
    p.bias = bias ? bias + first : NULL;
    p.residual = op->residual == E2V_NONE ? NULL
        : e2v_host_row (run, op->residual, op->y_plane + plane, op->y_row);
    run_blocks (run, &p, op, norm);
  }
}

gsize
e2v_host_scratch_floats (const E2vPlan * plan, const E2vOp * op)
{
  const E2vBuffer *x = e2v_plan_buffer (plan, (guint) op->x);
  const guint x_row = x->groups * x->width;

  if (op->kind != E2V_OP_MATMUL
      || n_phases (op->taps * x_row, (gsize) op->step * x_row) <= MAX_PHASES)
    return 0;
  return (gsize) MIN (op->rows, COPY_ROWS) * op->taps * x_row;
}

static gboolean
covers (const E2vPlan * plan, const E2vOp * op)
{
  const E2vBuffer *y = e2v_plan_buffer (plan, (guint) op->y);

  return op->y_plane == 0 && op->y_row == 0 && op->planes == y->planes
      && op->rows == y->rows;
}

gboolean
e2v_host_can_join (const E2vPlan * plan, const E2vOp * op, const E2vOp * norm)
{
  return op->kind == E2V_OP_MATMUL && norm->kind == E2V_OP_NORM
      && norm->x == op->y && norm->y == op->y && covers (plan, op)
      && covers (plan, norm) && norm->x_plane == 0 && norm->x_row == 0;
}
