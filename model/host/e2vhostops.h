/* e2vhostops.h - the operations of a plan through BLAS and the loops of e2vhostloops.h. Formulas: e2vop.h.
 *
 * Buffers lie in memory as in the plan, without padding. MT: one caller at a time for an E2vHostRun.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_HOST_OPS_H
#define E2V_HOST_OPS_H

#include "e2vhostblas.h"
#include "e2vhostloops.h"
#include "e2vhostweights.h"
#include "e2vplan.h"

G_BEGIN_DECLS

/* What an operation needs to run. All borrowed. */
typedef struct
{
  const E2vPlan *plan;
  const E2vModel *model;
  E2vSgemm sgemm;
  const E2vHostLoops *loops;
  const E2vHostWeights *weights;
  float **values;               /* by buffer */
  float *scratch;               /* e2v_host_scratch_floats() of every operation */
} E2vHostRun;

/* Floats of a row of a buffer, and where one begins. */
guint e2v_host_row_size (const E2vHostRun * run, int buffer);
float *e2v_host_row (const E2vHostRun * run, int buffer, guint plane, guint row);

/* Floats of scratch memory that an operation needs. */
gsize e2v_host_scratch_floats (const E2vPlan * plan, const E2vOp * op);

/* Whether @norm, the operation after @op, normalises all that @op, a matrix product, writes, and in place. */
gboolean e2v_host_can_join (const E2vPlan * plan, const E2vOp * op, const E2vOp * norm);

/* @norm: NULL, or what e2v_host_can_join() said yes to: it is done on each block of rows while that is in the cache. */
void e2v_host_matmul (const E2vHostRun * run, const E2vOp * op, const E2vOp * norm);

void e2v_host_scores (const E2vHostRun * run, const E2vOp * op);
void e2v_host_softmax (const E2vHostRun * run, const E2vOp * op);
void e2v_host_mix (const E2vHostRun * run, const E2vOp * op);

void e2v_host_unfold (const E2vHostRun * run, const E2vOp * op);
void e2v_host_norm (const E2vHostRun * run, const E2vOp * op);
void e2v_host_split_groups (const E2vHostRun * run, const E2vOp * op);
void e2v_host_join_groups (const E2vHostRun * run, const E2vOp * op);
void e2v_host_tokens (const E2vHostRun * run, const E2vOp * op);
void e2v_host_mean (const E2vHostRun * run, const E2vOp * op);

G_END_DECLS

#endif
