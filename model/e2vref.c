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

typedef struct
{
  E2vExecutor parent;
  float **weights;              /* by layout index */
} Ref;

typedef struct
{
  E2vProgram parent;
  const Ref *ref;
  E2vLife *lives;
  double **values;              /* by buffer; NULL outside of its life */
  gboolean round;               /* stored values are rounded to float */
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

static const float *
weights_of (const RefProgram * p, int tensor)
{
  return tensor == E2V_NONE ? NULL : p->ref->weights[tensor];
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
  const float *bias = weights_of (p, op->b);

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
        const float *w = weights_of (p, op->w) + (gsize) (first + n) * inputs;
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
  const float *gain = weights_of (p, op->w), *bias = weights_of (p, op->b);
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
  const float *extra = weights_of (p, op->w);

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
  const float *factors = e2v_model_alibi (p->ref->parent.model);

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
  p->ref = (const Ref *) executor;
  p->lives = e2v_plan_lives (plan);
  p->values = g_new0 (double *, e2v_plan_n_buffers (plan));
  p->round = executor->precision != E2V_PRECISION_FP64;
  return &p->parent;
}

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
    functions[op->kind] (p, op);
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
  Ref *ref = (Ref *) executor;

  for (guint i = 0; ref->weights
      && i < e2v_layout_size (e2v_model_layout (executor->model)); i++)
    g_free (ref->weights[i]);
  g_free (ref->weights);
  g_free (executor->description);
  e2v_model_unref (executor->model);
  g_free (ref);
}

static E2vExecutor *
ref_reopen (const E2vExecutor * executor, E2vPrecision precision,
    GError ** error)
{
  return e2v_ref_new (executor->model, precision, error);
}

static const E2vExecutorClass ref_class = {
  "ref", ref_prepare, ref_run, ref_read, ref_profile, ref_program_free,
  ref_reopen, NULL, ref_free
};

static float *
load_weights (const E2vTensor * tensor, gboolean half)
{
  gsize n = e2v_tensor_n_elements (tensor);
  float *values = g_try_malloc_n (n, sizeof (float));

  if (!values)
    return NULL;
  e2v_tensor_read_f32 (tensor, 0, n, values);
  if (half && e2v_half_is_safe (values, n)) {
    for (gsize i = 0; i < n; i++)
      values[i] = e2v_half_to_float (e2v_half_from_float (values[i]));
  }
  return values;
}

E2vExecutor *
e2v_ref_new (E2vModel * model, E2vPrecision precision, GError ** error)
{
  const E2vLayout *layout = e2v_model_layout (model);
  Ref *ref = g_new0 (Ref, 1);

  ref->parent.klass = &ref_class;
  ref->parent.model = e2v_model_ref (model);
  ref->parent.precision =
      precision == E2V_PRECISION_AUTO ? E2V_PRECISION_FP32 : precision;
  ref->parent.description = g_strdup ("reference executor (plain C)");
  ref->weights = g_new0 (float *, e2v_layout_size (layout));
  for (guint i = 0; i < e2v_layout_size (layout); i++) {
    gboolean half = precision == E2V_PRECISION_FP16
        && e2v_role_is_matrix (e2v_layout_get (layout, i)->role);

    ref->weights[i] = load_weights (e2v_model_tensor (model, i), half);
    if (!ref->weights[i]) {
      g_set_error_literal (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY,
          "no memory for the weights");
      ref_free (&ref->parent);
      return NULL;
    }
  }
  return &ref->parent;
}
