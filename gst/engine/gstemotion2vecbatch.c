/* gstemotion2vecbatch.c - the requests that an engine runs at once: which fit together, and running them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecbatch.h"

#include "e2verror.h"
#include "gstemotion2vecerrors.h"

void
gst_emotion2vec_batch_init (GstEmotion2vecBatch * batch)
{
  batch->requests = g_ptr_array_new ();
  batch->n_windows = batch->n_samples = 0;
}

void
gst_emotion2vec_batch_clear (GstEmotion2vecBatch * batch)
{
  g_clear_pointer (&batch->requests, g_ptr_array_unref);
}

void
gst_emotion2vec_batch_reset (GstEmotion2vecBatch * batch)
{
  g_ptr_array_set_size (batch->requests, 0);
  batch->n_windows = batch->n_samples = 0;
}

gboolean
gst_emotion2vec_batch_fits (const GstEmotion2vecBatch * batch,
    const GstEmotion2vecRequest * request)
{
  const GPtrArray *requests = batch->requests;

  if (requests->len == 0)
    return TRUE;
  if (!request->window
      || !((const GstEmotion2vecRequest *) requests->pdata[0])->window)
    return FALSE;
  if (request->window->silent || batch->n_windows == 0)
    return TRUE;
  return batch->n_windows < GST_EMOTION2VEC_MAX_BATCH
      && request->n_samples == batch->n_samples;
}

void
gst_emotion2vec_batch_add (GstEmotion2vecBatch * batch,
    GstEmotion2vecRequest * request)
{
  g_ptr_array_add (batch->requests, request);
  if (!request->window || request->window->silent)
    return;
  batch->n_windows++;
  batch->n_samples = request->n_samples;
}

/* ---- from the encoder's result to ours -------------------------------------------------------------------------- */

/* Of the classes in use only, as all scores that leave the engine. */
static void
pick_frame_scores (const GstEmotion2vecEngine * engine,
    const E2vResult * output, GstEmotion2vecResult * result)
{
  guint n = engine->n_classes;
  float *scores = g_new (float, (gsize) output->n_frames * n);

  for (guint t = 0; t < output->n_frames; t++)
    for (guint c = 0; c < n; c++)
      scores[(gsize) t * n + c] = output->frame_scores[(gsize) t *
          output->n_classes + engine->classes[c]];
  result->model_frame_scores = scores;
}

static void
pick_scores (const GstEmotion2vecEngine * engine, const E2vResult * output,
    GstEmotion2vecResult * result)
{
  result->n_model_classes = engine->n_classes;
  result->model_scores = g_new (double, engine->n_classes);
  for (guint c = 0; c < engine->n_classes; c++)
    result->model_scores[c] = (double) output->scores[engine->classes[c]];
}

/* The model's own head. */
static void
fill_scores (const GstEmotion2vecEngine * engine, const E2vResult * output,
    GstEmotion2vecWant wants, GstEmotion2vecResult * result)
{
  if (output->scores && engine->n_classes > 0)
    pick_scores (engine, output, result);
  if (output->frame_scores && engine->n_classes > 0
      && (wants & GST_EMOTION2VEC_WANT_FRAME_SCORES))
    pick_frame_scores (engine, output, result);
}

/* A head of the stream's own. */
static void
compute_scores (const E2vHead * head, const E2vResult * output,
    GstEmotion2vecWant wants, GstEmotion2vecResult * result)
{
  const guint n = e2v_head_spec (head)->n_classes;

  result->n_model_classes = n;
  result->model_scores = g_new (double, n);
  e2v_head_scores (head, output->utterance, result->model_scores);
  if (!(wants & GST_EMOTION2VEC_WANT_FRAME_SCORES))
    return;
  result->model_frame_scores = g_new (float, (gsize) output->n_frames * n);
  e2v_head_frame_scores (head, output->frames, output->n_frames,
      result->model_frame_scores);
}

/* @output: arrays are taken out of it. */
static void
fill_result (const GstEmotion2vecEngine * engine, E2vResult * output,
    const GstEmotion2vecRequest * request)
{
  const GstEmotion2vecWant wants = request->wants;
  GstEmotion2vecResult *result = request->result;

  result->n_frames = output->n_frames;
  result->dim = output->dim;
  result->frame_rate = engine->frame_rate;
  if (request->head)
    compute_scores (request->head, output, wants, result);
  else
    fill_scores (engine, output, wants, result);
  if (wants & GST_EMOTION2VEC_WANT_UTTERANCE_EMBEDDING)
    result->utterance = g_steal_pointer (&output->utterance);
  if (wants & GST_EMOTION2VEC_WANT_FRAME_EMBEDDING)
    result->frames = g_steal_pointer (&output->frames);
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

static E2vWant
encoder_wants (const GstEmotion2vecEngine * engine,
    GstEmotion2vecRequest * const *requests, guint n)
{
  E2vWant want = 0;

  for (guint i = 0; i < n; i++) {
    const guint wants = requests[i]->wants;
    gboolean frame_scores = (wants & GST_EMOTION2VEC_WANT_FRAME_SCORES) != 0;

    if ((wants & GST_EMOTION2VEC_WANT_FRAME_EMBEDDING)
        || (frame_scores && requests[i]->head))
      want |= E2V_WANT_FRAMES;
    if (frame_scores && !requests[i]->head && engine->n_classes > 0)
      want |= E2V_WANT_FRAME_SCORES;
  }
  return want;
}

/* What a listener should know of a run that gave results: the device failed on the way, or half precision did not do.
 * (transfer full) (nullable). @n_rebuilds: before the run. */
static char *
find_trouble (const GstEmotion2vecEngine * engine, guint64 n_rebuilds,
    gboolean rerun)
{
  if (e2v_encoder_n_rebuilds (engine->encoder) != n_rebuilds)
    return g_strdup_printf ("%s; the device was opened again, and the results "
        "are right", e2v_encoder_rebuild_reason (engine->encoder));
  if (rerun)
    return g_strdup ("half precision gave a value that is not finite; such "
        "windows are run again in fp32");
  return NULL;
}

/* Runs windows of one length, at most GST_EMOTION2VEC_MAX_BATCH of them. All or nothing. */
static gboolean
run_windows (const GstEmotion2vecEngine * engine,
    GstEmotion2vecRequest * const *requests, guint n, GError ** error)
{
  E2vWindow windows[GST_EMOTION2VEC_MAX_BATCH];
  E2vResult *outputs[GST_EMOTION2VEC_MAX_BATCH];
  const guint64 n_rebuilds = e2v_encoder_n_rebuilds (engine->encoder);
  gint64 begin = g_get_monotonic_time ();
  GstClockTime elapsed;

  for (guint i = 0; i < n; i++) {
    windows[i].samples = requests[i]->window->samples;
    windows[i].n_samples = requests[i]->window->n_samples;
  }
  if (!e2v_encoder_run (engine->encoder, windows, n,
          encoder_wants (engine, requests, n), outputs, error))
    return FALSE;
  elapsed = (GstClockTime) (g_get_monotonic_time () - begin) * GST_USECOND;
  /* one listener is enough */
  requests[0]->result->trouble =
      find_trouble (engine, n_rebuilds, outputs[0]->rerun);
  for (guint i = 0; i < n; i++) {
    GstEmotion2vecRequest *request = requests[i];

    fill_result (engine, outputs[i], request);
    request->result->inference_time = elapsed;
    request->time = elapsed / n;
    request->rerun = outputs[i]->rerun;
    e2v_result_free (outputs[i]);
  }
  return TRUE;
}

static void
fail (GstEmotion2vecRequest * const *requests, guint n, const GError * cause)
{
  for (guint i = 0; i < n; i++)
    requests[i]->error = gst_emotion2vec_error_new (cause);
}

static void
run_or_fail (const GstEmotion2vecEngine * engine,
    GstEmotion2vecRequest * const *requests, guint n)
{
  g_autoptr (GError) error = NULL;

  if (run_windows (engine, requests, n, &error))
    return;
  if (n == 1 || g_error_matches (error, E2V_ERROR, E2V_ERROR_DEVICE_LOST)) {
    fail (requests, n, error);
    return;
  }
  for (guint i = 0; i < n; i++)
    run_or_fail (engine, requests + i, 1);
}

/* Once for what a device compiles, once for the time. Noise, since silence may be faster than speech. */
static gboolean
warm_up (const GstEmotion2vecEngine * engine, guint n_samples,
    GstClockTime * time, GError ** error)
{
  g_autofree float *noise = g_new (float, n_samples);
  g_autoptr (E2vResult) output = NULL;
  E2vWindow window = { noise, n_samples };
  guint32 state = 1;
  gint64 begin;

  for (guint i = 0; i < n_samples; i++) {
    state = state * 1664525u + 1013904223u;
    noise[i] = (float) (state >> 8) / (1 << 24) - 0.5f;
  }
  if (engine->compiles
      && !e2v_encoder_warm_up (engine->encoder, n_samples, 1, error))
    return FALSE;
  begin = g_get_monotonic_time ();
  if (!e2v_encoder_run (engine->encoder, &window, 1, 0, &output, error))
    return FALSE;
  *time = (GstClockTime) (g_get_monotonic_time () - begin) * GST_USECOND;
  return TRUE;
}

static void
run_warm_up (const GstEmotion2vecEngine * engine,
    GstEmotion2vecRequest * request)
{
  g_autoptr (GError) error = NULL;

  if (!warm_up (engine, request->n_samples, &request->time, &error))
    fail (&request, 1, error);
}

void
gst_emotion2vec_batch_run (const GstEmotion2vecBatch * batch,
    const GstEmotion2vecEngine * engine)
{
  GstEmotion2vecRequest *windows[GST_EMOTION2VEC_MAX_BATCH];
  guint n = 0;

  for (guint i = 0; i < batch->requests->len; i++) {
    GstEmotion2vecRequest *request = batch->requests->pdata[i];

    if (!request->window) {
      run_warm_up (engine, request);
      return;
    }
    if (!request->window->silent)
      windows[n++] = request;
  }
  if (n > 0)
    run_or_fail (engine, windows, n);
}
