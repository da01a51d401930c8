/* test-overload.c - more windows than the engine can run: which wait, which are dropped, what comes out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enginekit.h"
#include "gstemotion2vecenginepriv.h"
#include "slowexecutor.h"

#define LENGTH 800

typedef struct
{
  GstEmotion2vecEngine *engine;
  GstEmotion2vecStream *stream;
  KitLog *log;
} Fixture;

/* Window 0 is in front of the gate; three windows may wait. */
static void
set_up (Fixture * fixture, gconstpointer data)
{
  slow_reset ();
  slow_close ();
  fixture->log = kit_log_new ();
  fixture->engine = kit_slow_engine (1);
  fixture->stream = kit_stream (fixture->engine, fixture->log, 0);
  gst_emotion2vec_stream_set_max_pending (fixture->stream, 3);
  g_assert_true (kit_submit (fixture->stream, 0, LENGTH));
  slow_wait_for_runs (1);
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
expect (Fixture * fixture, guint64 id, GstEmotion2vecOverload overload,
    GstEmotion2vecSubmit want, gint64 want_dropped)
{
  gint64 dropped;

  g_assert_cmpint (kit_submit_policy (fixture->stream, id, LENGTH, overload,
          &dropped), ==, want);
  g_assert_cmpint (dropped, ==, want_dropped);
}

static void
finish (Fixture * fixture, const char *ids, guint64 n_dropped)
{
  GstEmotion2vecStreamStats stats;

  gst_emotion2vec_stream_get_stats (fixture->stream, &stats);
  g_assert_cmpuint (stats.pending, ==, 4);
  slow_open ();
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  kit_log_assert_ids (fixture->log, ids);
  gst_emotion2vec_stream_get_stats (fixture->stream, &stats);
  g_assert_cmpuint (stats.dropped, ==, n_dropped);
  g_assert_cmpuint (stats.done, ==, 4);
  g_assert_cmpuint (stats.windows, ==, 4 + n_dropped);
  g_assert_cmpuint (stats.pending, ==, 0);
}

static void
test_drop_oldest (Fixture * fixture, gconstpointer data)
{
  const GstEmotion2vecOverload oldest = GST_EMOTION2VEC_OVERLOAD_DROP_OLDEST;

  for (guint i = 1; i <= 3; i++)
    expect (fixture, i, oldest, GST_EMOTION2VEC_SUBMIT_QUEUED, -1);
  expect (fixture, 4, oldest, GST_EMOTION2VEC_SUBMIT_QUEUED, 1);
  expect (fixture, 5, oldest, GST_EMOTION2VEC_SUBMIT_QUEUED, 2);
  finish (fixture, "0 3 4 5", 2);
}

/* @data: the policy; "stretch" is the element's business, and drops here. */
static void
test_drop_newest (Fixture * fixture, gconstpointer data)
{
  const GstEmotion2vecOverload newest = GPOINTER_TO_UINT (data);

  for (guint i = 1; i <= 3; i++)
    expect (fixture, i, newest, GST_EMOTION2VEC_SUBMIT_QUEUED, -1);
  expect (fixture, 4, newest, GST_EMOTION2VEC_SUBMIT_DROPPED, 4);
  expect (fixture, 5, newest, GST_EMOTION2VEC_SUBMIT_DROPPED, 5);
  finish (fixture, "0 1 2 3", 2);
}

/* A warm-up that waits is neither counted nor dropped. */
static void
test_warm_up_stays (Fixture * fixture, gconstpointer data)
{
  const GstEmotion2vecOverload oldest = GST_EMOTION2VEC_OVERLOAD_DROP_OLDEST;
  GstEmotion2vecStreamStats stats;

  gst_emotion2vec_stream_queue_warm_up (fixture->stream, LENGTH, NULL);
  for (guint i = 1; i <= 3; i++)
    expect (fixture, i, oldest, GST_EMOTION2VEC_SUBMIT_QUEUED, -1);
  expect (fixture, 4, oldest, GST_EMOTION2VEC_SUBMIT_QUEUED, 1);
  gst_emotion2vec_stream_get_stats (fixture->stream, &stats);
  g_assert_cmpuint (stats.pending, ==, 5);
  slow_open ();
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  kit_log_assert_ids (fixture->log, "0 2 3 4");
  /* window 0, two of the warm-up, the rest */
  g_assert_cmpuint (slow_run (1).batch, ==, 1);
  g_assert_cmpuint (slow_run (2).batch, ==, 1);
  g_assert_cmpuint (slow_run (3).batch, ==, 3);
}

static void
test_less_room (Fixture * fixture, gconstpointer data)
{
  const GstEmotion2vecOverload oldest = GST_EMOTION2VEC_OVERLOAD_DROP_OLDEST;
  GstEmotion2vecStreamStats stats;

  for (guint i = 1; i <= 3; i++)
    expect (fixture, i, oldest, GST_EMOTION2VEC_SUBMIT_QUEUED, -1);
  gst_emotion2vec_stream_set_max_pending (fixture->stream, 1);
  expect (fixture, 4, oldest, GST_EMOTION2VEC_SUBMIT_QUEUED, 3);
  slow_open ();
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  kit_log_assert_ids (fixture->log, "0 4");
  gst_emotion2vec_stream_get_stats (fixture->stream, &stats);
  g_assert_cmpuint (stats.dropped, ==, 3);
}

/* ---- block ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  Fixture *fixture;
  gint may_return;              /* atomic */
  GstEmotion2vecSubmit outcome;
} Blocked;

static gpointer
submit_blocking (gpointer data)
{
  Blocked *blocked = data;
  gint64 dropped;

  blocked->outcome = kit_submit_policy (blocked->fixture->stream, 4, LENGTH,
      GST_EMOTION2VEC_OVERLOAD_BLOCK, &dropped);
  g_assert_cmpint (dropped, ==, -1);
  g_assert_true (g_atomic_int_get (&blocked->may_return));
  return NULL;
}

/* Fills the queue and lets a thread submit one window too many. */
static GThread *
block (Fixture * fixture, Blocked * blocked)
{
  for (guint i = 1; i <= 3; i++)
    expect (fixture, i, GST_EMOTION2VEC_OVERLOAD_BLOCK,
        GST_EMOTION2VEC_SUBMIT_QUEUED, -1);
  blocked->fixture = fixture;
  blocked->may_return = FALSE;
  return g_thread_new ("submit", submit_blocking, blocked);
}

static void
test_block (Fixture * fixture, gconstpointer data)
{
  Blocked blocked;
  GThread *thread = block (fixture, &blocked);

  g_atomic_int_set (&blocked.may_return, TRUE);
  slow_let_pass (1);
  g_thread_join (thread);
  g_assert_cmpint (blocked.outcome, ==, GST_EMOTION2VEC_SUBMIT_QUEUED);
  slow_open ();
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  kit_log_assert_ids (fixture->log, "0 1 2 3 4");
}

static void
test_block_more_room (Fixture * fixture, gconstpointer data)
{
  Blocked blocked;
  GThread *thread = block (fixture, &blocked);

  g_atomic_int_set (&blocked.may_return, TRUE);
  gst_emotion2vec_stream_set_max_pending (fixture->stream, 4);
  g_thread_join (thread);
  g_assert_cmpint (blocked.outcome, ==, GST_EMOTION2VEC_SUBMIT_QUEUED);
}

static void
test_block_flushing (Fixture * fixture, gconstpointer data)
{
  Blocked blocked;
  GThread *thread = block (fixture, &blocked);

  g_atomic_int_set (&blocked.may_return, TRUE);
  gst_emotion2vec_stream_set_flushing (fixture->stream, TRUE);
  g_thread_join (thread);
  g_assert_cmpint (blocked.outcome, ==, GST_EMOTION2VEC_SUBMIT_FLUSHING);
  gst_emotion2vec_stream_set_flushing (fixture->stream, FALSE);
  finish (fixture, "0 1 2 3", 0);
}

/* Policies do nothing while there is room. */
static void
test_no_overload (Fixture * fixture, gconstpointer data)
{
  for (guint i = 1; i <= 3; i++)
    expect (fixture, i, (GstEmotion2vecOverload) i,
        GST_EMOTION2VEC_SUBMIT_QUEUED, -1);
  finish (fixture, "0 1 2 3", 0);
}

/* ---- nobody pops, nobody listens -------------------------------------------------------------------------------- */

static void
submit_and_count (Fixture * fixture, GstEmotion2vecOverload overload,
    guint n_popped)
{
  gint64 dropped;

  slow_open ();
  gst_emotion2vec_stream_set_max_pending (fixture->stream, 1000);
  gst_emotion2vec_stream_forget (fixture->stream);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (kit_submit_policy (fixture->stream, i, 400, overload,
            &dropped), ==, GST_EMOTION2VEC_SUBMIT_QUEUED);
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  for (guint i = 100 - n_popped; i < 100; i++) {
    g_autoptr (GstEmotion2vecResult) result =
        gst_emotion2vec_stream_pop (fixture->stream);

    g_assert_cmpuint (result->id, ==, i);
  }
  g_assert_null (gst_emotion2vec_stream_pop (fixture->stream));
}

/* Results that nobody pops do not fill the memory; where no loss is accepted, they are kept. */
static void
test_unpopped (Fixture * fixture, gconstpointer data)
{
  submit_and_count (fixture, GST_EMOTION2VEC_OVERLOAD_DROP_NEWEST, 64);
  submit_and_count (fixture, GST_EMOTION2VEC_OVERLOAD_BLOCK, 100);
  submit_and_count (fixture, GST_EMOTION2VEC_OVERLOAD_DROP_OLDEST, 64);
}

typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean open;
} Latch;

static void
latch_wait (const KitCall * call, gpointer data)
{
  Latch *latch = data;

  g_mutex_lock (&latch->lock);
  while (!latch->open)
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

/* A done func that does not return holds up no inference, up to a bound. */
static void
test_deaf_listener (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecStream *other = kit_stream (fixture->engine, fixture->log, 1);
  Latch latch = { 0 };

  kit_log_set_hook (fixture->log, latch_wait, &latch);
  gst_emotion2vec_stream_set_max_pending (fixture->stream, 1000);
  slow_open ();
  for (guint i = 1; i < 100; i++)
    g_assert_true (kit_submit (fixture->stream, i, LENGTH));
  slow_wait_for_windows (GST_EMOTION2VEC_MAX_IN_FLIGHT);
  /* in the batch of this one there is room for seven more */
  g_assert_true (kit_submit (other, 100, LENGTH));
  slow_wait_for_windows (GST_EMOTION2VEC_MAX_IN_FLIGHT + 1);
  g_assert_cmpuint (slow_n_windows (), ==, GST_EMOTION2VEC_MAX_IN_FLIGHT + 1);
  kit_log_wait (fixture->log, 1);
  g_assert_cmpuint (kit_log_count (fixture->log), ==, 1);
  latch_open (&latch);
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  g_assert_cmpuint (kit_log_count (fixture->log), ==, 101);
  gst_emotion2vec_stream_free (other);
}

#define ADD(name, data, function) \
    g_test_add ("/overload/" name, Fixture, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  ADD ("drop-oldest", NULL, test_drop_oldest);
  ADD ("drop-newest",
      GUINT_TO_POINTER (GST_EMOTION2VEC_OVERLOAD_DROP_NEWEST),
      test_drop_newest);
  ADD ("stretch", GUINT_TO_POINTER (GST_EMOTION2VEC_OVERLOAD_STRETCH),
      test_drop_newest);
  ADD ("warm-up-stays", NULL, test_warm_up_stays);
  ADD ("less-room", NULL, test_less_room);
  ADD ("block", NULL, test_block);
  ADD ("block/more-room", NULL, test_block_more_room);
  ADD ("block/flushing", NULL, test_block_flushing);
  ADD ("no-overload", NULL, test_no_overload);
  ADD ("unpopped", NULL, test_unpopped);
  ADD ("deaf-listener", NULL, test_deaf_listener);
  return g_test_run ();
}
