/* test-many.c - 32 streams on one engine: the same results as one alone, whatever starts, stops and moves beside them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enginekit.h"

#include <glib/gstdio.h>

#define N_STREAMS 32
#define N_WINDOWS 6
#define N_THREADS 4
#define N_CYCLES 500
#define SEED 1

static const guint lengths[N_WINDOWS] = { 800, 800, 1600, 800, 400, 1600 };

/* ---- the same results ------------------------------------------------------------------------------------------- */

#define N_SCORES 4

typedef struct
{
  GstEmotion2vecEngine *engine;
  KitLog *log;
  guint index;
  double want[N_WINDOWS][N_SCORES];
} Feeder;

static void
copy_scores (GstEmotion2vecStream * stream, guint64 id, double *scores)
{
  g_autoptr (GstEmotion2vecResult) result = gst_emotion2vec_stream_pop (stream);

  g_assert_nonnull (result);
  g_assert_cmpuint (result->id, ==, id);
  g_assert_cmpuint (result->n_model_classes, ==, N_SCORES);
  for (guint c = 0; c < N_SCORES; c++)
    scores[c] = result->model_scores[c];
  g_assert_null (gst_emotion2vec_stream_pop (stream));
}

/* The scores of each window, when nothing else runs. */
static void
feed_alone (Feeder * feeder)
{
  GstEmotion2vecStream *stream =
      kit_stream (feeder->engine, feeder->log, feeder->index);

  for (guint i = 0; i < N_WINDOWS; i++) {
    g_assert_true (kit_submit (stream, 7 * feeder->index + i, lengths[i]));
    g_assert_true (gst_emotion2vec_stream_wait (stream));
    copy_scores (stream, 7 * feeder->index + i, feeder->want[i]);
  }
  gst_emotion2vec_stream_free (stream);
}

/* As in sync mode: waits for each window before the next. */
static gpointer
feed (gpointer data)
{
  const Feeder *feeder = data;
  GstEmotion2vecStream *stream =
      kit_stream (feeder->engine, feeder->log, feeder->index);

  for (guint i = 0; i < N_WINDOWS; i++) {
    double scores[N_SCORES];

    g_assert_true (kit_submit (stream, 7 * feeder->index + i, lengths[i]));
    g_assert_true (gst_emotion2vec_stream_wait (stream));
    copy_scores (stream, 7 * feeder->index + i, scores);
    for (guint c = 0; c < N_SCORES; c++)
      g_assert_cmpfloat (scores[c], ==, feeder->want[i][c]);
  }
  gst_emotion2vec_stream_free (stream);
  return NULL;
}

static void
test_equal (void)
{
  GstEmotion2vecEngine *engine = kit_engine (SEED);
  KitLog *log = kit_log_new ();
  Feeder feeders[N_STREAMS];
  GThread *threads[N_STREAMS];

  for (guint s = 0; s < N_STREAMS; s++) {
    feeders[s].engine = engine;
    feeders[s].log = log;
    feeders[s].index = s;
    feed_alone (&feeders[s]);
  }
  for (guint s = 0; s < N_STREAMS; s++)
    threads[s] = g_thread_new ("feed", feed, &feeders[s]);
  for (guint s = 0; s < N_STREAMS; s++)
    g_thread_join (threads[s]);
  g_assert_cmpuint (kit_log_count (log), ==, 2 * N_STREAMS * N_WINDOWS);
  gst_emotion2vec_engine_unref (engine);
  kit_log_free (log);
}

/* ---- random lives ----------------------------------------------------------------------------------------------- */

typedef struct
{
  GstEmotion2vecStream *stream; /* NULL: stopped */
  GstEmotion2vecEngine *engine;
  guint64 next_id;
  gint floor;                   /* atomic: first id that may be told */
  guint64 last_told;            /* done func only */
} Life;

typedef struct
{
  const char *paths[2];
  GRand *rand;
  Life lives[N_STREAMS / N_THREADS];
} Driver;

/* In order, and nothing that was forgotten. */
static void
on_done (GstEmotion2vecResult * result, const GError * error, gpointer data)
{
  Life *life = data;

  g_assert_no_error (error);
  g_assert_cmpuint (result->id, >, life->last_told);
  g_assert_cmpuint (result->id, >=, (guint) g_atomic_int_get (&life->floor));
  life->last_told = result->id;
}

static GstEmotion2vecEngine *
open_any (Driver * driver)
{
  g_autoptr (GError) error = NULL;
  GstEmotion2vecEngine *engine = gst_emotion2vec_engine_open
      (driver->paths[g_rand_int_range (driver->rand, 0, 2)], kit_device (),
      GST_EMOTION2VEC_PRECISION_AUTO, &error);

  g_assert_no_error (error);
  return engine;
}

static void
start (Driver * driver, Life * life)
{
  life->engine = open_any (driver);
  life->stream = gst_emotion2vec_stream_new (life->engine, on_done, life);
}

static void
stop (Driver * driver, Life * life)
{
  g_clear_pointer (&life->stream, gst_emotion2vec_stream_free);
  g_clear_pointer (&life->engine, gst_emotion2vec_engine_unref);
}

static void
submit_some (Driver * driver, Life * life)
{
  guint n = (guint) g_rand_int_range (driver->rand, 1, 8);
  gint64 dropped;

  for (guint i = 0; i < n; i++)
    kit_submit_policy (life->stream, ++life->next_id,
        lengths[g_rand_int_range (driver->rand, 0, N_WINDOWS)],
        g_rand_int_range (driver->rand, 0, 4), &dropped);
}

/* A seek. */
static void
flush (Driver * driver, Life * life)
{
  gst_emotion2vec_stream_set_flushing (life->stream, TRUE);
  gst_emotion2vec_stream_forget (life->stream);
  g_atomic_int_set (&life->floor, (gint) life->next_id + 1);
  gst_emotion2vec_stream_set_flushing (life->stream, FALSE);
}

static void
drain (Driver * driver, Life * life)
{
  g_assert_true (gst_emotion2vec_stream_wait (life->stream));
  for (;;) {
    g_autoptr (GstEmotion2vecResult) result =
        gst_emotion2vec_stream_pop (life->stream);

    if (!result)
      return;
    g_assert_cmpuint (result->n_model_classes, ==, 4);
  }
}

static void
swap (Driver * driver, Life * life)
{
  GstEmotion2vecEngine *engine = open_any (driver);

  g_assert_true (gst_emotion2vec_stream_move (life->stream, engine, NULL,
          NULL));
  gst_emotion2vec_engine_unref (life->engine);
  life->engine = engine;
}

static gpointer
drive (gpointer data)
{
  static void (*const actions[]) (Driver *, Life *) = {
    submit_some, submit_some, submit_some, flush, drain, swap, stop
  };
  Driver *driver = data;

  for (guint cycle = 0; cycle < N_CYCLES / N_THREADS; cycle++) {
    Life *life = &driver->lives[g_rand_int_range (driver->rand, 0,
            G_N_ELEMENTS (driver->lives))];

    if (!life->stream)
      start (driver, life);
    submit_some (driver, life);
    actions[g_rand_int_range (driver->rand, 0, G_N_ELEMENTS (actions))]
        (driver, life);
  }
  for (guint i = 0; i < G_N_ELEMENTS (driver->lives); i++)
    stop (driver, &driver->lives[i]);
  return NULL;
}

static void
test_cycles (void)
{
  g_autofree char *folder = g_dir_make_tmp ("emotion2vec-test-XXXXXX", NULL);
  g_autofree char *one = g_build_filename (folder, "1.gguf", NULL);
  g_autofree char *two = g_build_filename (folder, "2.gguf", NULL);
  Driver drivers[N_THREADS] = { 0 };
  GThread *threads[N_THREADS];

  kit_save_model (one, 1);
  kit_save_model (two, 2);
  for (guint t = 0; t < N_THREADS; t++) {
    drivers[t].paths[0] = one;
    drivers[t].paths[1] = two;
    drivers[t].rand = g_rand_new_with_seed (t);
    threads[t] = g_thread_new ("drive", drive, &drivers[t]);
  }
  for (guint t = 0; t < N_THREADS; t++) {
    g_thread_join (threads[t]);
    g_rand_free (drivers[t].rand);
  }
  g_unlink (one);
  g_unlink (two);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  GstEmotion2vecEngine *engine;

  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  engine = kit_engine (SEED);
  if (!engine)
    return 77;
  gst_emotion2vec_engine_unref (engine);
  g_test_add_func ("/many/equal", test_equal);
  g_test_add_func ("/many/cycles", test_cycles);
  return g_test_run ();
}
