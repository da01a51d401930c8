/* write-report.c - HTML reports for the tests in a browser, each with JSON Lines of the same annotation beside it.
 *
 *   write-report heard PIPELINE NAME FOLDER    what the element named "e" of a launch line hears; audio ends in a fakesink
 *                                              named "sink". NAME: of the file that the report is about, in FOLDER
 *   write-report made CASE FOLDER              invented: empty, headless, silent, hostile, hours
 *
 * Both write FOLDER/NAME.html and FOLDER/NAME.jsonl (FOLDER/CASE...).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/audio/audio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats.h"
#include "formatskit.h"

static const char *const official[] = { "angry", "disgusted", "fearful",
  "happy", "neutral", "other", "sad", "surprised", "unknown", NULL
};

static const char *const hostile[] = {
  "</script><script>document.title='bad'</script>",
  "\"><img src=x onerror=\"document.title='bad'\">",
  "\xd8\xba\xd8\xa7\xd8\xb6\xd8\xa8 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
  "\xe2\x80\xae reversed \xe2\x80\xa8 new line", "a very long name of an "
      "emotion that nobody would ever give to a class, not even in a test",
  "& &amp; <!--", "\xe6\x80\x92\xe3\x82\x8a", "__proto__", "", NULL
};

/* ---- what is heard ---------------------------------------------------------------------------------------------- */

typedef struct
{
  Annotation *annotation;
  GstAudioInfo info;
  guint64 frames;
  AnnotationPeak peak;          /* of the frames since the last one was added */
} Listener;

/* Fifty peaks a second. */
static void
add_frame (Listener * listener, const float *frame)
{
  for (gint i = 0; i < GST_AUDIO_INFO_CHANNELS (&listener->info); i++) {
    listener->peak.low = MIN (listener->peak.low, frame[i]);
    listener->peak.high = MAX (listener->peak.high, frame[i]);
  }
  listener->frames++;
  if (listener->frames % (guint) (GST_AUDIO_INFO_RATE (&listener->info) / 50)
      == 0) {
    g_array_append_val (listener->annotation->peaks, listener->peak);
    listener->peak = (AnnotationPeak) {
    0, 0};
  }
}

static void
take_buffer (GstElement * sink, GstBuffer * buffer, GstPad * pad,
    Listener * listener)
{
  GstMapInfo map;
  gint channels;

  if (!GST_AUDIO_INFO_IS_VALID (&listener->info)) {
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

    g_assert_true (gst_audio_info_from_caps (&listener->info, caps));
    g_assert_cmpint (GST_AUDIO_INFO_FORMAT (&listener->info), ==,
        GST_AUDIO_FORMAT_F32);
  }
  channels = GST_AUDIO_INFO_CHANNELS (&listener->info);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (gsize i = 0; i < map.size / sizeof (float) / (guint) channels; i++)
    add_frame (listener, (const float *) map.data + i * (guint) channels);
  gst_buffer_unmap (buffer, &map);
}

static void
take_settings (Annotation * annotation, GstElement * element)
{
  guint64 window, interval;

  g_object_get (element, "window", &window, "interval", &interval, NULL);
  annotation->window = window;
  annotation->interval = interval;
  annotation->version = g_strdup (VERSION);
}

static void
listen (Listener * listener, GstElement * pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gboolean running = TRUE;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (running) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (bus,
        GST_CLOCK_TIME_NONE,
        GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    const GstStructure *structure = gst_message_get_structure (message);

    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      g_error ("%" GST_PTR_FORMAT, structure);
    running = GST_MESSAGE_TYPE (message) != GST_MESSAGE_EOS;
    if (running && annotation_add (listener->annotation, structure)
        && !listener->annotation->model)
      listener->annotation->model =
          g_strdup (gst_structure_get_string (structure, "model"));
  }
}

static Annotation *
hear (const char *line, const char *name)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error);
  GstElement *element, *sink;
  Listener listener = { annotation_new (), {0}, 0, {0, 0} };
  Annotation *annotation = listener.annotation;

  g_assert_no_error (error);
  element = gst_bin_get_by_name (GST_BIN (pipeline), "e");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_signal_connect (sink, "handoff", G_CALLBACK (take_buffer), &listener);
  listen (&listener, pipeline);
  take_settings (annotation, element);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  annotation->name = g_strdup (name);
  annotation->media_type = g_strdup ("audio/ogg");
  annotation->n_tracks = 1;
  annotation->rate = (guint) GST_AUDIO_INFO_RATE (&listener.info);
  annotation->channels = (guint) GST_AUDIO_INFO_CHANNELS (&listener.info);
  annotation->duration = gst_util_uint64_scale (listener.frames, GST_SECOND,
      annotation->rate);
  annotation_finish (annotation);
  gst_object_unref (element);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
  return annotation;
}

/* ---- what is made ----------------------------------------------------------------------------------------------- */

/* Adds @n windows of three seconds, one a second; labels come in turn. @label: below 0: all of them have that one. */
static void
add_windows (Annotation * annotation, guint n, gint label,
    const char *const *labels)
{
  guint n_labels = g_strv_length ((char **) labels);
  g_autofree KitWindow *windows = g_new0 (KitWindow, n);

  for (guint i = 0; i < n; i++) {
    windows[i].start = 1000 * i;
    windows[i].duration = 3000;
    windows[i].label = label < 0 ? label : (gint) (i / 2 * 7 % n_labels);
    windows[i].score = 0.55 + 0.4 * sin (i * 0.7);
    if (label >= 0 && i % 29 > 25)
      windows[i].label = GST_EMOTION2VEC_SILENT;
  }
  kit_fill (annotation, windows, n, labels);
}

static void
add_peaks (Annotation * annotation, guint n)
{
  for (guint i = 0; i < n; i++) {
    float size = (float) fabs (sin (i * 0.05) * sin (i * 0.0011));
    const AnnotationPeak peak = { -size, size * 0.8f };

    g_array_append_val (annotation->peaks, peak);
  }
}

static Annotation *
make (const char *name)
{
  gboolean hours = strcmp (name, "hours") == 0;
  guint n = hours ? 36000 : 18;
  Annotation *annotation = kit_annotation (3000, 1000, 1000 * n + 2000);

  if (strcmp (name, "empty") == 0) {
    annotation->duration = 0;
    return annotation;
  }
  add_peaks (annotation, hours ? 36000 : 900);
  if (strcmp (name, "headless") == 0)
    add_windows (annotation, n, ANNOTATION_NO_LABEL, official);
  else if (strcmp (name, "silent") == 0)
    add_windows (annotation, n, GST_EMOTION2VEC_SILENT, official);
  else if (strcmp (name, "hostile") == 0)
    add_windows (annotation, n, 0, hostile);
  else
    add_windows (annotation, n, 0, official);
  if (strcmp (name, "hostile") == 0) {
    g_free (annotation->name);
    annotation->name = g_strdup ("//evil.example/</title><script>"
        "document.title='bad'</script>\"'\xe2\x80\xae#?%2f.wav");
  }
  return annotation;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void
write_as (const Annotation * annotation, const char *format, const char *folder,
    const char *name)
{
  const Format *row = formats_find (format);
  g_autofree char *path =
      g_strconcat (folder, G_DIR_SEPARATOR_S, name, row->suffix, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileOutputStream) out = g_file_replace (file, NULL, FALSE,
      G_FILE_CREATE_NONE, NULL, &error);

  g_assert_no_error (error);
  row->write (annotation, G_OUTPUT_STREAM (out), &error);
  g_assert_no_error (error);
  g_output_stream_close (G_OUTPUT_STREAM (out), NULL, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_autoptr (Annotation) annotation = NULL;
  const char *name, *folder;

  gst_init (NULL, NULL);
  if (argc == 5 && strcmp (argv[1], "heard") == 0)
    annotation = hear (argv[2], argv[3]);
  else if (argc == 4 && strcmp (argv[1], "made") == 0)
    annotation = make (argv[2]);
  else {
    fprintf (stderr, "usage: write-report heard PIPELINE NAME FOLDER\n"
        "       write-report made CASE FOLDER\n");
    return 2;
  }
  name = argv[argc - 2];
  folder = argv[argc - 1];
  write_as (annotation, "html", folder, name);
  write_as (annotation, "jsonl", folder, name);
  return 0;
}
