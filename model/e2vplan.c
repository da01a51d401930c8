/* e2vplan.c - a plan as data: access, cost, text.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vplanpriv.h"

#include <string.h>

static const char *const stage_names[] = {
  "front end", "projection", "positional", "qkv", "attention",
  "attention projection", "mlp", "norms", "head",
};

G_STATIC_ASSERT (G_N_ELEMENTS (stage_names) == E2V_N_STAGES);

const char *
e2v_stage_name (E2vStage stage)
{
  g_return_val_if_fail (stage < E2V_N_STAGES, "?");
  return stage_names[stage];
}

E2vPlan *
e2v_plan_alloc (const E2vHparams * hparams, const E2vPlanRequest * request)
{
  E2vPlan *plan = g_new0 (E2vPlan, 1);

  plan->hparams = *hparams;
  plan->request = *request;
  plan->n_frames = e2v_hparams_n_frames (hparams, request->n_samples);
  plan->buffers = g_array_new (FALSE, TRUE, sizeof (E2vBuffer));
  plan->ops = g_array_new (FALSE, TRUE, sizeof (E2vOp));
  return plan;
}

E2vPlan *
e2v_plan_new_raw (const E2vHparams * hparams, const E2vPlanRequest * request,
    const E2vBuffer * buffers, guint n_buffers, const E2vOp * ops, guint n_ops)
{
  E2vPlan *plan = e2v_plan_alloc (hparams, request);

  g_array_append_vals (plan->buffers, buffers, n_buffers);
  g_array_append_vals (plan->ops, ops, n_ops);
  return plan;
}

void
e2v_plan_free (E2vPlan * plan)
{
  if (!plan)
    return;
  g_array_unref (plan->buffers);
  g_array_unref (plan->ops);
  g_free (plan);
}

const E2vPlanRequest *
e2v_plan_request (const E2vPlan * plan)
{
  return &plan->request;
}

const E2vHparams *
e2v_plan_hparams (const E2vPlan * plan)
{
  return &plan->hparams;
}

guint
e2v_plan_n_frames (const E2vPlan * plan)
{
  return plan->n_frames;
}

guint
e2v_plan_n_ops (const E2vPlan * plan)
{
  return plan->ops->len;
}

const E2vOp *
e2v_plan_op (const E2vPlan * plan, guint index)
{
  g_return_val_if_fail (index < plan->ops->len, NULL);
  return &g_array_index (plan->ops, E2vOp, index);
}

guint
e2v_plan_n_buffers (const E2vPlan * plan)
{
  return plan->buffers->len;
}

const E2vBuffer *
e2v_plan_buffer (const E2vPlan * plan, guint index)
{
  g_return_val_if_fail (index < plan->buffers->len, NULL);
  return &g_array_index (plan->buffers, E2vBuffer, index);
}

int
e2v_plan_find (const E2vPlan * plan, const char *name)
{
  for (guint i = 0; i < plan->buffers->len; i++) {
    if (g_str_equal (e2v_plan_buffer (plan, i)->name, name))
      return (int) i;
  }
  return E2V_NONE;
}

gsize
e2v_buffer_n_floats (const E2vBuffer * buffer)
{
  return (gsize) buffer->planes * buffer->rows * buffer->groups * buffer->width;
}

static guint
row_floats (const E2vBuffer * buffer)
{
  return buffer->groups * buffer->width;
}

double
e2v_op_flops (const E2vPlan * plan, const E2vOp * op)
{
  const E2vBuffer *x = e2v_plan_buffer (plan, (guint) op->x);
  const E2vBuffer *y = e2v_plan_buffer (plan, (guint) op->y);
  double rows = (double) op->planes * op->rows;

  switch (op->kind) {
    case E2V_OP_MATMUL:
      return 2 * rows * row_floats (y) * op->taps * row_floats (x);
    case E2V_OP_SCORES:
      return 2 * rows * y->width * x->width;
    case E2V_OP_MIX:
      return 2 * rows * row_floats (y) * x->width;
    default:
      return 0;
  }
}

double
e2v_plan_flops (const E2vPlan * plan)
{
  double sum = 0;

  for (guint i = 0; i < plan->ops->len; i++)
    sum += e2v_op_flops (plan, e2v_plan_op (plan, i));
  return sum;
}

static void
print_buffer (GString * s, guint index, const E2vBuffer * buffer)
{
  static const char *const uses[] = { "", " input", " output", " zero" };

  g_string_append_printf (s, "buffer %u: %u x %u x %u x %u%s%s%s\n", index,
      buffer->planes, buffer->rows, buffer->groups, buffer->width,
      uses[buffer->use], buffer->name[0] ? " " : "", buffer->name);
}

static void
print_number (GString * s, const char *name, guint value, guint usual)
{
  if (value != usual)
    g_string_append_printf (s, " %s %u", name, value);
}

static void
print_op (GString * s, const E2vLayout * layout, guint index, const E2vOp * op)
{
  g_string_append_printf (s, "%u: %s %d", index, e2v_op_name (op->kind), op->x);
  if (op->x2 != E2V_NONE)
    g_string_append_printf (s, ", %d", op->x2);
  g_string_append_printf (s, " -> %d, %u x %u rows", op->y, op->planes,
      op->rows);
  if (op->w != E2V_NONE)
    g_string_append_printf (s, ", %s",
        e2v_layout_get (layout, (guint) op->w)->name);
  if (op->b != E2V_NONE)
    g_string_append (s, ", bias");
  if (op->gelu)
    g_string_append (s, ", gelu");
  if (op->residual != E2V_NONE)
    g_string_append_printf (s, ", + %d", op->residual);
  print_number (s, "x-plane", op->x_plane, 0);
  print_number (s, "y-plane", op->y_plane, 0);
  print_number (s, "x-row", op->x_row, 0);
  print_number (s, "y-row", op->y_row, 0);
  print_number (s, "step", op->step, 1);
  print_number (s, "taps", op->taps, 1);
  print_number (s, "groups", op->weight_groups, 1);
  print_number (s, "pad", op->pad, 0);
  if (op->kind == E2V_OP_SCORES && op->alibi)
    g_string_append_printf (s, " alibi %u", op->layer);
  g_string_append_c (s, '\n');
}

char *
e2v_plan_to_string (const E2vPlan * plan)
{
  g_autoptr (E2vLayout) layout = e2v_layout_new (&plan->hparams);
  GString *s = g_string_new (NULL);

  g_string_append_printf (s,
      "batch %u, %u samples, %u frames, %.3f GFLOP\n", plan->request.batch,
      plan->request.n_samples, plan->n_frames, e2v_plan_flops (plan) * 1e-9);
  for (guint i = 0; i < plan->buffers->len; i++)
    print_buffer (s, i, e2v_plan_buffer (plan, i));
  for (guint i = 0; i < plan->ops->len; i++)
    print_op (s, layout, i, e2v_plan_op (plan, i));
  return g_string_free (s, FALSE);
}
