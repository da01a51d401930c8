/* test-results.c - what is in a result, when it comes, and what carries it.
 *
 * Expected times are the sample positions; expected scores come from the encoder, called without any GStreamer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rig.h"

#include <math.h>
#include <string.h>

#include "e2vencoder.h"
#include "e2vmodelfile.h"

static GstAudioInfo
mono16k (void)
{
  return rig_audio (GST_AUDIO_FORMAT_F32LE, 16000, 1, FALSE);
}

/* Scores of the encoder for these samples. */
static void
expect_scores (const float *samples, guint n, const GstStructure * fields)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = e2v_model_load (rig_model (), &error);
  g_autoptr (E2vEncoder) encoder =
      e2v_encoder_new (model, "ref", E2V_PRECISION_AUTO, NULL, &error);
  const E2vWindow window = {.samples = samples,.n_samples = n };
  g_autoptr (E2vResult) output = NULL;
  const GValue *scores = gst_structure_get_value (fields, "scores");
  guint best = 0;
  double confidence, sum = 0;

  g_assert_no_error (error);
  e2v_encoder_run (encoder, &window, 1, 0, &output, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_value_array_get_size (scores), ==, output->n_classes);
  for (guint c = 0; c < output->n_classes; c++) {
    double score = g_value_get_double (gst_value_array_get_value (scores, c));

    g_assert_cmpfloat (score, ==, (double) output->scores[c]);
    if (output->scores[c] > output->scores[best])
      best = c;
    sum += score;
  }
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-6);
  g_assert_true (gst_structure_get_double (fields, "confidence", &confidence));
  g_assert_cmpfloat (confidence, ==, (double) output->scores[best]);
  g_assert_cmpstr (gst_structure_get_string (fields, "label"), ==,
      g_value_get_string (gst_value_array_get_value (gst_structure_get_value
              (fields, "labels"), best)));
}

static void
check_fields (const GstStructure * fields, guint id, guint64 start_ms,
    guint64 length_ms)
{
  static const char *const times[] = { "timestamp", "stream-time",
    "running-time"
  };
  g_autofree char *text = gst_structure_to_string (fields);
  gboolean partial;
  double level;

  g_test_message ("%s", text);
  g_assert_cmpstr (gst_structure_get_string (fields, "trigger"), ==,
      "interval");
  g_assert_nonnull (gst_structure_get_string (fields, "element"));
  g_assert_nonnull (gst_structure_get_string (fields, "stream-id"));
  g_assert_nonnull (gst_structure_get_string (fields, "model"));
  g_assert_cmpuint (rig_u64 (fields, "id"), ==, id);
  for (guint t = 0; t < G_N_ELEMENTS (times); t++)
    g_assert_cmpuint (rig_u64 (fields, times[t]), ==, start_ms * GST_MSECOND);
  g_assert_cmpuint (rig_u64 (fields, "duration"), ==, length_ms * GST_MSECOND);
  g_assert_cmpuint (rig_u64 (fields, "endtime"), ==,
      (start_ms + length_ms) * GST_MSECOND);
  g_assert_cmpuint (rig_u64 (fields, "inference-time"), <, 60 * GST_SECOND);
  g_assert_true (gst_structure_get_boolean (fields, "partial", &partial));
  g_assert_false (partial);
  /* uniform noise of full scale has a mean square of 1/3 */
  g_assert_true (gst_structure_get_double (fields, "level", &level));
  g_assert_cmpfloat_with_epsilon (level, 10 * log10 (1.0 / 3), 0.1);
}

/* 5.7 s with the default window and interval: three windows and the drained tail. */
static void
test_default (void)
{
  static const guint64 starts[] = { 0, 1000, 2000, 2700 };
  GstAudioInfo info = mono16k ();
  g_autofree guint8 *data = rig_noise (&info, 91200, 1);
  Rig *rig = rig_new (&info, NULL, NULL);
  g_autoptr (GPtrArray) messages = NULL, in_band = NULL;
  guint n_buffers = 0, n_messages = 0;
  guint eos, tail;

  rig_push (rig, data, 91200, 160, 0);
  rig_send (rig, gst_event_new_eos ());
  messages = rig_results (rig, LOG_MESSAGE);
  in_band = rig_results_in_band (rig);
  g_assert_cmpuint (messages->len, ==, 4);
  g_assert_cmpuint (in_band->len, ==, 4);
  for (guint k = 0; k < 4; k++) {
    check_fields (messages->pdata[k], k, starts[k], 3000);
    check_fields (in_band->pdata[k], k, starts[k], 3000);
    expect_scores ((float *) data + starts[k] * 16, 48000, messages->pdata[k]);
  }
  /* each before or on the buffer that ends its window, the tail before EOS */
  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    if (entry->kind == LOG_BUFFER) {
      gboolean ends = n_buffers == 299 || n_buffers == 399 || n_buffers == 499;

      g_assert_cmpuint (entry->metas->len, ==, ends ? 1 : 0);
      g_assert_cmpuint (n_messages, ==, n_buffers < 299 ? 0 :
          1 + (n_buffers - 299) / 100);
      n_buffers++;
    }
    n_messages += entry->kind == LOG_MESSAGE
        && entry->message == GST_MESSAGE_ELEMENT && n_messages < 3;
  }
  eos = rig_index_of_event (rig, GST_EVENT_EOS);
  tail = rig_index_of_event (rig, GST_EVENT_CUSTOM_DOWNSTREAM);
  g_assert_cmpint (((LogEntry *) rig->log->pdata[tail - 1])->kind, ==,
      LOG_MESSAGE);
  /* only the summary is between it and EOS */
  for (guint i = tail + 1; i < eos; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    g_assert_true (entry->event == GST_EVENT_TAG
        || entry->event == GST_EVENT_TOC || entry->message == GST_MESSAGE_TOC);
  }
  rig_free (rig);
}

/* ---- the same for any buffer size ------------------------------------------------------------------------------- */

static GPtrArray *
results_of (const GstAudioInfo * info, const guint8 * data, gsize n,
    gsize piece)
{
  Rig *rig = rig_new (info, NULL, "window", 300 * GST_MSECOND, "interval",
      100 * GST_MSECOND, "minimum-duration", 20 * GST_MSECOND, NULL);
  g_autoptr (GPtrArray) results = NULL;
  GPtrArray *copies = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_structure_free);

  rig_push (rig, data, n, piece, 0);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  for (guint i = 0; i < results->len; i++) {
    GstStructure *copy = gst_structure_copy (results->pdata[i]);

    gst_structure_remove_fields (copy, "inference-time", "element", "source-id",
        "stream-id", NULL);
    g_ptr_array_add (copies, copy);
  }
  rig_free (rig);
  return copies;
}

static void
check_buffer_sizes (GstAudioFormat format, gint rate, gint channels)
{
  GstAudioInfo info = rig_audio (format, rate, channels, FALSE);
  gsize n = (gsize) rate * 6 / 5 + 3;
  gsize pieces[] = { 1, rate / 100, rate };
  g_autofree guint8 *data = rig_noise (&info, n, 3);
  g_autoptr (GPtrArray) first = results_of (&info, data, n, 1000);

  g_assert_cmpuint (first->len, ==, 10);
  for (guint p = 0; p < G_N_ELEMENTS (pieces); p++) {
    g_autoptr (GPtrArray) other = results_of (&info, data, n, pieces[p]);

    g_assert_cmpuint (other->len, ==, first->len);
    for (guint i = 0; i < first->len; i++)
      g_assert_true (gst_structure_is_equal (first->pdata[i], other->pdata[i]));
  }
}

static void
test_buffer_sizes (void)
{
  check_buffer_sizes (GST_AUDIO_FORMAT_F32LE, 16000, 1);
  check_buffer_sizes (GST_AUDIO_FORMAT_S16LE, 44100, 2);
  check_buffer_sizes (GST_AUDIO_FORMAT_F64LE, 8000, 1);
}

/* The same sound at other rates and formats: the same windows, and nearly the same scores. */
static void
test_formats_agree (void)
{
  static const struct
  {
    GstAudioFormat format;
    gint rate, channels;
  } cases[] = {
    {GST_AUDIO_FORMAT_F32LE, 16000, 1},
    {GST_AUDIO_FORMAT_S16LE, 44100, 2},
    {GST_AUDIO_FORMAT_F64LE, 8000, 1},
    {GST_AUDIO_FORMAT_S32LE, 48000, 4},
  };
  g_autoptr (GPtrArray) first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstAudioInfo info = rig_audio (cases[i].format, cases[i].rate,
        cases[i].channels, FALSE);
    gsize n = (gsize) cases[i].rate * 6 / 5;
    gsize n_values = n * info.channels;
    g_autofree double *wave = g_new (double, n_values);
    g_autofree guint8 *data = g_malloc0 (n * info.bpf);
    g_autoptr (GPtrArray) results = NULL;

    for (gsize v = 0; v < n_values; v++) {
      double t = (double) (v / info.channels) / info.rate;

      wave[v] = 0.4 * sin (2 * G_PI * (200 + 300 * t) * t)
          + 0.2 * sin (2 * G_PI * 1100 * t);
      if (cases[i].format == GST_AUDIO_FORMAT_F32LE)
        ((float *) data)[v] = (float) wave[v];
      else if (cases[i].format == GST_AUDIO_FORMAT_F64LE)
        ((double *) data)[v] = wave[v];
      else if (cases[i].format == GST_AUDIO_FORMAT_S16LE)
        ((gint16 *) data)[v] = (gint16) lrint (wave[v] * 32768);
      else
        ((gint32 *) data)[v] = (gint32) lrint (wave[v] * 2147483648.0);
    }
    results = results_of (&info, data, n, info.rate / 100);
    g_assert_cmpuint (results->len, ==, 10);
    if (!first) {
      first = g_steal_pointer (&results);
      continue;
    }
    for (guint k = 0; k < 10; k++) {
      const GValue *a = gst_structure_get_value (first->pdata[k], "scores");
      const GValue *b = gst_structure_get_value (results->pdata[k], "scores");

      g_assert_cmpuint (rig_u64 (results->pdata[k], "timestamp"), ==,
          rig_u64 (first->pdata[k], "timestamp"));
      for (guint c = 0; c < 9; c++)
        g_assert_cmpfloat_with_epsilon (g_value_get_double
            (gst_value_array_get_value (a, c)),
            g_value_get_double (gst_value_array_get_value (b, c)), 2e-2);
    }
  }
}

/* ---- windows ---------------------------------------------------------------------------------------------------- */

static void
test_whole_stream (void)
{
  GstAudioInfo info = mono16k ();
  g_autofree guint8 *data = rig_noise (&info, 20000, 1);
  Rig *rig = rig_new (&info, NULL, "window", (guint64) 0, NULL);
  g_autoptr (GPtrArray) messages = NULL, events = NULL;

  rig_push (rig, data, 20000, 333, 0);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 0);
  rig_send (rig, gst_event_new_eos ());
  messages = rig_results (rig, LOG_MESSAGE);
  events = rig_results (rig, LOG_EVENT);
  g_assert_cmpuint (messages->len, ==, 1);
  g_assert_cmpuint (events->len, ==, 1);
  check_fields (messages->pdata[0], 0, 0, 1250);
  expect_scores ((float *) data, 20000, messages->pdata[0]);
  rig_free (rig);
}

static void
test_partial (void)
{
  GstAudioInfo info = mono16k ();
  Rig *rig = rig_new (&info, NULL, NULL);
  g_autoptr (GPtrArray) messages = NULL;
  gboolean partial;

  rig_push_silence (rig, 700, 0);
  rig_send (rig, gst_event_new_eos ());
  messages = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (messages->len, ==, 1);
  rig_assert_span (messages->pdata[0], 0, 700);
  g_assert_true (gst_structure_get_boolean (messages->pdata[0], "partial",
          &partial));
  g_assert_true (partial);
  rig_free (rig);
}

/* Several windows end in one buffer: all are on it, in order. */
static void
test_many_in_one_buffer (void)
{
  GstAudioInfo info = mono16k ();
  g_autofree guint8 *data = rig_noise (&info, 16000, 1);
  Rig *rig = rig_new (&info, NULL, "window", 100 * GST_MSECOND, "interval",
      50 * GST_MSECOND, NULL);
  const LogEntry *last;

  rig_push (rig, data, 16000, 16000, 0);
  last = rig->log->pdata[rig->log->len - 1];
  g_assert_cmpuint (last->metas->len, ==, 19);
  for (guint k = 0; k < 19; k++) {
    rig_assert_span (last->metas->pdata[k], k * 50, 100);
    expect_scores ((float *) data + k * 800, 1600, last->metas->pdata[k]);
  }
  rig_free (rig);
}

/* ---- outputs ---------------------------------------------------------------------------------------------------- */

static void
check_outputs (gboolean post, gboolean attach)
{
  GstAudioInfo info = mono16k ();
  Rig *rig = rig_new (&info, NULL, "post-messages", post, "attach-meta",
      attach, NULL);
  g_autoptr (GPtrArray) messages = NULL, in_band = NULL;

  rig_push_silence (rig, 3600, 0);
  rig_send (rig, gst_event_new_eos ());
  messages = rig_results (rig, LOG_MESSAGE);
  in_band = rig_results_in_band (rig);
  g_assert_cmpuint (messages->len, ==, post ? 2 : 0);
  g_assert_cmpuint (in_band->len, ==, attach ? 2 : 0);
  rig_free (rig);
}

static void
test_outputs (void)
{
  check_outputs (TRUE, TRUE);
  check_outputs (TRUE, FALSE);
  check_outputs (FALSE, TRUE);
  check_outputs (FALSE, FALSE);
}

static void
test_labels_and_stats (void)
{
  GstAudioInfo info = mono16k ();
  Rig *rig = rig_new (&info, NULL, NULL);
  g_autoptr (GstStructure) stats = NULL;
  GValue labels = G_VALUE_INIT;

  rig_push_silence (rig, 4000, 0);
  g_object_get (rig->element, "stats", &stats, NULL);
  g_assert_cmpuint (rig_u64 (stats, "windows"), ==, 2);
  g_assert_cmpuint (rig_u64 (stats, "results"), ==, 2);
  g_assert_cmpuint (rig_u64 (stats, "re-run"), ==, 0);
  g_assert_nonnull (gst_structure_get_string (stats, "device"));
  g_value_init (&labels, GST_TYPE_ARRAY);
  g_object_get_property (G_OBJECT (rig->element), "labels", &labels);
  g_assert_cmpuint (gst_value_array_get_size (&labels), ==, 9);
  g_value_unset (&labels);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/results/default", test_default);
  g_test_add_func ("/results/buffer-sizes", test_buffer_sizes);
  g_test_add_func ("/results/formats-agree", test_formats_agree);
  g_test_add_func ("/results/whole-stream", test_whole_stream);
  g_test_add_func ("/results/partial", test_partial);
  g_test_add_func ("/results/many-in-one-buffer", test_many_in_one_buffer);
  g_test_add_func ("/results/outputs", test_outputs);
  g_test_add_func ("/results/labels-and-stats", test_labels_and_stats);
  return g_test_run ();
}
