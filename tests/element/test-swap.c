/* test-swap.c - another model while the element runs.
 *
 * Each model is told by its name in the results, and by its scores.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "gstemotion2vecenginepriv.h"
#include "gstemotion2vecpriv.h"
#include "gstemotion2vecprocess.h"
#include "slowrig.h"

/* Windows of a second, one after the other. With window=0 no swap is warmed up, so that nothing of the new model comes
 * to the gate before it has taken over. */
static Rig *
new_rig (guint mode, guint64 window)
{
  GstAudioInfo info = slowrig_audio ();
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", window, "interval", (guint64) 0,
      "max-window", 1000 * MS, "minimum-duration", 100 * MS, "mode", mode,
      "max-pending", 16, NULL);
  slowrig_settle (rig);
  slow_reset ();
  return rig;
}

static void
swap (Rig * rig, const char *model, gint outcome)
{
  g_object_set (rig->element, "model-file", model, NULL);
  g_assert_cmpint (rig_wait_for_swap (rig), ==, outcome);
}

/* Windows of seconds [@first, @first + @n) of @noise. */
static void
push_seconds (Rig * rig, const float *noise, guint first, guint n)
{
  slowrig_push (rig, noise + first * 16000, n * 1000, first * 1000 * MS);
}

/* All results, each in one carrier once and in order; those from number @first on are made by @other, of seed 8. */
static void
check_results (GPtrArray * results, const float *noise, guint n, guint first,
    const char *other)
{
  g_assert_cmpuint (results->len, ==, n);
  for (guint k = 0; k < n; k++) {
    const GstStructure *fields = results->pdata[k];

    g_assert_cmpuint (rig_u64 (fields, "id"), ==, k);
    rig_assert_span (fields, k * 1000, 1000);
    g_assert_cmpstr (gst_structure_get_string (fields, "model"), ==,
        k < first ? "random weights, seed 7" : "random weights, seed 8");
    slowrig_assert_scores (fields, k < first ? rig_model () : other, noise);
  }
}

static void
check_all (Rig * rig, const float *noise, guint n, guint first,
    const char *other)
{
  g_autoptr (GPtrArray) messages = rig_results (rig, LOG_MESSAGE);
  g_autoptr (GPtrArray) in_band = rig_results_in_band (rig);

  check_results (messages, noise, n, first, other);
  check_results (in_band, noise, n, first, other);
}

static guint
n_labels (const Rig * rig)
{
  GValue labels = G_VALUE_INIT;
  guint n;

  g_value_init (&labels, GST_TYPE_ARRAY);
  g_object_get_property (G_OBJECT (rig->element), "labels", &labels);
  n = gst_value_array_get_size (&labels);
  g_value_unset (&labels);
  return n;
}

static void
assert_model (const Rig * rig, const char *name)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (rig->element, "stats", &stats, NULL);
  g_assert_cmpstr (gst_structure_get_string (stats, "model"), ==, name);
}

static void
count_notify (GObject * object, GParamSpec * spec, gpointer n)
{
  g_atomic_int_inc ((gint *) n);
}

/* ---- it takes over ---------------------------------------------------------------------------------------------- */

/* A model with other classes, with and without a warm-up. */
static void
check_sync (guint64 window)
{
  const char *other = rig_other_model (8, 3, 10);
  Rig *rig = new_rig (MODE_SYNC, window);
  g_autofree float *noise = slowrig_noise (5000, 1);
  gint n_notifies = 0;

  g_signal_connect (rig->element, "notify::labels", G_CALLBACK (count_notify),
      &n_notifies);
  push_seconds (rig, noise, 0, 2);
  g_assert_cmpuint (n_labels (rig), ==, 9);
  /* half of the next window is there already */
  slowrig_push (rig, noise + 32000, 500, 2000 * MS);
  swap (rig, other, GST_PROGRESS_TYPE_COMPLETE);
  /* the notification follows the message */
  while (g_atomic_int_get (&n_notifies) == 0)
    g_thread_yield ();
  g_assert_cmpuint (n_labels (rig), ==, 3);
  assert_model (rig, "random weights, seed 8");
  slowrig_push (rig, noise + 40000, 500, 2500 * MS);
  push_seconds (rig, noise, 3, 2);
  rig_send (rig, gst_event_new_eos ());
  check_all (rig, noise, 5, 2, other);
  g_assert_cmpint (n_notifies, ==, 1);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 0);
  rig_free (rig);
}

static void
test_sync (void)
{
  check_sync (1000 * MS);
  check_sync (0);
}

/* Waits until the stream of the element is on its way to the other engine: nothing of it is taken any more. */
static void
wait_until_it_moves (const Rig * rig)
{
  GstEmotion2vecStream *stream = GST_EMOTION2VEC (rig->element)->stream;

  gst_emotion2vec_lock ();
  while (!stream->moving)
    gst_emotion2vec_wait (&stream->changed);
  gst_emotion2vec_unlock ();
}

/* The window on the device is of the old model; those that wait, and those that come meanwhile, are of the new one. */
static void
test_async (void)
{
  const char *other = rig_other_model (8, 3, 10);
  Rig *rig = new_rig (MODE_ASYNC, 0);
  g_autofree float *noise = slowrig_noise (7000, 1);

  slow_close ();
  push_seconds (rig, noise, 0, 1);
  slow_wait_for_runs (1);
  push_seconds (rig, noise, 1, 3);
  g_object_set (rig->element, "model-file", other, NULL);
  wait_until_it_moves (rig);
  push_seconds (rig, noise, 4, 2);
  g_assert_cmpuint (slowrig_n_buffers (rig), ==, 600);
  slow_open ();
  g_assert_cmpint (rig_wait_for_swap (rig), ==, GST_PROGRESS_TYPE_COMPLETE);
  push_seconds (rig, noise, 6, 1);
  rig_send (rig, gst_event_new_eos ());
  check_all (rig, noise, 7, 1, other);
  g_assert_cmpuint (slowrig_stat (rig, "dropped"), ==, 0);
  rig_free (rig);
}

/* The last one wins, whatever the order in which they are loaded. */
static void
test_last_wins (void)
{
  const char *models[4];
  Rig *rig = new_rig (MODE_SYNC, 0);
  g_autofree float *noise = slowrig_noise (3000, 1);
  guint n_complete = 0;

  for (guint i = 0; i < 4; i++)
    models[i] = rig_other_model (11 - i, 3 + i, 10);
  push_seconds (rig, noise, 0, 1);
  for (guint i = 0; i < 4; i++)
    g_object_set (rig->element, "model-file", models[i], NULL);
  for (guint i = 0; i < 4; i++) {
    gint outcome = rig_wait_for_swap (rig);

    g_assert_true (outcome == GST_PROGRESS_TYPE_COMPLETE
        || outcome == GST_PROGRESS_TYPE_CANCELED);
    n_complete += outcome == GST_PROGRESS_TYPE_COMPLETE;
  }
  g_assert_cmpuint (n_complete, >=, 1);
  g_assert_cmpuint (n_labels (rig), ==, 6);
  push_seconds (rig, noise, 1, 2);
  check_all (rig, noise, 3, 1, models[3]);
  rig_free (rig);
}

/* The last one wins even if nothing comes of it: the one before is on the device for its warm-up all the time. */
static void
test_last_fails (void)
{
  Rig *rig = new_rig (MODE_SYNC, 1000 * MS);
  g_autofree float *noise = slowrig_noise (1000, 1);

  slow_close ();
  g_object_set (rig->element, "model-file", rig_other_model (8, 3, 10), NULL);
  slow_wait_for_runs (1);
  swap (rig, "/nonexistent/model.gguf", GST_PROGRESS_TYPE_ERROR);
  slow_open ();
  g_assert_cmpint (rig_wait_for_swap (rig), ==, GST_PROGRESS_TYPE_CANCELED);
  push_seconds (rig, noise, 0, 1);
  check_all (rig, noise, 1, 1, NULL);
  rig_free (rig);
}

/* Another file at the same path is another model. */
static void
test_replaced_file (void)
{
  const char *path = rig_other_model (7, 9, 10);
  Rig *rig = new_rig (MODE_SYNC, 1000 * MS);
  g_autofree float *noise = slowrig_noise (4000, 1);

  swap (rig, path, GST_PROGRESS_TYPE_COMPLETE);
  push_seconds (rig, noise, 0, 1);
  rig_save_model (path, 8, 3, 10);
  /* not before it is asked for */
  push_seconds (rig, noise, 1, 1);
  swap (rig, path, GST_PROGRESS_TYPE_COMPLETE);
  push_seconds (rig, noise, 2, 1);
  /* the same once more changes nothing */
  swap (rig, path, GST_PROGRESS_TYPE_COMPLETE);
  push_seconds (rig, noise, 3, 1);
  check_all (rig, noise, 4, 2, path);
  rig_free (rig);
}

/* ---- it does not ------------------------------------------------------------------------------------------------ */

/* One warning, and the old model stays. */
static void
refuse (Rig * rig, const char *model, gint code)
{
  swap (rig, model, GST_PROGRESS_TYPE_ERROR);
  rig_wait_for (rig, GST_MESSAGE_WARNING);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 1);
  g_assert_cmpuint (slowrig_n_errors (rig, GST_MESSAGE_WARNING,
          GST_RESOURCE_ERROR, code), ==, 1);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ERROR), ==, 0);
  assert_model (rig, "random weights, seed 7");
  g_assert_cmpuint (n_labels (rig), ==, 9);
}

/* It goes on, too. Windows are @ms long. */
static void
check_refused (Rig * rig, guint ms, const char *model, gint code)
{
  g_autofree float *noise = slowrig_noise (2 * ms, 1);
  g_autoptr (GPtrArray) results = NULL;

  slowrig_push (rig, noise, ms, 0);
  refuse (rig, model, code);
  slowrig_push (rig, noise + ms * 16, ms, ms * MS);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 1);
  results = rig_results_in_band (rig);
  g_assert_cmpuint (results->len, ==, 2);
  for (guint k = 0; k < 2; k++) {
    rig_assert_span (results->pdata[k], k * ms, ms);
    slowrig_assert_scores (results->pdata[k], rig_model (), noise);
  }
  rig_free (rig);
}

static void
test_missing_file (void)
{
  check_refused (new_rig (MODE_SYNC, 1000 * MS), 1000,
      "/nonexistent/model.gguf", GST_RESOURCE_ERROR_NOT_FOUND);
}

static void
test_broken_file (void)
{
  const char *path = rig_other_model (8, 3, 10);
  g_autofree char *data = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  g_assert_true (g_file_set_contents (path, data, (gssize) size / 2, NULL));
  check_refused (new_rig (MODE_SYNC, 1000 * MS), 1000, path,
      GST_RESOURCE_ERROR_OPEN_READ);
}

/* One frame of it is longer than a window. */
static void
test_longer_windows (void)
{
  check_refused (new_rig (MODE_SYNC, 500 * MS), 500,
      rig_other_model (8, 9, 8000), GST_RESOURCE_ERROR_SETTINGS);
}

static void
test_other_classes (void)
{
  Rig *rig = new_rig (MODE_SYNC, 1000 * MS);
  g_autofree float *noise = slowrig_noise (1000, 1);
  g_autoptr (GPtrArray) results = NULL;

  g_object_set (rig->element, "classes", "happy", NULL);
  slowrig_restart (rig);
  refuse (rig, rig_other_model (8, 3, 10), GST_RESOURCE_ERROR_SETTINGS);
  push_seconds (rig, noise, 0, 1);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 1);
  g_assert_cmpstr (gst_structure_get_string (results->pdata[0], "label"), ==,
      "happy");
  rig_free (rig);
}

/* With window=0 any model is taken; what is too short for it has no result, as with the first model. */
static void
test_tail_too_short (void)
{
  const char *other = rig_other_model (8, 9, 8000);
  Rig *rig = new_rig (MODE_SYNC, 0);
  g_autofree float *noise = slowrig_noise (2300, 1);

  push_seconds (rig, noise, 0, 1);
  swap (rig, other, GST_PROGRESS_TYPE_COMPLETE);
  slowrig_push (rig, noise + 16000, 1300, 1000 * MS);
  rig_send (rig, gst_event_new_eos ());
  check_all (rig, noise, 2, 1, other);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ERROR), ==, 0);
  rig_free (rig);
}

/* ---- flushes and states ----------------------------------------------------------------------------------------- */

/* A seek while it takes over does not cost the new model. */
static void
test_flush (void)
{
  const char *other = rig_other_model (8, 3, 10);
  Rig *rig = new_rig (MODE_ASYNC, 0);
  g_autofree float *noise = slowrig_noise (2000, 1);
  g_autoptr (GPtrArray) results = NULL;
  GstSegment segment;

  slow_close ();
  push_seconds (rig, noise, 0, 2);
  slow_wait_for_runs (1);
  g_object_set (rig->element, "model-file", other, NULL);
  wait_until_it_moves (rig);
  rig_send (rig, gst_event_new_flush_start ());
  slow_open ();
  g_assert_cmpint (rig_wait_for_swap (rig), ==, GST_PROGRESS_TYPE_COMPLETE);
  rig_send (rig, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (rig, gst_event_new_segment (&segment));
  push_seconds (rig, noise, 0, 1);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results_in_band (rig);
  g_assert_cmpuint (results->len, ==, 1);
  slowrig_assert_scores (results->pdata[0], other, noise);
  rig_free (rig);
}

/* In READY after it has played, too. */
static void
test_ready (void)
{
  const char *other = rig_other_model (8, 3, 10);
  Rig *rig = new_rig (MODE_SYNC, 1000 * MS);
  g_autofree float *noise = slowrig_noise (1000, 1);
  g_autoptr (GPtrArray) results = NULL;

  push_seconds (rig, noise, 0, 1);
  gst_element_set_state (rig->element, GST_STATE_READY);
  swap (rig, other, GST_PROGRESS_TYPE_COMPLETE);
  g_assert_cmpuint (n_labels (rig), ==, 3);
  slowrig_restart (rig);
  push_seconds (rig, noise, 0, 1);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 2);
  slowrig_assert_scores (results->pdata[0], rig_model (), noise);
  slowrig_assert_scores (results->pdata[1], other, noise);
  rig_free (rig);
}

/* Set in READY and played at once: whichever model a window gets, the classes are its own. */
static void
test_ready_in_a_hurry (void)
{
  const char *models[] = { rig_other_model (8, 3, 10), rig_model () };
  Rig *rig = new_rig (MODE_SYNC, 0);
  g_autofree float *noise = slowrig_noise (1000, 1);
  g_autoptr (GPtrArray) results = NULL;

  for (guint i = 0; i < 40; i++) {
    gst_element_set_state (rig->element, GST_STATE_READY);
    g_object_set (rig->element, "model-file", models[i % 2], NULL);
    slowrig_restart (rig);
    push_seconds (rig, noise, 0, 1);
  }
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 40);
  for (guint i = 0; i < 40; i++) {
    const char *name = gst_structure_get_string (results->pdata[i], "model");

    slowrig_assert_scores (results->pdata[i],
        models[g_str_has_suffix (name, "7")], noise);
  }
  rig_free (rig);
}

/* NULL while the new model is on the device for its warm-up: it is not wanted any more, until READY opens it. */
static void
test_null (void)
{
  const char *other = rig_other_model (8, 3, 10);
  Rig *rig = new_rig (MODE_SYNC, 1000 * MS);
  g_autofree float *noise = slowrig_noise (1000, 1);
  g_autoptr (GPtrArray) results = NULL;

  slow_close ();
  g_object_set (rig->element, "model-file", other, NULL);
  slow_wait_for_runs (1);
  g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  slow_open ();
  g_assert_cmpint (rig_wait_for_swap (rig), ==, GST_PROGRESS_TYPE_CANCELED);
  slowrig_restart (rig);
  push_seconds (rig, noise, 0, 1);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 1);
  slowrig_assert_scores (results->pdata[0], other, noise);
  rig_free (rig);
}

/* NULL while a window of the old model is on the device and the new one waits for it. */
static void
test_null_while_it_moves (void)
{
  Rig *rig = new_rig (MODE_ASYNC, 0);
  g_autofree float *noise = slowrig_noise (2000, 1);

  slow_close ();
  push_seconds (rig, noise, 0, 2);
  slow_wait_for_runs (1);
  g_object_set (rig->element, "model-file", rig_other_model (8, 3, 10), NULL);
  wait_until_it_moves (rig);
  g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  slow_open ();
  g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  rig_wait_for_swap (rig);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 0);
  rig_free (rig);
}

/* Whoever listens closes the element at the first result, while the new model waits for that very call to return. */
static GstBusSyncReply
close_at_result (GstBus * bus, GstMessage * message, gpointer data)
{
  Rig *rig = data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
    wait_until_it_moves (rig);
    gst_element_set_state (rig->element, GST_STATE_NULL);
  }
  return GST_BUS_PASS;
}

static void
test_null_from_a_result (void)
{
  Rig *rig = new_rig (MODE_ASYNC, 0);
  g_autofree float *noise = slowrig_noise (2000, 1);

  gst_bus_set_sync_handler (rig->bus, close_at_result, rig, NULL);
  slow_close ();
  push_seconds (rig, noise, 0, 2);
  slow_wait_for_runs (1);
  g_object_set (rig->element, "model-file", rig_other_model (8, 3, 10), NULL);
  slow_open ();
  g_assert_cmpint (rig_wait_for_swap (rig), ==, GST_PROGRESS_TYPE_CANCELED);
  /* the message is there when the call has returned */
  while (rig_count_messages (rig, GST_MESSAGE_ELEMENT) == 0)
    g_thread_yield ();
  gst_bus_set_sync_handler (rig->bus, NULL, NULL, NULL);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  slowrig_install ();
  g_test_add_func ("/swap/sync", test_sync);
  g_test_add_func ("/swap/async", test_async);
  g_test_add_func ("/swap/last-wins", test_last_wins);
  g_test_add_func ("/swap/last-fails", test_last_fails);
  g_test_add_func ("/swap/replaced-file", test_replaced_file);
  g_test_add_func ("/swap/missing-file", test_missing_file);
  g_test_add_func ("/swap/broken-file", test_broken_file);
  g_test_add_func ("/swap/longer-windows", test_longer_windows);
  g_test_add_func ("/swap/other-classes", test_other_classes);
  g_test_add_func ("/swap/tail-too-short", test_tail_too_short);
  g_test_add_func ("/swap/flush", test_flush);
  g_test_add_func ("/swap/ready", test_ready);
  g_test_add_func ("/swap/ready-in-a-hurry", test_ready_in_a_hurry);
  g_test_add_func ("/swap/null", test_null);
  g_test_add_func ("/swap/null-while-it-moves", test_null_while_it_moves);
  g_test_add_func ("/swap/null-from-a-result", test_null_from_a_result);
  return g_test_run ();
}
