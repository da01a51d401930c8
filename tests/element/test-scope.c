/* test-scope.c - the emotion2vecscope element: frames, their times, and the colours at places that follow from scores made by
 * hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resultkit.h"

#include <gst/audio/audio.h>

/* Of the palette. */
#define ANGRY 0xb96600
#define SAD 0x0a4ada

#define CAPS(format, width, height, rate) "emotion2vecscope theme=light " \
    "! capsfilter caps=video/x-raw,format=" format ",width=" width \
    ",height=" height ",framerate=" rate

static void
add_array (GstStructure * fields, const char *name, GType type,
    const char *items)
{
  g_auto (GStrv) words = g_strsplit (items, " ", -1);
  GValue array = G_VALUE_INIT;

  g_value_init (&array, GST_TYPE_ARRAY);
  for (guint i = 0; words[i]; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, type);
    if (type == G_TYPE_STRING)
      g_value_set_string (&value, words[i]);
    else
      g_value_set_double (&value, g_ascii_strtod (words[i], NULL));
    gst_value_array_append_and_take_value (&array, &value);
  }
  gst_structure_take_value (fields, name, &array);
}

/* A bin with the scope in front of a filter for the caps. */
static GstHarness *
new_scope (const char *launch)
{
  GstHarness *harness = gst_harness_new_parse (launch);

  gst_harness_set_src_caps_str (harness, "audio/x-raw, format=S16LE, "
      "rate=16000, channels=1, layout=interleaved");
  return harness;
}

/* 100 ms of full scale square wave, with a result that is over now: 1/4 angry, 3/4 sad, or another share. */
static void
push (GstHarness * harness, guint start, guint64 id, const char *scores)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 3200, NULL);
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (guint i = 0; i < 1600; i++)
    ((gint16 *) map.data)[i] = i / 8 % 2 ? G_MAXINT16 : G_MININT16;
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = start * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = 100 * GST_MSECOND;
  if (scores) {
    GstStructure *fields = kit_result (id, start - 2900, 3000, "sad", 0.75);

    add_array (fields, "labels", G_TYPE_STRING, "angry sad");
    add_array (fields, "scores", G_TYPE_DOUBLE, scores);
    gst_harness_push_event (harness, gst_event_new_custom
        (GST_EVENT_CUSTOM_DOWNSTREAM, fields));
  }
  g_assert_cmpint (gst_harness_push (harness, buffer), ==, GST_FLOW_OK);
}

static guint32
pixel (GstBuffer * buffer, guint width, guint x, guint y)
{
  guint8 bytes[4];

  gst_buffer_extract (buffer, (y * width + x) * 4, bytes, 4);
  return (guint32) bytes[2] << 16 | (guint32) bytes[1] << 8 | bytes[0];
}

/* Frame n is of [n / rate, (n + 1) / rate), and there is one for each that the audio covers. */
static void
test_frames (void)
{
  GstHarness *harness = new_scope (CAPS ("BGRx", "320", "120", "30000/1001"));
  GstBuffer *buffer;
  guint n = 0;

  for (guint i = 0; i < 20; i++)
    push (harness, i * 100, 0, NULL);
  while ((buffer = gst_harness_try_pull (harness))) {
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==,
        gst_util_uint64_scale (n, 1001 * GST_SECOND, 30000));
    g_assert_cmpuint (GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer),
        ==, gst_util_uint64_scale (n + 1, 1001 * GST_SECOND, 30000));
    g_assert_cmpuint (gst_buffer_get_size (buffer), ==, 320 * 120 * 4);
    gst_buffer_unref (buffer);
    n++;
  }
  /* 2 s * 29.97 = 59.94 */
  g_assert_cmpuint (n, ==, 59);
  gst_harness_teardown (harness);
}

/* Slower than a frame a second, and audio that jumps: frames begin anew where it goes on. */
static void
test_slow_and_jump (void)
{
  GstHarness *harness = new_scope (CAPS ("BGRx", "320", "120", "1/3"));
  const guint expected[] = { 0, 3, 6, 60 };

  for (guint i = 0; i < 100; i++)
    push (harness, i * 100, 0, NULL);
  for (guint i = 600; i < 630; i++)
    push (harness, i * 100, 0, NULL);
  g_assert_cmpuint (gst_harness_buffers_received (harness), ==, 4);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autoptr (GstBuffer) buffer = gst_harness_pull (harness);

    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, expected[i] * GST_SECOND);
    g_assert_cmpint (GST_BUFFER_IS_DISCONT (buffer), ==, i % 3 == 0);
  }
  gst_harness_teardown (harness);
}

static void
test_default_caps (void)
{
  GstHarness *harness = new_scope ("emotion2vecscope");
  g_autoptr (GstCaps) caps = NULL;
  GstStructure *video;
  gint width, height, numerator, denominator;

  push (harness, 0, 0, NULL);
  caps = gst_pad_get_current_caps (harness->sinkpad);
  video = gst_caps_get_structure (caps, 0);
  gst_structure_get_int (video, "width", &width);
  gst_structure_get_int (video, "height", &height);
  gst_structure_get_fraction (video, "framerate", &numerator, &denominator);
  g_assert_cmpint (width, ==, 640);
  g_assert_cmpint (height, ==, 240);
  g_assert_cmpint (numerator, ==, 25 * denominator);
  gst_harness_teardown (harness);
}

static GstBuffer *
last_frame (GstHarness * harness)
{
  GstBuffer *buffer, *last = NULL;

  while ((buffer = gst_harness_try_pull (harness))) {
    gst_clear_buffer (&last);
    last = buffer;
  }
  g_assert_nonnull (last);
  return last;
}

/* Plot of 900 x 100 pixels at 10 s and more: legend 7.2 * 9, no axis; scores on 0 to 68 (70 %), the wave below. */
static void
test_colours (void)
{
  GstHarness *harness = new_scope (CAPS ("BGRA", "1000", "100", "10/1"));
  g_autoptr (GstBuffer) frame = NULL;
  guint8 alpha;

  for (guint i = 0; i < 100; i++)
    push (harness, i * 100, i / 10, i % 10 == 9 && i > 28 ? "0.25 0.75" : NULL);
  frame = last_frame (harness);
  /* at 5 s, which is in the middle of the plot: a quarter of the height down is the border */
  for (guint y = 40; y < 66; y++)
    g_assert_cmphex (pixel (frame, 1000, 470, y), ==, SAD);
  g_assert_cmphex (pixel (frame, 1000, 470, 15), ==, ANGRY);
  g_assert_cmphex (pixel (frame, 1000, 470, 18), ==, SAD);
  /* the wave is of full scale, in the colour of the label */
  for (guint y = 74; y < 94; y++)
    g_assert_cmphex (pixel (frame, 1000, 470, y), ==, SAD);
  /* the newest result is of 7 to 10 s: it speaks until 9 s; what was said after that is not known */
  g_assert_cmphex (pixel (frame, 1000, 830, 50), ==, SAD);
  g_assert_cmphex (pixel (frame, 1000, 855, 50), ==, 0xf4f5f7);
  gst_buffer_extract (frame, 3, &alpha, 1);
  g_assert_cmpuint (alpha, ==, 255);
  gst_harness_teardown (harness);
}

/* Scores go in straight lines from the centre of a window to the next. */
static void
test_slope (void)
{
  GstHarness *harness = new_scope (CAPS ("BGRx", "1000", "100", "10/1"));
  g_autoptr (GstBuffer) frame = NULL;

  for (guint i = 0; i < 100; i++)
    push (harness, i * 100, i / 10, i == 69 ? "1 0" : i == 79 ? "0 1" : NULL);
  frame = last_frame (harness);
  /* centres at 5.5 and 6.5 s; all angry there, all sad here, and half of each at 6 s, which is at 0.6 of 935 pixels */
  g_assert_cmphex (pixel (frame, 1000, 512, 65), ==, ANGRY);
  g_assert_cmphex (pixel (frame, 1000, 610, 3), ==, SAD);
  g_assert_cmphex (pixel (frame, 1000, 561, 29), ==, ANGRY);
  g_assert_cmphex (pixel (frame, 1000, 561, 39), ==, SAD);
  /* where nothing was heard */
  g_assert_cmphex (pixel (frame, 1000, 360, 50), ==, 0xf4f5f7);
  gst_harness_teardown (harness);
}

/* Frames that nobody would see are not drawn, but they come. */
static void
test_late (void)
{
  GstHarness *harness = new_scope (CAPS ("BGRx", "320", "120", "10/1"));
  GstBuffer *first, *second, *third;

  push (harness, 0, 0, NULL);
  first = gst_harness_pull (harness);
  gst_harness_push_upstream_event (harness, gst_event_new_qos
      (GST_QOS_TYPE_UNDERFLOW, 1, 50 * GST_MSECOND, 0));
  /* earliest is 0 + 2 * 50 + 100 ms */
  push (harness, 100, 0, NULL);
  second = gst_harness_pull (harness);
  g_assert_cmpuint (GST_BUFFER_PTS (second), ==, 100 * GST_MSECOND);
  g_assert_true (gst_buffer_peek_memory (first, 0) ==
      gst_buffer_peek_memory (second, 0));
  push (harness, 200, 0, NULL);
  third = gst_harness_pull (harness);
  g_assert_true (gst_buffer_peek_memory (third, 0) !=
      gst_buffer_peek_memory (second, 0));
  gst_buffer_unref (first);
  gst_buffer_unref (second);
  gst_buffer_unref (third);
  gst_harness_teardown (harness);
}

static void
test_latency (void)
{
  GstHarness *harness = new_scope (CAPS ("BGRx", "320", "120", "20/1"));

  push (harness, 0, 0, NULL);
  gst_harness_set_upstream_latency (harness, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (harness), ==, 90 * GST_MSECOND);
  gst_harness_teardown (harness);
}

/* Every format of audio, planes too, and sizes down to the smallest. */
static void
test_formats (void)
{
  for (guint f = GST_AUDIO_FORMAT_S8; f <= GST_AUDIO_FORMAT_F64BE; f++) {
    const char *format = gst_audio_format_to_string ((GstAudioFormat) f);
    g_autofree char *launch = g_strdup_printf ("audiotestsrc num-buffers=10 "
        "! audio/x-raw,format=%s,channels=2,layout=%s,rate=8000 "
        "! emotion2vecscope ! video/x-raw,width=%u,height=16 ! fakesink",
        format, f % 2 ? "interleaved" : "non-interleaved", 16 + f);
    g_autoptr (GstElement) pipeline = gst_parse_launch (launch, NULL);
    g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
    g_autoptr (GstMessage) message = NULL;

    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
        GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
    gst_element_set_state (pipeline, GST_STATE_NULL);
  }
}

int
main (int argc, char **argv)
{
  GstElement *scope;

  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  scope = gst_element_factory_make ("emotion2vecscope", NULL);
  if (!scope) {
    g_print ("1..0 # SKIP built without cairo\n");
    return 77;
  }
  gst_object_unref (scope);
  g_test_add_func ("/scope/frames", test_frames);
  g_test_add_func ("/scope/slow-and-jump", test_slow_and_jump);
  g_test_add_func ("/scope/default-caps", test_default_caps);
  g_test_add_func ("/scope/colours", test_colours);
  g_test_add_func ("/scope/slope", test_slope);
  g_test_add_func ("/scope/late", test_late);
  g_test_add_func ("/scope/latency", test_latency);
  g_test_add_func ("/scope/formats", test_formats);
  return g_test_run ();
}
