/* gstemotion2vec.c - the emotion2vec element: audio passes, results come out.
 *
 * (1) The base class is told that audio passes through; what comes in is analysed (gstemotion2vecinput.c), waits in a
 *     delay line that is empty unless align-results asks for more, and leaves with the results that are due
 *     (gstemotion2vecoutput.c). Only a buffer that carries a result is copied, and only its header.
 * (2) Sync mode: a result is out before the buffer that ends its window is pushed. Async mode: nothing waits but EOS and
 *     SEGMENT_DONE; results ride on a later buffer. Mode auto is async where upstream is live.
 * (3) Serialized events push out all audio that is held back before they go on.
 * (4) Whoever waits for the engine is released by FLUSH_START and on the way to READY; the latter before the base class
 *     takes the stream lock. `stopping` keeps a FLUSH_STOP from undoing that.
 * (5) Locks and threads: gstemotion2vecpriv.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-emotion2vec
 * @title: emotion2vec
 * @short_description: tells how people sound
 *
 * Passes raw audio through untouched and runs the emotion2vec encoder on windows of it, or on each stretch of speech
 * (#GstEmotion2vec:trigger). Every result is posted as an element message and attached to a buffer as a #GstCustomMeta
 * named `GstEmotion2vecMeta`. A result for which there is no buffer, at the end of a stream, travels as a custom downstream
 * event named `emotion2vec`; with #GstEmotion2vec:send-events all do. All three carry a #GstStructure with these fields:
 *
 * * `element` (string), `stream-id` (string, absent without one), `id` (guint64): who made it; `id` counts up per
 *   stream. Elements that cut buffers anew duplicate metas: tell doubles by these three.
 * * `timestamp`, `duration`, `stream-time`, `running-time`, `endtime` (guint64, ns): start of the window in segment
 *   time, its length, its start in stream time and running time, and stream time of its end.
 * * `trigger` (string): `interval` or `speech`.
 * * `label` (string), `confidence` (double, 0 to 1): the class with the highest score.
 * * `labels`, `scores` (#GST_TYPE_ARRAY of string and of double): all classes; the scores add up to 1. These four are
 *   absent if the model has no classes and if the window is silent.
 * * `raw-scores` (#GST_TYPE_ARRAY of double): the scores before #GstEmotion2vec:smoothing.
 * * `level` (double, dBFS): RMS of the window.
 * * `silent`, `partial`, `below-threshold` (boolean): no inference was made; the audio was shorter than `window`; the
 *   confidence is below #GstEmotion2vec:threshold.
 * * `channel` (gint, with #GstEmotion2vec:channel-mode `each`), `source-id`, `model` (string), `inference-time`
 *   (guint64, ns).
 * * `utterance-embedding`, `frame-embedding`, `frame-scores` (#GstSample of float32 whose caps give the shape), as asked
 *   by #GstEmotion2vec:embedding and #GstEmotion2vec:granularity.
 *
 * In live pipelines the audio never waits for the model, and results follow when they are done. Elsewhere a result is
 * out before the buffer that ends its window: see #GstEmotion2vec:mode.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m filesrc location=speech.opus ! decodebin ! emotion2vec ! fakesink
 * ]| Print a message for every second of a file.
 * |[
 * gst-launch-1.0 -m filesrc location=speech.wav ! decodebin ! emotion2vec window=0 ! fakesink
 * ]| One result for the whole file (for every 30 seconds of a longer one).
 * |[
 * gst-launch-1.0 -m filesrc location=speech.opus ! decodebin ! emotion2vec trigger=speech ! fakesink
 * ]| One result for each stretch of speech.
 * |[
 * gst-launch-1.0 -m filesrc location=speech.opus ! decodebin ! emotion2vec classes="negative=angry+disgusted+fearful+sad,positive=happy,neutral" smoothing=2 ! fakesink
 * ]| Three classes instead of nine, and a mean over the last seconds.
 * |[
 * gst-launch-1.0 -m filesrc location=speech.opus ! decodebin ! emotion2vec head-file=calls.gguf ! fakesink
 * ]| Classes of your own, by a head that `emotion2vec-model probe train` made.
 * |[
 * gst-launch-1.0 -m playbin uri=file:///tmp/film.mkv audio-filter="emotion2vec interval=2000000000"
 * ]| Listen while it is analysed.
 * |[
 * gst-launch-1.0 -e filesrc location=speech.opus ! decodebin ! audioconvert ! emotion2vec ! wavenc ! filesink location=tagged.wav
 * ]| A copy with a comment and with cue points where the emotion changes.
 */
#include "gstemotion2vecframes.h"
#include "gstemotion2vecpriv.h"

GST_DEBUG_CATEGORY (gst_emotion2vec_debug);
#define GST_CAT_DEFAULT gst_emotion2vec_debug

#define AUDIO_CAPS "audio/x-raw, format = (string) " GST_AUDIO_FORMATS_ALL \
    ", rate = (int) [ 1, 384000 ], channels = (int) [ 1, max ]" \
    ", layout = (string) { interleaved, non-interleaved }"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (AUDIO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (AUDIO_CAPS));

G_DEFINE_TYPE_WITH_CODE (GstEmotion2vec, gst_emotion2vec,
    GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (gst_emotion2vec_debug, "emotion2vec", 0,
        "speech emotion recognition"));
GST_ELEMENT_REGISTER_DEFINE (emotion2vec, "emotion2vec", GST_RANK_NONE,
    GST_TYPE_EMOTION2VEC);

void
gst_emotion2vec_post_error (GstEmotion2vec * self, const GError * error)
{
  gst_element_message_full (GST_ELEMENT (self), GST_MESSAGE_ERROR,
      error->domain, error->code, g_strdup (error->message), NULL, __FILE__,
      GST_FUNCTION, __LINE__);
}

void
gst_emotion2vec_post_warning (GstEmotion2vec * self, const GError * error,
    const char *consequence)
{
  gst_element_message_full (GST_ELEMENT (self), GST_MESSAGE_WARNING,
      error->domain, error->code, g_strdup_printf ("%s %s", error->message,
          consequence), NULL, __FILE__, GST_FUNCTION, __LINE__);
}

void
gst_emotion2vec_post_progress (GstEmotion2vec * self, GstProgressType type,
    const char *code, const char *text)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_progress (GST_OBJECT (self), type, code, text));
}

/* ---- queries ---------------------------------------------------------------------------------------------------- */

static void push_held (GstEmotion2vec * self);

static gboolean
gst_emotion2vec_query (GstBaseTransform * trans, GstPadDirection direction,
    GstQuery * query)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);
  gboolean answered;

  if (GST_QUERY_TYPE (query) == GST_QUERY_DRAIN && direction == GST_PAD_SINK)
    push_held (self);
  answered = GST_BASE_TRANSFORM_CLASS (gst_emotion2vec_parent_class)->query
      (trans, direction, query);
  if (answered && direction == GST_PAD_SRC
      && GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    gst_emotion2vec_latency_add (self, query);
  return answered;
}

/* ---- buffers ---------------------------------------------------------------------------------------------------- */

/* The next buffer that may leave, with its results. (transfer full) (nullable) */
static GstBuffer *
next_buffer (GstEmotion2vec * self, guint64 delay)
{
  guint64 serial;
  GstBuffer *buffer =
      gst_emotion2vec_holdback_pop (self->holdback, delay, &serial);

  return buffer ? gst_emotion2vec_output_carry (self, buffer, serial) : NULL;
}

/* Pushes out all audio that is held back. */
static void
push_held (GstEmotion2vec * self)
{
  GstBuffer *buffer;

  while ((buffer = next_buffer (self, 0))) {
    GstFlowReturn flow =
        gst_pad_push (GST_BASE_TRANSFORM_SRC_PAD (self), buffer);

    if (flow != GST_FLOW_OK)
      self->flow = flow;
  }
}

/* Controlled properties follow stream time. */
static void
sync_properties (GstEmotion2vec * self, GstBuffer * buffer)
{
  const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;
  GstClockTime time;

  if (segment->format != GST_FORMAT_TIME)
    return;
  time = gst_segment_to_stream_time (segment, GST_FORMAT_TIME,
      GST_BUFFER_PTS (buffer));
  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_object_sync_values (GST_OBJECT (self), time);
}

/* A buffer leaves only when another comes, so a result that is in time needs one buffer's length more. */
static void
note_length (GstEmotion2vec * self, guint64 n_frames)
{
  if (self->align_results && self->info.rate > 0)
    gst_emotion2vec_output_want_delay (self, 0,
        gst_util_uint64_scale_ceil (n_frames, GST_SECOND,
            (guint64) self->info.rate));
}

static GstFlowReturn
gst_emotion2vec_submit_input_buffer (GstBaseTransform * trans,
    gboolean discont, GstBuffer * input)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);
  GstBuffer *buffer;
  GstFlowReturn flow =
      GST_BASE_TRANSFORM_CLASS
      (gst_emotion2vec_parent_class)->submit_input_buffer (trans, discont,
      input);
  guint64 n_frames;

  if (flow != GST_FLOW_OK)
    return flow;
  buffer = g_steal_pointer (&trans->queued_buf);
  sync_properties (self, buffer);
  flow = gst_emotion2vec_input_buffer (self, buffer);
  if (flow == GST_FLOW_OK)
    flow = self->flow;
  if (flow != GST_FLOW_OK) {
    gst_buffer_unref (buffer);
    return flow;
  }
  n_frames = gst_emotion2vec_frames_count (buffer, &self->info);
  note_length (self, n_frames);
  gst_emotion2vec_holdback_push (self->holdback, buffer, self->serial,
      n_frames);
  return GST_FLOW_OK;
}

static GstFlowReturn
gst_emotion2vec_generate_output (GstBaseTransform * trans, GstBuffer ** output)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);
  GstBuffer *buffer;

  /* The base class would mark the next buffer that it pushes with a DISCONT that came in: of audio that is held back, an
   * earlier one. So it gets none to push. */
  *output = NULL;
  while ((buffer = next_buffer (self, gst_emotion2vec_latency_frames (self)))) {
    GstFlowReturn flow = gst_pad_push (trans->srcpad, buffer);

    if (flow != GST_FLOW_OK)
      return flow;
  }
  return GST_FLOW_OK;
}

static gboolean
gst_emotion2vec_set_caps (GstBaseTransform * trans, GstCaps * incaps,
    GstCaps * outcaps)
{
  return gst_emotion2vec_input_set_caps (GST_EMOTION2VEC (trans), incaps);
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
      || now->rate != next->rate || now->rate <= 0)
    return FALSE;
  position = gst_emotion2vec_windower_position (self->windower);
  running_time = gst_segment_to_running_time (now, time, position);
  return GST_CLOCK_TIME_IS_VALID (running_time)
      && running_time == gst_segment_to_running_time (next, time, position)
      && gst_segment_to_stream_time (now, time, position) ==
      gst_segment_to_stream_time (next, time, position);
}

/* The stretch is over: the audio that was held back goes out, and so do the results that are done. @wait: all of them,
 * as always in sync mode. */
static void
end_stretch (GstEmotion2vec * self, gboolean wait)
{
  if (gst_emotion2vec_input_end (self, wait) == GST_FLOW_OK && wait)
    gst_emotion2vec_summaries_all_told (self);
  push_held (self);
  gst_emotion2vec_output_rest (self);
}

static void
handle_segment (GstEmotion2vec * self, GstEvent * event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  if (!goes_on (self, segment))
    end_stretch (self, FALSE);
  if (segment->rate > 0)
    self->told_reverse = FALSE;
  self->asked_live = FALSE;
}

static void
handle_caps (GstEmotion2vec * self, GstEvent * event)
{
  GstCaps *caps;
  GstAudioInfo info;

  gst_event_parse_caps (event, &caps);
  if (!gst_audio_info_from_caps (&info, caps)
      || !gst_audio_info_is_equal (&info, &self->info))
    end_stretch (self, FALSE);
}

static void
handle_stream_start (GstEmotion2vec * self, GstEvent * event)
{
  const char *stream_id;

  gst_event_parse_stream_start (event, &stream_id);
  if (g_strcmp0 (stream_id, self->stream_id) == 0)
    return;
  end_stretch (self, FALSE);
  if (self->stream_id)
    gst_emotion2vec_summaries_end (self);
  g_free (self->stream_id);
  self->stream_id = g_strdup (stream_id);
  self->next_id = 0;
  gst_emotion2vec_summaries_begin (self);
}

static void
handle_gap (GstEmotion2vec * self, GstEvent * event)
{
  GstClockTime time, duration;

  gst_event_parse_gap (event, &time, &duration);
  gst_emotion2vec_input_gap (self, time, duration);
  push_held (self);
  gst_emotion2vec_output_rest (self);
}

/* Forgets all audio and results. */
static void
handle_flush_stop (GstEmotion2vec * self)
{
  gst_emotion2vec_input_forget (self);
  gst_emotion2vec_holdback_clear (self->holdback);
  gst_emotion2vec_summaries_begin_again (self);
  self->flow = GST_FLOW_OK;
  gst_emotion2vec_states_set_flushing (self, FALSE);
}

/* Before the base class sees @event and passes it on. (transfer full), both. */
static GstEvent *
handle_event (GstEmotion2vec * self, GstEvent * event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      gst_emotion2vec_states_set_flushing (self, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      handle_flush_stop (self);
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
    case GST_EVENT_SEGMENT_DONE:
      end_stretch (self, TRUE);
      break;
    case GST_EVENT_EOS:
      end_stretch (self, TRUE);
      gst_emotion2vec_summaries_end (self);
      break;
    case GST_EVENT_TAG:
      event = gst_emotion2vec_output_merge_tags (self, event);
      break;
    case GST_EVENT_TOC:
      self->upstream_toc = TRUE;
      break;
    default:
      break;
  }
  return event;
}

static gboolean
gst_emotion2vec_sink_event (GstBaseTransform * trans, GstEvent * event)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);

  event = handle_event (self, event);
  if (GST_EVENT_IS_SERIALIZED (event)
      && GST_EVENT_TYPE (event) != GST_EVENT_FLUSH_STOP)
    push_held (self);
  return GST_BASE_TRANSFORM_CLASS (gst_emotion2vec_parent_class)->sink_event
      (trans, event);
}

/* ---- states ----------------------------------------------------------------------------------------------------- */

static GstStateChangeReturn
gst_emotion2vec_change_state (GstElement * element, GstStateChange change)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (element);
  GstStateChangeReturn ret;

  if (change == GST_STATE_CHANGE_NULL_TO_READY
      && !gst_emotion2vec_states_open (self))
    return GST_STATE_CHANGE_FAILURE;
  if (change == GST_STATE_CHANGE_READY_TO_PAUSED
      && !gst_emotion2vec_states_prepare (self))
    return GST_STATE_CHANGE_FAILURE;
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_emotion2vec_states_release (self);
  ret = GST_ELEMENT_CLASS (gst_emotion2vec_parent_class)->change_state
      (element, change);
  if (change == GST_STATE_CHANGE_READY_TO_NULL
      || (change == GST_STATE_CHANGE_NULL_TO_READY
          && ret == GST_STATE_CHANGE_FAILURE))
    gst_emotion2vec_states_close (self);
  return ret;
}

/* READY -> PAUSED, before any thread streams. */
static gboolean
gst_emotion2vec_start (GstBaseTransform * trans)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);

  self->next_id = self->serial = self->first_stretch = 0;
  self->asked_live = self->told_reverse = FALSE;
  self->was_enabled = TRUE;
  self->flow = GST_FLOW_OK;
  gst_emotion2vec_summaries_begin (self);
  return TRUE;
}

/* PAUSED -> READY, when no thread streams any more. */
static gboolean
gst_emotion2vec_stop (GstBaseTransform * trans)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (trans);

  gst_emotion2vec_input_forget (self);
  gst_emotion2vec_holdback_clear (self->holdback);
  g_clear_pointer (&self->windower, gst_emotion2vec_windower_free);
  g_clear_pointer (&self->planes, g_free);
  g_clear_pointer (&self->stream_id, g_free);
  gst_audio_info_init (&self->info);
  return TRUE;
}

/* ---- properties ------------------------------------------------------------------------------------------------- */

/* What a change of the property means beyond its value. */
static void
follow_change (GstEmotion2vec * self, guint id)
{
  if (id != GST_EMOTION2VEC_PROP_MAX_PENDING)
    return;
  GST_OBJECT_LOCK (self);
  if (self->stream)
    gst_emotion2vec_stream_set_max_pending (self->stream,
        self->settings.max_pending);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
is_file (const GParamSpec * spec)
{
  return spec->owner_type == GST_TYPE_EMOTION2VEC
      && (spec->param_id == GST_EMOTION2VEC_PROP_MODEL_FILE
      || spec->param_id == GST_EMOTION2VEC_PROP_HEAD_FILE);
}

/* Called once for all properties that one g_object_set() sets: so a model and its head change together. */
static void
gst_emotion2vec_dispatch_properties_changed (GObject * object, guint n,
    GParamSpec ** specs)
{
  gboolean swap = FALSE;

  for (guint i = 0; i < n; i++)
    swap = swap || is_file (specs[i]);
  if (swap)
    gst_emotion2vec_swap_model (GST_EMOTION2VEC (object));
  G_OBJECT_CLASS (gst_emotion2vec_parent_class)->dispatch_properties_changed
      (object, n, specs);
}

static void
gst_emotion2vec_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * spec)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = gst_emotion2vec_settings_set (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
  if (known)
    follow_change (self, id);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
gst_emotion2vec_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * spec)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (object);

  GST_OBJECT_LOCK (self);
  if (id == GST_EMOTION2VEC_PROP_LABELS)
    gst_emotion2vec_stats_get_labels (self, value);
  else if (id == GST_EMOTION2VEC_PROP_STATS)
    g_value_take_boxed (value, gst_emotion2vec_stats_new (self));
  else if (!gst_emotion2vec_settings_get (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_emotion2vec_finalize (GObject * object)
{
  GstEmotion2vec *self = GST_EMOTION2VEC (object);

  gst_emotion2vec_settings_clear (&self->settings);
  g_clear_pointer (&self->classes, gst_emotion2vec_classes_free);
  g_clear_pointer (&self->summary, gst_emotion2vec_summary_free);
  gst_emotion2vec_scorer_free (self->scorer);
  gst_emotion2vec_holdback_free (self->holdback);
  gst_emotion2vec_tags_free (self->tags);
  g_free (self->told_trouble);
  g_mutex_clear (&self->scoring);
  g_mutex_clear (&self->swapping);
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
  object_class->dispatch_properties_changed =
      gst_emotion2vec_dispatch_properties_changed;
  object_class->finalize = gst_emotion2vec_finalize;
  gst_emotion2vec_settings_install (object_class);

  element_class->change_state = gst_emotion2vec_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Speech emotion recognition", "Filter/Analyzer/Audio",
      "Passes audio and tells how the people in it sound (emotion2vec)",
      "The gst-emotion2vec authors");

  /* neither transform nor transform_ip: the base class passes audio through */
  transform_class->submit_input_buffer = gst_emotion2vec_submit_input_buffer;
  transform_class->generate_output = gst_emotion2vec_generate_output;
  transform_class->set_caps = gst_emotion2vec_set_caps;
  transform_class->sink_event = gst_emotion2vec_sink_event;
  transform_class->query = gst_emotion2vec_query;
  transform_class->start = gst_emotion2vec_start;
  transform_class->stop = gst_emotion2vec_stop;
}

static void
gst_emotion2vec_init (GstEmotion2vec * self)
{
  gst_emotion2vec_settings_init (&self->settings);
  gst_audio_info_init (&self->info);
  g_mutex_init (&self->scoring);
  g_mutex_init (&self->swapping);
  self->scorer = gst_emotion2vec_scorer_new ();
  self->summary = gst_emotion2vec_summary_new (self->settings.interval);
  self->holdback = gst_emotion2vec_holdback_new ();
  self->tags = gst_emotion2vec_tags_new ();
  self->stride = 1;
  g_queue_init (&self->ready);
  g_queue_init (&self->ended);
}
