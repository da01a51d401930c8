/* e2vhost.c - the host executor: plans in, numbers out.
 *
 * (1) Transient buffers of all programs share one arena, which belongs to the executor and only grows: one program runs at
 *     a time, and memory that was just in use is in the cache and has no pages to be found.
 * (2) Outputs belong to their program, so that they can be read until it runs again. They start as zeros.
 * (3) The input is read where the caller has it.
 * (4) While a program runs, the calling thread asks OpenMP for no other thread, unless all may take part. What it asked for
 *     before holds again afterwards; other threads of the process are not concerned.
 * (5) A BLAS has threads, which do not survive a fork(): a child gets an error, not a hang.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhost.h"

#include "e2verror.h"
#include "e2vhostops.h"
#include "e2vplanmem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a buffer in memory, in bytes: a cache line, and the widest vector. */
#define ALIGNMENT 64

typedef struct
{
  E2vExecutor parent;
  const E2vBlas *blas;
  const E2vHostLoops *loops;
  E2vHostWeights *weights;      /* NULL when closed */
  float *arena;
  gsize arena_bytes;
  pid_t process;                /* that opened it */
} HostExecutor;

typedef struct
{
  E2vProgram parent;
  E2vLife *lives;               /* sizes and offsets of what lies in the arena */
  gsize arena_bytes;            /* buffers, then scratch */
  gsize scratch_offset;
  float **owned;                /* by buffer: those that outlive a run */
  float **values;               /* by buffer, while it runs and, of owned ones, always */
  gboolean has_run;
} HostProgram;

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static gboolean
fail_for_memory (guint64 bytes, GError ** error)
{
  g_set_error (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY,
      "no memory for %" G_GUINT64_FORMAT " KiB of activations", bytes >> 10);
  return FALSE;
}

/* What was in the arena is lost. */
static gboolean
grow_arena (HostExecutor * e, gsize bytes, GError ** error)
{
  gpointer arena;

  if (bytes <= e->arena_bytes)
    return TRUE;
  free (e->arena);
  e->arena = NULL;
  e->arena_bytes = 0;
  if (posix_memalign (&arena, ALIGNMENT, bytes) != 0)
    return fail_for_memory (bytes, error);
  e->arena = arena;
  e->arena_bytes = bytes;
  return TRUE;
}

static gboolean
place_buffers (HostProgram * p, GError ** error)
{
  const E2vPlan *plan = p->parent.plan;
  const guint n = e2v_plan_n_buffers (plan);
  guint64 size = 0, scratch = 0;

  for (guint i = 0; i < n; i++) {
    const E2vBuffer *b = e2v_plan_buffer (plan, i);

    if (b->use == E2V_BUFFER_TRANSIENT)
      p->lives[i].size = e2v_buffer_n_floats (b) * sizeof (float);
  }
  if (!e2v_plan_mem_place (p->lives, n, ALIGNMENT, G_MAXSIZE / 4, &size, error))
    return FALSE;
  for (guint i = 0; i < e2v_plan_n_ops (plan); i++)
    scratch = MAX (scratch, e2v_host_scratch_floats (plan, e2v_plan_op (plan,
                i)));
  p->scratch_offset = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  p->arena_bytes = p->scratch_offset + scratch * sizeof (float);
  return TRUE;
}

static gboolean
allocate_owned (HostProgram * p, GError ** error)
{
  const E2vPlan *plan = p->parent.plan;

  for (guint i = 0; i < e2v_plan_n_buffers (plan); i++) {
    const E2vBuffer *b = e2v_plan_buffer (plan, i);
    const gsize n = e2v_buffer_n_floats (b);

    if (b->use != E2V_BUFFER_OUTPUT && b->use != E2V_BUFFER_ZERO)
      continue;
    p->values[i] = p->owned[i] = g_try_malloc0_n (n, sizeof (float));
    if (!p->owned[i])
      return fail_for_memory (n * sizeof (float), error);
  }
  return TRUE;
}

/* ---- programs --------------------------------------------------------------------------------------------------- */

static void
host_program_free (E2vProgram * program)
{
  HostProgram *p = (HostProgram *) program;

  for (guint i = 0; i < e2v_plan_n_buffers (program->plan); i++)
    g_free (p->owned[i]);
  g_free (p->owned);
  g_free (p->values);
  g_free (p->lives);
  g_free (p);
}

static gboolean
is_ours (const HostExecutor * e, GError ** error)
{
  if (e->process == getpid ())
    return TRUE;
  g_set_error_literal (error, E2V_ERROR, E2V_ERROR_FORKED,
      "this process was forked from the one that opened the device: the "
      "threads of its BLAS are not here; open a device in this process");
  return FALSE;
}

static E2vProgram *
host_prepare (E2vExecutor * executor, const E2vPlan * plan, GError ** error)
{
  HostExecutor *e = (HostExecutor *) executor;
  HostProgram *p;

  if (!is_ours (e, error))
    return NULL;
  p = g_new0 (HostProgram, 1);
  p->parent.executor = executor;
  p->parent.plan = plan;
  p->lives = e2v_plan_lives (plan);
  p->owned = g_new0 (float *, e2v_plan_n_buffers (plan));
  p->values = g_new0 (float *, e2v_plan_n_buffers (plan));
  if (!place_buffers (p, error) || !allocate_owned (p, error)
      || !grow_arena (e, p->arena_bytes, error)) {
    host_program_free (&p->parent);
    return NULL;
  }
  return &p->parent;
}

/* ---- threads ---------------------------------------------------------------------------------------------------- */

static gint all_threads;        /* atomic */

void
e2v_host_use_all_threads (void)
{
  g_atomic_int_set (&all_threads, TRUE);
}

/* Returns what leave_alone() needs. */
static int
work_alone (const E2vBlas * blas)
{
  int before = 0;

  if (blas->set_threads && !g_atomic_int_get (&all_threads)) {
    before = blas->max_threads ();
    blas->set_threads (1);
  }
  return before;
}

static void
leave_alone (const E2vBlas * blas, int before)
{
  if (before > 0)
    blas->set_threads (before);
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

typedef void (*RunFunc) (const E2vHostRun * run, const E2vOp * op);

static void
run_matmul (const E2vHostRun * run, const E2vOp * op)
{
  e2v_host_matmul (run, op, NULL);
}

static const RunFunc functions[] = {
  e2v_host_unfold, run_matmul, e2v_host_norm, e2v_host_split_groups,
  e2v_host_join_groups, e2v_host_tokens, e2v_host_scores, e2v_host_softmax,
  e2v_host_mix, e2v_host_mean,
};

G_STATIC_ASSERT (G_N_ELEMENTS (functions) == E2V_N_OPS);

/* Where everything lies in this run. */
static E2vHostRun
begin_run (HostProgram * p, const float *waveforms)
{
  const HostExecutor *e = (const HostExecutor *) p->parent.executor;
  const E2vPlan *plan = p->parent.plan;
  guint8 *arena = (guint8 *) e->arena;
  const E2vHostRun run = {.plan = plan,.model = e->parent.model,
    .sgemm = e->blas->sgemm,.loops = e->loops,.weights = e->weights,
    .values = p->values,.scratch = (float *) (arena + p->scratch_offset)
  };

  for (guint i = 0; i < e2v_plan_n_buffers (plan); i++) {
    if (e2v_plan_buffer (plan, i)->use == E2V_BUFFER_INPUT)
      p->values[i] = (float *) waveforms;       /* no operation writes to it */
    else if (!p->owned[i])
      p->values[i] = (float *) (arena + p->lives[i].offset);
  }
  return run;
}

/* Runs operation @i, and the next one too if they go together. Returns how many. */
static guint
run_op (const E2vHostRun * run, guint i)
{
  const E2vOp *op = e2v_plan_op (run->plan, i);
  const E2vOp *next = i + 1 < e2v_plan_n_ops (run->plan)
      ? e2v_plan_op (run->plan, i + 1) : NULL;

  if (next && e2v_host_can_join (run->plan, op, next)) {
    e2v_host_matmul (run, op, next);
    return 2;
  }
  functions[op->kind] (run, op);
  return 1;
}

/* A norm that was done with the product in front of it has no time of its own. */
static gboolean
host_profile (E2vProgram * program, const float *waveforms, double *op_seconds,
    GError ** error)
{
  HostProgram *p = (HostProgram *) program;
  const HostExecutor *e = (const HostExecutor *) program->executor;
  const guint n = e2v_plan_n_ops (program->plan);
  E2vHostRun run;
  guint done;
  int before;

  if (!is_ours (e, error))
    return FALSE;
  run = begin_run (p, waveforms);
  before = work_alone (e->blas);
  for (guint i = 0; i < n; i += done) {
    const gint64 start = g_get_monotonic_time ();

    done = run_op (&run, i);
    if (!op_seconds)
      continue;
    op_seconds[i] = (double) (g_get_monotonic_time () - start) * 1e-6;
    if (done == 2)
      op_seconds[i + 1] = 0;
  }
  leave_alone (e->blas, before);
  p->has_run = TRUE;
  return TRUE;
}

static gboolean
host_run (E2vProgram * program, const float *waveforms, GError ** error)
{
  return host_profile (program, waveforms, NULL, error);
}

static gboolean
host_read (E2vProgram * program, guint buffer, float *values, GError ** error)
{
  const HostProgram *p = (const HostProgram *) program;
  const E2vBuffer *b = e2v_plan_buffer (program->plan, buffer);

  if (b->use != E2V_BUFFER_OUTPUT || !p->has_run) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT, p->has_run
        ? "buffer %u is no output and cannot be read"
        : "buffer %u cannot be read: the program has not run", buffer);
    return FALSE;
  }
  memcpy (values, p->owned[buffer], e2v_buffer_n_floats (b) * sizeof (float));
  return TRUE;
}

/* ---- the executor ----------------------------------------------------------------------------------------------- */

static void
host_close (E2vExecutor * executor)
{
  HostExecutor *e = (HostExecutor *) executor;

  g_clear_pointer (&e->weights, e2v_host_weights_free);
  g_clear_pointer (&e->arena, free);
  e->arena_bytes = 0;
}

static void
host_free (E2vExecutor * executor)
{
  host_close (executor);
  e2v_model_unref (executor->model);
  g_free (executor->description);
  g_free (executor->identity);
  g_free (executor);
}

static E2vExecutor *
host_reopen (const E2vExecutor * executor, E2vPrecision precision,
    GError ** error)
{
  if (!is_ours ((const HostExecutor *) executor, error))
    return NULL;
  return e2v_host_new (executor->model, precision, error);
}

static const E2vExecutorClass host_class = {
  .name = "host",
  .prepare = host_prepare,
  .run = host_run,
  .read = host_read,
  .profile = host_profile,
  .program_free = host_program_free,
  .reopen = host_reopen,
  .close = host_close,
  .free = host_free,
};

static char *
describe (const E2vBlas * blas)
{
  return g_strdup_printf ("CPU (%s; %s loops)", blas->name,
      e2v_host_loops ()->name);
}

char *
e2v_host_describe (GError ** error)
{
  const E2vBlas *blas = e2v_blas_get (error);

  return blas ? describe (blas) : NULL;
}

static gboolean
open_executor (HostExecutor * e, GError ** error)
{
  e->blas = e2v_blas_get (error);
  if (!e->blas)
    return FALSE;
  e->loops = e2v_host_loops ();
  e->weights = e2v_host_weights_new (e->parent.model,
      e->parent.precision == E2V_PRECISION_FP16, error);
  if (!e->weights)
    return FALSE;
  e->parent.description = describe (e->blas);
  e->parent.identity = g_strdup_printf ("host %s %s %s", E2V_HOST_VERSION,
      e->loops->name, e->blas->identity);
  return TRUE;
}

E2vExecutor *
e2v_host_new (E2vModel * model, E2vPrecision precision, GError ** error)
{
  HostExecutor *e;

  if (precision == E2V_PRECISION_FP64) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "the host executor computes in float; double precision is for the "
        "reference executor (device=ref)");
    return NULL;
  }
  e = g_new0 (HostExecutor, 1);
  e->parent.klass = &host_class;
  e->parent.model = e2v_model_ref (model);
  e->parent.precision =
      precision == E2V_PRECISION_AUTO ? E2V_PRECISION_FP32 : precision;
  e->process = getpid ();
  if (!open_executor (e, error)) {
    host_free (&e->parent);
    return NULL;
  }
  return &e->parent;
}
