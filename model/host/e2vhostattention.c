/* e2vhostattention.c - attention: two products a head, and a softmax between them.
 *
 * Queries, keys and values of a head are every third part of a row's groups; the leading dimension steps over the rest.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhostops.h"

/* Puts the distance terms of all rows of a head into y, to which the product is then added. */
static void
fill_distances (const E2vHostRun * run, const E2vOp * op, guint head,
    guint heads, float *y, guint keys)
{
  const float slope = e2v_model_alibi (run->model)[op->layer * heads + head];

  for (guint r = 0; r < op->rows; r++) {
    const guint query = op->x_row + r;
    /* an extra token is at no distance from anything */
    const guint first = query < op->n_extra ? keys : op->n_extra;

    run->loops->distances (y + (gsize) r * keys, slope, query, first, keys);
  }
}

void
e2v_host_scores (const E2vHostRun * run, const E2vOp * op)
{
  const E2vBuffer *qkv = e2v_plan_buffer (run->plan, (guint) op->x);
  const guint heads = qkv->groups / 3, width = qkv->width;
  const guint row = e2v_host_row_size (run, op->x);
  const guint keys = e2v_host_row_size (run, op->y);

  for (guint plane = 0; plane < op->planes; plane++) {
    const guint window = plane / heads, head = plane % heads;
    const float *q = e2v_host_row (run, op->x, window, op->x_row)
        + head * width;
    const float *k = e2v_host_row (run, op->x, window, 0)
        + (heads + head) * width;
    float *y = e2v_host_row (run, op->y, plane, 0);

    if (op->alibi)
      fill_distances (run, op, head, heads, y, keys);
    run->sgemm (E2V_BLAS_ROW_MAJOR, E2V_BLAS_PLAIN, E2V_BLAS_TRANSPOSED,
        (int) op->rows, (int) keys, (int) width, (float) op->scale, q,
        (int) row, k, (int) row, op->alibi ? 1 : 0, y, (int) keys);
  }
}

void
e2v_host_softmax (const E2vHostRun * run, const E2vOp * op)
{
  const guint n = e2v_host_row_size (run, op->x);

  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++)
      run->loops->softmax (e2v_host_row (run, op->x, plane, r), n);
  }
}

void
e2v_host_mix (const E2vHostRun * run, const E2vOp * op)
{
  const E2vBuffer *y_buffer = e2v_plan_buffer (run->plan, (guint) op->y);
  const guint heads = y_buffer->groups, width = y_buffer->width;
  const guint keys = e2v_host_row_size (run, op->x);
  const guint row = e2v_host_row_size (run, op->x2);

  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint head = 0; head < heads; head++) {
      const float *a = e2v_host_row (run, op->x, plane * heads + head, 0);
      const float *v = e2v_host_row (run, op->x2, plane, 0)
          + (2 * heads + head) * width;
      float *y = e2v_host_row (run, op->y, plane, op->y_row) + head * width;

      run->sgemm (E2V_BLAS_ROW_MAJOR, E2V_BLAS_PLAIN, E2V_BLAS_PLAIN,
          (int) op->rows, (int) width, (int) keys, 1, a, (int) keys, v,
          (int) row, 0, y, (int) (heads * width));
    }
  }
}
