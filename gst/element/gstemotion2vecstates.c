/* gstemotion2vecstates.c - what the emotion2vec element does on the way from NULL to PAUSED, and back.
 *
 * NULL->READY opens the engine, READY->PAUSED takes the settings over and prepares the model. The way back releases
 * whoever waits, and closes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecpriv.h"
#include "gstemotion2vecsharedvad.h"

#define GST_CAT_DEFAULT gst_emotion2vec_debug

void
gst_emotion2vec_states_set_flushing (GstEmotion2vec * self, gboolean flushing)
{
  GST_OBJECT_LOCK (self);
  if (self->stream)
    gst_emotion2vec_stream_set_flushing (self->stream,
        flushing || self->stopping);
  GST_OBJECT_UNLOCK (self);
}

GstEmotion2vecHead *
gst_emotion2vec_open_head (const char *head_file,
    const GstEmotion2vecEngine * engine, GError ** error)
{
  return head_file && *head_file ?
      gst_emotion2vec_head_open (head_file, engine, error) : NULL;
}

/* The engine and the head of the properties. (transfer full) */
static GstEmotion2vecEngine *
open_engine (GstEmotion2vec * self, GstEmotion2vecHead ** head, GError ** error)
{
  g_autofree char *model_file = NULL, *head_file = NULL, *device = NULL;
  GstEmotion2vecPrecision precision;
  GstEmotion2vecEngine *engine;
  GError *failure = NULL;

  GST_OBJECT_LOCK (self);
  model_file = g_strdup (self->settings.model_file);
  head_file = g_strdup (self->settings.head_file);
  device = g_strdup (self->settings.device);
  precision = self->settings.precision;
  GST_OBJECT_UNLOCK (self);
  engine = gst_emotion2vec_engine_open (model_file, device, precision, error);
  if (!engine)
    return NULL;
  *head = gst_emotion2vec_open_head (head_file, engine, &failure);
  if (failure) {
    g_propagate_error (error, failure);
    g_clear_pointer (&engine, gst_emotion2vec_engine_unref);
  }
  return engine;
}

gboolean
gst_emotion2vec_states_open (GstEmotion2vec * self)
{
  g_autoptr (GError) error = NULL;
  GstEmotion2vecHead *head = NULL;
  GstEmotion2vecEngine *engine = open_engine (self, &head, &error);
  const char *warning;

  if (!engine) {
    gst_emotion2vec_post_error (self, error);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->engine = engine;
  self->stream = gst_emotion2vec_stream_new (engine,
      gst_emotion2vec_output_done, self);
  self->head = head;
  gst_emotion2vec_stream_set_head (self->stream, head);
  self->n_late = self->n_reverse = 0;
  GST_OBJECT_UNLOCK (self);
  warning = gst_emotion2vec_engine_warning (engine);
  if (warning)
    GST_ELEMENT_WARNING (self, LIBRARY, INIT, ("emotion2vec: %s.", warning),
        (NULL));
  return TRUE;
}

void
gst_emotion2vec_states_close (GstEmotion2vec * self)
{
  GstEmotion2vecEngine *engine;
  GstEmotion2vecStream *stream;
  GstEmotion2vecHead *head;

  GST_OBJECT_LOCK (self);
  if (self->stream)
    gst_emotion2vec_stream_close (self->stream);
  GST_OBJECT_UNLOCK (self);
  g_mutex_lock (&self->swapping);
  GST_OBJECT_LOCK (self);
  engine = g_steal_pointer (&self->engine);
  stream = g_steal_pointer (&self->stream);
  head = g_steal_pointer (&self->head);
  GST_OBJECT_UNLOCK (self);
  g_mutex_unlock (&self->swapping);
  g_clear_pointer (&stream, gst_emotion2vec_stream_free);
  g_clear_pointer (&engine, gst_emotion2vec_engine_unref);
  gst_emotion2vec_head_unref (head);
}

/* Returns: (nullable) (transfer none) */
static GstEmotion2vecVadWeights *
find_vad (GstEmotion2vec * self)
{
  const GError *error;
  GstEmotion2vecVadWeights *vad = gst_emotion2vec_shared_vad_get (&error);

  if (!vad && g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    GST_INFO_OBJECT (self, "rules find speech, not the network: %s",
        error->message);
  else if (!vad)
    GST_WARNING_OBJECT (self, "rules find speech, not the network: %s",
        error->message);
  return vad;
}

/* Under the object lock. */
static void
take_window_settings (GstEmotion2vec * self)
{
  const GstEmotion2vecSettings *from = &self->settings;
  GstEmotion2vecWindowSettings *to = &self->window_settings;

  to->window = from->window;
  to->interval = from->interval;
  to->minimum_duration = from->minimum_duration;
  to->max_window = from->max_window;
  to->channel_mode = from->channel_mode;
  to->trigger = from->trigger;
  to->speech_hangover = from->speech_hangover;
  to->silence_threshold = from->silence_threshold;
  to->min_samples = gst_emotion2vec_engine_min_samples (self->engine);
}

/* The settings that hold until READY. @n_samples: (out): of a window, 0 if they differ. */
static gboolean
take_settings (GstEmotion2vec * self, guint * n_samples)
{
  const GstEmotion2vecWindowSettings *settings = &self->window_settings;

  self->window_settings.vad = find_vad (self);
  GST_OBJECT_LOCK (self);
  take_window_settings (self);
  self->mode = self->settings.mode;
  self->align_results = self->settings.align_results;
  self->stopping = self->failed = self->outage = FALSE;
  self->delay = self->wanted_delay = 0;
  self->result_delay = self->longest_buffer = 0;
  g_clear_pointer (&self->told_trouble, g_free);
  gst_emotion2vec_stream_set_max_pending (self->stream,
      self->settings.max_pending);
  *n_samples = gst_emotion2vec_settings_window_samples (&self->settings);
  GST_OBJECT_UNLOCK (self);
  if (*n_samples == 0 || *n_samples >= settings->min_samples)
    return TRUE;
  GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
      ("emotion2vec: window is %" G_GUINT64_FORMAT " ns, but this model needs "
          "at least %u ns. Set window to more.", settings->window,
          settings->min_samples * 62500), (NULL));
  return FALSE;
}

/* @classes: (transfer full). */
static void
use_classes (GstEmotion2vec * self, GstEmotion2vecClasses * classes)
{
  g_mutex_lock (&self->scoring);
  g_clear_pointer (&self->classes, gst_emotion2vec_classes_free);
  self->classes = classes;
  g_clear_pointer (&self->summary, gst_emotion2vec_summary_free);
  self->summary = gst_emotion2vec_summary_new (self->window_settings.interval);
  gst_emotion2vec_scorer_reset (self->scorer);
  g_mutex_unlock (&self->scoring);
}

static gboolean
take_classes (GstEmotion2vec * self)
{
  g_autofree char *spec = NULL;
  g_autoptr (GError) error = NULL;
  GstEmotion2vecClasses *classes;

  GST_OBJECT_LOCK (self);
  spec = g_strdup (self->settings.classes);
  GST_OBJECT_UNLOCK (self);
  /* no other model between the question and what is made of the answer */
  g_mutex_lock (&self->swapping);
  classes = gst_emotion2vec_classes_new (gst_emotion2vec_head_names
      (self->head, self->engine), spec, &error);
  if (classes)
    use_classes (self, classes);
  g_mutex_unlock (&self->swapping);
  if (!classes)
    gst_emotion2vec_post_error (self, error);
  return classes != NULL;
}

/* Delivery thread. @time: of one window when all is compiled. */
static void
warmed_up (GstClockTime time, const GError * error, gpointer data)
{
  GstEmotion2vec *self = data;

  if (error) {
    gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_ERROR, "warm-up",
        "The device failed");
    gst_emotion2vec_output_fail (self, error);
    return;
  }
  if (self->align_results && GST_CLOCK_TIME_IS_VALID (time))
    gst_emotion2vec_output_want_delay (self, time + time / 2, 0);
  gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_COMPLETE, "warm-up",
      "The model is ready");
}

/* Sync mode waits for it. Otherwise the windows queue up behind it: whether audio will wait for them is not known yet
 * in mode auto. */
static gboolean
warm_up (GstEmotion2vec * self, guint n_samples)
{
  g_autoptr (GError) error = NULL;
  gboolean compiles;

  GST_OBJECT_LOCK (self);
  compiles = gst_emotion2vec_engine_compiles (self->engine);
  GST_OBJECT_UNLOCK (self);
  if (!compiles && !self->align_results)
    return TRUE;
  if (self->mode != GST_EMOTION2VEC_MODE_SYNC) {
    gst_emotion2vec_post_progress (self, GST_PROGRESS_TYPE_START, "warm-up",
        "Preparing the model");
    gst_emotion2vec_stream_queue_warm_up (self->stream, n_samples, warmed_up);
    return TRUE;
  }
  if (gst_emotion2vec_stream_warm_up (self->stream, n_samples, NULL, &error))
    return TRUE;
  if (error)
    gst_emotion2vec_post_error (self, error);
  return FALSE;
}

gboolean
gst_emotion2vec_states_prepare (GstEmotion2vec * self)
{
  guint n_samples;

  if (!take_settings (self, &n_samples) || !take_classes (self))
    return FALSE;
  gst_emotion2vec_stream_forget (self->stream);
  gst_emotion2vec_states_set_flushing (self, FALSE);
  return n_samples == 0 || warm_up (self, n_samples);
}

void
gst_emotion2vec_states_release (GstEmotion2vec * self)
{
  GST_OBJECT_LOCK (self);
  self->stopping = TRUE;
  GST_OBJECT_UNLOCK (self);
  gst_emotion2vec_states_set_flushing (self, TRUE);
}
