/* gstemotion2vecengine.c - one model on one device for all elements of the process that ask for the same.
 *
 * (1) One worker thread an engine; after opening, only it calls the encoder.
 * (2) A request is in exactly one place: its stream's pending list, the running batch, or its stream's done list.
 *     Moving it is the only way to own it.
 * (3) engine->lock guards the engine's list of streams and all that is in a stream. It is not held while the encoder
 *     runs. registry.lock guards the list of engines and their counts; it is not held while a model loads, and never
 *     together with an engine's lock.
 * (4) A stream's results come out in the order of its windows: only the head of a pending list enters a batch, and a
 *     stream's requests are delivered in the order they entered.
 * (5) Streams take turns: each batch begins with the stream after the one that began the last. Windows of the same
 *     length, of whatever stream, join it.
 * (6) A request carries the generation of its stream. Forgetting raises the generation: what is pending goes at once,
 *     what is in flight goes when it comes back.
 * (7) When gst_emotion2vec_stream_free() has returned, no request of that stream exists; it waits for at most the batch
 *     in flight. So a stream never outlives its engine.
 * (8) A failed batch fails its requests, each with its own copy of the error; the engine goes on.
 *
 * An engine's life: opening (in the registry, others wait) -> open (worker runs) -> out of the registry -> freed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecengine.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "e2vencoder.h"
#include "e2verror.h"
#include "e2vmodelfile.h"
#include "e2vscores.h"
#include "gstemotion2vecmodelsearch.h"

GST_DEBUG_CATEGORY_STATIC (gst_emotion2vec_engine_debug);
#define GST_CAT_DEFAULT gst_emotion2vec_engine_debug

/* Bounds what one window waits for others, and the device memory of a batch. */
#define MAX_BATCH 8

/* What makes two elements share an engine. A replaced file is another model. */
typedef struct
{
  guint64 device_id, inode, size, seconds, nanoseconds;
  char *device;
  GstEmotion2vecPrecision precision;
} Key;

struct _GstEmotion2vecEngine
{
  /* registry.lock */
  Key key;
  guint n_users;
  gboolean opening;

  /* immutable once open */
  E2vEncoder *encoder;          /* used by the worker only */
  char *model_name, *warning;
  guint *classes;               /* indices of the classes in use */
  guint n_classes;
  char **labels, **names;       /* of those: full ones and short ones */
  guint min_samples;
  GThread *worker;

  GMutex lock;
  GCond work;                   /* something was queued, or stop was set */
  gboolean stop;
  GPtrArray *streams;           /* borrowed */
  guint turn;                   /* stream that the next batch begins with */
};

struct _GstEmotion2vecStream
{
  GstEmotion2vecEngine *engine;
  guint max_pending;
  /* engine->lock */
  GCond changed;                /* a list, n_in_flight or flushing changed */
  gboolean flushing;
  guint generation;
  GQueue pending, done;         /* of Request */
  guint n_in_flight;
  guint64 n_reruns;
};

typedef struct
{
  GstEmotion2vecStream *stream;
  guint generation;
  guint n_samples;
  GstEmotion2vecWindow *window; /* NULL: a warm-up for n_samples */
  GstEmotion2vecResult *result;
  gboolean rerun;
  GError *error;
} Request;

static struct
{
  GMutex lock;
  GCond opened;                 /* an engine is open or failed to open */
  GList *engines;
} registry;

/* ---- errors ----------------------------------------------------------------------------------------------------- */

typedef struct
{
  E2vError from;
  gboolean library;             /* GST_LIBRARY_ERROR, else GST_RESOURCE_ERROR */
  gint code;
  const char *hint;
} ErrorRow;

static const ErrorRow error_rows[] = {
  {E2V_ERROR_NOT_FOUND, FALSE, GST_RESOURCE_ERROR_NOT_FOUND,
      "Check the properties model-file and device"},
  {E2V_ERROR_IO, FALSE, GST_RESOURCE_ERROR_READ,
      "Check the model file and its permissions"},
  {E2V_ERROR_FORMAT, FALSE, GST_RESOURCE_ERROR_OPEN_READ,
      "The model file is damaged or is no GGUF file: get it again, or convert "
        "a checkpoint with emotion2vec-model convert"},
  {E2V_ERROR_NOT_EMOTION2VEC, FALSE, GST_RESOURCE_ERROR_OPEN_READ,
      "Choose another model file; emotion2vec-model info tells what is in one"},
  {E2V_ERROR_TENSOR, FALSE, GST_RESOURCE_ERROR_OPEN_READ,
      "The model file is damaged: get it again, or convert it again with "
        "emotion2vec-model convert"},
  {E2V_ERROR_ARGUMENT, FALSE, GST_RESOURCE_ERROR_SETTINGS,
      "Check the properties of the element"},
  {E2V_ERROR_TOO_LARGE, FALSE, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "Choose a smaller model, a shorter window or another device"},
  {E2V_ERROR_NO_DRIVER, TRUE, GST_LIBRARY_ERROR_INIT,
      "Without one, device=cpu works"},
  {E2V_ERROR_OUT_OF_MEMORY, FALSE, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "Choose a smaller model, a shorter window or another device"},
  {E2V_ERROR_DEVICE_LOST, TRUE, GST_LIBRARY_ERROR_FAILED,
      "Restart the pipeline, update the driver or choose another device"},
  {E2V_ERROR_DEVICE, TRUE, GST_LIBRARY_ERROR_FAILED,
      "Update the driver or choose another device"},
};

/* Takes @cause over, which may be of any domain. */
static void
set_gst_error (GError ** error, GError * cause)
{
  static const ErrorRow other = { 0, TRUE, GST_LIBRARY_ERROR_FAILED,
    "This is a bug in gst-emotion2vec: please report it"
  };
  const ErrorRow *row = &other;

  for (guint i = 0; i < G_N_ELEMENTS (error_rows); i++)
    if (g_error_matches (cause, E2V_ERROR, (gint) error_rows[i].from))
      row = &error_rows[i];
  g_set_error (error, row->library ? GST_LIBRARY_ERROR : GST_RESOURCE_ERROR,
      row->code, "emotion2vec: %s. %s.", cause->message, row->hint);
  g_error_free (cause);
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

static void
request_free (Request * request)
{
  gst_emotion2vec_window_free (request->window);
  gst_emotion2vec_result_free (request->result);
  g_clear_error (&request->error);
  g_free (request);
}

static gboolean
is_stale (const Request * request)
{
  return request->generation != request->stream->generation;
}

/* ---- the worker ------------------------------------------------------------------------------------------------- */

/* Moves the head of @stream's pending list into @batch if it may join. Under the lock. */
static gboolean
take_head (GstEmotion2vecStream * stream, GPtrArray * batch)
{
  Request *head = g_queue_peek_head (&stream->pending);

  if (!head)
    return FALSE;
  if (batch->len > 0) {
    const Request *first = batch->pdata[0];

    if (!first->window || !head->window || first->n_samples != head->n_samples)
      return FALSE;
  }
  g_ptr_array_add (batch, g_queue_pop_head (&stream->pending));
  stream->n_in_flight++;
  g_cond_broadcast (&stream->changed);
  return TRUE;
}

/* Fills @batch, round after round over the streams; leaves it empty if nothing is pending. Under the lock. */
static void
take_batch (GstEmotion2vecEngine * engine, GPtrArray * batch)
{
  guint n = engine->streams->len, begin = 0;
  gboolean took;

  do {
    took = FALSE;
    for (guint i = 0; i < n && batch->len < MAX_BATCH; i++) {
      guint s = (engine->turn + i) % n;

      if (!take_head (engine->streams->pdata[s], batch))
        continue;
      if (batch->len == 1)
        begin = s;
      took = TRUE;
    }
  } while (took && batch->len < MAX_BATCH);
  if (batch->len > 0)
    engine->turn = (begin + 1) % n;
}

static void
fill_result (const GstEmotion2vecEngine * engine, const E2vResult * output,
    GstEmotion2vecResult * result)
{
  g_autofree double *scores = g_new (double, engine->n_classes + 1);

  for (guint c = 0; c < engine->n_classes; c++)
    scores[c] = (double) output->scores[engine->classes[c]];
  if (engine->n_classes > 0)
    gst_emotion2vec_result_set_scores (result,
        (const char *const *) engine->names, scores, engine->n_classes);
  result->model = g_strdup (engine->model_name);
}

static gboolean
run_windows (GstEmotion2vecEngine * engine, GPtrArray * batch, GError ** error)
{
  E2vWindow windows[MAX_BATCH];
  E2vResult *outputs[MAX_BATCH];
  gint64 begin = g_get_monotonic_time ();
  GstClockTime elapsed;

  for (guint i = 0; i < batch->len; i++) {
    const Request *request = batch->pdata[i];

    windows[i].samples = request->window->samples;
    windows[i].n_samples = request->window->n_samples;
  }
  if (!e2v_encoder_run (engine->encoder, windows, batch->len, 0, outputs,
          error))
    return FALSE;
  elapsed = (GstClockTime) (g_get_monotonic_time () - begin) * GST_USECOND;
  for (guint i = 0; i < batch->len; i++) {
    Request *request = batch->pdata[i];

    fill_result (engine, outputs[i], request->result);
    request->result->inference_time = elapsed;
    request->rerun = outputs[i]->rerun;
    e2v_result_free (outputs[i]);
  }
  return TRUE;
}

/* Outside the lock. */
static void
run_batch (GstEmotion2vecEngine * engine, GPtrArray * batch)
{
  const Request *first = batch->pdata[0];
  g_autoptr (GError) error = NULL;

  GST_DEBUG ("%s of %u windows, %u samples each",
      first->window ? "batch" : "warm-up", batch->len, first->n_samples);
  if (!first->window)
    e2v_encoder_warm_up (engine->encoder, first->n_samples, 1, &error);
  else
    run_windows (engine, batch, &error);
  for (guint i = 0; error && i < batch->len; i++)
    ((Request *) batch->pdata[i])->error = g_error_copy (error);
}

/* Under the lock. */
static void
deliver_batch (GPtrArray * batch)
{
  for (guint i = 0; i < batch->len; i++) {
    Request *request = batch->pdata[i];
    GstEmotion2vecStream *stream = request->stream;

    stream->n_in_flight--;
    stream->n_reruns += request->rerun ? 1 : 0;
    if (is_stale (request))
      request_free (request);
    else
      g_queue_push_tail (&stream->done, request);
    g_cond_broadcast (&stream->changed);
  }
  g_ptr_array_set_size (batch, 0);
}

static gpointer
work (gpointer data)
{
  GstEmotion2vecEngine *engine = data;
  GPtrArray *batch = g_ptr_array_new ();

  g_mutex_lock (&engine->lock);
  while (!engine->stop) {
    take_batch (engine, batch);
    if (batch->len == 0) {
      g_cond_wait (&engine->work, &engine->lock);
      continue;
    }
    g_mutex_unlock (&engine->lock);
    run_batch (engine, batch);
    g_mutex_lock (&engine->lock);
    deliver_batch (batch);
  }
  g_mutex_unlock (&engine->lock);
  g_ptr_array_unref (batch);
  return NULL;
}

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

static gboolean
key_init (Key * key, const char *path, const char *device,
    GstEmotion2vecPrecision precision, GError ** error)
{
  struct stat identity;

  if (stat (path, &identity) != 0) {
    int code = errno;

    g_set_error (error, E2V_ERROR, code == ENOENT ? E2V_ERROR_NOT_FOUND :
        E2V_ERROR_IO, "cannot look at the model file \"%s\": %s", path,
        g_strerror (code));
    return FALSE;
  }
  key->device_id = (guint64) identity.st_dev;
  key->inode = (guint64) identity.st_ino;
  key->size = (guint64) identity.st_size;
  key->seconds = (guint64) identity.st_mtim.tv_sec;
  key->nanoseconds = (guint64) identity.st_mtim.tv_nsec;
  key->device = g_strdup (device && *device ? device : "auto");
  key->precision = precision;
  return TRUE;
}

static gboolean
key_equal (const Key * a, const Key * b)
{
  return a->device_id == b->device_id && a->inode == b->inode
      && a->size == b->size && a->seconds == b->seconds
      && a->nanoseconds == b->nanoseconds
      && g_str_equal (a->device, b->device) && a->precision == b->precision;
}

static void
describe_model (GstEmotion2vecEngine * engine, E2vModel * model,
    const char *path)
{
  const E2vHparams *hparams = e2v_model_hparams (model);
  const E2vModelInfo *info = e2v_model_info (model);
  g_auto (GStrv) names = e2v_label_names (model);
  guint n = 0;

  engine->model_name = info && info->name && *info->name ?
      g_strdup (info->name) : g_path_get_basename (path);
  engine->min_samples = e2v_hparams_n_samples_for (hparams, 1);
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

static E2vPrecision
e2v_precision (GstEmotion2vecPrecision precision)
{
  switch (precision) {
    case GST_EMOTION2VEC_PRECISION_FP32:
      return E2V_PRECISION_FP32;
    case GST_EMOTION2VEC_PRECISION_FP16:
      return E2V_PRECISION_FP16;
    default:
      return E2V_PRECISION_AUTO;
  }
}

/* Loads the model, opens the device, starts the worker. */
static gboolean
engine_load (GstEmotion2vecEngine * engine, const char *path, GError ** error)
{
  g_autoptr (E2vModel) model = e2v_model_load (path, error);

  if (!model)
    return FALSE;
  engine->encoder = e2v_encoder_new (model, engine->key.device,
      e2v_precision (engine->key.precision), &engine->warning, error);
  if (!engine->encoder)
    return FALSE;
  describe_model (engine, model, path);
  engine->worker = g_thread_new ("emotion2vec", work, engine);
  GST_INFO ("opened %s on %s", path, gst_emotion2vec_engine_device (engine));
  return TRUE;
}

static GstEmotion2vecEngine *
engine_new (void)
{
  GstEmotion2vecEngine *engine = g_new0 (GstEmotion2vecEngine, 1);

  g_mutex_init (&engine->lock);
  g_cond_init (&engine->work);
  engine->streams = g_ptr_array_new ();
  engine->n_users = 1;
  engine->opening = TRUE;
  return engine;
}

/* Of an engine that is in the registry no more and has no streams. */
static void
engine_free (GstEmotion2vecEngine * engine)
{
  g_mutex_lock (&engine->lock);
  engine->stop = TRUE;
  g_cond_signal (&engine->work);
  g_mutex_unlock (&engine->lock);
  g_clear_pointer (&engine->worker, g_thread_join);
  g_clear_pointer (&engine->encoder, e2v_encoder_free);
  g_ptr_array_unref (engine->streams);
  g_mutex_clear (&engine->lock);
  g_cond_clear (&engine->work);
  g_free (engine->key.device);
  g_free (engine->model_name);
  g_free (engine->warning);
  g_free (engine->classes);
  g_strfreev (engine->labels);
  g_strfreev (engine->names);
  g_free (engine);
}

/* The engine for @key with a user more, or NULL. Waits while it is opened by another. Under the registry's lock. */
static GstEmotion2vecEngine *
join_engine (const Key * key)
{
  GList *item = registry.engines;

  while (item) {
    GstEmotion2vecEngine *engine = item->data;

    if (!key_equal (&engine->key, key)) {
      item = item->next;
    } else if (engine->opening) {
      g_cond_wait (&registry.opened, &registry.lock);
      item = registry.engines;
    } else {
      engine->n_users++;
      return engine;
    }
  }
  return NULL;
}

/* Takes over @key. */
static GstEmotion2vecEngine *
open_engine (const char *path, Key * key, GError ** error)
{
  GstEmotion2vecEngine *engine;
  gboolean opened;

  g_mutex_lock (&registry.lock);
  engine = join_engine (key);
  if (engine) {
    g_mutex_unlock (&registry.lock);
    g_free (key->device);
    return engine;
  }
  engine = engine_new ();
  engine->key = *key;
  registry.engines = g_list_prepend (registry.engines, engine);
  g_mutex_unlock (&registry.lock);

  opened = engine_load (engine, path, error);

  g_mutex_lock (&registry.lock);
  engine->opening = FALSE;
  if (!opened)
    registry.engines = g_list_remove (registry.engines, engine);
  g_cond_broadcast (&registry.opened);
  g_mutex_unlock (&registry.lock);
  if (!opened)
    g_clear_pointer (&engine, engine_free);
  return engine;
}

GstEmotion2vecEngine *
gst_emotion2vec_engine_open (const char *model_file, const char *device,
    GstEmotion2vecPrecision precision, GError ** error)
{
  static gsize once;
  GstEmotion2vecEngine *engine = NULL;
  GError *cause = NULL;
  g_autofree char *path = NULL;
  Key key;

  if (g_once_init_enter (&once)) {
    GST_DEBUG_CATEGORY_INIT (gst_emotion2vec_engine_debug,
        "emotion2vecengine", 0, "shared engines of emotion2vec elements");
    g_once_init_leave (&once, 1);
  }
  path = gst_emotion2vec_find_model (model_file, &cause);
  if (path && key_init (&key, path, device, precision, &cause))
    engine = open_engine (path, &key, &cause);
  if (!engine)
    set_gst_error (error, cause);
  return engine;
}

void
gst_emotion2vec_engine_unref (GstEmotion2vecEngine * engine)
{
  gboolean last;

  g_mutex_lock (&registry.lock);
  last = --engine->n_users == 0;
  if (last)
    registry.engines = g_list_remove (registry.engines, engine);
  g_mutex_unlock (&registry.lock);
  if (last)
    engine_free (engine);
}

const char *
gst_emotion2vec_engine_model_name (const GstEmotion2vecEngine * engine)
{
  return engine->model_name;
}

const char *
gst_emotion2vec_engine_device (const GstEmotion2vecEngine * engine)
{
  return e2v_encoder_description (engine->encoder);
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

guint
gst_emotion2vec_engine_min_samples (const GstEmotion2vecEngine * engine)
{
  return engine->min_samples;
}

/* ---- streams ---------------------------------------------------------------------------------------------------- */

GstEmotion2vecStream *
gst_emotion2vec_stream_new (GstEmotion2vecEngine * engine, guint max_pending)
{
  GstEmotion2vecStream *stream = g_new0 (GstEmotion2vecStream, 1);

  stream->engine = engine;
  stream->max_pending = MAX (1, max_pending);
  g_cond_init (&stream->changed);
  g_queue_init (&stream->pending);
  g_queue_init (&stream->done);
  g_mutex_lock (&engine->lock);
  g_ptr_array_add (engine->streams, stream);
  g_mutex_unlock (&engine->lock);
  return stream;
}

/* Under the lock. */
static void
forget (GstEmotion2vecStream * stream)
{
  stream->generation++;
  g_queue_clear_full (&stream->pending, (GDestroyNotify) request_free);
  g_queue_clear_full (&stream->done, (GDestroyNotify) request_free);
  g_cond_broadcast (&stream->changed);
}

void
gst_emotion2vec_stream_free (GstEmotion2vecStream * stream)
{
  GstEmotion2vecEngine *engine = stream->engine;

  g_mutex_lock (&engine->lock);
  forget (stream);
  while (stream->n_in_flight > 0)
    g_cond_wait (&stream->changed, &engine->lock);
  g_ptr_array_remove (engine->streams, stream);
  engine->turn = 0;
  g_mutex_unlock (&engine->lock);
  g_cond_clear (&stream->changed);
  g_free (stream);
}

void
gst_emotion2vec_stream_set_flushing (GstEmotion2vecStream * stream,
    gboolean flushing)
{
  g_mutex_lock (&stream->engine->lock);
  stream->flushing = flushing;
  g_cond_broadcast (&stream->changed);
  g_mutex_unlock (&stream->engine->lock);
}

void
gst_emotion2vec_stream_forget (GstEmotion2vecStream * stream)
{
  g_mutex_lock (&stream->engine->lock);
  forget (stream);
  g_mutex_unlock (&stream->engine->lock);
}

/* Takes over @request. Under the lock. */
static gboolean
submit (GstEmotion2vecStream * stream, Request * request)
{
  GstEmotion2vecEngine *engine = stream->engine;

  while (!stream->flushing && stream->pending.length >= stream->max_pending)
    g_cond_wait (&stream->changed, &engine->lock);
  if (stream->flushing) {
    request_free (request);
    return FALSE;
  }
  request->stream = stream;
  request->generation = stream->generation;
  g_queue_push_tail (&stream->pending, request);
  g_cond_signal (&engine->work);
  return TRUE;
}

/* Under the lock. */
static gboolean
wait_until_done (GstEmotion2vecStream * stream)
{
  while (!stream->flushing
      && (stream->pending.length > 0 || stream->n_in_flight > 0))
    g_cond_wait (&stream->changed, &stream->engine->lock);
  return !stream->flushing;
}

gboolean
gst_emotion2vec_stream_submit (GstEmotion2vecStream * stream,
    GstEmotion2vecWindow * window, GstEmotion2vecResult * result)
{
  Request *request = g_new0 (Request, 1);
  gboolean queued;

  request->n_samples = window->n_samples;
  request->window = window;
  request->result = result;
  g_mutex_lock (&stream->engine->lock);
  queued = submit (stream, request);
  g_mutex_unlock (&stream->engine->lock);
  return queued;
}

gboolean
gst_emotion2vec_stream_wait (GstEmotion2vecStream * stream)
{
  gboolean done;

  g_mutex_lock (&stream->engine->lock);
  done = wait_until_done (stream);
  g_mutex_unlock (&stream->engine->lock);
  return done;
}

guint64
gst_emotion2vec_stream_n_reruns (GstEmotion2vecStream * stream)
{
  guint64 n;

  g_mutex_lock (&stream->engine->lock);
  n = stream->n_reruns;
  g_mutex_unlock (&stream->engine->lock);
  return n;
}

static Request *
pop_done (GstEmotion2vecStream * stream)
{
  Request *request;

  g_mutex_lock (&stream->engine->lock);
  request = g_queue_pop_head (&stream->done);
  g_mutex_unlock (&stream->engine->lock);
  return request;
}

GstEmotion2vecResult *
gst_emotion2vec_stream_pop (GstEmotion2vecStream * stream, GError ** error)
{
  Request *request = pop_done (stream);
  GstEmotion2vecResult *result = NULL;

  if (!request)
    return NULL;
  if (request->error)
    set_gst_error (error, g_steal_pointer (&request->error));
  else
    result = g_steal_pointer (&request->result);
  request_free (request);
  return result;
}

gboolean
gst_emotion2vec_stream_warm_up (GstEmotion2vecStream * stream,
    guint n_samples, GError ** error)
{
  Request *request;
  gboolean done;

  /* the reference executor compiles nothing, and is slow */
  if (g_str_equal (e2v_encoder_executor_name (stream->engine->encoder), "ref"))
    return TRUE;
  request = g_new0 (Request, 1);
  request->n_samples = n_samples;
  g_mutex_lock (&stream->engine->lock);
  done = submit (stream, request) && wait_until_done (stream);
  g_mutex_unlock (&stream->engine->lock);
  if (!done)
    return FALSE;
  request = pop_done (stream);
  if (request && request->error) {
    set_gst_error (error, g_steal_pointer (&request->error));
    done = FALSE;
  }
  g_clear_pointer (&request, request_free);
  return done;
}
