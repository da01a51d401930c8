/* e2vplanmem.h - places the buffers of a plan in one arena.
 *
 * Pure: the same lives give the same offsets. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_PLAN_MEM_H
#define E2V_PLAN_MEM_H

#include "e2vplan.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 size;                 /* bytes; 0: not placed */
  guint first_op, last_op;      /* first writer and last reader, both inclusive */
  guint64 offset;               /* out: bytes from the arena's start */
} E2vLife;

/* When each buffer of @plan is in use; inputs and outputs live all the time. Sizes are left for the executor to fill,
 * since only it knows how it pads. Returns one life a buffer; free with g_free(). */
E2vLife *e2v_plan_lives (const E2vPlan * plan);

/* Gives each life an offset such that lives which overlap in time never overlap in space.
 * @alignment: power of two
 * @limit: bytes, G_MAXUINT64 for none
 * @arena_size: (out): bytes needed; untouched on failure
 * Returns: FALSE with E2V_ERROR_TOO_LARGE if more than @limit bytes would be needed. */
gboolean e2v_plan_mem_place (E2vLife * lives, guint n_lives, guint64 alignment, guint64 limit,
    guint64 * arena_size, GError ** error);

G_END_DECLS

#endif
