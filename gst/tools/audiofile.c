/* audiofile.c - a media file, decoded by GStreamer, as the one window that an encoder takes.
 *
 * A streaming thread cuts the window; this side waits, and reads what came of it when all threads have stopped.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audiofile.h"

#include <gst/audio/audio.h>
#include <gst/gst.h>
#include <math.h>
#include <string.h>

#include "e2verror.h"
#include "e2vhparams.h"
#include "gstemotion2vecwindow.h"
#include "toolutil.h"
#include "trackreader.h"

/* How often to look for an interruption. */
#define TICK (100 * GST_MSECOND)

/* The part of a file that is wanted. */
typedef struct
{
  double start, end;            /* seconds */
  guint64 position;             /* frames of the file that went by */
} Range;

/* Of the streaming thread until it has stopped. */
typedef struct
{
  TrackReader *reader;
  Range range;
  GstAudioInfo info;
  GstEmotion2vecWindower *windower;     /* NULL before the format is known */
  GstEmotion2vecWindow *window; /* NULL before it is complete */
  gboolean done;                /* nothing more is wanted */
  GError *error;                /* E2V_ERROR */
} Decoder;

static void
decoder_clear (Decoder * decoder)
{
  g_clear_pointer (&decoder->reader, track_reader_free);
  g_clear_pointer (&decoder->windower, gst_emotion2vec_windower_free);
  g_clear_pointer (&decoder->window, gst_emotion2vec_window_free);
  g_clear_error (&decoder->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Decoder, decoder_clear);

/* ---- the streaming thread --------------------------------------------------------------------------------------- */

static gboolean
take_caps (Decoder * decoder, const GstCaps * caps)
{
  /* all of the file is one window; the encoder says what is too short for it */
  const GstEmotion2vecWindowSettings settings = {
    .min_samples = 1,
    .max_window = GST_EMOTION2VEC_MAX_WINDOW,
    .trigger = GST_EMOTION2VEC_TRIGGER_INTERVAL,
    .silence_threshold = -INFINITY,
  };
  g_autofree char *text = NULL;
  GstAudioInfo info;

  if (gst_audio_info_from_caps (&info, caps)) {
    if (!decoder->windower) {
      decoder->info = info;
      decoder->windower = gst_emotion2vec_windower_new (&info, &settings);
    } else if (!gst_audio_info_is_equal (&info, &decoder->info)) {
      g_set_error (&decoder->error, E2V_ERROR, E2V_ERROR_FORMAT,
          "its audio format changes midway");
      return FALSE;
    }
  }
  if (decoder->windower)
    return TRUE;
  text = gst_caps_to_string (caps);
  g_set_error (&decoder->error, E2V_ERROR, E2V_ERROR_FORMAT,
      "its audio cannot be converted: %s", text);
  return FALSE;
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
push_part (Decoder * decoder, GstBuffer * part)
{
  GstAudioBuffer audio;

  if (!gst_audio_buffer_map (&audio, &decoder->info, part, GST_MAP_READ)) {
    g_set_error (&decoder->error, E2V_ERROR, E2V_ERROR_IO,
        "a buffer cannot be read");
    return FALSE;
  }
  gst_emotion2vec_windower_push (decoder->windower, audio.planes,
      audio.n_samples, GST_CLOCK_TIME_NONE);
  gst_audio_buffer_unmap (&audio);
  return TRUE;
}

/* Keeps the window that is complete; FALSE if there is a second one. */
static gboolean
take_window (Decoder * decoder)
{
  GstEmotion2vecWindow *next;

  while ((next = gst_emotion2vec_windower_pop (decoder->windower))) {
    if (!decoder->window) {
      decoder->window = next;
      continue;
    }
    gst_emotion2vec_window_free (next);
    g_set_error (&decoder->error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
        "longer than 30 s, which is too long for one utterance; "
        "use emotion2vec-annotate for long recordings");
    return FALSE;
  }
  return TRUE;
}

/* FALSE if nothing more is wanted, or with an error. */
static gboolean
take_buffer (Decoder * decoder, GstBuffer * buffer)
{
  Range *range = &decoder->range;
  g_autoptr (GstBuffer) part = NULL;

  if (!decoder->windower)
    return TRUE;
  part = clip (buffer, &decoder->info, range);
  if (part && (!push_part (decoder, part) || !take_window (decoder)))
    return FALSE;
  return range->position < to_frames (range->end, &decoder->info);
}

static gboolean
take_event (Decoder * decoder, GstEvent * event)
{
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_EVENT_TYPE (event) != GST_EVENT_EOS;
  gst_event_parse_caps (event, &caps);
  return take_caps (decoder, caps);
}

static GstPadProbeReturn
on_data (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  const gboolean is_buffer = (info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0;
  Decoder *decoder = user_data;

  if (!decoder->done && !(is_buffer
          ? take_buffer (decoder, GST_PAD_PROBE_INFO_BUFFER (info))
          : take_event (decoder, GST_PAD_PROBE_INFO_EVENT (info)))) {
    decoder->done = TRUE;
    track_reader_post (decoder->reader, TRACK_READER_END);
  }
  return is_buffer ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* ---- the other side --------------------------------------------------------------------------------------------- */

static gboolean
on_message (GstMessage * message, gpointer user_data, GError ** error)
{
  if (message || !tool_interrupted ())
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
  return FALSE;
}

/* A file that exists is a file, even if its name has a colon. */
static gboolean
is_uri (const char *name)
{
  return !g_file_test (name, G_FILE_TEST_EXISTS) && gst_uri_is_valid (name);
}

static TrackReader *
open_reader (Decoder * decoder, const char *name, guint n, GError ** error)
{
  TrackSource source = {.attempt = n,.whole = TRUE };
  GstElement *sink;

  if (is_uri (name))
    source.uri = name;
  else if (strcmp (name, "-") != 0)
    source.path = name;
  if (source.path && !track_reader_check_file (source.path, error))
    return NULL;
  sink = track_reader_make_sink (error);
  if (!sink)
    return NULL;
  decoder->reader = track_reader_new (&source, sink, error);
  if (decoder->reader)
    gst_pad_add_probe (track_reader_pad (decoder->reader),
        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
        on_data, decoder, NULL);
  return decoder->reader;
}

/* The same in the domain of model/. (transfer full) */
static GError *
convert_error (const GError * reason)
{
  E2vError code = E2V_ERROR_IO;

  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    code = E2V_ERROR_NOT_FOUND;
  else if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_INVALID_DATA)
      || g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    code = E2V_ERROR_FORMAT;
  else if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    code = E2V_ERROR_ARGUMENT;
  return g_error_new (E2V_ERROR, (gint) code, "%s", reason->message);
}

/* Runs to the end of the range: the @n-th attempt, counted from 0. @again: (out): whether the file is worth another one. */
static gboolean
decode (Decoder * decoder, const char *name, guint n, gboolean * again,
    GError ** error)
{
  g_autoptr (GError) reason = NULL;
  gboolean done = open_reader (decoder, name, n, &reason)
      && track_reader_run (decoder->reader, TICK, on_message, NULL, &reason);

  *again = FALSE;
  if (decoder->reader)
    track_reader_stop (decoder->reader);
  if (done)
    return TRUE;
  *again = decoder->reader && track_reader_may_try_again (decoder->reader);
  g_propagate_error (error, convert_error (reason));
  return FALSE;
}

/* (transfer full) (nullable) */
static GstEmotion2vecWindow *
conclude (Decoder * decoder, GError ** error)
{
  if (decoder->windower && !decoder->error) {
    gst_emotion2vec_windower_drain (decoder->windower);
    take_window (decoder);
  }
  if (decoder->error) {
    g_propagate_error (error, g_steal_pointer (&decoder->error));
    return NULL;
  }
  if (!decoder->window)
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_FORMAT,
        decoder->range.start > 0
        ? "the audio ends before the part that is wanted"
        : "the audio is empty");
  return g_steal_pointer (&decoder->window);
}

/* (transfer full) (nullable) */
static GstEmotion2vecWindow *
attempt (const char *name, const Range * range, guint n, gboolean * again,
    GError ** error)
{
  g_auto (Decoder) decoder = {.range = *range };

  return decode (&decoder, name, n, again, error)
      ? conclude (&decoder, error) : NULL;
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
  const Range range = { start, end, 0 };

  for (guint n = 0;; n++) {
    g_autoptr (GError) reason = NULL;
    gboolean again;
    g_autoptr (GstEmotion2vecWindow) window =
        attempt (name, &range, n, &again, &reason);

    if (window) {
      audio->samples = g_steal_pointer (&window->samples);
      audio->n_samples = window->n_samples;
      return TRUE;
    }
    if (!again) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  }
}

void
audio_file_clear (AudioFile * audio)
{
  g_clear_pointer (&audio->samples, g_free);
  audio->n_samples = 0;
}
