/* e2vref.c - the reference executor.
 *
 * Activations are double; at FP32 and FP16 every stored value is rounded to float, as a float implementation with
 * exact sums would. Each buffer has memory of its own from its first operation to its last, so that nothing here
 * depends on how the Vulkan executor shares an arena. Formulas: e2vop.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vref.h"

#include "e2verror.h"
#include "e2vplanmem.h"

#include <math.h>
#include <string.h>

/* The values of a tensor while an operation runs. */
typedef struct
{
  const float *values;          /* NULL: the operation has none */
  float *owned;                 /* if they are not the model's own */
} Weights;

typedef struct
{
  E2vProgram parent;
  E2vLife *lives;
  double **values;              /* by buffer; NULL outside of its life */
  gboolean round;               /* stored values are rounded to float */
  Weights w, b;                 /* of the operation that runs */
} RefProgram;

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static guint
row_size (const RefProgram * p, int buffer)
{
  const E2vBuffer *b = e2v_plan_buffer (p->parent.plan, (guint) buffer);

  return b->groups * b->width;
}

static double *
row_at (const RefProgram * p, int buffer, guint plane, guint row)
{
  const E2vBuffer *b = e2v_plan_buffer (p->parent.plan, (guint) buffer);

  return p->values[buffer]
      + ((gsize) plane * b->rows + row) * b->groups * b->width;
}

static double
rounded (const RefProgram * p, double value)
{
  return p->round ? (double) (float) value : value;
}

static double
gelu (double x)
{
  return 0.5 * x * (1 + erf (x * M_SQRT1_2));
}

/* ---- operations, in the order of E2vOpKind ---------------------------------------------------------------------- */

static void
run_unfold (const RefProgram * p, const E2vOp * op)
{
  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++)
      memcpy (row_at (p, op->y, op->y_plane + plane, op->y_row + r),
          row_at (p, op->x, op->x_plane + plane, op->x_row + r * op->step),
          op->taps * sizeof (double));
  }
}

static void
run_matmul (const RefProgram * p, const E2vOp * op)
{
  guint inputs = op->taps * row_size (p, op->x);
  guint outputs = row_size (p, op->y);
  const float *bias = p->b.values;

  for (guint plane = 0; plane < op->planes; plane++) {
    guint first = plane % op->weight_groups * outputs;

    for (guint r = 0; r < op->rows; r++) {
      /* rows follow each other in memory, so `taps` of them are one long row */
      const double *x = row_at (p, op->x, op->x_plane + plane,
          op->x_row + r * op->step);
      double *y = row_at (p, op->y, op->y_plane + plane, op->y_row + r);
      const double *residual = op->residual == E2V_NONE ? NULL
          : row_at (p, op->residual, op->y_plane + plane, op->y_row + r);

      for (guint n = 0; n < outputs; n++) {
        const float *w = p->w.values + (gsize) (first + n) * inputs;
        double sum = 0;

        for (guint k = 0; k < inputs; k++)
          sum += x[k] * (double) w[k];
        if (bias)
          sum += (double) bias[first + n];
        if (op->gelu)
          sum = gelu (sum);
        if (residual)
          sum += residual[n];
        y[n] = rounded (p, sum);
      }
    }
  }
}

static void
norm_row (const RefProgram * p, const E2vOp * op, const double *x, double *y,
    guint n)
{
  const float *gain = p->w.values, *bias = p->b.values;
  double mean = 0, variance = 0, factor;

  for (guint i = 0; i < n; i++)
    mean += x[i] / n;
  for (guint i = 0; i < n; i++)
    variance += (x[i] - mean) * (x[i] - mean) / n;
  factor = 1 / sqrt (variance + op->eps);
  for (guint i = 0; i < n; i++) {
    double value = (x[i] - mean) * factor;

    if (gain)
      value = value * (double) gain[i] + (double) bias[i];
    y[i] = rounded (p, op->gelu ? gelu (value) : value);
  }
}

static void
run_norm (const RefProgram * p, const E2vOp * op)
{
  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++)
      norm_row (p, op, row_at (p, op->x, op->x_plane + plane, op->x_row + r),
          row_at (p, op->y, op->y_plane + plane, op->y_row + r),
          row_size (p, op->x));
  }
}

static void
run_split_groups (const RefProgram * p, const E2vOp * op)
{
  const E2vBuffer *y = e2v_plan_buffer (p->parent.plan, (guint) op->y);
  guint width = y->width, groups = row_size (p, op->x) / width;

  memset (p->values[op->y], 0, e2v_buffer_n_floats (y) * sizeof (double));
  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++) {
      for (guint g = 0; g < groups; g++)
        memcpy (row_at (p, op->y, plane * groups + g, op->pad + r),
            row_at (p, op->x, plane, r) + g * width, width * sizeof (double));
    }
  }
}

static void
run_join_groups (const RefProgram * p, const E2vOp * op)
{
  guint width = row_size (p, op->x), groups = row_size (p, op->y) / width;

  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++) {
      for (guint g = 0; g < groups; g++)
        memcpy (row_at (p, op->y, plane, r) + g * width,
            row_at (p, op->x, plane * groups + g, r), width * sizeof (double));
    }
  }
}

static void
run_tokens (const RefProgram * p, const E2vOp * op)
{
  guint d = row_size (p, op->y);
  const float *extra = p->w.values;

  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++) {
      double *y = row_at (p, op->y, plane, r);

      if (r < op->n_extra) {
        for (guint i = 0; i < d; i++)
          y[i] = (double) extra[r * d + i];
      } else {
        const double *a = row_at (p, op->x, plane, r - op->n_extra);
        const double *b = row_at (p, op->x2, plane, r - op->n_extra);

        for (guint i = 0; i < d; i++)
          y[i] = rounded (p, a[i] + b[i]);
      }
    }
  }
}

/* -a |i - j| between frames, nothing where an extra token is involved. */
static double
alibi_bias (const RefProgram * p, const E2vOp * op, guint head, guint heads,
    guint query, guint key)
{
  const float *factors = e2v_model_alibi (p->parent.executor->model);

  if (!op->alibi || query < op->n_extra || key < op->n_extra)
    return 0;
  return -(double) factors[op->layer * heads + head]
      * fabs ((double) query - (double) key);
}

static void
run_scores (const RefProgram * p, const E2vOp * op)
{
  const E2vBuffer *qkv = e2v_plan_buffer (p->parent.plan, (guint) op->x);
  guint heads = qkv->groups / 3, width = qkv->width;
  guint keys = row_size (p, op->y);

  for (guint plane = 0; plane < op->planes; plane++) {
    guint window = plane / heads, head = plane % heads;

    for (guint r = 0; r < op->rows; r++) {
      guint query = op->x_row + r;
      const double *q = row_at (p, op->x, window, query) + head * width;
      double *y = row_at (p, op->y, plane, r);

      for (guint j = 0; j < keys; j++) {
        const double *k = row_at (p, op->x, window, j) + (heads + head) * width;
        double dot = 0;

        for (guint c = 0; c < width; c++)
          dot += q[c] * k[c];
        y[j] = rounded (p, dot * op->scale
            + alibi_bias (p, op, head, heads, query, j));
      }
    }
  }
}

static void
run_softmax (const RefProgram * p, const E2vOp * op)
{
  guint n = row_size (p, op->x);

  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++) {
      double *x = row_at (p, op->x, plane, r);
      double top = x[0], sum = 0;

      for (guint i = 1; i < n; i++)
        top = MAX (top, x[i]);
      for (guint i = 0; i < n; i++)
        sum += exp (x[i] - top);
      for (guint i = 0; i < n; i++)
        x[i] = rounded (p, exp (x[i] - top) / sum);
    }
  }
}

static void
run_mix (const RefProgram * p, const E2vOp * op)
{
  const E2vBuffer *y_buffer = e2v_plan_buffer (p->parent.plan, (guint) op->y);
  guint heads = y_buffer->groups, width = y_buffer->width;
  guint keys = row_size (p, op->x);

  for (guint plane = 0; plane < op->planes; plane++) {
    for (guint r = 0; r < op->rows; r++) {
      double *y = row_at (p, op->y, plane, op->y_row + r);

      for (guint i = 0; i < heads * width; i++) {
        guint head = i / width, c = i % width;
        const double *a = row_at (p, op->x, plane * heads + head, r);
        double sum = 0;

        for (guint j = 0; j < keys; j++)
          sum += a[j]
              * row_at (p, op->x2, plane, j)[(2 * heads + head) * width + c];
        y[i] = rounded (p, sum);
      }
    }
  }
}

static void
run_mean (const RefProgram * p, const E2vOp * op)
{
  guint d = row_size (p, op->y);

  for (guint plane = 0; plane < op->planes; plane++) {
    double *y = row_at (p, op->y, plane, 0);

    for (guint i = 0; i < d; i++) {
      double sum = 0;

      for (guint r = 0; r < op->rows; r++)
        sum += row_at (p, op->x, plane, op->x_row + r)[i];
      y[i] = rounded (p, sum / op->rows);
    }
  }
}

typedef void (*RunFunc) (const RefProgram * p, const E2vOp * op);

static const RunFunc functions[] = {
  run_unfold, run_matmul, run_norm, run_split_groups, run_join_groups,
  run_tokens, run_scores, run_softmax, run_mix, run_mean,
};

G_STATIC_ASSERT (G_N_ELEMENTS (functions) == E2V_N_OPS);

/* ---- the executor ----------------------------------------------------------------------------------------------- */

static E2vProgram *
ref_prepare (E2vExecutor * executor, const E2vPlan * plan, GError ** error)
{
  RefProgram *p = g_new0 (RefProgram, 1);

  p->parent.executor = executor;
  p->parent.plan = plan;
  p->lives = e2v_plan_lives (plan);
  p->values = g_new0 (double *, e2v_plan_n_buffers (plan));
  p->round = executor->precision != E2V_PRECISION_FP64;
  return &p->parent;
}

/* ---- weights ---------------------------------------------------------------------------------------------------- */

/* Anew for each operation: all of a large model's weights a second time would cost more than the time does. */
static gboolean
load_weights (const RefProgram * p, int index, Weights * weights,
    GError ** error)
{
  const E2vExecutor *executor = p->parent.executor;
  const E2vTensor *tensor;
  gboolean half;
  gsize n;

  if (index == E2V_NONE)
    return TRUE;
  tensor = e2v_model_tensor (executor->model, (guint) index);
  half = executor->precision == E2V_PRECISION_FP16
      && e2v_role_is_matrix (e2v_layout_get (e2v_model_layout
          (executor->model), (guint) index)->role);
  weights->values = half ? NULL : e2v_tensor_floats (tensor);
  if (weights->values)
    return TRUE;
  n = e2v_tensor_n_elements (tensor);
  weights->values = weights->owned = g_try_malloc_n (n, sizeof (float));
  if (!weights->owned) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY,
        "no memory for the weights of an operation");
    return FALSE;
  }
  e2v_tensor_read_f32 (tensor, 0, n, weights->owned);
  if (half)
    e2v_half_round (weights->owned, n);
  return TRUE;
}

static void
unload_weights (RefProgram * p)
{
  const Weights none = { NULL, NULL };

  g_free (p->w.owned);
  g_free (p->b.owned);
  p->w = p->b = none;
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

static gboolean
allocate_starting (RefProgram * p, guint op, GError ** error)
{
  for (guint i = 0; i < e2v_plan_n_buffers (p->parent.plan); i++) {
    gsize n = e2v_buffer_n_floats (e2v_plan_buffer (p->parent.plan, i));

    if (p->lives[i].first_op != op || p->values[i])
      continue;
    p->values[i] = g_try_malloc0_n (n, sizeof (double));
    if (!p->values[i]) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY,
          "no memory for %" G_GSIZE_FORMAT " MiB of activations",
          (n * sizeof (double)) >> 20);
      return FALSE;
    }
  }
  return TRUE;
}

static void
free_ending (RefProgram * p, guint op)
{
  for (guint i = 0; i < e2v_plan_n_buffers (p->parent.plan); i++) {
    if (p->lives[i].last_op == op)
      g_clear_pointer (&p->values[i], g_free);
  }
}

static gboolean
run_op (RefProgram * p, const E2vOp * op, GError ** error)
{
  gboolean ok = load_weights (p, op->w, &p->w, error)
      && load_weights (p, op->b, &p->b, error);

  if (ok)
    functions[op->kind] (p, op);
  unload_weights (p);
  return ok;
}

static gboolean
ref_profile (E2vProgram * program, const float *waveforms, double *op_seconds,
    GError ** error)
{
  RefProgram *p = (RefProgram *) program;
  const E2vPlan *plan = program->plan;

  for (guint i = 0; i < e2v_plan_n_ops (plan); i++) {
    const E2vOp *op = e2v_plan_op (plan, i);
    gint64 start;

    if (!allocate_starting (p, i, error))
      return FALSE;
    if (i == 0) {
      gsize n = e2v_buffer_n_floats (e2v_plan_buffer (plan, 0));

      for (gsize s = 0; s < n; s++)
        p->values[0][s] = (double) waveforms[s];
    }
    start = g_get_monotonic_time ();
    if (!run_op (p, op, error))
      return FALSE;
    if (op_seconds)
      op_seconds[i] = (double) (g_get_monotonic_time () - start) * 1e-6;
    free_ending (p, i);
  }
  return TRUE;
}

static gboolean
ref_run (E2vProgram * program, const float *waveforms, GError ** error)
{
  return ref_profile (program, waveforms, NULL, error);
}

static gboolean
ref_read (E2vProgram * program, guint buffer, float *values, GError ** error)
{
  RefProgram *p = (RefProgram *) program;
  gsize n = e2v_buffer_n_floats (e2v_plan_buffer (program->plan, buffer));

  if (!p->values[buffer]) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "nothing to read: the program has not run");
    return FALSE;
  }
  for (gsize i = 0; i < n; i++)
    values[i] = (float) p->values[buffer][i];
  return TRUE;
}

static void
ref_program_free (E2vProgram * program)
{
  RefProgram *p = (RefProgram *) program;

  for (guint i = 0; i < e2v_plan_n_buffers (program->plan); i++)
    g_free (p->values[i]);
  g_free (p->values);
  g_free (p->lives);
  g_free (p);
}

static void
ref_free (E2vExecutor * executor)
{
  g_free (executor->description);
  e2v_model_unref (executor->model);
  g_free (executor);
}

static E2vExecutor *
ref_reopen (const E2vExecutor * executor, E2vPrecision precision,
    GError ** error)
{
  return e2v_ref_new (executor->model, precision);
}

static const E2vExecutorClass ref_class = {
  "ref", ref_prepare, ref_run, ref_read, ref_profile, ref_program_free,
  ref_reopen, NULL, ref_free
};

E2vExecutor *
e2v_ref_new (E2vModel * model, E2vPrecision precision)
{
  E2vExecutor *ref = g_new0 (E2vExecutor, 1);

  ref->klass = &ref_class;
  ref->model = e2v_model_ref (model);
  ref->precision =
      precision == E2V_PRECISION_AUTO ? E2V_PRECISION_FP32 : precision;
  ref->description = g_strdup ("reference executor (plain C)");
  return ref;
}
