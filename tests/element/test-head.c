/* test-head.c - the element with a linear head of its own, and another one while it runs.
 *
 * What is expected is computed here once more from the features that the encoder gives.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "e2vhead.h"
#include "e2vheadfile.h"
#include "e2vmodelfile.h"
#include "gstemotion2vecenginepriv.h"
#include "gstemotion2vecpriv.h"
#include "gstemotion2vecprocess.h"
#include "slowrig.h"

#define DIM 32
#define MAX_CLASSES 5

static const char *const labels[] =
    { "sales", "support", "钱/billing", "other",
  "silence", NULL
};

static const char *const names[] = { "sales", "support", "billing", "other",
  "silence"
};

/* ---- heads ------------------------------------------------------------------------------------------------------ */

static double
weight_of (guint seed, guint i)
{
  return (double) (float) (2 * sin (seed * 100 + i));
}

static double
bias_of (guint seed, guint c)
{
  return (double) (float) cos (seed + c);
}

/* A head of @n classes for features of @model, in a file that lives as long as the program. */
static const char *
head_file (const char *model_file, guint seed, guint n)
{
  const char *path = rig_new_path ();
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = e2v_model_load (model_file, &error);
  float weight[MAX_CLASSES * DIM], bias[MAX_CLASSES];
  char *some[MAX_CLASSES + 1] = { NULL };
  E2vHeadSpec spec = {.dim = DIM,.n_classes = n,.labels = some,
    .weight = weight,.bias = bias,.temperature = 2,.name = (char *) "a head"
  };
  g_autoptr (E2vHead) head = NULL;

  g_assert_no_error (error);
  for (guint i = 0; i < n * DIM; i++)
    weight[i] = (float) weight_of (seed, i);
  for (guint c = 0; c < n; c++) {
    bias[c] = (float) bias_of (seed, c);
    some[c] = (char *) labels[c];
  }
  spec.origin = e2v_head_origin_of (model);
  head = e2v_head_new (&spec, &error);
  g_assert_no_error (error);
  e2v_head_save (head, path, &error);
  g_assert_no_error (error);
  return path;
}

/* softmax ((W x + b) / 2) */
static void
expect (guint seed, guint n, const float *x, double *scores)
{
  double sum = 0;

  for (guint c = 0; c < n; c++) {
    double z = bias_of (seed, c);

    for (guint i = 0; i < DIM; i++)
      z += weight_of (seed, c * DIM + i) * (double) x[i];
    scores[c] = exp (z / 2);
    sum += scores[c];
  }
  for (guint c = 0; c < n; c++)
    scores[c] /= sum;
}

/* ---- results ---------------------------------------------------------------------------------------------------- */

static void
assert_names (const GstStructure * fields, guint n)
{
  const GValue *array = gst_structure_get_value (fields, "labels");

  g_assert_cmpuint (gst_value_array_get_size (array), ==, n);
  for (guint c = 0; c < n; c++)
    g_assert_cmpstr (g_value_get_string (gst_value_array_get_value (array, c)),
        ==, names[c]);
}

static void
assert_frames (const GstStructure * fields, guint seed, guint n,
    const E2vResult * features)
{
  const GstSample *sample;
  GstMapInfo map;
  double scores[MAX_CLASSES];

  g_assert_true (gst_structure_get (fields, "frame-scores", GST_TYPE_SAMPLE,
          &sample, NULL));
  gst_buffer_map (gst_sample_get_buffer ((GstSample *) sample), &map,
      GST_MAP_READ);
  g_assert_cmpuint (map.size, ==, features->n_frames * n * sizeof (float));
  for (guint t = 0; t < features->n_frames; t++) {
    expect (seed, n, features->frames + t * DIM, scores);
    for (guint c = 0; c < n; c++)
      g_assert_cmpfloat_with_epsilon ((double) ((float *) map.data)[t * n + c],
          scores[c], 1e-7);
  }
  gst_buffer_unmap (gst_sample_get_buffer ((GstSample *) sample), &map);
  gst_sample_unref ((GstSample *) sample);
}

/* The scores are those of the head @seed on features of @model. @frames: those of each frame are there, too. */
static void
assert_head (const GstStructure * fields, const char *model, guint seed,
    guint n, const float *samples, gboolean frames)
{
  guint start = (guint) (rig_u64 (fields, "timestamp") / (MS / 16));
  guint n_samples = (guint) (rig_u64 (fields, "duration") / (MS / 16)), found;
  g_autoptr (E2vResult) features =
      slowrig_expect (model, samples + start, n_samples);
  g_autofree double *scores = slowrig_doubles (fields, "scores", &found);
  double expected[MAX_CLASSES];

  assert_names (fields, n);
  g_assert_cmpuint (found, ==, n);
  expect (seed, n, features->utterance, expected);
  for (guint c = 0; c < n; c++)
    g_assert_cmpfloat_with_epsilon (scores[c], expected[c], 1e-12);
  g_assert_true (gst_structure_has_field (fields, "frame-scores") == frames);
  if (frames)
    assert_frames (fields, seed, n, features);
}

static Rig *
new_rig (const char *model, const char *head, guint mode)
{
  GstAudioInfo info = slowrig_audio ();
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "model-file", model, "head-file", head, "window",
      1000 * MS, "interval", (guint64) 0, "minimum-duration", 100 * MS, "mode",
      mode, "max-pending", 16, NULL);
  slowrig_settle (rig);
  slow_reset ();
  return rig;
}

static void
push_seconds (Rig * rig, const float *noise, guint first, guint n)
{
  slowrig_push (rig, noise + first * 16000, n * 1000, first * 1000 * MS);
}

static void
assert_labels (const Rig * rig, guint n)
{
  GValue array = G_VALUE_INIT;

  g_value_init (&array, GST_TYPE_ARRAY);
  g_object_get_property (G_OBJECT (rig->element), "labels", &array);
  g_assert_cmpuint (gst_value_array_get_size (&array), ==, n);
  for (guint c = 0; c < n && n <= MAX_CLASSES; c++)
    g_assert_cmpstr (g_value_get_string (gst_value_array_get_value (&array,
                c)), ==, labels[c]);
  g_value_unset (&array);
}

static const GstEmotion2vecEngine *
engine_of (const Rig * rig)
{
  return GST_EMOTION2VEC (rig->element)->engine;
}

/* ---- a head ----------------------------------------------------------------------------------------------------- */

static void
test_scores (void)
{
  Rig *rig = new_rig (rig_model (), head_file (rig_model (), 1, 3), MODE_SYNC);
  g_autofree float *noise = slowrig_noise (2000, 1);
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GstStructure) stats = NULL;

  assert_labels (rig, 3);
  push_seconds (rig, noise, 0, 1);
  g_object_set (rig->element, "granularity", 3, NULL);
  push_seconds (rig, noise, 1, 1);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 2);
  assert_head (results->pdata[0], rig_model (), 1, 3, noise, FALSE);
  assert_head (results->pdata[1], rig_model (), 1, 3, noise, TRUE);
  g_object_get (rig->element, "stats", &stats, NULL);
  g_assert_cmpstr (gst_structure_get_string (stats, "head"), ==, "a head");
  rig_free (rig);
}

/* A model without classes has some with a head. */
static void
test_feature_model (void)
{
  const char *model = rig_other_model (8, 0, 10);
  Rig *rig = new_rig (model, head_file (model, 2, 4), MODE_SYNC);
  g_autofree float *noise = slowrig_noise (1000, 1);
  g_autoptr (GPtrArray) results = NULL;

  g_object_set (rig->element, "granularity", 3, NULL);
  push_seconds (rig, noise, 0, 1);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 1);
  assert_head (results->pdata[0], model, 2, 4, noise, TRUE);
  rig_free (rig);
}

/* The property `classes` is about the head's. */
static void
test_classes (void)
{
  GstAudioInfo info = slowrig_audio ();
  g_autofree float *noise = slowrig_noise (1000, 1);
  g_autoptr (GPtrArray) results = NULL;
  g_autofree double *scores = NULL;
  g_autoptr (E2vResult) features = NULL;
  double expected[3];
  guint n;
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "head-file", head_file (rig_model (), 1, 3),
      "window", 1000 * MS, "classes", "money=sales+billing,support", NULL);
  push_seconds (rig, noise, 0, 1);
  results = rig_results (rig, LOG_MESSAGE);
  features = slowrig_expect (rig_model (), noise, 16000);
  expect (1, 3, features->utterance, expected);
  scores = slowrig_doubles (results->pdata[0], "scores", &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpfloat_with_epsilon (scores[0], expected[0] + expected[2], 1e-12);
  g_assert_cmpfloat_with_epsilon (scores[1], expected[1], 1e-12);
  rig_free (rig);
}

/* Three elements on one engine, two of them with heads, and windows of all of them in one batch. */
static void
test_shared_engine (void)
{
  Rig *rigs[] = {
    new_rig (rig_model (), head_file (rig_model (), 1, 3), MODE_ASYNC),
    new_rig (rig_model (), head_file (rig_model (), 2, 5), MODE_ASYNC),
    new_rig (rig_model (), NULL, MODE_ASYNC),
  };
  g_autofree float *noise = slowrig_noise (3000, 1);

  g_assert_true (engine_of (rigs[0]) == engine_of (rigs[1]));
  g_assert_true (engine_of (rigs[0]) == engine_of (rigs[2]));
  g_object_set (rigs[1]->element, "granularity", 3, NULL);
  slow_close ();
  push_seconds (rigs[0], noise, 0, 1);
  slow_wait_for_runs (1);
  push_seconds (rigs[0], noise, 1, 2);
  for (guint i = 1; i < 3; i++)
    push_seconds (rigs[i], noise, 0, 3);
  slow_open ();
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GPtrArray) results = NULL;

    rig_send (rigs[i], gst_event_new_eos ());
    results = rig_results (rigs[i], LOG_MESSAGE);
    g_assert_cmpuint (results->len, ==, 3);
    for (guint k = 0; k < 3; k++) {
      if (i == 2)
        slowrig_assert_scores (results->pdata[k], rig_model (), noise);
      else
        assert_head (results->pdata[k], rig_model (), 1 + i, i ? 5 : 3, noise,
            i == 1);
    }
  }
  for (guint i = 0; i < 3; i++)
    rig_free (rigs[i]);
}

/* ---- another one ------------------------------------------------------------------------------------------------ */

static void
swap (Rig * rig, const char *head, gint outcome)
{
  g_object_set (rig->element, "head-file", head, NULL);
  g_assert_cmpint (rig_wait_for_swap (rig), ==, outcome);
}

static void
count_notify (GObject * object, GParamSpec * spec, gpointer n)
{
  g_atomic_int_inc ((gint *) n);
}

/* From the model's own head to one, to another, and back; half of the next window is always there already. The engine
 * stays. */
static void
test_swap (void)
{
  Rig *rig = new_rig (rig_model (), NULL, MODE_SYNC);
  const GstEmotion2vecEngine *engine = engine_of (rig);
  g_autofree float *noise = slowrig_noise (4500, 1);
  g_autoptr (GPtrArray) results = NULL;
  gint n_notifies = 0;

  g_signal_connect (rig->element, "notify::labels", G_CALLBACK (count_notify),
      &n_notifies);
  slowrig_push (rig, noise, 1500, 0);
  swap (rig, head_file (rig_model (), 1, 3), GST_PROGRESS_TYPE_COMPLETE);
  while (g_atomic_int_get (&n_notifies) < 1)
    g_thread_yield ();
  assert_labels (rig, 3);
  slowrig_push (rig, noise + 24000, 1000, 1500 * MS);
  swap (rig, head_file (rig_model (), 2, 5), GST_PROGRESS_TYPE_COMPLETE);
  slowrig_push (rig, noise + 40000, 1000, 2500 * MS);
  swap (rig, NULL, GST_PROGRESS_TYPE_COMPLETE);
  slowrig_push (rig, noise + 56000, 1000, 3500 * MS);
  assert_labels (rig, 9);
  g_assert_true (engine_of (rig) == engine);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 4);
  slowrig_assert_scores (results->pdata[0], rig_model (), noise);
  assert_head (results->pdata[1], rig_model (), 1, 3, noise, FALSE);
  assert_head (results->pdata[2], rig_model (), 2, 5, noise, FALSE);
  slowrig_assert_scores (results->pdata[3], rig_model (), noise);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 0);
  rig_free (rig);
}

/* The window on the device is scored by the old head, those that wait by the new one. */
static void
test_swap_async (void)
{
  Rig *rig = new_rig (rig_model (), head_file (rig_model (), 1, 3), MODE_ASYNC);
  GstEmotion2vecStream *stream = GST_EMOTION2VEC (rig->element)->stream;
  g_autofree float *noise = slowrig_noise (4000, 1);
  g_autoptr (GPtrArray) results = NULL;

  slow_close ();
  push_seconds (rig, noise, 0, 1);
  slow_wait_for_runs (1);
  push_seconds (rig, noise, 1, 2);
  /* windows of any length are not warmed up for: nothing but the stream itself waits at the gate */
  g_object_set (rig->element, "trigger", 2, "head-file",
      head_file (rig_model (), 2, 5), NULL);
  gst_emotion2vec_lock ();
  while (!stream->moving)
    gst_emotion2vec_wait (&stream->changed);
  gst_emotion2vec_unlock ();
  slow_open ();
  g_assert_cmpint (rig_wait_for_swap (rig), ==, GST_PROGRESS_TYPE_COMPLETE);
  push_seconds (rig, noise, 3, 1);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 4);
  for (guint k = 0; k < 4; k++) {
    g_assert_cmpuint (rig_u64 (results->pdata[k], "id"), ==, k);
    assert_head (results->pdata[k], rig_model (), k < 1 ? 1 : 2, k < 1 ? 3 : 5,
        noise, FALSE);
  }
  rig_free (rig);
}

/* Another model and its head in one call: neither goes with the old other one, and nobody complains. */
static void
test_swap_both (void)
{
  const char *other = rig_other_model (8, 9, 10);
  Rig *rig = new_rig (rig_model (), head_file (rig_model (), 1, 3), MODE_SYNC);
  const guint serial = GST_EMOTION2VEC (rig->element)->swap_serial;
  g_autofree float *noise = slowrig_noise (2000, 1);
  g_autoptr (GPtrArray) results = NULL;

  push_seconds (rig, noise, 0, 1);
  g_object_set (rig->element, "model-file", other, "head-file",
      head_file (other, 2, 4), NULL);
  g_assert_cmpint (rig_wait_for_swap (rig), ==, GST_PROGRESS_TYPE_COMPLETE);
  g_assert_cmpuint (GST_EMOTION2VEC (rig->element)->swap_serial, ==,
      serial + 1);
  push_seconds (rig, noise, 1, 1);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 2);
  assert_head (results->pdata[0], rig_model (), 1, 3, noise, FALSE);
  assert_head (results->pdata[1], other, 2, 4, noise, FALSE);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 0);
  rig_free (rig);
}

/* ---- what is refused -------------------------------------------------------------------------------------------- */

/* One warning, and the head stays. */
static void
refuse (const char *head, const char *classes, gint code, const char *words)
{
  Rig *rig = new_rig (rig_model (), head_file (rig_model (), 1, 3), MODE_SYNC);
  g_autofree float *noise = slowrig_noise (1000, 1);
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GError) error = NULL;
  const LogEntry *warning;

  g_object_set (rig->element, "classes", classes, NULL);
  swap (rig, head, GST_PROGRESS_TYPE_ERROR);
  warning = rig_wait_for (rig, GST_MESSAGE_WARNING);
  gst_structure_get (warning->fields, "gerror", G_TYPE_ERROR, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
  assert_labels (rig, 3);
  push_seconds (rig, noise, 0, 1);
  results = rig_results (rig, LOG_MESSAGE);
  assert_head (results->pdata[0], rig_model (), 1, 3, noise, FALSE);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_WARNING), ==, 1);
  rig_free (rig);
}

static void
test_refused (void)
{
  refuse ("/nonexistent/head.gguf", NULL, GST_RESOURCE_ERROR_NOT_FOUND,
      "head-file: /nonexistent/head.gguf");
  refuse (rig_model (), NULL, GST_RESOURCE_ERROR_OPEN_READ, "a whole model");
  refuse (head_file (rig_other_model (8, 9, 10), 2, 3), NULL,
      GST_RESOURCE_ERROR_OPEN_READ, "'random weights, seed 8'");
  refuse (head_file (rig_model (), 2, 2), "sales,billing",
      GST_RESOURCE_ERROR_SETTINGS, "no class \"billing\"");
}

/* On the way to READY it is an error. */
static void
test_refused_at_start (void)
{
  GstElement *element = gst_element_factory_make ("emotion2vec", NULL);
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  slow_reset ();
  gst_element_set_bus (element, bus);
  g_object_set (element, "device", "ref", "model-file", rig_model (),
      "head-file", head_file (rig_other_model (8, 9, 10), 2, 3), NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ);
  g_assert_nonnull (strstr (error->message, "train a head on this model"));
  g_object_set (element, "head-file", "", NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  slowrig_install ();
  g_test_add_func ("/head/scores", test_scores);
  g_test_add_func ("/head/feature-model", test_feature_model);
  g_test_add_func ("/head/classes", test_classes);
  g_test_add_func ("/head/shared-engine", test_shared_engine);
  g_test_add_func ("/head/swap", test_swap);
  g_test_add_func ("/head/swap-async", test_swap_async);
  g_test_add_func ("/head/swap-both", test_swap_both);
  g_test_add_func ("/head/refused", test_refused);
  g_test_add_func ("/head/refused-at-start", test_refused_at_start);
  return g_test_run ();
}
