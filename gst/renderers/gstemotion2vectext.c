/* gstemotion2vectext.c - the emotion2vectext element: results become subtitles.
 *
 * Results go through voices (who sounds how, when) and captions (equal neighbours joined) to text buffers and GAP events,
 * which together cover the time without overlap. Both are made when the first audio of a segment comes, with the
 * settings that are in force then, and end with it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-emotion2vectext
 * @title: emotion2vectext
 * @short_description: makes subtitles of what emotion2vec hears
 *
 * Takes audio that carries results of #emotion2vec, as metas or as events, and makes a stream of texts of them: for
 * textoverlay, webvttenc, matroskamux, qtmux and others that take `text/x-raw`. The audio ends here; use a tee.
 *
 * Texts never overlap, although windows do: each speaks for the time around its centre. Between texts there are GAP
 * events. #GstEmotion2vecText:template says what is in a text.
 *
 * With exact #GstEmotion2vecText:timing a text lies over the audio that it is about, and follows when its end is known: up to
 * #GstEmotion2vecText:maximum-delay later than the audio. Branches beside this one need queues that hold as much. In live
 * pipelines texts are shown when they come instead, without latency.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=speech.opus ! decodebin ! emotion2vec ! emotion2vectext ! filesink location=emotions.txt
 * ]| What was heard, without times.
 * |[
 * gst-launch-1.0 -e filesrc location=speech.wav ! wavparse ! emotion2vec ! tee name=t t. ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! flacenc ! matroskamux name=m ! filesink location=subtitled.mkv t. ! queue ! emotion2vectext ! m.
 * ]| A Matroska file with a track of subtitles.
 */
#include "gstemotion2vectext.h"

#include "gstemotion2veccaptions.h"
#include "gstemotion2vecpalette.h"
#include "gstemotion2vectemplate.h"
#include "gstemotion2vectextsettings.h"
#include "gstemotion2vecvoices.h"

GST_DEBUG_CATEGORY_STATIC (text_debug);
#define GST_CAT_DEFAULT text_debug

struct _GstEmotion2vecText
{
  GstEmotion2vecRenderer parent;

  /* object lock */
  GstEmotion2vecTextSettings settings;
  char *text;                   /* the template as it was set, and ... */
  GstEmotion2vecTemplate *template;     /* ... as it is used: the last good one */
  GError *wrong;                /* (nullable): what is wrong with `text` */

  /* streaming thread */
  gboolean markup;              /* downstream takes Pango's markup */
  GstEmotion2vecVoices *voices; /* NULL before the first audio of a segment */
  GstEmotion2vecCaptions *captions;
  GstClockTime delay;           /* of the settings that these were made with; 0: texts do not wait */
  gboolean arrival;
  GstFlowReturn flow;
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format = (string) { utf8, pango-markup }"));

G_DEFINE_TYPE_WITH_CODE (GstEmotion2vecText, gst_emotion2vec_text,
    GST_TYPE_EMOTION2VEC_RENDERER,
    GST_DEBUG_CATEGORY_INIT (text_debug, "emotion2vectext", 0,
        "results as subtitles"));
GST_ELEMENT_REGISTER_DEFINE (emotion2vectext, "emotion2vectext",
    GST_RANK_NONE, GST_TYPE_EMOTION2VEC_TEXT);

/* ---- texts ------------------------------------------------------------------------------------------------------ */

/* Index of the label among the classes, for its colour. */
static guint
index_of_label (const GstStructure * fields, const char *label)
{
  const GValue *labels = gst_structure_get_value (fields, "labels");

  for (guint i = 0; labels && GST_VALUE_HOLDS_ARRAY (labels)
      && i < gst_value_array_get_size (labels); i++) {
    const GValue *name = gst_value_array_get_value (labels, i);

    if (G_VALUE_HOLDS_STRING (name)
        && g_strcmp0 (g_value_get_string (name), label) == 0)
      return i;
  }
  return 0;
}

/* Under the object lock. */
static void
write_line (GstEmotion2vecText * self, const GstStructure * fields,
    GString * text)
{
  const char *label = gst_structure_get_string (fields, "label");
  const char *emoji = gst_emotion2vec_palette_emoji (label);
  gboolean colour = self->settings.colour && self->markup;

  if (colour)
    g_string_append_printf (text, "<span foreground=\"#%06x\">",
        gst_emotion2vec_palette_rgb (label, index_of_label (fields, label)));
  if (self->settings.emoji && emoji)
    g_string_append_printf (text, "%s ", emoji);
  gst_emotion2vec_template_write (self->template, fields, self->markup, text);
  if (colour)
    g_string_append (text, "</span>");
}

/* (transfer full) */
static GstBuffer *
make_buffer (GstEmotion2vecText * self, GstClockTime start, GstClockTime end,
    const GArray * lines)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GstBuffer *buffer;

  GST_OBJECT_LOCK (self);
  for (guint i = 0; i < lines->len; i++) {
    if (i > 0)
      g_string_append_c (text, '\n');
    write_line (self, g_array_index (lines, GstEmotion2vecLine, i).fields,
        text);
  }
  GST_OBJECT_UNLOCK (self);
  buffer = gst_buffer_new_memdup (text->str, text->len);
  GST_BUFFER_PTS (buffer) = start;
  GST_BUFFER_DURATION (buffer) = end - start;
  return buffer;
}

/* A text or a gap, as captions hand it out. */
static void
push (GstClockTime start, GstClockTime end, const GArray * lines, gpointer data)
{
  GstEmotion2vecText *self = data;
  GstEmotion2vecRenderer *renderer = data;
  const GstSegment *segment = gst_emotion2vec_renderer_segment (renderer);
  guint64 from, to;

  if (self->flow != GST_FLOW_OK || !gst_segment_clip (segment,
          GST_FORMAT_TIME, start, end, &from, &to) || from >= to)
    return;
  if (lines->len == 0) {
    gst_emotion2vec_renderer_push_gap (renderer, from, to);
    return;
  }
  self->flow = gst_pad_push (gst_emotion2vec_renderer_src (renderer),
      make_buffer (self, from, to, lines));
}

static void
take_span (GstClockTime start, GstClockTime end, const GArray * lines,
    gpointer data)
{
  GstEmotion2vecText *self = data;

  if (self->arrival)
    push (start, end, lines, data);
  else
    gst_emotion2vec_captions_add (self->captions, start, end, lines);
}

/* ---- the stream ------------------------------------------------------------------------------------------------- */

static void
begin (GstEmotion2vecText * self)
{
  GstEmotion2vecTextSettings settings;

  if (self->voices)
    return;
  GST_OBJECT_LOCK (self);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  self->arrival = settings.timing == GST_EMOTION2VEC_TEXT_TIMING_ARRIVAL
      || (settings.timing == GST_EMOTION2VEC_TEXT_TIMING_AUTO
      && gst_emotion2vec_renderer_is_live (GST_EMOTION2VEC_RENDERER (self)));
  settings.voices.arrival = self->arrival;
  self->delay = settings.voices.delay;
  self->voices = gst_emotion2vec_voices_new (&settings.voices, take_span, self);
  self->captions = gst_emotion2vec_captions_new (&settings.captions, push,
      self);
}

static GstFlowReturn
text_result (GstEmotion2vecRenderer * renderer,
    const GstEmotion2vecReading * reading, GstClockTime start)
{
  GstEmotion2vecText *self = GST_EMOTION2VEC_TEXT (renderer);
  GstClockTime position = gst_emotion2vec_renderer_position (renderer);

  if (!GST_CLOCK_TIME_IS_VALID (start))
    return GST_FLOW_OK;
  begin (self);
  gst_emotion2vec_voices_add (self->voices, reading, start,
      GST_CLOCK_TIME_IS_VALID (position) ? position : 0);
  return GST_FLOW_OK;
}

static GstFlowReturn
text_audio (GstEmotion2vecRenderer * renderer, GstBuffer * buffer,
    GstClockTime start)
{
  GstEmotion2vecText *self = GST_EMOTION2VEC_TEXT (renderer);
  const GstSegment *segment = gst_emotion2vec_renderer_segment (renderer);
  GstClockTime position = gst_emotion2vec_renderer_position (renderer);

  if (segment->rate < 0) {
    gst_emotion2vec_renderer_push_gap (renderer, start, position);
    return GST_FLOW_OK;
  }
  start = MAX (start, segment->start);
  if (!self->voices)
    /* whoever waits for a first buffer to begin need not wait for the first text */
    gst_emotion2vec_renderer_push_gap (renderer, start, start);
  begin (self);
  gst_emotion2vec_voices_advance (self->voices, start, position);
  gst_emotion2vec_captions_flush (self->captions,
      MAX (position, self->delay) - self->delay);
  return self->flow;
}

static void
text_reset (GstEmotion2vecRenderer * renderer)
{
  GstEmotion2vecText *self = GST_EMOTION2VEC_TEXT (renderer);

  g_clear_pointer (&self->voices, gst_emotion2vec_voices_free);
  g_clear_pointer (&self->captions, gst_emotion2vec_captions_free);
  self->flow = GST_FLOW_OK;
}

static GstFlowReturn
text_drain (GstEmotion2vecRenderer * renderer)
{
  GstEmotion2vecText *self = GST_EMOTION2VEC_TEXT (renderer);
  GstClockTime position = gst_emotion2vec_renderer_position (renderer);
  GstFlowReturn flow;

  if (!self->voices || !GST_CLOCK_TIME_IS_VALID (position))
    return GST_FLOW_OK;
  gst_emotion2vec_voices_end (self->voices, position);
  gst_emotion2vec_captions_flush (self->captions, GST_CLOCK_TIME_NONE);
  flow = self->flow;
  text_reset (renderer);
  return flow;
}

static GstClockTime
text_latency (GstEmotion2vecRenderer * renderer, gboolean live)
{
  GstEmotion2vecText *self = GST_EMOTION2VEC_TEXT (renderer);
  GstClockTime latency = 0;

  GST_OBJECT_LOCK (self);
  if (self->settings.timing == GST_EMOTION2VEC_TEXT_TIMING_EXACT)
    latency = self->settings.voices.delay;
  GST_OBJECT_UNLOCK (self);
  return latency;
}

/* Plain text where downstream takes both, unless colour is wanted. */
static GstCaps *
text_choose_caps (GstEmotion2vecRenderer * renderer, GstCaps * allowed)
{
  GstEmotion2vecText *self = GST_EMOTION2VEC_TEXT (renderer);
  g_autoptr (GstCaps) preferred = NULL;
  GstCaps *caps;

  GST_OBJECT_LOCK (self);
  preferred = gst_caps_new_simple ("text/x-raw", "format", G_TYPE_STRING,
      self->settings.colour ? "pango-markup" : "utf8", NULL);
  GST_OBJECT_UNLOCK (self);
  caps = gst_caps_intersect (preferred, allowed);
  if (gst_caps_is_empty (caps)) {
    gst_caps_unref (caps);
    caps = gst_caps_ref (allowed);
  }
  gst_caps_unref (allowed);
  caps = gst_caps_fixate (caps);
  self->markup = g_strcmp0 (gst_structure_get_string (gst_caps_get_structure
          (caps, 0), "format"), "pango-markup") == 0;
  return caps;
}

/* ---- states ----------------------------------------------------------------------------------------------------- */

/* FALSE: an error was posted. */
static gboolean
check_template (GstEmotion2vecText * self)
{
  g_autoptr (GError) wrong = NULL;

  GST_OBJECT_LOCK (self);
  wrong = self->wrong ? g_error_copy (self->wrong) : NULL;
  GST_OBJECT_UNLOCK (self);
  if (!wrong)
    return TRUE;
  GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS, ("emotion2vectext: %s",
          wrong->message), (NULL));
  return FALSE;
}

static GstStateChangeReturn
text_change_state (GstElement * element, GstStateChange change)
{
  if ((change == GST_STATE_CHANGE_NULL_TO_READY
          || change == GST_STATE_CHANGE_READY_TO_PAUSED)
      && !check_template (GST_EMOTION2VEC_TEXT (element)))
    return GST_STATE_CHANGE_FAILURE;
  return GST_ELEMENT_CLASS (gst_emotion2vec_text_parent_class)->change_state
      (element, change);
}

/* ---- properties ------------------------------------------------------------------------------------------------- */

/* While it runs, a template that is no good changes nothing, and its user is told. */
static void
set_template (GstEmotion2vecText * self, const char *text)
{
  g_autoptr (GError) wrong = NULL;
  GstEmotion2vecTemplate *template;
  gboolean running;

  if (!text)
    text = GST_EMOTION2VEC_DEFAULT_TEMPLATE;
  template = gst_emotion2vec_template_new (text, &wrong);
  GST_OBJECT_LOCK (self);
  running = GST_STATE (self) > GST_STATE_NULL;
  g_free (self->text);
  self->text = g_strdup (text);
  g_clear_error (&self->wrong);
  self->wrong = wrong ? g_error_copy (wrong) : NULL;
  if (template) {
    gst_emotion2vec_template_free (self->template);
    self->template = template;
  }
  GST_OBJECT_UNLOCK (self);
  if (wrong && running)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("emotion2vectext: %s The last good template stays.", wrong->message),
        (NULL));
}

static void
text_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * spec)
{
  GstEmotion2vecText *self = GST_EMOTION2VEC_TEXT (object);
  gboolean known;

  if (id == GST_EMOTION2VEC_TEXT_PROP_TEMPLATE) {
    set_template (self, g_value_get_string (value));
    return;
  }
  GST_OBJECT_LOCK (self);
  known = gst_emotion2vec_text_settings_set (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  else if (id == GST_EMOTION2VEC_TEXT_PROP_COLOUR)
    gst_pad_mark_reconfigure (gst_emotion2vec_renderer_src
        (GST_EMOTION2VEC_RENDERER (self)));
  else if (id == GST_EMOTION2VEC_TEXT_PROP_TIMING
      || id == GST_EMOTION2VEC_TEXT_PROP_MAXIMUM_DELAY)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_latency (GST_OBJECT (self)));
}

static void
text_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * spec)
{
  GstEmotion2vecText *self = GST_EMOTION2VEC_TEXT (object);

  GST_OBJECT_LOCK (self);
  if (id == GST_EMOTION2VEC_TEXT_PROP_TEMPLATE)
    g_value_set_string (value, self->text);
  else if (!gst_emotion2vec_text_settings_get (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  GST_OBJECT_UNLOCK (self);
}

/* ---- class ------------------------------------------------------------------------------------------------------ */

static void
text_finalize (GObject * object)
{
  GstEmotion2vecText *self = GST_EMOTION2VEC_TEXT (object);

  text_reset (GST_EMOTION2VEC_RENDERER (self));
  gst_emotion2vec_template_free (self->template);
  g_clear_error (&self->wrong);
  g_free (self->text);
  G_OBJECT_CLASS (gst_emotion2vec_text_parent_class)->finalize (object);
}

static void
gst_emotion2vec_text_class_init (GstEmotion2vecTextClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstEmotion2vecRendererClass *renderer_class =
      GST_EMOTION2VEC_RENDERER_CLASS (klass);

  object_class->set_property = text_set_property;
  object_class->get_property = text_get_property;
  object_class->finalize = text_finalize;
  gst_emotion2vec_text_settings_install (object_class);

  element_class->change_state = text_change_state;
  gst_emotion2vec_renderer_add_sink_template (element_class);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Speech emotions as text", "Filter/Analyzer/Subtitle",
      "Makes subtitles of what emotion2vec hears",
      "The gst-emotion2vec authors");

  renderer_class->suffix = "emotions";
  renderer_class->flags = GST_STREAM_FLAG_SPARSE;
  renderer_class->choose_caps = text_choose_caps;
  renderer_class->result = text_result;
  renderer_class->audio = text_audio;
  renderer_class->drain = text_drain;
  renderer_class->reset = text_reset;
  renderer_class->latency = text_latency;
}

static void
gst_emotion2vec_text_init (GstEmotion2vecText * self)
{
  gst_emotion2vec_text_settings_init (&self->settings);
  set_template (self, NULL);
}
