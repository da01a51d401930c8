/* test-result.c - a result as structure, as text and back, and on a buffer.
 *
 * What must be absent is as much part of the schema as what must be there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecmeta.h"
#include "gstemotion2vecresult.h"

static GstEmotion2vecResult *
make_result (gboolean head)
{
  static const char *const labels[] = { "angry", "happy", "so-so", NULL };
  /* not short in decimal: the text must carry every bit */
  static const double scores[] = { 1.0 / 3, 0.1 + 0.2, 0.7 - 1.0 / 3 };
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->element = g_strdup ("emotion2vec0");
  result->stream_id = g_strdup ("a/b \"c\"");
  result->id = G_MAXUINT64;
  result->timestamp = 5 * GST_SECOND + 1;
  result->stream_time = 4 * GST_SECOND;
  result->running_time = 3 * GST_SECOND;
  result->duration = 3 * GST_SECOND;
  result->level = -23.456789012345678;
  result->partial = TRUE;
  result->model = g_strdup ("mini, \"first\"");
  result->inference_time = 123456;
  if (head)
    gst_emotion2vec_result_set_scores (result, labels, scores, 3);
  return result;
}

/* All that a result can carry, of three frames of two features. */
static GstEmotion2vecResult *
make_full_result (void)
{
  static const double raw[] = { 0.25, 0.25, 0.5 };
  static const float utterance[] = { 1.5f, -0.1f };
  static const float frames[] = { 1, 2, 3, 4, 5, 6.25f };
  static const float frame_scores[] = { 1, 0, 0, 0, 1, 0, 0, 0.1f, 0.9f };
  GstEmotion2vecResult *result = make_result (TRUE);

  result->source_id = g_strdup ("Zoë");
  result->channel = 1;
  result->speech_trigger = TRUE;
  result->below_threshold = TRUE;
  result->raw_scores = g_memdup2 (raw, sizeof raw);
  result->n_frames = 3;
  result->dim = 2;
  result->frame_rate = 49.95;
  result->utterance = g_memdup2 (utterance, sizeof utterance);
  result->frames = g_memdup2 (frames, sizeof frames);
  result->frame_scores = g_memdup2 (frame_scores, sizeof frame_scores);
  return result;
}

static guint64
field_u64 (const GstStructure * structure, const char *name)
{
  guint64 value = 0;

  g_assert_true (gst_structure_get_uint64 (structure, name, &value));
  return value;
}

static void
check (const GstStructure * s)
{
  GstEmotion2vecResult *result = make_result (TRUE);
  const GValue *scores = gst_structure_get_value (s, "scores");
  const GValue *labels = gst_structure_get_value (s, "labels");
  double confidence, level;
  gboolean partial;

  g_assert_cmpstr (gst_structure_get_string (s, "element"), ==, "emotion2vec0");
  g_assert_cmpstr (gst_structure_get_string (s, "stream-id"), ==, "a/b \"c\"");
  g_assert_cmpstr (gst_structure_get_string (s, "trigger"), ==, "interval");
  g_assert_cmpstr (gst_structure_get_string (s, "model"), ==,
      "mini, \"first\"");
  g_assert_cmpstr (gst_structure_get_string (s, "label"), ==, "so-so");
  g_assert_true (field_u64 (s, "id") == G_MAXUINT64);
  g_assert_true (field_u64 (s, "timestamp") == 5 * GST_SECOND + 1);
  g_assert_true (field_u64 (s, "duration") == 3 * GST_SECOND);
  g_assert_true (field_u64 (s, "stream-time") == 4 * GST_SECOND);
  g_assert_true (field_u64 (s, "running-time") == 3 * GST_SECOND);
  g_assert_true (field_u64 (s, "endtime") == 7 * GST_SECOND);
  g_assert_true (field_u64 (s, "inference-time") == 123456);
  g_assert_true (gst_structure_get_double (s, "confidence", &confidence));
  g_assert_true (confidence == result->scores[2]);
  g_assert_true (gst_structure_get_double (s, "level", &level));
  g_assert_true (level == result->level);
  g_assert_true (gst_structure_get_boolean (s, "partial", &partial));
  g_assert_true (partial);
  g_assert_true (GST_VALUE_HOLDS_ARRAY (scores));
  g_assert_true (GST_VALUE_HOLDS_ARRAY (labels));
  g_assert_cmpuint (gst_value_array_get_size (scores), ==, 3);
  g_assert_cmpuint (gst_value_array_get_size (labels), ==, 3);
  for (guint c = 0; c < 3; c++) {
    g_assert_true (g_value_get_double (gst_value_array_get_value (scores,
                c)) == result->scores[c]);
    g_assert_cmpstr (g_value_get_string (gst_value_array_get_value (labels,
                c)), ==, result->labels[c]);
  }
  gst_emotion2vec_result_free (result);
}

static void
test_round_trip (void)
{
  g_autoptr (GstEmotion2vecResult) result = make_result (TRUE);
  g_autoptr (GstStructure) structure =
      gst_emotion2vec_result_to_structure (result, "emotion2vec");
  g_autofree char *text = gst_structure_to_string (structure);
  g_autoptr (GstStructure) back = gst_structure_from_string (text, NULL);

  g_assert_nonnull (back);
  g_assert_true (gst_structure_has_name (back, "emotion2vec"));
  check (structure);
  check (back);
  g_assert_cmpint (gst_structure_n_fields (back), ==,
      gst_structure_n_fields (structure));
}

static gboolean
field_boolean (const GstStructure * structure, const char *name)
{
  gboolean value;

  g_assert_true (gst_structure_get_boolean (structure, name, &value));
  return value;
}

/* @caps: the shape, as text. */
static void
check_sample (const GstStructure * structure, const char *field,
    const char *caps, const float *values, gsize size)
{
  g_autoptr (GstCaps) expected = gst_caps_from_string (caps);
  GstSample *sample = NULL;
  GstBuffer *buffer;

  gst_caps_set_simple (expected,
      "type", G_TYPE_STRING, "float32",
      "endianness", G_TYPE_INT, G_BYTE_ORDER, NULL);
  g_assert_true (gst_structure_get (structure, field, GST_TYPE_SAMPLE,
          &sample, NULL));
  g_assert_true (gst_caps_is_equal (gst_sample_get_caps (sample), expected));
  buffer = gst_sample_get_buffer (sample);
  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, size);
  g_assert_cmpint (gst_buffer_memcmp (buffer, 0, values, size), ==, 0);
  gst_sample_unref (sample);
}

static void
check_full (const GstStructure * s)
{
  g_autoptr (GstEmotion2vecResult) result = make_full_result ();
  const GValue *raw = gst_structure_get_value (s, "raw-scores");
  gint channel;

  g_assert_cmpstr (gst_structure_get_string (s, "trigger"), ==, "speech");
  g_assert_cmpstr (gst_structure_get_string (s, "source-id"), ==, "Zoë");
  g_assert_true (gst_structure_get_int (s, "channel", &channel));
  g_assert_cmpint (channel, ==, 1);
  g_assert_false (field_boolean (s, "silent"));
  g_assert_true (field_boolean (s, "below-threshold"));
  g_assert_true (GST_VALUE_HOLDS_ARRAY (raw));
  g_assert_cmpuint (gst_value_array_get_size (raw), ==, 3);
  for (guint c = 0; c < 3; c++)
    g_assert_cmpfloat (g_value_get_double (gst_value_array_get_value (raw,
                c)), ==, result->raw_scores[c]);
  check_sample (s, "utterance-embedding",
      "application/x-emotion2vec-embedding, dims = (int) < 2 >",
      result->utterance, 2 * sizeof (float));
  check_sample (s, "frame-embedding",
      "application/x-emotion2vec-embedding, dims = (int) < 3, 2 >, "
      "rate = (fraction) 999/20", result->frames, 6 * sizeof (float));
  check_sample (s, "frame-scores",
      "application/x-emotion2vec-scores, dims = (int) < 3, 3 >, "
      "rate = (fraction) 999/20", result->frame_scores, 9 * sizeof (float));
}

/* Embeddings too: samples are text of their own inside the structure's. */
static void
test_full_round_trip (void)
{
  g_autoptr (GstEmotion2vecResult) result = make_full_result ();
  g_autoptr (GstStructure) structure =
      gst_emotion2vec_result_to_structure (result, "emotion2vec");
  g_autofree char *text = gst_structure_to_string (structure);
  g_autoptr (GstStructure) back = gst_structure_from_string (text, NULL);

  check_full (structure);
  g_assert_nonnull (back);
  check_full (back);
  g_assert_cmpint (gst_structure_n_fields (back), ==,
      gst_structure_n_fields (structure));
}

/* Nothing was asked for and nothing had to be said: such fields are absent, not empty. */
static void
test_absent (void)
{
  static const char *const fields[] = { "source-id", "channel", "raw-scores",
    "utterance-embedding", "frame-embedding", "frame-scores"
  };
  g_autoptr (GstEmotion2vecResult) result = make_result (TRUE);
  g_autoptr (GstStructure) structure =
      gst_emotion2vec_result_to_structure (result, "emotion2vec");

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    g_assert_false (gst_structure_has_field (structure, fields[i]));
  g_assert_false (field_boolean (structure, "silent"));
  g_assert_false (field_boolean (structure, "below-threshold"));
}

static void
test_silent (void)
{
  static const char *const fields[] = { "label", "confidence", "scores",
    "labels", "below-threshold", "inference-time"
  };
  g_autoptr (GstEmotion2vecResult) result = make_result (FALSE);
  g_autoptr (GstStructure) structure = NULL;

  result->silent = TRUE;
  result->inference_time = GST_CLOCK_TIME_NONE;
  structure = gst_emotion2vec_result_to_structure (result, "emotion2vec");
  g_assert_true (field_boolean (structure, "silent"));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    g_assert_false (gst_structure_has_field (structure, fields[i]));
}

/* A window that is too short for one frame has a shape of no rows. */
static void
test_no_frames (void)
{
  g_autoptr (GstEmotion2vecResult) result = make_full_result ();
  g_autoptr (GstStructure) structure = NULL;

  result->n_frames = 0;
  structure = gst_emotion2vec_result_to_structure (result, "emotion2vec");
  g_assert_true (gst_structure_has_field (structure, "utterance-embedding"));
  g_assert_false (gst_structure_has_field (structure, "frame-embedding"));
  g_assert_false (gst_structure_has_field (structure, "frame-scores"));
}

static void
test_without_head (void)
{
  g_autoptr (GstEmotion2vecResult) result = make_result (FALSE);
  g_autoptr (GstStructure) structure = NULL;

  result->stream_time = GST_CLOCK_TIME_NONE;
  g_clear_pointer (&result->stream_id, g_free);
  structure = gst_emotion2vec_result_to_structure (result, "emotion2vec");
  g_assert_cmpint (gst_emotion2vec_result_best (result), ==, -1);
  g_assert_false (gst_structure_has_field (structure, "label"));
  g_assert_false (gst_structure_has_field (structure, "confidence"));
  g_assert_false (gst_structure_has_field (structure, "scores"));
  g_assert_false (gst_structure_has_field (structure, "labels"));
  g_assert_false (gst_structure_has_field (structure, "stream-id"));
  g_assert_true (field_u64 (structure, "endtime") == GST_CLOCK_TIME_NONE);
}

static void
test_meta (void)
{
  g_autoptr (GstEmotion2vecResult) result = make_result (TRUE);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 8, NULL);
  g_autoptr (GstBuffer) copy = NULL;
  GstCustomMeta *meta;

  /* once more is no error */
  gst_emotion2vec_meta_register ();
  gst_emotion2vec_meta_register ();
  gst_emotion2vec_meta_attach (buffer, result);
  gst_emotion2vec_meta_attach (buffer, result);
  copy = gst_buffer_copy_deep (buffer);
  meta = gst_buffer_get_custom_meta (copy, "GstEmotion2vecMeta");
  g_assert_nonnull (meta);
  check (gst_custom_meta_get_structure (meta));
  g_assert_cmpuint (gst_buffer_get_n_meta (copy,
          gst_meta_get_info ("GstEmotion2vecMeta")->api), ==, 2);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/result/round-trip", test_round_trip);
  g_test_add_func ("/result/full-round-trip", test_full_round_trip);
  g_test_add_func ("/result/absent", test_absent);
  g_test_add_func ("/result/silent", test_silent);
  g_test_add_func ("/result/no-frames", test_no_frames);
  g_test_add_func ("/result/without-head", test_without_head);
  g_test_add_func ("/result/meta", test_meta);
  return g_test_run ();
}
