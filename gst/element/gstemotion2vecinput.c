/* gstemotion2vecinput.c - the emotion2vec element's way in: audio -> windows -> the engine's queue.
 *
 * Samples are mapped for reading only. Times of a window are those of the segment it lay in, taken when it is cut.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/audio/audio.h>

#include "gstemotion2vecframes.h"
#include "gstemotion2vecpriv.h"

#define GST_CAT_DEFAULT gst_emotion2vec_debug

/* Far beyond any audio; keeps caps from asking for all memory. */
#define MAX_CHANNELS 65536

/* More stretches than a windower ever counts: keeps those of one apart from those of the next. */
#define STRETCHES (G_GUINT64_CONSTANT (1) << 40)

/* overload=stretch: every 64th window at least is tried, and after so many windows in a row that found nothing
 * waiting, twice as many are. */
#define MAX_STRIDE 64
#define N_EASY 4

/* ---- windows ---------------------------------------------------------------------------------------------------- */

static void
set_times (GstEmotion2vec * self, const GstEmotion2vecWindow * window,
    GstEmotion2vecResult * result)
{
  const GstSegment *segment = &GST_BASE_TRANSFORM (self)->segment;

  if (segment->format != GST_FORMAT_TIME
      || !GST_CLOCK_TIME_IS_VALID (window->position))
    return;
  result->timestamp = window->position;
  result->stream_time = gst_segment_to_stream_time (segment, GST_FORMAT_TIME,
      window->position);
  result->running_time = gst_segment_to_running_time (segment,
      GST_FORMAT_TIME, window->position);
}

/* From the start of @window to that of the next; NONE if no interval made it. */
static GstClockTime
interval_after (GstEmotion2vec * self, const GstEmotion2vecWindow * window)
{
  const GstEmotion2vecWindowSettings *settings = &self->window_settings;

  if (window->trigger != GST_EMOTION2VEC_TRIGGER_INTERVAL
      || settings->window == 0)
    return GST_CLOCK_TIME_NONE;
  return self->stride * (settings->interval > 0 ? settings->interval :
      settings->window);
}

/* What is known of a result before inference. @tail_serial: as analyse(). */
static GstEmotion2vecResult *
begin_result (GstEmotion2vec * self, const GstEmotion2vecWindow * window,
    guint64 tail_serial)
{
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->element = gst_object_get_name (GST_OBJECT (self));
  result->stream_id = g_strdup (self->stream_id);
  result->id = self->next_id++;
  result->stream = self->stream_number;
  result->duration = window->duration;
  result->level = window->level;
  result->partial = window->partial;
  result->tail = window->tail;
  result->silent = window->silent;
  result->speech = window->speech;
  result->channel = window->channel;
  result->speech_trigger = window->trigger == GST_EMOTION2VEC_TRIGGER_SPEECH;
  result->interval = interval_after (self, window);
  result->stretch = self->first_stretch + window->stretch;
  result->offset = gst_util_uint64_scale (window->start, GST_SECOND,
      (guint64) self->info.rate);
  result->serial = window->tail ? tail_serial : self->serial;
  set_times (self, window, result);
  GST_OBJECT_LOCK (self);
  result->source_id = g_strdup (self->settings.source_id ?
      self->settings.source_id : self->stream_id);
  GST_OBJECT_UNLOCK (self);
  return result;
}

/* Tells the application that a window was dropped, as sinks do with frames. */
static void
post_qos (GstEmotion2vec * self, const GstEmotion2vecResult * dropped)
{
  GstEmotion2vecStreamStats stats;
  GstMessage *message;

  gst_emotion2vec_stream_get_stats (self->stream, &stats);
  message = gst_message_new_qos (GST_OBJECT (self),
      gst_emotion2vec_is_live (self),
      dropped->running_time, dropped->stream_time, dropped->timestamp,
      dropped->duration);
  gst_message_set_qos_stats (message, GST_FORMAT_DEFAULT, stats.done,
      stats.dropped);
  gst_element_post_message (GST_ELEMENT (self), message);
}

static void
set_stride (GstEmotion2vec * self, guint stride)
{
  GST_DEBUG_OBJECT (self, "every %u. window is taken", stride);
  self->stride = stride;
  self->n_easy = 0;
  gst_emotion2vec_windower_set_stride (self->windower, stride);
}

/* overload=stretch: a window that found no room doubles the interval; some that found nobody waiting halve it. */
static void
stretch_interval (GstEmotion2vec * self, gboolean dropped)
{
  GstEmotion2vecStreamStats stats;

  if (dropped) {
    set_stride (self, MIN (2 * self->stride, MAX_STRIDE));
    return;
  }
  gst_emotion2vec_stream_get_stats (self->stream, &stats);
  self->n_easy = stats.pending <= 1 ? self->n_easy + 1 : 0;
  if (self->stride > 1 && self->n_easy >= N_EASY)
    set_stride (self, self->stride / 2);
}

/* @window: (transfer full). FALSE: flushing. */
static gboolean
submit (GstEmotion2vec * self, GstEmotion2vecWindow * window,
    guint64 tail_serial)
{
  GstEmotion2vecResult *result = begin_result (self, window, tail_serial);
  g_autoptr (GstEmotion2vecResult) dropped = NULL;
  GstEmotion2vecOverload overload;
  GstEmotion2vecWant wants;
  GstEmotion2vecSubmit submitted;

  GST_OBJECT_LOCK (self);
  overload = self->settings.overload;
  wants = gst_emotion2vec_settings_wants (&self->settings);
  GST_OBJECT_UNLOCK (self);
  if (!gst_emotion2vec_is_async (self))
    overload = GST_EMOTION2VEC_OVERLOAD_BLOCK;
  submitted = gst_emotion2vec_stream_submit (self->stream, window, result,
      wants, overload, &dropped);
  if (submitted == GST_EMOTION2VEC_SUBMIT_QUEUED)
    self->last_queued = self->next_id;
  if (dropped)
    post_qos (self, dropped);
  if (overload == GST_EMOTION2VEC_OVERLOAD_STRETCH)
    stretch_interval (self, submitted == GST_EMOTION2VEC_SUBMIT_DROPPED);
  else if (self->stride > 1)
    set_stride (self, 1);
  return submitted != GST_EMOTION2VEC_SUBMIT_FLUSHING;
}

/* Queues all complete windows. FALSE: flushing. */
static gboolean
submit_windows (GstEmotion2vec * self, guint64 tail_serial)
{
  GstEmotion2vecWindow *window;

  while ((window = gst_emotion2vec_windower_pop (self->windower))) {
    if (gst_emotion2vec_output_is_out (self))
      gst_emotion2vec_window_free (window);
    else if (!submit (self, window, tail_serial))
      return FALSE;
  }
  return TRUE;
}

/* @wait: for all results. @tail_serial: the buffer that a stretch which has ended by now ended with. */
static GstFlowReturn
analyse (GstEmotion2vec * self, gboolean wait, guint64 tail_serial)
{
  gboolean failed;

  if (!submit_windows (self, tail_serial))
    return GST_FLOW_FLUSHING;
  if (wait && !gst_emotion2vec_stream_wait (self->stream))
    return GST_FLOW_FLUSHING;
  GST_OBJECT_LOCK (self);
  failed = self->failed;
  GST_OBJECT_UNLOCK (self);
  return failed ? GST_FLOW_ERROR : GST_FLOW_OK;
}

/* ---- audio ------------------------------------------------------------------------------------------------------ */

gboolean
gst_emotion2vec_input_is_reverse (GstEmotion2vec * self)
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

/* Whether to listen; what may change at any time is taken over. What was heard before `enabled` went away is forgotten:
 * consent was withdrawn. */
static gboolean
is_enabled (GstEmotion2vec * self)
{
  gboolean enabled;
  double silence;
  guint min_samples;

  GST_OBJECT_LOCK (self);
  enabled = self->settings.enabled;
  silence = self->settings.silence_threshold;
  min_samples = gst_emotion2vec_engine_min_samples (self->engine);
  GST_OBJECT_UNLOCK (self);
  if (!enabled && self->was_enabled)
    gst_emotion2vec_input_forget (self);
  self->was_enabled = enabled;
  gst_emotion2vec_windower_set_silence_threshold (self->windower, silence);
  gst_emotion2vec_windower_set_min_samples (self->windower, min_samples);
  return enabled;
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

/* What upstream thinks of these samples: a vote in the search for speech. */
static void
take_vote (GstEmotion2vec * self, GstBuffer * buffer)
{
  const GstAudioLevelMeta *meta = gst_buffer_get_audio_level_meta (buffer);

  if (meta)
    gst_emotion2vec_windower_vote (self->windower, meta->voice_activity);
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
  take_vote (self, buffer);
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

GstFlowReturn
gst_emotion2vec_input_buffer (GstEmotion2vec * self, GstBuffer * buffer)
{
  if (!self->windower)
    return GST_FLOW_NOT_NEGOTIATED;
  self->serial++;
  if (gst_emotion2vec_input_is_reverse (self)) {
    GST_OBJECT_LOCK (self);
    self->n_reverse++;
    GST_OBJECT_UNLOCK (self);
    return GST_FLOW_OK;
  }
  if (is_enabled (self))
    push_buffer (self, buffer);
  return analyse (self, !gst_emotion2vec_is_async (self), self->serial - 1);
}

GstFlowReturn
gst_emotion2vec_input_gap (GstEmotion2vec * self, GstClockTime time,
    GstClockTime duration)
{
  guint64 n_frames, skip, n;

  if (!self->windower || gst_emotion2vec_input_is_reverse (self)
      || !is_enabled (self))
    return GST_FLOW_OK;
  if (!GST_CLOCK_TIME_IS_VALID (duration))
    return gst_emotion2vec_input_end (self, FALSE);
  n_frames = gst_util_uint64_scale_round (duration,
      (guint64) self->info.rate, GST_SECOND);
  time = gst_emotion2vec_frames_clip (&GST_BASE_TRANSFORM (self)->segment,
      self->info.rate, time, n_frames, &skip, &n);
  if (n > 0)
    gst_emotion2vec_windower_push_gap (self->windower, n, time);
  return analyse (self, !gst_emotion2vec_is_async (self), self->serial);
}

GstFlowReturn
gst_emotion2vec_input_end (GstEmotion2vec * self, gboolean wait)
{
  if (!self->windower)
    return GST_FLOW_OK;
  if (is_enabled (self))
    gst_emotion2vec_windower_drain (self->windower);
  return analyse (self, wait || !gst_emotion2vec_is_async (self), self->serial);
}

void
gst_emotion2vec_input_forget (GstEmotion2vec * self)
{
  if (self->windower)
    gst_emotion2vec_windower_reset (self->windower);
  self->first_stretch += STRETCHES;
  gst_emotion2vec_stream_forget (self->stream);
  gst_emotion2vec_summaries_forget (self);
  g_queue_clear_full (&self->ready,
      (GDestroyNotify) gst_emotion2vec_result_free);
}

/* ---- format ----------------------------------------------------------------------------------------------------- */

/* Whether a frame's size fits the arithmetic of GStreamer, which does not look, and ours. */
static gboolean
is_sane (const GstAudioInfo * info)
{
  guint64 size = (guint64) info->channels * (info->finfo->width / 8);

  return info->channels <= MAX_CHANNELS && info->bpf > 0
      && size == (guint64) info->bpf;
}

gboolean
gst_emotion2vec_input_set_caps (GstEmotion2vec * self, GstCaps * caps)
{
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, caps) || !is_sane (&info)) {
    GST_ERROR_OBJECT (self, "cannot handle %" GST_PTR_FORMAT, caps);
    return FALSE;
  }
  if (self->windower && gst_audio_info_is_equal (&info, &self->info))
    return TRUE;
  g_clear_pointer (&self->windower, gst_emotion2vec_windower_free);
  g_free (self->planes);
  self->info = info;
  self->planes = g_new (gpointer, info.channels);
  self->first_stretch += STRETCHES;
  self->windower = gst_emotion2vec_windower_new (&info, &self->window_settings);
  self->stride = 1;
  self->n_easy = 0;
  return self->windower != NULL;
}
