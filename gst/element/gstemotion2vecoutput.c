/* gstemotion2vecoutput.c - the emotion2vec element's way out: results -> messages, metas, events, tags.
 *
 * (1) The delivery thread completes a result (scorer), adds it to the summary (gstemotion2vecsummaries.c) and posts its
 *     message, in the order of the windows. It touches neither pads nor buffers.
 * (2) The streaming thread fetches what is complete. Each result waits in `ready` for the buffer that completed its
 *     window, or the next one if that has gone; order is kept. What has no buffer goes out as an event.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecanalytics.h"
#include "gstemotion2vecmeta.h"
#include "gstemotion2vecpriv.h"

#define GST_CAT_DEFAULT gst_emotion2vec_debug

/* on-error=pass: how long a device that failed is left alone; doubles with each failure in a row. */
#define FIRST_BACKOFF G_USEC_PER_SEC
#define LAST_BACKOFF (60 * G_USEC_PER_SEC)

/* Delays longer than this are no use to anybody who listens. */
#define MAX_DELAY (30 * GST_SECOND)

/* ---- failures --------------------------------------------------------------------------------------------------- */

/* Under the object lock. Returns whether this is news. */
static gboolean
note_failure (GstEmotion2vec * self, gboolean pass)
{
  gint64 now = g_get_monotonic_time ();
  gboolean news;

  if (!pass) {
    news = !self->failed;
    self->failed = TRUE;
    return news;
  }
  news = !self->outage;
  if (news)
    self->backoff = FIRST_BACKOFF;
  else if (now >= self->retry_at)
    self->backoff = MIN (2 * self->backoff, LAST_BACKOFF);
  self->retry_at = now + self->backoff;
  self->outage = TRUE;
  return news;
}

void
gst_emotion2vec_output_fail (GstEmotion2vec * self, const GError * error)
{
  gboolean pass, news;

  GST_OBJECT_LOCK (self);
  pass = self->settings.on_error == GST_EMOTION2VEC_ON_ERROR_PASS;
  news = note_failure (self, pass);
  GST_OBJECT_UNLOCK (self);
  if (!news)
    GST_DEBUG_OBJECT (self, "again: %s", error->message);
  else if (!pass)
    gst_emotion2vec_post_error (self, error);
  else
    gst_emotion2vec_post_warning (self, error,
        "The audio passes, there are no results, and the device is tried again "
        "after a while.");
}

gboolean
gst_emotion2vec_output_is_out (GstEmotion2vec * self)
{
  gboolean out;

  GST_OBJECT_LOCK (self);
  out = self->outage && g_get_monotonic_time () < self->retry_at;
  GST_OBJECT_UNLOCK (self);
  return out;
}

/* The device went on, but its user should know. The same trouble is told once. */
static void
tell_trouble (GstEmotion2vec * self, const char *trouble)
{
  gboolean news;

  GST_OBJECT_LOCK (self);
  news = g_strcmp0 (trouble, self->told_trouble) != 0;
  if (news) {
    g_free (self->told_trouble);
    self->told_trouble = g_strdup (trouble);
  }
  GST_OBJECT_UNLOCK (self);
  if (news)
    GST_ELEMENT_WARNING (self, LIBRARY, FAILED, ("emotion2vec: %s.", trouble),
        (NULL));
}

/* ---- delivery thread -------------------------------------------------------------------------------------------- */

static void
complete (GstEmotion2vec * self, GstEmotion2vecResult * result,
    const GstEmotion2vecScorerSettings * settings)
{
  g_mutex_lock (&self->scoring);
  gst_emotion2vec_scorer_finish (self->scorer, self->classes, settings, result);
  gst_emotion2vec_summaries_add (self, result);
  g_mutex_unlock (&self->scoring);
}

static void
complete_and_post (GstEmotion2vec * self, GstEmotion2vecResult * result)
{
  GstEmotion2vecScorerSettings settings;
  gboolean post, recovered;

  GST_OBJECT_LOCK (self);
  settings.threshold = self->settings.threshold;
  settings.smoothing = self->settings.smoothing;
  post = self->settings.post_messages;
  recovered = self->outage && !result->silent;
  if (recovered)
    self->outage = FALSE;
  GST_OBJECT_UNLOCK (self);
  if (recovered)
    GST_ELEMENT_INFO (self, LIBRARY, FAILED,
        ("emotion2vec: the device works again."), (NULL));
  else if (result->trouble)
    tell_trouble (self, result->trouble);
  complete (self, result, &settings);
  if (post)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_element (GST_OBJECT (self),
            gst_emotion2vec_result_to_structure (result,
                GST_EMOTION2VEC_STRUCTURE_NAME)));
}

void
gst_emotion2vec_output_done (GstEmotion2vecResult * result,
    const GError * error, gpointer data)
{
  GstEmotion2vec *self = data;

  gst_emotion2vec_summaries_next (self, result);
  if (error)
    gst_emotion2vec_output_fail (self, error);
  else
    complete_and_post (self, result);
  gst_emotion2vec_summaries_told (self, result);
}

/* ---- delay ------------------------------------------------------------------------------------------------------ */

void
gst_emotion2vec_output_want_delay (GstEmotion2vec * self,
    GstClockTime result, GstClockTime buffer)
{
  GstClockTime delay;
  gboolean tell;

  GST_OBJECT_LOCK (self);
  self->result_delay = MAX (self->result_delay, result);
  tell = buffer > self->longest_buffer;
  self->longest_buffer = MAX (self->longest_buffer, buffer);
  delay = MIN (self->result_delay + self->longest_buffer, MAX_DELAY);
  /* a tenth more is not worth a new latency of the whole pipeline */
  tell = tell || delay > self->wanted_delay + self->wanted_delay / 10;
  self->wanted_delay = delay;
  GST_OBJECT_UNLOCK (self);
  if (!tell)
    return;
  GST_DEBUG_OBJECT (self, "latency rises to %" GST_TIME_FORMAT,
      GST_TIME_ARGS (delay));
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_latency (GST_OBJECT (self)));
}

/* A result came after its buffer had gone: counts it, and asks for what would have been enough. */
static void
note_late (GstEmotion2vec * self)
{
  GstEmotion2vecStreamStats stats;

  GST_OBJECT_LOCK (self);
  self->n_late++;
  GST_OBJECT_UNLOCK (self);
  gst_emotion2vec_stream_get_stats (self->stream, &stats);
  if (GST_CLOCK_TIME_IS_VALID (stats.latency_p95))
    gst_emotion2vec_output_want_delay (self,
        stats.latency_p95 + stats.latency_p95 / 2, 0);
}

/* ---- tags ------------------------------------------------------------------------------------------------------- */

GstEmotion2vecTagMode
gst_emotion2vec_output_tag_mode (GstEmotion2vec * self)
{
  GstEmotion2vecTagMode mode;

  GST_OBJECT_LOCK (self);
  mode = self->settings.tag_mode;
  GST_OBJECT_UNLOCK (self);
  return mode;
}

void
gst_emotion2vec_output_push_tags (GstEmotion2vec * self, GstTagList * ours)
{
  if (!ours)
    return;
  gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (self),
      gst_event_new_tag (gst_emotion2vec_tags_set_ours (self->tags, ours)));
  gst_tag_list_unref (ours);
}

GstEvent *
gst_emotion2vec_output_merge_tags (GstEmotion2vec * self, GstEvent * event)
{
  GstTagList *upstream, *merged;
  GstEvent *replaced;

  gst_event_parse_tag (event, &upstream);
  merged = gst_emotion2vec_tags_merge_upstream (self->tags, upstream);
  if (merged == upstream || gst_emotion2vec_output_tag_mode (self) == 0) {
    gst_tag_list_unref (merged);
    return event;
  }
  replaced = gst_event_new_tag (merged);
  gst_event_set_seqnum (replaced, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return replaced;
}

/* ---- results in the stream -------------------------------------------------------------------------------------- */

typedef struct
{
  gboolean attach, send;        /* as metas, as events */
  GstEmotion2vecTagMode tags;
} Routes;

static Routes
find_routes (GstEmotion2vec * self)
{
  Routes routes;

  GST_OBJECT_LOCK (self);
  routes.attach = self->settings.attach_meta;
  routes.send = self->settings.send_events;
  routes.tags = self->settings.tag_mode;
  GST_OBJECT_UNLOCK (self);
  return routes;
}

static void
send_event (GstEmotion2vec * self, const GstEmotion2vecResult * result)
{
  gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (self),
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_emotion2vec_result_to_structure (result,
              GST_EMOTION2VEC_STRUCTURE_NAME)));
}

static void
tag_change (GstEmotion2vec * self, const GstEmotion2vecResult * result,
    Routes routes)
{
  const char *label;

  if (!(routes.tags & GST_EMOTION2VEC_TAG_MODE_CHANGES))
    return;
  label = gst_emotion2vec_tags_news (self->tags, result);
  if (label)
    gst_emotion2vec_output_push_tags (self,
        gst_emotion2vec_tags_for_label (label,
            result->scores[gst_emotion2vec_result_best (result)]));
}

static void
collect (GstEmotion2vec * self)
{
  GstEmotion2vecResult *result;

  while ((result = gst_emotion2vec_stream_pop (self->stream)))
    g_queue_push_tail (&self->ready, result);
}

/* The next result that is due with buffer number @serial. (transfer full) (nullable) */
static GstEmotion2vecResult *
take_due (GstEmotion2vec * self, guint64 serial)
{
  const GstEmotion2vecResult *next = g_queue_peek_head (&self->ready);

  return next && next->serial <= serial ?
      g_queue_pop_head (&self->ready) : NULL;
}

GstBuffer *
gst_emotion2vec_output_carry (GstEmotion2vec * self, GstBuffer * buffer,
    guint64 serial)
{
  Routes routes = find_routes (self);
  gboolean async = gst_emotion2vec_is_async (self);
  GstEmotion2vecResult *result;

  collect (self);
  while ((result = take_due (self, serial))) {
    /* in sync mode a stretch that has ended has no buffer any more: this one belongs to the next */
    gboolean ride = routes.attach && (async || !result->tail);

    if (routes.send || (routes.attach && !ride))
      send_event (self, result);
    if (ride) {
      buffer = gst_buffer_make_writable (buffer);
      gst_emotion2vec_meta_attach (buffer, result);
      gst_emotion2vec_analytics_attach (buffer, result);
    }
    tag_change (self, result, routes);
    if (self->align_results && async && result->serial < serial)
      note_late (self);
    gst_emotion2vec_result_free (result);
  }
  return buffer;
}

void
gst_emotion2vec_output_rest (GstEmotion2vec * self)
{
  Routes routes = find_routes (self);
  GstEmotion2vecResult *result;

  collect (self);
  while ((result = take_due (self, G_MAXUINT64))) {
    if (routes.send || routes.attach)
      send_event (self, result);
    tag_change (self, result, routes);
    gst_emotion2vec_result_free (result);
  }
}
