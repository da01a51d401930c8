/* gstemotion2vecswap.c - another model or head for the emotion2vec element while it runs.
 *
 * A background thread opens the engine of the model, which for another head is the one in use, warms it up with a queue of
 * its own, and then moves the element's queue over: windows that wait are run by the new model and scored by the new head,
 * those in flight are waited for, and results stay in order. If anything of it fails, the element keeps what it has and
 * posts a warning. The last change wins.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecpriv.h"

#define GST_CAT_DEFAULT gst_emotion2vec_debug

typedef struct
{
  guint serial;                 /* of the change of model-file or head-file */
  char *model_file, *head_file, *device, *spec;
  GstEmotion2vecPrecision precision;
  guint n_samples;              /* of a window; 0: of any length */
} Swap;

static void
swap_free (gpointer data)
{
  Swap *swap = data;

  g_free (swap->model_file);
  g_free (swap->head_file);
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

/* What the element gets, and afterwards what it had. */
typedef struct
{
  GstEmotion2vecEngine *engine;
  GstEmotion2vecHead *head;
  GstEmotion2vecClasses *classes;
} Parts;

static void
parts_clear (Parts * parts)
{
  gst_emotion2vec_classes_free (parts->classes);
  gst_emotion2vec_head_unref (parts->head);
  g_clear_pointer (&parts->engine, gst_emotion2vec_engine_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear);

typedef struct
{
  GstEmotion2vec *self;
  Parts *parts;
} Exchange;

/* Between the last result of the old model or head and the first of the new one. */
static void
exchange_scoring (gpointer data)
{
  const Exchange *exchange = data;
  GstEmotion2vec *self = exchange->self;
  Parts *parts = exchange->parts;
  GstEmotion2vecClasses *old;

  gst_emotion2vec_stream_set_head (self->stream, parts->head);
  g_mutex_lock (&self->scoring);
  old = self->classes;
  self->classes = parts->classes;
  parts->classes = old;
  gst_emotion2vec_scorer_reset (self->scorer);
  g_mutex_unlock (&self->scoring);
}

/* Exchanges the parts for those given, if the change is still wanted. FALSE: it is not. */
static gboolean
move (GstEmotion2vec * self, const Swap * swap, Parts * parts)
{
  Exchange exchange = { self, parts };
  Parts old;
  gboolean moved;

  g_mutex_lock (&self->swapping);
  GST_OBJECT_LOCK (self);
  moved = self->stream && swap->serial == self->swap_serial;
  GST_OBJECT_UNLOCK (self);
  moved = moved && gst_emotion2vec_stream_move (self->stream, parts->engine,
      exchange_scoring, &exchange);
  if (moved) {
    GST_OBJECT_LOCK (self);
    old.engine = self->engine;
    old.head = self->head;
    self->engine = parts->engine;
    self->head = parts->head;
    parts->engine = old.engine;
    parts->head = old.head;
    GST_OBJECT_UNLOCK (self);
  }
  g_mutex_unlock (&self->swapping);
  return moved;
}

/* Opens and tries the new model and head. FALSE, perhaps without an error: flushing. */
static gboolean
open_parts (const Swap * swap, Parts * parts, GError ** error)
{
  GError *failure = NULL;

  parts->engine = gst_emotion2vec_engine_open (swap->model_file, swap->device,
      swap->precision, error);
  if (!parts->engine)
    return FALSE;
  parts->head = gst_emotion2vec_open_head (swap->head_file, parts->engine,
      &failure);
  if (failure) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  if (!check_window (swap, parts->engine, error)
      || !warm_up (swap, parts->engine, error))
    return FALSE;
  parts->classes = gst_emotion2vec_classes_new (gst_emotion2vec_head_names
      (parts->head, parts->engine), swap->spec, error);
  return parts->classes != NULL;
}

/* In the background. */
static void
run (GstElement * element, gpointer data)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (element);
  const Swap *swap = data;
  g_auto (Parts) parts = { NULL };
  g_autoptr (GError) error = NULL;

  gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_START, "model",
      "Loading the model");
  if (!open_parts (swap, &parts, &error)) {
    gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_ERROR, "model",
        "The model was not changed");
    if (error)
      gst_emotion2vec_post_warning (self, error, "The model stays as it was.");
    return;
  }
  if (move (self, swap, &parts)) {
    gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_COMPLETE, "model",
        "The model is in use");
    g_object_notify (G_OBJECT (self), "labels");
  } else {
    gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_CANCELED, "model",
        "The model is not wanted any more");
  }
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
  swap->head_file = g_strdup (self->settings.head_file);
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
