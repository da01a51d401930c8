/* test-options.c - what the properties about scores and channels do to results.
 *
 * Expected scores come from the encoder, called without any GStreamer, and from formulas on them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "slowrig.h"

/* Windows of 500 ms every 250 ms, in sync mode. */
static Rig *
new_rig (void)
{
  GstAudioInfo info = slowrig_audio ();
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", 500 * MS, "interval", 250 * MS,
      "minimum-duration", 100 * MS, NULL);
  /* the runs of the warm-up do not count */
  slow_reset ();
  return rig;
}

static void
set (Rig * rig, const char *property, const char *value)
{
  gst_util_set_object_arg (G_OBJECT (rig->element), property, value);
}

/* The model's scores of 500 ms of @samples from @ms on. */
static double *
model_scores (const float *samples, guint ms)
{
  g_autoptr (E2vResult) output =
      slowrig_expect (rig_model (), samples + ms * 16, 8000);
  double *scores = g_new (double, 9);

  for (guint c = 0; c < 9; c++)
    scores[c] = (double) output->scores[c];
  return scores;
}

/* ---- classes ---------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *spec;
  const char *names[10];
  const char *members[9];       /* indices of the model's classes, as letters from 'a' on */
} Classes;

static const Classes some_classes[] = {
  {"angry,happy,neutral,sad", {"angry", "happy", "neutral", "sad"},
      {"a", "d", "e", "g"}},
  {" sad , angry ", {"sad", "angry"}, {"g", "a"}},
  {"negative=angry+disgusted+fearful+sad,positive=happy,neutral",
      {"negative", "positive", "neutral"}, {"abcg", "d", "e"}},
  {"happy", {"happy"}, {"d"}},
};

static void
apply (const Classes * classes, const double *model, double *scores, guint n)
{
  double sum = 0;

  for (guint c = 0; c < n; c++) {
    scores[c] = 0;
    for (const char *m = classes->members[c]; *m; m++)
      scores[c] += model[*m - 'a'];
    sum += scores[c];
  }
  for (guint c = 0; c < n; c++)
    scores[c] /= sum;
}

static void
check_labels (const GstStructure * fields, const char *const *names)
{
  const GValue *labels = gst_structure_get_value (fields, "labels");
  guint n = g_strv_length ((char **) names);

  g_assert_cmpuint (gst_value_array_get_size (labels), ==, n);
  for (guint c = 0; c < n; c++)
    g_assert_cmpstr (g_value_get_string (gst_value_array_get_value (labels,
                c)), ==, names[c]);
}

static void
check_best (const GstStructure * fields, const char *const *names,
    const double *scores, guint n)
{
  double confidence;
  guint best = 0;

  for (guint c = 1; c < n; c++)
    if (scores[c] > scores[best])
      best = c;
  g_assert_true (gst_structure_get_double (fields, "confidence", &confidence));
  g_assert_cmpfloat_with_epsilon (confidence, scores[best], 1e-12);
  g_assert_cmpstr (gst_structure_get_string (fields, "label"), ==, names[best]);
}

static void
check_classes (const GstStructure * fields, const Classes * classes,
    const float *samples)
{
  guint n = g_strv_length ((char **) classes->names), n_scores;
  g_autofree double *model = model_scores (samples, 0);
  g_autofree double *scores = slowrig_doubles (fields, "scores", &n_scores);
  double expected[9];

  apply (classes, model, expected, n);
  check_labels (fields, classes->names);
  g_assert_cmpuint (n_scores, ==, n);
  for (guint c = 0; c < n; c++)
    g_assert_cmpfloat_with_epsilon (scores[c], expected[c], 1e-12);
  check_best (fields, classes->names, expected, n);
}

/* In READY they may change. The property `labels` stays the model's. */
static void
test_classes (void)
{
  g_autofree float *noise = slowrig_noise (500, 1);
  Rig *rig = new_rig ();

  for (guint i = 0; i < G_N_ELEMENTS (some_classes); i++) {
    g_autoptr (GPtrArray) results = NULL;
    GValue labels = G_VALUE_INIT;

    g_object_set (rig->element, "classes", some_classes[i].spec, NULL);
    slowrig_restart (rig);
    slowrig_push (rig, noise, 500, 0);
    results = rig_results (rig, LOG_MESSAGE);
    g_assert_cmpuint (results->len, ==, i + 1);
    check_classes (results->pdata[i], &some_classes[i], noise);
    g_value_init (&labels, GST_TYPE_ARRAY);
    g_object_get_property (G_OBJECT (rig->element), "labels", &labels);
    g_assert_cmpuint (gst_value_array_get_size (&labels), ==, 9);
    g_value_unset (&labels);
  }
  rig_free (rig);
}

/* READY -> PAUSED fails with an error that has all of @parts in it, and passes again once the property is right. */
static void
check_bad_classes (const char *model, const char *spec,
    const char *const *parts)
{
  GstElement *element = gst_element_factory_make ("emotion2vec", NULL);
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_bus (element, bus);
  g_object_set (element, "model-file", model, "classes", spec, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  for (guint i = 0; parts[i]; i++)
    g_assert_nonnull (strstr (error->message, parts[i]));
  g_object_set (element, "classes", NULL, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), !=,
      GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

static void
test_bad_classes (void)
{
  static const char *const official[] = { "joyful", "angry", "disgusted",
    "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown", NULL
  };
  static const char *const numbered[] = { "happy", "class-0, class-1, class-2",
    NULL
  };
  static const char *const twice[] = { "sad", "twice", NULL };

  check_bad_classes (rig_model (), "angry,joyful", official);
  check_bad_classes (rig_model (), "bad=sad+joyful", official);
  check_bad_classes (rig_model (), "sad,sad", twice);
  check_bad_classes (rig_other_model (8, 3, 10), "happy", numbered);
}

/* ---- threshold -------------------------------------------------------------------------------------------------- */

/* A confidence at the threshold is not below it; label and scores stay whatever it is. */
static void
test_threshold (void)
{
  g_autofree float *noise = slowrig_noise (1250, 1);
  g_autofree double *second = model_scores (noise, 250);
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;
  double top = 0;

  for (guint c = 0; c < 9; c++)
    top = MAX (top, second[c]);
  slowrig_push (rig, noise, 500, 0);
  g_object_set (rig->element, "threshold", top, NULL);
  slowrig_push (rig, noise + 500 * 16, 250, 500 * MS);
  g_object_set (rig->element, "threshold", 1.0, NULL);
  slowrig_push (rig, noise + 750 * 16, 250, 750 * MS);
  g_object_set (rig->element, "threshold", 0.0, NULL);
  slowrig_push (rig, noise + 1000 * 16, 250, 1000 * MS);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 4);
  for (guint k = 0; k < 4; k++) {
    g_assert_true (slowrig_truth (results->pdata[k],
            "below-threshold") == (k == 2));
    slowrig_assert_scores (results->pdata[k], rig_model (), noise);
    g_assert_nonnull (gst_structure_get_string (results->pdata[k], "label"));
  }
  rig_free (rig);
}

/* ---- smoothing -------------------------------------------------------------------------------------------------- */

/* Window @k of a stretch that begins with window @first: what the mean is in closed form. @starts: ms. */
static void
check_smoothed (const GstStructure * fields, const float *samples,
    const guint * starts, guint first, guint k, double time_constant)
{
  guint n;
  g_autofree double *scores = slowrig_doubles (fields, "scores", &n);
  g_autofree double *raw = model_scores (samples, starts[k]);
  double expected[9] = { 0 };

  /* window j has the weight (1 - exp (-its distance from the one before)) exp (-its distance from this one), but that
   * there is no factor in front for the first */
  for (guint j = first; j <= k; j++) {
    g_autofree double *model = model_scores (samples, starts[j]);
    double weight = exp ((starts[j] - (double) starts[k]) / 1000 /
        time_constant);

    if (j > first)
      weight *= 1 - exp ((starts[j - 1] - (double) starts[j]) / 1000 /
          time_constant);
    for (guint c = 0; c < 9; c++)
      expected[c] += weight * model[c];
  }
  g_assert_cmpuint (n, ==, 9);
  for (guint c = 0; c < 9; c++)
    g_assert_cmpfloat_with_epsilon (scores[c], expected[c], 1e-9);
  slowrig_assert_doubles (fields, "raw-scores", raw, 9);
}

/* Six windows and a tail that is only 130 ms later; then a break, after which it begins anew. */
static void
test_smoothing (void)
{
  static const guint starts[] = { 0, 250, 500, 750, 1000, 1250, 1380 };
  g_autofree float *noise = slowrig_noise (1880, 1);
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;

  g_object_set (rig->element, "smoothing", 0.7, NULL);
  slowrig_push (rig, noise, 1880, 0);
  slowrig_push (rig, noise, 750, 10000 * MS);
  g_object_set (rig->element, "smoothing", 0.0, NULL);
  slowrig_push (rig, noise + 750 * 16, 250, 10750 * MS);
  g_object_set (rig->element, "smoothing", 0.7, NULL);
  slowrig_push (rig, noise + 1000 * 16, 500, 11000 * MS);
  /* two stretches of one window each */
  slowrig_push (rig, noise, 500, 20000 * MS);
  slowrig_push (rig, noise + 250 * 16, 500, 30000 * MS);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 14);
  for (guint k = 0; k < 7; k++)
    check_smoothed (results->pdata[k], noise, starts, 0, k, 0.7);
  check_smoothed (results->pdata[7], noise, starts, 0, 0, 0.7);
  check_smoothed (results->pdata[8], noise, starts, 0, 1, 0.7);
  /* turned off, and on again: begins anew */
  g_assert_false (gst_structure_has_field (results->pdata[9], "raw-scores"));
  check_smoothed (results->pdata[10], noise, starts, 3, 3, 0.7);
  check_smoothed (results->pdata[11], noise, starts, 3, 4, 0.7);
  check_smoothed (results->pdata[12], noise, starts, 0, 0, 0.7);
  check_smoothed (results->pdata[13], noise, starts, 1, 1, 0.7);
  rig_free (rig);
}

/* ---- silence ---------------------------------------------------------------------------------------------------- */

static void
check_silent (const GstStructure * fields)
{
  static const char *const absent[] = { "label", "confidence", "scores",
    "labels", "raw-scores", "below-threshold", "inference-time",
    "utterance-embedding", "frame-scores"
  };

  g_assert_true (slowrig_truth (fields, "silent"));
  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    g_assert_false (gst_structure_has_field (fields, absent[i]));
}

/* 4 s, in which [1.0 s, 1.5 s) is loud, 100 ms at 3 s are loud, and the rest is 26 dB below the threshold. */
static float *
mostly_quiet (void)
{
  float *samples = slowrig_noise (4000, 1);

  for (guint i = 0; i < 4000 * 16; i++) {
    guint ms = i / 16;

    if (!(ms >= 1000 && ms < 1500) && !(ms >= 3000 && ms < 3100))
      samples[i] *= 0.0005f;
  }
  return samples;
}

/* Windows of 500 ms, one after the other. In async mode none is done before all are there. */
static void
push_in_windows (Rig * rig, const char *threshold)
{
  g_autofree float *samples = mostly_quiet ();
  gint mode;

  g_object_set (rig->element, "interval", 500 * MS, "embedding", 1,
      "granularity", 3, NULL);
  set (rig, "silence-threshold", threshold);
  slowrig_restart (rig);
  slowrig_settle (rig);
  slow_reset ();
  g_object_get (rig->element, "mode", &mode, NULL);
  if (mode == MODE_ASYNC)
    slow_close ();
  slowrig_push (rig, samples, 4000, 0);
  slow_open ();
}

static void
check_silence (guint mode)
{
  g_autofree float *samples = mostly_quiet ();
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;

  g_object_set (rig->element, "mode", mode, "max-pending", 16, NULL);
  push_in_windows (rig, "-45");
  slowrig_settle (rig);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 8);
  for (guint k = 0; k < 8; k++) {
    rig_assert_span (results->pdata[k], k * 500, 500);
    g_assert_cmpuint (rig_u64 (results->pdata[k], "id"), ==, k);
    if (k != 2 && k != 6) {
      check_silent (results->pdata[k]);
      continue;
    }
    g_assert_false (slowrig_truth (results->pdata[k], "silent"));
    slowrig_assert_scores (results->pdata[k], rig_model (), samples);
  }
  g_assert_cmpuint (slow_n_windows (), ==, 2);
  g_assert_cmpuint (slowrig_stat (rig, "silent"), ==, 6);
  g_assert_cmpuint (slowrig_stat (rig, "results"), ==, 8);
  rig_free (rig);
}

/* Silent windows have results without scores, and cost no run: neither alone nor, in async mode, among others. */
static void
test_silence (void)
{
  check_silence (MODE_SYNC);
  check_silence (MODE_ASYNC);
}

/* Turned off, nothing is silent, not even zeros. */
static void
test_no_silence (void)
{
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;

  push_in_windows (rig, "-inf");
  rig_push_silence (rig, 500, 10000 * MS);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 9);
  for (guint k = 0; k < 9; k++)
    g_assert_false (slowrig_truth (results->pdata[k], "silent"));
  g_assert_cmpuint (slow_n_windows (), ==, 9);
  g_assert_cmpuint (slowrig_stat (rig, "silent"), ==, 0);
  rig_free (rig);
}

/* ---- channels --------------------------------------------------------------------------------------------------- */

/* Three channels of different noise: @lines, one after the other, of 1 s each. */
static float *
interleave (const float *lines)
{
  float *samples = g_new (float, 3 * 16000);

  for (guint i = 0; i < 16000; i++)
    for (guint c = 0; c < 3; c++)
      samples[3 * i + c] = lines[c * 16000 + i];
  return samples;
}

static GPtrArray *
copy_results (Rig * rig)
{
  g_autoptr (GPtrArray) results = rig_results (rig, LOG_MESSAGE);
  GPtrArray *copies = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_structure_free);

  for (guint i = 0; i < results->len; i++)
    g_ptr_array_add (copies, gst_structure_copy (results->pdata[i]));
  return copies;
}

/* Windows of 500 ms, one after the other. */
static GPtrArray *
results_of_channels (const float *lines, guint mode)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_F32LE, 16000, 3, FALSE);
  g_autofree float *samples = interleave (lines);
  Rig *rig = rig_new (&info, NULL, "window", 500 * MS, "interval",
      (guint64) 0, "channel-mode", mode, NULL);
  GPtrArray *results;

  rig_push (rig, (guint8 *) samples, 16000, 333, 0);
  results = copy_results (rig);
  rig_free (rig);
  return results;
}

static void
test_channel_first (void)
{
  g_autofree float *lines = slowrig_noise (3000, 1);
  g_autoptr (GPtrArray) results = results_of_channels (lines, 1);

  g_assert_cmpuint (results->len, ==, 2);
  for (guint k = 0; k < 2; k++) {
    rig_assert_span (results->pdata[k], k * 500, 500);
    g_assert_false (gst_structure_has_field (results->pdata[k], "channel"));
    slowrig_assert_scores (results->pdata[k], rig_model (), lines);
  }
}

/* A result for each channel and window, in that order, with ids of their own. */
static void
test_channel_each (void)
{
  g_autofree float *lines = slowrig_noise (3000, 1);
  g_autoptr (GPtrArray) results = results_of_channels (lines, 2);

  g_assert_cmpuint (results->len, ==, 6);
  for (guint k = 0; k < 6; k++) {
    gint channel = -1;

    rig_assert_span (results->pdata[k], k / 3 * 500, 500);
    g_assert_cmpuint (rig_u64 (results->pdata[k], "id"), ==, k);
    g_assert_true (gst_structure_get_int (results->pdata[k], "channel",
            &channel));
    g_assert_cmpint (channel, ==, k % 3);
    slowrig_assert_scores (results->pdata[k], rig_model (),
        lines + k % 3 * 16000);
  }
}

static void
test_channel_mix (void)
{
  g_autofree float *lines = slowrig_noise (3000, 1);
  g_autofree float *mean = g_new (float, 16000);
  g_autoptr (GPtrArray) results = results_of_channels (lines, 0);

  for (guint i = 0; i < 16000; i++)
    mean[i] = (lines[i] + lines[16000 + i] + lines[32000 + i]) / 3;
  g_assert_cmpuint (results->len, ==, 2);
  for (guint k = 0; k < 2; k++) {
    g_autofree double *expected = model_scores (mean, k * 500);
    guint n;
    g_autofree double *scores =
        slowrig_doubles (results->pdata[k], "scores", &n);

    g_assert_false (gst_structure_has_field (results->pdata[k], "channel"));
    for (guint c = 0; c < 9; c++)
      g_assert_cmpfloat_with_epsilon (scores[c], expected[c], 1e-5);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  slowrig_install ();
  g_test_add_func ("/options/classes", test_classes);
  g_test_add_func ("/options/bad-classes", test_bad_classes);
  g_test_add_func ("/options/threshold", test_threshold);
  g_test_add_func ("/options/smoothing", test_smoothing);
  g_test_add_func ("/options/silence", test_silence);
  g_test_add_func ("/options/no-silence", test_no_silence);
  g_test_add_func ("/options/channel-first", test_channel_first);
  g_test_add_func ("/options/channel-each", test_channel_each);
  g_test_add_func ("/options/channel-mix", test_channel_mix);
  return g_test_run ();
}
