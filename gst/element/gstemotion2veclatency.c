/* gstemotion2veclatency.c - whether the pipeline is live, and how long the element holds audio back there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecpriv.h"

/* Asks upstream once a segment. Streaming thread. */
static void
ask_live (GstEmotion2vec * self)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (GST_BASE_TRANSFORM_SINK_PAD (self), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  GST_OBJECT_LOCK (self);
  self->live = live;
  GST_OBJECT_UNLOCK (self);
  self->asked_live = TRUE;
}

gboolean
gst_emotion2vec_is_live (GstEmotion2vec * self)
{
  gboolean live;

  if (!self->asked_live)
    ask_live (self);
  GST_OBJECT_LOCK (self);
  live = self->live;
  GST_OBJECT_UNLOCK (self);
  return live;
}

gboolean
gst_emotion2vec_is_async (GstEmotion2vec * self)
{
  if (self->mode != GST_EMOTION2VEC_MODE_AUTO)
    return self->mode == GST_EMOTION2VEC_MODE_ASYNC;
  return gst_emotion2vec_is_live (self);
}

guint64
gst_emotion2vec_latency_frames (GstEmotion2vec * self)
{
  GstClockTime delay;

  if (!self->align_results || !self->windower
      || !gst_emotion2vec_is_async (self))
    return 0;
  GST_OBJECT_LOCK (self);
  delay = self->delay;
  GST_OBJECT_UNLOCK (self);
  return gst_util_uint64_scale (delay, (guint64) self->info.rate, GST_SECOND);
}

void
gst_emotion2vec_latency_add (GstEmotion2vec * self, GstQuery * query)
{
  gboolean live, async;
  GstClockTime min, max;

  gst_query_parse_latency (query, &live, &min, &max);
  GST_OBJECT_LOCK (self);
  async = self->mode == GST_EMOTION2VEC_MODE_ASYNC
      || (self->mode == GST_EMOTION2VEC_MODE_AUTO && live);
  if (self->align_results && async) {
    self->delay = self->wanted_delay;
    min += self->delay;
    if (GST_CLOCK_TIME_IS_VALID (max))
      max += self->delay;
  }
  GST_OBJECT_UNLOCK (self);
  gst_query_set_latency (query, live, min, max);
}
