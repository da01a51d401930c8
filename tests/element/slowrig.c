/* slowrig.c - what tests of the element on the slow executor have in common.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "slowrig.h"

#include "e2vmodelfile.h"
#include "gstemotion2vec.h"
#include "gstemotion2vecmeta.h"

void
slowrig_install (void)
{
  gst_emotion2vec_meta_register ();
  g_assert_true (GST_ELEMENT_REGISTER (emotion2vec, NULL));
  slow_install ();
}

GstAudioInfo
slowrig_audio (void)
{
  return rig_audio (GST_AUDIO_FORMAT_F32LE, 16000, 1, FALSE);
}

float *
slowrig_noise (guint ms, guint32 seed)
{
  GstAudioInfo info = slowrig_audio ();

  return (float *) rig_noise (&info, ms * 16, seed);
}

void
slowrig_push (Rig * rig, const float *samples, guint ms, GstClockTime start)
{
  rig_push (rig, (const guint8 *) samples, ms * 16, 160, start);
}

void
slowrig_push_noise (Rig * rig, guint ms, GstClockTime start)
{
  g_autofree float *noise = slowrig_noise (ms, 5);

  slowrig_push (rig, noise, ms, start);
}

guint64
slowrig_stat (const Rig * rig, const char *name)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (rig->element, "stats", &stats, NULL);
  return rig_u64 (stats, name);
}

guint
slowrig_n_pending (const Rig * rig)
{
  g_autoptr (GstStructure) stats = NULL;
  guint n = 0;

  g_object_get (rig->element, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint (stats, "pending", &n));
  return n;
}

void
slowrig_settle (const Rig * rig)
{
  while (slowrig_n_pending (rig) > 0)
    g_thread_yield ();
}

guint
slowrig_n_buffers (const Rig * rig)
{
  guint n = 0;

  for (guint i = 0; i < rig->log->len; i++)
    n += ((LogEntry *) rig->log->pdata[i])->kind == LOG_BUFFER;
  return n;
}

void
slowrig_begin_stream (Rig * rig, const char *stream_id)
{
  g_autoptr (GstCaps) caps = gst_audio_info_to_caps (&rig->info);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  rig_send (rig, gst_event_new_stream_start (stream_id));
  rig_send (rig, gst_event_new_caps (caps));
  rig_send (rig, gst_event_new_segment (&segment));
}

void
slowrig_restart (Rig * rig)
{
  g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_assert_cmpint (gst_element_set_state (rig->element, GST_STATE_PLAYING), ==,
      GST_STATE_CHANGE_SUCCESS);
  slowrig_begin_stream (rig, "again");
}

/* ---- results ---------------------------------------------------------------------------------------------------- */

E2vResult *
slowrig_expect (const char *model, const float *samples, guint n_samples)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) loaded = e2v_model_load (model, &error);
  g_autoptr (E2vEncoder) encoder =
      e2v_encoder_new (loaded, "ref", E2V_PRECISION_AUTO, NULL, &error);
  const E2vWindow window = { samples, n_samples };
  E2vResult *output = NULL;

  g_assert_no_error (error);
  e2v_encoder_run (encoder, &window, 1,
      E2V_WANT_FRAMES | E2V_WANT_FRAME_SCORES, &output, &error);
  g_assert_no_error (error);
  return output;
}

double *
slowrig_doubles (const GstStructure * fields, const char *name, guint * n)
{
  const GValue *array = gst_structure_get_value (fields, name);
  double *values;

  g_assert_nonnull (array);
  *n = gst_value_array_get_size (array);
  values = g_new (double, *n + 1);
  for (guint i = 0; i < *n; i++)
    values[i] = g_value_get_double (gst_value_array_get_value (array, i));
  return values;
}

void
slowrig_assert_doubles (const GstStructure * fields, const char *name,
    const double *expected, guint n)
{
  guint n_values;
  g_autofree double *values = slowrig_doubles (fields, name, &n_values);

  g_assert_cmpuint (n_values, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat (values[i], ==, expected[i]);
}

void
slowrig_assert_scores (const GstStructure * fields, const char *model,
    const float *samples)
{
  guint start = (guint) (rig_u64 (fields, "timestamp") / (MS / 16));
  guint n = (guint) (rig_u64 (fields, "duration") / (MS / 16));
  g_autoptr (E2vResult) expected = slowrig_expect (model, samples + start, n);
  g_autofree double *scores = g_new (double, expected->n_classes);

  for (guint c = 0; c < expected->n_classes; c++)
    scores[c] = (double) expected->scores[c];
  slowrig_assert_doubles (fields, "scores", scores, expected->n_classes);
}

gboolean
slowrig_truth (const GstStructure * fields, const char *name)
{
  gboolean value;

  g_assert_true (gst_structure_get_boolean (fields, name, &value));
  return value;
}

guint
slowrig_n_errors (Rig * rig, GstMessageType type, GQuark domain, gint code)
{
  guint n = 0;

  rig_flush_bus (rig);
  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];
    g_autoptr (GError) error = NULL;

    if (entry->kind != LOG_MESSAGE || entry->message != type)
      continue;
    gst_structure_get (entry->fields, "gerror", G_TYPE_ERROR, &error, NULL);
    n += g_error_matches (error, domain, code);
  }
  return n;
}
