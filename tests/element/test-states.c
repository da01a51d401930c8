/* test-states.c - state changes, errors, and several elements at once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rig.h"

#include <glib/gstdio.h>
#include <string.h>

/* The element alone, with a bus; what is needed to see errors, at which a harness gives up. */
static GstElement *
new_element (const char *model_file, const char *device)
{
  GstElement *element = gst_element_factory_make ("emotion2vec", NULL);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
  gst_object_unref (bus);
  g_object_set (element, "model-file", model_file, "device", device, NULL);
  return element;
}

static void
free_element (GstElement * element)
{
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

/* READY fails with an error of @domain and @code whose text has @part in it. */
static void
check_error (const char *model_file, const char *device, GQuark domain,
    gint code, const char *part)
{
  GstElement *element = new_element (model_file, device);
  g_autoptr (GstBus) bus = gst_element_get_bus (element);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, part));
  free_element (element);
}

static void
test_missing_model (void)
{
  check_error ("/nonexistent/model.gguf", "ref", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, "/nonexistent/model.gguf");
  /* nothing named, nothing installed where these tests run */
  check_error (NULL, "ref", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "EMOTION2VEC_MODEL");
  g_setenv ("EMOTION2VEC_MODEL", "/nonexistent/other.gguf", TRUE);
  check_error (NULL, "ref", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "/nonexistent/other.gguf");
  g_unsetenv ("EMOTION2VEC_MODEL");
}

static void
test_broken_model (void)
{
  g_autofree char *data = NULL;
  g_autofree char *path = g_strconcat (rig_model (), ".broken", NULL);
  gsize size;

  g_assert_true (g_file_get_contents (rig_model (), &data, &size, NULL));
  for (guint i = 0; i < 8; i++) {
    gsize cut = size * i / 8;

    g_assert_true (g_file_set_contents (path, data, (gssize) cut, NULL));
    check_error (path, "ref", GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_OPEN_READ, "emotion2vec: ");
  }
  data[size - 100] ^= 1;
  g_assert_true (g_file_set_contents (path, data, (gssize) size, NULL));
  check_error (path, "ref", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
      "damaged");
  g_unlink (path);
}

/* The environment of this test has no Vulkan driver. */
static void
test_no_driver (void)
{
  GstElement *element;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) warning = NULL, second = NULL;

  check_error (rig_model (), "vulkan", GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_INIT, "nstall");
  element = new_element (rig_model (), "auto");
  bus = gst_element_get_bus (element);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  warning = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  g_assert_nonnull (warning);
  second = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  g_assert_null (second);
  free_element (element);
}

/* A window too short for one frame of this model (400 samples). */
static void
test_short_window (void)
{
  GstElement *element = new_element (rig_model (), "ref");
  g_autoptr (GstBus) bus = gst_element_get_bus (element);
  g_autoptr (GstMessage) message = NULL;

  g_object_set (element, "window", 20 * GST_MSECOND, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_element_set_state (element, GST_STATE_NULL);
  g_object_set (element, "window", 25 * GST_MSECOND, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), !=,
      GST_STATE_CHANGE_FAILURE);
  free_element (element);
}

static void
test_cycles (void)
{
  GstElement *element = new_element (rig_model (), "ref");

  for (guint i = 0; i < 100; i++) {
    g_assert_cmpint (gst_element_set_state (element, i % 2 ?
            GST_STATE_PLAYING : GST_STATE_READY), !=, GST_STATE_CHANGE_FAILURE);
    g_assert_cmpint (gst_element_set_state (element, GST_STATE_NULL), ==,
        GST_STATE_CHANGE_SUCCESS);
  }
  free_element (element);
}

/* One buffer that completes 201 windows of 20 s: minutes of work on the reference executor. */
static gpointer
push_long (gpointer data)
{
  Rig *rig = data;
  gsize n = 22 * 16000;
  g_autofree guint8 *silence = g_malloc0 (n * 2);

  gst_harness_push (rig->harness, rig_buffer (rig, silence, n, 0, n, 0));
  return NULL;
}

/* While the streaming thread waits for the engine, a state change or a flush gets through; no result comes out then. */
static void
check_release (gboolean flush, gulong microseconds)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_S16LE, 16000, 1, FALSE);
  Rig *rig = rig_new (&info, NULL, "window", 20 * GST_SECOND, "interval",
      10 * GST_MSECOND, NULL);
  GThread *thread = g_thread_new ("push", push_long, rig);

  g_usleep (microseconds);
  if (flush)
    g_assert_true (gst_harness_push_event (rig->harness,
            gst_event_new_flush_start ()));
  else
    g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_NULL), ==,
        GST_STATE_CHANGE_SUCCESS);
  g_thread_join (thread);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 0);
  rig_free (rig);
}

static void
test_null_while_running (void)
{
  for (gulong i = 0; i < 4; i++)
    check_release (FALSE, i * 30000);
}

static void
test_flush_while_running (void)
{
  for (gulong i = 0; i < 4; i++)
    check_release (TRUE, i * 30000);
}

/* Elements that share an engine do not mix up their results. */
static void
test_two_elements (void)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_S16LE, 16000, 1, FALSE);
  Rig *a = rig_new (&info, NULL, NULL), *b = rig_new (&info, NULL, NULL);

  for (guint s = 0; s < 5; s++) {
    rig_push_silence (a, 1000, s * GST_SECOND);
    rig_push_silence (b, 1000, (10 + s) * GST_SECOND);
  }
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GPtrArray) results = rig_results (i ? b : a, LOG_MESSAGE);

    g_assert_cmpuint (results->len, ==, 3);
    for (guint k = 0; k < 3; k++)
      rig_assert_span (results->pdata[k], (i ? 10000 : 0) + k * 1000, 3000);
  }
  rig_free (a);
  rig_free (b);
}

int
main (int argc, char **argv)
{
  g_setenv ("VK_ICD_FILENAMES", "/nonexistent", TRUE);
  g_setenv ("VK_DRIVER_FILES", "/nonexistent", TRUE);
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/states/missing-model", test_missing_model);
  g_test_add_func ("/states/broken-model", test_broken_model);
  g_test_add_func ("/states/no-driver", test_no_driver);
  g_test_add_func ("/states/short-window", test_short_window);
  g_test_add_func ("/states/cycles", test_cycles);
  g_test_add_func ("/states/null-while-running", test_null_while_running);
  g_test_add_func ("/states/flush-while-running", test_flush_while_running);
  g_test_add_func ("/states/two-elements", test_two_elements);
  return g_test_run ();
}
