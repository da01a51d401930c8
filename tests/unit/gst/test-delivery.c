/* test-delivery.c - what comes out of an engine, in which order, from which batches, and what done funcs may do.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enginekit.h"
#include "gstemotion2vecenginepriv.h"
#include "slowexecutor.h"

#include <math.h>
#include <string.h>

#define LENGTH 800
#define SEED 1

typedef struct
{
  GstEmotion2vecEngine *engine;
  GstEmotion2vecStream *stream;
  KitLog *log;
} Fixture;

/* The gate is closed, nothing is submitted. */
static void
set_up (Fixture * fixture, gconstpointer data)
{
  slow_reset ();
  slow_close ();
  fixture->log = kit_log_new ();
  fixture->engine = kit_slow_engine (SEED);
  fixture->stream = kit_stream (fixture->engine, fixture->log, 0);
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

/* Puts window @id of the first stream in front of the gate. */
static void
block (Fixture * fixture, guint64 id)
{
  guint n = slow_n_runs ();

  g_assert_true (kit_submit (fixture->stream, id, LENGTH));
  slow_wait_for_runs (n + 1);
}

static void
assert_popped (GstEmotion2vecStream * stream, guint64 id, guint n)
{
  g_autoptr (GstEmotion2vecResult) result = gst_emotion2vec_stream_pop (stream);

  g_assert_nonnull (result);
  g_assert_cmpstr (result->model, ==, "random weights, seed 1");
  kit_assert_scores (result, SEED, id, n);
}

/* ---- batches ---------------------------------------------------------------------------------------------------- */

#define N_STREAMS 8

static void
open_others (Fixture * fixture, GstEmotion2vecStream ** streams)
{
  streams[0] = fixture->stream;
  for (guint s = 1; s < N_STREAMS; s++)
    streams[s] = kit_stream (fixture->engine, fixture->log, s);
}

static void
close_others (GstEmotion2vecStream ** streams)
{
  for (guint s = 0; s < N_STREAMS; s++)
    g_assert_true (gst_emotion2vec_stream_wait (streams[s]));
  for (guint s = 1; s < N_STREAMS; s++)
    gst_emotion2vec_stream_free (streams[s]);
}

/* Asserts that calls @from to @from + N_STREAMS - 1 were for different streams. */
static void
assert_one_each (KitLog * log, guint from)
{
  guint seen = 0;

  for (guint i = 0; i < N_STREAMS; i++)
    seen |= 1u << kit_log_call (log, from + i).listener;
  g_assert_cmpuint (seen, ==, (1u << N_STREAMS) - 1);
}

/* Windows of one length from eight streams: batches of eight with one from each, though one stream was first with all
 * of its windows. */
static void
test_across_streams (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecStream *streams[N_STREAMS];

  open_others (fixture, streams);
  block (fixture, 0);
  for (guint s = 0; s < N_STREAMS; s++)
    for (guint i = 0; i < 3; i++)
      g_assert_true (kit_submit (streams[s], 10 * s + i + 1, LENGTH));
  slow_open ();
  close_others (streams);
  g_assert_cmpuint (slow_n_runs (), ==, 4);
  for (guint i = 1; i < 4; i++) {
    g_assert_cmpuint (slow_run (i).batch, ==, N_STREAMS);
    assert_one_each (fixture->log, 1 + (i - 1) * N_STREAMS);
  }
}

/* Windows of eight lengths, so that streams cannot share a batch: they take turns, though stream 0 came first with all of
 * its windows. */
static void
test_fairness (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecStream *streams[N_STREAMS];

  open_others (fixture, streams);
  block (fixture, 0);
  for (guint s = 0; s < N_STREAMS; s++)
    for (guint i = 0; i < 2 * GST_EMOTION2VEC_MAX_BATCH; i++)
      g_assert_true (kit_submit (streams[s], 1 + i, LENGTH + 100 * s));
  slow_open ();
  close_others (streams);
  g_assert_cmpuint (slow_n_runs (), ==, 1 + 2 * N_STREAMS);
  for (guint i = 1; i <= 2 * N_STREAMS; i++) {
    g_assert_cmpuint (slow_run (i).batch, ==, GST_EMOTION2VEC_MAX_BATCH);
    g_assert_cmpuint (slow_run (i).n_samples, ==,
        LENGTH + 100 * (i % N_STREAMS));
  }
}

/* A stream that goes does not take the turn from another. */
static void
test_turn (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecStream *streams[N_STREAMS];

  open_others (fixture, streams);
  block (fixture, 0);
  /* stream 5 had the last turn: 6 is next, also when 2 is gone */
  g_assert_true (kit_submit (streams[5], 5, LENGTH));
  slow_let_pass (1);
  slow_wait_for_runs (2);
  for (guint s = 1; s < N_STREAMS; s++)
    g_assert_true (kit_submit (streams[s], 10 + s, LENGTH + 100 * s));
  gst_emotion2vec_stream_free (streams[2]);
  streams[2] = kit_stream (fixture->engine, fixture->log, 2);
  slow_open ();
  close_others (streams);
  kit_log_assert_ids (fixture->log, "0 5 16 17 11 13 14 15");
}

/* Windows of mixed lengths: each result is that of its window alone, in order. */
static void
test_order (Fixture * fixture, gconstpointer data)
{
  static const guint lengths[] = { 800, 800, 1600, 800, 400, 1600, 1600 };
  GstEmotion2vecStream *streams[N_STREAMS];

  open_others (fixture, streams);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint s = 0; s < N_STREAMS; s++)
      g_assert_true (kit_submit (streams[s], 10 * s + i, lengths[i]));
  slow_open ();
  for (guint s = 0; s < N_STREAMS; s++) {
    g_assert_true (gst_emotion2vec_stream_wait (streams[s]));
    for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
      assert_popped (streams[s], 10 * s + i, lengths[i]);
    g_assert_null (gst_emotion2vec_stream_pop (streams[s]));
  }
  close_others (streams);
}

/* ---- silence ---------------------------------------------------------------------------------------------------- */

static void
test_silent (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecStreamStats stats;

  /* nothing is ahead: at once, without a run */
  g_assert_true (kit_submit_silent (fixture->stream, 0, LENGTH));
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  g_assert_cmpuint (slow_n_runs (), ==, 0);
  block (fixture, 1);
  for (guint i = 2; i < 20; i++)
    g_assert_true (i % 3 ? kit_submit_silent (fixture->stream, i, 1600)
        : kit_submit (fixture->stream, i, LENGTH));
  g_assert_true (kit_submit_silent (fixture->stream, 20, 0));
  open_and_wait (fixture);
  kit_log_assert_ids (fixture->log,
      "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
  g_assert_cmpuint (slow_n_windows (), ==, 7);
  g_assert_cmpuint (slow_run (1).batch, ==, 6);
  gst_emotion2vec_stream_get_stats (fixture->stream, &stats);
  g_assert_cmpuint (stats.silent, ==, 14);
  g_assert_cmpuint (stats.done, ==, 21);
  g_assert_cmpuint (stats.audio_time, ==, 7 * LENGTH * GST_SECOND / 16000);
  for (guint i = 0; i <= 20; i++) {
    g_autoptr (GstEmotion2vecResult) result =
        gst_emotion2vec_stream_pop (fixture->stream);
    gboolean silent = i != 1 && (i % 3 || i == 0);

    g_assert_cmpint (result->silent, ==, silent);
    g_assert_true ((result->model_scores == NULL) == silent);
    g_assert_cmpstr (result->model, ==, "random weights, seed 1");
  }
}

/* ---- what was wanted -------------------------------------------------------------------------------------------- */

static void
submit_wants (GstEmotion2vecStream * stream, guint64 id, guint wants)
{
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->id = id;
  g_assert_cmpint (gst_emotion2vec_stream_submit (stream, kit_window (id,
              LENGTH), result, (GstEmotion2vecWant) wants,
          GST_EMOTION2VEC_OVERLOAD_BLOCK, NULL), ==,
      GST_EMOTION2VEC_SUBMIT_QUEUED);
}

static void
assert_floats (const float *got, const float *want, gsize n)
{
  if (want)
    g_assert_cmpmem (got, got ? n * sizeof *got : 0, want, n * sizeof *want);
  else
    g_assert_null (got);
}

static void
assert_wants (GstEmotion2vecStream * stream, guint64 id, guint wants)
{
  g_autoptr (GstEmotion2vecResult) result = gst_emotion2vec_stream_pop (stream);
  g_autoptr (E2vResult) want = kit_expect (SEED, id, LENGTH,
      E2V_WANT_FRAMES | E2V_WANT_FRAME_SCORES);
  gsize n_frames = want->n_frames;

  /* 800 samples, frames of 400 every 320 */
  g_assert_cmpuint (n_frames, ==, 2);
  g_assert_cmpuint (result->n_frames, ==, 2);
  g_assert_cmpuint (result->dim, ==, 16);
  g_assert_cmpfloat (result->frame_rate, ==, 50);
  g_assert_cmpuint (result->n_model_classes, ==, 4);
  assert_floats (result->utterance,
      wants & GST_EMOTION2VEC_WANT_UTTERANCE_EMBEDDING ? want->utterance :
      NULL, 16);
  assert_floats (result->frames,
      wants & GST_EMOTION2VEC_WANT_FRAME_EMBEDDING ? want->frames : NULL,
      n_frames * 16);
  assert_floats (result->model_frame_scores,
      wants & GST_EMOTION2VEC_WANT_FRAME_SCORES ? want->frame_scores : NULL,
      n_frames * 4);
}

/* In one batch each gets what it wanted, and frames are computed only if one wants them. */
static void
test_wants (Fixture * fixture, gconstpointer data)
{
  g_assert_cmpuint (gst_emotion2vec_engine_dim (fixture->engine), ==, 16);
  g_assert_cmpfloat (gst_emotion2vec_engine_frame_rate (fixture->engine), ==,
      50);
  submit_wants (fixture->stream, 0, 0);
  slow_wait_for_runs (1);
  for (guint wants = 0; wants < 8; wants++)
    submit_wants (fixture->stream, 1 + wants, wants);
  open_and_wait (fixture);
  submit_wants (fixture->stream, 9, GST_EMOTION2VEC_WANT_UTTERANCE_EMBEDDING);
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  assert_wants (fixture->stream, 0, 0);
  for (guint wants = 0; wants < 8; wants++)
    assert_wants (fixture->stream, 1 + wants, wants);
  g_assert_cmpuint (slow_n_runs (), ==, 3);
  g_assert_false (slow_run (0).frames);
  g_assert_true (slow_run (1).frames);
  g_assert_false (slow_run (2).frames);
}

/* ---- failures --------------------------------------------------------------------------------------------------- */

/* A window that is no audio, in the middle of a batch, fails alone. */
static void
test_bad_window (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecWindow *bad = kit_window (2, LENGTH);
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();
  GstEmotion2vecStreamStats stats;

  bad->samples[100] = NAN;
  result->id = 2;
  block (fixture, 0);
  g_assert_true (kit_submit (fixture->stream, 1, LENGTH));
  gst_emotion2vec_stream_submit (fixture->stream, bad, result, 0,
      GST_EMOTION2VEC_OVERLOAD_BLOCK, NULL);
  g_assert_true (kit_submit (fixture->stream, 3, LENGTH));
  open_and_wait (fixture);
  kit_log_assert_ids (fixture->log, "0 1 2 3");
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (kit_log_call (fixture->log, i).failed, ==, i == 2);
  g_assert_error (kit_log_error (fixture->log), GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS);
  for (guint i = 0; i < 4; i++)
    if (i != 2)
      assert_popped (fixture->stream, i, LENGTH);
  g_assert_null (gst_emotion2vec_stream_pop (fixture->stream));
  gst_emotion2vec_stream_get_stats (fixture->stream, &stats);
  g_assert_cmpuint (stats.failed, ==, 1);
  g_assert_cmpuint (stats.done, ==, 3);
}

/* A batch that fails for another reason than a lost device is tried window by window. */
static void
test_failed_batch (Fixture * fixture, gconstpointer data)
{
  block (fixture, 0);
  for (guint i = 1; i < 4; i++)
    g_assert_true (kit_submit (fixture->stream, i, LENGTH));
  slow_let_pass (1);
  slow_wait_for_runs (2);
  slow_fail (E2V_ERROR_DEVICE, 1);
  open_and_wait (fixture);
  g_assert_cmpuint (slow_n_runs (), ==, 5);
  g_assert_cmpuint (slow_run (1).batch, ==, 3);
  for (guint i = 0; i < 4; i++)
    assert_popped (fixture->stream, i, LENGTH);
}

/* A device that stays lost fails the windows in hand; the engine takes the next ones, and they succeed if it is back. */
static void
test_lost (Fixture * fixture, gconstpointer data)
{
  block (fixture, 0);
  for (guint i = 1; i < 4; i++)
    g_assert_true (kit_submit (fixture->stream, i, LENGTH));
  slow_fail (E2V_ERROR_DEVICE_LOST, G_MAXUINT);
  open_and_wait (fixture);
  for (guint i = 0; i < 4; i++)
    g_assert_true (kit_log_call (fixture->log, i).failed);
  g_assert_error (kit_log_error (fixture->log), GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_FAILED);
  g_assert_null (gst_emotion2vec_stream_pop (fixture->stream));
  slow_fail (E2V_ERROR_DEVICE_LOST, 0);
  g_assert_true (kit_submit (fixture->stream, 4, LENGTH));
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  assert_popped (fixture->stream, 4, LENGTH);
}

/* ---- warm-up ---------------------------------------------------------------------------------------------------- */

static void
test_warm_up (Fixture * fixture, gconstpointer data)
{
  GstClockTime time = GST_CLOCK_TIME_NONE;
  g_autoptr (GError) error = NULL;

  slow_open ();
  g_assert_true (gst_emotion2vec_stream_warm_up (fixture->stream, LENGTH,
          &time, &error));
  g_assert_true (GST_CLOCK_TIME_IS_VALID (time));
  g_assert_true (gst_emotion2vec_stream_warm_up (fixture->stream, LENGTH,
          NULL, &error));
  g_assert_cmpuint (slow_n_runs (), ==, 4);
  g_assert_cmpuint (slow_run (0).n_samples, ==, LENGTH);
  g_assert_false (gst_emotion2vec_stream_warm_up (fixture->stream, 399, &time,
          &error));
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  g_clear_error (&error);
  gst_emotion2vec_stream_set_flushing (fixture->stream, TRUE);
  g_assert_false (gst_emotion2vec_stream_warm_up (fixture->stream, LENGTH,
          &time, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (kit_log_count (fixture->log), ==, 0);
}

typedef struct
{
  Fixture *fixture;
  gboolean warm;
  GError *error;
} WarmUp;

static gpointer
warm_up (gpointer data)
{
  WarmUp *w = data;

  w->warm = gst_emotion2vec_stream_warm_up (w->fixture->stream, LENGTH, NULL,
      &w->error);
  return NULL;
}

/* Flushing releases who waits for a warm-up; what it gave is not taken for the next one's. */
static void
test_warm_up_flushing (Fixture * fixture, gconstpointer data)
{
  WarmUp w = { fixture };
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("warm-up", warm_up, &w);

  slow_wait_for_runs (1);
  gst_emotion2vec_stream_set_flushing (fixture->stream, TRUE);
  g_thread_join (thread);
  g_assert_false (w.warm);
  g_assert_no_error (w.error);
  gst_emotion2vec_stream_set_flushing (fixture->stream, FALSE);
  slow_open ();
  g_assert_false (gst_emotion2vec_stream_warm_up (fixture->stream, 399, NULL,
          &error));
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
}

/* The reference executor compiles nothing, and is slow. */
static void
test_warm_up_ref (Fixture * fixture, gconstpointer data)
{
  GstEmotion2vecEngine *engine = kit_engine (SEED);
  GstEmotion2vecStream *stream = kit_stream (engine, fixture->log, 1);
  GstClockTime time = GST_CLOCK_TIME_NONE;

  /* 399 samples are too few: it would fail if it were run */
  g_assert_true (gst_emotion2vec_stream_warm_up (stream, 399, NULL, NULL));
  g_assert_false (gst_emotion2vec_stream_warm_up (stream, 399, &time, NULL));
  g_assert_true (gst_emotion2vec_stream_warm_up (stream, 400, &time, NULL));
  g_assert_true (GST_CLOCK_TIME_IS_VALID (time));
  gst_emotion2vec_stream_free (stream);
  gst_emotion2vec_engine_unref (engine);
}

typedef struct
{
  guint n_calls;
  gboolean failed;
} Warmed;

static void
on_warm (GstClockTime time, const GError * error, gpointer data)
{
  Warmed *warmed = data;

  warmed->n_calls++;
  warmed->failed = error != NULL;
  g_assert_true (error || GST_CLOCK_TIME_IS_VALID (time));
}

static void
test_queue_warm_up (Fixture * fixture, gconstpointer data)
{
  Warmed warmed = { 0 };
  GstEmotion2vecStream *stream =
      gst_emotion2vec_stream_new (fixture->engine, NULL, &warmed);

  slow_open ();
  g_assert_true (kit_submit (stream, 0, LENGTH));
  gst_emotion2vec_stream_queue_warm_up (stream, LENGTH, on_warm);
  g_assert_true (gst_emotion2vec_stream_wait (stream));
  g_assert_cmpuint (warmed.n_calls, ==, 1);
  g_assert_false (warmed.failed);
  gst_emotion2vec_stream_queue_warm_up (stream, 399, on_warm);
  g_assert_true (gst_emotion2vec_stream_wait (stream));
  g_assert_cmpuint (warmed.n_calls, ==, 2);
  g_assert_true (warmed.failed);
  gst_emotion2vec_stream_free (stream);
}

/* ---- inside done funcs ------------------------------------------------------------------------------------------ */

static void
wait_for_second_run (const KitCall * call, gpointer data)
{
  if (call->id == 0)
    slow_wait_for_runs (2);
}

/* The done func of window 0 returns only when window 1 is being run. */
static void
test_slow_done_func (Fixture * fixture, gconstpointer data)
{
  kit_log_set_hook (fixture->log, wait_for_second_run, NULL);
  slow_open ();
  g_assert_true (kit_submit (fixture->stream, 0, LENGTH));
  g_assert_true (kit_submit (fixture->stream, 1, 1600));
  open_and_wait (fixture);
  kit_log_assert_ids (fixture->log, "0 1");
}

static void
forget_at_1 (const KitCall * call, gpointer data)
{
  if (call->id == 1)
    gst_emotion2vec_stream_forget (data);
}

/* Nothing of before is told after a done func has forgotten, in whatever place it was; what comes then is. */
static void
test_forget_inside (Fixture * fixture, gconstpointer data)
{
  kit_log_set_hook (fixture->log, forget_at_1, fixture->stream);
  block (fixture, 0);
  for (guint i = 1; i < 4; i++)
    g_assert_true (kit_submit (fixture->stream, i, LENGTH));
  g_assert_true (kit_submit (fixture->stream, 4, 1600));
  open_and_wait (fixture);
  g_assert_true (kit_submit (fixture->stream, 5, LENGTH));
  g_assert_true (gst_emotion2vec_stream_wait (fixture->stream));
  kit_log_assert_ids (fixture->log, "0 1 5");
  assert_popped (fixture->stream, 5, LENGTH);
  g_assert_null (gst_emotion2vec_stream_pop (fixture->stream));
}

static void
wait_inside (const KitCall * call, gpointer data)
{
  Fixture *fixture = data;
  GstClockTime time;

  g_assert_false (gst_emotion2vec_stream_wait (fixture->stream));
  g_assert_false (gst_emotion2vec_stream_warm_up (fixture->stream, LENGTH,
          &time, NULL));
  g_assert_false (gst_emotion2vec_stream_move (fixture->stream,
          fixture->engine, NULL, NULL));
}

static void
test_wait_inside (Fixture * fixture, gconstpointer data)
{
  kit_log_set_hook (fixture->log, wait_inside, fixture);
  g_assert_true (kit_submit (fixture->stream, 0, LENGTH));
  open_and_wait (fixture);
  kit_log_assert_ids (fixture->log, "0");
}

static void
end_all (const KitCall * call, gpointer data)
{
  Fixture *fixture = data;

  gst_emotion2vec_stream_free (fixture->stream);
  gst_emotion2vec_engine_unref (fixture->engine);
}

/* A listener brings the element, and with it the engine, to NULL. */
static void
test_end_inside (void)
{
  Fixture fixture;

  set_up (&fixture, NULL);
  kit_log_set_hook (fixture.log, end_all, &fixture);
  block (&fixture, 0);
  g_assert_true (kit_submit (fixture.stream, 1, LENGTH));
  slow_open ();
  slow_wait_for_ends (1);
  kit_log_assert_ids (fixture.log, "0");
  kit_log_free (fixture.log);
}

#define ADD(name, function) \
    g_test_add ("/delivery/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  ADD ("across-streams", test_across_streams);
  ADD ("fairness", test_fairness);
  ADD ("turn", test_turn);
  ADD ("order", test_order);
  ADD ("silent", test_silent);
  ADD ("wants", test_wants);
  ADD ("bad-window", test_bad_window);
  ADD ("failed-batch", test_failed_batch);
  ADD ("lost", test_lost);
  ADD ("warm-up", test_warm_up);
  ADD ("warm-up/flushing", test_warm_up_flushing);
  ADD ("warm-up/ref", test_warm_up_ref);
  ADD ("warm-up/queued", test_queue_warm_up);
  ADD ("slow-done-func", test_slow_done_func);
  ADD ("forget-inside", test_forget_inside);
  ADD ("wait-inside", test_wait_inside);
  g_test_add_func ("/delivery/end-inside", test_end_inside);
  return g_test_run ();
}
