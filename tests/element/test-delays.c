/* test-delays.c - what is held back, who is told of it, and what the element says about itself.
 *
 * Nothing here depends on time: the delay is set, as the warm-up and late results set it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "gstemotion2vecpriv.h"
#include "slowrig.h"

#define DELAY (200 * MS)

/* Windows of 500 ms every 250 ms, with align-results. */
static Rig *
new_rig (guint mode)
{
  GstAudioInfo info = slowrig_audio ();
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", 500 * MS, "interval", 250 * MS,
      "minimum-duration", 100 * MS, "mode", mode, "align-results", TRUE,
      "max-pending", 16, NULL);
  slowrig_settle (rig);
  slow_reset ();
  return rig;
}

/* Minimum latency that the element answers, beside upstream's 20 ms. */
static GstClockTime
own_latency (Rig * rig)
{
  gst_harness_set_upstream_latency (rig->harness, 20 * MS);
  return gst_harness_query_latency (rig->harness) - 20 * MS;
}

/* From now on as much is held back as the latency that it returns says. */
static GstClockTime
hold_back (Rig * rig)
{
  gst_emotion2vec_output_want_delay (GST_EMOTION2VEC (rig->element), DELAY,
      10 * MS);
  return own_latency (rig);
}

/* Results are late in these tests, and would make the delay longer: all is on the device as long as the gate is closed. */
static Rig *
new_holding_rig (void)
{
  Rig *rig = new_rig (MODE_ASYNC);
  GstClockTime latency = hold_back (rig);

  g_assert_cmpuint (latency, >=, DELAY);
  slow_close ();
  slowrig_push_noise (rig, 4000, 0);
  g_assert_cmpuint (slowrig_n_buffers (rig), ==, 400 - latency / (10 * MS));
  return rig;
}

/* All buffers are out, in order, @n of them. */
static void
check_order (const Rig * rig, guint n)
{
  guint k = 0;

  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    if (entry->kind == LOG_BUFFER)
      g_assert_cmpuint (entry->pts, ==, 10 * MS * k++);
  }
  g_assert_cmpuint (k, ==, n);
}

/* ---- LATENCY ---------------------------------------------------------------------------------------------------- */

/* The answer is upstream's but in async mode with align-results; whether upstream is live decides for mode=auto. */
static void
check_latency (guint mode, gboolean live, gboolean align, gboolean delays)
{
  GstAudioInfo info = slowrig_audio ();
  GstSegment segment;
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "mode", mode, "align-results", align, "window",
      500 * MS, NULL);
  slowrig_settle (rig);
  gst_harness_set_live (rig->harness, live);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (rig, gst_event_new_segment (&segment));
  if (delays)
    g_assert_cmpuint (hold_back (rig), >=, DELAY);
  else
    g_assert_cmpuint (hold_back (rig), ==, 0);
  slowrig_push_noise (rig, 300, 0);
  g_assert_cmpuint (slowrig_n_buffers (rig), <=, delays ? 10 : 30);
  g_assert_cmpuint (slowrig_n_buffers (rig), >=, delays ? 0 : 30);
  g_assert_true ((slowrig_stat (rig, "delay") > 0) == delays);
  rig_send (rig, gst_event_new_eos ());
  check_order (rig, 30);
  rig_free (rig);
}

static void
test_latency (void)
{
  check_latency (MODE_SYNC, TRUE, TRUE, FALSE);
  check_latency (MODE_SYNC, FALSE, TRUE, FALSE);
  check_latency (MODE_ASYNC, TRUE, TRUE, TRUE);
  check_latency (MODE_ASYNC, FALSE, TRUE, TRUE);
  check_latency (MODE_ASYNC, TRUE, FALSE, FALSE);
  check_latency (MODE_AUTO, TRUE, TRUE, TRUE);
  check_latency (MODE_AUTO, FALSE, TRUE, FALSE);
  check_latency (MODE_AUTO, TRUE, FALSE, FALSE);
}

/* Both ends of the range move, a maximum that does not exist stays so, and live is upstream's. */
static GstPadProbeReturn
answer_latency (GstPad * pad, GstPadProbeInfo * info, gpointer max)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return GST_PAD_PROBE_OK;
  gst_query_set_latency (query, TRUE, 30 * MS, *(const GstClockTime *) max);
  return GST_PAD_PROBE_HANDLED;
}

static void
check_range (GstClockTime upstream_max)
{
  Rig *rig = new_rig (MODE_ASYNC);
  GstClockTime latency = hold_back (rig), min, max;
  g_autoptr (GstPad) sink = gst_element_get_static_pad (rig->element, "sink");
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gulong probe;
  gboolean live;

  probe = gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM
      | GST_PAD_PROBE_TYPE_PUSH, answer_latency, &upstream_max, NULL);
  g_assert_true (gst_element_query (rig->element, query));
  gst_query_parse_latency (query, &live, &min, &max);
  gst_pad_remove_probe (sink, probe);
  g_assert_true (live);
  g_assert_cmpuint (min, ==, 30 * MS + latency);
  g_assert_cmpuint (max, ==, GST_CLOCK_TIME_IS_VALID (upstream_max) ?
      upstream_max + latency : GST_CLOCK_TIME_NONE);
  rig_free (rig);
}

static void
test_range (void)
{
  check_range (GST_CLOCK_TIME_NONE);
  check_range (500 * MS);
}

/* ---- what is held back ------------------------------------------------------------------------------------------ */

static void
test_drain (void)
{
  Rig *rig = new_holding_rig ();
  g_autoptr (GstQuery) query = gst_query_new_drain ();

  gst_pad_peer_query (rig->harness->srcpad, query);
  check_order (rig, 400);
  slow_open ();
  rig_free (rig);
}

/* Serialized events do not overtake it. */
static void
check_event (GstEvent * event)
{
  Rig *rig = new_holding_rig ();
  GstEventType type = GST_EVENT_TYPE (event);
  guint n = rig->log->len;

  rig_send (rig, event);
  check_order (rig, 400);
  for (guint i = n; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    g_assert_true (entry->kind != LOG_EVENT || entry->event != type
        || i == rig->log->len - 1);
  }
  slow_open ();
  rig_free (rig);
}

static void
test_events (void)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_S16LE, 44100, 2, FALSE);
  g_autoptr (GstCaps) caps = gst_audio_info_to_caps (&info);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = 60000 * MS;
  check_event (gst_event_new_caps (caps));
  check_event (gst_event_new_segment (&segment));
  check_event (gst_event_new_stream_start ("another"));
  check_event (gst_event_new_gap (4000 * MS, 10 * MS));
  check_event (gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "t", NULL)));
  check_event (gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("somebody-else")));
}

static void
count_end (gpointer n_alive, GstMiniObject * buffer)
{
  g_atomic_int_add ((gint *) n_alive, -1);
}

/* Pushes half a second of buffers that are counted as long as they live. */
static void
push_counted (Rig * rig, GstClockTime start, gint * n_alive)
{
  g_autofree float *noise = slowrig_noise (500, 1);

  for (guint i = 0; i < 50; i++) {
    GstBuffer *buffer = rig_buffer (rig, (guint8 *) noise, 8000, i * 160, 160,
        start + i * 10 * MS);

    g_atomic_int_inc (n_alive);
    gst_mini_object_weak_ref (GST_MINI_OBJECT (buffer), count_end, n_alive);
    g_assert_cmpint (gst_harness_push (rig->harness, buffer), ==, GST_FLOW_OK);
  }
}

/* A flush drops it, and results have their buffers again. */
static void
test_flush (void)
{
  Rig *rig = new_holding_rig ();
  GstClockTime latency = own_latency (rig);
  guint n = slowrig_n_buffers (rig);
  gint n_alive = 0;
  GstSegment segment;

  push_counted (rig, 4000 * MS, &n_alive);
  g_assert_cmpuint (slowrig_n_buffers (rig), ==, n + 50);
  /* of a slow device, all of them */
  g_assert_cmpint (n_alive, ==, MIN (latency / (10 * MS), 50));
  rig_send (rig, gst_event_new_flush_start ());
  rig_send (rig, gst_event_new_flush_stop (TRUE));
  g_assert_cmpint (n_alive, ==, 0);
  g_assert_cmpuint (slowrig_n_buffers (rig), ==, n + 50);
  slow_open ();
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (rig, gst_event_new_segment (&segment));
  slowrig_push_noise (rig, 500, 0);
  rig_send (rig, gst_event_new_eos ());
  g_assert_cmpuint (slowrig_n_buffers (rig), ==, n + 100);
  rig_free (rig);
}

/* So does READY. */
static void
test_ready (void)
{
  Rig *rig = new_holding_rig ();
  guint n = slowrig_n_buffers (rig);
  gint n_alive = 0;

  push_counted (rig, 4000 * MS, &n_alive);
  g_assert_cmpint (n_alive, >, 0);
  g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_assert_cmpint (n_alive, ==, 0);
  slow_open ();
  slowrig_restart (rig);
  /* the delay of the last time is forgotten, too */
  g_assert_cmpuint (slowrig_stat (rig, "delay"), ==, 0);
  slowrig_push_noise (rig, 500, 0);
  rig_send (rig, gst_event_new_eos ());
  g_assert_cmpuint (slowrig_n_buffers (rig), ==, n + 50 + 50);
  rig_free (rig);
}

/* ---- messages --------------------------------------------------------------------------------------------------- */

/* How many PROGRESS messages there are of @type about the warm-up. */
static guint
n_progress (Rig * rig, GstProgressType type)
{
  guint n = 0;

  rig_flush_bus (rig);
  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];
    gint its_type;

    if (entry->kind != LOG_MESSAGE || entry->message != GST_MESSAGE_PROGRESS)
      continue;
    g_assert_cmpstr (gst_structure_get_string (entry->fields, "code"), ==,
        "warm-up");
    g_assert_true (gst_structure_get (entry->fields, "type",
            GST_TYPE_PROGRESS_TYPE, &its_type, NULL));
    n += its_type == (gint) type;
  }
  return n;
}

static void
check_progress (Rig * rig, guint n_start, guint n_complete, guint n_error)
{
  slowrig_settle (rig);
  g_assert_cmpuint (n_progress (rig, GST_PROGRESS_TYPE_START), ==, n_start);
  g_assert_cmpuint (n_progress (rig, GST_PROGRESS_TYPE_COMPLETE), ==,
      n_complete);
  g_assert_cmpuint (n_progress (rig, GST_PROGRESS_TYPE_ERROR), ==, n_error);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ERROR), ==, n_error);
  rig_free (rig);
}

/* In the background but in sync mode, where PAUSED waits for it. */
static void
test_progress (void)
{
  GstAudioInfo info = slowrig_audio ();

  slow_reset ();
  check_progress (rig_new (&info, NULL, NULL), 0, 0, 0);
  g_assert_cmpuint (slow_n_runs (), >=, 1);
  check_progress (rig_new (&info, NULL, "mode", MODE_ASYNC, NULL), 1, 1, 0);
  check_progress (rig_new (&info, NULL, "mode", MODE_AUTO, NULL), 1, 1, 0);
  slow_fail (E2V_ERROR_DEVICE, 1);
  check_progress (rig_new (&info, NULL, "mode", MODE_ASYNC, NULL), 1, 0, 1);
  slow_reset ();
}

/* (transfer full): the only message of @type so far. */
static GstMessage *
the_message (Rig * rig, GstMessageType type)
{
  g_assert_cmpuint (rig_count_messages (rig, type), ==, 1);
  for (guint i = 0;; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    if (entry->kind == LOG_MESSAGE && entry->message == type)
      return gst_message_new_custom (type, NULL,
          gst_structure_copy (entry->fields));
  }
}

/* Which window was dropped, and of how many. */
static void
check_qos (gboolean live)
{
  Rig *rig = new_rig (MODE_ASYNC);
  GstSegment segment;
  g_autoptr (GstMessage) message = NULL;
  gboolean its_live;
  guint64 running_time, stream_time, timestamp, duration, processed, dropped;
  GstFormat format;

  g_object_set (rig->element, "max-pending", 1, NULL);
  gst_harness_set_live (rig->harness, live);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 10 * GST_SECOND;
  segment.time = 20 * GST_SECOND;
  segment.base = 40 * GST_SECOND;
  rig_send (rig, gst_event_new_segment (&segment));
  slow_close ();
  slowrig_push_noise (rig, 500, 10 * GST_SECOND);
  slow_wait_for_runs (1);
  /* window 1 waits, and has to go for window 2 */
  slowrig_push_noise (rig, 490, 10500 * MS);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_QOS), ==, 0);
  slowrig_push_noise (rig, 10, 10990 * MS);
  message = the_message (rig, GST_MESSAGE_QOS);
  gst_message_parse_qos (message, &its_live, &running_time, &stream_time,
      &timestamp, &duration);
  g_assert_cmpint (its_live, ==, live);
  g_assert_cmpuint (timestamp, ==, 10250 * MS);
  g_assert_cmpuint (stream_time, ==, 20250 * MS);
  g_assert_cmpuint (running_time, ==, 40250 * MS);
  g_assert_cmpuint (duration, ==, 500 * MS);
  gst_message_parse_qos_stats (message, &format, &processed, &dropped);
  g_assert_cmpint (format, ==, GST_FORMAT_DEFAULT);
  g_assert_cmpuint (processed, ==, 0);
  g_assert_cmpuint (dropped, ==, 1);
  slow_open ();
  rig_free (rig);
}

static void
test_qos (void)
{
  check_qos (TRUE);
  check_qos (FALSE);
}

/* ---- statistics ------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  GType type;
} Field;

static void
check_fields (const GstElement * element, const Field * fields, guint n)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get ((gpointer) element, "stats", &stats, NULL);
  g_assert_cmpint (gst_structure_n_fields (stats), ==, n);
  for (guint i = 0; i < n; i++) {
    g_test_message ("%s", fields[i].name);
    g_assert_true (gst_structure_has_field_typed (stats, fields[i].name,
            fields[i].type));
  }
}

/* As docs/element.md lists them; without a model, only those that need none. */
static void
test_stats (void)
{
  const Field fields[] = {
    {"late", G_TYPE_UINT64}, {"reverse", G_TYPE_UINT64},
    {"delay", G_TYPE_UINT64}, {"windows", G_TYPE_UINT64},
    {"results", G_TYPE_UINT64}, {"dropped", G_TYPE_UINT64},
    {"silent", G_TYPE_UINT64}, {"failed", G_TYPE_UINT64},
    {"re-run", G_TYPE_UINT64}, {"pending", G_TYPE_UINT},
    {"latency-mean", G_TYPE_UINT64}, {"latency-p95", G_TYPE_UINT64},
    {"real-time-factor", G_TYPE_DOUBLE}, {"model", G_TYPE_STRING},
    {"device", G_TYPE_STRING}
  };
  GstElement *element = gst_element_factory_make ("emotion2vec", NULL);
  Rig *rig;

  check_fields (element, fields, 3);
  gst_object_unref (element);
  slow_reset ();
  rig = new_rig (MODE_SYNC);
  check_fields (rig->element, fields, G_N_ELEMENTS (fields));
  g_assert_cmpuint (slowrig_stat (rig, "latency-mean"), ==,
      GST_CLOCK_TIME_NONE);
  g_object_set (rig->element, "silence-threshold", -60.0, NULL);
  slowrig_push_noise (rig, 1000, 0);
  rig_push_silence (rig, 1000, 1000 * MS);
  check_fields (rig->element, fields, G_N_ELEMENTS (fields));
  /* windows 4 to 6 begin at 1 s or later */
  g_assert_cmpuint (slowrig_stat (rig, "windows"), ==, 7);
  g_assert_cmpuint (slowrig_stat (rig, "results"), ==, 7);
  g_assert_cmpuint (slowrig_stat (rig, "silent"), ==, 3);
  g_assert_cmpuint (slowrig_stat (rig, "latency-p95"), <, 60 * GST_SECOND);
  gst_element_set_state (rig->element, GST_STATE_NULL);
  check_fields (rig->element, fields, 3);
  rig_free (rig);
}

/* ---- errors and states ------------------------------------------------------------------------------------------ */

/* Round and round after an error: each time as new. */
static void
test_states_after_errors (void)
{
  GstAudioInfo info = slowrig_audio ();
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", 500 * MS, NULL);
  for (guint i = 0; i < 3; i++) {
    g_autofree float *noise = slowrig_noise (500, 1);

    /* a window fails, and the flow says so */
    slow_fail (E2V_ERROR_DEVICE, 1);
    slowrig_push (rig, noise, 490, 0);
    g_assert_cmpint (gst_harness_push (rig->harness, rig_buffer (rig,
                (guint8 *) noise, 8000, 7840, 160, 490 * MS)), ==,
        GST_FLOW_ERROR);
    g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ERROR), ==,
        2 * i + 1);
    /* the warm-up fails, and PAUSED with it */
    gst_element_set_state (rig->element, GST_STATE_READY);
    slow_fail (E2V_ERROR_DEVICE, 1);
    g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_PLAYING),
        ==, GST_STATE_CHANGE_FAILURE);
    g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ERROR), ==,
        2 * i + 2);
    g_assert_cmpint (gst_element_set_state (rig->element, i % 2 ?
            GST_STATE_READY : GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
    slowrig_restart (rig);
    slowrig_push (rig, noise, 500, 0);
    g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, i + 1);
    slowrig_restart (rig);
  }
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  slowrig_install ();
  g_test_add_func ("/delays/latency", test_latency);
  g_test_add_func ("/delays/range", test_range);
  g_test_add_func ("/delays/drain", test_drain);
  g_test_add_func ("/delays/events", test_events);
  g_test_add_func ("/delays/flush", test_flush);
  g_test_add_func ("/delays/ready", test_ready);
  g_test_add_func ("/delays/progress", test_progress);
  g_test_add_func ("/delays/qos", test_qos);
  g_test_add_func ("/delays/stats", test_stats);
  g_test_add_func ("/delays/states-after-errors", test_states_after_errors);
  return g_test_run ();
}
