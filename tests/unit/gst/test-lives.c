/* test-lives.c - forgetting, flushing, moving and going while a batch is at the gate.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enginekit.h"
#include "gstemotion2vecenginepriv.h"
#include "gstemotion2vecprocess.h"
#include "slowexecutor.h"

#define LENGTH 800
#define SEED 1
#define OTHER_SEED 2

typedef struct
{
  GstEmotion2vecEngine *engine;
  GstEmotion2vecStream *stream;
  KitLog *log;
} Fixture;

/* Window 0 is in front of the gate, 1 to 3 wait. */
static void
set_up (Fixture * fixture, gconstpointer data)
{
  slow_reset ();
  slow_close ();
  fixture->log = kit_log_new ();
  fixture->engine = kit_slow_engine (SEED);
  fixture->stream = kit_stream (fixture->engine, fixture->log, 0);
  g_assert_true (kit_submit (fixture->stream, 0, LENGTH));
  slow_wait_for_runs (1);
  for (guint i = 1; i < 4; i++)
    g_assert_true (kit_submit (fixture->stream, i, LENGTH));
}

static void
tear_down (Fixture * fixture, gconstpointer data)
{
  slow_open ();
  gst_emotion2vec_stream_free (fixture->stream);
  gst_emotion2vec_engine_unref (fixture->engine);
  kit_log_free (fixture->log);
}

static void
open_and_wait (Fixture * fixture)
{
  slow_open ();
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
}

/* ---- forgetting and flushing ------------------------------------------------------------------------------------ */

/* Forgetting does not wait for the batch; what comes after it is told, what was before is not. */
static void
test_forget (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecStreamStats stats;

  gst_emotion2vec_stream_forget (fixture->stream);
  gst_emotion2vec_stream_get_stats (fixture->stream, &stats);
  g_assert_cmpuint (stats.pending, ==, 0);
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  g_assert_true (kit_submit (fixture->stream, 10, LENGTH));
  open_and_wait (fixture);
  kit_log_assert_ids (fixture->log, "10");
  g_assert_cmpuint (slow_n_runs (), ==, 2);
}

static void
test_forget_done (Fixture * fixture, gconstpointer data)
{
  open_and_wait (fixture);
  gst_emotion2vec_stream_forget (fixture->stream);
  g_assert_null (gst_emotion2vec_stream_pop (fixture->stream));
  kit_log_assert_ids (fixture->log, "0 1 2 3");
}

typedef struct
{
  GMutex lock;
  GCond changed;
  guint n_inside;               /* done funcs that wait for the latch, or waited */
  gboolean open;
  gint returned;                /* atomic: the done func has */
} Latch;

static void
latch_wait (const KitCall * call, gpointer data)
{
  Latch *latch = data;

  g_mutex_lock (&latch->lock);
  latch->n_inside++;
  g_cond_broadcast (&latch->changed);
  while (!latch->open)
    g_cond_wait (&latch->changed, &latch->lock);
  g_mutex_unlock (&latch->lock);
  g_atomic_int_set (&latch->returned, TRUE);
}

static void
latch_wait_for_inside (Latch * latch)
{
  g_mutex_lock (&latch->lock);
  while (latch->n_inside == 0)
    g_cond_wait (&latch->changed, &latch->lock);
  g_mutex_unlock (&latch->lock);
}

static void
latch_open (Latch * latch)
{
  g_mutex_lock (&latch->lock);
  latch->open = TRUE;
  g_cond_broadcast (&latch->changed);
  g_mutex_unlock (&latch->lock);
}

static gpointer
open_latch (gpointer latch)
{
  latch_open (latch);
  return NULL;
}

/* Forgetting waits for a done func that is running. Were it not to, it would mostly return before that thread even
 * starts. */
static void
test_forget_waits (Fixture * fixture, gconstpointer data)
{
  Latch latch = { 0 };
  GThread *thread;

  kit_log_set_hook (fixture->log, latch_wait, &latch);
  slow_open ();
  latch_wait_for_inside (&latch);
  thread = g_thread_new ("open", open_latch, &latch);
  gst_emotion2vec_stream_forget (fixture->stream);
  g_assert_true (g_atomic_int_get (&latch.returned));
  g_assert_cmpuint (kit_log_count (fixture->log), ==, latch.n_inside);
  g_thread_join (thread);
}

static void
test_free_waits (Fixture * fixture, gconstpointer data)
{
  Latch latch = { 0 };
  GThread *thread;

  kit_log_set_hook (fixture->log, latch_wait, &latch);
  slow_open ();
  latch_wait_for_inside (&latch);
  thread = g_thread_new ("open", open_latch, &latch);
  g_clear_pointer (&fixture->stream, gst_emotion2vec_stream_free);
  g_assert_true (g_atomic_int_get (&latch.returned));
  g_thread_join (thread);
}

static gpointer
wait_for_all (gpointer stream)
{
  return GINT_TO_POINTER (gst_emotion2vec_stream_wait (stream));
}

/* Flushing releases who waits for results, and refuses windows; it forgets nothing. */
static void
test_flushing (Fixture * fixture, gconstpointer data)
{
  GThread *thread = g_thread_new ("wait", wait_for_all, fixture->stream);

  gst_emotion2vec_stream_set_flushing (fixture->stream, TRUE);
  g_assert_false (GPOINTER_TO_INT (g_thread_join (thread)));
  g_assert_false (kit_submit (fixture->stream, 4, LENGTH));
  gst_emotion2vec_stream_set_flushing (fixture->stream, FALSE);
  open_and_wait (fixture);
  kit_log_assert_ids (fixture->log, "0 1 2 3");
}

/* ---- going ------------------------------------------------------------------------------------------------------ */

/* A stream goes while its window is at the gate, without waiting; others are not harmed. */
static void
test_free (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecStream *other = kit_stream (fixture->engine, fixture->log, 1);

  g_assert_true (kit_submit (other, 20, LENGTH));
  g_clear_pointer (&fixture->stream, gst_emotion2vec_stream_free);
  g_assert_cmpuint (slow_n_runs (), ==, 1);
  slow_open ();
  g_assert_true (gst_emotion2vec_stream_wait (other));
  kit_log_assert_ids (fixture->log, "20");
  gst_emotion2vec_stream_free (other);
}

/* The engine goes before its stream: the stream still works. */
static void
test_engine_first (Fixture * fixture, gconstpointer data)
{
  gst_emotion2vec_engine_unref (fixture->engine);
  open_and_wait (fixture);
  kit_log_assert_ids (fixture->log, "0 1 2 3");
  gst_emotion2vec_stream_free (fixture->stream);
  fixture->engine = kit_slow_engine (SEED);
  fixture->stream = kit_stream (fixture->engine, fixture->log, 0);
}

static gpointer
open_gate (gpointer data)
{
  slow_open ();
  return NULL;
}

/* The last user waits for the batch at the gate, and for nothing more. */
static void
test_last_user (Fixture * fixture, gconstpointer data)
{
  GThread *thread;

  g_clear_pointer (&fixture->stream, gst_emotion2vec_stream_free);
  thread = g_thread_new ("open", open_gate, NULL);
  gst_emotion2vec_engine_unref (fixture->engine);
  g_thread_join (thread);
  slow_wait_for_ends (1);
  g_assert_cmpuint (slow_n_runs (), ==, 1);
  g_assert_cmpuint (kit_log_count (fixture->log), ==, 0);
  fixture->engine = kit_slow_engine (SEED);
}

/* ---- moving ----------------------------------------------------------------------------------------------------- */

typedef struct
{
  Fixture *fixture;
  GstEmotion2vecEngine *to;
  gboolean moved;
  guint n_between, n_told;      /* calls between the engines, and what was told when the last of them came */
} Move;

static void
between (gpointer data)
{
  Move *m = data;

  m->n_between++;
  m->n_told = kit_log_count (m->fixture->log);
}

static gpointer
move (gpointer data)
{
  Move *m = data;

  m->moved = gst_emotion2vec_stream_move (m->fixture->stream, m->to, between,
      m);
  return NULL;
}

/* Returns when the move has begun; it cannot end as long as the gate is closed. */
static GThread *
begin_to_move (Move * m)
{
  GThread *thread = g_thread_new ("move", move, m);

  gst_emotion2vec_lock ();
  while (!m->fixture->stream->moving)
    gst_emotion2vec_wait (&m->fixture->stream->changed);
  gst_emotion2vec_unlock ();
  return thread;
}

static void
assert_popped (GstEmotion2vecStream * stream, guint64 id, guint64 seed)
{
  g_autoptr (GstEmotion2vecResult) result = gst_emotion2vec_stream_pop (stream);
  g_autofree char *name =
      g_strdup_printf ("random weights, seed %" G_GUINT64_FORMAT, seed);

  g_assert_nonnull (result);
  g_assert_cmpstr (result->model, ==, name);
  kit_assert_scores (result, seed, id, LENGTH);
}

/* Window 0 is at the gate when the stream begins to move: it gets its scores from the old model. All others, whether they
 * waited or came meanwhile or after, get them from the new one. */
static void
test_move (Fixture * fixture, gconstpointer data)
{
  Move m = { fixture, kit_engine (OTHER_SEED) };
  GThread *thread = begin_to_move (&m);

  g_assert_true (kit_submit (fixture->stream, 4, LENGTH));
  slow_open ();
  g_thread_join (thread);
  g_assert_true (m.moved);
  gst_emotion2vec_engine_unref (fixture->engine);
  fixture->engine = m.to;
  slow_wait_for_ends (1);
  g_assert_true (kit_submit (fixture->stream, 5, LENGTH));
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  kit_log_assert_ids (fixture->log, "0 1 2 3 4 5");
  g_assert_cmpuint (m.n_between, ==, 1);
  g_assert_cmpuint (m.n_told, ==, 1);
  assert_popped (fixture->stream, 0, SEED);
  for (guint i = 1; i <= 5; i++)
    assert_popped (fixture->stream, i, OTHER_SEED);
}

/* Nothing in flight: what waits is run by the new model. The gate of the old one stays closed for another stream. */
static void
test_move_waiting (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecEngine *other = kit_engine (OTHER_SEED);
  GstEmotion2vecStream *waiting = kit_stream (fixture->engine, fixture->log, 1);

  for (guint i = 10; i < 13; i++)
    g_assert_true (kit_submit (waiting, i, LENGTH));
  g_assert_true (gst_emotion2vec_stream_move (waiting, other, NULL, NULL));
  g_assert_true (gst_emotion2vec_stream_wait (waiting));
  kit_log_assert_ids (fixture->log, "10 11 12");
  for (guint i = 10; i < 13; i++)
    assert_popped (waiting, i, OTHER_SEED);
  gst_emotion2vec_stream_free (waiting);
  gst_emotion2vec_engine_unref (other);
}

/* Forgetting while it moves: nothing of before comes out, and the move does not wait for it. */
static void
test_move_forget (Fixture * fixture, gconstpointer data)
{
  Move m = { fixture, kit_engine (OTHER_SEED) };
  GThread *thread = begin_to_move (&m);

  gst_emotion2vec_stream_forget (fixture->stream);
  g_thread_join (thread);
  g_assert_true (m.moved);
  g_assert_true (kit_submit (fixture->stream, 10, LENGTH));
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  kit_log_assert_ids (fixture->log, "10");
  assert_popped (fixture->stream, 10, OTHER_SEED);
  gst_emotion2vec_engine_unref (m.to);
}

/* A seek does not take a move back. */
static void
test_move_flushing (Fixture * fixture, gconstpointer data)
{
  Move m = { fixture, kit_engine (OTHER_SEED) };
  GThread *thread = begin_to_move (&m);

  gst_emotion2vec_stream_set_flushing (fixture->stream, TRUE);
  slow_open ();
  g_thread_join (thread);
  g_assert_true (m.moved);
  gst_emotion2vec_stream_set_flushing (fixture->stream, FALSE);
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  kit_log_assert_ids (fixture->log, "0 1 2 3");
  assert_popped (fixture->stream, 0, SEED);
  for (guint i = 1; i < 4; i++)
    assert_popped (fixture->stream, i, OTHER_SEED);
  gst_emotion2vec_engine_unref (m.to);
}

/* It stays where it is if it is closed. */
static void
test_move_close (Fixture * fixture, gconstpointer data)
{
  Move m = { fixture, kit_engine (OTHER_SEED) };
  GThread *thread = begin_to_move (&m);

  gst_emotion2vec_stream_close (fixture->stream);
  g_thread_join (thread);
  g_assert_false (m.moved);
  gst_emotion2vec_engine_unref (m.to);
  open_and_wait (fixture);
  for (guint i = 0; i < 4; i++)
    assert_popped (fixture->stream, i, SEED);
}

/* A stream that goes while it moves: the move fails first. */
static void
test_move_free (Fixture * fixture, gconstpointer data)
{
  Move m = { fixture, kit_engine (OTHER_SEED) };
  GThread *thread = begin_to_move (&m);

  g_clear_pointer (&fixture->stream, gst_emotion2vec_stream_free);
  g_thread_join (thread);
  g_assert_false (m.moved);
  g_assert_cmpuint (m.n_between, ==, 0);
  gst_emotion2vec_engine_unref (m.to);
}

#define ADD(name, function) \
    g_test_add ("/lives/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  ADD ("forget", test_forget);
  ADD ("forget/done", test_forget_done);
  ADD ("forget/waits", test_forget_waits);
  ADD ("flushing", test_flushing);
  ADD ("free", test_free);
  ADD ("free/waits", test_free_waits);
  ADD ("engine-first", test_engine_first);
  ADD ("last-user", test_last_user);
  ADD ("move", test_move);
  ADD ("move/waiting", test_move_waiting);
  ADD ("move/forget", test_move_forget);
  ADD ("move/flushing", test_move_flushing);
  ADD ("move/close", test_move_close);
  ADD ("move/free", test_move_free);
  return g_test_run ();
}
