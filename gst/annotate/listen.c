/* listen.c - one audio track of one media file, through the emotion2vec element, into an annotation.
 *
 * filesrc ! decodebin (or uridecodebin, or fdsrc ! decodebin) ! emotion2vec ! fakesink
 *
 * (1) decodebin exposes audio only and, as other streams lead to none, plugs no decoder for them. Its audio pads come in
 *     the order of the file's streams; the one that is wanted is linked.
 * (2) What the streaming threads write (struct Heard) is under its lock; the annotation belongs to the calling thread.
 * (3) A file that breaks off gives an error, and then its streams end. Only their end, which leaves the element after all
 *     results, tells that all that came before is heard. The pipeline's own EOS message does not: after an error in a decoder
 *     that was just being plugged, decodebin never reaches PLAYING. So no buffer gets to the sink, which would wait there.
 * (4) decodebin (1.22) swallows errors of an element that it is plugging. A demuxer that finds no stream then stands still,
 *     without an error, a pad or an end. While nothing is linked, standstill.h tells that.
 * (5) aiffparse (1.22) may push before decodebin has linked it, and gives up; that error is swallowed too, and what is linked
 *     then stays dry. standstill.h tells that as well, and the file is opened once more.
 * (6) The parts of a chained Ogg file come as pads one after the other; each is linked in its turn.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/pbutils/pbutils.h>
#include <string.h>
#include <unistd.h>

#include "gstemotion2vec.h"
#include "mediatype.h"
#include "peaks.h"
#include "standstill.h"
#include "trouble.h"

/* Windows that may wait: a batch or two, of which those of other files fill the rest. */
#define MAX_PENDING "16"

/* Of one kind, more are not worth a person's time. */
#define MAX_WARNINGS 3

/* How often to look whether the pipeline stands still, without and with an error. */
#define CHECK_TIME GST_SECOND
#define CHECK_TIME_BROKEN (20 * GST_MSECOND)
/* The same for a stream that is linked and dry, and how often in a row: a queue may still have something for it. */
#define CHECK_TIME_DRY (100 * GST_MSECOND)
#define DRY_LOOKS 3

/* Invariant (5). */
#define MAX_ATTEMPTS 5

/* Between two calls of progress(), in audio. */
#define PROGRESS_STEP GST_SECOND

/* What a container says of its length and what it has may differ by this before it counts as cut off. */
#define DURATION_SLACK GST_SECOND

/* What the streaming threads know. */
typedef struct
{
  GMutex lock;
  guint n_pads, n_tracks;       /* audio pads now, and the most there were */
  gboolean linked;              /* once */
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
  GstElement *pipeline, *element;
  GstBus *bus;
  GstPad *pad;                  /* sink pad of the element */
  Heard heard;
  /* streaming thread of the pad */
  GstAudioInfo info;
  GstSegment segment;
  GstClockTime told;
  /* calling thread */
  Trouble trouble;
  gulong block;                 /* on the sink pad, until a part is gone to; 0: none */
  guint dry_looks;
  gboolean dry;                 /* it is worth another attempt */
  GError *broken;               /* why the streams are about to end */
} Listener;

static void
listener_clear (Listener * self)
{
  if (self->pipeline)
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->pad);
  gst_clear_object (&self->bus);
  gst_clear_object (&self->pipeline);
  g_clear_pointer (&self->annotation, annotation_free);
  g_clear_pointer (&self->heard.peaks, peaks_free);
  g_free (self->heard.language);
  gst_clear_tag_list (&self->heard.tags);
  g_mutex_clear (&self->heard.lock);
  trouble_clear (&self->trouble);
  g_clear_error (&self->broken);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Listener, listener_clear);

static gboolean
is_linked (Listener * self)
{
  gboolean linked;

  g_mutex_lock (&self->heard.lock);
  linked = self->heard.linked;
  g_mutex_unlock (&self->heard.lock);
  return linked;
}

/* Whether the stream has begun. */
static gboolean
has_come (Listener * self)
{
  gboolean come;

  g_mutex_lock (&self->heard.lock);
  come = self->heard.rate > 0;
  g_mutex_unlock (&self->heard.lock);
  return come;
}

static guint
count_tracks (Listener * self)
{
  guint n;

  g_mutex_lock (&self->heard.lock);
  n = self->heard.n_tracks;
  g_mutex_unlock (&self->heard.lock);
  return n;
}

/* ---- streaming threads ------------------------------------------------------------------------------------------ */

static void
on_pad_added (GstElement * decoder, GstPad * pad, Listener * self)
{
  Heard *heard = &self->heard;
  gboolean wanted;

  g_mutex_lock (&heard->lock);
  wanted = heard->n_pads == self->source->track;
  heard->n_pads++;
  heard->n_tracks = MAX (heard->n_tracks, heard->n_pads);
  g_mutex_unlock (&heard->lock);
  if (!wanted || gst_pad_is_linked (self->pad)
      || GST_PAD_LINK_FAILED (gst_pad_link (pad, self->pad)))
    return;
  g_mutex_lock (&heard->lock);
  heard->linked = TRUE;
  g_mutex_unlock (&heard->lock);
}

static void
on_pad_removed (GstElement * decoder, GstPad * pad, Listener * self)
{
  g_mutex_lock (&self->heard.lock);
  if (self->heard.n_pads > 0)
    self->heard.n_pads--;
  g_mutex_unlock (&self->heard.lock);
}

/* Wakes the calling thread. */
static void
post (Listener * self, const char *what)
{
  gst_bus_post (self->bus, gst_message_new_application (NULL,
          gst_structure_new_empty (what)));
}

static void
on_no_more_pads (GstElement * decoder, Listener * self)
{
  if (!is_linked (self))
    post (self, "no-track");
}

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
  GstEvent *event;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    return GST_PAD_PROBE_DROP;
  event = GST_PAD_PROBE_INFO_EVENT (info);
  if (GST_EVENT_TYPE (event) == GST_EVENT_GAP)
    return GST_PAD_PROBE_DROP;
  if (GST_EVENT_TYPE (event) == GST_EVENT_TAG)
    note_summary (user_data, event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    post (user_data, "end");
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_blocked (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  post (user_data, "part");
  return GST_PAD_PROBE_OK;
}

/* ---- building --------------------------------------------------------------------------------------------------- */

static GstElement *
make (Listener * self, const char *factory, GError ** error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (!element) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "GStreamer's element '%s' is missing: install "
        "gstreamer1.0-plugins-base", factory);
    return NULL;
  }
  gst_bin_add (GST_BIN (self->pipeline), element);
  return element;
}

/* What gives the bytes, in front of a decodebin; only a URI has its own. */
static GstElement *
add_source (Listener * self, GstElement * decoder, GError ** error)
{
  const ListenSource *source = self->source;
  GstElement *element = make (self, source->path ? "filesrc" : "fdsrc", error);

  if (!element)
    return NULL;
  if (source->path)
    g_object_set (element, "location", source->path, NULL);
  gst_element_link (element, decoder);
  return element;
}

static gboolean
add_decoder (Listener * self, GError ** error)
{
  const char *uri = self->source->uri;
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("audio/x-raw");
  GstElement *decoder = make (self, uri ? "uridecodebin" : "decodebin", error);

  if (!decoder)
    return FALSE;
  g_object_set (decoder, "caps", caps, "expose-all-streams", FALSE, NULL);
  if (uri)
    g_object_set (decoder, "uri", uri, NULL);
  else if (!add_source (self, decoder, error))
    return FALSE;
  g_signal_connect (decoder, "pad-added", G_CALLBACK (on_pad_added), self);
  g_signal_connect (decoder, "pad-removed", G_CALLBACK (on_pad_removed), self);
  g_signal_connect (decoder, "no-more-pads", G_CALLBACK (on_no_more_pads),
      self);
  return TRUE;
}

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

static gboolean
build (Listener * self, GError ** error)
{
  g_autoptr (GstPad) output = NULL;
  GstElement *sink;

  self->pipeline = gst_pipeline_new (NULL);
  self->bus = gst_element_get_bus (self->pipeline);
  /* by its type: no plugin of that name has to be installed, and none that is takes its place */
  self->element = g_object_new (GST_TYPE_EMOTION2VEC, NULL);
  gst_bin_add (GST_BIN (self->pipeline), self->element);
  sink = make (self, "fakesink", error);
  if (!sink)
    return FALSE;
  g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  set_up_element (self);
  gst_element_link (self->element, sink);
  self->pad = gst_element_get_static_pad (self->element, "sink");
  gst_pad_add_probe (self->pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_data,
      self, NULL);
  output = gst_element_get_static_pad (self->element, "src");
  gst_pad_add_probe (output,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      on_output, self, NULL);
  if (self->source->part)
    self->block = gst_pad_add_probe (self->pad, GST_PAD_PROBE_TYPE_BLOCK |
        GST_PAD_PROBE_TYPE_BUFFER, on_blocked, self, NULL);
  return add_decoder (self, error);
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
  if (gst_is_missing_plugin_message (message)) {
    trouble_note_missing (&self->trouble, message);
    return TRUE;
  }
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

/* Whether no stream comes after an error of @source. For decodebin, no more is to come when it gives up; for the type finder
 * there is nothing to decode. */
static gboolean
is_final (Listener * self, GstObject * source)
{
  GstElementFactory *factory = GST_IS_ELEMENT (source)
      ? gst_element_get_factory (GST_ELEMENT (source)) : NULL;

  if (source == GST_OBJECT (self->element))
    return TRUE;
  return !is_linked (self) && (GST_IS_BIN (source)
      || (factory && g_str_equal (GST_OBJECT_NAME (factory), "typefind")));
}

/* (transfer full) (nullable): if it is the element that cannot go on, why. */
static GError *
element_error (Listener * self, GstMessage * message)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *words = NULL;

  if (GST_MESSAGE_SRC (message) != GST_OBJECT (self->element))
    return NULL;
  gst_message_parse_error (message, &reason, NULL);
  words = trouble_words (reason);
  return g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "%s", words);
}

/* FALSE: nobody listens any more. */
static gboolean
handle_error (Listener * self, GstMessage * message, GError ** error)
{
  GError *reason = element_error (self, message);

  if (!reason)
    reason = trouble_explain (&self->trouble, message);
  /* the first is the cause of the others, but for what is wrong with the model or the device */
  if (self->broken && GST_MESSAGE_SRC (message) != GST_OBJECT (self->element))
    g_error_free (reason);
  else {
    g_clear_error (&self->broken);
    self->broken = reason;
  }
  if (!is_final (self, GST_MESSAGE_SRC (message)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->broken));
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

/* FALSE with an error, or without one at the end. */
static gboolean
handle_message (Listener * self, GstMessage * message, GError ** error)
{
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      return handle_element_message (self, message, error);
    case GST_MESSAGE_WARNING:
      handle_warning (self, message);
      return TRUE;
    case GST_MESSAGE_ERROR:
      return handle_error (self, message, error);
    default:
      if (gst_message_has_name (message, "part"))
        return self->block == 0 || go_to_part (self, error);
      if (gst_message_has_name (message, "no-track"))
        g_propagate_error (error, trouble_no_track (&self->trouble,
                self->source->track, count_tracks (self)));
      return FALSE;
  }
}

/* FALSE with an error if nothing will come any more. */
static gboolean
handle_silence (Listener * self, GError ** error)
{
  const gboolean linked = is_linked (self);

  if (has_come (self)
      || !standstill_is_reached (GST_BIN (self->pipeline), linked)) {
    self->dry_looks = 0;
    return TRUE;
  }
  if (linked && ++self->dry_looks < DRY_LOOKS)
    return TRUE;
  self->dry = linked;
  if (self->broken)
    g_propagate_error (error, g_steal_pointer (&self->broken));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, TROUBLE_NO_STREAM);
  return FALSE;
}

/* How long to wait for a message. */
static GstClockTime
patience (Listener * self)
{
  if (has_come (self))
    return GST_CLOCK_TIME_NONE;
  if (is_linked (self))
    return CHECK_TIME_DRY;
  return self->broken ? CHECK_TIME_BROKEN : CHECK_TIME;
}

/* Until the end of the stream. */
static gboolean
run (Listener * self, GError ** error)
{
  GError *trouble = NULL;
  gboolean go_on = TRUE;

  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  while (go_on) {
    GstMessage *message = gst_bus_timed_pop_filtered (self->bus,
        patience (self), GST_MESSAGE_ELEMENT | GST_MESSAGE_WARNING |
        GST_MESSAGE_ERROR | GST_MESSAGE_APPLICATION);

    if (message) {
      go_on = handle_message (self, message, &trouble);
      gst_message_unref (message);
    } else {
      go_on = handle_silence (self, &trouble);
    }
  }
  if (!trouble)
    return TRUE;
  g_propagate_error (error, trouble);
  return FALSE;
}

/* ---- what was heard --------------------------------------------------------------------------------------------- */

/* (transfer full) (nullable): the MIME type that decodebin found. */
static char *
find_media_type (Listener * self)
{
  GstIterator *finders =
      gst_bin_iterate_all_by_element_factory_name (GST_BIN (self->pipeline),
      "typefind");
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
  const GstClockTime end = self->heard.end;
  const char *type = self->annotation->media_type;
  guint part = type && g_str_has_prefix (type, "audio/") ? 20 : 4;
  gint64 claimed;

  if (self->broken) {
    warn (self, g_strdup_printf ("it breaks off after %.1f s: %s",
            (double) end / GST_SECOND, self->broken->message));
    return;
  }
  /* by now, what is guessed from a bit rate is a good guess */
  if (self->heard.n_tracks == 1
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
  Annotation *annotation = self->annotation;
  Heard *heard = &self->heard;

  if (annotation->windows->len == 0 && self->broken) {
    g_propagate_error (error, g_steal_pointer (&self->broken));
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
  if (self->trouble.missing_audio)
    warn (self, g_strdup_printf ("an audio track is left out: GStreamer has "
            "no %s", self->trouble.missing_audio));
  annotation->n_tracks = heard->n_tracks;
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

gboolean
listen_check_file (const char *path, GError ** error)
{
  GStatBuf status;
  int file = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

  if (file < 0) {
    int code = errno;

    if (code == ENOENT)
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
          "there is no such file");
    else
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
          "it cannot be read: %s", g_strerror (code));
    return FALSE;
  }
  close (file);
  if (g_stat (path, &status) == 0 && S_ISREG (status.st_mode)
      && status.st_size == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "the file is empty");
    return FALSE;
  }
  return TRUE;
}

/* @dry: (out): whether the file is worth another attempt after an error. */
static Annotation *
attempt (const ListenSource * source, const ListenSettings * settings,
    GPtrArray * warnings, gboolean * dry, GError ** error)
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
  done = build (&self, error) && run (&self, error)
      && conclude (&self, error);
  *dry = self.dry;
  return done ? g_steal_pointer (&self.annotation) : NULL;
}

Annotation *
listen_to_track (const ListenSource * source, const ListenSettings * settings,
    GPtrArray * warnings, GError ** error)
{
  for (guint n = 1;; n++) {
    g_autoptr (GError) reason = NULL;
    gboolean dry;
    Annotation *annotation =
        attempt (source, settings, warnings, &dry, &reason);

    if (annotation)
      return annotation;
    /* standard input can be read once only */
    if (!dry || n == MAX_ATTEMPTS || (!source->path && !source->uri)) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
  }
}
