/* gstemotion2vecstream.c - the queue of one element on an engine: windows go in, results come out in the same order.
 *
 * This is the owner's side; gstemotion2vecstreamturn.c has the engine's. The notes at the head of gstemotion2vecengine.c
 * hold here too. Beside them:
 * (1) A request carries the generation of its stream. Forgetting raises the generation: what is pending or done goes at
 *     once, what is in flight goes when it comes by, untold.
 * (2) So forgetting and freeing wait for no batch. They wait for a done func that is running (`deliverer`), unless
 *     that is who calls: then nothing more of that generation is told after it.
 * (3) The owner and every request hold a reference, so a request in a batch finds its stream, freed or not.
 * (4) n_running and n_finished count requests of the present generation only: they are what waiting waits for.
 * (5) Nothing of a stream that moves is taken. When nothing of it is in flight and no done func runs, it is put from one
 *     engine's list into the other's: from then on the other one's threads deal with it, and never both.
 * (6) A silent window enters a batch like others, to come out in order; if nothing of its stream is ahead of it, it is
 *     finished at once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecenginepriv.h"

#include "gstemotion2vecprocess.h"

#define DEFAULT_MAX_PENDING 4

/* ---- life ------------------------------------------------------------------------------------------------------- */

GstEmotion2vecStream *
gst_emotion2vec_stream_new (GstEmotion2vecEngine * engine,
    GstEmotion2vecDoneFunc done, gpointer user_data)
{
  GstEmotion2vecStream *stream = g_new0 (GstEmotion2vecStream, 1);

  stream->process = engine->process;
  stream->done_func = done;
  stream->user_data = user_data;
  stream->n_refs = 1;
  stream->engine = engine;
  stream->max_pending = DEFAULT_MAX_PENDING;
  g_cond_init (&stream->changed);
  g_queue_init (&stream->pending);
  g_queue_init (&stream->done);
  gst_emotion2vec_lock ();
  if (stream->process == gst_emotion2vec_process_number ()) {
    engine->n_users++;
    gst_emotion2vec_engine_add_stream (engine, stream);
  }
  gst_emotion2vec_unlock ();
  return stream;
}

void
gst_emotion2vec_stream_unref (GstEmotion2vecStream * stream)
{
  if (--stream->n_refs > 0)
    return;
  g_clear_error (&stream->warm_up_error);
  gst_emotion2vec_head_unref (stream->head);
  g_cond_clear (&stream->changed);
  g_free (stream);
}

/* Takes the lock, unless the stream is the parent's in a child of fork(). */
static gboolean
enter (GstEmotion2vecStream * stream)
{
  gst_emotion2vec_lock ();
  if (stream->process == gst_emotion2vec_process_number ())
    return TRUE;
  gst_emotion2vec_unlock ();
  return FALSE;
}

/* Under the lock, as all functions from here to the next line are. */
static void
wait_for_change (GstEmotion2vecStream * stream)
{
  gst_emotion2vec_wait (&stream->changed);
}

void
gst_emotion2vec_stream_changed (GstEmotion2vecStream * stream)
{
  g_cond_broadcast (&stream->changed);
  g_cond_signal (&stream->engine->work);
}

static void
clear_requests (GQueue * queue)
{
  g_queue_clear_full (queue, (GDestroyNotify) gst_emotion2vec_request_free);
}

/* Until the done func has returned, if it is not that which calls. */
static void
wait_for_done_func (GstEmotion2vecStream * stream)
{
  while (stream->deliverer && stream->deliverer != g_thread_self ())
    wait_for_change (stream);
}

static void
forget (GstEmotion2vecStream * stream)
{
  stream->generation++;
  clear_requests (&stream->pending);
  clear_requests (&stream->done);
  stream->n_waiting = stream->n_running = stream->n_finished = 0;
  stream->n_lossy = 0;
  gst_emotion2vec_stream_changed (stream);
  wait_for_done_func (stream);
}

/* ---- submitting ------------------------------------------------------------------------------------------------- */

static gboolean
is_full (const GstEmotion2vecStream * stream)
{
  return stream->n_waiting >= stream->max_pending;
}

/* Drops waiting windows until there is room for one. Returns the result of the last of them. */
static GstEmotion2vecResult *
drop_oldest (GstEmotion2vecStream * stream)
{
  GstEmotion2vecResult *dropped = NULL;
  GList *item = stream->pending.head;

  while (item && is_full (stream)) {
    GstEmotion2vecRequest *request = item->data;
    GList *next = item->next;

    if (request->window) {
      g_queue_delete_link (&stream->pending, item);
      stream->n_waiting--;
      stream->meter.stats.dropped++;
      gst_emotion2vec_result_free (dropped);
      dropped = g_steal_pointer (&request->result);
      gst_emotion2vec_request_free (request);
    }
    item = next;
  }
  return dropped;
}

/* @request: (transfer full). */
static void
push_pending (GstEmotion2vecStream * stream, GstEmotion2vecRequest * request)
{
  stream->n_refs++;
  request->stream = stream;
  request->generation = stream->generation;
  request->submitted = g_get_monotonic_time ();
  g_queue_push_tail (&stream->pending, request);
  if (request->window)
    stream->n_waiting++;
  g_cond_signal (&stream->engine->work);
}

/* Whether nothing has to come out before a window submitted now but what is finished. */
static gboolean
is_next (GstEmotion2vecStream * stream)
{
  return stream->pending.length == 1 && stream->n_running == 0
      && gst_emotion2vec_stream_peek (stream);
}

static GstEmotion2vecSubmit
submit (GstEmotion2vecStream * stream, GstEmotion2vecRequest * request,
    GstEmotion2vecOverload overload, GstEmotion2vecResult ** dropped)
{
  gboolean silent = request->window->silent;

  while (overload == GST_EMOTION2VEC_OVERLOAD_BLOCK && is_full (stream)
      && !stream->flushing)
    wait_for_change (stream);
  if (stream->flushing)
    return GST_EMOTION2VEC_SUBMIT_FLUSHING;
  stream->meter.stats.windows++;
  if (overload == GST_EMOTION2VEC_OVERLOAD_DROP_OLDEST) {
    *dropped = drop_oldest (stream);
  } else if (is_full (stream)) {
    *dropped = g_steal_pointer (&request->result);
    stream->meter.stats.dropped++;
    return GST_EMOTION2VEC_SUBMIT_DROPPED;
  }
  push_pending (stream, request);
  if (silent && is_next (stream))
    gst_emotion2vec_stream_finish (gst_emotion2vec_stream_take (stream));
  return GST_EMOTION2VEC_SUBMIT_QUEUED;
}

/* ---- the owner's side ------------------------------------------------------------------------------------------- */

void
gst_emotion2vec_stream_free (GstEmotion2vecStream * stream)
{
  GstEmotion2vecEngine *engine;

  /* in a child of fork() the stream is left to the end of the process */
  if (!stream || !enter (stream))
    return;
  stream->flushing = stream->going = TRUE;
  forget (stream);
  while (stream->moving)
    wait_for_change (stream);
  engine = stream->engine;
  gst_emotion2vec_engine_remove_stream (engine, stream);
  gst_emotion2vec_stream_unref (stream);
  gst_emotion2vec_unlock ();
  gst_emotion2vec_engine_unref (engine);
}

void
gst_emotion2vec_stream_close (GstEmotion2vecStream * stream)
{
  if (!enter (stream))
    return;
  stream->going = TRUE;
  gst_emotion2vec_stream_changed (stream);
  gst_emotion2vec_unlock ();
}

void
gst_emotion2vec_stream_set_head (GstEmotion2vecStream * stream,
    GstEmotion2vecHead * head)
{
  GstEmotion2vecHead *old;

  if (!enter (stream))
    return;
  old = stream->head;
  stream->head = gst_emotion2vec_head_ref (head);
  gst_emotion2vec_unlock ();
  gst_emotion2vec_head_unref (old);
}

void
gst_emotion2vec_stream_set_max_pending (GstEmotion2vecStream * stream,
    guint max_pending)
{
  if (!enter (stream))
    return;
  stream->max_pending = MAX (1, max_pending);
  gst_emotion2vec_stream_changed (stream);
  gst_emotion2vec_unlock ();
}

void
gst_emotion2vec_stream_set_flushing (GstEmotion2vecStream * stream,
    gboolean flushing)
{
  if (!enter (stream))
    return;
  stream->flushing = flushing;
  gst_emotion2vec_stream_changed (stream);
  gst_emotion2vec_unlock ();
}

void
gst_emotion2vec_stream_forget (GstEmotion2vecStream * stream)
{
  if (!enter (stream))
    return;
  forget (stream);
  gst_emotion2vec_unlock ();
}

GstEmotion2vecSubmit
gst_emotion2vec_stream_submit (GstEmotion2vecStream * stream,
    GstEmotion2vecWindow * window, GstEmotion2vecResult * result,
    GstEmotion2vecWant wants, GstEmotion2vecOverload overload,
    GstEmotion2vecResult ** dropped)
{
  GstEmotion2vecRequest *request = g_new0 (GstEmotion2vecRequest, 1);
  GstEmotion2vecSubmit outcome = GST_EMOTION2VEC_SUBMIT_FLUSHING;
  g_autoptr (GstEmotion2vecResult) victim = NULL;

  request->window = window;
  request->result = result;
  request->wants = wants;
  request->n_samples = window->n_samples;
  request->lossless = overload == GST_EMOTION2VEC_OVERLOAD_BLOCK;
  if (enter (stream)) {
    outcome = submit (stream, request, overload, &victim);
    gst_emotion2vec_unlock ();
  }
  if (outcome != GST_EMOTION2VEC_SUBMIT_QUEUED)
    gst_emotion2vec_request_free (request);
  if (dropped)
    *dropped = g_steal_pointer (&victim);
  return outcome;
}

/* Who waits there for a delivery waits for ever. Under the lock. */
static gboolean
is_on_delivery_thread (const GstEmotion2vecStream * stream)
{
  return stream->engine->delivery == g_thread_self ();
}

static gboolean
may_wait (const GstEmotion2vecStream * stream)
{
  return !stream->flushing && !is_on_delivery_thread (stream);
}

gboolean
gst_emotion2vec_stream_wait (GstEmotion2vecStream * stream)
{
  gboolean done;

  if (!enter (stream))
    return FALSE;
  while (may_wait (stream) && (stream->pending.length > 0
          || stream->n_running > 0 || stream->n_finished > 0))
    wait_for_change (stream);
  done = may_wait (stream);
  gst_emotion2vec_unlock ();
  return done;
}

GstEmotion2vecResult *
gst_emotion2vec_stream_pop (GstEmotion2vecStream * stream)
{
  GstEmotion2vecRequest *request;
  GstEmotion2vecResult *result = NULL;

  if (!enter (stream))
    return NULL;
  request = g_queue_pop_head (&stream->done);
  if (request) {
    stream->n_lossy -= request->lossless ? 0 : 1;
    result = g_steal_pointer (&request->result);
    gst_emotion2vec_request_free (request);
  }
  gst_emotion2vec_unlock ();
  return result;
}

void
gst_emotion2vec_stream_queue_warm_up (GstEmotion2vecStream * stream,
    guint n_samples, GstEmotion2vecWarmUpFunc func)
{
  GstEmotion2vecRequest *request;

  if (!enter (stream))
    return;
  if (!stream->flushing) {
    request = g_new0 (GstEmotion2vecRequest, 1);
    request->n_samples = n_samples;
    request->warm_up = func;
    push_pending (stream, request);
  }
  gst_emotion2vec_unlock ();
}

/* Under the lock. FALSE: not done, since flushing, or forgotten. */
static gboolean
wait_for_warm_up (GstEmotion2vecStream * stream, guint n_samples)
{
  GstEmotion2vecRequest *request;
  guint generation = stream->generation;

  if (!may_wait (stream))
    return FALSE;
  stream->warmed_up = FALSE;
  g_clear_error (&stream->warm_up_error);
  request = g_new0 (GstEmotion2vecRequest, 1);
  request->n_samples = n_samples;
  request->awaited = ++stream->awaited;
  push_pending (stream, request);
  while (!stream->warmed_up && !stream->flushing
      && stream->generation == generation)
    wait_for_change (stream);
  return stream->warmed_up;
}

gboolean
gst_emotion2vec_stream_warm_up (GstEmotion2vecStream * stream,
    guint n_samples, GstClockTime * time, GError ** error)
{
  GError *failure = NULL;
  gboolean done;

  if (!enter (stream))
    return FALSE;
  if (!time && !stream->engine->compiles) {
    gst_emotion2vec_unlock ();
    return TRUE;
  }
  done = wait_for_warm_up (stream, n_samples);
  failure = g_steal_pointer (&stream->warm_up_error);
  if (done && !failure && time)
    *time = stream->warm_up_time;
  gst_emotion2vec_unlock ();
  if (failure)
    g_propagate_error (error, failure);
  return done && !failure;
}

/* Under the lock. Waits until nothing of the stream is on its engine; from then on nothing goes there, as long as it is
 * moving. Flushing does not end it: a seek does not take back the wish for another model. */
static gboolean
begin_move (GstEmotion2vecStream * stream)
{
  while (stream->moving)
    wait_for_change (stream);
  if (stream->going || is_on_delivery_thread (stream))
    return FALSE;
  stream->moving = TRUE;
  gst_emotion2vec_stream_changed (stream);
  while (!stream->going && (stream->n_running > 0
          || stream->n_finished > 0 || stream->deliverer))
    wait_for_change (stream);
  if (!stream->going)
    return TRUE;
  stream->moving = FALSE;
  gst_emotion2vec_stream_changed (stream);
  return FALSE;
}

/* Under the lock. Returns the old engine with the stream as a user less. */
static GstEmotion2vecEngine *
end_move (GstEmotion2vecStream * stream, GstEmotion2vecEngine * engine)
{
  GstEmotion2vecEngine *old = stream->engine;

  stream->moving = FALSE;
  gst_emotion2vec_engine_remove_stream (old, stream);
  engine->n_users++;
  gst_emotion2vec_engine_add_stream (engine, stream);
  stream->engine = engine;
  gst_emotion2vec_stream_changed (stream);
  return old;
}

gboolean
gst_emotion2vec_stream_move (GstEmotion2vecStream * stream,
    GstEmotion2vecEngine * engine, GstEmotion2vecBetweenFunc between,
    gpointer user_data)
{
  GstEmotion2vecEngine *old;

  if (!enter (stream))
    return FALSE;
  if (!begin_move (stream)) {
    gst_emotion2vec_unlock ();
    return FALSE;
  }
  if (between) {
    gst_emotion2vec_unlock ();
    between (user_data);
    gst_emotion2vec_lock ();
  }
  old = end_move (stream, engine);
  gst_emotion2vec_unlock ();
  gst_emotion2vec_engine_unref (old);
  return TRUE;
}

void
gst_emotion2vec_stream_get_stats (GstEmotion2vecStream * stream,
    GstEmotion2vecStreamStats * stats)
{
  static const GstEmotion2vecMeter none;

  if (!enter (stream)) {
    gst_emotion2vec_meter_read (&none, stats);
    return;
  }
  gst_emotion2vec_meter_read (&stream->meter, stats);
  stats->pending = stream->pending.length + stream->n_running
      + stream->n_finished;
  gst_emotion2vec_unlock ();
}
