/* trackreader.c - one audio track of one media file, decoded into an element of the caller's, and how that ends.
 *
 * (1) decodebin exposes audio only and, as other streams lead to none, plugs no decoder for them. Its audio pads come in
 *     the order of the file's streams; the one that is wanted is linked.
 * (2) A file that breaks off gives an error, and then its streams end. Only their end tells that all that came before is
 *     through. The pipeline's own EOS message does not: after an error in a decoder that was just being plugged, decodebin
 *     never reaches PLAYING. So no buffer may get to a sink, which would wait there: callers drop them before.
 * (3) decodebin (1.22) swallows errors of an element that it is plugging. A demuxer that finds no stream then stands still,
 *     without an error, a pad or an end. While nothing is linked, standstill.h tells that.
 * (4) aiffparse (1.22) may push before decodebin has linked it, and gives up; that error is swallowed too, and what is linked
 *     then stays dry. standstill.h tells that as well, and the file is worth another attempt: through a queue, so that no
 *     parser reads by itself, and decodebin and parsers work in one thread.
 * (5) The parts of a chained Ogg file come as pads one after the other; each is linked in its turn.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trackreader.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <gst/pbutils/pbutils.h>
#include <unistd.h>

#include "standstill.h"
#include "trouble.h"

/* How often to look whether the pipeline stands still, without and with an error. */
#define CHECK_TIME GST_SECOND
#define CHECK_TIME_BROKEN (20 * GST_MSECOND)
/* The same for a stream that is linked and dry, and how often in a row: a queue may still have something for it. */
#define CHECK_TIME_DRY (100 * GST_MSECOND)
#define DRY_LOOKS 3

/* Message of our own: there is no such track. */
#define NO_TRACK "no-track"

/* Invariant (4). A queue is of no use for URIs, where about half of the attempts are in vain. */
#define MAX_ATTEMPTS 8

struct _TrackReader
{
  TrackSource source;
  GstElement *pipeline, *decoder, *element;
  GstBus *bus;
  GstPad *pad;                  /* sink pad of the element */
  GMutex lock;
  /* under the lock */
  guint n_pads, n_tracks;       /* audio pads now, and the most there were */
  gboolean linked;              /* once */
  gboolean come;                /* the stream has begun */
  /* owner */
  Trouble trouble;
  GstClockTime waited;          /* since the last message or look */
  guint dry_looks;
  gboolean dry;                 /* it is worth another attempt */
  GError *broken;               /* why the streams are about to end */
};

void
track_reader_stop (TrackReader * self)
{
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
}

void
track_reader_free (TrackReader * self)
{
  if (!self)
    return;
  track_reader_stop (self);
  /* a thread of GStreamer's may have the pipeline a little longer; its pads go when that does */
  if (self->decoder)
    g_signal_handlers_disconnect_by_data (self->decoder, self);
  g_clear_object (&self->pad);
  gst_object_unref (self->bus);
  gst_object_unref (self->pipeline);
  trouble_clear (&self->trouble);
  g_clear_error (&self->broken);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* @flag: one of those under the lock. */
static gboolean
look_at (TrackReader * self, const gboolean * flag)
{
  gboolean value;

  g_mutex_lock (&self->lock);
  value = *flag;
  g_mutex_unlock (&self->lock);
  return value;
}

GstBin *
track_reader_bin (TrackReader * self)
{
  return GST_BIN (self->pipeline);
}

GstPad *
track_reader_pad (TrackReader * self)
{
  return self->pad;
}

const GError *
track_reader_broken (const TrackReader * self)
{
  return self->broken;
}

const char *
track_reader_missing (const TrackReader * self)
{
  return self->trouble.missing_audio;
}

guint
track_reader_n_tracks (TrackReader * self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_tracks;
  g_mutex_unlock (&self->lock);
  return n;
}

/* Standard input can be read once only. */
gboolean
track_reader_may_try_again (const TrackReader * self)
{
  return self->dry && self->source.attempt + 1 < MAX_ATTEMPTS
      && (self->source.path || self->source.uri);
}

/* ---- streaming threads ------------------------------------------------------------------------------------------ */

static void
on_pad_added (GstElement * decoder, GstPad * pad, TrackReader * self)
{
  gboolean wanted;

  g_mutex_lock (&self->lock);
  wanted = self->n_pads == self->source.track;
  self->n_pads++;
  self->n_tracks = MAX (self->n_tracks, self->n_pads);
  g_mutex_unlock (&self->lock);
  if (!wanted || gst_pad_is_linked (self->pad)
      || GST_PAD_LINK_FAILED (gst_pad_link (pad, self->pad)))
    return;
  g_mutex_lock (&self->lock);
  self->linked = TRUE;
  g_mutex_unlock (&self->lock);
}

static void
on_pad_removed (GstElement * decoder, GstPad * pad, TrackReader * self)
{
  g_mutex_lock (&self->lock);
  if (self->n_pads > 0)
    self->n_pads--;
  g_mutex_unlock (&self->lock);
}

void
track_reader_post (TrackReader * self, const char *what)
{
  gst_bus_post (self->bus, gst_message_new_application (NULL,
          gst_structure_new_empty (what)));
}

static void
on_no_more_pads (GstElement * decoder, TrackReader * self)
{
  if (!look_at (self, &self->linked))
    track_reader_post (self, NO_TRACK);
}

static GstPadProbeReturn
on_event (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  TrackReader *self = user_data;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&self->lock);
  self->come = TRUE;
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_REMOVE;
}

/* ---- building --------------------------------------------------------------------------------------------------- */

/* (transfer floating) */
static GstElement *
make (const char *factory, GError ** error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (!element)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "GStreamer's element '%s' is missing: install "
        "gstreamer1.0-plugins-base", factory);
  return element;
}

GstElement *
track_reader_make_sink (GError ** error)
{
  GstElement *sink = make ("fakesink", error);

  if (sink)
    g_object_set (sink, "sync", FALSE, "async", FALSE, NULL);
  return sink;
}

static GstElement *
add (TrackReader * self, const char *factory, GError ** error)
{
  GstElement *element = make (factory, error);

  if (element)
    gst_bin_add (GST_BIN (self->pipeline), element);
  return element;
}

/* What gives the bytes, in front of a decodebin; only a URI has its own. */
static gboolean
add_source (TrackReader * self, GstElement * decoder, GError ** error)
{
  const TrackSource *source = &self->source;
  GstElement *element = add (self, source->path ? "filesrc" : "fdsrc", error);
  GstElement *queue;

  if (!element)
    return FALSE;
  if (source->path)
    g_object_set (element, "location", source->path, NULL);
  if (source->attempt == 0)
    return gst_element_link (element, decoder);
  queue = add (self, "queue", error);
  return queue && gst_element_link_many (element, queue, decoder, NULL);
}

static gboolean
add_decoder (TrackReader * self, GError ** error)
{
  const char *uri = self->source.uri;
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("audio/x-raw");
  GstElement *decoder = add (self, uri ? "uridecodebin" : "decodebin", error);

  self->decoder = decoder;
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

TrackReader *
track_reader_new (const TrackSource * source, GstElement * element,
    GError ** error)
{
  g_autoptr (TrackReader) self = g_new0 (TrackReader, 1);

  self->source = *source;
  g_mutex_init (&self->lock);
  self->pipeline = gst_pipeline_new (NULL);
  self->bus = gst_element_get_bus (self->pipeline);
  self->element = element;
  gst_bin_add (GST_BIN (self->pipeline), element);
  self->pad = gst_element_get_static_pad (element, "sink");
  gst_pad_add_probe (self->pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event,
      self, NULL);
  return add_decoder (self, error) ? g_steal_pointer (&self) : NULL;
}

/* ---- the bus ---------------------------------------------------------------------------------------------------- */

/* Whether no stream comes after an error of @source. For decodebin, no more is to come when it gives up; for the type finder
 * there is nothing to decode. */
static gboolean
is_final (TrackReader * self, GstObject * source)
{
  GstElementFactory *factory = GST_IS_ELEMENT (source)
      ? gst_element_get_factory (GST_ELEMENT (source)) : NULL;

  if (source == GST_OBJECT (self->element))
    return TRUE;
  if (look_at (self, &self->linked))
    return self->source.whole && look_at (self, &self->come);
  return GST_IS_BIN (source)
      || (factory && g_str_equal (GST_OBJECT_NAME (factory), "typefind"));
}

/* (transfer full) (nullable): if it is the element that cannot go on, why. */
static GError *
element_error (TrackReader * self, GstMessage * message)
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
handle_error (TrackReader * self, GstMessage * message, GError ** error)
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

/* FALSE with an error, or without one at the end. */
static gboolean
handle_application (TrackReader * self, GstMessage * message,
    TrackReaderFunc func, gpointer user_data, GError ** error)
{
  if (gst_message_has_name (message, TRACK_READER_END))
    return FALSE;
  if (!gst_message_has_name (message, NO_TRACK))
    return func (message, user_data, error);
  g_propagate_error (error, trouble_no_track (&self->trouble,
          self->source.track, track_reader_n_tracks (self)));
  return FALSE;
}

/* The same. */
static gboolean
handle_message (TrackReader * self, GstMessage * message, TrackReaderFunc func,
    gpointer user_data, GError ** error)
{
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      return handle_error (self, message, error);
    case GST_MESSAGE_APPLICATION:
      return handle_application (self, message, func, user_data, error);
    default:
      if (!gst_is_missing_plugin_message (message))
        return func (message, user_data, error);
      trouble_note_missing (&self->trouble, message);
      return TRUE;
  }
}

/* FALSE with an error if nothing will come any more. */
static gboolean
look_for_standstill (TrackReader * self, GError ** error)
{
  const gboolean linked = look_at (self, &self->linked);

  if (look_at (self, &self->come)
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

/* How long to wait for a message before such a look. */
static GstClockTime
patience (TrackReader * self)
{
  if (look_at (self, &self->come))
    return GST_CLOCK_TIME_NONE;
  if (look_at (self, &self->linked))
    return CHECK_TIME_DRY;
  return self->broken ? CHECK_TIME_BROKEN : CHECK_TIME;
}

/* (transfer full) (nullable): the next message, or NULL after a while. @look: (out): whether it is time for a look. */
static GstMessage *
wait_for_message (TrackReader * self, GstClockTime tick, gboolean * look)
{
  const GstClockTime longest = patience (self);
  const GstClockTime left = longest > self->waited ? longest - self->waited : 0;
  const GstClockTime now = longest == GST_CLOCK_TIME_NONE ? tick
      : MIN (left, tick);
  GstMessage *message = gst_bus_timed_pop_filtered (self->bus, now,
      GST_MESSAGE_ELEMENT | GST_MESSAGE_WARNING | GST_MESSAGE_ERROR |
      GST_MESSAGE_APPLICATION);

  *look = !message && longest != GST_CLOCK_TIME_NONE && now == left;
  self->waited = message || *look ? 0 : self->waited + now;
  return message;
}

/* One message, or a while without one. FALSE with an error, or without one at the end. */
static gboolean
run_once (TrackReader * self, GstClockTime tick, TrackReaderFunc func,
    gpointer user_data, GError ** error)
{
  gboolean look;
  g_autoptr (GstMessage) message = wait_for_message (self, tick, &look);

  if (message)
    return handle_message (self, message, func, user_data, error);
  if (tick != GST_CLOCK_TIME_NONE && !func (NULL, user_data, error))
    return FALSE;
  return !look || look_for_standstill (self, error);
}

gboolean
track_reader_run (TrackReader * self, GstClockTime tick, TrackReaderFunc func,
    gpointer user_data, GError ** error)
{
  GError *trouble = NULL;

  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  while (run_once (self, tick, func, user_data, &trouble));
  if (!trouble)
    return TRUE;
  g_propagate_error (error, trouble);
  return FALSE;
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

gboolean
track_reader_check_file (const char *path, GError ** error)
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
