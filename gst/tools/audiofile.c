/* audiofile.c - a media file, decoded by GStreamer, as the one window that an encoder takes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audiofile.h"

#include <gst/app/app.h>
#include <gst/audio/audio.h>
#include <gst/gst.h>
#include <gst/pbutils/pbutils.h>
#include <math.h>
#include <string.h>

#include "e2verror.h"
#include "e2vhparams.h"
#include "gstemotion2vecwindow.h"
#include "toolutil.h"

/* How often a pull looks for errors and interruption. */
#define POLL_TIME (100 * GST_MSECOND)

/* The part of a file that is wanted. */
typedef struct
{
  double start, end;            /* seconds */
  guint64 position;             /* frames of the file that went by */
} Range;

typedef struct
{
  GstElement *pipeline, *sink;
  GstBus *bus;
  gint no_audio;                /* atomic: all pads are there and none has audio */
} Decoder;

static void
decoder_clear (Decoder * decoder)
{
  if (decoder->pipeline)
    gst_element_set_state (decoder->pipeline, GST_STATE_NULL);
  gst_clear_object (&decoder->bus);
  gst_clear_object (&decoder->pipeline);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Decoder, decoder_clear);

static void
on_pad_added (GstElement * source, GstPad * pad, Decoder * decoder)
{
  g_autoptr (GstPad) sink_pad =
      gst_element_get_static_pad (decoder->sink, "sink");

  if (!gst_pad_is_linked (sink_pad))
    gst_pad_link (pad, sink_pad);
}

static void
on_no_more_pads (GstElement * source, Decoder * decoder)
{
  g_autoptr (GstPad) sink_pad =
      gst_element_get_static_pad (decoder->sink, "sink");

  if (!gst_pad_is_linked (sink_pad))
    g_atomic_int_set (&decoder->no_audio, TRUE);
}

/* A file that exists is a file, even if its name has a colon. */
static gboolean
is_uri (const char *name)
{
  return !g_file_test (name, G_FILE_TEST_EXISTS) && gst_uri_is_valid (name);
}

/* The element that gives decoded audio: uridecodebin, or decodebin behind fdsrc for "-". */
static GstElement *
add_source (GstBin * pipeline, const char *name, GError ** error)
{
  gboolean from_stdin = strcmp (name, "-") == 0;
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("audio/x-raw");
  g_autofree char *uri = NULL;
  GstElement *source = gst_element_factory_make (from_stdin ? "decodebin"
      : "uridecodebin", NULL);

  if (!source) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_IO, "GStreamer's playback plugin "
        "is missing: install gstreamer1.0-plugins-base");
    return NULL;
  }
  gst_bin_add (pipeline, source);
  g_object_set (source, "caps", caps, "expose-all-streams", FALSE, NULL);
  if (from_stdin) {
    GstElement *stdin_source = gst_element_factory_make ("fdsrc", NULL);

    gst_bin_add (pipeline, stdin_source);
    gst_element_link (stdin_source, source);
    return source;
  }
  uri = is_uri (name) ? g_strdup (name) : gst_filename_to_uri (name, error);
  if (!uri)
    return NULL;
  g_object_set (source, "uri", uri, NULL);
  return source;
}

static gboolean
decoder_open (Decoder * decoder, const char *name, GError ** error)
{
  GstElement *source;

  if (!is_uri (name) && strcmp (name, "-") != 0
      && !g_file_test (name, G_FILE_TEST_EXISTS)) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_FOUND,
        "there is no such file");
    return FALSE;
  }
  decoder->pipeline = gst_pipeline_new (NULL);
  decoder->bus = gst_element_get_bus (decoder->pipeline);
  source = add_source (GST_BIN (decoder->pipeline), name, error);
  if (!source)
    return FALSE;
  decoder->sink = gst_element_factory_make ("appsink", NULL);
  if (!decoder->sink) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_IO,
        "GStreamer's app plugin is missing: install gstreamer1.0-plugins-base");
    return FALSE;
  }
  g_object_set (decoder->sink, "sync", FALSE, "max-buffers", 16, NULL);
  gst_bin_add (GST_BIN (decoder->pipeline), decoder->sink);
  g_signal_connect (source, "pad-added", G_CALLBACK (on_pad_added), decoder);
  g_signal_connect (source, "no-more-pads", G_CALLBACK (on_no_more_pads),
      decoder);
  gst_element_set_state (decoder->pipeline, GST_STATE_PLAYING);
  return TRUE;
}

/* @missing: (nullable): the decoder that was found missing before, which the error itself does not name. */
static void
set_stream_error (GstMessage * message, const char *missing, GError ** error)
{
  g_autoptr (GError) reason = NULL;

  gst_message_parse_error (message, &reason, NULL);
  if (missing)
    g_set_error (error, E2V_ERROR, E2V_ERROR_FORMAT,
        "GStreamer has no %s: install the plugin for it", missing);
  else if (g_error_matches (reason, GST_CORE_ERROR,
          GST_CORE_ERROR_MISSING_PLUGIN))
    g_set_error (error, E2V_ERROR, E2V_ERROR_FORMAT,
        "there is no audio in it that can be decoded");
  else
    g_set_error (error, E2V_ERROR, E2V_ERROR_IO, "%s", reason->message);
}

/* FALSE and @error if the bus has an error message, there is no audio, or the user interrupted. */
static gboolean
check_progress (Decoder * decoder, GError ** error)
{
  g_autofree char *missing = NULL;

  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_pop_filtered (decoder->bus,
        GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT);

    if (!message)
      break;
    if (gst_is_missing_plugin_message (message)) {
      g_free (missing);
      missing = gst_missing_plugin_message_get_description (message);
    } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      set_stream_error (message, missing, error);
      return FALSE;
    }
  }
  if (g_atomic_int_get (&decoder->no_audio)) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_FORMAT, "there is no audio in it");
    return FALSE;
  }
  if (tool_interrupted ()) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT, "interrupted");
    return FALSE;
  }
  return TRUE;
}

/* The next decoded sample, NULL without @error at the end. */
static GstSample *
decoder_pull (Decoder * decoder, GError ** error)
{
  GstAppSink *sink = GST_APP_SINK (decoder->sink);

  for (;;) {
    GstSample *sample = gst_app_sink_try_pull_sample (sink, POLL_TIME);

    if (sample)
      return sample;
    if (!check_progress (decoder, error))
      return NULL;
    if (gst_app_sink_is_eos (sink))
      return NULL;
  }
}

static GstEmotion2vecWindower *
make_windower (GstSample * sample, GstAudioInfo * info, GError ** error)
{
  /* all of the file is one window; the encoder says what is too short for it */
  const GstEmotion2vecWindowSettings settings = {
    .min_samples = 1,
    .max_window = GST_EMOTION2VEC_MAX_WINDOW,
    .trigger = GST_EMOTION2VEC_TRIGGER_INTERVAL,
    .silence_threshold = -INFINITY,
  };
  GstEmotion2vecWindower *windower = NULL;
  GstCaps *caps = gst_sample_get_caps (sample);

  if (caps && gst_audio_info_from_caps (info, caps))
    windower = gst_emotion2vec_windower_new (info, &settings);
  if (!windower) {
    g_autofree char *text = caps ? gst_caps_to_string (caps) : NULL;

    g_set_error (error, E2V_ERROR, E2V_ERROR_FORMAT,
        "its audio cannot be converted: %s", text ? text : "no format");
  }
  return windower;
}

/* Frames of the file at @seconds. */
static guint64
to_frames (double seconds, const GstAudioInfo * info)
{
  double frames = round (seconds * info->rate);

  return frames < 0x1p62 ? (guint64) frames : G_MAXUINT64;
}

/* The part of @buffer that is in the range, NULL if none is. (transfer full) (nullable) */
static GstBuffer *
clip (GstBuffer * buffer, const GstAudioInfo * info, Range * range)
{
  const GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);
  const guint64 n = meta ? meta->samples
      : gst_buffer_get_size (buffer) / (gsize) info->bpf;
  const guint64 begin = range->position, end = begin + n;
  const guint64 from = MAX (to_frames (range->start, info), begin);
  const guint64 to = MIN (to_frames (range->end, info), end);

  range->position = end;
  if (from >= to)
    return NULL;
  if (from == begin && to == end)
    return gst_buffer_ref (buffer);
  return gst_audio_buffer_truncate (gst_buffer_ref (buffer), info->bpf,
      (gsize) (from - begin), (gsize) (to - from));
}

static gboolean
push_buffer (GstEmotion2vecWindower * windower, const GstAudioInfo * info,
    GstBuffer * buffer, GError ** error)
{
  GstAudioBuffer audio;

  if (!gst_audio_buffer_map (&audio, info, buffer, GST_MAP_READ)) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_IO, "a buffer cannot be read");
    return FALSE;
  }
  gst_emotion2vec_windower_push (windower, audio.planes, audio.n_samples,
      GST_CLOCK_TIME_NONE);
  gst_audio_buffer_unmap (&audio);
  return TRUE;
}

static gboolean
push_sample (GstEmotion2vecWindower * windower, const GstAudioInfo * info,
    GstSample * sample, Range * range, GError ** error)
{
  g_autoptr (GstBuffer) part = NULL;
  GstAudioInfo now;

  if (!gst_audio_info_from_caps (&now, gst_sample_get_caps (sample))
      || !gst_audio_info_is_equal (&now, info)) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_FORMAT,
        "its audio format changes midway");
    return FALSE;
  }
  part = clip (gst_sample_get_buffer (sample), info, range);
  return !part || push_buffer (windower, info, part, error);
}

/* Moves what is complete to @window; FALSE if there is a second one. */
static gboolean
take_window (GstEmotion2vecWindower * windower, GstEmotion2vecWindow ** window,
    GError ** error)
{
  g_autoptr (GstEmotion2vecWindow) next = NULL;

  next = gst_emotion2vec_windower_pop (windower);
  if (!next)
    return TRUE;
  if (!*window) {
    *window = g_steal_pointer (&next);
    next = gst_emotion2vec_windower_pop (windower);
    if (!next)
      return TRUE;
  }
  g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
      "longer than 30 s, which is too long for one utterance; "
      "use emotion2vec-annotate for long recordings");
  return FALSE;
}

/* Decodes to the end of the range. (transfer full) (nullable) */
static GstEmotion2vecWindow *
read_window (Decoder * decoder, Range * range, GError ** error)
{
  g_autoptr (GstEmotion2vecWindower) windower = NULL;
  g_autoptr (GstEmotion2vecWindow) window = NULL;
  GError *pull_error = NULL;
  GstAudioInfo info;

  for (;;) {
    g_autoptr (GstSample) sample = decoder_pull (decoder, &pull_error);

    if (!sample)
      break;
    if (!windower && !(windower = make_windower (sample, &info, error)))
      return NULL;
    if (!push_sample (windower, &info, sample, range, error)
        || !take_window (windower, &window, error))
      return NULL;
    if (range->position >= to_frames (range->end, &info))
      break;
  }
  if (pull_error) {
    g_propagate_error (error, pull_error);
    return NULL;
  }
  if (windower) {
    gst_emotion2vec_windower_drain (windower);
    if (!take_window (windower, &window, error))
      return NULL;
  }
  if (!window)
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_FORMAT,
        range->start > 0 ? "the audio ends before the part that is wanted"
        : "the audio is empty");
  return g_steal_pointer (&window);
}

gboolean
audio_file_read (AudioFile * audio, const char *name, GError ** error)
{
  return audio_file_read_range (audio, name, 0, INFINITY, error);
}

gboolean
audio_file_read_range (AudioFile * audio, const char *name, double start,
    double end, GError ** error)
{
  Range range = { start, end, 0 };
  g_auto (Decoder) decoder = { 0 };
  g_autoptr (GstEmotion2vecWindow) window = NULL;

  if (!decoder_open (&decoder, name, error))
    return FALSE;
  window = read_window (&decoder, &range, error);
  if (!window)
    return FALSE;
  audio->samples = g_steal_pointer (&window->samples);
  audio->n_samples = window->n_samples;
  return TRUE;
}

void
audio_file_clear (AudioFile * audio)
{
  g_clear_pointer (&audio->samples, g_free);
  audio->n_samples = 0;
}
