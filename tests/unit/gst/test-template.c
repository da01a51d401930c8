/* test-template.c - templates of texts: fields, formats, and what is wrong with them.
 *
 * Expected texts of numbers are what Python's format() gives.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vectemplate.h"

#include <locale.h>
#include <string.h>

#include "gstemotion2vecresult.h"

static GstStructure *
make_fields (void)
{
  static const char *const labels[] = { "happy", "sad", NULL };
  static const double scores[] = { 0.75, 0.25 };
  static const float embedding[] = { 0.5f, -2 };
  g_autoptr (GstEmotion2vecResult) result = gst_emotion2vec_result_new ();

  result->element = g_strdup ("e");
  result->stream_id = g_strdup ("<s>&");
  result->source_id = g_strdup ("Zoë");
  result->id = 7;
  result->timestamp = 3723456500000;
  result->stream_time = 59999600000;
  result->running_time = 0;
  result->duration = 3 * GST_SECOND;
  result->interval = GST_SECOND;
  result->level = -20.125;
  result->model = g_strdup ("m");
  result->dim = 2;
  result->utterance = g_memdup2 (embedding, sizeof embedding);
  gst_emotion2vec_result_set_scores (result, labels, scores, 2);
  return gst_emotion2vec_result_to_structure (result, "emotion2vec");
}

static const struct
{
  const char *template, *text;
} good[] = {
  {"{label} {confidence:.0%}", "happy 75%"},
  {"", ""},
  {"no field", "no field"},
  {"{{{label}}}", "{happy}"},
  {"{confidence}", "0.75"},
  {"{confidence:.1f}", "0.8"},
  {"{confidence:8.3f}|", "   0.750|"},
  {"{confidence:<8.3f}|", "0.750   |"},
  {"{confidence:*^9.3f}|", "**0.750**|"},
  {"{confidence:+.2e}", "+7.50e-01"},
  {"{confidence:%}", "75.000000%"},
  {"{level:08.2f}", "-0020.12"},
  {"{level:+d}", "-20"},
  {"{id:03}", "007"},
  {"{id:>3d}", "  7"},
  {"{id:.1f}", "7.0"},
  {"{label:>7}|{label:.3}|{source-id:5}|", "  happy|hap|Zoë  |"},
  {"{timestamp}", "1:02:03.457"},
  {"{timestamp:.0t}", "1:02:03"},
  {"{timestamp:.9t}", "1:02:03.456500000"},
  {"{timestamp:.2f}", "3723.46"},
  {"{timestamp:d}", "3723456500000"},
  {"{stream_time:.3}", "0:01:00.000"},
  {"{running-time} {duration:.1f} {interval:.0f}", "0:00:00.000 3.0 1"},
  {"{scores}", "0.75, 0.25"},
  {"{scores:.0%}", "75%, 25%"},
  {"{scores[sad]:.2f}{scores[angry]}", "0.25"},
  {"{labels}", "happy, sad"},
  {"{silent} {partial} {below-threshold}", "false false false"},
  {"{channel}{raw-scores}{inference-time}{frame-scores}", ""},
  {"{utterance-embedding:.1f}", "0.5, -2.0"},
  {"{trigger} {element} {model}", "interval e m"},
  {"{emoji} {colour}", "\xf0\x9f\x98\x8a #deb619"},
  {"{stream-id}", "<s>&"},
};

static void
test_good (void)
{
  g_autoptr (GstStructure) fields = make_fields ();

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GstEmotion2vecTemplate) template =
        gst_emotion2vec_template_new (good[i].template, &error);
    g_autoptr (GString) text = g_string_new (NULL);

    g_assert_no_error (error);
    gst_emotion2vec_template_write (template, fields, FALSE, text);
    g_assert_cmpstr (text->str, ==, good[i].text);
  }
}

static const struct
{
  const char *template, *what;
} bad[] = {
  {"{labl}", "no field 'labl'"},
  {"{}", "no field ''"},
  {"{label", "never closed"},
  {"label}", "closes nothing"},
  {"{label:.2f}", "field 'label': '.2f' is no format"},
  {"{confidence:.}", "'.' is no format"},
  {"{confidence:x}", "'x' is no format"},
  {"{confidence:%%}", "'%%' is no format"},
  {"{confidence:.99999999999f}", "more than 200 letters"},
  {"{confidence:999s}", "is no format"},
  {"{timestamp:s}", "'s' is no format"},
  {"{label[x]}", "'label' has no parts"},
  {"\xff", "not UTF-8"},
};

static void
test_bad (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    GstEmotion2vecTemplate *template =
        gst_emotion2vec_template_new (bad[i].template, &error);

    g_assert_null (template);
    g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, bad[i].what));
  }
}

/* All fields of docs/metadata.md are known; of an empty structure none is there. */
static void
test_all_fields (void)
{
  g_autoptr (GstStructure) fields = make_fields ();
  g_autoptr (GstStructure) empty = gst_structure_new_empty ("emotion2vec");

  for (gint i = 0; i < gst_structure_n_fields (fields); i++) {
    g_autofree char *text = g_strdup_printf ("{%s}",
        gst_structure_nth_field_name (fields, (guint) i));
    g_autoptr (GError) error = NULL;
    g_autoptr (GstEmotion2vecTemplate) template =
        gst_emotion2vec_template_new (text, &error);
    g_autoptr (GString) out = g_string_new (NULL);

    g_assert_no_error (error);
    gst_emotion2vec_template_write (template, empty, FALSE, out);
    g_assert_cmpstr (out->str, ==, "");
    gst_emotion2vec_template_write (template, fields, FALSE, out);
    g_assert_cmpstr (out->str, !=, "");
  }
}

static void
test_markup (void)
{
  g_autoptr (GstStructure) fields = make_fields ();
  g_autoptr (GstEmotion2vecTemplate) template =
      gst_emotion2vec_template_new ("<b>{stream-id}</b>", NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  gst_emotion2vec_template_write (template, fields, TRUE, text);
  g_assert_cmpstr (text->str, ==, "<b>&lt;s&gt;&amp;</b>");
}

/* Fields of other kinds than ours are nothing, not a crash. */
static void
test_foreign (void)
{
  g_autoptr (GstStructure) fields = gst_structure_new ("emotion2vec",
      "label", G_TYPE_INT, -1, "confidence", GST_TYPE_BUFFER, NULL,
      "scores", G_TYPE_DOUBLE, 1.0, "timestamp", G_TYPE_UINT64,
      GST_CLOCK_TIME_NONE, NULL);
  g_autoptr (GstEmotion2vecTemplate) template =
      gst_emotion2vec_template_new ("[{label}{confidence:.0%}{scores[a]}"
      "{timestamp}{emoji}{colour}]", NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  gst_emotion2vec_template_write (template, fields, FALSE, text);
  g_assert_cmpstr (text->str, ==, "[]");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/template/good", test_good);
  g_test_add_func ("/template/bad", test_bad);
  g_test_add_func ("/template/all-fields", test_all_fields);
  g_test_add_func ("/template/markup", test_markup);
  g_test_add_func ("/template/foreign", test_foreign);
  return g_test_run ();
}
