/* test-text.c - the emotion2vectext element: which text lies over which time.
 *
 * Results are made by hand, and what has to come out follows from the definition of the timeline: of windows of 3 s with
 * 1 s between them, window k speaks for [k + 1, k + 2), the first from its start and the last until its end.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resultkit.h"

#include <string.h>

#define SHORT "emotion2vectext template={label}"

/* Pushes audio over [0, @end) with windows of 3 s, one a second, whose labels begin with these letters; '-' is silence. */
static void
play (Kit * kit, const char *letters, guint end)
{
  for (guint at = 0; at < end; at += 100) {
    guint k = (at + 100) / 1000 - 3;
    const char letter[] = { k < strlen (letters) ? letters[k] : '-', 0 };

    if ((at + 100) % 1000 == 0 && at + 100 >= 3000 && k < strlen (letters))
      kit_push_result (kit, at, kit_result (k, 1000 * k, 3000,
              letter[0] == '-' ? NULL : letter, 0.5));
    else
      kit_push (kit, at, at + 100);
  }
}

static void
test_timeline (void)
{
  Kit *kit = kit_new (SHORT " merge=false", FALSE);

  play (kit, "abc", 5000);
  /* the first two are certain, the third may end with its window or with the next one's begin */
  kit_assert_log (kit, "text 0-2000 a|text 2000-3000 b|");
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "text 3000-5000 c|eos|");
  kit_free (kit);
}

/* The last window of a stretch lies off the grid: the one before it speaks as long as on the grid, up to 1 + (3 + 1) / 2 s. */
static void
test_off_grid (void)
{
  Kit *kit = kit_new (SHORT, FALSE);

  play (kit, "ab", 4300);
  kit_push_result (kit, 4300, kit_result (2, 1400, 3000, "c", 0.5));
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "text 0-2000 a|text 2000-3000 b|text 3000-4400 c|eos|");
  kit_free (kit);
}

static void
test_merge (void)
{
  Kit *kit = kit_new ("emotion2vectext template=\"{label} {confidence:.1%} "
      "{timestamp:.0f}+{duration:.0f}={endtime:.0f} {id}\"", FALSE);

  for (guint k = 0; k < 4; k++) {
    kit_push (kit, k == 0 ? 0 : 1000 * k + 2000, 1000 * k + 2900);
    kit_push_result (kit, 1000 * k + 2900, kit_result (k, 1000 * k, 3000,
            k < 3 ? "happy" : "sad", 0.2 + 0.1 * k));
  }
  kit_send (kit, gst_event_new_eos ());
  /* happy for 2, 1 and 1 seconds: (2 * 0.2 + 0.3 + 0.4) / 4 */
  kit_assert_log (kit, "text 0-4000 happy 27.5% 0+4=4 0|"
      "text 4000-6000 sad 50.0% 4+2=6 3|eos|");
  kit_free (kit);
}

static void
test_silence (void)
{
  Kit *kit = kit_new (SHORT, FALSE);

  play (kit, "-aa-b", 7000);
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "gap 0-2000|text 2000-4000 a|gap 4000-5000|"
      "text 5000-7000 b|eos|");
  kit_free (kit);
}

/* A result whose stretch ended without a word: it speaks until its window ends, and nobody waits for more. */
static void
test_stretch_ends (void)
{
  Kit *kit = kit_new (SHORT, FALSE);

  play (kit, "a", 20000);
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "text 0-3000 a|gap 3000-20000|eos|");
  kit_free (kit);
}

/* Results in events and doubles of them are the same results; those that have no audio left come before EOS. */
static void
test_doubles (void)
{
  Kit *kit = kit_new (SHORT " merge=false", FALSE);

  kit_push (kit, 0, 2900);
  kit_send_result (kit, kit_result (0, 0, 3000, "a", 0.5));
  kit_push_result (kit, 2900, kit_result (0, 0, 3000, "a", 0.5));
  kit_push_result (kit, 3000, kit_result (0, 0, 3000, "a", 0.5));
  kit_push (kit, 3100, 4000);
  kit_send_result (kit, kit_result (1, 1000, 3000, "b", 0.5));
  kit_send_result (kit, kit_result (0, 0, 3000, "a", 0.5));
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "text 0-2000 a|text 2000-4000 b|eos|");
  kit_free (kit);
}

static void
test_minimum (void)
{
  Kit *kit = kit_new (SHORT " minimum-duration=1500000000", FALSE);

  /* b and c speak for one second each: that is a's time. d has three. The first e has one, and then silence. */
  play (kit, "aabcddde-", 11000);
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "text 0-5000 a|text 5000-9000 d|gap 9000-11000|eos|");
  kit_free (kit);
}

static void
test_maximum (void)
{
  Kit *kit = kit_new (SHORT " maximum-duration=3000000000", FALSE);

  play (kit, "aaaaaa", 8000);
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "text 0-3000 a|text 3000-6000 a|text 6000-8000 a|eos|");
  kit_free (kit);
}

/* What is too old to wait for any longer goes out. */
static void
test_delay (void)
{
  Kit *kit = kit_new (SHORT " maximum-delay=4000000000 "
      "maximum-duration=60000000000", FALSE);

  /* at 4.1 s what begins before 0.1 s cannot wait; result 1 came at 4 s and told that the first speaks until 2 s */
  play (kit, "aaaaaaaa", 4100);
  kit_assert_log (kit, "text 0-2000 a|");
  kit_free (kit);
  /* nothing at all: gaps follow at that distance */
  kit = kit_new (SHORT " maximum-delay=4000000000", FALSE);
  kit_push (kit, 0, 10000);
  kit_assert_log (kit, "gap 0-6000|");
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "gap 6000-10000|eos|");
  kit_free (kit);
}

static GstStructure *
speech (guint64 id, guint start, guint duration, const char *label)
{
  GstStructure *result = kit_result (id, start, duration, label, 0.5);

  gst_structure_set (result, "trigger", G_TYPE_STRING, "speech", NULL);
  gst_structure_remove_field (result, "interval");
  return result;
}

static void
test_speech (void)
{
  Kit *kit = kit_new (SHORT, FALSE);

  kit_push (kit, 0, 2000);
  kit_push_result (kit, 2000, speech (0, 500, 1200, "a"));
  kit_push (kit, 2100, 4000);
  /* touches: the same text */
  kit_push_result (kit, 4000, speech (1, 1700, 1000, "a"));
  kit_push_result (kit, 4100, speech (2, 3000, 1000, "a"));
  /* of the other kind */
  kit_push_result (kit, 4200, kit_result (3, 1000, 3000, "z", 0.5));
  kit_push (kit, 4300, 5000);
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "gap 0-500|text 500-2700 a|gap 2700-3000|"
      "text 3000-4000 a|gap 4000-5000|eos|");
  kit_free (kit);
}

static GstStructure *
of_channel (gint channel, GstStructure * result)
{
  gst_structure_set (result, "channel", G_TYPE_INT, channel, NULL);
  return result;
}

/* Channel 1 first, to see them sorted. */
static void
play_channels (Kit * kit)
{
  kit_push (kit, 0, 2900);
  kit_send_result (kit, of_channel (1, kit_result (0, 0, 3000, "a", 0.5)));
  kit_push_result (kit, 2900, of_channel (0, kit_result (1, 0, 3000, "b",
              0.5)));
  kit_push (kit, 3000, 3900);
  kit_send_result (kit, of_channel (1, kit_result (2, 1000, 3000, "a", 0.5)));
  kit_push_result (kit, 3900, of_channel (0, kit_result (3, 1000, 3000, NULL,
              0)));
  kit_send (kit, gst_event_new_eos ());
}

static void
test_channels (void)
{
  Kit *kit = kit_new ("emotion2vectext template=\"{channel}{label}\"", FALSE);

  play_channels (kit);
  kit_assert_log (kit, "text 0-2000 0b\n1a|text 2000-4000 1a|eos|");
  kit_free (kit);
  kit = kit_new ("emotion2vectext channel=1 template=\"{channel}{label}\"",
      FALSE);
  play_channels (kit);
  kit_assert_log (kit, "text 0-4000 1a|eos|");
  kit_free (kit);
}

/* Live: a text is there from when its result came, on a grid that leaves no gaps, and nothing is held back. */
static void
test_arrival_grid (void)
{
  Kit *kit = kit_new (SHORT, TRUE);

  kit_push (kit, 0, 3100);
  kit_push_result (kit, 3100, kit_result (0, 0, 3000, "a", 0.5));
  kit_push (kit, 3200, 4000);
  /* this one is faster; its text is no earlier for that */
  kit_push_result (kit, 4000, kit_result (1, 1000, 3000, "b", 0.5));
  kit_push (kit, 4100, 6000);
  kit_assert_log (kit, "gap 0-3200|text 3200-4200 a|text 4200-5200 b|"
      "gap 5200-6000|");
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "eos|");
  kit_free (kit);
}

static void
test_latency (void)
{
  Kit *kit = kit_new (SHORT, TRUE);

  gst_harness_set_upstream_latency (kit->harness, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (kit->harness), ==,
      40 * GST_MSECOND);
  kit_free (kit);
  kit = kit_new (SHORT " timing=exact maximum-delay=4000000000", TRUE);
  gst_harness_set_upstream_latency (kit->harness, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (kit->harness), ==,
      4040 * GST_MSECOND);
  kit_free (kit);
}

/* Results are found by running time: the segment here begins at 10 s and the result was made under one from 0. */
static void
test_segment (void)
{
  GstSegment segment;
  Kit *kit;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 10 * GST_SECOND;
  segment.stop = 12 * GST_SECOND;
  kit = kit_new_with_segment (SHORT " merge=false", FALSE, &segment);
  kit_push (kit, 10000, 11900);
  kit_push_result (kit, 11900, kit_result (0, 500, 1000, "a", 0.5));
  kit_push_result (kit, 12000, kit_result (1, 1500, 1000, "b", 0.5));
  kit_send (kit, gst_event_new_eos ());
  /* nothing past the end of the segment, although there was audio */
  kit_assert_log (kit, "gap 10000-10500|text 10500-11500 a|"
      "text 11500-12000 b|eos|");
  kit_free (kit);
}

/* Another segment ends what was, a flush forgets it. */
static void
test_breaks (void)
{
  GstSegment segment;
  Kit *kit = kit_new (SHORT, FALSE);

  play (kit, "a", 3000);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = 3 * GST_SECOND;
  kit_send (kit, gst_event_new_segment (&segment));
  kit_assert_log (kit, "text 0-3000 a|");
  kit_push (kit, 0, 2900);
  /* of running time 2 to 5 s: before the segment; it came late */
  kit_push_result (kit, 2900, kit_result (1, 2000, 3000, "late", 0.5));
  kit_push_result (kit, 3000, kit_result (2, 3000, 3000, "b", 0.5));
  kit_send (kit, gst_event_new_flush_start ());
  kit_send (kit, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  kit_send (kit, gst_event_new_segment (&segment));
  kit_push (kit, 0, 900);
  kit_send_result (kit, kit_result (3, 0, 1000, "c", 0.5));
  kit_push (kit, 900, 1000);
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "flush-start|flush-stop|text 0-1000 c|eos|");
  kit_free (kit);
}

/* What comes after the segment that it is about is too late, and is nothing of the next one. */
static void
test_too_late (void)
{
  GstSegment segment;
  Kit *kit = kit_new (SHORT, FALSE);

  kit_push (kit, 0, 3000);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = 3 * GST_SECOND;
  kit_send (kit, gst_event_new_segment (&segment));
  kit_push_result (kit, 0, kit_result (0, 1000, 1000, "late", 0.5));
  kit_push (kit, 100, 1000);
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "gap 0-3000|gap 0-1000|eos|");
  kit_free (kit);
}

static void
test_looks (void)
{
  Kit *kit = kit_new ("emotion2vectext emoji=true colour=true "
      "template=\"<b>{label}</b>\"", FALSE);

  kit_push (kit, 0, 2900);
  kit_push_result (kit, 2900, kit_result (0, 0, 3000, "sad", 0.5));
  kit_send_result (kit, kit_result (1, 3000, 1000, "a<b", 0.5));
  kit_push (kit, 3000, 4000);
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "text 0-3000 <span foreground=\"#0a4ada\">"
      "\xf0\x9f\x98\xa2 <b>sad</b></span>|text 3000-4000 "
      "<span foreground=\"#0a4ada\"><b>a&lt;b</b></span>|eos|");
  kit_free (kit);
}

static void
test_bad_template (void)
{
  GstElement *element = gst_element_factory_make ("emotion2vectext", NULL);
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) warning = NULL;
  GstMessage *message;

  gst_element_set_bus (element, bus);
  g_object_set (element, "template", "{labl}", NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  gst_message_unref (message);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "no field 'labl'"));
  g_assert_nonnull (strstr (error->message, "label, confidence"));
  gst_element_set_state (element, GST_STATE_NULL);
  g_object_set (element, "template", "{label}", NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_object_set (element, "template", "{label", NULL);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  gst_message_parse_warning (message, &warning, NULL);
  gst_message_unref (message);
  g_assert_nonnull (strstr (warning->message, "never closed"));
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

/* The stream is one of its own, sparse, in the group of the audio. */
static void
test_stream (void)
{
  Kit *kit = kit_new (SHORT, FALSE);
  GstPad *src = gst_element_get_static_pad (kit->element, "src");
  GstEvent *event;
  GstStreamFlags flags;
  const char *id;

  kit_send (kit, gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "t",
              NULL)));
  kit_push (kit, 0, 100);
  event = gst_pad_get_sticky_event (src, GST_EVENT_STREAM_START, 0);
  gst_event_parse_stream_start (event, &id);
  gst_event_parse_stream_flags (event, &flags);
  g_assert_true (g_str_has_suffix (id, "/emotions"));
  g_assert_cmpint (flags & GST_STREAM_FLAG_SPARSE, ==, GST_STREAM_FLAG_SPARSE);
  gst_event_unref (event);
  event = gst_pad_get_sticky_event (src, GST_EVENT_TAG, 0);
  g_assert_null (event);
  gst_object_unref (src);
  kit_free (kit);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/timeline", test_timeline);
  g_test_add_func ("/text/off-grid", test_off_grid);
  g_test_add_func ("/text/merge", test_merge);
  g_test_add_func ("/text/silence", test_silence);
  g_test_add_func ("/text/stretch-ends", test_stretch_ends);
  g_test_add_func ("/text/doubles", test_doubles);
  g_test_add_func ("/text/minimum", test_minimum);
  g_test_add_func ("/text/maximum", test_maximum);
  g_test_add_func ("/text/delay", test_delay);
  g_test_add_func ("/text/speech", test_speech);
  g_test_add_func ("/text/channels", test_channels);
  g_test_add_func ("/text/arrival-grid", test_arrival_grid);
  g_test_add_func ("/text/latency", test_latency);
  g_test_add_func ("/text/segment", test_segment);
  g_test_add_func ("/text/breaks", test_breaks);
  g_test_add_func ("/text/too-late", test_too_late);
  g_test_add_func ("/text/looks", test_looks);
  g_test_add_func ("/text/bad-template", test_bad_template);
  g_test_add_func ("/text/stream", test_stream);
  return g_test_run ();
}
