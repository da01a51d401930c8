/* slowexecutor.c - an executor that waits for the test: the reference executor behind a gate.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slowexecutor.h"

#include "e2vref.h"
#include "gstemotion2vecregistry.h"

typedef struct
{
  E2vExecutor parent;
  E2vExecutor *inner;
} SlowExecutor;

typedef struct
{
  E2vProgram parent;
  E2vProgram *inner;
} SlowProgram;

static struct
{
  GMutex lock;
  GCond changed;
  gboolean closed;
  guint passes;                 /* runs that may pass while it is closed */
  GArray *runs;                 /* of SlowRun */
  guint n_windows;              /* in them */
  guint n_ends;                 /* executors freed */
  guint n_faults;
  E2vError fault;
} gate;

/* ---- the gate --------------------------------------------------------------------------------------------------- */

static void
change (gboolean closed, guint passes)
{
  g_mutex_lock (&gate.lock);
  gate.closed = closed;
  gate.passes = passes;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

void
slow_close (void)
{
  change (TRUE, 0);
}

void
slow_open (void)
{
  change (FALSE, 0);
}

void
slow_let_pass (guint n)
{
  g_mutex_lock (&gate.lock);
  gate.passes += n;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

void
slow_reset (void)
{
  slow_open ();
  g_mutex_lock (&gate.lock);
  if (!gate.runs)
    gate.runs = g_array_new (FALSE, FALSE, sizeof (SlowRun));
  g_array_set_size (gate.runs, 0);
  gate.n_windows = gate.n_ends = gate.n_faults = 0;
  g_mutex_unlock (&gate.lock);
}

/* Waits until @counter is at least @n. */
static void
wait_for (const guint * counter, guint n)
{
  g_mutex_lock (&gate.lock);
  while (*counter < n)
    g_cond_wait (&gate.changed, &gate.lock);
  g_mutex_unlock (&gate.lock);
}

void
slow_wait_for_runs (guint n)
{
  wait_for (&gate.runs->len, n);
}

void
slow_wait_for_windows (guint n)
{
  wait_for (&gate.n_windows, n);
}

void
slow_wait_for_ends (guint n)
{
  wait_for (&gate.n_ends, n);
}

static guint
get (const guint * counter)
{
  guint n;

  g_mutex_lock (&gate.lock);
  n = *counter;
  g_mutex_unlock (&gate.lock);
  return n;
}

guint
slow_n_runs (void)
{
  return get (&gate.runs->len);
}

guint
slow_n_windows (void)
{
  return get (&gate.n_windows);
}

SlowRun
slow_run (guint index)
{
  SlowRun run;

  g_mutex_lock (&gate.lock);
  g_assert_cmpuint (index, <, gate.runs->len);
  run = g_array_index (gate.runs, SlowRun, index);
  g_mutex_unlock (&gate.lock);
  return run;
}

void
slow_fail (E2vError code, guint n)
{
  g_mutex_lock (&gate.lock);
  gate.fault = code;
  gate.n_faults = n;
  g_mutex_unlock (&gate.lock);
}

static gboolean
pass_gate (const E2vPlanRequest * request, GError ** error)
{
  const SlowRun run = { request->batch, request->n_samples, request->frames };
  gboolean fails;

  g_mutex_lock (&gate.lock);
  g_array_append_val (gate.runs, run);
  gate.n_windows += run.batch;
  g_cond_broadcast (&gate.changed);
  while (gate.closed && gate.passes == 0)
    g_cond_wait (&gate.changed, &gate.lock);
  if (gate.closed)
    gate.passes--;
  fails = gate.n_faults > 0;
  if (fails) {
    gate.n_faults--;
    g_set_error_literal (error, E2V_ERROR, (gint) gate.fault,
        "a fault that the test asked for");
  }
  g_mutex_unlock (&gate.lock);
  return !fails;
}

/* ---- the executor ----------------------------------------------------------------------------------------------- */

static E2vExecutor *slow_new (E2vExecutor * inner);

static E2vProgram *
slow_prepare (E2vExecutor * executor, const E2vPlan * plan, GError ** error)
{
  E2vProgram *inner =
      e2v_executor_prepare (((SlowExecutor *) executor)->inner, plan, error);
  SlowProgram *program;

  if (!inner)
    return NULL;
  program = g_new0 (SlowProgram, 1);
  program->parent.executor = executor;
  program->parent.plan = plan;
  program->inner = inner;
  return &program->parent;
}

static gboolean
slow_program_run (E2vProgram * program, const float *waveforms, GError ** error)
{
  return pass_gate (e2v_plan_request (program->plan), error)
      && e2v_program_run (((SlowProgram *) program)->inner, waveforms, error);
}

static gboolean
slow_read (E2vProgram * program, guint buffer, float *values, GError ** error)
{
  return e2v_program_read (((SlowProgram *) program)->inner, buffer, values,
      error);
}

static gboolean
slow_profile (E2vProgram * program, const float *waveforms,
    double *op_seconds, GError ** error)
{
  return e2v_program_profile (((SlowProgram *) program)->inner, waveforms,
      op_seconds, error);
}

static void
slow_program_free (E2vProgram * program)
{
  e2v_program_free (((SlowProgram *) program)->inner);
  g_free (program);
}

static E2vExecutor *
slow_reopen (const E2vExecutor * executor, E2vPrecision precision,
    GError ** error)
{
  E2vExecutor *inner =
      e2v_executor_reopen (((const SlowExecutor *) executor)->inner,
      precision, error);

  return inner ? slow_new (inner) : NULL;
}

static void
slow_free (E2vExecutor * executor)
{
  e2v_executor_free (((SlowExecutor *) executor)->inner);
  e2v_model_unref (executor->model);
  g_free (executor->description);
  g_free (executor);
  g_mutex_lock (&gate.lock);
  gate.n_ends++;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

static const E2vExecutorClass slow_class = {
  .name = "slow",
  .prepare = slow_prepare,
  .run = slow_program_run,
  .read = slow_read,
  .profile = slow_profile,
  .program_free = slow_program_free,
  .reopen = slow_reopen,
  .free = slow_free,
};

/* Takes @inner over. */
static E2vExecutor *
slow_new (E2vExecutor * inner)
{
  SlowExecutor *executor = g_new0 (SlowExecutor, 1);

  executor->parent.klass = &slow_class;
  executor->parent.model = e2v_model_ref (inner->model);
  executor->parent.precision = inner->precision;
  executor->parent.description = g_strdup ("behind the gate of a test");
  executor->inner = inner;
  return &executor->parent;
}

E2vEncoder *
slow_encoder_new (E2vModel * model)
{
  E2vExecutor *inner = e2v_ref_new (model, E2V_PRECISION_FP32);

  g_assert_nonnull (inner);
  return e2v_encoder_new_on (slow_new (inner));
}

static E2vEncoder *
make_encoder (E2vModel * model, const char *device, E2vPrecision precision,
    char **warning, GError ** error)
{
  return slow_encoder_new (model);
}

void
slow_install (void)
{
  slow_reset ();
  gst_emotion2vec_registry_set_encoder_func (make_encoder);
}
