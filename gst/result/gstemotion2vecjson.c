/* gstemotion2vecjson.c - results as JSON objects.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecjson.h"

#include <math.h>

#include "jsonwriter.h"

/* ---- matrices --------------------------------------------------------------------------------------------------- */

/* A positive number that @array holds at @index, 1 if it is shorter; 0 for anything else. */
static gsize
dimension (const GValue * array, guint index)
{
  const GValue *value;

  if (index >= gst_value_array_get_size (array))
    return 1;
  value = gst_value_array_get_value (array, index);
  if (!G_VALUE_HOLDS_INT (value) || g_value_get_int (value) <= 0)
    return 0;
  return (gsize) g_value_get_int (value);
}

/* Whether @caps say that @size bytes are our kind of matrix. @rows: (out): 0 for one vector. */
static gboolean
parse_shape (const GstCaps * caps, gsize size, gsize * rows, gsize * width)
{
  const GstStructure *shape = caps && gst_caps_get_size (caps) == 1
      ? gst_caps_get_structure (caps, 0) : NULL;
  const GValue *dims = shape ? gst_structure_get_value (shape, "dims") : NULL;
  gint endianness;
  guint n_dims;

  if (!dims || !GST_VALUE_HOLDS_ARRAY (dims)
      || g_strcmp0 (gst_structure_get_string (shape, "type"), "float32") != 0
      || !gst_structure_get_int (shape, "endianness", &endianness)
      || endianness != G_BYTE_ORDER)
    return FALSE;
  n_dims = gst_value_array_get_size (dims);
  if (n_dims < 1 || n_dims > 2)
    return FALSE;
  *rows = n_dims == 2 ? dimension (dims, 0) : 0;
  *width = dimension (dims, n_dims - 1);
  return *width > 0 && (n_dims == 1 || *rows > 0)
      && *width <= size / sizeof (float) / MAX (*rows, 1)
      && MAX (*rows, 1) * *width * sizeof (float) == size;
}

static void
write_matrix (JsonWriter * json, const char *key, const float *values,
    gsize rows, gsize width)
{
  if (rows == 0) {
    json_writer_floats (json, key, values, width);
    return;
  }
  json_writer_begin (json, key, '[');
  for (gsize r = 0; r < rows; r++)
    json_writer_floats (json, NULL, values + r * width, width);
  json_writer_end (json, ']');
}

/* A number that is not finite has no form, so a matrix with one in it has none. */
static gboolean
is_finite (const float *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!isfinite (values[i]))
      return FALSE;
  return TRUE;
}

static void
write_sample (JsonWriter * json, const char *key, GstSample * sample)
{
  GstBuffer *buffer = sample ? gst_sample_get_buffer (sample) : NULL;
  g_autofree gpointer values = NULL;    /* a copy: memory may start anywhere */
  gsize size, rows, width;

  if (!buffer || !parse_shape (gst_sample_get_caps (sample),
          gst_buffer_get_size (buffer), &rows, &width))
    return;
  gst_buffer_extract_dup (buffer, 0, (gsize) - 1, &values, &size);
  if (is_finite (values, size / sizeof (float)))
    write_matrix (json, key, values, rows, width);
}

/* ---- fields ----------------------------------------------------------------------------------------------------- */

/* Numbers and strings, the same kind throughout. */
static gboolean
is_plain_array (const GValue * array)
{
  for (guint i = 0; i < gst_value_array_get_size (array); i++) {
    const GValue *value = gst_value_array_get_value (array, i);

    if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value))
      continue;
    if (!G_VALUE_HOLDS_DOUBLE (value) || !isfinite (g_value_get_double (value)))
      return FALSE;
  }
  return TRUE;
}

static void
write_array (JsonWriter * json, const char *key, const GValue * array)
{
  if (!is_plain_array (array))
    return;
  json_writer_begin (json, key, '[');
  for (guint i = 0; i < gst_value_array_get_size (array); i++) {
    const GValue *value = gst_value_array_get_value (array, i);

    if (G_VALUE_HOLDS_STRING (value))
      json_writer_string (json, NULL, g_value_get_string (value));
    else
      json_writer_double (json, NULL, g_value_get_double (value));
  }
  json_writer_end (json, ']');
}

static gboolean
write_field (GQuark field, const GValue * value, gpointer data)
{
  JsonWriter *json = data;
  const char *key = g_quark_to_string (field);

  if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value))
    json_writer_string (json, key, g_value_get_string (value));
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    json_writer_boolean (json, key, g_value_get_boolean (value));
  else if (G_VALUE_HOLDS_INT (value) && g_value_get_int (value) >= 0)
    json_writer_integer (json, key, (guint64) g_value_get_int (value));
  else if (G_VALUE_HOLDS_UINT64 (value)
      && g_value_get_uint64 (value) != GST_CLOCK_TIME_NONE)
    json_writer_integer (json, key, g_value_get_uint64 (value));
  else if (G_VALUE_HOLDS_DOUBLE (value)
      && isfinite (g_value_get_double (value)))
    json_writer_double (json, key, g_value_get_double (value));
  else if (GST_VALUE_HOLDS_ARRAY (value))
    write_array (json, key, value);
  else if (GST_VALUE_HOLDS_SAMPLE (value))
    write_sample (json, key, gst_value_get_sample (value));
  return TRUE;
}

/* The matrices of frames have it in their caps. */
static void
write_frame_rate (JsonWriter * json, const GstStructure * structure)
{
  static const char *const fields[] = { "frame-embedding", "frame-scores" };
  gint numerator, denominator;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    const GValue *value = gst_structure_get_value (structure, fields[i]);
    GstSample *sample = value && GST_VALUE_HOLDS_SAMPLE (value)
        ? gst_value_get_sample (value) : NULL;
    GstCaps *caps = sample ? gst_sample_get_caps (sample) : NULL;

    if (!caps || gst_caps_get_size (caps) != 1
        || !gst_structure_get_fraction (gst_caps_get_structure (caps, 0),
            "rate", &numerator, &denominator) || numerator <= 0)
      continue;
    json_writer_double (json, "frame-rate",
        (double) numerator / (double) denominator);
    return;
  }
}

char *
gst_emotion2vec_json_from_structure (const GstStructure * structure)
{
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  gst_structure_foreach (structure, write_field, &json);
  write_frame_rate (&json, structure);
  json_writer_end (&json, '}');
  return json_writer_finish (&json);
}

char *
gst_emotion2vec_result_to_json (const GstEmotion2vecResult * result)
{
  g_autoptr (GstStructure) structure =
      gst_emotion2vec_result_to_structure (result,
      GST_EMOTION2VEC_STRUCTURE_NAME);

  return gst_emotion2vec_json_from_structure (structure);
}
