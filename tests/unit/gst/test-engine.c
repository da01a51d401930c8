/* test-engine.c - the shared engine: who shares it, who waits while it opens, where models are found.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enginekit.h"

#include <glib/gstdio.h>

#include "gstemotion2vecmodelsearch.h"

typedef struct
{
  char *folder, *path;
} Fixture;

static void
set_up (Fixture * fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("emotion2vec-test-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "a.gguf", NULL);
  kit_save_model (fixture->path, 1);
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
  kit_save_model (fixture->path, 2);
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

    g_assert_true (kit_submit (stream, i, 800));
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
  ADD ("search", test_search);
  return g_test_run ();
}
