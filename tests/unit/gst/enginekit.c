/* enginekit.c - engines, windows and listeners for tests of the shared engine.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enginekit.h"

#include "e2vmodelfile.h"
#include "e2vref.h"
#include "e2vscores.h"
#include "e2vselftest.h"
#include "gstemotion2vecenginepriv.h"
#include "slowexecutor.h"

#define MAX_LISTENERS 64
#define ROOM 1000

typedef struct
{
  KitLog *log;
  guint number;
} Listener;

struct _KitLog
{
  GMutex lock;
  GCond changed;
  GArray *calls;                /* of KitCall */
  GError *error;
  KitHook hook;
  gpointer hook_data;
  Listener listeners[MAX_LISTENERS];
};

/* ---- models and engines ----------------------------------------------------------------------------------------- */

E2vModel *
kit_model (guint64 seed)
{
  static const E2vHparams shape = {
    .conv = {{8, 400, 320}},.n_conv = 1,.embed_dim = 16,.n_heads = 2,
    .n_prenet = 1,.n_main = 1,.mlp_dim = 16,.n_extra = 1,.pos_depth = 1,
    .pos_kernel = 3,.pos_groups = 4,.alibi_layers = 1,.alibi_heads = 2,
    .n_classes = 4,.norm_eps = 1e-5,.normalize = TRUE
  };
  g_autoptr (GError) error = NULL;
  E2vModel *model = e2v_model_new_random (&shape, seed, &error);

  g_assert_no_error (error);
  return model;
}

void
kit_save_model (const char *path, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = kit_model (seed);

  e2v_selftest_make (model, &error);
  g_assert_no_error (error);
  e2v_model_save (model, path, &error);
  g_assert_no_error (error);
}

static E2vEncoder *
ref_encoder (guint64 seed)
{
  g_autoptr (E2vModel) model = kit_model (seed);

  return e2v_encoder_new_on (e2v_ref_new (model, E2V_PRECISION_FP32));
}

GstEmotion2vecEngine *
kit_slow_engine (guint64 seed)
{
  g_autoptr (E2vModel) model = kit_model (seed);

  return gst_emotion2vec_engine_new_on (slow_encoder_new (model), "slow", NULL);
}

const char *
kit_device (void)
{
  const char *device = g_getenv ("KIT_DEVICE");

  return device ? device : "ref";
}

GstEmotion2vecEngine *
kit_engine (guint64 seed)
{
  g_autoptr (E2vModel) model = kit_model (seed);
  g_autoptr (GError) error = NULL;
  E2vEncoder *encoder;
  char *warning = NULL;

  g_assert_true (e2v_selftest_make (model, NULL));
  encoder = e2v_encoder_new (model, kit_device (), E2V_PRECISION_FP32,
      &warning, &error);
  if (encoder)
    return gst_emotion2vec_engine_new_on (encoder, "kit", warning);
  g_test_message ("%s", error->message);
  return NULL;
}

/* ---- windows ---------------------------------------------------------------------------------------------------- */

GstEmotion2vecWindow *
kit_window (guint64 id, guint n)
{
  GstEmotion2vecWindow *window = g_new0 (GstEmotion2vecWindow, 1);

  window->start = id;
  window->n_samples = n;
  window->samples = g_new (float, n);
  for (guint i = 0; i < n; i++)
    window->samples[i] = (float) ((i * (id + 3)) % 17) / 17;
  return window;
}

E2vResult *
kit_expect (guint64 seed, guint64 id, guint n, E2vWant want)
{
  g_autoptr (E2vEncoder) encoder = ref_encoder (seed);
  g_autoptr (GstEmotion2vecWindow) window = kit_window (id, n);
  const E2vWindow input = { window->samples, n };
  E2vResult *result = NULL;

  g_assert_true (e2v_encoder_run (encoder, &input, 1, want, &result, NULL));
  return result;
}

void
kit_assert_scores (const GstEmotion2vecResult * result, guint64 seed,
    guint64 id, guint n)
{
  g_autoptr (E2vResult) want = kit_expect (seed, id, n, 0);

  g_assert_cmpuint (result->id, ==, id);
  g_assert_cmpuint (result->n_model_classes, ==, 4);
  for (guint c = 0; c < 4; c++)
    g_assert_cmpfloat (result->model_scores[c], ==, (double) want->scores[c]);
}

static GstEmotion2vecSubmit
submit (GstEmotion2vecStream * stream, guint64 id, guint n, gboolean silent,
    GstEmotion2vecOverload overload, GstEmotion2vecResult ** dropped)
{
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();
  GstEmotion2vecWindow *window = kit_window (id, n);

  result->id = id;
  window->silent = silent;
  return gst_emotion2vec_stream_submit (stream, window, result, 0, overload,
      dropped);
}

gboolean
kit_submit (GstEmotion2vecStream * stream, guint64 id, guint n)
{
  return submit (stream, id, n, FALSE, GST_EMOTION2VEC_OVERLOAD_BLOCK, NULL)
      == GST_EMOTION2VEC_SUBMIT_QUEUED;
}

gboolean
kit_submit_silent (GstEmotion2vecStream * stream, guint64 id, guint n)
{
  return submit (stream, id, n, TRUE, GST_EMOTION2VEC_OVERLOAD_BLOCK, NULL)
      == GST_EMOTION2VEC_SUBMIT_QUEUED;
}

GstEmotion2vecSubmit
kit_submit_policy (GstEmotion2vecStream * stream, guint64 id, guint n,
    GstEmotion2vecOverload overload, gint64 * dropped)
{
  g_autoptr (GstEmotion2vecResult) result = NULL;
  GstEmotion2vecSubmit outcome =
      submit (stream, id, n, FALSE, overload, &result);

  *dropped = result ? (gint64) result->id : -1;
  return outcome;
}

/* ---- listeners -------------------------------------------------------------------------------------------------- */

KitLog *
kit_log_new (void)
{
  KitLog *log = g_new0 (KitLog, 1);

  log->calls = g_array_new (FALSE, FALSE, sizeof (KitCall));
  return log;
}

void
kit_log_free (KitLog * log)
{
  g_array_unref (log->calls);
  g_clear_error (&log->error);
  g_free (log);
}

void
kit_log_set_hook (KitLog * log, KitHook hook, gpointer data)
{
  log->hook = hook;
  log->hook_data = data;
}

static void
on_done (GstEmotion2vecResult * result, const GError * error, gpointer data)
{
  const Listener *listener = data;
  KitLog *log = listener->log;
  const KitCall call = { listener->number, result->id, error != NULL };

  g_mutex_lock (&log->lock);
  g_array_append_val (log->calls, call);
  if (error) {
    g_clear_error (&log->error);
    log->error = g_error_copy (error);
  }
  g_cond_broadcast (&log->changed);
  g_mutex_unlock (&log->lock);
  if (log->hook)
    log->hook (&call, log->hook_data);
}

GstEmotion2vecStream *
kit_stream (GstEmotion2vecEngine * engine, KitLog * log, guint listener)
{
  GstEmotion2vecStream *stream;

  g_assert_cmpuint (listener, <, MAX_LISTENERS);
  log->listeners[listener].log = log;
  log->listeners[listener].number = listener;
  stream = gst_emotion2vec_stream_new (engine, on_done,
      &log->listeners[listener]);
  gst_emotion2vec_stream_set_max_pending (stream, ROOM);
  return stream;
}

void
kit_log_wait (KitLog * log, guint n_calls)
{
  g_mutex_lock (&log->lock);
  while (log->calls->len < n_calls)
    g_cond_wait (&log->changed, &log->lock);
  g_mutex_unlock (&log->lock);
}

guint
kit_log_count (KitLog * log)
{
  guint n;

  g_mutex_lock (&log->lock);
  n = log->calls->len;
  g_mutex_unlock (&log->lock);
  return n;
}

KitCall
kit_log_call (KitLog * log, guint index)
{
  KitCall call;

  g_mutex_lock (&log->lock);
  g_assert_cmpuint (index, <, log->calls->len);
  call = g_array_index (log->calls, KitCall, index);
  g_mutex_unlock (&log->lock);
  return call;
}

GError *
kit_log_error (KitLog * log)
{
  GError *error;

  g_mutex_lock (&log->lock);
  error = log->error;
  g_mutex_unlock (&log->lock);
  return error;
}

void
kit_log_assert_ids (KitLog * log, const char *ids)
{
  g_autoptr (GString) got = g_string_new (NULL);

  g_mutex_lock (&log->lock);
  for (guint i = 0; i < log->calls->len; i++)
    g_string_append_printf (got, "%s%" G_GUINT64_FORMAT, i ? " " : "",
        g_array_index (log->calls, KitCall, i).id);
  g_mutex_unlock (&log->lock);
  g_assert_cmpstr (got->str, ==, ids);
}
