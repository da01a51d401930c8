/* e2vop.c - the table of operations.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vop.h"

static const char *const op_names[] = {
  "unfold", "matmul", "norm", "split_groups", "join_groups", "tokens",
  "scores", "softmax", "mix", "mean",
};

G_STATIC_ASSERT (G_N_ELEMENTS (op_names) == E2V_N_OPS);

const char *
e2v_op_name (E2vOpKind kind)
{
  g_return_val_if_fail (kind < E2V_N_OPS, "?");
  return op_names[kind];
}
