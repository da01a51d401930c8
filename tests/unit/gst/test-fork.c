/* test-fork.c - a process that forks while a batch runs: the child's calls fail at once, and it can open its own engine.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enginekit.h"
#include "gstemotion2vecregistry.h"
#include "slowexecutor.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH 800

/* The thread sanitizer cannot follow a child that does. */
#ifdef __SANITIZE_THREAD__
#define MAY_START_THREADS FALSE
#else
#define MAY_START_THREADS TRUE
#endif

typedef struct
{
  GstEmotion2vecEngine *engine, *idle;  /* with the stream, and with one user only */
  GstEmotion2vecStream *stream;
  KitLog *log;
  char *folder, *path;
} Fixture;

/* Every failure has its number, since a child cannot use g_assert: 0 is all good. */
static int
use_parents_stream (const Fixture * fixture)
{
  GstEmotion2vecStreamStats stats;
  GstEmotion2vecStream *stream;
  GError *error = NULL;

  if (kit_submit (fixture->stream, 10, LENGTH))
    return 1;
  if (gst_emotion2vec_stream_wait (fixture->stream))
    return 2;
  if (gst_emotion2vec_stream_pop (fixture->stream))
    return 3;
  if (gst_emotion2vec_stream_warm_up (fixture->stream, LENGTH, NULL, &error)
      || error)
    return 4;
  if (gst_emotion2vec_stream_move (fixture->stream, fixture->engine, NULL,
          NULL))
    return 5;
  gst_emotion2vec_stream_queue_warm_up (fixture->stream, LENGTH, NULL);
  gst_emotion2vec_stream_set_flushing (fixture->stream, FALSE);
  gst_emotion2vec_stream_set_max_pending (fixture->stream, 1);
  gst_emotion2vec_stream_forget (fixture->stream);
  gst_emotion2vec_stream_get_stats (fixture->stream, &stats);
  if (stats.windows != 0 || GST_CLOCK_TIME_IS_VALID (stats.latency_mean))
    return 6;
  stream = gst_emotion2vec_stream_new (fixture->engine, NULL, NULL);
  if (kit_submit (stream, 10, LENGTH))
    return 7;
  gst_emotion2vec_stream_free (stream);
  gst_emotion2vec_stream_free (fixture->stream);
  gst_emotion2vec_engine_unref (fixture->engine);
  gst_emotion2vec_engine_unref (fixture->idle);
  /* nothing is freed: what the driver has there is the parent's */
  if (g_strcmp0 (gst_emotion2vec_engine_model_name (fixture->idle),
          "random weights, seed 2") != 0)
    return 8;
  return 0;
}

/* The file that the parent's engine has open, too: the child must not be given that one. Not behind the gate, whose lock
 * a thread of the parent may have held. */
G_GNUC_UNUSED static int
open_own (const Fixture * fixture)
{
  GstEmotion2vecEngine *engine = gst_emotion2vec_engine_open (fixture->path,
      "ref", GST_EMOTION2VEC_PRECISION_AUTO, NULL);
  GstEmotion2vecStream *stream;
  GstEmotion2vecResult *result;

  if (!engine || engine == fixture->engine)
    return 11;
  stream = gst_emotion2vec_stream_new (engine, NULL, NULL);
  if (!kit_submit (stream, 20, LENGTH)
      || !gst_emotion2vec_stream_wait (stream))
    return 12;
  result = gst_emotion2vec_stream_pop (stream);
  if (!result || result->id != 20 || result->n_model_classes != 4)
    return 13;
  gst_emotion2vec_result_free (result);
  gst_emotion2vec_stream_free (stream);
  gst_emotion2vec_engine_unref (engine);
  return 0;
}

static int
use_both (const Fixture * fixture)
{
  int failure = use_parents_stream (fixture);

  gst_emotion2vec_registry_set_encoder_func (NULL);
  if (!failure && MAY_START_THREADS)
    failure = open_own (fixture);
  return failure;
}

/* What a child says that does both. It does not exit: what it leaves to the end of the process on purpose would count as
 * leaks. */
static int
fork_and_use (const Fixture * fixture)
{
  int ends[2], failure;
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0) {
    failure = use_both (fixture);
    if (write (ends[1], &failure, sizeof failure) == sizeof failure)
      raise (SIGKILL);
    _exit (99);
  }
  g_assert_cmpint (child, >, 0);
  close (ends[1]);
  g_assert_cmpint (read (ends[0], &failure, sizeof failure), ==,
      sizeof failure);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  close (ends[0]);
  return failure;
}

static void
set_up (Fixture * fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  slow_install ();
  slow_close ();
  fixture->folder = g_dir_make_tmp ("emotion2vec-test-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "a.gguf", NULL);
  kit_save_model (fixture->path, 1);
  fixture->log = kit_log_new ();
  fixture->engine = gst_emotion2vec_engine_open (fixture->path, "ref",
      GST_EMOTION2VEC_PRECISION_AUTO, &error);
  g_assert_no_error (error);
  fixture->idle = kit_slow_engine (2);
  fixture->stream = kit_stream (fixture->engine, fixture->log, 0);
  g_assert_true (kit_submit (fixture->stream, 0, LENGTH));
  slow_wait_for_runs (1);
  g_assert_true (kit_submit (fixture->stream, 1, LENGTH));
}

/* The parent goes on as if nothing had been. */
static void
tear_down (Fixture * fixture, gconstpointer data)
{
  slow_open ();
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  kit_log_assert_ids (fixture->log, "0 1");
  gst_emotion2vec_stream_free (fixture->stream);
  gst_emotion2vec_engine_unref (fixture->engine);
  gst_emotion2vec_engine_unref (fixture->idle);
  kit_log_free (fixture->log);
  g_unlink (fixture->path);
  g_rmdir (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->folder);
}

static void
test_fork (Fixture * fixture, gconstpointer data)
{
  g_assert_cmpint (fork_and_use (fixture), ==, 0);
}

static void
fork_in_done_func (const KitCall * call, gpointer data)
{
  g_assert_cmpint (fork_and_use (data), ==, 0);
}

/* From a thread of the engine's, and while threads that take the lock go in and out of it. */
static void
test_fork_in_done_func (Fixture * fixture, gconstpointer data)
{
  kit_log_set_hook (fixture->log, fork_in_done_func, fixture);
  slow_open ();
  for (guint i = 0; i < 1000; i++)
    gst_emotion2vec_stream_set_flushing (fixture->stream, FALSE);
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/fork/batch", Fixture, NULL, set_up, test_fork, tear_down);
  g_test_add ("/fork/done-func", Fixture, NULL, set_up,
      test_fork_in_done_func, tear_down);
  return g_test_run ();
}
