/* format-labelstudio.c - a task for Label Studio with one prediction a trigger and one region a segment.
 *
 * The names "audio" and "emotion" are those of the labelling configuration in docs/formats.md. Silence has no region.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include "formattext.h"
#include "jsonwriter.h"
#include "textout.h"

static double
to_seconds (GstClockTime time)
{
  return (double) time / (double) GST_SECOND;
}

static void
write_region (JsonWriter * json, const Annotation * annotation,
    const AnnotationSegment * segment, const char *id)
{
  json_writer_begin (json, NULL, '{');
  json_writer_string (json, "id", id);
  json_writer_string (json, "from_name", "emotion");
  json_writer_string (json, "to_name", "audio");
  json_writer_string (json, "type", "labels");
  json_writer_double (json, "original_length",
      to_seconds (annotation->duration));
  json_writer_double (json, "score", segment->confidence);
  json_writer_begin (json, "value", '{');
  json_writer_double (json, "start", to_seconds (segment->start));
  json_writer_double (json, "end", to_seconds (segment->end));
  json_writer_integer (json, "channel", (guint64) MAX (segment->channel, 0));
  json_writer_begin (json, "labels", '[');
  json_writer_string (json, NULL, annotation_label (annotation,
          segment->label));
  json_writer_end (json, ']');
  json_writer_end (json, '}');
  json_writer_end (json, '}');
}

static gboolean
is_region (const AnnotationSegment * segment, gboolean speech)
{
  return segment->label >= 0 && !segment->speech == !speech;
}

/* Mean of the regions' scores, each weighed by its length; Label Studio sorts tasks by it. */
static double
prediction_score (const Annotation * annotation, gboolean speech)
{
  double sum = 0, weight = 0;

  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);
    double length = to_seconds (segment->end - segment->start);

    if (!is_region (segment, speech))
      continue;
    sum += length * segment->confidence;
    weight += length;
  }
  return weight > 0 ? sum / weight : 0;
}

static void
write_prediction (TextOut * file, JsonWriter * json,
    const Annotation * annotation, gboolean speech)
{
  const char *model = annotation->model ? annotation->model : "emotion2vec";
  const char *head = annotation->head;
  g_autofree char *version = g_strconcat (model, head ? ", head " : "",
      head ? head : "", speech ? ", speech" : NULL, NULL);

  json_writer_begin (json, NULL, '{');
  json_writer_string (json, "model_version", version);
  json_writer_double (json, "score", prediction_score (annotation, speech));
  json_writer_begin (json, "result", '[');
  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);
    g_autofree char *id = g_strdup_printf ("s%u", i);

    if (!is_region (segment, speech))
      continue;
    write_region (json, annotation, segment, id);
    text_out_row (file);
  }
  json_writer_end (json, ']');
  json_writer_end (json, '}');
}

static gboolean
has_trigger (const GArray * tracks, gboolean speech)
{
  for (guint i = 0; i < tracks->len; i++)
    if (!g_array_index (tracks, AnnotationTrack, i).speech == !speech)
      return TRUE;
  return FALSE;
}

gboolean
format_labelstudio_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  g_autoptr (GArray) tracks = annotation_tracks (annotation);
  TextOut file;
  JsonWriter json;

  text_out_init (&file, out);
  json.text = file.text;
  json.need_comma = FALSE;
  json_writer_begin (&json, NULL, '[');
  json_writer_begin (&json, NULL, '{');
  json_writer_begin (&json, "data", '{');
  json_writer_string (&json, "audio", annotation->name);
  json_writer_end (&json, '}');
  json_writer_begin (&json, "predictions", '[');
  for (guint speech = 0; speech < 2; speech++)
    if (has_trigger (tracks, speech == 1))
      write_prediction (&file, &json, annotation, speech == 1);
  json_writer_end (&json, ']');
  json_writer_end (&json, '}');
  json_writer_end (&json, ']');
  g_string_append_c (file.text, '\n');
  return text_out_finish (&file, error);
}
