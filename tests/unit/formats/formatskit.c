/* formatskit.c - annotations made by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formatskit.h"

#include "formats.h"

static void
set_scores (GstStructure * message, const KitWindow * window,
    const char *const *labels)
{
  guint n = g_strv_length ((char **) labels);
  double best = window->score > 0 ? window->score : 0.8;
  GValue names = G_VALUE_INIT, scores = G_VALUE_INIT, value = G_VALUE_INIT;

  gst_value_array_init (&names, n);
  gst_value_array_init (&scores, n);
  for (guint i = 0; i < n; i++) {
    g_value_init (&value, G_TYPE_STRING);
    g_value_set_string (&value, labels[i]);
    gst_value_array_append_and_take_value (&names, &value);
    g_value_init (&value, G_TYPE_DOUBLE);
    g_value_set_double (&value, (gint) i == window->label ? best
        : (1 - best) / (n - 1));
    gst_value_array_append_and_take_value (&scores, &value);
  }
  gst_structure_take_value (message, "labels", &names);
  gst_structure_take_value (message, "scores", &scores);
}

GstStructure *
kit_message (guint64 id, const KitWindow * window, const char *const *labels)
{
  GstStructure *message = gst_structure_new ("emotion2vec",
      "id", G_TYPE_UINT64, id,
      "stream-time", G_TYPE_UINT64, window->start * GST_MSECOND,
      "duration", G_TYPE_UINT64, window->duration * GST_MSECOND,
      "trigger", G_TYPE_STRING, window->speech ? "speech" : "interval",
      "level", G_TYPE_DOUBLE, -20.5,
      "silent", G_TYPE_BOOLEAN, window->label == GST_EMOTION2VEC_SILENT,
      "partial", G_TYPE_BOOLEAN, window->partial, NULL);

  if (window->channel > 0)
    gst_structure_set (message, "channel", G_TYPE_INT, window->channel - 1,
        NULL);
  if (window->label >= 0)
    set_scores (message, window, labels);
  return message;
}

Annotation *
kit_annotation (guint window, guint interval, guint duration)
{
  Annotation *annotation = annotation_new ();

  annotation->name = g_strdup ("talk.wav");
  annotation->media_type = g_strdup ("audio/x-wav");
  annotation->n_tracks = 1;
  annotation->duration = duration * GST_MSECOND;
  annotation->rate = 16000;
  annotation->channels = 1;
  annotation->model = g_strdup ("tiny");
  annotation->version = g_strdup ("1.2");
  annotation->window = window * GST_MSECOND;
  annotation->interval = interval * GST_MSECOND;
  return annotation;
}

void
kit_fill (Annotation * annotation, const KitWindow * windows, guint n,
    const char *const *labels)
{
  for (guint i = 0; i < n; i++) {
    g_autoptr (GstStructure) message = kit_message (i, &windows[i], labels);

    g_assert_true (annotation_add (annotation, message));
  }
  annotation_finish (annotation);
}

char *
kit_write (const Annotation * annotation, const char *format)
{
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr (GError) error = NULL;
  const Format *row = formats_find (format);

  g_assert_nonnull (row);
  g_assert_true (row->write (annotation, out, &error));
  g_assert_no_error (error);
  g_assert_true (g_output_stream_write_all (out, "", 1, NULL, NULL, NULL));
  g_assert_true (g_output_stream_close (out, NULL, NULL));
  return g_memory_output_stream_steal_data (G_MEMORY_OUTPUT_STREAM (out));
}
