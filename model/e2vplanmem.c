/* e2vplanmem.c - buffers that live at different times share memory.
 *
 * Greedy by size: the largest life is placed first, each at the lowest offset where it meets no life that overlaps it
 * in time. For a chain of layers this comes within a few percent of the largest sum of lives of one moment.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vplanmem.h"

#include "e2verror.h"

#include <stdlib.h>

static void
use (E2vLife * lives, int buffer, guint op)
{
  if (buffer == E2V_NONE)
    return;
  lives[buffer].first_op = MIN (lives[buffer].first_op, op);
  lives[buffer].last_op = MAX (lives[buffer].last_op, op);
}

E2vLife *
e2v_plan_lives (const E2vPlan * plan)
{
  guint n = e2v_plan_n_buffers (plan);
  E2vLife *lives = g_new0 (E2vLife, n);

  for (guint i = 0; i < n; i++)
    lives[i].first_op = G_MAXUINT;
  for (guint i = 0; i < e2v_plan_n_ops (plan); i++) {
    const E2vOp *op = e2v_plan_op (plan, i);

    use (lives, op->x, i);
    use (lives, op->x2, i);
    use (lives, op->y, i);
    use (lives, op->residual, i);
  }
  for (guint i = 0; i < n; i++) {
    if (e2v_plan_buffer (plan, i)->use != E2V_BUFFER_TRANSIENT) {
      lives[i].first_op = 0;
      lives[i].last_op = G_MAXUINT;
    }
  }
  return lives;
}

static gboolean
meet_in_time (const E2vLife * a, const E2vLife * b)
{
  return a->first_op <= b->last_op && b->first_op <= a->last_op;
}

static int
compare_size (const void *a, const void *b)
{
  const E2vLife *x = *(const E2vLife * const *) a;
  const E2vLife *y = *(const E2vLife * const *) b;

  if (x->size != y->size)
    return x->size < y->size ? 1 : -1;
  return x < y ? -1 : 1;        /* same array: a stable order */
}

/* The lowest aligned offset at which @life meets none of the @n placed ones. Each collision moves it behind the one
 * it met, so the loop ends. */
static guint64
lowest_offset (const E2vLife * life, E2vLife ** placed, guint n,
    guint64 alignment)
{
  guint64 offset = 0;

  for (guint i = 0; i < n; i++) {
    const E2vLife *other = placed[i];

    if (meet_in_time (life, other) && offset < other->offset + other->size
        && other->offset < offset + life->size) {
      offset = (other->offset + other->size + alignment - 1) & ~(alignment - 1);
      i = G_MAXUINT;            /* from the start: an earlier one may be met now */
    }
  }
  return offset;
}

gboolean
e2v_plan_mem_place (E2vLife * lives, guint n_lives, guint64 alignment,
    guint64 limit, guint64 * arena_size, GError ** error)
{
  g_autofree E2vLife **order = g_new (E2vLife *, n_lives + 1);
  guint64 end = 0;
  guint n = 0;

  for (guint i = 0; i < n_lives; i++) {
    if (lives[i].size && lives[i].first_op <= lives[i].last_op)
      order[n++] = &lives[i];
  }
  qsort (order, n, sizeof *order, compare_size);
  for (guint i = 0; i < n; i++) {
    order[i]->offset = lowest_offset (order[i], order, i, alignment);
    end = MAX (end, order[i]->offset + order[i]->size);
  }
  if (end > limit) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
        "the activations need %" G_GUINT64_FORMAT " MiB, the limit is %"
        G_GUINT64_FORMAT " MiB", end >> 20, limit >> 20);
    return FALSE;
  }
  *arena_size = end;
  return TRUE;
}
