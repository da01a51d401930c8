/* e2vencoder.c - windows in, results out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vencoder.h"

#include "e2vencoderpriv.h"
#include "e2verror.h"
#include "e2vscores.h"
#include "e2vselfcheck.h"

#include <math.h>
#include <string.h>

/* ---- life ------------------------------------------------------------------------------------------------------- */

E2vEncoder *
e2v_encoder_new_on (E2vExecutor * executor)
{
  E2vEncoder *encoder = g_new0 (E2vEncoder, 1);

  encoder->executor = executor;
  encoder->model = e2v_model_ref (executor->model);
  encoder->name = executor->klass->name;
  encoder->description = g_strdup (executor->description);
  encoder->precision = executor->precision;
  return encoder;
}

void
e2v_encoder_free (E2vEncoder * encoder)
{
  if (!encoder)
    return;
  e2v_encoder_forget_programs (encoder);
  e2v_encoder_free (encoder->full);
  e2v_executor_free (encoder->executor);
  e2v_model_unref (encoder->model);
  g_free (encoder->description);
  g_free (encoder->rebuild_reason);
  g_free (encoder);
}

E2vModel *
e2v_encoder_model (E2vEncoder * encoder)
{
  return encoder->model;
}

const char *
e2v_encoder_description (E2vEncoder * encoder)
{
  return encoder->description;
}

const char *
e2v_encoder_executor_name (E2vEncoder * encoder)
{
  return encoder->name;
}

const char *
e2v_encoder_identity (E2vEncoder * encoder)
{
  return encoder->executor->identity;
}

E2vPrecision
e2v_encoder_precision (E2vEncoder * encoder)
{
  return encoder->precision;
}

guint64
e2v_encoder_n_reruns (E2vEncoder * encoder)
{
  return encoder->n_reruns;
}

guint64
e2v_encoder_n_rebuilds (E2vEncoder * encoder)
{
  return encoder->n_rebuilds;
}

const char *
e2v_encoder_rebuild_reason (E2vEncoder * encoder)
{
  return encoder->rebuild_reason;
}

void
e2v_result_free (E2vResult * result)
{
  if (!result)
    return;
  g_free (result->utterance);
  g_free (result->logits);
  g_free (result->scores);
  g_free (result->frames);
  g_free (result->frame_scores);
  g_free (result);
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

void
e2v_normalize_waveform (const float *samples, guint n_samples,
    float *normalized)
{
  double mean = 0, variance = 0, factor;

  for (guint i = 0; i < n_samples; i++)
    mean += (double) samples[i];
  mean /= n_samples;
  for (guint i = 0; i < n_samples; i++)
    variance += ((double) samples[i] - mean) * ((double) samples[i] - mean);
  variance /= n_samples;
  factor = 1 / sqrt (variance + E2V_FIXED_EPS);
  for (guint i = 0; i < n_samples; i++)
    normalized[i] = (float) (((double) samples[i] - mean) * factor);
}

static gboolean
check_window (const E2vWindow * window, GError ** error)
{
  for (guint i = 0; i < window->n_samples; i++) {
    if (!isfinite (window->samples[i])) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
          "sample %u of the window is not a finite number", i);
      return FALSE;
    }
  }
  return TRUE;
}

static void
fill_waveform (E2vEncoder * encoder, const E2vWindow * window, float *waveform)
{
  if (e2v_model_hparams (encoder->model)->normalize)
    e2v_normalize_waveform (window->samples, window->n_samples, waveform);
  else
    memcpy (waveform, window->samples, window->n_samples * sizeof (float));
}

/* An output of the whole batch, or NULL with @error set. */
static float *
read_output (const E2vPrepared * p, const char *name, GError ** error)
{
  guint index = (guint) e2v_plan_find (p->plan, name);
  gsize n = e2v_buffer_n_floats (e2v_plan_buffer (p->plan, index));
  g_autofree float *values = g_new (float, n);

  if (!e2v_program_read (p->program, index, values, error))
    return NULL;
  return g_steal_pointer (&values);
}

static void
add_scores (const E2vModel * model, E2vResult * result, E2vWant want)
{
  guint n = result->n_classes, dim = result->dim;
  g_autofree float *logits = NULL;

  result->scores = g_new (float, n);
  e2v_scores_from_logits (model, result->logits, result->scores);
  if (!(want & E2V_WANT_FRAME_SCORES))
    return;
  logits = g_new (float, n);
  result->frame_scores = g_new (float, (gsize) result->n_frames * n);
  for (guint t = 0; t < result->n_frames; t++) {
    e2v_scores_head (model, result->frames + (gsize) t * dim, logits);
    e2v_scores_from_logits (model, logits,
        result->frame_scores + (gsize) t * n);
  }
}

/* What a batch gave, all windows in one array each. */
typedef struct
{
  float *utterances;
  float *logits;                /* NULL without a head */
  float *frames;                /* NULL unless asked for */
} Outputs;

static void
outputs_clear (Outputs * outputs)
{
  g_free (outputs->utterances);
  g_free (outputs->logits);
  g_free (outputs->frames);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outputs, outputs_clear)
     static gboolean
         read_outputs (const E2vPrepared * p, Outputs * outputs,
    GError ** error)
{
  outputs->utterances = read_output (p, "utterance", error);
  if (!outputs->utterances)
    return FALSE;
  if (e2v_plan_hparams (p->plan)->n_classes
      && !(outputs->logits = read_output (p, "logits", error)))
    return FALSE;
  return !e2v_plan_request (p->plan)->frames
      || (outputs->frames = read_output (p, "frames", error));
}

static gboolean
all_finite (const float *values, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (!isfinite (values[i]))
      return FALSE;
  }
  return TRUE;
}

/* FALSE with an error. What is not finite in a frame is not finite in the utterance, its mean. */
static gboolean
check_finite (const E2vPrepared * p, const Outputs * outputs, GError ** error)
{
  const E2vHparams *hp = e2v_plan_hparams (p->plan);
  gsize batch = e2v_plan_request (p->plan)->batch;
  const char *what = NULL;

  if (!all_finite (outputs->utterances, batch * hp->embed_dim))
    what = "utterance embedding";
  else if (outputs->logits
      && !all_finite (outputs->logits, batch * hp->n_classes))
    what = "logits";
  if (what)
    g_set_error (error, E2V_ERROR, E2V_ERROR_DEVICE,
        "the device gave a value that is not finite in the %s", what);
  return !what;
}

/* One result a window from what a batch gave. */
static void
make_results (E2vEncoder * encoder, const E2vPrepared * p,
    const Outputs * outputs, E2vWant want, const guint * indices,
    E2vResult ** results)
{
  E2vModel *model = encoder->model;
  const E2vHparams *hp = e2v_model_hparams (model);
  gsize dim = hp->embed_dim, n_frames = e2v_plan_n_frames (p->plan);
  gsize n_tokens = n_frames + hp->n_extra, n_classes = hp->n_classes;

  for (guint i = 0; i < e2v_plan_request (p->plan)->batch; i++) {
    E2vResult *result = g_new0 (E2vResult, 1);

    results[indices[i]] = result;
    result->n_frames = (guint) n_frames;
    result->dim = (guint) dim;
    result->n_classes = hp->n_classes;
    result->utterance = g_memdup2 (outputs->utterances + i * dim,
        dim * sizeof (float));
    if (outputs->frames)
      result->frames =
          g_memdup2 (outputs->frames + (i * n_tokens + hp->n_extra) * dim,
          n_frames * dim * sizeof (float));
    if (outputs->logits) {
      result->logits = g_memdup2 (outputs->logits + i * n_classes,
          n_classes * sizeof (float));
      add_scores (model, result, want);
    }
  }
}

/* Opens the same device in fp32 for windows that half precision cannot hold. */
static gboolean
open_full (E2vEncoder * encoder, GError ** error)
{
  E2vExecutor *executor;

  if (encoder->full)
    return TRUE;
  executor = e2v_executor_reopen (encoder->executor, E2V_PRECISION_FP32, error);
  if (!executor)
    return FALSE;
  encoder->full = e2v_encoder_new_on (executor);
  if (e2v_selfcheck (encoder->full, error))
    return TRUE;
  g_clear_pointer (&encoder->full, e2v_encoder_free);
  return FALSE;
}

static gboolean run_batch (E2vEncoder * encoder, const E2vWindow * windows,
    const guint * indices, guint n, E2vWant want, E2vResult ** results,
    GError ** error);

static gboolean
rerun_batch (E2vEncoder * encoder, const E2vWindow * windows,
    const guint * indices, guint n, E2vWant want, E2vResult ** results,
    GError ** error)
{
  if (!open_full (encoder, error) || !run_batch (encoder->full, windows,
          indices, n, want, results, error)) {
    encoder->not_finite = encoder->full && encoder->full->not_finite;
    g_prefix_error (error, "half precision gave a value that is not finite, "
        "and fp32 failed: ");
    return FALSE;
  }
  for (guint i = 0; i < n; i++)
    results[indices[i]]->rerun = TRUE;
  encoder->n_reruns += n;
  return TRUE;
}

static gboolean
run_batch (E2vEncoder * encoder, const E2vWindow * windows,
    const guint * indices, guint n, E2vWant want, E2vResult ** results,
    GError ** error)
{
  const E2vPlanRequest request = {.batch = n,
    .n_samples = windows[indices[0]].n_samples,
    .frames = (want & (E2V_WANT_FRAMES | E2V_WANT_FRAME_SCORES)) != 0
  };
  gboolean may_rerun = encoder->precision == E2V_PRECISION_FP16
      && !(want & E2V_WANT_AS_IT_IS);
  E2vPrepared *p = e2v_encoder_find_program (encoder, &request, error);
  g_autofree float *waveforms = NULL;
  g_auto (Outputs) outputs = { NULL };

  if (!p)
    return FALSE;
  waveforms = g_new (float, (gsize) n * request.n_samples);
  for (guint i = 0; i < n; i++)
    fill_waveform (encoder, &windows[indices[i]],
        waveforms + (gsize) i * request.n_samples);
  if (!e2v_program_run (p->program, waveforms, error)
      || !read_outputs (p, &outputs, error))
    return FALSE;
  encoder->not_finite = !check_finite (p, &outputs, may_rerun ? NULL : error);
  if (encoder->not_finite)
    return may_rerun && rerun_batch (encoder, windows, indices, n, want,
        results, error);
  make_results (encoder, p, &outputs, want, indices, results);
  return TRUE;
}

typedef struct
{
  const E2vWindow *windows;
  const guint *indices;
  guint n;
  E2vWant want;
  E2vResult **results;
} Batch;

static gboolean
attempt_batch (E2vEncoder * encoder, gpointer work, GError ** error)
{
  const Batch *b = work;

  return run_batch (encoder, b->windows, b->indices, b->n, b->want, b->results,
      error);
}

/* The indices of up to @max windows as long as the first one that has no result yet. */
static guint
next_batch (const E2vWindow * windows, guint n_windows, E2vResult ** results,
    guint first, guint max, guint * indices)
{
  guint n = 0;

  for (guint i = first; i < n_windows && n < max; i++) {
    if (!results[i] && windows[i].n_samples == windows[first].n_samples)
      indices[n++] = i;
  }
  return n;
}

static gboolean
run_all (E2vEncoder * encoder, const E2vWindow * windows, guint n_windows,
    E2vWant want, E2vResult ** results, GError ** error)
{
  const E2vHparams *hp = e2v_model_hparams (encoder->model);
  g_autofree guint *indices = g_new (guint, n_windows);
  Batch batch = { windows, indices, 0, want, results };

  for (guint i = 0; i < n_windows; i++) {
    if (!check_window (&windows[i], error))
      return FALSE;
  }
  for (guint i = 0; i < n_windows; i++) {
    guint max = e2v_plan_max_batch (hp, windows[i].n_samples);

    while (!results[i]) {
      /* a window that cannot be run at all is refused by the plan, with the reason */
      batch.n = next_batch (windows, n_windows, results, i, MAX (max, 1),
          indices);
      if (want & E2V_WANT_AS_IT_IS ? !attempt_batch (encoder, &batch, error)
          : !e2v_encoder_attempt (encoder, attempt_batch, &batch, error))
        return FALSE;
    }
  }
  return TRUE;
}

gboolean
e2v_encoder_run (E2vEncoder * encoder, const E2vWindow * windows,
    guint n_windows, E2vWant want, E2vResult ** results, GError ** error)
{
  g_autofree E2vResult **made = g_new0 (E2vResult *, n_windows);
  gboolean ok = run_all (encoder, windows, n_windows, want, made, error);

  for (guint i = 0; i < n_windows; i++) {
    if (ok)
      results[i] = made[i];
    else
      e2v_result_free (made[i]);
  }
  return ok;
}

static gboolean
attempt_warm_up (E2vEncoder * encoder, gpointer work, GError ** error)
{
  const E2vPlanRequest *request = work;
  E2vPrepared *p = e2v_encoder_find_program (encoder, request, error);
  g_autofree float *silence = NULL;

  if (!p)
    return FALSE;
  silence = g_new0 (float, (gsize) request->batch * request->n_samples);
  return e2v_program_run (p->program, silence, error);
}

gboolean
e2v_encoder_warm_up (E2vEncoder * encoder, guint n_samples, guint batch,
    GError ** error)
{
  E2vPlanRequest request = {.batch = batch,.n_samples = n_samples };

  return e2v_encoder_attempt (encoder, attempt_warm_up, &request, error);
}

/* ---- trace and bench -------------------------------------------------------------------------------------------- */

typedef struct
{
  const E2vPrepared *p;
  E2vTraceFunc func;
  gpointer user_data;
} Tracer;

/* Calls the function for @buffer without its first @first_row rows. */
static gboolean
trace_buffer (const Tracer * t, guint index, const char *name, guint first_row,
    GError ** error)
{
  const E2vBuffer *buffer = e2v_plan_buffer (t->p->plan, index);
  g_autofree float *values = g_new (float, e2v_buffer_n_floats (buffer));
  guint64 width = (guint64) buffer->groups * buffer->width;
  guint64 rows = buffer->rows - first_row;
  const guint64 dims[] = { buffer->planes, rows, width };
  gboolean vector = buffer->planes == 1 && buffer->rows == 1
      && (g_str_equal (name, "utterance") || g_str_equal (name, "logits"));
  guint skip = vector ? 2 : buffer->planes == 1
      && !g_str_has_prefix (name, "alibi") ? 1 : 0;

  if (!e2v_program_read (t->p->program, index, values, error))
    return FALSE;
  t->func (name, values + first_row * width, dims + skip, 3 - skip,
      t->user_data);
  return TRUE;
}

/* The stages that are the same buffer as another one. */
static gboolean
trace_aliases (const Tracer * t, guint index, GError ** error)
{
  const E2vHparams *hp = e2v_plan_hparams (t->p->plan);
  const char *name = e2v_plan_buffer (t->p->plan, index)->name;
  g_autofree char *last_pos = g_strdup_printf ("pos_conv.%u",
      hp->pos_depth - 1);
  g_autofree char *last_block = g_strdup_printf ("block.%u",
      e2v_hparams_n_blocks (hp) - 1);

  if (g_str_equal (name, last_pos))
    return trace_buffer (t, index, "pos_out", 0, error);
  if (g_str_equal (name, "frames"))
    return trace_buffer (t, index, last_block, 0, error);
  return TRUE;
}

static void
trace_scores (const E2vModel * model, const Tracer * t, const float *logits)
{
  guint64 n = e2v_model_hparams (model)->n_classes;
  g_autofree float *scores = g_new (float, n);

  e2v_scores_from_logits (model, logits, scores);
  t->func ("scores", scores, &n, 1, t->user_data);
}

static gboolean
trace_outputs (E2vEncoder * encoder, const Tracer * t, GError ** error)
{
  const E2vPlan *plan = t->p->plan;

  for (guint i = 0; i < e2v_plan_n_buffers (plan); i++) {
    const E2vBuffer *buffer = e2v_plan_buffer (plan, i);

    if (buffer->use == E2V_BUFFER_OUTPUT
        && !(trace_buffer (t, i, buffer->name, buffer->first_row, error)
            && trace_aliases (t, i, error)))
      return FALSE;
  }
  if (e2v_model_hparams (encoder->model)->n_classes) {
    g_autofree float *logits = read_output (t->p, "logits", error);

    if (!logits)
      return FALSE;
    trace_scores (encoder->model, t, logits);
  }
  return TRUE;
}

gboolean
e2v_encoder_trace (E2vEncoder * encoder, const E2vWindow * window,
    E2vTraceFunc func, gpointer user_data, GError ** error)
{
  const E2vPlanRequest request = {.batch = 1,.n_samples = window->n_samples,
    .trace = TRUE
  };
  E2vPrepared prepared = { NULL };
  const Tracer t = { &prepared, func, user_data };
  g_autofree float *waveform = g_new (float, window->n_samples + 1);
  const guint64 n = window->n_samples;
  gboolean ok;

  if (!check_window (window, error)
      || !e2v_encoder_ensure_open (encoder, error)
      || !e2v_prepared_init (&prepared, encoder, &request, error))
    return FALSE;
  fill_waveform (encoder, window, waveform);
  func ("waveform", waveform, &n, 1, user_data);
  ok = e2v_program_run (prepared.program, waveform, error)
      && trace_outputs (encoder, &t, error);
  e2v_prepared_clear (&prepared);
  return ok;
}

/* Adds up the seconds of operations by stage. */
static gboolean
profile_stages (const E2vPrepared * p, const float *waveforms,
    double *stage_seconds, GError ** error)
{
  guint n = e2v_plan_n_ops (p->plan);
  g_autofree double *op_seconds = g_new0 (double, n);

  if (!e2v_program_profile (p->program, waveforms, op_seconds, error))
    return FALSE;
  memset (stage_seconds, 0, E2V_N_STAGES * sizeof (double));
  for (guint i = 0; i < n; i++)
    stage_seconds[e2v_plan_op (p->plan, i)->stage] += op_seconds[i];
  return TRUE;
}

gboolean
e2v_encoder_bench (E2vEncoder * encoder, guint n_samples, guint batch,
    guint repeats, double *seconds, double *stage_seconds, GError ** error)
{
  const E2vPlanRequest request = {.batch = batch,.n_samples = n_samples };
  E2vPrepared *p = e2v_encoder_ensure_open (encoder, error)
      ? e2v_encoder_find_program (encoder, &request, error) : NULL;
  g_autofree float *waveforms = NULL;
  g_autoptr (GRand) noise = g_rand_new_with_seed (1);
  double best = INFINITY;

  if (!p)
    return FALSE;
  waveforms = g_new (float, (gsize) batch * n_samples);
  for (gsize i = 0; i < (gsize) batch * n_samples; i++)
    waveforms[i] = (float) g_rand_double_range (noise, -1.7, 1.7);
  for (guint i = 0; i < repeats + 1; i++) {     /* the first one compiles */
    gint64 start = g_get_monotonic_time ();

    if (!e2v_program_run (p->program, waveforms, error))
      return FALSE;
    if (i > 0 || repeats == 0)
      best = MIN (best, (double) (g_get_monotonic_time () - start) * 1e-6);
  }
  if (stage_seconds && !profile_stages (p, waveforms, stage_seconds, error))
    return FALSE;
  *seconds = best;
  return TRUE;
}
