/* test-breaks.c - what ends a stretch of audio, and what then happens to times and results.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rig.h"

#include <string.h>

#define MS GST_MSECOND

static Rig *
new_rig (const GstSegment * segment)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_S16LE, 16000, 1, FALSE);

  return rig_new (&info, segment, "window", 1000 * MS, "interval", 500 * MS,
      "minimum-duration", 200 * MS, NULL);
}

/* @spans: start and length in ms of each, ended by a length of 0. */
static void
check_spans (Rig * rig, const guint * spans)
{
  g_autoptr (GPtrArray) results = rig_results (rig, LOG_MESSAGE);
  guint k;

  for (k = 0; spans[2 * k + 1]; k++) {
    g_assert_cmpuint (k, <, results->len);
    rig_assert_span (results->pdata[k], spans[2 * k], spans[2 * k + 1]);
  }
  g_assert_cmpuint (results->len, ==, k);
}

static void
check_times (const GstStructure * fields, GstClockTime timestamp,
    GstClockTime stream_time, GstClockTime running_time)
{
  g_assert_cmpuint (rig_u64 (fields, "timestamp"), ==, timestamp);
  g_assert_cmpuint (rig_u64 (fields, "stream-time"), ==, stream_time);
  g_assert_cmpuint (rig_u64 (fields, "running-time"), ==, running_time);
}

static void
test_discont (void)
{
  static const guint spans[] = { 0, 1000, 300, 1000, 9000, 1000, 9200, 1000,
    0, 0
  };
  Rig *rig = new_rig (NULL);
  guint event;

  rig_push_silence (rig, 1300, 0);
  rig_push_silence (rig, 1200, 9000 * MS);
  /* the last result before the hole came before the first buffer after it */
  event = rig_index_of_event (rig, GST_EVENT_CUSTOM_DOWNSTREAM);
  g_assert_cmpuint (((LogEntry *) rig->log->pdata[event + 1])->pts, ==,
      9000 * MS);
  rig_send (rig, gst_event_new_eos ());
  check_spans (rig, spans);
  rig_free (rig);
}

/* 40 ms are jitter, also with the flag. */
static void
test_jitter (void)
{
  static const guint spans[] = { 0, 1000, 500, 1000, 0, 0 };
  Rig *rig = new_rig (NULL);
  g_autofree guint8 *silence = g_malloc0 (320);
  GstBuffer *buffer = NULL;

  rig_push_silence (rig, 700, 0);
  buffer = rig_buffer (rig, silence, 160, 0, 160, 740 * MS);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  gst_harness_push (rig->harness, buffer);
  rig_push_silence (rig, 790, 710 * MS);
  rig_send (rig, gst_event_new_eos ());
  check_spans (rig, spans);
  rig_free (rig);
}

static void
push_gap_buffers (Rig * rig, guint ms, GstClockTime start)
{
  g_autofree guint8 *loud = g_malloc (320);

  memset (loud, 0x55, 320);
  for (guint i = 0; i < ms; i += 10) {
    GstBuffer *buffer = rig_buffer (rig, loud, 160, 0, 160, start + i * MS);

    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
    gst_harness_push (rig->harness, buffer);
  }
}

static void
test_gap_buffers (void)
{
  static const guint spans[] = { 0, 1000, 500, 1000, 3500, 1000, 0, 0 };
  Rig *rig = new_rig (NULL);
  g_autoptr (GPtrArray) results = NULL;
  double level;

  rig_push_silence (rig, 900, 0);
  push_gap_buffers (rig, 200, 900 * MS);
  rig_push_silence (rig, 400, 1100 * MS);
  push_gap_buffers (rig, 2000, 1500 * MS);
  rig_push_silence (rig, 1000, 3500 * MS);
  rig_send (rig, gst_event_new_eos ());
  check_spans (rig, spans);
  results = rig_results (rig, LOG_MESSAGE);
  /* what a gap's memory holds is not heard */
  gst_structure_get_double (results->pdata[0], "level", &level);
  g_assert_cmpfloat_with_epsilon (level, -350, 1e-6);
  rig_free (rig);
}

static void
test_gap_events (void)
{
  static const guint spans[] = { 0, 1000, 500, 1000, 6500, 1000, 6700, 1000,
    0, 0
  };
  Rig *rig = new_rig (NULL);

  rig_push_silence (rig, 900, 0);
  rig_send (rig, gst_event_new_gap (900 * MS, 200 * MS));
  rig_push_silence (rig, 400, 1100 * MS);
  rig_send (rig, gst_event_new_gap (1500 * MS, 5000 * MS));
  rig_push_silence (rig, 1200, 6500 * MS);
  /* of unknown length: a break */
  rig_send (rig, gst_event_new_gap (7700 * MS, GST_CLOCK_TIME_NONE));
  check_spans (rig, spans);
  rig_free (rig);
}

static void
send_caps (Rig * rig, const GstAudioInfo * info)
{
  g_autoptr (GstCaps) caps = gst_audio_info_to_caps (info);

  rig_send (rig, gst_event_new_caps (caps));
}

static void
test_caps_change (void)
{
  static const guint spans[] = { 0, 1000, 300, 1000, 1300, 500, 0, 0 };
  GstAudioInfo other = rig_audio (GST_AUDIO_FORMAT_F32LE, 48000, 2, FALSE);
  Rig *rig = new_rig (NULL);
  guint event;

  rig_push_silence (rig, 1300, 0);
  /* the same caps once more are no change */
  send_caps (rig, &rig->info);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 1);
  send_caps (rig, &other);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 2);
  event = rig_index_of_event (rig, GST_EVENT_CUSTOM_DOWNSTREAM);
  g_assert_cmpint (((LogEntry *) rig->log->pdata[event + 1])->event, ==,
      GST_EVENT_CAPS);
  rig->info = other;
  rig_push_silence (rig, 500, 1300 * MS);
  rig_send (rig, gst_event_new_eos ());
  check_spans (rig, spans);
  rig_free (rig);
}

/* Seeks, edits: times carry the segment's mapping, of the segment in which the window lay. */
static void
test_segments (void)
{
  Rig *rig;
  GstSegment segment;
  g_autoptr (GPtrArray) results = NULL;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 2000 * MS;
  segment.time = 7000 * MS;
  segment.base = 300 * MS;
  rig = new_rig (&segment);
  rig_push_silence (rig, 1300, 2000 * MS);
  /* the same mapping with an end: the stretch goes on */
  segment.stop = 99000 * MS;
  rig_send (rig, gst_event_new_segment (&segment));
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 1);
  segment.base = 10000 * MS;
  segment.time = 0;
  segment.rate = 2.0;
  rig_send (rig, gst_event_new_segment (&segment));
  rig_push_silence (rig, 1000, 3000 * MS);
  rig_send (rig, gst_event_new_segment_done (GST_FORMAT_TIME, 4000 * MS));
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 3);
  check_times (results->pdata[0], 2000 * MS, 7000 * MS, 300 * MS);
  check_times (results->pdata[1], 2300 * MS, 7300 * MS, 600 * MS);
  check_times (results->pdata[2], 3000 * MS, 1000 * MS, 10500 * MS);
  rig_free (rig);
}

/* What lies outside the segment is not heard, though it passes. */
static void
test_clipping (void)
{
  Rig *rig;
  GstSegment segment;
  g_autoptr (GPtrArray) results = NULL;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 333 * MS;
  segment.time = 0;
  segment.stop = 1733 * MS;
  rig = new_rig (&segment);
  rig_push_silence (rig, 3000, 0);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (rig->audio->len, ==, 96000);
  g_assert_cmpuint (results->len, ==, 2);
  check_times (results->pdata[0], 333 * MS, 0, 0);
  check_times (results->pdata[1], 733 * MS, 400 * MS, 400 * MS);
  rig_free (rig);
}

/* Without a TIME segment there are results, but no times, and no criticals. */
static void
test_no_times (void)
{
  Rig *rig;
  GstSegment segment;
  g_autoptr (GPtrArray) results = NULL;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  rig = new_rig (&segment);
  rig_push_silence (rig, 1500, GST_CLOCK_TIME_NONE);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 2);
  check_times (results->pdata[1], GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE,
      GST_CLOCK_TIME_NONE);
  g_assert_cmpuint (rig_u64 (results->pdata[1], "endtime"), ==,
      GST_CLOCK_TIME_NONE);
  g_assert_cmpuint (rig_u64 (results->pdata[1], "duration"), ==, 1000 * MS);
  rig_free (rig);

  /* a TIME segment, but no time stamps: counted from the segment's start */
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 5000 * MS;
  rig = new_rig (&segment);
  rig_push_silence (rig, 1500, GST_CLOCK_TIME_NONE);
  g_ptr_array_unref (results);
  results = rig_results (rig, LOG_MESSAGE);
  check_times (results->pdata[1], 5500 * MS, 5500 * MS, 500 * MS);
  rig_free (rig);
}

static void
test_reverse (void)
{
  Rig *rig;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = -1;
  segment.stop = 5000 * MS;
  rig = new_rig (&segment);
  for (gint i = 4; i >= 0; i--)
    rig_push_silence (rig, 1000, i * 1000 * MS);
  rig_send (rig, gst_event_new_gap (0, 5 * MS));
  rig_send (rig, gst_event_new_eos ());
  g_assert_cmpuint (rig->audio->len, ==, 160000);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 0);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_INFO), ==, 1);
  rig_free (rig);
}

static void
test_flush (void)
{
  static const guint spans[] = { 0, 1000, 7000, 500, 0, 0 };
  Rig *rig = new_rig (NULL);
  GstSegment segment;
  g_autoptr (GPtrArray) results = NULL;

  rig_push_silence (rig, 1400, 0);
  rig_send (rig, gst_event_new_flush_start ());
  rig_send (rig, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (rig, gst_event_new_segment (&segment));
  rig_push_silence (rig, 500, 7000 * MS);
  rig_send (rig, gst_event_new_eos ());
  check_spans (rig, spans);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (rig_u64 (results->pdata[1], "id"), ==, 1);
  rig_free (rig);
}

static void
test_new_stream (void)
{
  static const guint spans[] = { 0, 1000, 300, 1000, 0, 1000, 0, 0 };
  Rig *rig = new_rig (NULL);
  GstSegment segment;
  g_autoptr (GPtrArray) results = NULL;

  rig_push_silence (rig, 1300, 0);
  rig_send (rig, gst_event_new_stream_start ("another"));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = 1300 * MS;
  rig_send (rig, gst_event_new_segment (&segment));
  rig_push_silence (rig, 1000, 0);
  check_spans (rig, spans);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpstr (gst_structure_get_string (results->pdata[2], "stream-id"),
      ==, "another");
  g_assert_cmpuint (rig_u64 (results->pdata[2], "id"), ==, 0);
  g_assert_cmpuint (rig_u64 (results->pdata[2], "running-time"), ==, 1300 * MS);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/breaks/discont", test_discont);
  g_test_add_func ("/breaks/jitter", test_jitter);
  g_test_add_func ("/breaks/gap-buffers", test_gap_buffers);
  g_test_add_func ("/breaks/gap-events", test_gap_events);
  g_test_add_func ("/breaks/caps-change", test_caps_change);
  g_test_add_func ("/breaks/segments", test_segments);
  g_test_add_func ("/breaks/clipping", test_clipping);
  g_test_add_func ("/breaks/no-times", test_no_times);
  g_test_add_func ("/breaks/reverse", test_reverse);
  g_test_add_func ("/breaks/flush", test_flush);
  g_test_add_func ("/breaks/new-stream", test_new_stream);
  return g_test_run ();
}
