/* test-formats.c - the text that the writers share, whole files against files written by hand, and streams that fail.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <math.h>
#include <string.h>

#include "formats.h"
#include "formatskit.h"
#include "formattext.h"

static const char *const labels[] = { "angry", "happy", NULL };

static const char *const hostile[] = {
  "--> <b>&\"',\n\nx", "\\N{\\an8}\t\r\xe2\x80\xa8\x01", NULL
};

#define APPENDED(call, expected) G_STMT_START { \
  g_autoptr (GString) text = g_string_new (NULL); \
  call; \
  g_assert_cmpstr (text->str, ==, expected); \
} G_STMT_END

static void
test_times (void)
{
  APPENDED (format_append_seconds (text, 0), "0.000");
  APPENDED (format_append_seconds (text, 1), "0.000000001");
  APPENDED (format_append_seconds (text, 12345678900), "12.3456789");
  APPENDED (format_append_seconds (text, 36000 * GST_SECOND), "36000.000");
  APPENDED (format_append_clock (text, 0, '.'), "00:00:00.000");
  APPENDED (format_append_clock (text, 3599999, ','), "00:59:59,999");
  APPENDED (format_append_clock (text, 36000001, '.'), "10:00:00.001");
  APPENDED (format_append_clock (text, G_GUINT64_CONSTANT (360000000), '.'),
      "100:00:00.000");
  g_assert_cmpuint (format_milliseconds (499999), ==, 0);
  g_assert_cmpuint (format_milliseconds (500000), ==, 1);
  g_assert_cmpuint (format_milliseconds (1499999), ==, 1);
  g_assert_cmpuint (format_milliseconds (G_MAXINT64), ==,
      G_GUINT64_CONSTANT (9223372036855));
}

static void
test_numbers (void)
{
  APPENDED (format_append_number (text, 0.1), "0.1");
  APPENDED (format_append_number (text, -20.5), "-20.5");
  APPENDED (format_append_number (text, 1.0 / 3), "0.33333333333333331");
  APPENDED (format_append_number (text, -INFINITY), "-inf");
  APPENDED (format_append_number (text, INFINITY), "inf");
  APPENDED (format_append_number (text, NAN), "nan");
  APPENDED (format_append_percent (text, 0.806), "81%");
  APPENDED (format_append_percent (text, 1), "100%");
}

static void
test_words (void)
{
  APPENDED (format_append_line (text, hostile[0]), "--> <b>&\"',  x");
  APPENDED (format_append_line (text, hostile[1]), "\\N{\\an8}    ");
  APPENDED (format_append_line (text, "\xc3\xa4\xff"), "\xc3\xa4\xef\xbf\xbd");
  APPENDED (format_append_line (text, "\xef\xbf\xbe\xf0\x9f\x98\x80"),
      "\xef\xbf\xbd\xf0\x9f\x98\x80");
  APPENDED (format_append_xml (text, hostile[0]),
      "--&#62; &#60;b&#62;&#38;&#34;&#39;,&#10;&#10;x");
  APPENDED (format_append_xml (text, hostile[1]),
      "\\N{\\an8}&#9;&#13;&#8232;\xef\xbf\xbd");
  APPENDED (format_append_xml (text, "\xc4\xa6\xef\xbf\xbf\xf0\x9f\x98\x80"),
      "\xc4\xa6\xef\xbf\xbd\xf0\x9f\x98\x80");
}

static void
test_settings (void)
{
  g_autoptr (Annotation) annotation = kit_annotation (3000, 0, 0);
  g_autofree char *settings = format_settings (annotation);
  g_autofree char *whole = NULL, *with_head = NULL, *unknown = NULL;

  g_assert_cmpstr (settings, ==,
      "emotion2vec-annotate 1.2, model tiny, window 3.000 s, interval 3.000 s");
  annotation->window = 0;
  whole = format_settings (annotation);
  g_assert_cmpstr (whole, ==,
      "emotion2vec-annotate 1.2, model tiny, one window");
  annotation->head = g_strdup ("calls");
  with_head = format_settings (annotation);
  g_assert_cmpstr (with_head, ==,
      "emotion2vec-annotate 1.2, model tiny, head calls, one window");
  g_clear_pointer (&annotation->head, g_free);
  g_clear_pointer (&annotation->model, g_free);
  g_clear_pointer (&annotation->version, g_free);
  unknown = format_settings (annotation);
  g_assert_cmpstr (unknown, ==, "emotion2vec-annotate, one window");
}

/* ---- whole files ------------------------------------------------------------------------------------------------ */

static const KitWindow talk[] = {
  {0, 3000, 0, 0.75}, {1000, 3000, 1, 0.625}, {2000, 3000,
      GST_EMOTION2VEC_SILENT}
};

static const KitWindow two_channels[] = {
  {0, 2000, 0, 0.75, 1}, {0, 2000, 1, 0.625, 2},
  {2000, 2000, 0, 0.75, 1}, {2000, 2000, GST_EMOTION2VEC_SILENT, 0, 2},
  {2500, 750, 1, 0.9, 2, TRUE}
};

static void
check_file (const char *format, const KitWindow * windows, guint n,
    const char *const *names, const char *expected)
{
  g_autoptr (Annotation) annotation = n == G_N_ELEMENTS (talk)
      ? kit_annotation (3000, 1000, 5000) : kit_annotation (2000, 2000, 4000);
  g_autofree char *file = NULL;

  kit_fill (annotation, windows, n, names);
  file = kit_write (annotation, format);
  g_assert_cmpstr (file, ==, expected);
}

#define CHECK(format, windows, names, expected) check_file (format, windows, \
    G_N_ELEMENTS (windows), names, expected)

static void
test_csv (void)
{
  CHECK ("csv", talk, labels,
      "id,start,end,channel,trigger,label,confidence,level,flags,"
      "score_angry,score_happy\n"
      "0,0.000,3.000,,interval,angry,0.75,-20.5,,0.75,0.25\n"
      "1,1.000,4.000,,interval,happy,0.625,-20.5,,0.375,0.625\n"
      "2,2.000,5.000,,interval,,,-20.5,silent,,\n");
  CHECK ("csv", talk, hostile,
      "id,start,end,channel,trigger,label,confidence,level,flags,"
      "\"score_--> <b>&\"\"',\n\nx\","
      "\"score_\\N{\\an8}\t\r\xe2\x80\xa8\x01\"\n"
      "0,0.000,3.000,,interval,\"--> <b>&\"\"',\n\nx\",0.75,-20.5,,0.75,0.25\n"
      "1,1.000,4.000,,interval,\"\\N{\\an8}\t\r\xe2\x80\xa8\x01\",0.625,-20.5,,"
      "0.375,0.625\n" "2,2.000,5.000,,interval,,,-20.5,silent,,\n");
  CHECK ("segments", two_channels, labels,
      "start,end,channel,trigger,label,confidence\n"
      "0.000,4.000,0,interval,angry,0.75\n"
      "0.000,2.000,1,interval,happy,0.625\n"
      "2.000,4.000,1,interval,silent,\n" "2.500,3.250,1,speech,happy,0.9\n");
}

#define NOTE "WEBVTT\n\nNOTE\nWhat was heard in talk.wav\n" \
    "emotion2vec-annotate 1.2, model tiny, window "

static void
test_vtt (void)
{
  CHECK ("vtt", talk, labels,
      NOTE "3.000 s, interval 1.000 s\n"
      "\n00:00:00.000 --> 00:00:02.000\nangry 75%\n"
      "\n00:00:02.000 --> 00:00:03.000\nhappy 63%\n");
  CHECK ("vtt", talk, hostile,
      NOTE "3.000 s, interval 1.000 s\n"
      "\n00:00:00.000 --> 00:00:02.000\n--&gt; &lt;b&gt;&amp;\"',  x 75%\n"
      "\n00:00:02.000 --> 00:00:03.000\n\\N{\\an8}     63%\n");
  CHECK ("vtt", two_channels, labels,
      NOTE "2.000 s, interval 2.000 s\n"
      "\n00:00:00.000 --> 00:00:04.000\n<v channel 1>angry 75%\n"
      "\n00:00:00.000 --> 00:00:02.000\n<v channel 2>happy 63%\n"
      "\n00:00:02.500 --> 00:00:03.250\n<v channel 2 speech>happy 90%\n");
}

static void
test_srt (void)
{
  CHECK ("srt", talk, labels,
      "1\n00:00:00,000 --> 00:00:02,000\nangry 75%\n"
      "\n2\n00:00:02,000 --> 00:00:03,000\nhappy 63%\n");
  CHECK ("srt", talk, hostile,
      "1\n00:00:00,000 --> 00:00:02,000\n--\u203a \u2039b\u203a&\"',  x 75%\n"
      "\n2\n00:00:02,000 --> 00:00:03,000\n\u2216N(\u2216an8)     63%\n");
  CHECK ("srt", two_channels, labels,
      "1\n00:00:00,000 --> 00:00:02,000\n"
      "channel 1: angry 75%\nchannel 2: happy 63%\n"
      "\n2\n00:00:02,000 --> 00:00:02,500\nchannel 1: angry 75%\n"
      "\n3\n00:00:02,500 --> 00:00:03,250\n"
      "channel 1: angry 75%\nchannel 2 speech: happy 90%\n"
      "\n4\n00:00:03,250 --> 00:00:04,000\nchannel 1: angry 75%\n");
}

/* Stretches of speech a fraction of a millisecond long: no cue has a length of 0, none overlaps. */
static void
test_short (void)
{
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 10);
  g_autofree char *vtt = NULL, *srt = NULL;

  for (guint i = 0; i < 4; i++) {
    const KitWindow window = { 0, 0, (gint) i % 2, 0, 0, TRUE };
    g_autoptr (GstStructure) message = kit_message (i, &window, labels);

    gst_structure_set (message,
        "stream-time", G_TYPE_UINT64, (guint64) i * 400000,
        "duration", G_TYPE_UINT64, (guint64) 400000, NULL);
    g_assert_true (annotation_add (annotation, message));
  }
  annotation_finish (annotation);
  vtt = kit_write (annotation, "vtt");
  g_assert_cmpstr (vtt, ==, NOTE "3.000 s, interval 1.000 s\n"
      "\n00:00:00.000 --> 00:00:00.001\nhappy 80%\n"
      "\n00:00:00.001 --> 00:00:00.002\nhappy 80%\n");
  srt = kit_write (annotation, "srt");
  g_assert_cmpstr (srt, ==, "1\n00:00:00,000 --> 00:00:00,001\nhappy 80%\n"
      "\n2\n00:00:00,001 --> 00:00:00,002\nhappy 80%\n");
}

static void
test_empty (void)
{
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 0);
  g_autofree char *csv = NULL, *srt = NULL, *vtt = NULL;

  annotation_finish (annotation);
  csv = kit_write (annotation, "csv");
  g_assert_cmpstr (csv, ==,
      "id,start,end,channel,trigger,label,confidence,level,flags\n");
  srt = kit_write (annotation, "srt");
  g_assert_cmpstr (srt, ==, "");
  vtt = kit_write (annotation, "vtt");
  g_assert_cmpstr (vtt, ==, NOTE "3.000 s, interval 1.000 s\n");
}

/* ---- every format ----------------------------------------------------------------------------------------------- */

static void
test_table (void)
{
  guint n;
  const Format *formats = formats_all (&n);

  g_assert_cmpuint (n, >=, 5);
  for (guint i = 0; i < n; i++) {
    g_assert_true (formats_find (formats[i].name) == &formats[i]);
    g_assert_cmpint (formats[i].suffix[0], ==, '.');
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr (formats[i].suffix, !=, formats[j].suffix);
  }
  g_assert_null (formats_find ("doc"));
}

/* The user's language has a decimal comma, where such a language is installed; the bytes are the same each time. */
static void
test_same_bytes (void)
{
  static const char *const locales[] = {
    "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"
  };
  g_autoptr (Annotation) annotation = kit_annotation (2000, 2000, 4000);
  gboolean found = FALSE;
  guint n;
  const Format *formats = formats_all (&n);

  kit_fill (annotation, two_channels, G_N_ELEMENTS (two_channels), hostile);
  for (guint i = 0; i < n; i++) {
    g_autofree char *one = kit_write (annotation, formats[i].name);
    g_autofree char *other = NULL;

    for (guint j = 0; j < G_N_ELEMENTS (locales) && !found; j++)
      found = setlocale (LC_ALL, locales[j]) != NULL;
    other = kit_write (annotation, formats[i].name);
    setlocale (LC_ALL, "C");
    found = FALSE;
    g_assert_cmpstr (one, ==, other);
    g_assert_true (g_utf8_validate (one, -1, NULL));
  }
}

/* A stream that has room for some bytes only: every writer says so. */
static void
test_full (void)
{
  g_autoptr (Annotation) annotation = kit_annotation (2000, 2000, 4000);
  guint n;
  const Format *formats = formats_all (&n);

  kit_fill (annotation, two_channels, G_N_ELEMENTS (two_channels), labels);
  for (guint i = 0; i < n; i++) {
    char room[20];
    g_autoptr (GOutputStream) out =
        g_memory_output_stream_new (room, sizeof room, NULL, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_false (formats[i].write (annotation, out, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
    g_assert_false (formats[i].write (annotation, out, NULL));
  }
}

/* Longer than a piece: all rows are there, once. */
static void
test_long (void)
{
  const guint n = 36000;
  g_autoptr (Annotation) annotation = kit_annotation (1000, 1000, n * 1000);
  g_autofree char *csv = NULL;
  g_auto (GStrv) rows = NULL;

  for (guint i = 0; i < n; i++) {
    const KitWindow window = { i * 1000, 1000, (gint) i % 2, 0.75 };
    g_autoptr (GstStructure) message = kit_message (i, &window, labels);

    g_assert_true (annotation_add (annotation, message));
  }
  annotation_finish (annotation);
  csv = kit_write (annotation, "csv");
  rows = g_strsplit (csv, "\n", -1);
  g_assert_cmpuint (g_strv_length (rows), ==, n + 2);
  for (guint i = 0; i < n; i++) {
    g_autofree char *expected =
        g_strdup_printf ("%u,%u.000,%u.000,,interval,%s,0.75,-20.5,,%s",
        i, i, i + 1, labels[i % 2], i % 2 ? "0.25,0.75" : "0.75,0.25");

    g_assert_cmpstr (rows[i + 1], ==, expected);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/formats/times", test_times);
  g_test_add_func ("/formats/numbers", test_numbers);
  g_test_add_func ("/formats/words", test_words);
  g_test_add_func ("/formats/settings", test_settings);
  g_test_add_func ("/formats/csv", test_csv);
  g_test_add_func ("/formats/vtt", test_vtt);
  g_test_add_func ("/formats/srt", test_srt);
  g_test_add_func ("/formats/short", test_short);
  g_test_add_func ("/formats/empty", test_empty);
  g_test_add_func ("/formats/table", test_table);
  g_test_add_func ("/formats/same-bytes", test_same_bytes);
  g_test_add_func ("/formats/full", test_full);
  g_test_add_func ("/formats/long", test_long);
  return g_test_run ();
}
