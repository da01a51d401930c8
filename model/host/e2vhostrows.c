/* e2vhostrows.c - the operations that move, normalise and add rows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhostops.h"

#include <string.h>

/* Columns whose means are taken at a time. */
#define MEAN_COLUMNS 64

guint
e2v_host_row_size (const E2vHostRun * run, int buffer)
{
  const E2vBuffer *b = e2v_plan_buffer (run->plan, (guint) buffer);

  return b->groups * b->width;
}

float *
e2v_host_row (const E2vHostRun * run, int buffer, guint plane, guint row)
{
  const E2vBuffer *b = e2v_plan_buffer (run->plan, (guint) buffer);

  return run->values[buffer]
      + ((gsize) plane * b->rows + row) * b->groups * b->width;
}

void
e2v_host_unfold (const E2vHostRun * run, const E2vOp * op)
{
  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++)
      memcpy (e2v_host_row (run, op->y, op->y_plane + plane, op->y_row + r),
          e2v_host_row (run, op->x, op->x_plane + plane,
              op->x_row + r * op->step), op->taps * sizeof (float));
  }
}

void
e2v_host_norm (const E2vHostRun * run, const E2vOp * op)
{
  const guint n = e2v_host_row_size (run, op->x);
  const float *gain = e2v_host_weights_get (run->weights, op->w);
  const float *bias = e2v_host_weights_get (run->weights, op->b);

  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++)
      run->loops->norm (e2v_host_row (run, op->x, op->x_plane + plane,
              op->x_row + r), e2v_host_row (run, op->y, op->y_plane + plane,
              op->y_row + r), gain, bias, (float) op->eps, op->gelu, n);
  }
}

void
e2v_host_split_groups (const E2vHostRun * run, const E2vOp * op)
{
  const E2vBuffer *y = e2v_plan_buffer (run->plan, (guint) op->y);
  const guint width = y->width;
  const guint groups = e2v_host_row_size (run, op->x) / width;

  memset (run->values[op->y], 0, e2v_buffer_n_floats (y) * sizeof (float));
  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++) {
      const float *x = e2v_host_row (run, op->x, plane, r);

      for (guint g = 0; g < groups; g++)
        memcpy (e2v_host_row (run, op->y, plane * groups + g, op->pad + r),
            x + g * width, width * sizeof (float));
    }
  }
}

void
e2v_host_join_groups (const E2vHostRun * run, const E2vOp * op)
{
  const guint width = e2v_host_row_size (run, op->x);
  const guint groups = e2v_host_row_size (run, op->y) / width;

  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++) {
      float *y = e2v_host_row (run, op->y, plane, r);

      for (guint g = 0; g < groups; g++)
        memcpy (y + g * width, e2v_host_row (run, op->x, plane * groups + g,
                r), width * sizeof (float));
    }
  }
}

void
e2v_host_tokens (const E2vHostRun * run, const E2vOp * op)
{
  const guint n = e2v_host_row_size (run, op->y);
  const float *extra = e2v_host_weights_get (run->weights, op->w);

  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++) {
      float *y = e2v_host_row (run, op->y, plane, r);

      if (r < op->n_extra)
        memcpy (y, extra + (gsize) r * n, n * sizeof (float));
      else
        run->loops->sum (e2v_host_row (run, op->x, plane, r - op->n_extra),
            e2v_host_row (run, op->x2, plane, r - op->n_extra), y, n);
    }
  }
}

/* Of @n <= MEAN_COLUMNS columns, with sums in double: thousands of rows may follow each other. */
static void
mean_of_columns (const float *x, gsize row, guint rows, float *y, guint n)
{
  double sums[MEAN_COLUMNS] = { 0 };

  for (guint r = 0; r < rows; r++) {
    for (guint i = 0; i < n; i++)
      sums[i] += (double) x[r * row + i];
  }
  for (guint i = 0; i < n; i++)
    y[i] = (float) (sums[i] / rows);
}

void
e2v_host_mean (const E2vHostRun * run, const E2vOp * op)
{
  const guint n = e2v_host_row_size (run, op->y);

  for (guint plane = 0; plane < op->planes; plane++) {
    const float *x = e2v_host_row (run, op->x, plane, op->x_row);
    float *y = e2v_host_row (run, op->y, plane, 0);

    for (guint i = 0; i < n; i += MEAN_COLUMNS)
      mean_of_columns (x + i, n, op->rows, y + i, MIN (MEAN_COLUMNS, n - i));
  }
}
