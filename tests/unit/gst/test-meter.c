/* test-meter.c - counts and latencies of a stream: closed-form values.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecmeter.h"

/* Latencies of 1 to 300 ms: the last 256 are 45 to 300, their mean 172.5, and 244 of them (95.3 %) are at most 288. */
static void
test_latencies (void)
{
  GstEmotion2vecWindow window = { 0 };
  GstEmotion2vecRequest request = {.window = &window,.n_samples = 24000,
    .time = 500 * GST_MSECOND
  };
  GstEmotion2vecMeter meter = { 0 };
  GstEmotion2vecStreamStats stats;

  for (gint64 i = 1; i <= 300; i++)
    gst_emotion2vec_meter_add (&meter, &request, i * 1000);
  gst_emotion2vec_meter_read (&meter, &stats);
  g_assert_cmpuint (stats.done, ==, 300);
  g_assert_cmpuint (stats.latency_mean, ==, 172500 * GST_USECOND);
  g_assert_cmpuint (stats.latency_p95, ==, 288 * GST_MSECOND);
  g_assert_cmpuint (stats.audio_time, ==, 450 * GST_SECOND);
  g_assert_cmpuint (stats.inference_time, ==, 150 * GST_SECOND);
}

static void
test_few (void)
{
  GstEmotion2vecWindow window = { 0 };
  GstEmotion2vecRequest request = {.window = &window,.n_samples = 16000 };
  GstEmotion2vecMeter meter = { 0 };
  GstEmotion2vecStreamStats stats;

  gst_emotion2vec_meter_read (&meter, &stats);
  g_assert_false (GST_CLOCK_TIME_IS_VALID (stats.latency_mean));
  g_assert_false (GST_CLOCK_TIME_IS_VALID (stats.latency_p95));
  gst_emotion2vec_meter_add (&meter, &request, 7);
  gst_emotion2vec_meter_read (&meter, &stats);
  g_assert_cmpuint (stats.latency_mean, ==, 7 * GST_USECOND);
  g_assert_cmpuint (stats.latency_p95, ==, 7 * GST_USECOND);
}

/* What was not run has no part in latencies and times. */
static void
test_not_run (void)
{
  GstEmotion2vecWindow window = {.silent = TRUE };
  GstEmotion2vecRequest request = {.window = &window,.n_samples = 16000 };
  GError error = { 0 };
  GstEmotion2vecMeter meter = { 0 };
  GstEmotion2vecStreamStats stats;

  gst_emotion2vec_meter_add (&meter, &request, 7);
  window.silent = FALSE;
  request.error = &error;
  gst_emotion2vec_meter_add (&meter, &request, 7);
  request.error = NULL;
  request.rerun = TRUE;
  gst_emotion2vec_meter_add (&meter, &request, 9);
  gst_emotion2vec_meter_read (&meter, &stats);
  g_assert_cmpuint (stats.done, ==, 2);
  g_assert_cmpuint (stats.silent, ==, 1);
  g_assert_cmpuint (stats.failed, ==, 1);
  g_assert_cmpuint (stats.reruns, ==, 1);
  g_assert_cmpuint (stats.audio_time, ==, GST_SECOND);
  g_assert_cmpuint (stats.latency_mean, ==, 9 * GST_USECOND);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/meter/latencies", test_latencies);
  g_test_add_func ("/meter/few", test_few);
  g_test_add_func ("/meter/not-run", test_not_run);
  return g_test_run ();
}
