/* gstemotion2vecsummaries.c - what the emotion2vec element says of whole streams: tags, a table of contents, a message.
 *
 * (1) A summary goes out in front of the event that ends its stream: EOS, or the start of another stream.
 * (2) In async mode a stream that gives way to another is not waited for. Its tags say what is known by then. What is
 *     known later cannot be a tag any more: tags behind STREAM_START are about the next stream. So the summary is put
 *     into `ended`, takes the results that were missing, and is posted as a message behind the last of them.
 * (3) Results are told in order, so with the first one of a later stream, or with the end of a wait for all, those that
 *     have not come were dropped.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecpriv.h"

#define GST_CAT_DEFAULT gst_emotion2vec_debug

/* A stream that has given way to another while windows of it were being run. */
typedef struct
{
  guint64 number;               /* as in its results */
  char *stream_id;              /* (nullable) */
  guint64 last;                 /* id of its last window, and 1 */
  GstEmotion2vecSummary *summary;
} Ended;

static void
ended_free (gpointer data)
{
  Ended *ended = data;

  g_free (ended->stream_id);
  gst_emotion2vec_summary_free (ended->summary);
  g_free (ended);
}

/* ---- delivery thread -------------------------------------------------------------------------------------------- */

static GstEmotion2vecSummary *
find_summary (GstEmotion2vec * self, guint64 number)
{
  if (number == self->stream_number)
    return self->summary;
  for (const GList * item = self->ended.head; item; item = item->next) {
    const Ended *ended = item->data;

    if (ended->number == number)
      return ended->summary;
  }
  return NULL;
}

void
gst_emotion2vec_summaries_add (GstEmotion2vec * self,
    const GstEmotion2vecResult * result)
{
  GstEmotion2vecSummary *summary = find_summary (self, result->stream);

  if (summary)
    gst_emotion2vec_summary_add (summary, result);
}

static void
post_summary (GstEmotion2vec * self, const Ended * ended)
{
  g_autoptr (GstTagList) tags =
      gst_emotion2vec_summary_to_tags (ended->summary);
  g_autofree char *element = gst_object_get_name (GST_OBJECT (self));
  GstStructure *fields;
  GstToc *toc;

  if (!tags)
    return;
  fields = gst_structure_new (GST_EMOTION2VEC_SUMMARY_NAME, "element",
      G_TYPE_STRING, element, "tags", GST_TYPE_TAG_LIST, tags, NULL);
  if (ended->stream_id)
    gst_structure_set (fields, "stream-id", G_TYPE_STRING, ended->stream_id,
        NULL);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), fields));
  toc = gst_emotion2vec_summary_to_toc (ended->summary);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_toc (GST_OBJECT (self), toc, FALSE));
  gst_toc_unref (toc);
}

/* @over: of Ended; emptied. */
static void
post_summaries (GstEmotion2vec * self, GQueue * over)
{
  gboolean post;

  GST_OBJECT_LOCK (self);
  post = self->settings.post_messages;
  GST_OBJECT_UNLOCK (self);
  for (const GList * item = over->head; post && item; item = item->next)
    post_summary (self, item->data);
  g_queue_clear_full (over, ended_free);
}

/* Posts the summaries of the streams before number @number, and of that one if its last window has an id below @end. */
static void
post_until (GstEmotion2vec * self, guint64 number, guint64 end)
{
  GQueue over = G_QUEUE_INIT;
  const Ended *ended;

  g_mutex_lock (&self->scoring);
  while ((ended = g_queue_peek_head (&self->ended))
      && (ended->number < number
          || (ended->number == number && ended->last <= end)))
    g_queue_push_tail (&over, g_queue_pop_head (&self->ended));
  g_mutex_unlock (&self->scoring);
  post_summaries (self, &over);
}

void
gst_emotion2vec_summaries_next (GstEmotion2vec * self,
    const GstEmotion2vecResult * result)
{
  post_until (self, result->stream, 0);
}

void
gst_emotion2vec_summaries_told (GstEmotion2vec * self,
    const GstEmotion2vecResult * result)
{
  g_mutex_lock (&self->scoring);
  if (result->stream == self->stream_number)
    self->last_told = result->id + 1;
  g_mutex_unlock (&self->scoring);
  post_until (self, result->stream, result->id + 1);
}

/* ---- streaming thread ------------------------------------------------------------------------------------------- */

void
gst_emotion2vec_summaries_all_told (GstEmotion2vec * self)
{
  post_until (self, G_MAXUINT64, 0);
}

/* Under the scoring lock. */
static void
keep_summary (GstEmotion2vec * self)
{
  Ended *ended = g_new0 (Ended, 1);

  ended->number = self->stream_number;
  ended->stream_id = g_strdup (self->stream_id);
  ended->last = self->last_queued;
  ended->summary = self->summary;
  self->summary = gst_emotion2vec_summary_new (self->window_settings.interval);
  g_queue_push_tail (&self->ended, ended);
}

/* @whole: nothing more will be said of this stream. */
static void
push_toc (GstEmotion2vec * self, GstToc * toc, gboolean whole)
{
  if (whole)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_toc (GST_OBJECT (self), toc, FALSE));
  gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (self),
      gst_event_new_toc (toc, FALSE));
}

void
gst_emotion2vec_summaries_end (GstEmotion2vec * self)
{
  GstTagList *tags = NULL;
  GstToc *toc = NULL;
  gboolean whole;

  if (!(gst_emotion2vec_output_tag_mode (self) &
          GST_EMOTION2VEC_TAG_MODE_SUMMARY))
    return;
  g_mutex_lock (&self->scoring);
  if (!gst_emotion2vec_summary_is_empty (self->summary)) {
    tags = gst_emotion2vec_summary_to_tags (self->summary);
    toc = gst_emotion2vec_summary_to_toc (self->summary);
  }
  whole = self->last_told == self->last_queued;
  if (!whole)
    keep_summary (self);
  /* the stream that follows EOS does not end this one again */
  gst_emotion2vec_summary_reset (self->summary);
  g_mutex_unlock (&self->scoring);
  gst_emotion2vec_output_push_tags (self, tags);
  if (toc && !self->upstream_toc)
    push_toc (self, toc, whole);
  if (toc)
    gst_toc_unref (toc);
}

void
gst_emotion2vec_summaries_forget (GstEmotion2vec * self)
{
  g_mutex_lock (&self->scoring);
  g_queue_clear_full (&self->ended, ended_free);
  self->last_told = self->last_queued = 0;
  g_mutex_unlock (&self->scoring);
}

void
gst_emotion2vec_summaries_begin_again (GstEmotion2vec * self)
{
  g_mutex_lock (&self->scoring);
  gst_emotion2vec_summary_reset (self->summary);
  g_mutex_unlock (&self->scoring);
  gst_emotion2vec_tags_forget_ours (self->tags);
}

void
gst_emotion2vec_summaries_begin (GstEmotion2vec * self)
{
  g_mutex_lock (&self->scoring);
  self->stream_number++;
  self->last_told = self->last_queued = 0;
  g_mutex_unlock (&self->scoring);
  gst_emotion2vec_summaries_begin_again (self);
  gst_emotion2vec_tags_reset (self->tags);
  self->upstream_toc = FALSE;
}
