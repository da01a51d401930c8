/* test-lost.c - a device that is lost or out of memory while the element runs: opened again once, then on-error decides.
 *
 * What the encoder does by itself is told in model/e2vrecover.c: a lost device is opened again and the batch repeated; for
 * want of memory programs go first.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "gstemotion2vecpriv.h"
#include "slowrig.h"

/* Windows of 500 ms, one after the other. */
static Rig *
new_rig (guint mode, const char *on_error)
{
  GstAudioInfo info = slowrig_audio ();
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", 500 * MS, "interval", (guint64) 0,
      "mode", mode, NULL);
  gst_util_set_object_arg (G_OBJECT (rig->element), "on-error", on_error);
  slowrig_settle (rig);
  slow_reset ();
  return rig;
}

/* Windows [@first, @first + @n) of @noise. */
static void
push_windows (Rig * rig, const float *noise, guint first, guint n)
{
  slowrig_push (rig, noise + first * 8000, n * 500, first * 500 * MS);
  slowrig_settle (rig);
}

/* All messages that something went wrong. */
static guint
n_complaints (Rig * rig)
{
  return rig_count_messages (rig, GST_MESSAGE_ERROR)
      + rig_count_messages (rig, GST_MESSAGE_WARNING)
      + rig_count_messages (rig, GST_MESSAGE_INFO);
}

/* The results are those of windows @windows, ended by -1, and nothing in their scores tells what happened meanwhile. */
static void
check_results (Rig * rig, const float *noise, const gint * windows)
{
  g_autoptr (GPtrArray) results = rig_results (rig, LOG_MESSAGE);
  guint k;

  for (k = 0; windows[k] >= 0; k++) {
    g_assert_cmpuint (k, <, results->len);
    rig_assert_span (results->pdata[k], windows[k] * 500, 500);
    slowrig_assert_scores (results->pdata[k], rig_model (), noise);
  }
  g_assert_cmpuint (results->len, ==, k);
}

/* ---- the results go on --------------------------------------------------------------------------------------------- */

/* @n_faults runs fail, which costs no result; @n_ends: executors that are given up for it, which a warning tells, once for
 * the same reason. */
static void
check_recovers (guint mode, E2vError code, guint n_faults, guint n_ends)
{
  static const gint windows[] = { 0, 1, 2, 3, -1 };
  Rig *rig = new_rig (mode, "fail");
  g_autofree float *noise = slowrig_noise (2000, 1);

  push_windows (rig, noise, 0, 1);
  slow_fail (code, n_faults);
  push_windows (rig, noise, 1, 1);
  /* and again: each batch has a way back of its own */
  slow_fail (code, n_faults);
  push_windows (rig, noise, 2, 1);
  push_windows (rig, noise, 3, 1);
  rig_send (rig, gst_event_new_eos ());
  check_results (rig, noise, windows);
  g_assert_cmpuint (n_complaints (rig), ==, n_ends > 0 ? 1 : 0);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==,
      n_ends > 0 ? 1 : 0);
  g_assert_cmpuint (slowrig_stat (rig, "failed"), ==, 0);
  g_assert_cmpuint (slow_n_runs (), ==, 4 + 2 * n_faults);
  if (n_ends > 0)
    slow_wait_for_ends (n_ends);
  rig_free (rig);
}

static void
test_lost_once (void)
{
  check_recovers (MODE_SYNC, E2V_ERROR_DEVICE_LOST, 1, 2);
  check_recovers (MODE_ASYNC, E2V_ERROR_DEVICE_LOST, 1, 2);
}

/* Once: less in memory is enough. Twice: the device is opened again. */
static void
test_out_of_memory (void)
{
  check_recovers (MODE_SYNC, E2V_ERROR_OUT_OF_MEMORY, 1, 0);
  check_recovers (MODE_SYNC, E2V_ERROR_OUT_OF_MEMORY, 2, 2);
  check_recovers (MODE_ASYNC, E2V_ERROR_OUT_OF_MEMORY, 2, 2);
}

/* The device is lost in the first window of a stream. */
static void
push_lost_window (Rig * rig, const float *noise)
{
  slow_fail (E2V_ERROR_DEVICE_LOST, 1);
  push_windows (rig, noise, 0, 1);
  rig_send (rig, gst_event_new_eos ());
}

/* The same trouble is told once for each run of the element. */
static void
test_told_anew (void)
{
  static const gint windows[] = { 0, 0, 0, 0, -1 };
  Rig *rig = new_rig (MODE_SYNC, "fail");
  g_autofree float *noise = slowrig_noise (500, 1);

  push_lost_window (rig, noise);
  g_assert_cmpuint (n_complaints (rig), ==, 1);
  slowrig_begin_stream (rig, "next");
  push_lost_window (rig, noise);
  g_assert_cmpuint (n_complaints (rig), ==, 1);
  slowrig_restart (rig);
  push_lost_window (rig, noise);
  g_assert_cmpuint (n_complaints (rig), ==, 2);
  gst_element_set_state (rig->element, GST_STATE_NULL);
  slowrig_restart (rig);
  push_lost_window (rig, noise);
  g_assert_cmpuint (n_complaints (rig), ==, 3);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 3);
  check_results (rig, noise, windows);
  rig_free (rig);
}

static void
test_lost_in_warm_up (void)
{
  static const gint windows[] = { 0, -1 };
  Rig *rig = new_rig (MODE_SYNC, "fail");
  g_autofree float *noise = slowrig_noise (500, 1);

  gst_element_set_state (rig->element, GST_STATE_READY);
  slow_fail (E2V_ERROR_DEVICE_LOST, 1);
  slowrig_restart (rig);
  push_windows (rig, noise, 0, 1);
  check_results (rig, noise, windows);
  g_assert_cmpuint (n_complaints (rig), ==, 0);
  rig_free (rig);
}

/* Two elements share the engine: what is lost in the one's batch is the other's as well. */
static void
check_shared (guint n_faults)
{
  static const gint windows[] = { 0, 1, -1 }, none[] = { -1 };
  Rig *a = new_rig (MODE_ASYNC, "fail"), *b = new_rig (MODE_ASYNC, "fail");
  g_autofree float *noise = slowrig_noise (1000, 1);

  slow_close ();
  slowrig_push (a, noise, 1000, 0);
  slowrig_push (b, noise, 1000, 0);
  slow_fail (E2V_ERROR_DEVICE_LOST, n_faults);
  slow_open ();
  slowrig_settle (a);
  slowrig_settle (b);
  check_results (a, noise, n_faults > 1 ? none : windows);
  check_results (b, noise, n_faults > 1 ? none : windows);
  /* an error for each, or a warning for the one whose batch it was */
  g_assert_cmpuint (n_complaints (a) + n_complaints (b), ==,
      n_faults > 1 ? 2 : 1);
  slow_reset ();
  rig_free (a);
  rig_free (b);
}

static void
test_shared (void)
{
  check_shared (1);
  check_shared (G_MAXUINT);
}

/* ---- on-error=fail ---------------------------------------------------------------------------------------------- */

static void
check_fails (guint mode, E2vError code, guint n_faults, GQuark domain,
    gint error)
{
  static const gint windows[] = { 0, -1 };
  Rig *rig = new_rig (mode, "fail");
  g_autofree float *noise = slowrig_noise (1500, 1);
  guint ms = mode == MODE_SYNC ? 990 : 1000;

  push_windows (rig, noise, 0, 1);
  slow_fail (code, n_faults);
  /* not before the buffer that ends the window has gone */
  slow_close ();
  slowrig_push (rig, noise + 8000, ms - 500, 500 * MS);
  slow_open ();
  slowrig_settle (rig);
  g_assert_cmpint (gst_harness_push (rig->harness, rig_buffer (rig,
              (guint8 *) noise, 24000, ms * 16, 160, ms * MS)), ==,
      GST_FLOW_ERROR);
  g_assert_cmpuint (slowrig_n_errors (rig, GST_MESSAGE_ERROR, domain, error),
      ==, 1);
  g_assert_cmpuint (n_complaints (rig), ==, 1);
  check_results (rig, noise, windows);
  g_assert_cmpuint (slowrig_stat (rig, "failed"), ==, 1);
  rig_free (rig);
}

/* Lost again at once: an error, of the right kind, once. */
static void
test_fail (void)
{
  check_fails (MODE_SYNC, E2V_ERROR_DEVICE_LOST, 2, GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_FAILED);
  check_fails (MODE_ASYNC, E2V_ERROR_DEVICE_LOST, 2, GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_FAILED);
  check_fails (MODE_SYNC, E2V_ERROR_OUT_OF_MEMORY, 3, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT);
  check_fails (MODE_ASYNC, E2V_ERROR_OUT_OF_MEMORY, 3, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT);
}

/* ---- on-error=pass ---------------------------------------------------------------------------------------------- */

/* The time to try again has come. */
static void
end_backoff (Rig * rig)
{
  GST_OBJECT_LOCK (rig->element);
  GST_EMOTION2VEC (rig->element)->retry_at = 0;
  GST_OBJECT_UNLOCK (rig->element);
}

static gint64
backoff (Rig * rig)
{
  gint64 value;

  GST_OBJECT_LOCK (rig->element);
  value = GST_EMOTION2VEC (rig->element)->backoff;
  GST_OBJECT_UNLOCK (rig->element);
  return value;
}

/* Far from now, so that this test does not depend on how fast it runs. */
static void
prolong_backoff (Rig * rig)
{
  GST_OBJECT_LOCK (rig->element);
  GST_EMOTION2VEC (rig->element)->retry_at = G_MAXINT64;
  GST_OBJECT_UNLOCK (rig->element);
}

/* One warning for all of an outage, the audio passes, the device is left alone longer and longer, and when it works again
 * one message says so; the next outage is news again. */
static void
check_passes (guint mode, E2vError code, guint n_faults, GQuark domain,
    gint error)
{
  static const gint windows[] = { 0, 6, 8, -1 };
  Rig *rig = new_rig (mode, "pass");
  g_autofree float *noise = slowrig_noise (5000, 1);
  guint n_runs;

  push_windows (rig, noise, 0, 1);
  slow_fail (code, n_faults);
  push_windows (rig, noise, 1, 1);
  g_assert_cmpuint (slowrig_n_errors (rig, GST_MESSAGE_WARNING, domain, error),
      ==, 1);
  g_assert_cmpint (backoff (rig), ==, G_USEC_PER_SEC);
  prolong_backoff (rig);
  n_runs = slow_n_runs ();
  push_windows (rig, noise, 2, 3);
  g_assert_cmpuint (slow_n_runs (), ==, n_runs);
  slow_fail (code, n_faults);
  end_backoff (rig);
  push_windows (rig, noise, 5, 1);
  g_assert_cmpuint (slow_n_runs (), ==, n_runs + n_faults);
  g_assert_cmpint (backoff (rig), ==, 2 * G_USEC_PER_SEC);
  g_assert_cmpuint (n_complaints (rig), ==, 1);
  end_backoff (rig);
  push_windows (rig, noise, 6, 1);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_INFO), ==, 1);
  slow_fail (code, n_faults);
  push_windows (rig, noise, 7, 1);
  g_assert_cmpint (backoff (rig), ==, G_USEC_PER_SEC);
  end_backoff (rig);
  push_windows (rig, noise, 8, 1);
  rig_send (rig, gst_event_new_eos ());
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 2);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_INFO), ==, 2);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ERROR), ==, 0);
  g_assert_cmpuint (slowrig_n_buffers (rig), ==, 450);
  g_assert_cmpmem (rig->audio->data, rig->audio->len, noise,
      9 * 8000 * sizeof (float));
  check_results (rig, noise, windows);
  g_assert_cmpuint (slowrig_stat (rig, "failed"), ==, 3);
  rig_free (rig);
}

static void
test_pass (void)
{
  check_passes (MODE_SYNC, E2V_ERROR_DEVICE_LOST, 2, GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_FAILED);
  check_passes (MODE_ASYNC, E2V_ERROR_DEVICE_LOST, 2, GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_FAILED);
  check_passes (MODE_SYNC, E2V_ERROR_OUT_OF_MEMORY, 3, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT);
}

/* Changed while it plays: the next failure goes by it. */
static void
test_changed (void)
{
  Rig *rig = new_rig (MODE_SYNC, "pass");
  g_autofree float *noise = slowrig_noise (1000, 1);

  slow_fail (E2V_ERROR_DEVICE_LOST, 2);
  push_windows (rig, noise, 0, 1);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 1);
  end_backoff (rig);
  gst_util_set_object_arg (G_OBJECT (rig->element), "on-error", "fail");
  slow_fail (E2V_ERROR_DEVICE_LOST, 2);
  slowrig_push (rig, noise + 8000, 490, 500 * MS);
  g_assert_cmpint (gst_harness_push (rig->harness, rig_buffer (rig,
              (guint8 *) noise, 16000, 15840, 160, 990 * MS)), ==,
      GST_FLOW_ERROR);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ERROR), ==, 1);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  slowrig_install ();
  g_test_add_func ("/lost/once", test_lost_once);
  g_test_add_func ("/lost/out-of-memory", test_out_of_memory);
  g_test_add_func ("/lost/told-anew", test_told_anew);
  g_test_add_func ("/lost/in-warm-up", test_lost_in_warm_up);
  g_test_add_func ("/lost/shared", test_shared);
  g_test_add_func ("/lost/fail", test_fail);
  g_test_add_func ("/lost/pass", test_pass);
  g_test_add_func ("/lost/changed", test_changed);
  return g_test_run ();
}
