/* gstemotion2vecjsonlines.c - the emotion2vecjson element: results become lines of JSON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-emotion2vecjson
 * @title: emotion2vecjson
 * @short_description: makes lines of JSON of what emotion2vec hears
 *
 * Takes audio that carries results of #emotion2vec, as metas or as events, and makes a buffer of each: one JSON object and
 * a line end. The audio ends here; use a tee. A buffer goes out at once when its result comes, so it is later than the
 * audio that it is about; its timestamp is the start of the window and its duration the window's.
 *
 * Where buffers carry a #GstReferenceTimestampMeta in Unix or NTP time, objects have a field `utc`: the moment when the
 * window began.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=speech.opus ! decodebin ! emotion2vec ! emotion2vecjson ! filesink location=emotions.jsonl
 * ]| A file with a line for every second.
 * |[
 * gst-launch-1.0 -q pulsesrc ! audioconvert ! emotion2vec ! emotion2vecjson ! fdsink sync=false
 * ]| The same on standard output, from a microphone, for a program to read.
 */
#include "gstemotion2vecjsonlines.h"

#include <string.h>

#include "gstemotion2vecjson.h"
#include "gstemotion2vecutc.h"

GST_DEBUG_CATEGORY_STATIC (json_lines_debug);
#define GST_CAT_DEFAULT json_lines_debug

struct _GstEmotion2vecJsonLines
{
  GstEmotion2vecRenderer parent;
  GstEmotion2vecUtc *utc;
  gboolean begun;               /* in this segment downstream got something */
  GPtrArray *waiting;           /* of Line: that came with a buffer or before it, whose marks are not read yet */
};

typedef struct
{
  GstStructure *fields;
  GstClockTime start;           /* NONE: before the segment */
  GstClockTime duration;
} Line;

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("application/x-json, format = (string) emotion2vec"));

G_DEFINE_TYPE_WITH_CODE (GstEmotion2vecJsonLines, gst_emotion2vec_json_lines,
    GST_TYPE_EMOTION2VEC_RENDERER,
    GST_DEBUG_CATEGORY_INIT (json_lines_debug, "emotion2vecjson", 0,
        "results as lines of JSON"));
GST_ELEMENT_REGISTER_DEFINE (emotion2vecjson, "emotion2vecjson",
    GST_RANK_NONE, GST_TYPE_EMOTION2VEC_JSON_LINES);

static void
free_line (gpointer data)
{
  Line *line = data;

  gst_structure_free (line->fields);
  g_free (line);
}

static GstFlowReturn
push_line (GstEmotion2vecJsonLines * self, Line * line)
{
  GstEmotion2vecRenderer *renderer = GST_EMOTION2VEC_RENDERER (self);
  g_autofree char *utc = NULL, *json = NULL;
  GstBuffer *buffer;
  char *text;

  if (GST_CLOCK_TIME_IS_VALID (line->start))
    utc = gst_emotion2vec_utc_at (self->utc, line->start);
  if (utc)
    gst_structure_set (line->fields, "utc", G_TYPE_STRING, utc, NULL);
  json = gst_emotion2vec_json_from_structure (line->fields);
  text = g_strconcat (json, "\n", NULL);
  buffer = gst_buffer_new_wrapped (text, strlen (text));
  GST_BUFFER_PTS (buffer) = line->start;
  GST_BUFFER_DURATION (buffer) = line->duration;
  self->begun = TRUE;
  return gst_pad_push (gst_emotion2vec_renderer_src (renderer), buffer);
}

static GstFlowReturn
push_waiting (GstEmotion2vecJsonLines * self)
{
  GstFlowReturn flow = GST_FLOW_OK;

  for (guint i = 0; i < self->waiting->len && flow == GST_FLOW_OK; i++)
    flow = push_line (self, self->waiting->pdata[i]);
  g_ptr_array_set_size (self->waiting, 0);
  return flow;
}

static GstFlowReturn
json_lines_result (GstEmotion2vecRenderer * renderer,
    const GstEmotion2vecReading * reading, GstClockTime start)
{
  GstEmotion2vecJsonLines *self = GST_EMOTION2VEC_JSON_LINES (renderer);
  Line line = { gst_structure_copy (reading->fields), start,
    reading->duration
  };

  g_ptr_array_add (self->waiting, g_memdup2 (&line, sizeof line));
  /* before the first buffer there is nothing to wait for but its mark */
  return self->begun ? push_waiting (self) : GST_FLOW_OK;
}

static GstFlowReturn
json_lines_audio (GstEmotion2vecRenderer * renderer, GstBuffer * buffer,
    GstClockTime start)
{
  GstEmotion2vecJsonLines *self = GST_EMOTION2VEC_JSON_LINES (renderer);

  if (buffer)
    gst_emotion2vec_utc_note (self->utc, buffer, start);
  /* whoever waits for a first buffer to begin need not wait for the first result */
  if (!self->begun)
    gst_emotion2vec_renderer_push_gap (renderer, start, start);
  self->begun = TRUE;
  return push_waiting (self);
}

static GstFlowReturn
json_lines_drain (GstEmotion2vecRenderer * renderer)
{
  return push_waiting (GST_EMOTION2VEC_JSON_LINES (renderer));
}

static void
json_lines_reset (GstEmotion2vecRenderer * renderer)
{
  GstEmotion2vecJsonLines *self = GST_EMOTION2VEC_JSON_LINES (renderer);

  g_ptr_array_set_size (self->waiting, 0);
  gst_emotion2vec_utc_forget (self->utc);
  self->begun = FALSE;
}

/* What a line is about is over when it comes; nobody plays it in time with the audio. */
static GstClockTime
json_lines_latency (GstEmotion2vecRenderer * renderer, gboolean live)
{
  return 0;
}

static GstCaps *
json_lines_choose_caps (GstEmotion2vecRenderer * renderer, GstCaps * allowed)
{
  return gst_caps_fixate (allowed);
}

static void
json_lines_finalize (GObject * object)
{
  GstEmotion2vecJsonLines *self = GST_EMOTION2VEC_JSON_LINES (object);

  gst_emotion2vec_utc_free (self->utc);
  g_ptr_array_unref (self->waiting);
  G_OBJECT_CLASS (gst_emotion2vec_json_lines_parent_class)->finalize (object);
}

static void
gst_emotion2vec_json_lines_class_init (GstEmotion2vecJsonLinesClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstEmotion2vecRendererClass *renderer_class =
      GST_EMOTION2VEC_RENDERER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = json_lines_finalize;
  gst_emotion2vec_renderer_add_sink_template (element_class);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Speech emotions as JSON", "Filter/Analyzer/Metadata",
      "Makes lines of JSON of what emotion2vec hears",
      "The gst-emotion2vec authors");

  renderer_class->suffix = "emotions-json";
  renderer_class->flags = GST_STREAM_FLAG_SPARSE;
  renderer_class->choose_caps = json_lines_choose_caps;
  renderer_class->result = json_lines_result;
  renderer_class->audio = json_lines_audio;
  renderer_class->drain = json_lines_drain;
  renderer_class->reset = json_lines_reset;
  renderer_class->latency = json_lines_latency;
}

static void
gst_emotion2vec_json_lines_init (GstEmotion2vecJsonLines * self)
{
  self->utc = gst_emotion2vec_utc_new ();
  self->waiting = g_ptr_array_new_with_free_func (free_line);
}
