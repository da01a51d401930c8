/* jobs.c - several inputs at once, and what is told about them on the way.
 *
 * Threads take the next input, work on it and hand over the outcome. The main thread alone prints.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jobs.h"

#include "progress.h"
#include "toolutil.h"

/* How often the bar moves. */
#define TICK (G_USEC_PER_SEC / 4)

typedef struct _Jobs Jobs;

/* One thread and what it is at. */
typedef struct
{
  Jobs *jobs;
  GThread *thread;
  const Input *input;           /* NULL between two */
  GstClockTime position, duration;
} Worker;

struct _Jobs
{
  const WorkPlan *plan;
  const GPtrArray *todo;
  GMutex lock;                  /* for what follows */
  GCond cond;                   /* an outcome is there, or a thread has ended */
  guint next;                   /* of todo */
  guint n_running;              /* threads */
  GQueue finished;              /* indices of outcomes, to be told */
  Outcome **outcomes;
  Worker *workers;
  guint n_workers;
};

/* ---- threads ---------------------------------------------------------------------------------------------------- */

static void
on_progress (GstClockTime position, GstClockTime duration, gpointer user_data)
{
  Worker *worker = user_data;

  g_mutex_lock (&worker->jobs->lock);
  worker->position = position;
  worker->duration = duration;
  g_mutex_unlock (&worker->jobs->lock);
}

/* FALSE if there is nothing more to do. With the lock. */
static gboolean
take_next (Worker * worker, guint * index)
{
  Jobs *jobs = worker->jobs;

  if (jobs->next >= jobs->todo->len || tool_interrupted ())
    return FALSE;
  *index = jobs->next++;
  worker->input = jobs->todo->pdata[*index];
  worker->position = 0;
  worker->duration = GST_CLOCK_TIME_NONE;
  return TRUE;
}

static gpointer
work (gpointer data)
{
  Worker *worker = data;
  Jobs *jobs = worker->jobs;
  guint index;

  g_mutex_lock (&jobs->lock);
  while (take_next (worker, &index)) {
    Outcome *outcome;

    g_mutex_unlock (&jobs->lock);
    outcome = work_on (jobs->plan, worker->input, on_progress, worker);
    g_mutex_lock (&jobs->lock);
    worker->input = NULL;
    jobs->outcomes[index] = outcome;
    g_queue_push_tail (&jobs->finished, GUINT_TO_POINTER (index));
    g_cond_signal (&jobs->cond);
  }
  jobs->n_running--;
  g_cond_signal (&jobs->cond);
  g_mutex_unlock (&jobs->lock);
  return NULL;
}

/* ---- the main thread -------------------------------------------------------------------------------------------- */

static void
tell_warnings (const Outcome * outcome)
{
  for (guint i = 0; i < outcome->warnings->len; i++)
    tool_warning ("%s: %s", outcome->input->name,
        (const char *) outcome->warnings->pdata[i]);
  if (outcome->status == OUTCOME_FAILED)
    tool_error ("%s: %s", outcome->input->name, outcome->error);
}

/* With the lock, which is given up while it prints. */
static void
tell_finished (Jobs * jobs, Progress * progress)
{
  while (!g_queue_is_empty (&jobs->finished)) {
    guint index = GPOINTER_TO_UINT (g_queue_pop_head (&jobs->finished));
    const Outcome *outcome = jobs->outcomes[index];

    g_mutex_unlock (&jobs->lock);
    progress_clear (progress);
    tell_warnings (outcome);
    progress_finish_input (progress, outcome);
    g_mutex_lock (&jobs->lock);
  }
}

/* With the lock, which is given up while it prints. */
static void
show_progress (Jobs * jobs, Progress * progress)
{
  progress_begin (progress);
  for (guint i = 0; i < jobs->n_workers; i++) {
    const Worker *worker = &jobs->workers[i];

    if (worker->input)
      progress_add_running (progress, worker->input, worker->position,
          worker->duration);
  }
  g_mutex_unlock (&jobs->lock);
  progress_show (progress);
  g_mutex_lock (&jobs->lock);
}

static void
watch (Jobs * jobs, Progress * progress)
{
  gboolean told = FALSE;

  g_mutex_lock (&jobs->lock);
  while (jobs->n_running > 0 || !g_queue_is_empty (&jobs->finished)) {
    tell_finished (jobs, progress);
    if (tool_interrupted () && !told) {
      progress_clear (progress);
      tool_error ("interrupted: what is in hand will be finished; interrupt "
          "again to end at once");
      told = TRUE;
    }
    show_progress (jobs, progress);
    if (jobs->n_running > 0 && g_queue_is_empty (&jobs->finished))
      g_cond_wait_until (&jobs->cond, &jobs->lock,
          g_get_monotonic_time () + TICK);
  }
  g_mutex_unlock (&jobs->lock);
  progress_clear (progress);
}

static void
start (Jobs * jobs)
{
  for (guint i = 0; i < jobs->n_workers; i++) {
    jobs->workers[i].jobs = jobs;
    jobs->workers[i].thread = g_thread_new ("annotate", work,
        &jobs->workers[i]);
  }
}

GPtrArray *
jobs_run (const WorkPlan * plan, const GPtrArray * todo, guint n_jobs,
    gboolean quiet)
{
  g_autoptr (Progress) progress = progress_new (todo, quiet);
  GPtrArray *outcomes =
      g_ptr_array_new_with_free_func ((GDestroyNotify) outcome_free);
  Jobs jobs = {.plan = plan,.todo = todo };

  g_mutex_init (&jobs.lock);
  g_cond_init (&jobs.cond);
  g_queue_init (&jobs.finished);
  jobs.outcomes = g_new0 (Outcome *, todo->len);
  jobs.n_workers = jobs.n_running = MIN (n_jobs, todo->len);
  jobs.workers = g_new0 (Worker, jobs.n_workers);
  start (&jobs);
  watch (&jobs, progress);
  for (guint i = 0; i < jobs.n_workers; i++)
    g_thread_join (jobs.workers[i].thread);
  for (guint i = 0; i < todo->len; i++) {
    if (!jobs.outcomes[i]) {
      jobs.outcomes[i] = outcome_new (todo->pdata[i]);
      jobs.outcomes[i]->status = OUTCOME_LEFT;
    }
    g_ptr_array_add (outcomes, jobs.outcomes[i]);
  }
  g_free (jobs.outcomes);
  g_free (jobs.workers);
  g_mutex_clear (&jobs.lock);
  g_cond_clear (&jobs.cond);
  return outcomes;
}
