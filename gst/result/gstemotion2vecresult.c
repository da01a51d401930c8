/* gstemotion2vecresult.c - what was heard in one window, as a GstStructure.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecresult.h"

GstEmotion2vecResult *
gst_emotion2vec_result_new (void)
{
  GstEmotion2vecResult *result = g_new0 (GstEmotion2vecResult, 1);

  result->timestamp = result->stream_time = result->running_time =
      result->interval = result->inference_time = GST_CLOCK_TIME_NONE;
  result->channel = -1;
  return result;
}

void
gst_emotion2vec_result_free (GstEmotion2vecResult * result)
{
  if (!result)
    return;
  g_free (result->element);
  g_free (result->stream_id);
  g_free (result->source_id);
  g_free (result->model);
  g_free (result->model_scores);
  g_free (result->utterance);
  g_free (result->frames);
  g_free (result->model_frame_scores);
  g_free (result->trouble);
  g_strfreev (result->labels);
  g_free (result->scores);
  g_free (result->raw_scores);
  g_free (result->frame_scores);
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

/* ---- parts of the structure ------------------------------------------------------------------------------------- */

/* GST_TYPE_ARRAY, not GValueArray: only the former can be read back from text and is readable from Python without
 * help */
static void
add_doubles (GstStructure * structure, const char *field,
    const double *values, guint n)
{
  GValue array = G_VALUE_INIT;

  g_value_init (&array, GST_TYPE_ARRAY);
  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, G_TYPE_DOUBLE);
    g_value_set_double (&value, values[i]);
    gst_value_array_append_and_take_value (&array, &value);
  }
  gst_structure_take_value (structure, field, &array);
}

static void
add_strings (GstStructure * structure, const char *field, char **values)
{
  GValue array = G_VALUE_INIT;

  g_value_init (&array, GST_TYPE_ARRAY);
  for (guint i = 0; values[i]; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, G_TYPE_STRING);
    g_value_set_string (&value, values[i]);
    gst_value_array_append_and_take_value (&array, &value);
  }
  gst_structure_take_value (structure, field, &array);
}

static void
add_string (GstStructure * structure, const char *field, const char *value)
{
  if (value)
    gst_structure_set (structure, field, G_TYPE_STRING, value, NULL);
}

static void
add_scores (GstStructure * structure, const GstEmotion2vecResult * result)
{
  gint best = gst_emotion2vec_result_best (result);

  if (best < 0)
    return;
  gst_structure_set (structure,
      "label", G_TYPE_STRING, result->labels[best],
      "confidence", G_TYPE_DOUBLE, result->scores[best], NULL);
  add_doubles (structure, "scores", result->scores, result->n_classes);
  add_strings (structure, "labels", result->labels);
  if (result->raw_scores)
    add_doubles (structure, "raw-scores", result->raw_scores,
        result->n_classes);
  gst_structure_set (structure,
      "below-threshold", G_TYPE_BOOLEAN, result->below_threshold, NULL);
}

/* Shape of a matrix, or of one vector if @n_frames is 0. */
static GstCaps *
matrix_caps (const char *media_type, guint n_frames, guint width, double rate)
{
  GstCaps *caps = gst_caps_new_simple (media_type,
      "type", G_TYPE_STRING, "float32",
      "endianness", G_TYPE_INT, G_BYTE_ORDER, NULL);
  const guint sizes[] = { n_frames, width };
  GValue dims = G_VALUE_INIT;
  gint numerator, denominator;

  g_value_init (&dims, GST_TYPE_ARRAY);
  for (guint i = n_frames > 0 ? 0 : 1; i < G_N_ELEMENTS (sizes); i++) {
    GValue size = G_VALUE_INIT;

    g_value_init (&size, G_TYPE_INT);
    g_value_set_int (&size, (gint) sizes[i]);
    gst_value_array_append_and_take_value (&dims, &size);
  }
  gst_structure_take_value (gst_caps_get_structure (caps, 0), "dims", &dims);
  if (n_frames > 0) {
    gst_util_double_to_fraction (rate, &numerator, &denominator);
    gst_caps_set_simple (caps,
        "rate", GST_TYPE_FRACTION, numerator, denominator, NULL);
  }
  return caps;
}

/* @n_frames: 0 for one vector. */
static void
add_matrix (GstStructure * structure, const char *field,
    const GstEmotion2vecResult * result, const char *media_type,
    const float *values, guint n_frames, guint width)
{
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  g_autoptr (GstSample) sample = NULL;
  gsize n = (gsize) MAX (n_frames, 1) * width;

  if (!values || n == 0)
    return;
  caps = matrix_caps (media_type, n_frames, width, result->frame_rate);
  buffer = gst_buffer_new_memdup (values, n * sizeof (float));
  sample = gst_sample_new (buffer, caps, NULL, NULL);
  gst_structure_set (structure, field, GST_TYPE_SAMPLE, sample, NULL);
}

static void
add_matrices (GstStructure * structure, const GstEmotion2vecResult * result)
{
  const char *embedding = "application/x-emotion2vec-embedding";
  const char *scores = "application/x-emotion2vec-scores";

  add_matrix (structure, "utterance-embedding", result, embedding,
      result->utterance, 0, result->dim);
  if (result->n_frames == 0)
    return;
  add_matrix (structure, "frame-embedding", result, embedding,
      result->frames, result->n_frames, result->dim);
  add_matrix (structure, "frame-scores", result, scores,
      result->frame_scores, result->n_frames, result->n_classes);
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
      "trigger", G_TYPE_STRING,
      result->speech_trigger ? "speech" : "interval", NULL);
  if (GST_CLOCK_TIME_IS_VALID (result->interval))
    gst_structure_set (structure,
        "interval", G_TYPE_UINT64, result->interval, NULL);
  add_string (structure, "stream-id", result->stream_id);
  add_string (structure, "source-id", result->source_id);
  if (result->channel >= 0)
    gst_structure_set (structure, "channel", G_TYPE_INT, result->channel, NULL);
  add_scores (structure, result);
  gst_structure_set (structure,
      "level", G_TYPE_DOUBLE, result->level,
      "silent", G_TYPE_BOOLEAN, result->silent,
      "partial", G_TYPE_BOOLEAN, result->partial, NULL);
  add_string (structure, "model", result->model);
  if (GST_CLOCK_TIME_IS_VALID (result->inference_time))
    gst_structure_set (structure,
        "inference-time", G_TYPE_UINT64, result->inference_time, NULL);
  add_matrices (structure, result);
  return structure;
}
