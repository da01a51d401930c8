/* test-async.c - audio that does not wait: an executor that stands still proves it, and what happens to windows then.
 *
 * Nothing here depends on time: while the gate is closed no batch ends, and what has to come out must come out all the same.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rig.h"

#include <string.h>

#include "gstemotion2vec.h"
#include "gstemotion2vecmeta.h"
#include "slowexecutor.h"

#define MS GST_MSECOND

typedef enum
{
  AUTO,
  SYNC,
  ASYNC,
} Mode;

static guint64
stat_u64 (const Rig * rig, const char *name)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (rig->element, "stats", &stats, NULL);
  return rig_u64 (stats, name);
}

static guint
n_pending (const Rig * rig)
{
  g_autoptr (GstStructure) stats = NULL;
  guint n = 0;

  g_object_get (rig->element, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint (stats, "pending", &n));
  return n;
}

/* Until all windows are done. */
static void
settle (const Rig * rig)
{
  while (n_pending (rig) > 0)
    g_thread_yield ();
}

/* Windows of 1 s every 500 ms, of mono 16 kHz. */
static Rig *
new_rig (const char *policy)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_F32LE, 16000, 1, FALSE);
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", 1000 * MS, "interval", 500 * MS,
      "minimum-duration", 200 * MS, "mode", ASYNC, NULL);
  gst_util_set_object_arg (G_OBJECT (rig->element), "overload", policy);
  /* of the runs that are counted none is of the warm-up */
  settle (rig);
  slow_reset ();
  return rig;
}

static void
push_noise (Rig * rig, guint ms, GstClockTime start)
{
  g_autofree guint8 *noise = rig_noise (&rig->info, ms * 16, 5);

  rig_push (rig, noise, ms * 16, 160, start);
}

static guint
count_buffers (const Rig * rig)
{
  guint n = 0;

  for (guint i = 0; i < rig->log->len; i++)
    n += ((LogEntry *) rig->log->pdata[i])->kind == LOG_BUFFER;
  return n;
}

/* @ids: of the results, ended by -1; window k begins at k * 500 ms. */
static void
check_ids (GPtrArray * results, const gint * ids)
{
  guint k;

  for (k = 0; ids[k] >= 0; k++) {
    g_assert_cmpuint (k, <, results->len);
    g_assert_cmpuint (rig_u64 (results->pdata[k], "id"), ==, ids[k]);
    rig_assert_span (results->pdata[k], ids[k] * 500, 1000);
  }
  g_assert_cmpuint (results->len, ==, k);
}

/* ---- overload --------------------------------------------------------------------------------------------------- */

/* The first window is on the device, which stands still, and 4 may wait, while 10 s pass. */
static void
check_overload (const char *policy, const gint * ids, guint n_dropped)
{
  Rig *rig = new_rig (policy);
  g_autoptr (GPtrArray) messages = NULL, in_band = NULL;

  slow_close ();
  push_noise (rig, 1000, 0);
  slow_wait_for_runs (1);
  push_noise (rig, 9000, 1000 * MS);
  g_assert_cmpuint (count_buffers (rig), ==, 1000);
  g_assert_cmpuint (rig->audio->len, ==, 10 * 16000 * 4);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 0);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_QOS), ==, n_dropped);
  g_assert_cmpuint (stat_u64 (rig, "dropped"), ==, n_dropped);
  slow_open ();
  rig_send (rig, gst_event_new_eos ());
  messages = rig_results (rig, LOG_MESSAGE);
  in_band = rig_results_in_band (rig);
  check_ids (messages, ids);
  check_ids (in_band, ids);
  g_assert_cmpuint (stat_u64 (rig, "results"), ==, messages->len);
  rig_free (rig);
}

static void
test_drop_oldest (void)
{
  static const gint ids[] = { 0, 15, 16, 17, 18, -1 };

  check_overload ("drop-oldest", ids, 14);
}

static void
test_drop_newest (void)
{
  static const gint ids[] = { 0, 1, 2, 3, 4, -1 };

  check_overload ("drop-newest", ids, 14);
}

/* The interval doubles with each window that finds no room: of windows 5, 6, 8, 12, 16, all but the last, which is the
 * last on the grid of 16, are known to be dropped. */
static void
test_stretch (void)
{
  Rig *rig = new_rig ("stretch");
  g_autoptr (GPtrArray) results = NULL;
  guint64 dropped;

  slow_close ();
  push_noise (rig, 1000, 0);
  slow_wait_for_runs (1);
  push_noise (rig, 19000, 1000 * MS);
  g_assert_cmpuint (count_buffers (rig), ==, 2000);
  /* 39 windows would have come without stretching, 34 of them in vain; 5, 6, 8, 16, 32 were tried */
  dropped = stat_u64 (rig, "dropped");
  g_assert_cmpuint (dropped, ==, 5);
  g_assert_cmpuint (stat_u64 (rig, "windows"), ==, 10);
  slow_open ();
  settle (rig);
  /* it keeps up now: the interval comes back, step by step */
  for (guint s = 20; s < 200; s++) {
    push_noise (rig, 1000, s * 1000 * MS);
    settle (rig);
  }
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  rig_assert_span (results->pdata[results->len - 2], 198500, 1000);
  rig_assert_span (results->pdata[results->len - 1], 199000, 1000);
  g_assert_cmpuint (stat_u64 (rig, "dropped"), ==, dropped);
  rig_free (rig);
}

static gpointer
push_ten_seconds (gpointer rig)
{
  push_noise (rig, 10000, 0);
  return NULL;
}

/* The audio waits, and nothing is lost. */
static void
test_block (void)
{
  Rig *rig = new_rig ("block");
  g_autoptr (GPtrArray) results = NULL;
  GThread *thread;

  slow_close ();
  thread = g_thread_new ("push", push_ten_seconds, rig);
  slow_wait_for_runs (1);
  /* 19 windows, of which the device lets none go */
  while (n_pending (rig) < 5)
    g_thread_yield ();
  slow_open ();
  g_thread_join (thread);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 19);
  for (guint k = 0; k < 19; k++)
    rig_assert_span (results->pdata[k], k * 500, 1000);
  g_assert_cmpuint (stat_u64 (rig, "dropped"), ==, 0);
  rig_free (rig);
}

/* ---- what never waits, and what does ---------------------------------------------------------------------------- */

/* Packet loss, new segments, other caps: all pass while the device stands still. */
static void
test_breaks_do_not_wait (void)
{
  Rig *rig = new_rig ("drop-oldest");
  GstSegment segment;
  g_autoptr (GPtrArray) results = NULL;

  slow_close ();
  push_noise (rig, 1000, 0);
  slow_wait_for_runs (1);
  push_noise (rig, 300, 1000 * MS);
  push_noise (rig, 1300, 5000 * MS);
  rig_send (rig, gst_event_new_gap (6300 * MS, 4000 * MS));
  push_noise (rig, 1300, 10300 * MS);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = 60000 * MS;
  rig_send (rig, gst_event_new_segment (&segment));
  push_noise (rig, 700, 0);
  g_assert_cmpuint (count_buffers (rig), ==, 460);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 0);
  slow_open ();
  settle (rig);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  /* the first window was taken at once; of the others the tail of its stretch was dropped */
  g_assert_cmpuint (results->len, ==, 6);
  rig_assert_span (results->pdata[1], 5000, 1000);
  rig_assert_span (results->pdata[2], 5300, 1000);
  rig_assert_span (results->pdata[4], 10600, 1000);
  rig_assert_span (results->pdata[5], 0, 700);
  g_assert_cmpuint (rig_u64 (results->pdata[5], "running-time"), ==,
      60000 * MS);
  rig_free (rig);
}

/* DTX, a paused source: nothing follows, and the message comes all the same. */
static void
test_no_buffer_follows (void)
{
  Rig *rig = new_rig ("drop-oldest");
  GstMessage *message;

  slow_close ();
  push_noise (rig, 1000, 0);
  slow_wait_for_runs (1);
  slow_open ();
  message = gst_bus_timed_pop_filtered (rig->bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_ELEMENT);
  rig_assert_span (gst_message_get_structure (message), 0, 1000);
  gst_message_unref (message);
  settle (rig);
  /* and in band with the next event that is about time */
  rig_send (rig, gst_event_new_gap (1000 * MS, 10 * MS));
  g_assert_cmpuint (rig_index_of_event (rig, GST_EVENT_CUSTOM_DOWNSTREAM), <,
      rig_index_of_event (rig, GST_EVENT_GAP));
  rig_free (rig);
}

static gpointer
send_event (gpointer data)
{
  gpointer *arguments = data;

  g_assert_true (gst_harness_push_event (((Rig *) arguments[0])->harness,
          arguments[1]));
  return NULL;
}

/* EOS and SEGMENT_DONE wait for the last results. */
static void
check_waits (GstEvent * event)
{
  Rig *rig = new_rig ("drop-oldest");
  GstEventType type = GST_EVENT_TYPE (event);
  gpointer arguments[] = { rig, event };
  g_autoptr (GPtrArray) results = NULL;
  GThread *thread;
  guint before;

  slow_close ();
  push_noise (rig, 1000, 0);
  push_noise (rig, 300, 1000 * MS);
  before = rig->log->len;
  thread = g_thread_new ("event", send_event, arguments);
  /* the tail is on its way, so the event has come */
  while (n_pending (rig) < 2)
    g_thread_yield ();
  g_assert_cmpuint (rig->log->len, ==, before);
  slow_open ();
  g_thread_join (thread);
  results = rig_results_in_band (rig);
  g_assert_cmpuint (results->len, ==, 2);
  rig_assert_span (results->pdata[0], 0, 1000);
  rig_assert_span (results->pdata[1], 300, 1000);
  /* both are before the event */
  for (guint i = rig_index_of_event (rig, type); i < rig->log->len; i++)
    g_assert_null (((LogEntry *) rig->log->pdata[i])->fields);
  rig_free (rig);
}

static void
test_eos_waits (void)
{
  check_waits (gst_event_new_eos ());
  check_waits (gst_event_new_segment_done (GST_FORMAT_TIME, 1300 * MS));
}

/* ---- flushes and states ----------------------------------------------------------------------------------------- */

/* What is on the device when a flush comes never comes out. */
static void
test_flush (void)
{
  Rig *rig = new_rig ("drop-oldest");
  GstSegment segment;
  g_autoptr (GPtrArray) results = NULL;

  slow_close ();
  push_noise (rig, 2000, 0);
  slow_wait_for_runs (1);
  rig_send (rig, gst_event_new_flush_start ());
  rig_send (rig, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (rig, gst_event_new_segment (&segment));
  push_noise (rig, 1000, 7000 * MS);
  slow_open ();
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 1);
  rig_assert_span (results->pdata[0], 7000, 1000);
  g_ptr_array_unref (results);
  results = rig_results_in_band (rig);
  g_assert_cmpuint (results->len, ==, 1);
  rig_free (rig);
}

/* NULL does not wait for the device. */
static void
test_null (void)
{
  Rig *rig = new_rig ("drop-oldest");

  slow_close ();
  push_noise (rig, 3000, 0);
  slow_wait_for_runs (1);
  g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  slow_open ();
  g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 0);
  rig_free (rig);
}

/* Consent is withdrawn while a window of what was said before is on the device: nothing of it comes out. */
static void
test_disabled (void)
{
  Rig *rig = new_rig ("drop-oldest");
  g_autoptr (GPtrArray) results = NULL;

  slow_close ();
  push_noise (rig, 1900, 0);
  slow_wait_for_runs (1);
  g_object_set (rig->element, "enabled", FALSE, NULL);
  push_noise (rig, 3000, 1900 * MS);
  slow_open ();
  settle (rig);
  g_object_set (rig->element, "enabled", TRUE, NULL);
  push_noise (rig, 1000, 4900 * MS);
  rig_send (rig, gst_event_new_eos ());
  g_assert_cmpuint (count_buffers (rig), ==, 590);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 1);
  rig_assert_span (results->pdata[0], 4900, 1000);
  rig_free (rig);
}

/* ---- live or not ------------------------------------------------------------------------------------------------ */

/* mode=auto: async behind a live source, else sync. */
static void
check_auto (gboolean live)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_F32LE, 16000, 1, FALSE);
  g_autofree guint8 *noise = rig_noise (&info, 16000, 5);
  Rig *rig;
  GstSegment segment;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", 500 * MS, "mode", AUTO, NULL);
  gst_harness_set_live (rig->harness, live);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (rig, gst_event_new_segment (&segment));
  if (live)
    slow_close ();
  rig_push (rig, noise, 8000, 160, 0);
  g_assert_cmpuint (count_buffers (rig), ==, 50);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==,
      live ? 0 : 1);
  slow_open ();
  rig_free (rig);
}

static void
test_auto (void)
{
  check_auto (TRUE);
  check_auto (FALSE);
}

/* ---- aligned results -------------------------------------------------------------------------------------------- */

/* The answer of the element alone: upstream's 20 ms taken off. */
static GstClockTime
own_latency (Rig * rig)
{
  GstClockTime latency = gst_harness_query_latency (rig->harness);

  g_assert_cmpuint (latency, >=, 20 * MS);
  return latency - 20 * MS;
}

static Rig *
new_aligned_rig (void)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_F32LE, 16000, 1, FALSE);
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", 500 * MS, "interval", 100 * MS, "mode",
      ASYNC, "align-results", TRUE, NULL);
  gst_harness_set_upstream_latency (rig->harness, 20 * MS);
  settle (rig);
  return rig;
}

static gboolean
is_aligned (const LogEntry * entry)
{
  for (guint m = 0; m < entry->metas->len; m++) {
    const GstStructure *fields = entry->metas->pdata[m];

    if (rig_u64 (fields, "timestamp") + rig_u64 (fields, "duration") !=
        entry->pts + 10 * MS)
      return FALSE;
  }
  return TRUE;
}

/* As long as the device is fast enough every result rides on the buffer with the last sample of its window, and the
 * latency that is answered is what is held back. */
static void
test_aligned (void)
{
  Rig *rig = new_aligned_rig ();
  GstClockTime before, latency;
  guint n_latency, n_held, n_metas = 0;

  before = own_latency (rig);
  g_assert_cmpuint (before, >, 0);
  n_latency = rig_count_messages (rig, GST_MESSAGE_LATENCY);
  push_noise (rig, 10, 0);
  /* a buffer more, since a buffer leaves only when another comes */
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_LATENCY), ==,
      n_latency + 1);
  latency = own_latency (rig);
  g_assert_cmpuint (latency, ==, before + 10 * MS);
  for (guint i = 1; i < 300; i++) {
    push_noise (rig, 10, i * 10 * MS);
    settle (rig);
  }
  n_held = 300 - count_buffers (rig);
  g_assert_cmpuint (n_held, ==, latency / (10 * MS));
  g_assert_cmpuint (stat_u64 (rig, "late"), ==, 0);
  g_assert_cmpuint (stat_u64 (rig, "delay"), ==, latency);
  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    if (entry->kind == LOG_BUFFER) {
      g_assert_true (is_aligned (entry));
      n_metas += entry->metas->len;
    }
  }
  g_assert_cmpuint (n_metas, >, 10);
  /* nothing that is held back is lost */
  rig_send (rig, gst_event_new_eos ());
  g_assert_cmpuint (count_buffers (rig), ==, 300);
  g_assert_cmpuint (own_latency (rig), ==, latency);
  rig_free (rig);
}

/* A result that is too late rides on the next buffer, is counted, and the latency rises. */
static void
test_late (void)
{
  Rig *rig = new_aligned_rig ();
  GstClockTime latency;
  guint n_latency;

  push_noise (rig, 10, 0);
  latency = own_latency (rig);
  n_latency = rig_count_messages (rig, GST_MESSAGE_LATENCY);
  slow_close ();
  push_noise (rig, 990, 10 * MS);
  g_assert_cmpuint (count_buffers (rig), ==, 100 - latency / (10 * MS));
  /* longer on the device than what was held back */
  g_usleep ((gulong) (2 * latency / GST_USECOND));
  slow_open ();
  settle (rig);
  push_noise (rig, 10, 1000 * MS);
  g_assert_cmpuint (stat_u64 (rig, "late"), >, 0);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_LATENCY), >,
      n_latency);
  g_assert_cmpuint (stat_u64 (rig, "delay"), ==, latency);
  g_assert_cmpuint (own_latency (rig), >, latency);
  rig_free (rig);
}

/* ---- errors ----------------------------------------------------------------------------------------------------- */

static void
test_fail (void)
{
  Rig *rig = new_rig ("drop-oldest");
  g_autofree guint8 *noise = rig_noise (&rig->info, 160, 5);
  GstFlowReturn flow;

  slow_close ();
  slow_fail (E2V_ERROR_DEVICE, G_MAXUINT);
  push_noise (rig, 1000, 0);
  slow_open ();
  settle (rig);
  flow = gst_harness_push (rig->harness, rig_buffer (rig, noise, 160, 0, 160,
          1000 * MS));
  g_assert_cmpint (flow, ==, GST_FLOW_ERROR);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ERROR), ==, 1);
  slow_reset ();
  rig_free (rig);
}

/* The audio passes, one warning says so, the device is tried again after a while, and results are back. */
static void
test_pass (void)
{
  Rig *rig = new_rig ("drop-oldest");
  GstClockTime time = 2000 * MS;
  gint64 begin = g_get_monotonic_time ();

  gst_util_set_object_arg (G_OBJECT (rig->element), "on-error", "pass");
  slow_fail (E2V_ERROR_DEVICE, 1);
  push_noise (rig, 1000, 0);
  settle (rig);
  push_noise (rig, 1000, 1000 * MS);
  settle (rig);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 1);
  /* left alone: nothing but the first window has come to the device in the first second */
  if (g_get_monotonic_time () - begin < G_USEC_PER_SEC)
    g_assert_cmpuint (slow_n_runs (), ==, 1);
  while (rig_count_messages (rig, GST_MESSAGE_ELEMENT) == 0) {
    push_noise (rig, 100, time);
    time += 100 * MS;
    g_usleep (10000);
  }
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, G_USEC_PER_SEC);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 1);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_INFO), ==, 1);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ERROR), ==, 0);
  g_assert_cmpuint (stat_u64 (rig, "failed"), ==, 1);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  /* the elements of this program, not those of the plugin: their engine takes the executor of the test */
  gst_emotion2vec_meta_register ();
  g_assert_true (GST_ELEMENT_REGISTER (emotion2vec, NULL));
  slow_install ();
  g_test_add_func ("/async/drop-oldest", test_drop_oldest);
  g_test_add_func ("/async/drop-newest", test_drop_newest);
  g_test_add_func ("/async/stretch", test_stretch);
  g_test_add_func ("/async/block", test_block);
  g_test_add_func ("/async/breaks-do-not-wait", test_breaks_do_not_wait);
  g_test_add_func ("/async/no-buffer-follows", test_no_buffer_follows);
  g_test_add_func ("/async/eos-waits", test_eos_waits);
  g_test_add_func ("/async/flush", test_flush);
  g_test_add_func ("/async/null", test_null);
  g_test_add_func ("/async/disabled", test_disabled);
  g_test_add_func ("/async/auto", test_auto);
  g_test_add_func ("/async/aligned", test_aligned);
  g_test_add_func ("/async/late", test_late);
  g_test_add_func ("/async/fail", test_fail);
  g_test_add_func ("/async/pass", test_pass);
  return g_test_run ();
}
