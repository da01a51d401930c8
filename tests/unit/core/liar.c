/* liar.c - an executor for tests that answers like the reference executor, but for the faults that it is told to have.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "liar.h"

#include "e2verror.h"
#include "e2vref.h"

#include <math.h>
#include <string.h>

guint liar_n_runs;

typedef struct
{
  E2vExecutor parent;
  E2vExecutor *inner;
  Liar liar;
  LiarScript *script;           /* that of the liar, or an empty one */
  LiarScript empty;
  gboolean lost, closed, not_finite;
} LiarExecutor;

typedef struct
{
  E2vProgram parent;
  E2vProgram *inner;
} LiarProgram;

/* Whether the next letter lets it go well. */
static gboolean
follow (const char **letters, char *letter, GError ** error)
{
  *letter = *letters && **letters ? *(*letters)++ : '.';
  if (*letter == 'L')
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_DEVICE_LOST,
        "the liar is lost");
  else if (*letter == 'M')
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY,
        "the liar is full");
  else if (*letter == 'D')
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_DEVICE, "the liar is ill");
  return !strchr ("LMD", *letter);
}

static E2vProgram *
liar_prepare (E2vExecutor * executor, const E2vPlan * plan, GError ** error)
{
  LiarExecutor *e = (LiarExecutor *) executor;
  LiarProgram *p = g_new0 (LiarProgram, 1);

  p->parent.executor = executor;
  p->parent.plan = plan;
  e->script->n_programs++;
  p->inner = e2v_executor_prepare (e->inner, plan, error);
  g_assert_nonnull (p->inner);
  return &p->parent;
}

static gboolean
liar_run (E2vProgram * program, const float *waveforms, GError ** error)
{
  LiarExecutor *e = (LiarExecutor *) program->executor;
  char letter = 'L';

  liar_n_runs++;
  if (e->lost) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_DEVICE_LOST,
        "the liar was lost earlier");
    return FALSE;
  }
  if (!follow (&e->script->runs, &letter, error)) {
    e->lost = letter == 'L';
    return FALSE;
  }
  e->not_finite = e->liar.not_finite || letter == 'N';
  return e2v_program_run (((LiarProgram *) program)->inner, waveforms, error);
}

static gboolean
liar_read (E2vProgram * program, guint buffer, float *values, GError ** error)
{
  const LiarExecutor *e = (LiarExecutor *) program->executor;
  const E2vBuffer *b = e2v_plan_buffer (program->plan, buffer);
  gsize n = e2v_buffer_n_floats (b);

  if (!e2v_program_read (((LiarProgram *) program)->inner, buffer, values,
          error))
    return FALSE;
  if (!g_str_equal (b->name, "utterance"))
    return TRUE;
  for (gsize i = 0; i < n; i++)
    values[i] *= (float) (1 + e->liar.embedding_error);
  if (e->not_finite)
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
  ((LiarExecutor *) program->executor)->script->n_programs--;
  e2v_program_free (((LiarProgram *) program)->inner);
  g_free (program);
}

static void
liar_close (E2vExecutor * executor)
{
  LiarExecutor *e = (LiarExecutor *) executor;

  if (!e->closed)
    e->script->n_open--;
  e->closed = TRUE;
}

static void
liar_free (E2vExecutor * executor)
{
  liar_close (executor);
  e2v_executor_free (((LiarExecutor *) executor)->inner);
  e2v_model_unref (executor->model);
  g_free (executor->description);
  g_free (executor->identity);
  g_free (executor);
}

/* It is honest then, unless told otherwise. Nothing of a device may be there when the same is opened again. */
static E2vExecutor *
liar_reopen (const E2vExecutor * executor, E2vPrecision precision,
    GError ** error)
{
  Liar other = ((const LiarExecutor *) executor)->liar;
  LiarScript *script = ((const LiarExecutor *) executor)->script;
  char letter;

  if (precision == executor->precision) {
    g_assert_cmpuint (script->n_open, ==, 0);
    g_assert_cmpuint (script->n_programs, ==, 0);
  }
  if (!follow (&script->reopenings, &letter, error))
    return NULL;
  other.precision = precision;
  other.embedding_error = other.reopened_error;
  if (letter == 'W')
    other.embedding_error = 0.5;
  if (precision != executor->precision)
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
  .close = liar_close,
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
  e->script = liar->script ? liar->script : &e->empty;
  e->script->n_open++;
  e->inner = e2v_ref_new (model, E2V_PRECISION_FP32);
  g_assert_nonnull (e->inner);
  e->parent.klass = &liar_class;
  e->parent.model = e2v_model_ref (model);
  e->parent.precision = liar->precision;
  e->parent.description = g_strdup (liar->name);
  e->parent.identity = g_strdup (liar->identity ? liar->identity : liar->name);
  return &e->parent;
}
