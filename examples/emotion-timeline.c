/* emotion-timeline.c - plays nothing, prints how the voices of a recording sound, window by window.
 *
 *   emotion-timeline FILE|URI
 *
 * All that a program needs to use the element: put it into a pipeline, read its messages from the bus. The fields of
 * the message are described in docs/metadata.md.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>
#include <locale.h>

#define BAR_WIDTH 20

static void
print_bar (double share)
{
  for (int i = 0; i < BAR_WIDTH; i++)
    g_print ("%s", i + 0.5 < share * BAR_WIDTH ? "█" : "·");
}

static void
print_time (GstClockTime time)
{
  guint tenths = (guint) (time / (GST_SECOND / 10));

  g_print ("%3u:%02u.%u", tenths / 600, tenths / 10 % 60, tenths % 10);
}

/* One line: " 0:03.0 –  0:06.0  ████████████········  0.61  happy". */
static void
print_result (const GstStructure * result)
{
  guint64 start = 0, duration = 0;
  double confidence = 0;
  const char *label = gst_structure_get_string (result, "label");

  gst_structure_get_uint64 (result, "stream-time", &start);
  gst_structure_get_uint64 (result, "duration", &duration);
  print_time (start);
  g_print (" –");
  print_time (start + duration);
  if (label && gst_structure_get_double (result, "confidence", &confidence)) {
    g_print ("  ");
    print_bar (confidence);
    g_print ("  %.2f  %s\n", confidence, label);
  } else {
    g_print ("  silence\n");
  }
}

/* Returns FALSE when the recording is at its end or something is wrong. */
static gboolean
handle_message (GstMessage * message, gboolean * failed)
{
  g_autoptr (GError) error = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name (message, "emotion2vec"))
        print_result (gst_message_get_structure (message));
      return TRUE;
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning (message, &error, NULL);
      g_printerr ("warning: %s\n", error->message);
      return TRUE;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      g_printerr ("error: %s\n", error->message);
      *failed = TRUE;
      return FALSE;
    default:
      return FALSE;
  }
}

static GstElement *
make_pipeline (const char *uri, GError ** error)
{
  GstElement *pipeline = gst_parse_launch ("uridecodebin name=source "
      "expose-all-streams=false caps=audio/x-raw ! emotion2vec "
      "! fakesink sync=false", error);
  g_autoptr (GstElement) source = NULL;

  if (!pipeline)
    return NULL;
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_object_set (source, "uri", uri, NULL);
  return pipeline;
}

int
main (int argc, char **argv)
{
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = NULL;
  gboolean failed = FALSE, more = TRUE;

  setlocale (LC_ALL, "");
  gst_init (&argc, &argv);
  if (argc != 2) {
    g_printerr ("Usage: %s FILE|URI\n", argv[0]);
    return 2;
  }
  uri = gst_uri_is_valid (argv[1]) ? g_strdup (argv[1])
      : gst_filename_to_uri (argv[1], &error);
  pipeline = uri ? make_pipeline (uri, &error) : NULL;
  if (!pipeline) {
    g_printerr ("error: %s\n", error->message);
    return 1;
  }

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  bus = gst_element_get_bus (pipeline);
  while (more) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
        GST_MESSAGE_ELEMENT | GST_MESSAGE_WARNING | GST_MESSAGE_ERROR
        | GST_MESSAGE_EOS);

    more = handle_message (message, &failed);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return failed ? 1 : 0;
}
