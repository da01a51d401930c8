/* e2vvkdispatch.h - an operation of a plan as kernel, operands, push constants and grid.
 *
 * Pure: no device, no calls to Vulkan. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_DISPATCH_H
#define E2V_VK_DISPATCH_H

#include "e2vvkpipeline.h"

G_BEGIN_DECLS

/* Twin of shaders/common/push.glsl: same fields, same order; explained there. */
typedef struct
{
  guint32 row0, plane0;
  guint32 rows;
  guint32 n4, k4;
  guint32 x_first, x_row, x_plane;
  guint32 w_first, w_row, w_plane;
  guint32 r_first, r_row, r_plane;
  guint32 y_first, y_row, y_plane;
  guint32 b_step, b_plane;
  guint32 groups, width, width4;
  guint32 count, total, base, alibi;
  float scale;
} E2vVkPush;

/* The size that every Vulkan device offers. */
G_STATIC_ASSERT (sizeof (E2vVkPush) == 27 * 4 && sizeof (E2vVkPush) <= 128);

/* What an operand is: a plan buffer, packed weights, or nothing. */
typedef enum
{
  E2V_VK_NOTHING,
  E2V_VK_BUFFER,                /* index: plan buffer, as texels */
  E2V_VK_FLOATS,                /* index: plan buffer, as single floats */
  E2V_VK_WEIGHT,                /* index: tensor */
  E2V_VK_FACTORS,               /* the model's ALiBi factors, one a texel */
} E2vVkSource;

typedef struct
{
  E2vVkSource source;
  guint index;
} E2vVkBinding;

typedef struct
{
  E2vVkVariant variant;
  E2vVkBinding bindings[E2V_VK_N_OPERANDS];
  E2vVkPush push;
  guint planes;                 /* grid z */
  guint tile_rows;              /* grid x: push.rows of them in tiles of this */
  guint columns;                /* grid y: work groups */
} E2vVkDispatch;

/* @matrix: how the weights of a MATMUL are packed, NULL for the others. */
void e2v_vk_dispatch_init (E2vVkDispatch * dispatch, const E2vVkFamily * family, const E2vPlan * plan,
    const E2vOp * op, const E2vVkMatrix * matrix);

G_END_DECLS

#endif
