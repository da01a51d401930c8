/* gstemotion2vecresult.c - what was heard in one window, as a GstStructure.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecresult.h"

GstEmotion2vecResult *
gst_emotion2vec_result_new (void)
{
  GstEmotion2vecResult *result = g_new0 (GstEmotion2vecResult, 1);

  result->timestamp = result->stream_time = result->running_time =
      GST_CLOCK_TIME_NONE;
  return result;
}

void
gst_emotion2vec_result_free (GstEmotion2vecResult * result)
{
  if (!result)
    return;
  g_free (result->element);
  g_free (result->stream_id);
  g_free (result->model);
  g_strfreev (result->labels);
  g_free (result->scores);
  g_free (result->model_scores);
  g_free (result->utterance);
  g_free (result->frames);
  g_free (result->model_frame_scores);
  g_free (result);
}

void
gst_emotion2vec_result_set_scores (GstEmotion2vecResult * result,
    const char *const *labels, const double *scores, guint n)
{
  g_strfreev (result->labels);
  g_free (result->scores);
  result->labels = g_strdupv ((char **) labels);
  result->scores = g_memdup2 (scores, n * sizeof (double));
  result->n_classes = n;
}

gint
gst_emotion2vec_result_best (const GstEmotion2vecResult * result)
{
  gint best = -1;

  for (guint c = 0; c < result->n_classes; c++)
    if (best < 0 || result->scores[c] > result->scores[best])
      best = (gint) c;
  return best;
}

static void
add_scores (const GstEmotion2vecResult * result, GstStructure * structure)
{
  gint best = gst_emotion2vec_result_best (result);
  GValue scores = G_VALUE_INIT, labels = G_VALUE_INIT;

  /* GST_TYPE_ARRAY, not GValueArray: only the former can be read back from
   * text and is readable from Python without help */
  g_value_init (&scores, GST_TYPE_ARRAY);
  g_value_init (&labels, GST_TYPE_ARRAY);
  for (guint c = 0; c < result->n_classes; c++) {
    GValue score = G_VALUE_INIT, label = G_VALUE_INIT;

    g_value_init (&score, G_TYPE_DOUBLE);
    g_value_set_double (&score, result->scores[c]);
    gst_value_array_append_and_take_value (&scores, &score);
    g_value_init (&label, G_TYPE_STRING);
    g_value_set_string (&label, result->labels[c]);
    gst_value_array_append_and_take_value (&labels, &label);
  }
  gst_structure_set (structure,
      "label", G_TYPE_STRING, result->labels[best],
      "confidence", G_TYPE_DOUBLE, result->scores[best], NULL);
  gst_structure_take_value (structure, "scores", &scores);
  gst_structure_take_value (structure, "labels", &labels);
}

GstStructure *
gst_emotion2vec_result_to_structure (const GstEmotion2vecResult * result,
    const char *name)
{
  GstClockTime end = GST_CLOCK_TIME_NONE;
  GstStructure *structure;

  if (GST_CLOCK_TIME_IS_VALID (result->stream_time))
    end = result->stream_time + result->duration;
  structure = gst_structure_new (name,
      "element", G_TYPE_STRING, result->element,
      "id", G_TYPE_UINT64, result->id,
      "timestamp", G_TYPE_UINT64, result->timestamp,
      "duration", G_TYPE_UINT64, result->duration,
      "stream-time", G_TYPE_UINT64, result->stream_time,
      "running-time", G_TYPE_UINT64, result->running_time,
      "endtime", G_TYPE_UINT64, end,
      "trigger", G_TYPE_STRING, "interval", NULL);
  if (result->stream_id)
    gst_structure_set (structure,
        "stream-id", G_TYPE_STRING, result->stream_id, NULL);
  if (result->n_classes > 0)
    add_scores (result, structure);
  gst_structure_set (structure,
      "level", G_TYPE_DOUBLE, result->level,
      "partial", G_TYPE_BOOLEAN, result->partial,
      "model", G_TYPE_STRING, result->model,
      "inference-time", G_TYPE_UINT64, result->inference_time, NULL);
  return structure;
}
