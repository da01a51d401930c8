/* test-report.c - the HTML report as text: what must never be in it, numbers worked out by hand, size, the same bytes.
 *
 * What it looks like and does is tested in a browser, in tests/tools/test_report.py.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "formats.h"
#include "formatskit.h"
#include "report-columns.h"

static const char *const labels[] = { "angry", "happy", NULL };

static const char *const hostile[] = {
  "</script><b>\"'&", "\xe2\x80\xae\xe2\x80\xa8\x01", "", NULL
};

/* Three seconds long, one a second, of five; the third is silent. */
static const KitWindow five[] = {
  {0, 3000, 0, 0.75}, {1000, 3000, 0, 0.5}, {2000, 3000, -1},
  {3000, 3000, 1, 0.625}, {4000, 3000, 1, 1}
};

static Annotation *
make_five (void)
{
  Annotation *annotation = kit_annotation (3000, 1000, 7000);
  static const AnnotationPeak peaks[] = {
    {-0.25f, 0.5f}, {-0.5f, 0.25f}, {0, 0}, {-0.125f, NAN}
  };

  g_array_append_vals (annotation->peaks, peaks, G_N_ELEMENTS (peaks));
  kit_fill (annotation, five, G_N_ELEMENTS (five), labels);
  return annotation;
}

static guint
count (const char *text, const char *words)
{
  guint n = 0;

  for (; (text = strstr (text, words)); text += strlen (words))
    n++;
  return n;
}

static void
check_has (const char *html, const char *words)
{
  if (!strstr (html, words))
    g_error ("the report lacks: %s", words);
}

static void
test_words (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

#define APPENDED(call, expected) G_STMT_START { \
  g_string_truncate (text, 0); \
  call; \
  g_assert_cmpstr (text->str, ==, expected); \
} G_STMT_END

  APPENDED (report_append_clock (text, 0), "0:00.00");
  APPENDED (report_append_clock (text, 59994 * GST_MSECOND), "0:59.99");
  APPENDED (report_append_clock (text, 59995 * GST_MSECOND), "1:00.00");
  APPENDED (report_append_clock (text, 3599996 * GST_MSECOND), "1:00:00.00");
  APPENDED (report_append_clock (text, 36061 * GST_SECOND), "10:01:01.00");
  APPENDED (report_append_decimal (text, 100, 0), "100");
  APPENDED (report_append_decimal (text, 100, 2), "100");
  APPENDED (report_append_decimal (text, 33.3337, 3), "33.334");
  APPENDED (report_append_decimal (text, 0.5, 1), "0.5");
  APPENDED (report_append_name (text, "a<b\n\xe2\x80\xaex"),
      "<bdi>a&#60;b \xef\xbf\xbdx</bdi>");
  APPENDED (report_append_name (text, ""), "<bdi>(no name)</bdi>");
}

/* They speak for 0 to 2, 2 to 3, 3 to 4, 4 to 5 and 5 to 7 seconds. */
static void
test_data (void)
{
  g_autoptr (Annotation) annotation = make_five ();
  g_autofree char *html = kit_write (annotation, "html");

  check_has (html,
      "{\"end\":7000,\"labels\":[\"angry\",\"happy\"],\"lanes\":[\n"
      "{\"name\":\"All channels\",\n" "\"from\":[0,1,2000,1,1000,3],\n"
      "\"length\":[2000,1,1000,3,2000,1],\n" "\"lead\":[0,1,1000,4],\n"
      "\"duration\":[3000,5],\n" "\"label\":[0,2,-1,1,1,2],\n"
      "\"level\":[-21,5],\n" "\"flags\":[0,5],\n"
      "\"scores\":[750,250,500,500,375,625,0,1000]}]}</script>");
}

/* Ten thousand units across: a second is 1428.6 of them. Down: 500. */
static void
test_drawing (void)
{
  g_autoptr (Annotation) annotation = make_five ();
  g_autofree char *html = kit_write (annotation, "html");

  /* angry to the left and to the right of the silence; in the middle of each window is its score */
  check_has (html, "<path class=\"c0\" d=\"M0 500v-375h1429l2142 125h715v250z"
      "M5714 500v-187h715l2142 187h1429z\"/>");
  check_has (html, "<path class=\"c1\" d=\"M0 500v-500h1429h2142h715v500z"
      "M5714 500v-500h715h2142h1429v500z\"/>");
  /* the loudest sample, a half, is as high as the drawing */
  check_has (html, "<svg class=\"wave\"");
  check_has (html, "<path d=\"M0 250l1250-252");
  check_has (html, "<title>angry 0:00.00–0:03.00</title><rect x=\"0%\" "
      "width=\"42.857%\"");
  check_has (html,
      "<g class=\"silent\"><title>silent 0:03.00–0:04.00</title>");
  g_assert_cmpuint (count (html, "<g class=\"c0\">"), ==, 1);
  g_assert_cmpuint (count (html, "<g class=\"c1\">"), ==, 1);
}

static void
test_tables (void)
{
  g_autoptr (Annotation) annotation = make_five ();
  g_autofree char *html = kit_write (annotation, "html");

  check_has (html, "Mostly <strong><bdi>angry</bdi></strong> (43%), then "
      "<strong><bdi>happy</bdi></strong> (43%).");
  check_has (html, "<bdi>silent</bdi><td class=\"bar\"><span class=\"silent\" "
      "style=\"width:14.3%\"></span><td class=\"share\">14%");
  /* (2 * 0.75 + 0.5) / 3 */
  check_has (html, "<tr><td>0:00.00<td>0:03.00<td>3.00<td><i class=\"key c0\">"
      "</i><bdi>angry</bdi><td>67%\n");
  check_has (html, "<tr><td>0:03.00<td>0:04.00<td>1.00<td><i class=\"key "
      "silent\"></i><bdi>silent</bdi><td>\n");
  check_has (html, "<dt>Results<dd>5 windows, 3 segments</div>");
  check_has (html, "<dt>Windows<dd>3 s long, one every 1 s</div>");
}

/* Every tag but those of the page itself is gone, and nothing ends the data. */
static void
test_hostile (void)
{
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 7000);
  static const KitWindow windows[] = { {0, 3000, 0}, {1000, 3000, 1},
  {2000, 3000, 2}
  };
  g_autofree char *html = NULL;

  g_free (annotation->name);
  annotation->name = g_strdup ("//host/</script><b>\"'&\xff#?%.wav");
  g_free (annotation->model);
  annotation->model = g_strdup ("<i>\"");
  annotation->language = g_strdup ("-->");
  kit_fill (annotation, windows, 3, hostile);
  html = kit_write (annotation, "html");
  g_assert_true (g_utf8_validate (html, -1, NULL));
  g_assert_cmpuint (count (html, "</script>"), ==, 2);
  g_assert_cmpuint (count (html, "<script"), ==, 2);
  g_assert_null (strstr (html, "<b>"));
  g_assert_null (strstr (html, "<i>"));
  g_assert_null (strstr (html, "-->"));
  g_assert_null (strstr (html, "\xe2\x80\xae"));
  g_assert_null (strstr (html, "\xe2\x80\xa8"));
  check_has (html, "\"labels\":[\"\\u003c/script\\u003e\\u003cb\\u003e\\u0022"
      "\\u0027\\u0026\",");
  check_has (html, "src=\"/host/%3C/script%3E%3Cb%3E%22%27%26%EF%BF%BD"
      "%23%3F%25.wav\"");
}

static void
check_source (const char *name, const char *source)
{
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 7000);
  g_autofree char *html = NULL;

  g_free (annotation->name);
  annotation->name = g_strdup (name);
  html = kit_write (annotation, "html");
  if (source)
    check_has (html, source);
  else
    g_assert_null (strstr (html, "<audio"));
}

/* No name leads to another machine. */
static void
test_source (void)
{
  check_source ("talk.wav", "src=\"./talk.wav\"");
  check_source ("../a b/t.wav", "src=\"./../a%20b/t.wav\"");
  check_source ("/a/t.wav", "src=\"/a/t.wav\"");
  check_source ("////host/t.wav", "src=\"/host/t.wav\"");
  check_source ("javascript:alert(1)", "src=\"./javascript%3Aalert%281%29\"");
  check_source ("https://host/t.wav", NULL);
  check_source ("", NULL);
}

/* The policy allows the script by its hash. */
static void
test_policy (void)
{
  g_autoptr (Annotation) annotation = make_five ();
  g_autofree char *html = kit_write (annotation, "html");
  const char *script = strstr (html, "<script>") + strlen ("<script>");
  g_autofree char *text =
      g_strndup (script, (gsize) (strstr (script, "</script>") - script));
  g_autofree char *hex =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  const char *policy = strstr (html, "'sha256-") + strlen ("'sha256-");
  g_autofree char *base64 =
      g_strndup (policy, (gsize) (strchr (policy, '\'') - policy));
  gsize size;
  g_autofree guint8 *digest = g_base64_decode (base64, &size);

  g_assert_cmpuint (size, ==, 32);
  for (gsize i = 0; i < size; i++) {
    char byte[3];

    g_snprintf (byte, sizeof byte, "%02x", digest[i]);
    g_assert_true (g_str_has_prefix (hex + 2 * i, byte));
  }
  check_has (html, "default-src 'none'");
}

static Annotation *
make_many (guint n)
{
  Annotation *annotation = kit_annotation (3000, 1000, 1000 * n + 2000);
  g_autofree KitWindow *windows = g_new0 (KitWindow, n);

  for (guint i = 0; i < n; i++)
    windows[i] = (KitWindow) {
    1000 *i, 3000, (gint) (i % 2)};
  kit_fill (annotation, windows, n, labels);
  return annotation;
}

/* More windows than can be seen are summed up: labels in turn make halves, and time is kept. */
static void
test_columns (void)
{
  g_autoptr (Annotation) annotation = make_many (4000);
  g_autoptr (Report) report = report_new (annotation);
  g_autoptr (ReportColumns) all =
      report_columns_new (report, report_lane (report, 0), 4000);
  g_autoptr (ReportColumns) few =
      report_columns_new (report, report_lane (report, 0), 100);
  GstClockTime until = 0;

  g_assert_cmpuint (report->end, ==, 4002 * GST_SECOND);
  g_assert_false (all->merged);
  g_assert_cmpuint (all->columns->len, ==, 4000);
  g_assert_true (few->merged);
  g_assert_cmpuint (few->columns->len, ==, 100);
  for (guint i = 0; i < 100; i++) {
    const ReportColumn *column = &g_array_index (few->columns, ReportColumn, i);
    double angry = g_array_index (few->scores, double, 2 * i);
    double happy = g_array_index (few->scores, double, 2 * i + 1);

    g_assert_cmpuint (column->from, ==, until);
    until = column->to;
    g_assert_true (column->has_scores);
    g_assert_true (fabs (angry + happy - 1) < 1e-9);
    /* 40.02 windows a column: at most one more of one label than of the other, and more at the ends */
    g_assert_true (fabs (angry - 0.5) < 0.6 * 1.1 / 40 + 0.6 * (i % 99 == 0) /
        40);
  }
  g_assert_cmpuint (until, ==, report->end);
}

static void
test_size (void)
{
  g_autoptr (Annotation) annotation = make_many (36000);
  g_autofree char *html = kit_write (annotation, "html");
  g_autofree char *again = kit_write (annotation, "html");

  /* the worst case: no two neighbours are alike, so that the table has a row a window */
  g_assert_cmpuint (strlen (html), <, 4000000);
  g_assert_cmpuint (count (html, "<tr><td>"), ==, 36000);
  g_assert_cmpuint (count (html, "<rect"), <, 1300);
  g_assert_null (strstr (html, "<details open>"));
  g_assert_cmpstr (html, ==, again);
}

static void
test_little (void)
{
  g_autoptr (Annotation) empty = annotation_new ();
  g_autoptr (Annotation) headless = kit_annotation (3000, 0, 3000);
  static const KitWindow window = { 0, 3000, ANNOTATION_NO_LABEL };
  g_autofree char *html = kit_write (empty, "html");
  g_autofree char *other = NULL;

  check_has (html, "Nothing was heard");
  g_assert_null (strstr (html, "<svg"));
  empty->duration = GST_CLOCK_TIME_NONE;
  g_free (html);
  html = kit_write (empty, "html");
  check_has (html, "</html>\n");
  kit_fill (headless, &window, 1, labels);
  other = kit_write (headless, "html");
  check_has (other, "it has no head");
  check_has (other, "<dt>Results<dd>1 window, 0 segments</div>");
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report/words", test_words);
  g_test_add_func ("/report/data", test_data);
  g_test_add_func ("/report/drawing", test_drawing);
  g_test_add_func ("/report/tables", test_tables);
  g_test_add_func ("/report/hostile", test_hostile);
  g_test_add_func ("/report/source", test_source);
  g_test_add_func ("/report/policy", test_policy);
  g_test_add_func ("/report/columns", test_columns);
  g_test_add_func ("/report/size", test_size);
  g_test_add_func ("/report/little", test_little);
  return g_test_run ();
}
