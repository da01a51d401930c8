/* gstemotion2vecscope.c - the emotion2vecscope element: sound and scores as moving pictures.
 *
 * (1) Frame n lies at base + n / rate and is drawn when there is audio until its end, so pictures follow the audio's times
 *     and no clock is waited for.
 * (2) A frame that downstream would be too late for anyway is not drawn: the picture before it goes once more. So the
 *     frame rate stays and drawing never holds the audio up.
 * (3) `history` fits the size and the span; when one changes it begins anew.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-emotion2vecscope
 * @title: emotion2vecscope
 * @short_description: shows what emotion2vec hears
 *
 * Takes audio that carries results of #emotion2vec, as metas or as events, and draws it: time runs to the left; the
 * scores are stacked areas, one colour a class; below is the waveform in the colour of what was heard; the label of the
 * newest result stands top left. Scores follow the sound at the distance at which results come.
 *
 * Size and frame rate are what downstream wants, 640x240 and 25 a second if it does not say. The audio ends here; use a
 * tee.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 pulsesrc ! audioconvert ! emotion2vec ! emotion2vecscope ! videoconvert ! autovideosink
 * ]| Watch a microphone.
 * |[
 * gst-launch-1.0 filesrc location=speech.opus ! decodebin ! emotion2vec ! emotion2vecscope theme=light ! video/x-raw,width=1280,height=300,framerate=10/1 ! videoconvert ! jpegenc ! avimux ! filesink location=scope.avi
 * ]| A film of a recording.
 */
#include "gstemotion2vecscope.h"

#include <gst/video/video.h>

#include "gstemotion2vecdrawing.h"
#include "gstemotion2vecsamples.h"

GST_DEBUG_CATEGORY_STATIC (scope_debug);
#define GST_CAT_DEFAULT scope_debug

#define DEFAULT_WIDTH 640
#define DEFAULT_HEIGHT 240
#define DEFAULT_RATE 25
#define DEFAULT_SPAN (10 * GST_SECOND)

/* A larger picture than this is a mistake in somebody's caps. */
#define LARGEST 16384

/* Audio that jumps by more than this begins a new row of frames. */
#define JUMP GST_SECOND

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define FORMATS "{ BGRx, BGRA }"
#else
#define FORMATS "{ xRGB, ARGB }"
#endif

enum
{
  PROP_THEME = 1,
  PROP_TIME_SPAN,
  PROP_CHANNEL,
};

typedef enum
{
  THEME_LIGHT,
  THEME_DARK,
} Theme;

struct _GstEmotion2vecScope
{
  GstEmotion2vecRenderer parent;

  /* object lock */
  Theme theme;
  GstClockTime span;
  gint channel;
  GstClockTime earliest;        /* running time before which frames are too late; NONE: none is */
  GstClockTime frame_length;    /* of the caps in use, for the latency */

  /* streaming thread */
  GstVideoInfo info;
  GstEmotion2vecHistory *history;
  GstClockTime history_span;
  GstClockTime base;            /* of frame 0; NONE before the first */
  guint64 frame;                /* number of the next one */
  GstClockTime heard;           /* end of the audio before */
  GstBuffer *last;              /* the newest picture */
  gboolean discont;
  char *element, *stream_id;    /* whose results are shown: those of the first one, ... */
  gint shown_channel;           /* ... of this channel, ... */
  gboolean shown_speech;        /* ... and of this trigger, if ... */
  gboolean has_source;          /* ... there was one */
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-raw, format = (string) " FORMATS
        ", width = (int) [ 16, 16384 ], height = (int) [ 16, 16384 ]"
        ", framerate = (fraction) [ 0, max ]"));

G_DEFINE_TYPE_WITH_CODE (GstEmotion2vecScope, gst_emotion2vec_scope,
    GST_TYPE_EMOTION2VEC_RENDERER,
    GST_DEBUG_CATEGORY_INIT (scope_debug, "emotion2vecscope", 0,
        "results as pictures"));
GST_ELEMENT_REGISTER_DEFINE (emotion2vecscope, "emotion2vecscope",
    GST_RANK_NONE, GST_TYPE_EMOTION2VEC_SCOPE);

/* ---- caps ------------------------------------------------------------------------------------------------------- */

static GstCaps *
scope_choose_caps (GstEmotion2vecRenderer * renderer, GstCaps * allowed)
{
  GstEmotion2vecScope *self = GST_EMOTION2VEC_SCOPE (renderer);
  GstStructure *wanted;
  gint rate;

  allowed = gst_caps_truncate (gst_caps_make_writable (allowed));
  wanted = gst_caps_get_structure (allowed, 0);
  gst_structure_fixate_field_nearest_int (wanted, "width", DEFAULT_WIDTH);
  gst_structure_fixate_field_nearest_int (wanted, "height", DEFAULT_HEIGHT);
  gst_structure_fixate_field_nearest_fraction (wanted, "framerate",
      DEFAULT_RATE, 1);
  allowed = gst_caps_fixate (allowed);
  gst_video_info_from_caps (&self->info, allowed);
  rate = MAX (self->info.fps_n, 0);
  /* a variable rate is any */
  if (rate == 0) {
    self->info.fps_n = DEFAULT_RATE;
    self->info.fps_d = 1;
  }
  GST_OBJECT_LOCK (self);
  self->frame_length = gst_util_uint64_scale_int_ceil (GST_SECOND,
      self->info.fps_d, self->info.fps_n);
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&self->history, gst_emotion2vec_history_free);
  gst_clear_buffer (&self->last);
  self->base = GST_CLOCK_TIME_NONE;
  return allowed;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static GstClockTime
time_of_frame (const GstEmotion2vecScope * self, guint64 n)
{
  return self->base + gst_util_uint64_scale (n,
      (guint64) self->info.fps_d * GST_SECOND, (guint64) self->info.fps_n);
}

static void
prepare_history (GstEmotion2vecScope * self)
{
  GstClockTime span;

  GST_OBJECT_LOCK (self);
  span = self->span;
  GST_OBJECT_UNLOCK (self);
  if (self->history && span == self->history_span)
    return;
  g_clear_pointer (&self->history, gst_emotion2vec_history_free);
  self->history_span = span;
  self->history = gst_emotion2vec_history_new (span / (guint64)
      gst_emotion2vec_drawing_plot_width (self->info.width,
          self->info.height), span);
}

static void
paint (GstEmotion2vecScope * self, guint8 * pixels, GstClockTime now)
{
  const GstSegment *segment =
      gst_emotion2vec_renderer_segment (GST_EMOTION2VEC_RENDERER (self));
  cairo_surface_t *surface = cairo_image_surface_create_for_data (pixels,
      GST_VIDEO_INFO_HAS_ALPHA (&self->info) ? CAIRO_FORMAT_ARGB32 :
      CAIRO_FORMAT_RGB24, self->info.width, self->info.height,
      GST_VIDEO_INFO_PLANE_STRIDE (&self->info, 0));
  cairo_t *cairo = cairo_create (surface);
  GstEmotion2vecScene scene = { self->info.width, self->info.height };

  GST_OBJECT_LOCK (self);
  scene.dark = self->theme == THEME_DARK;
  GST_OBJECT_UNLOCK (self);
  scene.now = now;
  scene.span = self->history_span;
  scene.stream_time = gst_segment_to_stream_time (segment, GST_FORMAT_TIME,
      now);
  gst_emotion2vec_drawing_paint (cairo, &scene, self->history);
  cairo_destroy (cairo);
  cairo_surface_destroy (surface);
}

/* (transfer full) (nullable) */
static GstBuffer *
draw (GstEmotion2vecScope * self, GstClockTime now)
{
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&self->info), NULL);
  GstMapInfo map;

  if (!buffer || !gst_buffer_map (buffer, &map, GST_MAP_WRITE)) {
    gst_clear_buffer (&buffer);
    return NULL;
  }
  paint (self, map.data, now);
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

/* Whether downstream cannot show a frame of that time any more. */
static gboolean
is_late (GstEmotion2vecScope * self, GstClockTime time)
{
  GstClockTime running_time = gst_segment_to_running_time
      (gst_emotion2vec_renderer_segment (GST_EMOTION2VEC_RENDERER (self)),
      GST_FORMAT_TIME, time);
  gboolean late;

  GST_OBJECT_LOCK (self);
  late = GST_CLOCK_TIME_IS_VALID (self->earliest)
      && GST_CLOCK_TIME_IS_VALID (running_time)
      && running_time < self->earliest;
  GST_OBJECT_UNLOCK (self);
  return late;
}

static GstFlowReturn
push_frame (GstEmotion2vecScope * self)
{
  GstClockTime start = time_of_frame (self, self->frame);
  GstClockTime end = time_of_frame (self, self->frame + 1);
  GstBuffer *buffer;

  if (!self->last || !is_late (self, start)) {
    GstBuffer *drawn = draw (self, end);

    if (!drawn) {
      GST_ELEMENT_ERROR (self, RESOURCE, NO_SPACE_LEFT,
          ("emotion2vecscope: no memory for a picture of %d x %d.",
              self->info.width, self->info.height), (NULL));
      return GST_FLOW_ERROR;
    }
    gst_clear_buffer (&self->last);
    self->last = drawn;
  }
  /* the header is a copy, the picture is the same */
  buffer = gst_buffer_copy (self->last);
  GST_BUFFER_PTS (buffer) = start;
  GST_BUFFER_DURATION (buffer) = end - start;
  GST_BUFFER_OFFSET (buffer) = self->frame++;
  if (self->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->discont = FALSE;
  return gst_pad_push (gst_emotion2vec_renderer_src (GST_EMOTION2VEC_RENDERER
          (self)), buffer);
}

/* ---- sound and results ------------------------------------------------------------------------------------------ */

typedef struct
{
  GstEmotion2vecHistory *history;
  GstClockTime start;
  gint rate;
} Sound;

static void
take_samples (guint first, const double *samples, guint n, guint channels,
    gpointer data)
{
  const Sound *sound = data;

  gst_emotion2vec_history_add_audio (sound->history, sound->start
      + gst_util_uint64_scale_int (first, GST_SECOND, sound->rate), samples,
      n, channels, (guint) sound->rate);
}

static GstFlowReturn
scope_audio (GstEmotion2vecRenderer * renderer, GstBuffer * buffer,
    GstClockTime start)
{
  GstEmotion2vecScope *self = GST_EMOTION2VEC_SCOPE (renderer);
  const GstAudioInfo *info = gst_emotion2vec_renderer_audio_info (renderer);
  GstClockTime position = gst_emotion2vec_renderer_position (renderer);
  GstFlowReturn flow = GST_FLOW_OK;

  if (gst_emotion2vec_renderer_segment (renderer)->rate < 0) {
    /* time runs the other way; there are no results either */
    gst_emotion2vec_renderer_push_gap (renderer, start, position);
    return GST_FLOW_OK;
  }
  prepare_history (self);
  if (!GST_CLOCK_TIME_IS_VALID (self->base)
      || ABS (GST_CLOCK_DIFF (self->heard, start)) > JUMP) {
    self->base = start;
    self->frame = 0;
    self->discont = TRUE;
  }
  self->heard = position;
  if (buffer && info->rate > 0) {
    Sound sound = { self->history, start, info->rate };

    gst_emotion2vec_samples_foreach (info, buffer, take_samples, &sound);
  }
  while (flow == GST_FLOW_OK
      && time_of_frame (self, self->frame + 1) <= position)
    flow = push_frame (self);
  return flow;
}

/* Whether the result is of what is shown; the first one says what that is. */
static gboolean
is_shown (GstEmotion2vecScope * self, const GstEmotion2vecReading * reading)
{
  gint channel;

  GST_OBJECT_LOCK (self);
  channel = self->channel;
  GST_OBJECT_UNLOCK (self);
  if (channel >= 0 && reading->channel >= 0 && reading->channel != channel)
    return FALSE;
  if (!self->has_source) {
    self->element = g_strdup (reading->element);
    self->stream_id = g_strdup (reading->stream_id);
    self->shown_channel = reading->channel;
    self->shown_speech = reading->speech;
    self->has_source = TRUE;
  }
  return self->shown_channel == reading->channel
      && self->shown_speech == reading->speech
      && g_strcmp0 (self->element, reading->element) == 0
      && g_strcmp0 (self->stream_id, reading->stream_id) == 0;
}

static GstFlowReturn
scope_result (GstEmotion2vecRenderer * renderer,
    const GstEmotion2vecReading * reading, GstClockTime start)
{
  GstEmotion2vecScope *self = GST_EMOTION2VEC_SCOPE (renderer);

  if (!GST_CLOCK_TIME_IS_VALID (start) || !is_shown (self, reading))
    return GST_FLOW_OK;
  prepare_history (self);
  gst_emotion2vec_history_add_result (self->history, reading, start);
  return GST_FLOW_OK;
}

/* Frames need no more than the audio that is there. */
static GstFlowReturn
scope_drain (GstEmotion2vecRenderer * renderer)
{
  return GST_FLOW_OK;
}

static void
scope_reset (GstEmotion2vecRenderer * renderer)
{
  GstEmotion2vecScope *self = GST_EMOTION2VEC_SCOPE (renderer);

  g_clear_pointer (&self->history, gst_emotion2vec_history_free);
  gst_clear_buffer (&self->last);
  g_clear_pointer (&self->element, g_free);
  g_clear_pointer (&self->stream_id, g_free);
  self->has_source = FALSE;
  self->base = GST_CLOCK_TIME_NONE;
  GST_OBJECT_LOCK (self);
  self->earliest = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);
}

/* A frame is complete when it is over. */
static GstClockTime
scope_latency (GstEmotion2vecRenderer * renderer, gboolean live)
{
  GstEmotion2vecScope *self = GST_EMOTION2VEC_SCOPE (renderer);
  GstClockTime length;

  GST_OBJECT_LOCK (self);
  length = self->frame_length;
  GST_OBJECT_UNLOCK (self);
  return length;
}

/* ---- lateness --------------------------------------------------------------------------------------------------- */

static gboolean
src_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstEmotion2vecScope *self = GST_EMOTION2VEC_SCOPE (parent);
  GstClockTime timestamp;
  GstClockTimeDiff late;

  if (GST_EVENT_TYPE (event) != GST_EVENT_QOS)
    return gst_pad_event_default (pad, parent, event);
  gst_event_parse_qos (event, NULL, NULL, &late, &timestamp);
  GST_OBJECT_LOCK (self);
  self->earliest = GST_CLOCK_TIME_NONE;
  if (GST_CLOCK_TIME_IS_VALID (timestamp) && late > 0)
    self->earliest = timestamp + 2 * (GstClockTime) late + self->frame_length;
  GST_OBJECT_UNLOCK (self);
  /* the audio is not what is late */
  gst_event_unref (event);
  return TRUE;
}

/* ---- properties ------------------------------------------------------------------------------------------------- */

static void
scope_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * spec)
{
  GstEmotion2vecScope *self = GST_EMOTION2VEC_SCOPE (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_THEME)
    self->theme = (Theme) g_value_get_enum (value);
  else if (id == PROP_TIME_SPAN)
    self->span = g_value_get_uint64 (value);
  else if (id == PROP_CHANNEL)
    self->channel = g_value_get_int (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  GST_OBJECT_UNLOCK (self);
}

static void
scope_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * spec)
{
  GstEmotion2vecScope *self = GST_EMOTION2VEC_SCOPE (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_THEME)
    g_value_set_enum (value, (gint) self->theme);
  else if (id == PROP_TIME_SPAN)
    g_value_set_uint64 (value, self->span);
  else if (id == PROP_CHANNEL)
    g_value_set_int (value, self->channel);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  GST_OBJECT_UNLOCK (self);
}

static GType
theme_type (void)
{
  static const GEnumValue values[] = {
    {THEME_LIGHT, "On white", "light"},
    {THEME_DARK, "On black", "dark"},
    {0, NULL, NULL}
  };
  static gsize type;

  if (g_once_init_enter (&type)) {
    GType made = g_enum_register_static ("GstEmotion2vecScopeTheme", values);

    gst_type_mark_as_plugin_api (made, 0);
    g_once_init_leave (&type, made);
  }
  return type;
}

static void
install_properties (GObjectClass * klass)
{
  const GParamFlags any_state = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_PLAYING;

  g_object_class_install_property (klass, PROP_THEME,
      g_param_spec_enum ("theme", "Theme",
          "What the picture looks like. May change in any state",
          theme_type (), THEME_DARK, any_state));
  g_object_class_install_property (klass, PROP_TIME_SPAN,
      g_param_spec_uint64 ("time-span", "Time span",
          "How much time the picture shows; what was there before a change is "
          "forgotten (ns). May change in any state", GST_SECOND,
          600 * GST_SECOND, DEFAULT_SPAN, any_state));
  g_object_class_install_property (klass, PROP_CHANNEL,
      g_param_spec_int ("channel", "Channel",
          "The channel whose scores are shown, where each has its own; -1: "
          "that of the first result. May change in any state", -1, G_MAXINT,
          -1, any_state));
}

/* ---- class ------------------------------------------------------------------------------------------------------ */

static void
scope_constructed (GObject * object)
{
  G_OBJECT_CLASS (gst_emotion2vec_scope_parent_class)->constructed (object);
  gst_pad_set_event_function (gst_emotion2vec_renderer_src
      (GST_EMOTION2VEC_RENDERER (object)), src_event);
}

static void
scope_finalize (GObject * object)
{
  scope_reset (GST_EMOTION2VEC_RENDERER (object));
  G_OBJECT_CLASS (gst_emotion2vec_scope_parent_class)->finalize (object);
}

static void
gst_emotion2vec_scope_class_init (GstEmotion2vecScopeClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstEmotion2vecRendererClass *renderer_class =
      GST_EMOTION2VEC_RENDERER_CLASS (klass);

  object_class->set_property = scope_set_property;
  object_class->get_property = scope_get_property;
  object_class->constructed = scope_constructed;
  object_class->finalize = scope_finalize;
  install_properties (object_class);

  gst_emotion2vec_renderer_add_sink_template (element_class);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Speech emotions as pictures", "Visualization",
      "Shows what emotion2vec hears", "The gst-emotion2vec authors");

  renderer_class->suffix = "scope";
  renderer_class->choose_caps = scope_choose_caps;
  renderer_class->result = scope_result;
  renderer_class->audio = scope_audio;
  renderer_class->drain = scope_drain;
  renderer_class->reset = scope_reset;
  renderer_class->latency = scope_latency;
}

static void
gst_emotion2vec_scope_init (GstEmotion2vecScope * self)
{
  gst_video_info_init (&self->info);
  self->theme = THEME_DARK;
  self->span = DEFAULT_SPAN;
  self->channel = -1;
  self->base = self->earliest = GST_CLOCK_TIME_NONE;
  self->frame_length = GST_SECOND / DEFAULT_RATE;
}
