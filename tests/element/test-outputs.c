/* test-outputs.c - what results carry on demand, and what carries them.
 *
 * Expected embeddings and scores come from the encoder, called without any GStreamer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
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

/* ---- source id -------------------------------------------------------------------------------------------------- */

static void
test_source_id (void)
{
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;
  const char *stream_id;

  slowrig_push_noise (rig, 500, 0);
  g_object_set (rig->element, "source-id", "caller", NULL);
  slowrig_push_noise (rig, 250, 500 * MS);
  g_object_set (rig->element, "source-id", "agent", NULL);
  slowrig_push_noise (rig, 250, 750 * MS);
  g_object_set (rig->element, "source-id", NULL, NULL);
  slowrig_push_noise (rig, 250, 1000 * MS);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 4);
  stream_id = gst_structure_get_string (results->pdata[0], "stream-id");
  g_assert_nonnull (stream_id);
  for (guint k = 0; k < 4; k++)
    g_assert_cmpstr (gst_structure_get_string (results->pdata[k],
            "source-id"), ==, k == 1 ? "caller" : k == 2 ? "agent" : stream_id);
  rig_free (rig);
}

/* ---- outputs ---------------------------------------------------------------------------------------------------- */

static void
check_ids (const GPtrArray * results, guint first, guint n)
{
  g_assert_cmpuint (results->len, ==, n);
  for (guint k = 0; k < n; k++)
    g_assert_cmpuint (rig_u64 (results->pdata[k], "id"), ==, first + k);
}

/* Windows 0 to 2 have a buffer, in sync mode all three, in async mode when they are done; the tail has none. */
static void
check_outputs (guint mode, gboolean post, gboolean attach, gboolean send)
{
  GstAudioInfo info = slowrig_audio ();
  Rig *rig = rig_new (&info, NULL, "window", 500 * MS, "interval", 250 * MS,
      "minimum-duration", 100 * MS, "mode", mode, "post-messages", post,
      "attach-meta", attach, "send-events", send, NULL);
  g_autoptr (GPtrArray) messages = NULL, metas = NULL, events = NULL;

  slowrig_push_noise (rig, 1000, 0);
  slowrig_settle (rig);
  slowrig_push_noise (rig, 130, 1000 * MS);
  rig_send (rig, gst_event_new_eos ());
  messages = rig_results (rig, LOG_MESSAGE);
  metas = rig_results (rig, LOG_BUFFER);
  events = rig_results (rig, LOG_EVENT);
  check_ids (messages, 0, post ? 4 : 0);
  check_ids (metas, 0, attach ? 3 : 0);
  if (send)
    check_ids (events, 0, 4);
  else
    check_ids (events, 3, attach ? 1 : 0);
  g_assert_cmpuint (slowrig_stat (rig, "results"), ==, 4);
  rig_free (rig);
}

static void
test_outputs (void)
{
  for (guint i = 0; i < 16; i++)
    check_outputs (i & 8 ? MODE_ASYNC : MODE_SYNC, (i & 1) != 0, (i & 2) != 0,
        (i & 4) != 0);
}

/* All in one buffer, in each carrier in the same words. */
static void
test_same_words (void)
{
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) messages = NULL, metas = NULL, events = NULL;

  g_object_set (rig->element, "send-events", TRUE, NULL);
  slowrig_push_noise (rig, 1000, 0);
  messages = rig_results (rig, LOG_MESSAGE);
  metas = rig_results (rig, LOG_BUFFER);
  events = rig_results (rig, LOG_EVENT);
  check_ids (messages, 0, 3);
  check_ids (metas, 0, 3);
  check_ids (events, 0, 3);
  for (guint k = 0; k < 3; k++) {
    gst_structure_set_name (metas->pdata[k], "emotion2vec");
    g_assert_true (gst_structure_is_equal (messages->pdata[k],
            metas->pdata[k]));
    g_assert_true (gst_structure_is_equal (messages->pdata[k],
            events->pdata[k]));
  }
  rig_free (rig);
}

/* ---- embeddings and frames -------------------------------------------------------------------------------------- */

/* The field is a sample of float32 of @n_frames rows (0: one vector) of @width numbers that are @expected. */
static void
check_sample (const GstStructure * fields, const char *name,
    const char *media_type, guint n_frames, guint width, const float *expected)
{
  g_autoptr (GstSample) sample = NULL;
  const GstStructure *caps;
  const GValue *dims;
  GstMapInfo map;

  g_assert_true (gst_structure_get (fields, name, GST_TYPE_SAMPLE, &sample,
          NULL));
  caps = gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  g_assert_true (gst_structure_has_name (caps, media_type));
  g_assert_cmpstr (gst_structure_get_string (caps, "type"), ==, "float32");
  dims = gst_structure_get_value (caps, "dims");
  g_assert_cmpuint (gst_value_array_get_size (dims), ==, n_frames ? 2 : 1);
  if (n_frames)
    g_assert_cmpint (g_value_get_int (gst_value_array_get_value (dims, 0)), ==,
        n_frames);
  g_assert_cmpint (g_value_get_int (gst_value_array_get_value (dims,
              n_frames ? 1 : 0)), ==, width);
  g_assert_true (gst_structure_has_field (caps, "rate") == (n_frames > 0));
  g_assert_true (gst_buffer_map (gst_sample_get_buffer (sample), &map,
          GST_MAP_READ));
  g_assert_cmpmem (map.data, map.size, expected,
      MAX (1, n_frames) * width * sizeof (float));
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
}

static void
check_matrices (const GstStructure * fields, const float *samples, guint ms,
    guint embedding, gboolean frames)
{
  const char *media_type = "application/x-emotion2vec-embedding";
  g_autoptr (E2vResult) expected =
      slowrig_expect (rig_model (), samples + ms * 16, 8000);

  /* 8000 samples, 400 a frame and 320 between them */
  g_assert_cmpuint (expected->n_frames, ==, 24);
  g_assert_true (gst_structure_has_field (fields,
          "utterance-embedding") == ((embedding & 1) != 0));
  g_assert_true (gst_structure_has_field (fields,
          "frame-embedding") == ((embedding & 2) != 0));
  g_assert_true (gst_structure_has_field (fields, "frame-scores") == frames);
  if (embedding & 1)
    check_sample (fields, "utterance-embedding", media_type, 0, 32,
        expected->utterance);
  if (embedding & 2)
    check_sample (fields, "frame-embedding", media_type, 24, 32,
        expected->frames);
  if (frames)
    check_sample (fields, "frame-scores", "application/x-emotion2vec-scores",
        24, 9, expected->frame_scores);
}

/* What is asked for changes from window to window. */
static void
test_matrices (void)
{
  g_autofree float *noise = slowrig_noise (2250, 1);
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;

  for (guint k = 0; k < 8; k++) {
    g_object_set (rig->element, "embedding", k % 4, "granularity",
        k < 4 ? 1 : 3, NULL);
    if (k == 0)
      slowrig_push (rig, noise, 500, 0);
    else
      slowrig_push (rig, noise + (250 + k * 250) * 16, 250,
          (250 + k * 250) * MS);
  }
  results = rig_results (rig, LOG_BUFFER);
  g_assert_cmpuint (results->len, ==, 8);
  for (guint k = 0; k < 8; k++) {
    check_matrices (results->pdata[k], noise, k * 250, k % 4, k >= 4);
    /* frames of features are only computed if somebody wants them */
    g_assert_true (slow_run (k).frames == (k % 4 >= 2 || k >= 4));
  }
  rig_free (rig);
}

/* Scores of frames are of the classes asked for too. */
static void
test_frames_of_classes (void)
{
  g_autofree float *noise = slowrig_noise (500, 1);
  g_autoptr (E2vResult) output = slowrig_expect (rig_model (), noise, 8000);
  float expected[24 * 2];
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;

  for (guint f = 0; f < 24; f++) {
    const float *scores = output->frame_scores + f * 9;
    double bad = (double) scores[0] + (double) scores[6];
    double sum = bad + (double) scores[3];

    expected[2 * f] = (float) (bad / sum);
    expected[2 * f + 1] = (float) ((double) scores[3] / sum);
  }
  g_object_set (rig->element, "classes", "bad=angry+sad,happy", "granularity",
      3, NULL);
  slowrig_restart (rig);
  slowrig_push (rig, noise, 500, 0);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 1);
  check_sample (results->pdata[0], "frame-scores",
      "application/x-emotion2vec-scores", 24, 2, expected);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  slowrig_install ();
  g_test_add_func ("/outputs/source-id", test_source_id);
  g_test_add_func ("/outputs/outputs", test_outputs);
  g_test_add_func ("/outputs/same-words", test_same_words);
  g_test_add_func ("/outputs/matrices", test_matrices);
  g_test_add_func ("/outputs/frames-of-classes", test_frames_of_classes);
  return g_test_run ();
}
