/* gstemotion2vecstreamturn.c - the queue of one element, as the engine's threads see it: taken, run, told.
 *
 * The worker peeks, takes and finishes, the delivery thread delivers; all of it under the lock. The notes at the heads of
 * gstemotion2vecengine.c and gstemotion2vecstream.c hold here.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecenginepriv.h"

#include "gstemotion2vecprocess.h"

/* Results kept that nobody pops, of windows whose loss the submitter accepts. They have been told to the done func. */
#define MAX_LOSSY 64

static gboolean
is_stale (const GstEmotion2vecRequest * request)
{
  return request->generation != request->stream->generation;
}

GstEmotion2vecRequest *
gst_emotion2vec_stream_peek (GstEmotion2vecStream * stream)
{
  if (stream->moving
      || stream->n_running + stream->n_finished >=
      GST_EMOTION2VEC_MAX_IN_FLIGHT)
    return NULL;
  return g_queue_peek_head (&stream->pending);
}

/* What is known of a result before inference. */
static void
begin_result (const GstEmotion2vecStream * stream,
    GstEmotion2vecRequest * request)
{
  g_free (request->result->model);
  request->result->model = g_strdup (stream->engine->model_name);
  request->result->silent = request->window->silent;
}

GstEmotion2vecRequest *
gst_emotion2vec_stream_take (GstEmotion2vecStream * stream)
{
  GstEmotion2vecRequest *request = g_queue_pop_head (&stream->pending);

  if (request->window) {
    begin_result (stream, request);
    request->head = gst_emotion2vec_head_ref (stream->head);
    stream->n_waiting--;
  }
  stream->n_running++;
  g_cond_broadcast (&stream->changed);
  return request;
}

/* @request: (transfer full). */
static void
push_finished (GstEmotion2vecRequest * request)
{
  GstEmotion2vecEngine *engine = request->stream->engine;

  request->stream->n_finished++;
  g_queue_push_tail (&engine->finished, request);
  g_cond_signal (&engine->deliveries);
}

void
gst_emotion2vec_stream_finish (GstEmotion2vecRequest * request)
{
  if (is_stale (request)) {
    gst_emotion2vec_request_free (request);
    return;
  }
  request->stream->n_running--;
  push_finished (request);
}

/* Takes over @request. */
static void
push_done (GstEmotion2vecStream * stream, GstEmotion2vecRequest * request)
{
  if (!request->window || request->error) {
    gst_emotion2vec_request_free (request);
    return;
  }
  g_queue_push_tail (&stream->done, request);
  if (request->lossless || ++stream->n_lossy <= MAX_LOSSY)
    return;
  for (GList * item = stream->done.head; item; item = item->next) {
    GstEmotion2vecRequest *old = item->data;

    if (old->lossless)
      continue;
    g_queue_delete_link (&stream->done, item);
    gst_emotion2vec_request_free (old);
    stream->n_lossy--;
    return;
  }
}

static void
store_warm_up (GstEmotion2vecStream * stream, GstEmotion2vecRequest * request)
{
  if (request->awaited != stream->awaited)
    return;
  stream->warmed_up = TRUE;
  stream->warm_up_time = request->time;
  stream->warm_up_error = g_steal_pointer (&request->error);
}

/* Without the lock. */
static void
tell (const GstEmotion2vecStream * stream,
    const GstEmotion2vecRequest * request)
{
  if (request->warm_up)
    request->warm_up (request->time, request->error, stream->user_data);
  else if (request->window && stream->done_func)
    stream->done_func (request->result, request->error, stream->user_data);
}

void
gst_emotion2vec_stream_deliver (GstEmotion2vecRequest * request)
{
  GstEmotion2vecStream *stream = request->stream;

  if (is_stale (request)) {
    gst_emotion2vec_request_free (request);
    return;
  }
  if (request->window)
    gst_emotion2vec_meter_add (&stream->meter, request,
        g_get_monotonic_time ());
  stream->deliverer = g_thread_self ();
  gst_emotion2vec_unlock ();
  tell (stream, request);
  gst_emotion2vec_lock ();
  stream->deliverer = NULL;
  gst_emotion2vec_stream_changed (stream);
  if (is_stale (request)) {
    gst_emotion2vec_request_free (request);
    return;
  }
  stream->n_finished--;
  if (request->awaited)
    store_warm_up (stream, request);
  push_done (stream, request);
}
