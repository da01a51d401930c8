/* liar.c - an executor for tests that answers like the reference executor, but for the faults that it is told to have.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "liar.h"

#include "e2verror.h"
#include "e2vref.h"

#include <math.h>

guint liar_n_runs;

typedef struct
{
  E2vExecutor parent;
  E2vExecutor *inner;
  Liar liar;
} LiarExecutor;

typedef struct
{
  E2vProgram parent;
  E2vProgram *inner;
} LiarProgram;

static E2vProgram *
liar_prepare (E2vExecutor * executor, const E2vPlan * plan, GError ** error)
{
  LiarExecutor *e = (LiarExecutor *) executor;
  LiarProgram *p = g_new0 (LiarProgram, 1);

  p->parent.executor = executor;
  p->parent.plan = plan;
  p->inner = e2v_executor_prepare (e->inner, plan, error);
  g_assert_nonnull (p->inner);
  return &p->parent;
}

static gboolean
liar_run (E2vProgram * program, const float *waveforms, GError ** error)
{
  liar_n_runs++;
  return e2v_program_run (((LiarProgram *) program)->inner, waveforms, error);
}

static gboolean
liar_read (E2vProgram * program, guint buffer, float *values, GError ** error)
{
  const Liar *liar = &((LiarExecutor *) program->executor)->liar;
  const E2vBuffer *b = e2v_plan_buffer (program->plan, buffer);
  gsize n = e2v_buffer_n_floats (b);

  if (!e2v_program_read (((LiarProgram *) program)->inner, buffer, values,
          error))
    return FALSE;
  if (!g_str_equal (b->name, "utterance"))
    return TRUE;
  for (gsize i = 0; i < n; i++)
    values[i] *= (float) (1 + liar->embedding_error);
  if (liar->not_finite)
    values[n - 1] = NAN;
  return TRUE;
}

static gboolean
liar_profile (E2vProgram * program, const float *waveforms,
    double *op_seconds, GError ** error)
{
  return e2v_program_profile (((LiarProgram *) program)->inner, waveforms,
      op_seconds, error);
}

static void
liar_program_free (E2vProgram * program)
{
  e2v_program_free (((LiarProgram *) program)->inner);
  g_free (program);
}

static void
liar_free (E2vExecutor * executor)
{
  e2v_executor_free (((LiarExecutor *) executor)->inner);
  e2v_model_unref (executor->model);
  g_free (executor->description);
  g_free (executor->identity);
  g_free (executor);
}

/* In another precision it is honest, unless told otherwise. */
static E2vExecutor *
liar_reopen (const E2vExecutor * executor, E2vPrecision precision,
    GError ** error)
{
  Liar other = ((const LiarExecutor *) executor)->liar;

  other.precision = precision;
  other.embedding_error = other.reopened_error;
  other.not_finite = other.reopened_not_finite;
  return liar_new (executor->model, &other, error);
}

static const E2vExecutorClass liar_class = {
  .name = "liar",
  .prepare = liar_prepare,
  .run = liar_run,
  .read = liar_read,
  .profile = liar_profile,
  .program_free = liar_program_free,
  .reopen = liar_reopen,
  .free = liar_free,
};

E2vExecutor *
liar_new (E2vModel * model, const Liar * liar, GError ** error)
{
  LiarExecutor *e;

  if (!liar->name) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_NO_DRIVER,
        "there is no such device");
    return NULL;
  }
  e = g_new0 (LiarExecutor, 1);
  e->liar = *liar;
  e->inner = e2v_ref_new (model, E2V_PRECISION_FP32);
  g_assert_nonnull (e->inner);
  e->parent.klass = &liar_class;
  e->parent.model = e2v_model_ref (model);
  e->parent.precision = liar->precision;
  e->parent.description = g_strdup (liar->name);
  e->parent.identity = g_strdup (liar->identity ? liar->identity : liar->name);
  return &e->parent;
}
