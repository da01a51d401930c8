/* gstemotion2vecengine.c - one model on one device for all elements of the process that ask for the same.
 *
 * (1) Two threads an engine: only the worker calls the encoder, only the delivery thread calls done funcs. The worker
 *     never waits for the delivery thread.
 * (2) A request is in exactly one place: its stream's pending list, the worker's batch, engine->finished, the hands of
 *     the delivery thread, or its stream's done list. Moving it is the only way to own it.
 * (3) One lock guards it all (gstemotion2vecprocess.h). It is not held while the encoder or a done func runs.
 * (4) A stream's results come out in the order of its windows: only the head of a pending list enters a batch, batches
 *     are finished in the order in which they ran, and engine->finished is delivered from its head.
 * (5) Streams take turns: each batch begins with the stream after the one that began the last. Windows of the same
 *     length, of whatever stream, join it, one a stream a round.
 * (6) A failed batch fails its requests, each with its own copy of the error; the engine goes on.
 * (7) Users are whoever opened the engine, and its streams. The last to go ends the threads: the worker after the batch
 *     in flight. If the last one goes inside a done func, the delivery thread cannot join itself, and frees the engine
 *     when it ends.
 * (8) In a child of fork() the engine stays as it was, for ever: its threads are not there, and its device is the parent's.
 *
 * What a stream does is told at the head of gstemotion2vecstream.c.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecenginepriv.h"

#include "e2vscores.h"
#include "gstemotion2vecbatch.h"
#include "gstemotion2vecprocess.h"
#include "gstemotion2vecregistry.h"

GST_DEBUG_CATEGORY_STATIC (gst_emotion2vec_engine_debug);
#define GST_CAT_DEFAULT gst_emotion2vec_engine_debug

/* Samples a second of what the model takes. */
#define RATE 16000.0

/* ---- the worker ------------------------------------------------------------------------------------------------- */

/* Fills @batch, round after round over the streams; leaves it empty if nothing waits. Under the lock. */
static void
take_batch (GstEmotion2vecEngine * engine, GstEmotion2vecBatch * batch)
{
  guint n = engine->streams->len, begin = engine->turn;
  gboolean took;

  do {
    took = FALSE;
    for (guint i = 0; i < n; i++) {
      guint s = (engine->turn + i) % n;
      GstEmotion2vecStream *stream = engine->streams->pdata[s];
      const GstEmotion2vecRequest *head = gst_emotion2vec_stream_peek (stream);

      if (!head || !gst_emotion2vec_batch_fits (batch, head))
        continue;
      if (batch->requests->len == 0)
        begin = s;
      gst_emotion2vec_batch_add (batch, gst_emotion2vec_stream_take (stream));
      took = TRUE;
    }
  } while (took);
  if (batch->requests->len > 0)
    engine->turn = (begin + 1) % n;
}

static void
run_batch (const GstEmotion2vecEngine * engine,
    const GstEmotion2vecBatch * batch)
{
  GST_DEBUG ("running %u requests, %u windows of %u samples",
      batch->requests->len, batch->n_windows, batch->n_samples);
  gst_emotion2vec_batch_run (batch, engine);
}

static gpointer
work (gpointer data)
{
  GstEmotion2vecEngine *engine = data;
  GstEmotion2vecBatch batch;

  gst_emotion2vec_batch_init (&batch);
  gst_emotion2vec_lock ();
  while (!engine->stop) {
    take_batch (engine, &batch);
    if (batch.requests->len == 0) {
      gst_emotion2vec_wait (&engine->work);
      continue;
    }
    gst_emotion2vec_unlock ();
    run_batch (engine, &batch);
    gst_emotion2vec_lock ();
    for (guint i = 0; i < batch.requests->len; i++)
      gst_emotion2vec_stream_finish (batch.requests->pdata[i]);
    gst_emotion2vec_batch_reset (&batch);
  }
  gst_emotion2vec_unlock ();
  gst_emotion2vec_batch_clear (&batch);
  return NULL;
}

/* ---- delivery --------------------------------------------------------------------------------------------------- */

static void engine_free (GstEmotion2vecEngine * engine);

static gpointer
deliver (gpointer data)
{
  GstEmotion2vecEngine *engine = data;
  gboolean reap;

  gst_emotion2vec_lock ();
  while (!engine->stop) {
    GstEmotion2vecRequest *request = g_queue_pop_head (&engine->finished);

    if (request)
      gst_emotion2vec_stream_deliver (request);
    else
      gst_emotion2vec_wait (&engine->deliveries);
  }
  reap = engine->reap;
  gst_emotion2vec_unlock ();
  if (reap)
    engine_free (engine);
  return NULL;
}

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

static void
describe_model (GstEmotion2vecEngine * engine, E2vModel * model,
    const char *name)
{
  const E2vHparams *hparams = e2v_model_hparams (model);
  const E2vModelInfo *info = e2v_model_info (model);
  g_auto (GStrv) names = e2v_label_names (model);
  guint n = 0;

  engine->model_name =
      g_strdup (info && info->name && *info->name ? info->name : name);
  engine->min_samples = e2v_hparams_n_samples_for (hparams, 1);
  engine->dim = hparams->embed_dim;
  engine->frame_rate = RATE / e2v_hparams_hop (hparams);
  engine->classes = g_new (guint, hparams->n_classes + 1);
  engine->labels = g_new0 (char *, hparams->n_classes + 1);
  engine->names = g_new0 (char *, hparams->n_classes + 1);
  for (guint c = 0; c < hparams->n_classes; c++) {
    if (!e2v_label_in_use (model, c))
      continue;
    engine->classes[n] = c;
    engine->labels[n] = g_strdup (e2v_model_labels (model)[c]);
    engine->names[n] = g_strdup (names[c]);
    n++;
  }
  engine->n_classes = n;
}

/* What runs on the processor without a driver has nothing to compile. */
static gboolean
compiles (E2vEncoder * encoder)
{
  const char *name = e2v_encoder_executor_name (encoder);

  return !g_str_equal (name, "ref") && !g_str_equal (name, "host");
}

GstEmotion2vecEngine *
gst_emotion2vec_engine_new_on (E2vEncoder * encoder, const char *name,
    char *warning)
{
  static gsize once;
  GstEmotion2vecEngine *engine = g_new0 (GstEmotion2vecEngine, 1);

  if (g_once_init_enter (&once)) {
    GST_DEBUG_CATEGORY_INIT (gst_emotion2vec_engine_debug,
        "emotion2vecengine", 0, "shared engines of emotion2vec elements");
    g_once_init_leave (&once, 1);
  }
  gst_emotion2vec_process_init ();
  engine->process = gst_emotion2vec_process_number ();
  engine->n_users = 1;
  engine->encoder = encoder;
  engine->warning = warning;
  /* a copy: the worker may have to open the device anew */
  engine->device = g_strdup (e2v_encoder_description (encoder));
  engine->streams = g_ptr_array_new ();
  g_queue_init (&engine->finished);
  g_cond_init (&engine->work);
  g_cond_init (&engine->deliveries);
  engine->compiles = compiles (encoder);
  describe_model (engine, e2v_encoder_model (encoder), name);
  engine->worker = g_thread_new ("emotion2vec-run", work, engine);
  engine->delivery = g_thread_new ("emotion2vec-out", deliver, engine);
  GST_INFO ("opened %s on %s", engine->model_name, engine->device);
  if (e2v_encoder_is_outrun (encoder))
    GST_INFO ("%s is the processor by way of Vulkan: device=cpu is faster",
        engine->device);
  return engine;
}

void
gst_emotion2vec_engine_use_all_threads (void)
{
  e2v_encoder_use_all_threads ();
}

/* When the delivery thread has ended, or is the caller. */
static void
engine_free (GstEmotion2vecEngine * engine)
{
  g_thread_join (engine->worker);
  gst_emotion2vec_lock ();
  g_queue_clear_full (&engine->finished,
      (GDestroyNotify) gst_emotion2vec_request_free);
  gst_emotion2vec_unlock ();
  e2v_encoder_free (engine->encoder);
  g_ptr_array_unref (engine->streams);
  g_cond_clear (&engine->work);
  g_cond_clear (&engine->deliveries);
  g_free (engine->model_name);
  g_free (engine->device);
  g_free (engine->warning);
  g_free (engine->classes);
  g_strfreev (engine->labels);
  g_strfreev (engine->names);
  g_free (engine);
}

/* Of an engine without users. */
static void
end (GstEmotion2vecEngine * engine)
{
  GThread *delivery = engine->delivery;
  gboolean reap = g_thread_self () == delivery;

  gst_emotion2vec_lock ();
  engine->stop = TRUE;
  engine->reap = reap;
  g_cond_signal (&engine->work);
  g_cond_signal (&engine->deliveries);
  gst_emotion2vec_unlock ();
  if (reap) {
    g_thread_unref (delivery);
    return;
  }
  g_thread_join (delivery);
  engine_free (engine);
}

void
gst_emotion2vec_engine_unref (GstEmotion2vecEngine * engine)
{
  gboolean last;

  gst_emotion2vec_lock ();
  /* what a child of fork() has of its parent's engine is left to the end of the process */
  last = engine->process == gst_emotion2vec_process_number ()
      && --engine->n_users == 0;
  if (last)
    gst_emotion2vec_registry_remove (engine);
  gst_emotion2vec_unlock ();
  if (last)
    end (engine);
}

void
gst_emotion2vec_engine_add_stream (GstEmotion2vecEngine * engine,
    GstEmotion2vecStream * stream)
{
  g_ptr_array_add (engine->streams, stream);
}

/* Nobody's turn changes. */
void
gst_emotion2vec_engine_remove_stream (GstEmotion2vecEngine * engine,
    GstEmotion2vecStream * stream)
{
  guint index;

  if (!g_ptr_array_find (engine->streams, stream, &index))
    return;
  g_ptr_array_remove_index (engine->streams, index);
  if (index < engine->turn)
    engine->turn--;
  if (engine->turn >= engine->streams->len)
    engine->turn = 0;
}

/* ---- what is known of it ---------------------------------------------------------------------------------------- */

const char *
gst_emotion2vec_engine_model_name (const GstEmotion2vecEngine * engine)
{
  return engine->model_name;
}

const char *
gst_emotion2vec_engine_device (const GstEmotion2vecEngine * engine)
{
  return engine->device;
}

const char *
gst_emotion2vec_engine_warning (const GstEmotion2vecEngine * engine)
{
  return engine->warning;
}

const char *const *
gst_emotion2vec_engine_labels (const GstEmotion2vecEngine * engine)
{
  return (const char *const *) engine->labels;
}

const char *const *
gst_emotion2vec_engine_names (const GstEmotion2vecEngine * engine)
{
  return (const char *const *) engine->names;
}

guint
gst_emotion2vec_engine_min_samples (const GstEmotion2vecEngine * engine)
{
  return engine->min_samples;
}

double
gst_emotion2vec_engine_frame_rate (const GstEmotion2vecEngine * engine)
{
  return engine->frame_rate;
}

gboolean
gst_emotion2vec_engine_compiles (const GstEmotion2vecEngine * engine)
{
  return engine->compiles;
}

guint
gst_emotion2vec_engine_dim (const GstEmotion2vecEngine * engine)
{
  return engine->dim;
}
