/* e2vvkdispatch.c - an operation of a plan as kernel, operands, push constants and grid.
 *
 * One function an operation. Strides are in texels of four floats but for operands that kernels read float by float.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkdispatch.h"

#include <string.h>

/* Where the rows of a plan buffer lie, in units of `unit` floats. */
typedef struct
{
  guint row, plane;
} Strides;

static const E2vBuffer *
buffer_of (const E2vPlan * plan, int index)
{
  return e2v_plan_buffer (plan, (guint) index);
}

static Strides
strides_of (const E2vBuffer * buffer, guint unit)
{
  Strides s;

  s.row = e2v_vk_buffer_row (buffer) / unit;
  s.plane = s.row * buffer->rows;
  return s;
}

static void
bind (E2vVkDispatch * d, E2vVkOperand operand, E2vVkSource source, int index)
{
  if (index == E2V_NONE)
    return;
  d->bindings[operand].source = source;
  d->bindings[operand].index = (guint) index;
}

static void
set_x (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op, guint unit)
{
  const Strides s = strides_of (buffer_of (plan, op->x), unit);

  bind (d, E2V_VK_X, unit == 1 ? E2V_VK_FLOATS : E2V_VK_BUFFER, op->x);
  d->push.x_row = s.row;
  d->push.x_plane = s.plane;
  d->push.x_first = op->x_plane * s.plane + op->x_row * s.row;
}

static void
set_y (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  const Strides s = strides_of (buffer_of (plan, op->y), 4);

  bind (d, E2V_VK_Y, E2V_VK_BUFFER, op->y);
  d->push.n4 = s.row;
  d->push.y_row = s.row;
  d->push.y_plane = s.plane;
  d->push.y_first = op->y_plane * s.plane + op->y_row * s.row;
}

static void
set_columns (E2vVkDispatch * d, E2vVkColumns columns)
{
  d->push.groups = columns.groups;
  d->push.width = columns.width;
  d->push.width4 = e2v_vk_pad (columns.width) / 4;
}

static void
init_unfold (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  set_x (d, plan, op, 1);
  set_y (d, plan, op);
  set_columns (d, e2v_vk_columns (buffer_of (plan, op->y)));
  d->push.x_row *= op->step;
}

static void
init_matmul (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op,
    const E2vVkFamily * family, const E2vVkMatrix * matrix)
{
  const guint panel_texels = family->packing.columns / 4;

  set_x (d, plan, op, 4);
  set_y (d, plan, op);
  d->push.x_row *= op->step;
  d->push.k4 = matrix->k / 4;
  d->push.groups = matrix->sets;
  bind (d, E2V_VK_W, E2V_VK_WEIGHT, op->w);
  bind (d, E2V_VK_B, E2V_VK_WEIGHT, op->b);
  d->push.b_step = op->b != E2V_NONE;
  d->push.b_plane = matrix->panels * panel_texels;
  /* simd kernels load eight halves at once, everything else goes by four */
  d->push.w_row = matrix->k * panel_texels;
  if (matrix->half && family->packing.lanes)
    d->push.w_row /= 2;
  d->push.w_plane = matrix->panels * d->push.w_row;
  d->variant.half = matrix->half;
  if (op->gelu)
    d->variant.switches |= E2V_VK_GELU;
  if (op->residual != E2V_NONE) {
    d->variant.switches |= E2V_VK_RESIDUAL;
    bind (d, E2V_VK_R, E2V_VK_BUFFER, op->residual);
    d->push.r_first = d->push.y_first;
    d->push.r_row = d->push.y_row;
    d->push.r_plane = d->push.y_plane;
  }
}

static void
init_norm (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  set_x (d, plan, op, 4);
  set_y (d, plan, op);
  set_columns (d, e2v_vk_columns (buffer_of (plan, op->x)));
  d->push.scale = (float) op->eps;
  bind (d, E2V_VK_W, E2V_VK_WEIGHT, op->w);
  bind (d, E2V_VK_B, E2V_VK_WEIGHT, op->b);
  if (op->gelu)
    d->variant.switches |= E2V_VK_GELU;
  if (op->w != E2V_NONE)
    d->variant.switches |= E2V_VK_AFFINE;
}

/* All rows of y are written: the convolution reads the zeros around. */
static void
init_split_groups (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  const E2vBuffer *x = buffer_of (plan, op->x), *y = buffer_of (plan, op->y);

  set_x (d, plan, op, 1);
  set_y (d, plan, op);
  set_columns (d, e2v_vk_columns (y));
  d->push.groups = x->groups * x->width / y->width;
  d->push.rows = y->rows;
  d->push.total = op->rows;
  d->push.count = op->pad;
  d->planes = op->planes * d->push.groups;
}

static void
init_join_groups (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  const E2vBuffer *x = buffer_of (plan, op->x), *y = buffer_of (plan, op->y);

  set_x (d, plan, op, 1);
  set_y (d, plan, op);
  set_columns (d, e2v_vk_columns (x));
  d->push.groups = y->groups * y->width / x->width;
}

static void
init_tokens (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  const Strides x2 = strides_of (buffer_of (plan, op->x2), 4);

  set_x (d, plan, op, 4);
  set_y (d, plan, op);
  bind (d, E2V_VK_W, E2V_VK_BUFFER, op->x2);
  if (op->n_extra > 0)
    bind (d, E2V_VK_B, E2V_VK_WEIGHT, op->w);
  d->push.w_row = x2.row;
  d->push.w_plane = x2.plane;
  d->push.count = op->n_extra;
}

static void
init_scores (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  const E2vBuffer *x = buffer_of (plan, op->x), *y = buffer_of (plan, op->y);

  set_x (d, plan, op, 4);
  set_y (d, plan, op);
  set_columns (d, e2v_vk_columns (x));
  d->push.groups = x->groups / 3;
  d->push.x_first = op->x_plane * d->push.x_plane;
  d->push.base = op->x_row;
  d->push.total = y->width;
  d->push.count = op->n_extra;
  d->push.scale = (float) op->scale;
  if (op->alibi) {
    d->variant.switches |= E2V_VK_ALIBI;
    bind (d, E2V_VK_B, E2V_VK_FACTORS, 0);
    d->push.alibi = op->layer * d->push.groups;
  }
}

static void
init_softmax (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  set_y (d, plan, op);
  set_columns (d, e2v_vk_columns (buffer_of (plan, op->y)));
}

static void
init_mix (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  const E2vBuffer *x = buffer_of (plan, op->x), *y = buffer_of (plan, op->y);
  const Strides x2 = strides_of (buffer_of (plan, op->x2), 4);

  set_x (d, plan, op, 4);
  set_y (d, plan, op);
  set_columns (d, e2v_vk_columns (y));
  bind (d, E2V_VK_W, E2V_VK_BUFFER, op->x2);
  d->push.w_row = x2.row;
  d->push.w_plane = x2.plane;
  d->push.k4 = d->push.x_row;
  d->push.total = x->width;
  d->push.n4 = d->push.width4;
  d->planes = op->planes * y->groups;
}

static void
init_mean (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  set_x (d, plan, op, 4);
  set_y (d, plan, op);
  d->push.total = op->rows;
  d->push.rows = 1;
}

/* Whether the rows of all planes follow each other without a gap, in x, y and the residual (of y's shape). */
static gboolean
is_contiguous (const E2vPlan * plan, const E2vOp * op)
{
  const E2vBuffer *x = buffer_of (plan, op->x), *y = buffer_of (plan, op->y);

  return op->x_row == 0 && op->y_row == 0 && op->rows == x->rows
      && op->rows == y->rows;
}

/* Kernels work on tiles of rows, and the last tile of a plane is seldom full. So rows that have nothing to do with
 * each other run as rows of one plane. */
static void
flatten (E2vVkDispatch * d, const E2vPlan * plan, const E2vOp * op)
{
  const gboolean by_rows = op->kind == E2V_OP_NORM
      || (op->kind == E2V_OP_MATMUL && op->taps == 1 && op->step == 1
      && op->weight_groups == 1);

  if (!by_rows || !is_contiguous (plan, op))
    return;
  d->push.rows *= d->planes;
  d->planes = 1;
}

void
e2v_vk_dispatch_init (E2vVkDispatch * d, const E2vVkFamily * family,
    const E2vPlan * plan, const E2vOp * op, const E2vVkMatrix * matrix)
{
  const E2vVkTile *tile = &family->tiles[op->kind];

  memset (d, 0, sizeof *d);
  d->variant.kind = op->kind;
  d->planes = op->planes;
  d->push.rows = op->rows;
  switch (op->kind) {
    case E2V_OP_UNFOLD:
      init_unfold (d, plan, op);
      break;
    case E2V_OP_MATMUL:
      init_matmul (d, plan, op, family, matrix);
      break;
    case E2V_OP_NORM:
      init_norm (d, plan, op);
      break;
    case E2V_OP_SPLIT_GROUPS:
      init_split_groups (d, plan, op);
      break;
    case E2V_OP_JOIN_GROUPS:
      init_join_groups (d, plan, op);
      break;
    case E2V_OP_TOKENS:
      init_tokens (d, plan, op);
      break;
    case E2V_OP_SCORES:
      init_scores (d, plan, op);
      break;
    case E2V_OP_SOFTMAX:
      init_softmax (d, plan, op);
      break;
    case E2V_OP_MIX:
      init_mix (d, plan, op);
      break;
    case E2V_OP_MEAN:
      init_mean (d, plan, op);
      break;
    default:
      g_return_if_reached ();
  }
  flatten (d, plan, op);
  d->tile_rows = tile->rows;
  d->columns = tile->texels ? (d->push.n4 + tile->texels - 1) / tile->texels
      : 1;
}
