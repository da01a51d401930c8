/* test-json.c - results as JSON text, and structures that come from anywhere.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "gstemotion2vecjson.h"

static void
check (const char *structure, const char *expected)
{
  g_autoptr (GstStructure) s = gst_structure_from_string (structure, NULL);
  g_autofree char *json = NULL;

  g_assert_nonnull (s);
  json = gst_emotion2vec_json_from_structure (s);
  g_assert_cmpstr (json, ==, expected);
}

static void
test_result (void)
{
  static const char *const labels[] = { "angry", "so \"so\"", NULL };
  static const double scores[] = { 1.0 / 3, 1 - 1.0 / 3 };
  static const float utterance[] = { 1.5f, -0.1f };
  static const float frames[] = { 1, 2, 3, 4, 5, 6.25f };
  g_autoptr (GstEmotion2vecResult) result = gst_emotion2vec_result_new ();
  g_autofree char *json = NULL;

  result->element = g_strdup ("e\n0");
  result->stream_id = g_strdup ("Zoë");
  result->id = G_MAXUINT64 - 1;
  result->timestamp = 1;
  result->stream_time = 2;
  result->duration = 3 * GST_SECOND;
  result->level = -350;
  result->partial = TRUE;
  result->model = g_strdup ("m");
  result->inference_time = 7;
  result->dim = 2;
  result->n_frames = 3;
  result->frame_rate = 49.5;
  result->utterance = g_memdup2 (utterance, sizeof utterance);
  result->frames = g_memdup2 (frames, sizeof frames);
  gst_emotion2vec_result_set_scores (result, labels, scores, 2);
  json = gst_emotion2vec_result_to_json (result);
  g_assert_cmpstr (json, ==, "{\"element\": \"e\\n0\", "
      "\"id\": 18446744073709551614, \"timestamp\": 1, "
      "\"duration\": 3000000000, \"stream-time\": 2, "
      "\"endtime\": 3000000002, \"trigger\": \"interval\", "
      "\"stream-id\": \"Zoë\", \"label\": \"so \\\"so\\\"\", "
      "\"confidence\": 0.66666666666666674, "
      "\"scores\": [0.33333333333333331, 0.66666666666666674], "
      "\"labels\": [\"angry\", \"so \\\"so\\\"\"], "
      "\"below-threshold\": false, \"level\": -350, \"silent\": false, "
      "\"partial\": true, \"model\": \"m\", \"inference-time\": 7, "
      "\"utterance-embedding\": [1.5, -0.1], "
      "\"frame-embedding\": [[1, 2], [3, 4], [5, 6.25]], "
      "\"frame-rate\": 49.5}");
}

static void
test_odd_fields (void)
{
  check ("emotion2vec", "{}");
  check ("emotion2vec, timestamp=(guint64)18446744073709551615, "
      "level=(double)nan, confidence=(double)inf, channel=(int)-1, "
      "rate=(fraction)1/2, who=(float)1.0, inner=(structure)\"a,b=(int)1;\", "
      "scores=(double)< 0.5, nan >, labels=< (int)1, (int)2 >, "
      "list=(int){ 1, 2 }, id=(guint64)3", "{\"id\": 3}");
  check ("emotion2vec, scores=< >, labels=(string)< \"\" >",
      "{\"scores\": [], \"labels\": [\"\"]}");
}

static GstBuffer *
new_buffer (const float *values, gsize n)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, n * sizeof (float), NULL);

  gst_buffer_fill (buffer, 0, values, n * sizeof (float));
  return buffer;
}

/* A sample of @n floats with @caps, or without if NULL. */
static void
check_sample (const char *caps, const float *values, gsize n,
    const char *expected)
{
  g_autoptr (GstCaps) shape = caps ? gst_caps_from_string (caps) : NULL;
  g_autoptr (GstBuffer) buffer = new_buffer (values, n);
  g_autoptr (GstSample) sample = gst_sample_new (buffer, shape, NULL, NULL);
  g_autoptr (GstStructure) structure = gst_structure_new ("emotion2vec",
      "frame-scores", GST_TYPE_SAMPLE, sample, NULL);
  g_autofree char *json = NULL;

  g_assert_true (!caps || shape);
  json = gst_emotion2vec_json_from_structure (structure);
  g_assert_cmpstr (json, ==, expected);
}

#define NATIVE "endianness=(int)" G_STRINGIFY (G_BYTE_ORDER)
#define FLOATS "application/x-emotion2vec-scores, type=float32, " NATIVE

static void
test_odd_samples (void)
{
  static const float values[] = { 1, 2, 3, 4 };
  static const float broken[] = { 1, NAN };

  check_sample (FLOATS ", dims=(int)<2, 2>, rate=(fraction)50/1", values, 4,
      "{\"frame-scores\": [[1, 2], [3, 4]], \"frame-rate\": 50}");
  check_sample (FLOATS ", dims=(int)<4>", values, 4,
      "{\"frame-scores\": [1, 2, 3, 4]}");
  check_sample (FLOATS ", dims=(int)<1, 4>, rate=(fraction)0/1", values, 4,
      "{\"frame-scores\": [[1, 2, 3, 4]]}");
  check_sample (NULL, values, 4, "{}");
  check_sample ("ANY", values, 4, "{}");
  check_sample (FLOATS, values, 4, "{}");
  check_sample (FLOATS ", dims=(int)<2>", values, 4, "{}");
  check_sample (FLOATS ", dims=(int)<3, 2>", values, 4, "{}");
  check_sample (FLOATS ", dims=(int)<2, 2>", values, 3, "{}");
  check_sample (FLOATS ", dims=(int)<0, 2>", values, 0, "{}");
  check_sample (FLOATS ", dims=(int)<-1, -4>", values, 4, "{}");
  check_sample (FLOATS ", dims=(int)<0>", values, 0, "{}");
  check_sample (FLOATS ", dims=(int)<1, 2, 2>", values, 4, "{}");
  check_sample (FLOATS ", dims=< >", values, 4, "{}");
  check_sample (FLOATS ", dims=(double)<2.0, 2.0>", values, 4, "{}");
  check_sample (FLOATS ", dims=(int)<2147483647, 2147483647>", values, 4, "{}");
  check_sample ("x/y, type=int8, " NATIVE ", dims=(int)<4>", values, 4, "{}");
  check_sample ("x/y, type=float32, endianness=(int)1, dims=(int)<4>", values,
      4, "{}");
  check_sample (FLOATS ", dims=(int)<2>", broken, 2, "{}");
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/result", test_result);
  g_test_add_func ("/json/odd-fields", test_odd_fields);
  g_test_add_func ("/json/odd-samples", test_odd_samples);
  return g_test_run ();
}
