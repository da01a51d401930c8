/* gstemotion2vecrenderer.c - takes audio with results, makes another stream.
 *
 * (1) Sink STREAM_START, CAPS, SEGMENT make the other stream's: its own id, caps that downstream takes, the same segment
 *     (TIME from 0 on if upstream's is in another format). EOS, GAP, flushes and the rest go on in order; tags of the audio,
 *     tables of contents and the results themselves do not.
 * (2) A break (another segment, another stream, SEGMENT_DONE, EOS) drains before it goes on; a flush resets.
 * (3) The result of pushing from an event is kept in `flow` for the next buffer.
 * (4) Only the streaming thread touches the private fields, but `live` and the segment's being asked for (object lock).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecrenderer.h"

GST_DEBUG_CATEGORY_STATIC (renderer_debug);
#define GST_CAT_DEFAULT renderer_debug

typedef struct
{
  GstPad *sink, *src;
  GstEmotion2vecReader *reader;
  GstSegment segment;
  GstAudioInfo info;
  GstClockTime position;
  gboolean has_caps;            /* downstream was told */
  gboolean asked_live, live;
  char *stream_id;
  GstFlowReturn flow;
} GstEmotion2vecRendererPrivate;

typedef GstEmotion2vecRendererPrivate Private;

#define AUDIO_CAPS "audio/x-raw, format = (string) " GST_AUDIO_FORMATS_ALL \
    ", rate = (int) [ 1, max ], channels = (int) [ 1, max ]" \
    ", layout = (string) { interleaved, non-interleaved }"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (AUDIO_CAPS));

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstEmotion2vecRenderer,
    gst_emotion2vec_renderer, GST_TYPE_ELEMENT,
    G_ADD_PRIVATE (GstEmotion2vecRenderer)
    GST_DEBUG_CATEGORY_INIT (renderer_debug, "emotion2vecrenderer", 0,
        "streams made of results"));

static Private *
get_private (GstEmotion2vecRenderer * self)
{
  return gst_emotion2vec_renderer_get_instance_private (self);
}

void
gst_emotion2vec_renderer_add_sink_template (GstElementClass * klass)
{
  gst_element_class_add_static_pad_template (klass, &sink_template);
}

GstPad *
gst_emotion2vec_renderer_src (GstEmotion2vecRenderer * self)
{
  return get_private (self)->src;
}

const GstSegment *
gst_emotion2vec_renderer_segment (GstEmotion2vecRenderer * self)
{
  return &get_private (self)->segment;
}

GstClockTime
gst_emotion2vec_renderer_position (GstEmotion2vecRenderer * self)
{
  return get_private (self)->position;
}

const GstAudioInfo *
gst_emotion2vec_renderer_audio_info (GstEmotion2vecRenderer * self)
{
  return &get_private (self)->info;
}

void
gst_emotion2vec_renderer_push_gap (GstEmotion2vecRenderer * self,
    GstClockTime start, GstClockTime end)
{
  gst_pad_push_event (get_private (self)->src, gst_event_new_gap (start,
          end - start));
}

/* Keeps the first thing that went wrong in an event for the next buffer. */
static void
keep_flow (Private * priv, GstFlowReturn flow)
{
  if (flow != GST_FLOW_OK)
    priv->flow = flow;
}

static void
drain (GstEmotion2vecRenderer * self)
{
  Private *priv = get_private (self);

  if (priv->has_caps)
    keep_flow (priv, GST_EMOTION2VEC_RENDERER_GET_CLASS (self)->drain (self));
}

/* ---- live and latency ------------------------------------------------------------------------------------------- */

gboolean
gst_emotion2vec_renderer_is_live (GstEmotion2vecRenderer * self)
{
  Private *priv = get_private (self);
  g_autoptr (GstQuery) query = NULL;

  if (priv->asked_live)
    return priv->live;
  query = gst_query_new_latency ();
  priv->live = FALSE;
  if (gst_pad_peer_query (priv->sink, query))
    gst_query_parse_latency (query, &priv->live, NULL, NULL);
  priv->asked_live = TRUE;
  return priv->live;
}

static gboolean
answer_latency (GstEmotion2vecRenderer * self, GstQuery * query)
{
  GstClockTime min, max, own;
  gboolean live;

  if (!gst_pad_peer_query (get_private (self)->sink, query))
    return FALSE;
  gst_query_parse_latency (query, &live, &min, &max);
  own = GST_EMOTION2VEC_RENDERER_GET_CLASS (self)->latency (self, live);
  if (GST_CLOCK_TIME_IS_VALID (max))
    max += own;
  gst_query_set_latency (query, live, min + own, max);
  return TRUE;
}

static gboolean
src_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return answer_latency (GST_EMOTION2VEC_RENDERER (parent), query);
  return gst_pad_query_default (pad, parent, query);
}

/* ---- caps ------------------------------------------------------------------------------------------------------- */

static gboolean
negotiate (GstEmotion2vecRenderer * self)
{
  Private *priv = get_private (self);
  GstCaps *allowed = gst_pad_get_allowed_caps (priv->src);
  g_autoptr (GstCaps) caps = NULL;

  if (!allowed)
    allowed = gst_pad_get_pad_template_caps (priv->src);
  if (gst_caps_is_empty (allowed)) {
    gst_caps_unref (allowed);
    return FALSE;
  }
  caps = GST_EMOTION2VEC_RENDERER_GET_CLASS (self)->choose_caps (self, allowed);
  GST_DEBUG_OBJECT (self, "caps %" GST_PTR_FORMAT, caps);
  priv->has_caps = gst_pad_set_caps (priv->src, caps);
  return priv->has_caps;
}

static gboolean
renegotiate (GstEmotion2vecRenderer * self)
{
  Private *priv = get_private (self);

  if (!gst_pad_check_reconfigure (priv->src) || negotiate (self))
    return TRUE;
  gst_pad_mark_reconfigure (priv->src);
  return FALSE;
}

/* Another format is a break only to those who look at the audio: results are not. */
static gboolean
take_caps (GstEmotion2vecRenderer * self, GstEvent * event)
{
  Private *priv = get_private (self);
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if (!gst_audio_info_from_caps (&priv->info, caps))
    return FALSE;
  if (priv->has_caps)
    return TRUE;
  gst_pad_check_reconfigure (priv->src);
  return negotiate (self);
}

/* ---- results ---------------------------------------------------------------------------------------------------- */

/* Start of the window under our segment. What is meant is a moment of running time: a segment may have been replaced on
 * the way. Without one, what its maker called it, or else that it is over now. NONE: before the segment. */
static GstClockTime
start_of (Private * priv, const GstEmotion2vecReading * reading)
{
  guint64 start = GST_CLOCK_TIME_NONE;
  GstClockTime now =
      GST_CLOCK_TIME_IS_VALID (priv->position) ? priv->position : 0;

  if (GST_CLOCK_TIME_IS_VALID (reading->running_time)) {
    gint sign = gst_segment_position_from_running_time_full (&priv->segment,
        GST_FORMAT_TIME, reading->running_time, &start);

    if (sign != 0)
      return sign > 0 ? start : GST_CLOCK_TIME_NONE;
  }
  if (GST_CLOCK_TIME_IS_VALID (reading->timestamp))
    return reading->timestamp;
  return MAX (now, reading->duration) - reading->duration;
}

static void
take_result (const GstEmotion2vecReading * reading, gpointer data)
{
  GstEmotion2vecRenderer *self = data;
  Private *priv = get_private (self);

  if (!priv->has_caps || priv->segment.format != GST_FORMAT_TIME)
    return;
  keep_flow (priv, GST_EMOTION2VEC_RENDERER_GET_CLASS (self)->result (self,
          reading, start_of (priv, reading)));
}

/* ---- audio ------------------------------------------------------------------------------------------------------ */

static GstClockTime
duration_of (const Private * priv, GstBuffer * buffer)
{
  gsize bpf = (gsize) MAX (priv->info.bpf, 1);

  if (GST_BUFFER_DURATION_IS_VALID (buffer)
      && GST_BUFFER_DURATION (buffer) < G_MAXINT64)
    return GST_BUFFER_DURATION (buffer);
  return priv->info.rate <= 0 ? 0 :
      gst_util_uint64_scale (gst_buffer_get_size (buffer) / bpf, GST_SECOND,
      (guint64) priv->info.rate);
}

static GstFlowReturn
chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstEmotion2vecRenderer *self = GST_EMOTION2VEC_RENDERER (parent);
  Private *priv = get_private (self);
  GstClockTime start = GST_BUFFER_PTS (buffer);
  GstFlowReturn flow = priv->flow;

  if (flow == GST_FLOW_OK && (!priv->has_caps || !renegotiate (self)))
    flow = GST_FLOW_NOT_NEGOTIATED;
  if (!GST_CLOCK_TIME_IS_VALID (start) || start > G_MAXINT64)
    start = GST_CLOCK_TIME_IS_VALID (priv->position) ? priv->position : 0;
  if (flow == GST_FLOW_OK) {
    priv->position = start + duration_of (priv, buffer);
    gst_emotion2vec_reader_buffer (priv->reader, buffer, take_result, self);
    flow = priv->flow;
  }
  if (flow == GST_FLOW_OK)
    flow = GST_EMOTION2VEC_RENDERER_GET_CLASS (self)->audio (self, buffer,
        start);
  gst_buffer_unref (buffer);
  return flow;
}

static void
take_gap (GstEmotion2vecRenderer * self, GstEvent * event)
{
  Private *priv = get_private (self);
  GstClockTime start, duration;

  gst_event_parse_gap (event, &start, &duration);
  if (!priv->has_caps || start > G_MAXINT64)
    return;
  priv->position = start;
  if (GST_CLOCK_TIME_IS_VALID (duration) && duration < G_MAXINT64)
    priv->position += duration;
  keep_flow (priv, GST_EMOTION2VEC_RENDERER_GET_CLASS (self)->audio (self,
          NULL, start));
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

/* (transfer full): the start of our stream for that of the audio. */
static GstEvent *
make_stream_start (GstEmotion2vecRenderer * self, GstEvent * event)
{
  GstEmotion2vecRendererClass *klass =
      GST_EMOTION2VEC_RENDERER_GET_CLASS (self);
  g_autofree char *id = NULL;
  const char *upstream;
  GstStreamFlags flags;
  GstEvent *ours;
  guint group;

  gst_event_parse_stream_start (event, &upstream);
  gst_event_parse_stream_flags (event, &flags);
  id = g_strdup_printf ("%s/%s", upstream, klass->suffix);
  ours = gst_event_new_stream_start (id);
  gst_event_set_stream_flags (ours, flags | klass->flags);
  if (gst_event_parse_group_id (event, &group))
    gst_event_set_group_id (ours, group);
  gst_event_set_seqnum (ours, gst_event_get_seqnum (event));
  return ours;
}

static gboolean
take_stream_start (GstEmotion2vecRenderer * self, GstEvent * event)
{
  Private *priv = get_private (self);
  const char *id;

  gst_event_parse_stream_start (event, &id);
  if (g_strcmp0 (id, priv->stream_id) != 0) {
    drain (self);
    GST_EMOTION2VEC_RENDERER_GET_CLASS (self)->reset (self);
    priv->position = GST_CLOCK_TIME_NONE;
    g_free (priv->stream_id);
    priv->stream_id = g_strdup (id);
  }
  return gst_pad_push_event (priv->src, make_stream_start (self, event));
}

static gboolean
take_segment (GstEmotion2vecRenderer * self, GstEvent * event)
{
  Private *priv = get_private (self);
  const GstSegment *segment;
  GstEvent *ours;

  gst_event_parse_segment (event, &segment);
  if (!gst_segment_is_equal (segment, &priv->segment)) {
    drain (self);
    GST_EMOTION2VEC_RENDERER_GET_CLASS (self)->reset (self);
    priv->position = GST_CLOCK_TIME_NONE;
  }
  priv->asked_live = FALSE;
  if (segment->format == GST_FORMAT_TIME)
    gst_segment_copy_into (segment, &priv->segment);
  else
    gst_segment_init (&priv->segment, GST_FORMAT_TIME);
  ours = gst_event_new_segment (&priv->segment);
  gst_event_set_seqnum (ours, gst_event_get_seqnum (event));
  return gst_pad_push_event (priv->src, ours);
}

static void
forget (GstEmotion2vecRenderer * self)
{
  Private *priv = get_private (self);

  GST_EMOTION2VEC_RENDERER_GET_CLASS (self)->reset (self);
  priv->position = GST_CLOCK_TIME_NONE;
  priv->flow = GST_FLOW_OK;
}

static gboolean
pass_on (GstEmotion2vecRenderer * self, GstEvent * event)
{
  GstTagList *tags;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_STOP:
      forget (self);
      gst_segment_init (&get_private (self)->segment, GST_FORMAT_UNDEFINED);
      return TRUE;
    case GST_EVENT_SEGMENT_DONE:
    case GST_EVENT_EOS:
      drain (self);
      return TRUE;
    case GST_EVENT_TAG:
      /* the codec and the title of the audio are not ours */
      gst_event_parse_tag (event, &tags);
      return gst_tag_list_get_scope (tags) == GST_TAG_SCOPE_GLOBAL;
    case GST_EVENT_TOC:
      return FALSE;
    default:
      return TRUE;
  }
}

static gboolean
sink_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstEmotion2vecRenderer *self = GST_EMOTION2VEC_RENDERER (parent);
  gboolean done = TRUE;

  if (gst_emotion2vec_reader_event (get_private (self)->reader, event,
          take_result, self))
    goto taken;
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      done = take_stream_start (self, event);
      break;
    case GST_EVENT_CAPS:
      done = take_caps (self, event);
      break;
    case GST_EVENT_SEGMENT:
      done = take_segment (self, event);
      break;
    case GST_EVENT_GAP:
      take_gap (self, event);
      break;
    default:
      if (pass_on (self, event))
        return gst_pad_event_default (pad, parent, event);
      break;
  }
taken:
  gst_event_unref (event);
  return done;
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

static void
stop (GstEmotion2vecRenderer * self)
{
  Private *priv = get_private (self);

  forget (self);
  gst_emotion2vec_reader_forget (priv->reader);
  gst_segment_init (&priv->segment, GST_FORMAT_UNDEFINED);
  gst_audio_info_init (&priv->info);
  priv->has_caps = priv->asked_live = FALSE;
  g_clear_pointer (&priv->stream_id, g_free);
}

static GstStateChangeReturn
change_state (GstElement * element, GstStateChange change)
{
  GstStateChangeReturn done =
      GST_ELEMENT_CLASS (gst_emotion2vec_renderer_parent_class)->change_state
      (element, change);

  if (change == GST_STATE_CHANGE_PAUSED_TO_READY)
    stop (GST_EMOTION2VEC_RENDERER (element));
  return done;
}

static void
finalize (GObject * object)
{
  Private *priv = get_private (GST_EMOTION2VEC_RENDERER (object));

  gst_emotion2vec_reader_free (priv->reader);
  g_free (priv->stream_id);
  G_OBJECT_CLASS (gst_emotion2vec_renderer_parent_class)->finalize (object);
}

static GstPad *
add_pad (GstElement * element, const char *name)
{
  GstPadTemplate *template =
      gst_element_class_get_pad_template (GST_ELEMENT_GET_CLASS (element),
      name);
  GstPad *pad = gst_pad_new_from_template (template, name);

  gst_element_add_pad (element, pad);
  return pad;
}

/* The templates are the subclass's, so its instance has to be complete. */
static void
constructed (GObject * object)
{
  Private *priv = get_private (GST_EMOTION2VEC_RENDERER (object));

  G_OBJECT_CLASS (gst_emotion2vec_renderer_parent_class)->constructed (object);
  priv->sink = add_pad (GST_ELEMENT (object), "sink");
  gst_pad_set_chain_function (priv->sink, chain);
  gst_pad_set_event_function (priv->sink, sink_event);
  priv->src = add_pad (GST_ELEMENT (object), "src");
  gst_pad_set_query_function (priv->src, src_query);
}

static void
gst_emotion2vec_renderer_class_init (GstEmotion2vecRendererClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = constructed;
  object_class->finalize = finalize;
  GST_ELEMENT_CLASS (klass)->change_state = change_state;
}

static void
gst_emotion2vec_renderer_init (GstEmotion2vecRenderer * self)
{
  Private *priv = get_private (self);

  priv->reader = gst_emotion2vec_reader_new ();
  gst_segment_init (&priv->segment, GST_FORMAT_UNDEFINED);
  gst_audio_info_init (&priv->info);
  priv->position = GST_CLOCK_TIME_NONE;
}
