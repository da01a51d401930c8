/* test-json.c - the emotion2vecjson element: one object a line, at once, with the time of the world where it is known.
 *
 * Results are made by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resultkit.h"

#include <string.h>

/* The line of result @id of three seconds from @id seconds on; @more: further fields. */
#define LINE(id, ns, end, more) "{\"element\": \"e\", \"stream-id\": \"s\", " \
    "\"id\": " id ", \"timestamp\": " ns ", \"duration\": 3000000000, " \
    "\"stream-time\": " ns ", \"running-time\": " ns ", \"endtime\": " end \
    ", \"trigger\": \"interval\", \"interval\": 1000000000, " \
    "\"level\": -20, \"silent\": false, \"partial\": false, " \
    "\"label\": \"happy\", \"confidence\": 0.5, " \
    "\"below-threshold\": false" more "}\n|"

static void
test_lines (void)
{
  Kit *kit = kit_new ("emotion2vecjson", FALSE);

  kit_push (kit, 0, 2900);
  kit_push_result (kit, 2900, kit_result (0, 0, 3000, "happy", 0.5));
  kit_assert_log (kit, "text 0-3000 " LINE ("0", "0", "3000000000", ""));
  kit_push_result (kit, 3000, kit_result (0, 0, 3000, "happy", 0.5));
  kit_assert_log (kit, "");
  /* an event goes out at once, and before EOS */
  kit_send_result (kit, kit_result (1, 1000, 3000, "happy", 0.5));
  kit_assert_log (kit, "text 1000-4000 "
      LINE ("1", "1000000000", "4000000000", ""));
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "eos|");
  kit_free (kit);
}

/* A result that comes before all audio. */
static void
test_early (void)
{
  Kit *kit = kit_new ("emotion2vecjson", FALSE);

  kit_send_result (kit, kit_result (0, 0, 3000, "happy", 0.5));
  kit_send (kit, gst_event_new_eos ());
  kit_assert_log (kit, "text 0-3000 " LINE ("0", "0", "3000000000", "") "eos|");
  kit_free (kit);
}

/* A buffer of 100 ms with a result and a mark of @clock. */
static GstBuffer *
mark (guint start, const char *clock, guint64 time)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 3200, NULL);
  g_autoptr (GstCaps) caps = gst_caps_from_string (clock);

  gst_buffer_memset (buffer, 0, 0, 3200);
  GST_BUFFER_PTS (buffer) = start * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = 100 * GST_MSECOND;
  gst_buffer_add_reference_timestamp_meta (buffer, caps, time,
      GST_CLOCK_TIME_NONE);
  return buffer;
}

/* date -u -d @951782399 is 2000-02-28 23:59:59: a second later it is the 29th, of a leap year. NTP counts from 1900: 70
 * years with 17 leap days, (70 * 365 + 17) * 86400 = 2208988800 s more. */
static void
check_utc (const char *clock, guint64 seconds, const char *expected)
{
  Kit *kit = kit_new ("emotion2vecjson", FALSE);
  g_autofree char *log = NULL;

  g_assert_cmpint (gst_harness_push (kit->harness, mark (0, clock,
              seconds * GST_SECOND + 123456789)), ==, GST_FLOW_OK);
  kit_push (kit, 100, 3900);
  kit_push_result (kit, 3900, kit_result (1, 1000, 3000, "happy", 0.5));
  log = kit_take_log (kit);
  if (expected)
    g_assert_nonnull (strstr (log, expected));
  else
    g_assert_null (strstr (log, "utc"));
  kit_free (kit);
}

static void
test_utc (void)
{
  const char *expected = ", \"utc\": \"2000-02-29T00:00:00.123456789Z\"}";

  check_utc ("timestamp/x-unix", 951782399, expected);
  check_utc ("timestamp/x-ntp", 951782399 + 2208988800, expected);
  check_utc ("timestamp/x-ntp", 951782399, NULL);
  check_utc ("timestamp/x-ptp", 951782399, NULL);
}

/* The clocks drift: the mark before a window counts, not the first. */
static void
test_drift (void)
{
  Kit *kit = kit_new ("emotion2vecjson", FALSE);
  g_autofree char *log = NULL;

  for (guint i = 0; i < 5; i++) {
    g_assert_cmpint (gst_harness_push (kit->harness, mark (1000 * i,
                "timestamp/x-unix", i * (GST_SECOND + GST_MSECOND))), ==,
        GST_FLOW_OK);
    kit_push (kit, 1000 * i + 100, 1000 * i + 1000);
  }
  kit_send_result (kit, kit_result (0, 2500, 2000, "happy", 0.5));
  log = kit_take_log (kit);
  g_assert_nonnull (strstr (log, "\"utc\": \"1970-01-01T00:00:02.502000000Z"));
  kit_free (kit);
}

static void
test_latency (void)
{
  Kit *kit = kit_new ("emotion2vecjson", TRUE);

  gst_harness_set_upstream_latency (kit->harness, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (kit->harness), ==,
      40 * GST_MSECOND);
  kit_free (kit);
}

/* Ids are known for one stream: another one counts anew. */
static void
test_streams (void)
{
  Kit *kit = kit_new ("emotion2vecjson", FALSE);
  g_autofree char *log = NULL;

  kit_push_result (kit, 0, kit_result (0, 0, 3000, "happy", 0.5));
  kit_send (kit, gst_event_new_stream_start ("other"));
  kit_push_result (kit, 100, kit_result (0, 0, 3000, "happy", 0.5));
  kit_push_result (kit, 200, kit_result (0, 0, 3000, "happy", 0.5));
  log = kit_take_log (kit);
  g_assert_cmpint (strlen (log), ==,
      2 * strlen ("text 0-3000 " LINE ("0", "0", "3000000000", "")));
  kit_free (kit);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/lines", test_lines);
  g_test_add_func ("/json/early", test_early);
  g_test_add_func ("/json/utc", test_utc);
  g_test_add_func ("/json/drift", test_drift);
  g_test_add_func ("/json/latency", test_latency);
  g_test_add_func ("/json/streams", test_streams);
  return g_test_run ();
}
