/* gstemotion2vec.c - the emotion2vec element: audio passes, results come out.
 *
 * (1) Samples are mapped for reading only. A buffer is made writable (its header, not its memory) to attach a meta.
 * (2) Pad -> windower -> stream of an engine -> result -> message, meta, event: all on the streaming thread. The
 *     engine's worker sees samples and scores, never a pad or a buffer.
 * (3) A result is out before the buffer that ends its window is pushed. One that was made because its stretch ended has
 *     no buffer to ride on: it goes out as an event, before what ended the stretch.
 * (4) Whoever waits for the engine is released by FLUSH_START and on the way to READY; the latter before the base class
 *     takes the stream lock. `stopping` keeps a FLUSH_STOP from undoing that.
 * (5) Locks: the object lock guards settings, statistics, `stopping` and the pointers `engine` and `stream` against
 *     readers; the streaming thread and the state changes, which exclude each other, need none to use those. The engine's lock
 *     may be taken under the object lock, never the reverse.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-emotion2vec
 * @title: emotion2vec
 * @short_description: tells how people sound
 *
 * Passes raw audio through untouched and runs the emotion2vec encoder on windows of it. Every window gives a result:
 * an element message on the bus, and a #GstCustomMeta named `GstEmotion2vecMeta` on the buffer that completed the
 * window. A result for which no buffer is left, at the end of a stream, travels as a custom downstream event named
 * `emotion2vec`. All three carry a #GstStructure with these fields:
 *
 * * `element` (string), `stream-id` (string, absent without one), `id` (guint64): who made it; `id` counts up per
 *   stream. Elements that cut buffers anew duplicate metas: tell doubles by these three.
 * * `timestamp`, `duration`, `stream-time`, `running-time`, `endtime` (guint64, ns): start of the window in segment
 *   time, its length, its start in stream time and running time, and stream time of its end.
 * * `trigger` (string): `interval`.
 * * `label` (string), `confidence` (double, 0 to 1): the class with the highest score.
 * * `labels`, `scores` (#GST_TYPE_ARRAY of string and of double): all classes; the scores add up to 1. These four are
 *   absent if the model has no classes.
 * * `level` (double, dBFS): RMS of the window.
 * * `partial` (boolean): the audio was shorter than `window`.
 * * `model` (string), `inference-time` (guint64, ns).
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m filesrc location=speech.opus ! decodebin ! emotion2vec ! fakesink
 * ]| Print a message for every second of a file.
 * |[
 * gst-launch-1.0 -m filesrc location=speech.wav ! decodebin ! emotion2vec window=0 ! fakesink
 * ]| One result for the whole file (for every 30 seconds of a longer one).
 * |[
 * gst-launch-1.0 -m playbin uri=file:///tmp/film.mkv audio-filter="emotion2vec interval=2000000000"
 * ]| Listen while it is analysed.
 */
#include "gstemotion2vec.h"

#include <math.h>

#include "gstemotion2vecengine.h"
#include "gstemotion2vecframes.h"
#include "gstemotion2vecmeta.h"
#include "gstemotion2vecresult.h"
#include "gstemotion2vecwindow.h"

GST_DEBUG_CATEGORY_STATIC (gst_emotion2vec_debug);
#define GST_CAT_DEFAULT gst_emotion2vec_debug

#define DEFAULT_DEVICE "auto"
#define DEFAULT_PRECISION GST_EMOTION2VEC_PRECISION_AUTO
#define DEFAULT_WINDOW (3 * GST_SECOND)
#define DEFAULT_INTERVAL GST_SECOND
#define DEFAULT_MINIMUM_DURATION (GST_SECOND / 2)
#define DEFAULT_POST_MESSAGES TRUE
#define DEFAULT_ATTACH_META TRUE

/* Far beyond any audio; keeps caps from asking for all memory. */
#define MAX_CHANNELS 65536

/* Windows a stream may have waiting. */
#define MAX_PENDING 4

enum
{
  PROP_MODEL_FILE = 1,
  PROP_DEVICE,
  PROP_PRECISION,
  PROP_WINDOW,
  PROP_INTERVAL,
  PROP_MINIMUM_DURATION,
  PROP_POST_MESSAGES,
  PROP_ATTACH_META,
  PROP_LABELS,
  PROP_STATS,
};

struct _GstEmotion2vec
{
  GstBaseTransform parent;

  /* object lock */
  char *model_file, *device;
  GstEmotion2vecPrecision precision;
  GstClockTime window, interval, minimum_duration;
  gboolean post_messages, attach_meta;
  gboolean stopping;
  guint64 n_windows, n_results;

  /* from NULL->READY to READY->NULL */
  GstEmotion2vecEngine *engine;
  GstEmotion2vecStream *stream;

  /* streaming thread, and state changes while it does not run */
  GstEmotion2vecWindowSettings settings;        /* in force since READY->PAUSED */
  GstAudioInfo info;
  GstEmotion2vecWindower *windower;     /* NULL without caps */
  gpointer *planes;             /* room for one pointer a channel */
  char *stream_id;
  guint64 next_id;
  gboolean told_reverse;
};

#define AUDIO_CAPS "audio/x-raw, format = (string) " GST_AUDIO_FORMATS_ALL \
    ", rate = (int) [ 1, 384000 ], channels = (int) [ 1, max ]" \
    ", layout = (string) { interleaved, non-interleaved }"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (AUDIO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (AUDIO_CAPS));

#define GST_TYPE_EMOTION2VEC_PRECISION (gst_emotion2vec_precision_get_type ())

static GType
gst_emotion2vec_precision_get_type (void)
{
  static const GEnumValue values[] = {
    {GST_EMOTION2VEC_PRECISION_AUTO,
        "Half precision where the device gains from it", "auto"},
    {GST_EMOTION2VEC_PRECISION_FP32, "Single precision", "fp32"},
    {GST_EMOTION2VEC_PRECISION_FP16, "Weights in half precision", "fp16"},
    {0, NULL, NULL},
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
        g_enum_register_static ("GstEmotion2vecPrecision", values));
  return type;
}

G_DEFINE_TYPE_WITH_CODE (GstEmotion2vec, gst_emotion2vec,
    GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (gst_emotion2vec_debug, "emotion2vec", 0,
        "speech emotion recognition"));
GST_ELEMENT_REGISTER_DEFINE (emotion2vec, "emotion2vec", GST_RANK_NONE,
    GST_TYPE_EMOTION2VEC);

/* Posts an error of the engine, which already is in GStreamer's words. */
static void
post_error (GstEmotion2vec * self, const GError * error)
{
  gst_element_message_full (GST_ELEMENT (self), GST_MESSAGE_ERROR,
      error->domain, error->code, g_strdup (error->message), NULL, __FILE__,
      GST_FUNCTION, __LINE__);
}

/* ---- delivery --------------------------------------------------------------------------------------------------- */

/* What is known of a result before inference. */
static GstEmotion2vecResult *
begin_result (GstEmotion2vec * self, const GstEmotion2vecWindow * window)
{
  const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->element = gst_object_get_name (GST_OBJECT (self));
  result->stream_id = g_strdup (self->stream_id);
  result->id = self->next_id++;
  result->duration = window->duration;
  result->level = window->level;
  result->partial = window->partial;
  result->tail = window->tail;
  if (segment->format != GST_FORMAT_TIME
      || !GST_CLOCK_TIME_IS_VALID (window->position))
    return result;
  result->timestamp = window->position;
  result->stream_time = gst_segment_to_stream_time (segment, GST_FORMAT_TIME,
      window->position);
  result->running_time = gst_segment_to_running_time (segment,
      GST_FORMAT_TIME, window->position);
  return result;
}

static void
send_event (GstEmotion2vec * self, const GstEmotion2vecResult * result)
{
  gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (self),
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_emotion2vec_result_to_structure (result,
              GST_EMOTION2VEC_STRUCTURE_NAME)));
}

/* @buffer: (nullable): the one on its way, which completed the window. */
static void
render (GstEmotion2vec * self, const GstEmotion2vecResult * result,
    GstBuffer * buffer)
{
  gboolean post, attach;

  GST_OBJECT_LOCK (self);
  post = self->post_messages;
  attach = self->attach_meta;
  self->n_results++;
  GST_OBJECT_UNLOCK (self);
  if (post)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_element (GST_OBJECT (self),
            gst_emotion2vec_result_to_structure (result,
                GST_EMOTION2VEC_STRUCTURE_NAME)));
  if (!attach)
    return;
  /* not writable: attach-meta was set while this buffer was on its way */
  if (buffer && !result->tail && gst_buffer_is_writable (buffer))
    gst_emotion2vec_meta_attach (buffer, result);
  else
    send_event (self, result);
}

/* Queues all complete windows. FALSE: flushing. */
static gboolean
submit_windows (GstEmotion2vec * self)
{
  GstEmotion2vecWindow *window;

  while ((window = gst_emotion2vec_windower_pop (self->windower))) {
    GstEmotion2vecResult *result = begin_result (self, window);

    GST_OBJECT_LOCK (self);
    self->n_windows++;
    GST_OBJECT_UNLOCK (self);
    if (!gst_emotion2vec_stream_submit (self->stream, window, result))
      return FALSE;
  }
  return TRUE;
}

/* Has all complete windows analysed, and renders what comes back. */
static GstFlowReturn
deliver (GstEmotion2vec * self, GstBuffer * buffer)
{
  GError *error = NULL;

  if (!submit_windows (self) || !gst_emotion2vec_stream_wait (self->stream))
    return GST_FLOW_FLUSHING;
  for (;;) {
    g_autoptr (GstEmotion2vecResult) result =
        gst_emotion2vec_stream_pop (self->stream, &error);

    if (!result)
      break;
    render (self, result, buffer);
  }
  if (!error)
    return GST_FLOW_OK;
  post_error (self, error);
  g_error_free (error);
  gst_emotion2vec_stream_forget (self->stream);
  return GST_FLOW_ERROR;
}

/* Ends the stretch: its last results are out when this returns. */
static void
drain (GstEmotion2vec * self)
{
  if (!self->windower)
    return;
  gst_emotion2vec_windower_drain (self->windower);
  deliver (self, NULL);
}

/* ---- buffers ---------------------------------------------------------------------------------------------------- */

/* Audio in reverse comes in pieces, last one first: it passes, but no window can be cut from it. */
static gboolean
is_reverse (GstEmotion2vec * self)
{
  if (GST_BASE_TRANSFORM (self)->segment.rate > 0)
    return FALSE;
  if (!self->told_reverse)
    GST_ELEMENT_INFO (self, STREAM, NOT_IMPLEMENTED,
        ("emotion2vec: playback is in reverse: the audio passes, but there "
            "will be no results until it goes forward again."), (NULL));
  self->told_reverse = TRUE;
  return TRUE;
}

/* A discontinuity without a time may be of any size: a break. Where a TIME segment begins without a time, that is its
 * start. */
static GstClockTime
fill_time (GstEmotion2vec * self, GstBuffer * buffer, GstClockTime time)
{
  const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;

  if (GST_CLOCK_TIME_IS_VALID (time))
    return time;
  if (GST_BUFFER_IS_DISCONT (buffer))
    gst_emotion2vec_windower_drain (self->windower);
  if (segment->format == GST_FORMAT_TIME
      && !GST_CLOCK_TIME_IS_VALID (gst_emotion2vec_windower_position
          (self->windower)))
    return segment->start;
  return GST_CLOCK_TIME_NONE;
}

static void
push_buffer (GstEmotion2vec * self, GstBuffer * buffer)
{
  gsize n_frames = gst_emotion2vec_frames_count (buffer, &self->info);
  guint64 skip, n;
  GstClockTime time =
      gst_emotion2vec_frames_clip (&GST_BASE_TRANSFORM (self)->segment,
      self->info.rate, GST_BUFFER_PTS (buffer), n_frames, &skip, &n);
  GstMapInfo map;

  if (n == 0)
    return;
  time = fill_time (self, buffer, time);
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP)) {
    gst_emotion2vec_windower_push_gap (self->windower, n, time);
  } else if (gst_emotion2vec_frames_map (buffer, &self->info, (gsize) skip,
          (gsize) n, &map, self->planes)) {
    gst_emotion2vec_windower_push (self->windower, self->planes, (gsize) n,
        time);
    gst_buffer_unmap (buffer, &map);
  } else {
    GST_WARNING_OBJECT (self, "not analysed: %" GST_PTR_FORMAT " does not "
        "hold the audio that it promises", buffer);
  }
}

static GstFlowReturn
gst_emotion2vec_transform_ip (GstBaseTransform * trans, GstBuffer * buffer)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);

  if (!self->windower)
    return GST_FLOW_NOT_NEGOTIATED;
  if (is_reverse (self))
    return GST_FLOW_OK;
  push_buffer (self, buffer);
  return deliver (self, buffer);
}

/* Whether a frame's size fits the arithmetic of GStreamer, which does not look, and ours. */
static gboolean
is_sane (const GstAudioInfo * info)
{
  guint64 size = (guint64) info->channels * (info->finfo->width / 8);

  return info->channels <= MAX_CHANNELS && info->bpf > 0
      && size == (guint64) info->bpf;
}

static gboolean
gst_emotion2vec_set_caps (GstBaseTransform * trans, GstCaps * incaps,
    GstCaps * outcaps)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, incaps) || !is_sane (&info)) {
    GST_ERROR_OBJECT (self, "cannot handle %" GST_PTR_FORMAT, incaps);
    return FALSE;
  }
  if (self->windower && gst_audio_info_is_equal (&info, &self->info))
    return TRUE;
  g_clear_pointer (&self->windower, gst_emotion2vec_windower_free);
  g_free (self->planes);
  self->info = info;
  self->planes = g_new (gpointer, info.channels);
  self->windower = gst_emotion2vec_windower_new (&info, &self->settings);
  return self->windower != NULL;
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

/* Whether the moment that comes next stays the same moment under the segment @next. */
static gboolean
goes_on (GstEmotion2vec * self, const GstSegment * next)
{
  const GstSegment *now = &GST_BASE_TRANSFORM (self)->segment;
  const GstFormat time = GST_FORMAT_TIME;
  guint64 position, running_time;

  if (!self->windower || now->format != time || next->format != time
      || now->rate != next->rate)
    return FALSE;
  position = gst_emotion2vec_windower_position (self->windower);
  running_time = gst_segment_to_running_time (now, time, position);
  return GST_CLOCK_TIME_IS_VALID (running_time)
      && running_time == gst_segment_to_running_time (next, time, position)
      && gst_segment_to_stream_time (now, time, position) ==
      gst_segment_to_stream_time (next, time, position);
}

static void
handle_segment (GstEmotion2vec * self, GstEvent * event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  if (!goes_on (self, segment))
    drain (self);
  if (segment->rate > 0)
    self->told_reverse = FALSE;
}

static void
handle_caps (GstEmotion2vec * self, GstEvent * event)
{
  GstCaps *caps;
  GstAudioInfo info;

  gst_event_parse_caps (event, &caps);
  if (!gst_audio_info_from_caps (&info, caps)
      || !gst_audio_info_is_equal (&info, &self->info))
    drain (self);
}

static void
handle_stream_start (GstEmotion2vec * self, GstEvent * event)
{
  const char *stream_id;

  gst_event_parse_stream_start (event, &stream_id);
  if (g_strcmp0 (stream_id, self->stream_id) == 0)
    return;
  drain (self);
  g_free (self->stream_id);
  self->stream_id = g_strdup (stream_id);
  self->next_id = 0;
}

static void
handle_gap (GstEmotion2vec * self, GstEvent * event)
{
  GstClockTime time, duration;
  guint64 n_frames, skip, n;

  if (!self->windower || is_reverse (self))
    return;
  gst_event_parse_gap (event, &time, &duration);
  if (!GST_CLOCK_TIME_IS_VALID (duration)) {
    drain (self);
    return;
  }
  n_frames = gst_util_uint64_scale_round (duration,
      (guint64) self->info.rate, GST_SECOND);
  time = gst_emotion2vec_frames_clip (&GST_BASE_TRANSFORM (self)->segment,
      self->info.rate, time, n_frames, &skip, &n);
  if (n > 0)
    gst_emotion2vec_windower_push_gap (self->windower, n, time);
  deliver (self, NULL);
}

static void
set_flushing (GstEmotion2vec * self, gboolean flushing)
{
  GST_OBJECT_LOCK (self);
  if (self->stream)
    gst_emotion2vec_stream_set_flushing (self->stream,
        flushing || self->stopping);
  GST_OBJECT_UNLOCK (self);
}

/* Forgets all audio and results; the numbering of results goes on. */
static void
forget (GstEmotion2vec * self)
{
  if (self->windower)
    gst_emotion2vec_windower_reset (self->windower);
  gst_emotion2vec_stream_forget (self->stream);
}

static gboolean
gst_emotion2vec_sink_event (GstBaseTransform * trans, GstEvent * event)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      set_flushing (self, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      forget (self);
      set_flushing (self, FALSE);
      break;
    case GST_EVENT_STREAM_START:
      handle_stream_start (self, event);
      break;
    case GST_EVENT_CAPS:
      handle_caps (self, event);
      break;
    case GST_EVENT_SEGMENT:
      handle_segment (self, event);
      break;
    case GST_EVENT_GAP:
      handle_gap (self, event);
      break;
    case GST_EVENT_EOS:
    case GST_EVENT_SEGMENT_DONE:
      drain (self);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_emotion2vec_parent_class)->sink_event
      (trans, event);
}

/* ---- states ----------------------------------------------------------------------------------------------------- */

static gboolean
open_engine (GstEmotion2vec * self)
{
  g_autofree char *model_file = NULL, *device = NULL;
  GstEmotion2vecPrecision precision;
  g_autoptr (GError) error = NULL;
  GstEmotion2vecEngine *engine;
  const char *warning;

  GST_OBJECT_LOCK (self);
  model_file = g_strdup (self->model_file);
  device = g_strdup (self->device);
  precision = self->precision;
  GST_OBJECT_UNLOCK (self);
  engine = gst_emotion2vec_engine_open (model_file, device, precision, &error);
  if (!engine) {
    post_error (self, error);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->engine = engine;
  self->stream = gst_emotion2vec_stream_new (engine, MAX_PENDING);
  self->n_windows = self->n_results = 0;
  GST_OBJECT_UNLOCK (self);
  warning = gst_emotion2vec_engine_warning (engine);
  if (warning)
    GST_ELEMENT_WARNING (self, LIBRARY, INIT, ("emotion2vec: %s.", warning),
        (NULL));
  return TRUE;
}

static void
close_engine (GstEmotion2vec * self)
{
  GstEmotion2vecEngine *engine;
  GstEmotion2vecStream *stream;

  GST_OBJECT_LOCK (self);
  engine = g_steal_pointer (&self->engine);
  stream = g_steal_pointer (&self->stream);
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&stream, gst_emotion2vec_stream_free);
  g_clear_pointer (&engine, gst_emotion2vec_engine_unref);
}

/* Takes the settings over; refuses a window that the model cannot take. */
static gboolean
take_settings (GstEmotion2vec * self, guint * n_samples)
{
  GST_OBJECT_LOCK (self);
  self->settings.window = self->window;
  self->settings.interval = self->interval;
  self->settings.minimum_duration = self->minimum_duration;
  self->settings.max_window = GST_EMOTION2VEC_MAX_WINDOW;
  self->settings.channel_mode = GST_EMOTION2VEC_CHANNEL_MODE_MIX;
  self->settings.trigger = GST_EMOTION2VEC_TRIGGER_INTERVAL;
  self->settings.silence_threshold = -INFINITY;
  self->stopping = FALSE;
  GST_OBJECT_UNLOCK (self);
  self->settings.min_samples =
      gst_emotion2vec_engine_min_samples (self->engine);
  *n_samples = (guint) gst_emotion2vec_window_to_16k (self->settings.window,
      GST_SECOND);
  if (*n_samples == 0 || *n_samples >= self->settings.min_samples)
    return TRUE;
  GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
      ("emotion2vec: window is %" G_GUINT64_FORMAT " ns, but this model needs "
          "at least %u ns. Set window to more.", self->settings.window,
          self->settings.min_samples * 62500), (NULL));
  return FALSE;
}

static gboolean
prepare (GstEmotion2vec * self)
{
  g_autoptr (GError) error = NULL;
  guint n_samples;

  if (!take_settings (self, &n_samples))
    return FALSE;
  gst_emotion2vec_stream_forget (self->stream);
  set_flushing (self, FALSE);
  if (n_samples == 0
      || gst_emotion2vec_stream_warm_up (self->stream, n_samples, &error))
    return TRUE;
  if (error)
    post_error (self, error);
  return FALSE;
}

/* PAUSED -> READY: the streaming thread may be waiting for the engine, with the lock that the base class needs. */
static void
release_waiters (GstEmotion2vec * self)
{
  GST_OBJECT_LOCK (self);
  self->stopping = TRUE;
  GST_OBJECT_UNLOCK (self);
  set_flushing (self, TRUE);
}

static GstStateChangeReturn
gst_emotion2vec_change_state (GstElement * element, GstStateChange change)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (element);
  GstStateChangeReturn ret;

  if (change == GST_STATE_CHANGE_NULL_TO_READY && !open_engine (self))
    return GST_STATE_CHANGE_FAILURE;
  if (change == GST_STATE_CHANGE_READY_TO_PAUSED && !prepare (self))
    return GST_STATE_CHANGE_FAILURE;
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY)
    release_waiters (self);
  ret = GST_ELEMENT_CLASS (gst_emotion2vec_parent_class)->change_state
      (element, change);
  if (change == GST_STATE_CHANGE_READY_TO_NULL
      || (change == GST_STATE_CHANGE_NULL_TO_READY
          && ret == GST_STATE_CHANGE_FAILURE))
    close_engine (self);
  return ret;
}

/* PAUSED -> READY, when no thread streams any more. */
static gboolean
gst_emotion2vec_stop (GstBaseTransform * trans)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);

  gst_emotion2vec_stream_forget (self->stream);
  g_clear_pointer (&self->windower, gst_emotion2vec_windower_free);
  g_clear_pointer (&self->planes, g_free);
  g_clear_pointer (&self->stream_id, g_free);
  gst_audio_info_init (&self->info);
  self->next_id = 0;
  self->told_reverse = FALSE;
  return TRUE;
}

/* ---- properties ------------------------------------------------------------------------------------------------- */

static void
get_labels (GstEmotion2vec * self, GValue * array)
{
  const char *const *labels =
      self->engine ? gst_emotion2vec_engine_labels (self->engine) : NULL;

  for (guint i = 0; labels && labels[i]; i++) {
    GValue label = G_VALUE_INIT;

    g_value_init (&label, G_TYPE_STRING);
    g_value_set_string (&label, labels[i]);
    gst_value_array_append_and_take_value (array, &label);
  }
}

static GstStructure *
make_stats (GstEmotion2vec * self)
{
  GstStructure *stats = gst_structure_new ("application/x-emotion2vec-stats",
      "windows", G_TYPE_UINT64, self->n_windows,
      "results", G_TYPE_UINT64, self->n_results, NULL);

  if (self->engine)
    gst_structure_set (stats,
        "model", G_TYPE_STRING,
        gst_emotion2vec_engine_model_name (self->engine),
        "device", G_TYPE_STRING,
        gst_emotion2vec_engine_device (self->engine),
        "re-run", G_TYPE_UINT64,
        gst_emotion2vec_stream_n_reruns (self->stream), NULL);
  return stats;
}

static void
gst_emotion2vec_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * spec)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODEL_FILE:
      g_free (self->model_file);
      self->model_file = g_value_dup_string (value);
      break;
    case PROP_DEVICE:
      g_free (self->device);
      self->device = g_value_dup_string (value);
      break;
    case PROP_PRECISION:
      self->precision = g_value_get_enum (value);
      break;
    case PROP_WINDOW:
      self->window = g_value_get_uint64 (value);
      break;
    case PROP_INTERVAL:
      self->interval = g_value_get_uint64 (value);
      break;
    case PROP_MINIMUM_DURATION:
      self->minimum_duration = g_value_get_uint64 (value);
      break;
    case PROP_POST_MESSAGES:
      self->post_messages = g_value_get_boolean (value);
      break;
    case PROP_ATTACH_META:
      self->attach_meta = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
  /* metas need writable buffers; without them every buffer passes as it is */
  if (id == PROP_ATTACH_META)
    gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self),
        !g_value_get_boolean (value));
}

static void
gst_emotion2vec_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * spec)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODEL_FILE:
      g_value_set_string (value, self->model_file);
      break;
    case PROP_DEVICE:
      g_value_set_string (value, self->device);
      break;
    case PROP_PRECISION:
      g_value_set_enum (value, self->precision);
      break;
    case PROP_WINDOW:
      g_value_set_uint64 (value, self->window);
      break;
    case PROP_INTERVAL:
      g_value_set_uint64 (value, self->interval);
      break;
    case PROP_MINIMUM_DURATION:
      g_value_set_uint64 (value, self->minimum_duration);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, self->post_messages);
      break;
    case PROP_ATTACH_META:
      g_value_set_boolean (value, self->attach_meta);
      break;
    case PROP_LABELS:
      get_labels (self, value);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, make_stats (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
install_model_properties (GObjectClass * klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  g_object_class_install_property (klass, PROP_MODEL_FILE,
      g_param_spec_string ("model-file", "Model file",
          "GGUF file of the model; unset: the environment variable "
          "EMOTION2VEC_MODEL, then the user's data directory, then the "
          "installed model. May change in NULL", NULL, flags));
  g_object_class_install_property (klass, PROP_DEVICE,
      g_param_spec_string ("device", "Device",
          "Where the model runs: auto (a Vulkan device, else the CPU with a "
          "warning), vulkan, cpu, or a Vulkan device's index, UUID or part of "
          "its name. May change in NULL", DEFAULT_DEVICE, flags));
  g_object_class_install_property (klass, PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision",
          "Precision of the arithmetic. May change in NULL",
          GST_TYPE_EMOTION2VEC_PRECISION, DEFAULT_PRECISION, flags));
}

static void
install_window_properties (GObjectClass * klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (klass, PROP_WINDOW,
      g_param_spec_uint64 ("window", "Window",
          "Length of audio that a result is about, in nanoseconds; 0: "
          "everything up to the end, cut every 30 s. May change in NULL and "
          "READY", 0, GST_EMOTION2VEC_MAX_WINDOW, DEFAULT_WINDOW, flags));
  g_object_class_install_property (klass, PROP_INTERVAL,
      g_param_spec_uint64 ("interval", "Interval",
          "Distance between the starts of windows, in nanoseconds; 0: same as "
          "window; at least 10 ms are used. Without effect if window is 0. "
          "May change in NULL and READY", 0, G_MAXINT64, DEFAULT_INTERVAL,
          flags));
  g_object_class_install_property (klass, PROP_MINIMUM_DURATION,
      g_param_spec_uint64 ("minimum-duration", "Minimum duration",
          "The shortest rest of the audio, in nanoseconds, that is worth a "
          "last window; a gap longer than this ends a stretch of audio. May "
          "change in NULL and READY", 0, GST_EMOTION2VEC_MAX_WINDOW,
          DEFAULT_MINIMUM_DURATION, flags));
}

static void
install_output_properties (GObjectClass * klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_PLAYING;
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  g_object_class_install_property (klass, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post an element message for every result. May change in any state",
          DEFAULT_POST_MESSAGES, flags));
  g_object_class_install_property (klass, PROP_ATTACH_META,
      g_param_spec_boolean ("attach-meta", "Attach meta",
          "Attach every result to the buffer that completed its window, or "
          "send it as an event if there is no such buffer. May change in any "
          "state", DEFAULT_ATTACH_META, flags));
  g_object_class_install_property (klass, PROP_LABELS,
      gst_param_spec_array ("labels", "Labels",
          "Names of the classes as the model's makers wrote them, in the "
          "order of the scores; empty in NULL and for a model without classes",
          g_param_spec_string ("label", "Label", "Name of a class", NULL,
              read_only), read_only));
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Windows cut and results given since READY, model and device",
          GST_TYPE_STRUCTURE, read_only));
}

static void
gst_emotion2vec_finalize (GObject * object)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (object);

  g_free (self->model_file);
  g_free (self->device);
  G_OBJECT_CLASS (gst_emotion2vec_parent_class)->finalize (object);
}

static void
gst_emotion2vec_class_init (GstEmotion2vecClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_emotion2vec_set_property;
  object_class->get_property = gst_emotion2vec_get_property;
  object_class->finalize = gst_emotion2vec_finalize;
  install_model_properties (object_class);
  install_window_properties (object_class);
  install_output_properties (object_class);

  element_class->change_state = gst_emotion2vec_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Speech emotion recognition", "Filter/Analyzer/Audio",
      "Passes audio and tells how the people in it sound (emotion2vec)",
      "The gst-emotion2vec authors");
  gst_type_mark_as_plugin_api (GST_TYPE_EMOTION2VEC_PRECISION, 0);

  transform_class->transform_ip = gst_emotion2vec_transform_ip;
  transform_class->set_caps = gst_emotion2vec_set_caps;
  transform_class->sink_event = gst_emotion2vec_sink_event;
  transform_class->stop = gst_emotion2vec_stop;
}

static void
gst_emotion2vec_init (GstEmotion2vec * self)
{
  self->device = g_strdup (DEFAULT_DEVICE);
  self->precision = DEFAULT_PRECISION;
  self->window = DEFAULT_WINDOW;
  self->interval = DEFAULT_INTERVAL;
  self->minimum_duration = DEFAULT_MINIMUM_DURATION;
  self->post_messages = DEFAULT_POST_MESSAGES;
  self->attach_meta = DEFAULT_ATTACH_META;
  gst_audio_info_init (&self->info);
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
