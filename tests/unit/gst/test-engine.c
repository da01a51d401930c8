/* test-engine.c - the shared engine: who shares, what order results come in, what is forgotten, where models are found.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecstream.h"

#include <glib/gstdio.h>
#include <string.h>

#include "e2vmodelfile.h"
#include "e2vselftest.h"
#include "gstemotion2vecmodelsearch.h"

typedef struct
{
  char *folder, *path;
} Fixture;

static void
save_model (const char *path, guint64 seed)
{
  static const E2vHparams shape = {
    .conv = {{8, 400, 320}},.n_conv = 1,.embed_dim = 16,.n_heads = 2,
    .n_prenet = 1,.n_main = 1,.mlp_dim = 16,.n_extra = 1,.pos_depth = 1,
    .pos_kernel = 3,.pos_groups = 4,.alibi_layers = 1,.alibi_heads = 2,
    .n_classes = 4,.norm_eps = 1e-5,.normalize = TRUE
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = e2v_model_new_random (&shape, seed, &error);

  g_assert_no_error (error);
  e2v_selftest_make (model, &error);
  g_assert_no_error (error);
  e2v_model_save (model, path, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture * fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("emotion2vec-test-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "a.gguf", NULL);
  save_model (fixture->path, 1);
}

static void
tear_down (Fixture * fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_rmdir (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->folder);
}

static GstEmotion2vecEngine *
open_engine (const char *path, GstEmotion2vecPrecision precision)
{
  g_autoptr (GError) error = NULL;
  GstEmotion2vecEngine *engine =
      gst_emotion2vec_engine_open (path, "ref", precision, &error);

  g_assert_no_error (error);
  return engine;
}

/* A window of @n samples whose content and start tell it from others. */
static GstEmotion2vecWindow *
new_window (guint64 start, guint n)
{
  GstEmotion2vecWindow *window = g_new0 (GstEmotion2vecWindow, 1);

  window->start = start;
  window->n_samples = n;
  window->samples = g_new (float, n);
  for (guint i = 0; i < n; i++)
    window->samples[i] = (float) ((i * (start + 3)) % 17) / 17;
  return window;
}

static gboolean
submit (GstEmotion2vecStream * stream, guint64 id, guint n)
{
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->id = id;
  return gst_emotion2vec_stream_submit (stream, new_window (id, n), result, 0,
      GST_EMOTION2VEC_OVERLOAD_BLOCK, NULL) == GST_EMOTION2VEC_SUBMIT_QUEUED;
}

/* ---- sharing ---------------------------------------------------------------------------------------------------- */

static void
test_sharing (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecEngine *a =
      open_engine (fixture->path, GST_EMOTION2VEC_PRECISION_AUTO);
  GstEmotion2vecEngine *b =
      open_engine (fixture->path, GST_EMOTION2VEC_PRECISION_AUTO);
  GstEmotion2vecEngine *c =
      open_engine (fixture->path, GST_EMOTION2VEC_PRECISION_FP32);
  GstEmotion2vecEngine *d;

  g_assert_true (a == b);
  g_assert_true (a != c);
  g_assert_cmpuint (gst_emotion2vec_engine_min_samples (a), ==, 400);
  g_assert_cmpuint (g_strv_length ((char **) gst_emotion2vec_engine_labels
          (a)), ==, 4);
  /* a replaced file is another model */
  save_model (fixture->path, 2);
  d = open_engine (fixture->path, GST_EMOTION2VEC_PRECISION_AUTO);
  g_assert_true (a != d);
  gst_emotion2vec_engine_unref (a);
  gst_emotion2vec_engine_unref (b);
  gst_emotion2vec_engine_unref (c);
  gst_emotion2vec_engine_unref (d);
}

static gpointer
open_and_close (gpointer path)
{
  for (guint i = 0; i < 20; i++) {
    GstEmotion2vecEngine *engine =
        open_engine (path, GST_EMOTION2VEC_PRECISION_AUTO);
    GstEmotion2vecStream *stream =
        gst_emotion2vec_stream_new (engine, NULL, NULL);

    g_assert_true (submit (stream, i, 800));
    if (i % 2)
      g_assert_true (gst_emotion2vec_stream_wait (stream));
    gst_emotion2vec_stream_free (stream);
    gst_emotion2vec_engine_unref (engine);
  }
  return NULL;
}

static void
test_threads (Fixture * fixture, gconstpointer data)
{
  GThread *threads[8];

  for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
    threads[t] = g_thread_new ("open", open_and_close, fixture->path);
  for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
    g_thread_join (threads[t]);
}

static gpointer
open_broken (gpointer path)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_emotion2vec_engine_open (path, "ref",
          GST_EMOTION2VEC_PRECISION_AUTO, &error));
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ);
  return NULL;
}

/* Who waits for another's opening that fails gets an error of its own. */
static void
test_broken (Fixture * fixture, gconstpointer data)
{
  GThread *threads[4];

  g_assert_true (g_file_set_contents (fixture->path, "GGUF", 4, NULL));
  for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
    threads[t] = g_thread_new ("open", open_broken, fixture->path);
  for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
    g_thread_join (threads[t]);
}

/* ---- streams ---------------------------------------------------------------------------------------------------- */

/* Several streams with windows of mixed lengths: each gets its own results, in order, the same as alone. */
static void
test_order (Fixture * fixture, gconstpointer data)
{
  static const guint lengths[] = { 800, 800, 1600, 800, 400, 1600, 1600 };
  const guint n = G_N_ELEMENTS (lengths);
  GstEmotion2vecEngine *engine =
      open_engine (fixture->path, GST_EMOTION2VEC_PRECISION_AUTO);
  GstEmotion2vecStream *streams[3];
  double alone[G_N_ELEMENTS (lengths)];

  for (guint s = 0; s < 3; s++)
    streams[s] = gst_emotion2vec_stream_new (engine, NULL, NULL);
  for (guint i = 0; i < n; i++) {
    g_autoptr (GstEmotion2vecResult) result = NULL;

    g_assert_true (submit (streams[0], i, lengths[i]));
    g_assert_true (gst_emotion2vec_stream_wait (streams[0]));
    result = gst_emotion2vec_stream_pop (streams[0]);
    alone[i] = result->model_scores[0];
  }
  for (guint i = 0; i < n; i++)
    for (guint s = 0; s < 3; s++)
      g_assert_true (submit (streams[s], i, lengths[i]));
  for (guint s = 0; s < 3; s++) {
    g_assert_true (gst_emotion2vec_stream_wait (streams[s]));
    for (guint i = 0; i < n; i++) {
      g_autoptr (GstEmotion2vecResult) result =
          gst_emotion2vec_stream_pop (streams[s]);

      g_assert_nonnull (result);
      g_assert_cmpuint (result->id, ==, i);
      g_assert_cmpuint (result->n_model_classes, ==, 4);
      g_assert_cmpfloat (result->model_scores[0], ==, alone[i]);
    }
    g_assert_null (gst_emotion2vec_stream_pop (streams[s]));
    gst_emotion2vec_stream_free (streams[s]);
  }
  gst_emotion2vec_engine_unref (engine);
}

/* Forgets at moments when windows are pending, in flight or done. */
static void
test_forget (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecEngine *engine =
      open_engine (fixture->path, GST_EMOTION2VEC_PRECISION_AUTO);
  GstEmotion2vecStream *stream =
      gst_emotion2vec_stream_new (engine, NULL, NULL);

  for (guint round = 0; round < 50; round++) {
    g_autoptr (GstEmotion2vecResult) result = NULL;

    for (guint i = 0; i < 5; i++)
      g_assert_true (submit (stream, i, i < 3 ? 16000 : 800));
    g_usleep (round * 100);
    gst_emotion2vec_stream_forget (stream);
    g_assert_true (submit (stream, 99, 800));
    g_assert_true (gst_emotion2vec_stream_wait (stream));
    result = gst_emotion2vec_stream_pop (stream);
    g_assert_cmpuint (result->id, ==, 99);
    g_assert_null (gst_emotion2vec_stream_pop (stream));
  }
  gst_emotion2vec_stream_free (stream);
  gst_emotion2vec_engine_unref (engine);
}

static void
test_flushing (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecEngine *engine =
      open_engine (fixture->path, GST_EMOTION2VEC_PRECISION_AUTO);
  GstEmotion2vecStream *stream =
      gst_emotion2vec_stream_new (engine, NULL, NULL);

  gst_emotion2vec_stream_set_flushing (stream, TRUE);
  g_assert_false (submit (stream, 0, 800));
  g_assert_false (gst_emotion2vec_stream_wait (stream));
  gst_emotion2vec_stream_set_flushing (stream, FALSE);
  g_assert_true (submit (stream, 1, 800));
  g_assert_true (gst_emotion2vec_stream_wait (stream));
  gst_emotion2vec_stream_free (stream);
  gst_emotion2vec_engine_unref (engine);
}

static void
keep_error (GstEmotion2vecResult * result, const GError * error, gpointer data)
{
  GError **kept = data;

  if (error)
    *kept = g_error_copy (error);
}

/* A window that the encoder refuses fails alone, with an error in GStreamer's words; the engine goes on. */
static void
test_error (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecEngine *engine =
      open_engine (fixture->path, GST_EMOTION2VEC_PRECISION_AUTO);
  g_autoptr (GError) error = NULL;
  GstEmotion2vecStream *stream =
      gst_emotion2vec_stream_new (engine, keep_error, &error);
  g_autoptr (GstEmotion2vecResult) result = NULL;

  g_assert_true (submit (stream, 0, 399));
  g_assert_true (submit (stream, 1, 400));
  g_assert_true (gst_emotion2vec_stream_wait (stream));
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  result = gst_emotion2vec_stream_pop (stream);
  g_assert_nonnull (result);
  gst_emotion2vec_stream_free (stream);
  gst_emotion2vec_engine_unref (engine);
}

/* ---- the search for a model ------------------------------------------------------------------------------------- */

static void
expect_found (const char *property, const char *want)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *found = gst_emotion2vec_find_model (property, &error);

  g_assert_cmpstr (found, ==, want);
  g_assert_true ((error == NULL) == (want != NULL));
}

/* The user's data directory is a folder of this test's, set by the environment. */
static void
test_search (Fixture * fixture, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (),
      "gst-emotion2vec", NULL);
  g_autofree char *own = g_build_filename (folder, "own.gguf", NULL);
  g_autofree char *other = g_build_filename (folder, "other.gguf", NULL);
  g_autofree char *mini =
      g_build_filename (folder, "emotion2vec-mini.gguf", NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (own, "", 0, NULL));
  g_unsetenv ("EMOTION2VEC_MODEL");
  expect_found (NULL, own);
  expect_found ("", own);
  g_assert_true (g_file_set_contents (other, "", 0, NULL));
  expect_found (NULL, NULL);
  g_assert_true (g_file_set_contents (mini, "", 0, NULL));
  expect_found (NULL, mini);
  g_setenv ("EMOTION2VEC_MODEL", other, TRUE);
  expect_found (NULL, other);
  expect_found (fixture->path, fixture->path);
  /* what was named and is missing is not passed over */
  expect_found ("/nonexistent", NULL);
  g_setenv ("EMOTION2VEC_MODEL", "/nonexistent", TRUE);
  expect_found (NULL, NULL);
  g_unsetenv ("EMOTION2VEC_MODEL");
  g_unlink (own);
  g_unlink (other);
  g_unlink (mini);
  g_rmdir (folder);
}

#define ADD(name, function) \
    g_test_add ("/engine/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  ADD ("sharing", test_sharing);
  ADD ("threads", test_threads);
  ADD ("broken", test_broken);
  ADD ("order", test_order);
  ADD ("forget", test_forget);
  ADD ("flushing", test_flushing);
  ADD ("error", test_error);
  ADD ("search", test_search);
  return g_test_run ();
}
