/* test-reader.c - results in a stream: each one once, with bounded memory, whoever made them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecreader.h"

#include <math.h>

#include "gstemotion2vecmeta.h"

static void
count (const GstEmotion2vecReading * reading, gpointer n)
{
  (*(guint *) n)++;
}

static GstStructure *
result (const char *element, const char *stream_id, guint64 id)
{
  return gst_structure_new ("emotion2vec",
      "element", G_TYPE_STRING, element, "stream-id", G_TYPE_STRING, stream_id,
      "id", G_TYPE_UINT64, id, "duration", G_TYPE_UINT64, GST_SECOND, NULL);
}

/* Whether a result in an event is new. @fields: (transfer full). */
static gboolean
is_new (GstEmotion2vecReader * reader, GstStructure * fields)
{
  g_autoptr (GstEvent) event =
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, fields);
  guint n = 0;

  g_assert_true (gst_emotion2vec_reader_event (reader, event, count, &n));
  return n == 1;
}

static void
test_ids (void)
{
  g_autoptr (GstEmotion2vecReader) reader = gst_emotion2vec_reader_new ();

  g_assert_true (is_new (reader, result ("e", "s", 5)));
  g_assert_false (is_new (reader, result ("e", "s", 5)));
  g_assert_true (is_new (reader, result ("f", "s", 5)));
  g_assert_true (is_new (reader, result ("e", "t", 5)));
  /* out of order, each once */
  g_assert_true (is_new (reader, result ("e", "s", 7)));
  g_assert_true (is_new (reader, result ("e", "s", 6)));
  g_assert_false (is_new (reader, result ("e", "s", 6)));
  g_assert_false (is_new (reader, result ("e", "s", 7)));
  g_assert_true (is_new (reader, result ("e", "s", 7 + 63)));
  g_assert_false (is_new (reader, result ("e", "s", 7)));
  g_assert_true (is_new (reader, result ("e", "s", 8)));
  /* 64 behind the newest counts as known */
  g_assert_false (is_new (reader, result ("e", "s", 4)));
  g_assert_true (is_new (reader, result ("e", "s", G_MAXUINT64)));
  g_assert_false (is_new (reader, result ("e", "s", 70)));
}

static void
test_streams (void)
{
  g_autoptr (GstEmotion2vecReader) reader = gst_emotion2vec_reader_new ();
  const struct
  {
    const char *stream;
    gboolean again;
  } starts[] = { {"a", TRUE}, {"a", FALSE}, {"b", TRUE}, {"a", TRUE} };

  g_assert_true (is_new (reader, result ("e", "s", 0)));
  for (guint i = 0; i < G_N_ELEMENTS (starts); i++) {
    g_autoptr (GstEvent) event = gst_event_new_stream_start (starts[i].stream);
    guint n = 0;

    g_assert_false (gst_emotion2vec_reader_event (reader, event, count, &n));
    g_assert_cmpint (is_new (reader, result ("e", "s", 0)), ==,
        starts[i].again);
  }
  gst_emotion2vec_reader_forget (reader);
  g_assert_true (is_new (reader, result ("e", "s", 0)));
}

/* Of more sources than it knows, it forgets the one that was quiet longest. */
static void
test_bounded (void)
{
  g_autoptr (GstEmotion2vecReader) reader = gst_emotion2vec_reader_new ();

  for (guint i = 0; i < 65; i++) {
    g_autofree char *name = g_strdup_printf ("%u", i);

    g_assert_true (is_new (reader, result ("e", name, 0)));
  }
  g_assert_false (is_new (reader, result ("e", "1", 0)));
  g_assert_true (is_new (reader, result ("e", "0", 0)));
  /* that was the room of the second */
  g_assert_true (is_new (reader, result ("e", "2", 0)));
  g_assert_false (is_new (reader, result ("e", "1", 0)));
}

static void
keep (const GstEmotion2vecReading * reading, gpointer kept)
{
  *(GstEmotion2vecReading *) kept = *reading;
}

/* On a buffer, several at once, among other metas. */
static void
test_buffer (void)
{
  g_autoptr (GstEmotion2vecReader) reader = gst_emotion2vec_reader_new ();
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  guint n = 0;

  for (guint64 id = 0; id < 3; id++) {
    g_autoptr (GstEmotion2vecResult) made = gst_emotion2vec_result_new ();

    made->element = g_strdup ("e");
    made->id = id / 2;
    made->duration = GST_SECOND;
    gst_emotion2vec_meta_attach (buffer, made);
  }
  gst_buffer_add_protection_meta (buffer, gst_structure_new_empty ("x"));
  gst_emotion2vec_reader_buffer (reader, buffer, count, &n);
  g_assert_cmpuint (n, ==, 2);
}

/* Nonsense is left out, or away. */
static void
test_nonsense (void)
{
  g_autoptr (GstEmotion2vecReader) reader = gst_emotion2vec_reader_new ();
  g_autoptr (GstEvent) event =
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
      gst_structure_new ("emotion2vec", "label", G_TYPE_STRING, "",
          "confidence", G_TYPE_DOUBLE, (double) NAN, "channel", G_TYPE_STRING,
          "x", "interval", G_TYPE_UINT64, G_GUINT64_CONSTANT (0), "timestamp",
          G_TYPE_UINT64, G_MAXUINT64 - 1, "duration", G_TYPE_UINT64, GST_SECOND,
          NULL));
  GstEmotion2vecReading reading = { NULL };

  g_assert_false (is_new (reader, gst_structure_new_empty ("emotion2vec")));
  g_assert_false (is_new (reader, gst_structure_new ("emotion2vec",
              "duration", G_TYPE_UINT64, G_MAXUINT64 - 1, NULL)));
  g_assert_true (gst_emotion2vec_reader_event (reader, event, keep, &reading));
  g_assert_null (reading.label);
  g_assert_cmpfloat (reading.confidence, ==, 0);
  g_assert_cmpint (reading.channel, ==, -1);
  g_assert_true (reading.timestamp == GST_CLOCK_TIME_NONE);
  g_assert_true (reading.interval == GST_CLOCK_TIME_NONE);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  gst_emotion2vec_meta_register ();
  g_test_add_func ("/reader/ids", test_ids);
  g_test_add_func ("/reader/streams", test_streams);
  g_test_add_func ("/reader/bounded", test_bounded);
  g_test_add_func ("/reader/buffer", test_buffer);
  g_test_add_func ("/reader/nonsense", test_nonsense);
  return g_test_run ();
}
