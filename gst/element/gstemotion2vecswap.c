/* gstemotion2vecswap.c - another model for the emotion2vec element while it runs.
 *
 * A background thread opens the engine of the new model, warms it up with a queue of its own, and then moves the element's
 * queue over: windows that wait are run by the new model, those in flight are waited for, and results stay in order. If
 * anything of it fails, the element keeps its model and posts a warning. The last change wins.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecpriv.h"

#define GST_CAT_DEFAULT gst_emotion2vec_debug

typedef struct
{
  guint serial;                 /* of the change of model-file */
  char *model_file, *device, *spec;
  GstEmotion2vecPrecision precision;
  guint n_samples;              /* of a window; 0: of any length */
} Swap;

static void
swap_free (gpointer data)
{
  Swap *swap = data;

  g_free (swap->model_file);
  g_free (swap->device);
  g_free (swap->spec);
  g_free (swap);
}

/* A new model must take the windows that the old one took. */
static gboolean
check_window (const Swap * swap, GstEmotion2vecEngine * engine, GError ** error)
{
  if (swap->n_samples == 0
      || swap->n_samples >= gst_emotion2vec_engine_min_samples (engine))
    return TRUE;
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "emotion2vec: the model %s needs longer windows than %u samples.",
      gst_emotion2vec_engine_model_name (engine), swap->n_samples);
  return FALSE;
}

static gboolean
warm_up (const Swap * swap, GstEmotion2vecEngine * engine, GError ** error)
{
  GstEmotion2vecStream *probe;
  gboolean warm;

  if (swap->n_samples == 0)
    return TRUE;
  probe = gst_emotion2vec_stream_new (engine, NULL, NULL);
  warm = gst_emotion2vec_stream_warm_up (probe, swap->n_samples, NULL, error);
  gst_emotion2vec_stream_free (probe);
  return warm;
}

typedef struct
{
  GstEmotion2vec *self;
  GstEmotion2vecClasses **classes;
} Exchange;

/* Between the last result of the old model and the first of the new one. */
static void
exchange_classes (gpointer data)
{
  Exchange *exchange = data;
  GstEmotion2vecClasses *old;

  g_mutex_lock (&exchange->self->scoring);
  old = exchange->self->classes;
  exchange->self->classes = *exchange->classes;
  *exchange->classes = old;
  gst_emotion2vec_scorer_reset (exchange->self->scorer);
  g_mutex_unlock (&exchange->self->scoring);
}

/* Exchanges engine and classes for those given, if the change is still wanted. FALSE: it is not. */
static gboolean
move (GstEmotion2vec * self, const Swap * swap,
    GstEmotion2vecEngine ** engine, GstEmotion2vecClasses ** classes)
{
  Exchange exchange = { self, classes };
  GstEmotion2vecEngine *old;
  gboolean moved;

  g_mutex_lock (&self->swapping);
  GST_OBJECT_LOCK (self);
  moved = self->stream && swap->serial == self->swap_serial;
  GST_OBJECT_UNLOCK (self);
  moved = moved && gst_emotion2vec_stream_move (self->stream, *engine,
      exchange_classes, &exchange);
  if (moved) {
    GST_OBJECT_LOCK (self);
    old = self->engine;
    self->engine = *engine;
    *engine = old;
    GST_OBJECT_UNLOCK (self);
  }
  g_mutex_unlock (&self->swapping);
  return moved;
}

/* Opens and tries the new model. (transfer full) */
static GstEmotion2vecEngine *
open_engine (const Swap * swap, GstEmotion2vecClasses ** classes,
    GError ** error)
{
  GstEmotion2vecEngine *engine =
      gst_emotion2vec_engine_open (swap->model_file, swap->device,
      swap->precision, error);

  if (!engine)
    return NULL;
  if (check_window (swap, engine, error) && warm_up (swap, engine, error))
    *classes = gst_emotion2vec_classes_new (gst_emotion2vec_engine_names
        (engine), swap->spec, error);
  if (!*classes)
    g_clear_pointer (&engine, gst_emotion2vec_engine_unref);
  return engine;
}

/* In the background. */
static void
run (GstElement * element, gpointer data)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (element);
  const Swap *swap = data;
  GstEmotion2vecClasses *classes = NULL;
  GstEmotion2vecEngine *engine;
  g_autoptr (GError) error = NULL;

  gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_START, "model",
      "Loading the model");
  engine = open_engine (swap, &classes, &error);
  if (!engine) {
    gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_ERROR, "model",
        "The model was not changed");
    if (error)
      gst_emotion2vec_post_warning (self, error, "The model stays as it was.");
    return;
  }
  if (move (self, swap, &engine, &classes)) {
    gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_COMPLETE, "model",
        "The model is in use");
    g_object_notify (G_OBJECT (self), "labels");
  } else {
    gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_CANCELED, "model",
        "The model is not wanted any more");
  }
  gst_emotion2vec_classes_free (classes);
  gst_emotion2vec_engine_unref (engine);
}

void
gst_emotion2vec_swap_model (GstEmotion2vec * self)
{
  Swap *swap = g_new0 (Swap, 1);
  gboolean open;

  GST_OBJECT_LOCK (self);
  open = self->engine != NULL;
  swap->serial = ++self->swap_serial;
  swap->model_file = g_strdup (self->settings.model_file);
  swap->device = g_strdup (self->settings.device);
  swap->spec = g_strdup (self->settings.classes);
  swap->precision = self->settings.precision;
  swap->n_samples = gst_emotion2vec_settings_window_samples (&self->settings);
  GST_OBJECT_UNLOCK (self);
  if (open)
    gst_element_call_async (GST_ELEMENT (self), run, swap, swap_free);
  else
    swap_free (swap);
}
