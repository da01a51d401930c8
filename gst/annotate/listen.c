/* listen.c - one audio track of one media file, through the emotion2vec element, into an annotation.
 *
 * A track reader (gst/media), emotion2vec, fakesink.
 *
 * (1) What the streaming threads write (struct Heard) is under its lock; the annotation belongs to the calling thread.
 * (2) The end of the stream leaves the element after all results: then all that came before is heard, also where a file
 *     breaks off. No buffer gets to the sink (trackreader.c says why).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listen.h"

#include <gio/gio.h>

#include "gstemotion2vec.h"
#include "mediatype.h"
#include "peaks.h"
#include "trackreader.h"
#include "trouble.h"

/* Windows that may wait: a batch or two, of which those of other files fill the rest. */
#define MAX_PENDING "16"

/* Of one kind, more are not worth a person's time. */
#define MAX_WARNINGS 3

/* Message of the streaming thread: it waits at the element until a part is gone to. */
#define PART "part"

/* Between two calls of progress(), in audio. */
#define PROGRESS_STEP GST_SECOND

/* What a container says of its length and what it has may differ by this before it counts as cut off. */
#define DURATION_SLACK GST_SECOND

/* What the streaming threads know. */
typedef struct
{
  GMutex lock;
  guint rate, channels;         /* of the first caps */
  char *language;
  GstClockTime end;             /* stream time of the end of what came */
  GstTagList *tags;             /* (nullable): what the element added, with those of the file */
  Peaks *peaks;
} Heard;

typedef struct
{
  const ListenSource *source;
  const ListenSettings *settings;
  GPtrArray *warnings;
  Annotation *annotation;
  GstElement *element;
  TrackReader *reader;
  GstPad *pad;                  /* sink pad of the element */
  Heard heard;
  /* streaming thread of the pad */
  GstAudioInfo info;
  GstSegment segment;
  GstClockTime told;
  /* calling thread */
  gulong block;                 /* on the sink pad, until a part is gone to; 0: none */
} Listener;

static void
listener_clear (Listener * self)
{
  g_clear_pointer (&self->reader, track_reader_free);
  g_clear_pointer (&self->annotation, annotation_free);
  g_clear_pointer (&self->heard.peaks, peaks_free);
  g_free (self->heard.language);
  gst_clear_tag_list (&self->heard.tags);
  g_mutex_clear (&self->heard.lock);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Listener, listener_clear);

/* ---- streaming threads ------------------------------------------------------------------------------------------ */

static void
note_caps (Listener * self, const GstCaps * caps)
{
  if (!gst_audio_info_from_caps (&self->info, caps))
    return;
  g_mutex_lock (&self->heard.lock);
  if (self->heard.rate == 0) {
    self->heard.rate = (guint) self->info.rate;
    self->heard.channels = (guint) self->info.channels;
  }
  g_mutex_unlock (&self->heard.lock);
}

static void
note_tags (Listener * self, const GstTagList * tags)
{
  g_autofree char *language = NULL;

  if (!gst_tag_list_get_string (tags, GST_TAG_LANGUAGE_CODE, &language))
    return;
  g_mutex_lock (&self->heard.lock);
  if (!self->heard.language)
    self->heard.language = g_steal_pointer (&language);
  g_mutex_unlock (&self->heard.lock);
}

static void
tell_progress (Listener * self, GstClockTime end)
{
  gint64 duration = -1;

  if (!self->source->progress || end < self->told + PROGRESS_STEP)
    return;
  self->told = end;
  if (!gst_pad_peer_query_duration (self->pad, GST_FORMAT_TIME, &duration)
      || duration <= 0)
    duration = -1;
  self->source->progress (end, (GstClockTime) duration,
      self->source->user_data);
}

static void
note_buffer (Listener * self, GstBuffer * buffer)
{
  guint64 frames;
  GstClockTime start, end;

  if (self->info.rate == 0 || self->info.bpf == 0)
    return;
  frames = gst_buffer_get_size (buffer) / (gsize) self->info.bpf;
  start = GST_BUFFER_PTS_IS_VALID (buffer)
      ? gst_segment_to_stream_time (&self->segment, GST_FORMAT_TIME,
      GST_BUFFER_PTS (buffer)) : self->heard.end;
  /* what begins before the start of the file is padding of a codec */
  if (!GST_CLOCK_TIME_IS_VALID (start))
    return;
  end = start + gst_util_uint64_scale_round (frames, GST_SECOND,
      (guint64) self->info.rate);
  peaks_add (self->heard.peaks, buffer, &self->info, start);
  g_mutex_lock (&self->heard.lock);
  self->heard.end = MAX (self->heard.end, end);
  g_mutex_unlock (&self->heard.lock);
  tell_progress (self, end);
}

static void
note_event (Listener * self, GstEvent * event)
{
  GstTagList *tags;
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      note_caps (self, caps);
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      break;
    case GST_EVENT_TAG:
      gst_event_parse_tag (event, &tags);
      note_tags (self, tags);
      break;
    default:
      break;
  }
}

static GstPadProbeReturn
on_data (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    note_buffer (user_data, GST_PAD_PROBE_INFO_BUFFER (info));
  else
    note_event (user_data, GST_PAD_PROBE_INFO_EVENT (info));
  return GST_PAD_PROBE_OK;
}

/* Tags of the stream as they leave the element: the last ones, before the end, are with its summary. */
static void
note_summary (Listener * self, GstEvent * event)
{
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  if (gst_tag_list_get_scope (tags) != GST_TAG_SCOPE_STREAM)
    return;
  g_mutex_lock (&self->heard.lock);
  gst_clear_tag_list (&self->heard.tags);
  self->heard.tags = gst_tag_list_ref (tags);
  g_mutex_unlock (&self->heard.lock);
}

/* Behind the element: nobody needs the audio; the end comes after all results. */
static GstPadProbeReturn
on_output (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Listener *self = user_data;
  GstEvent *event;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    return GST_PAD_PROBE_DROP;
  event = GST_PAD_PROBE_INFO_EVENT (info);
  if (GST_EVENT_TYPE (event) == GST_EVENT_GAP)
    return GST_PAD_PROBE_DROP;
  if (GST_EVENT_TYPE (event) == GST_EVENT_TAG)
    note_summary (self, event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    track_reader_post (self->reader, TRACK_READER_END);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_blocked (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  Listener *self = user_data;

  track_reader_post (self->reader, PART);
  return GST_PAD_PROBE_OK;
}

/* ---- building --------------------------------------------------------------------------------------------------- */

static void
set_up_element (Listener * self)
{
  const ListenSettings *settings = self->settings;
  GObject *element = G_OBJECT (self->element);

  g_object_set (element, "model-file", settings->model, "head-file",
      settings->head, "device", settings->device, "window", settings->window,
      "interval", settings->interval, "classes", settings->classes,
      "attach-meta", FALSE, NULL);
  gst_util_set_object_arg (element, "precision", settings->precision);
  gst_util_set_object_arg (element, "trigger", settings->trigger);
  gst_util_set_object_arg (element, "channel-mode", settings->channels);
  gst_util_set_object_arg (element, "mode", "async");
  gst_util_set_object_arg (element, "overload", "block");
  gst_util_set_object_arg (element, "max-pending", MAX_PENDING);
  gst_util_set_object_arg (element, "on-error", "fail");
  gst_util_set_object_arg (element, "tag-mode",
      settings->tags ? "summary" : "none");
  if (settings->minimum > 0)
    g_object_set (element, "minimum-duration", settings->minimum, NULL);
  if (settings->embedding)
    gst_util_set_object_arg (element, "embedding", "utterance");
  if (settings->silence)
    gst_util_set_object_arg (element, "silence-threshold", settings->silence);
}

/* Behind the element. */
static gboolean
add_sink (Listener * self, GError ** error)
{
  g_autoptr (GstPad) output = gst_element_get_static_pad (self->element, "src");
  GstElement *sink = track_reader_make_sink (error);

  if (!sink)
    return FALSE;
  gst_bin_add (track_reader_bin (self->reader), sink);
  gst_element_link (self->element, sink);
  gst_pad_add_probe (output,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      on_output, self, NULL);
  return TRUE;
}

static gboolean
build (Listener * self, guint n, GError ** error)
{
  const TrackSource source = {.path = self->source->path,
    .uri = self->source->uri,.track = self->source->track,.attempt = n
  };

  /* by its type: no plugin of that name has to be installed, and none that is takes its place */
  self->element = g_object_new (GST_TYPE_EMOTION2VEC, NULL);
  set_up_element (self);
  self->reader = track_reader_new (&source, self->element, error);
  if (!self->reader)
    return FALSE;
  self->pad = track_reader_pad (self->reader);
  gst_pad_add_probe (self->pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_data,
      self, NULL);
  if (self->source->part)
    self->block = gst_pad_add_probe (self->pad, GST_PAD_PROBE_TYPE_BLOCK |
        GST_PAD_PROBE_TYPE_BUFFER, on_blocked, self, NULL);
  return add_sink (self, error);
}

/* ---- the bus ---------------------------------------------------------------------------------------------------- */

static void
warn (Listener * self, char *text)
{
  if (self->warnings->len < MAX_WARNINGS
      && !g_ptr_array_find_with_equal_func (self->warnings, text, g_str_equal,
          NULL))
    g_ptr_array_add (self->warnings, text);
  else
    g_free (text);
}

static void
handle_warning (Listener * self, GstMessage * message)
{
  g_autoptr (GError) reason = NULL;

  gst_message_parse_warning (message, &reason, NULL);
  if (GST_MESSAGE_SRC (message) == GST_OBJECT (self->element)
      && self->settings->warning
      && g_str_has_prefix (reason->message, self->settings->warning))
    return;
  warn (self, trouble_words (reason));
}

/* FALSE if the annotation has no place for a result, which means a fault of ours. */
static gboolean
handle_element_message (Listener * self, GstMessage * message, GError ** error)
{
  if (GST_MESSAGE_SRC (message) != GST_OBJECT (self->element)
      || !gst_message_has_name (message, "emotion2vec"))
    return TRUE;
  if (self->source->result)
    self->source->result (gst_message_get_structure (message),
        self->source->user_data);
  if (annotation_add (self->annotation, gst_message_get_structure (message)))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
      "a result cannot be understood");
  return FALSE;
}

/* A buffer waits at the element. The seek flushes it away, and the next ones wait until the part is gone to. */
static gboolean
go_to_part (Listener * self, GError ** error)
{
  const ListenSource *source = self->source;
  GstEvent *seek = gst_event_new_seek (1, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET,
      (gint64) source->start,
      GST_CLOCK_TIME_IS_VALID (source->end) ? GST_SEEK_TYPE_SET :
      GST_SEEK_TYPE_NONE, (gint64) source->end);
  gboolean done = gst_pad_push_event (self->pad, seek);

  if (!done)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "no part of it can be read by itself");
  gst_pad_remove_probe (self->pad, self->block);
  self->block = 0;
  return done;
}

static gboolean
on_message (GstMessage * message, gpointer user_data, GError ** error)
{
  Listener *self = user_data;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      return handle_element_message (self, message, error);
    case GST_MESSAGE_WARNING:
      handle_warning (self, message);
      return TRUE;
    default:
      return !gst_message_has_name (message, PART) || self->block == 0
          || go_to_part (self, error);
  }
}

/* ---- what was heard --------------------------------------------------------------------------------------------- */

/* (transfer full) (nullable): the MIME type that decodebin found. */
static char *
find_media_type (Listener * self)
{
  GstIterator *finders =
      gst_bin_iterate_all_by_element_factory_name (track_reader_bin
      (self->reader), "typefind");
  GValue item = G_VALUE_INIT;
  g_autoptr (GstCaps) caps = NULL;
  const char *name = self->source->path ? self->source->path :
      self->source->uri;

  if (gst_iterator_next (finders, &item) == GST_ITERATOR_OK) {
    g_object_get (g_value_get_object (&item), "caps", &caps, NULL);
    g_value_unset (&item);
  }
  gst_iterator_free (finders);
  if (!caps || gst_caps_is_any (caps) || gst_caps_is_empty (caps))
    return NULL;
  return media_type_to_mime (caps, name);
}

/* Containers tell their length in a header, so that it shows when the end is missing. It is the length of the longest track:
 * that of a film may be of its pictures, and the sound a little shorter; of several audio tracks each may be. */
static void
check_length (Listener * self)
{
  const GError *broken = track_reader_broken (self->reader);
  const GstClockTime end = self->heard.end;
  const char *type = self->annotation->media_type;
  guint part = type && g_str_has_prefix (type, "audio/") ? 20 : 4;
  gint64 claimed;

  if (broken) {
    warn (self, g_strdup_printf ("it breaks off after %.1f s: %s",
            (double) end / GST_SECOND, broken->message));
    return;
  }
  /* by now, what is guessed from a bit rate is a good guess */
  if (track_reader_n_tracks (self->reader) == 1
      && gst_pad_peer_query_duration (self->pad, GST_FORMAT_TIME, &claimed)
      && claimed > 0
      && end + end / part + DURATION_SLACK < (GstClockTime) claimed)
    warn (self, g_strdup_printf ("it ends after %.1f s, but says that it is "
            "%.1f s long: it may be cut off", (double) end / GST_SECOND,
            (double) claimed / GST_SECOND));
}

static gboolean
conclude (Listener * self, GError ** error)
{
  const GError *broken = track_reader_broken (self->reader);
  const char *missing = track_reader_missing (self->reader);
  Annotation *annotation = self->annotation;
  Heard *heard = &self->heard;

  if (annotation->windows->len == 0 && broken) {
    g_propagate_error (error, g_error_copy (broken));
    return FALSE;
  }
  if (heard->end == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s",
        self->source->part ? "there is no audio in that part of it" :
        "its audio track is empty");
    return FALSE;
  }
  annotation->media_type = find_media_type (self);
  if (!self->source->part)
    check_length (self);
  if (annotation->windows->len == 0 && !self->source->part)
    warn (self, g_strdup_printf ("%.2f s are too short for a result",
            (double) heard->end / GST_SECOND));
  if (missing)
    warn (self, g_strdup_printf ("an audio track is left out: GStreamer has "
            "no %s", missing));
  annotation->n_tracks = track_reader_n_tracks (self->reader);
  annotation->language = g_steal_pointer (&heard->language);
  if (self->settings->tags)
    annotation->tags = g_steal_pointer (&heard->tags);
  annotation->duration = heard->end;
  annotation->rate = heard->rate;
  annotation->channels = heard->channels;
  peaks_finish (heard->peaks, heard->end, annotation->peaks);
  annotation_finish (annotation);
  return TRUE;
}

/* The @n-th attempt, counted from 0. @again: (out): whether the file is worth another one. */
static Annotation *
attempt (const ListenSource * source, const ListenSettings * settings,
    GPtrArray * warnings, guint n, gboolean * again, GError ** error)
{
  gboolean done;
  g_auto (Listener) self = {
    .source = source,.settings = settings,.warnings = warnings
  };

  g_mutex_init (&self.heard.lock);
  self.heard.peaks = peaks_new ();
  self.annotation = annotation_new ();
  self.annotation->track = source->track;
  self.annotation->window = settings->window;
  self.annotation->interval = settings->interval;
  done = build (&self, n, error) && track_reader_run (self.reader,
      GST_CLOCK_TIME_NONE, on_message, &self, error)
      && conclude (&self, error);
  *again = self.reader && track_reader_may_try_again (self.reader);
  return done ? g_steal_pointer (&self.annotation) : NULL;
}

Annotation *
listen_to_track (const ListenSource * source, const ListenSettings * settings,
    GPtrArray * warnings, GError ** error)
{
  for (guint n = 0;; n++) {
    g_autoptr (GError) reason = NULL;
    gboolean again;
    Annotation *annotation =
        attempt (source, settings, warnings, n, &again, &reason);

    if (annotation)
      return annotation;
    if (!again) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
  }
}
