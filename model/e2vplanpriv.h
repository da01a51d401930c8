/* e2vplanpriv.h - the inside of a plan, for the two files that make and read it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_PLAN_PRIV_H
#define E2V_PLAN_PRIV_H

#include "e2vplan.h"

G_BEGIN_DECLS

struct _E2vPlan
{
  E2vHparams hparams;
  E2vPlanRequest request;
  guint n_frames;
  GArray *buffers;              /* of E2vBuffer */
  GArray *ops;                  /* of E2vOp */
};

/* An empty plan. */
E2vPlan *e2v_plan_alloc (const E2vHparams * hparams, const E2vPlanRequest * request);

G_END_DECLS

#endif
