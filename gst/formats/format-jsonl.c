/* format-jsonl.c - JSON Lines: one object a window, by docs/metadata.schema.json.
 *
 * They are the element's own results, less what differs from run to run.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include "gstemotion2vecjson.h"
#include "textout.h"

static GstEmotion2vecResult *
to_result (const Annotation * annotation, const AnnotationWindow * window)
{
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();
  const double *scores = annotation_scores (annotation, window);

  result->element = g_strdup ("emotion2vec-annotate");
  result->id = window->id;
  result->timestamp = window->start;
  result->stream_time = window->start;
  result->running_time = window->start;
  result->duration = window->duration;
  result->speech_trigger = window->speech;
  result->channel = window->channel;
  result->level = window->level;
  result->silent = window->silent;
  result->partial = window->partial;
  result->below_threshold = window->below_threshold;
  result->model = g_strdup (annotation->model);
  if (scores)
    gst_emotion2vec_result_set_scores (result,
        (const char *const *) annotation->labels, scores, annotation->n_labels);
  return result;
}

gboolean
format_jsonl_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  TextOut file;

  text_out_init (&file, out);
  for (guint i = 0; i < annotation->windows->len; i++) {
    g_autoptr (GstEmotion2vecResult) result = to_result (annotation,
        &g_array_index (annotation->windows, AnnotationWindow, i));
    g_autofree char *line = gst_emotion2vec_result_to_json (result);

    g_string_append_printf (file.text, "%s\n", line);
    text_out_row (&file);
  }
  return text_out_finish (&file, error);
}
