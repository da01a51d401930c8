/* gstemotion2vecstream.h - the queue of one element on an engine: windows go in, results come out in the same order.
 *
 * A window waits (pending), is run (in flight), is told to the done func, and its result waits to be popped (done). The
 * design note is at the head of the .c file.
 * MT: one caller at a time, except set_max_pending(), set_flushing(), queue_warm_up(), get_stats() (any thread) and
 * move() (one other thread). In a child made by fork() every function returns at once, as if flushing.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_STREAM_H
#define GST_EMOTION2VEC_STREAM_H

#include "gstemotion2vecengine.h"
#include "gstemotion2vechead.h"
#include "gstemotion2vecresult.h"
#include "gstemotion2vecwindow.h"

G_BEGIN_DECLS

typedef struct _GstEmotion2vecStream GstEmotion2vecStream;

/* What happens to a window while as many wait as may. */
typedef enum
{
  GST_EMOTION2VEC_OVERLOAD_DROP_OLDEST,
  GST_EMOTION2VEC_OVERLOAD_DROP_NEWEST,
  GST_EMOTION2VEC_OVERLOAD_BLOCK,
  GST_EMOTION2VEC_OVERLOAD_STRETCH,     /* here as DROP_NEWEST: the element thins out its windows by itself */
} GstEmotion2vecOverload;

/* What a result should carry beside the scores of its window. */
typedef enum
{
  GST_EMOTION2VEC_WANT_FRAME_SCORES = 1 << 0,
  GST_EMOTION2VEC_WANT_UTTERANCE_EMBEDDING = 1 << 1,
  GST_EMOTION2VEC_WANT_FRAME_EMBEDDING = 1 << 2,
} GstEmotion2vecWant;

/* Called once a window, in the order of submission, by the engine's delivery thread (not the worker: a slow listener
 * must not stop inference), with no lock held. @result carries model, model_scores, inference_time and what was wanted;
 * the callee completes it in place and may post messages. @error: (nullable): why there are no scores.
 * Never called for what was forgotten: when forget() or free() has returned, no call for older windows is running or
 * will come, unless they are called from inside the call itself, which then ends as it may. */
typedef void (*GstEmotion2vecDoneFunc) (GstEmotion2vecResult * result, const GError * error, gpointer user_data);

/* @done: (nullable). Keeps @engine. 4 windows may wait until set otherwise. */
GstEmotion2vecStream *gst_emotion2vec_stream_new (GstEmotion2vecEngine * engine, GstEmotion2vecDoneFunc done,
    gpointer user_data);

/* Waits for a done func that is running, not for a batch. @stream: (nullable). */
void gst_emotion2vec_stream_free (GstEmotion2vecStream * stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecStream, gst_emotion2vec_stream_free)

/* Whoever moves the stream gives up, and nobody may move it any more. Any thread. */
void gst_emotion2vec_stream_close (GstEmotion2vecStream * stream);

/* Scores of windows that are taken from now on are those of @head; NULL: of the model's own. @head: (nullable), fits the
 * engine's model. The stream takes a reference. Any thread: before the first window, or as the between func of move(). */
void gst_emotion2vec_stream_set_head (GstEmotion2vecStream * stream, GstEmotion2vecHead * head);

/* How many windows may wait, those in flight not counted; at least 1. */
void gst_emotion2vec_stream_set_max_pending (GstEmotion2vecStream * stream, guint max_pending);

/* While flushing nothing waits: what would wait returns at once, whoever is inside it too. */
void gst_emotion2vec_stream_set_flushing (GstEmotion2vecStream * stream, gboolean flushing);

/* Forgets all windows and results: none submitted before this call comes out after it. Waits for a done func that is
 * running, not for a batch. */
void gst_emotion2vec_stream_forget (GstEmotion2vecStream * stream);

typedef enum
{
  GST_EMOTION2VEC_SUBMIT_QUEUED,        /* this window is in the queue; another may have been dropped for it */
  GST_EMOTION2VEC_SUBMIT_DROPPED,       /* this one was dropped */
  GST_EMOTION2VEC_SUBMIT_FLUSHING,
} GstEmotion2vecSubmit;

/* Queues a window. One with window->silent set takes its turn but costs no inference. If as many wait as may: BLOCK
 * waits, DROP_OLDEST drops the oldest that is not in flight (more of them after max_pending became less), DROP_NEWEST
 * drops this one.
 * @window, @result: (transfer full), whatever is returned.
 * @dropped: (out) (optional) (nullable) (transfer full): result of the window that was dropped; NULL if none was. */
GstEmotion2vecSubmit gst_emotion2vec_stream_submit (GstEmotion2vecStream * stream, GstEmotion2vecWindow * window,
    GstEmotion2vecResult * result, GstEmotion2vecWant wants, GstEmotion2vecOverload overload,
    GstEmotion2vecResult ** dropped);

/* Waits until every window submitted is done and its done func has returned. FALSE: flushing, or called from a done
 * func. */
gboolean gst_emotion2vec_stream_wait (GstEmotion2vecStream * stream);

/* The next result whose done func has returned without an error, without waiting; (nullable) (transfer full). Results
 * of windows that were submitted with BLOCK wait as long as they must; of the others the last 64. */
GstEmotion2vecResult *gst_emotion2vec_stream_pop (GstEmotion2vecStream * stream);

/* Runs windows of @n_samples, so that all is compiled, and then one more; @func is told how long that took, on the
 * delivery thread, with the user_data of the stream. Takes its turn among the windows. */
typedef void (*GstEmotion2vecWarmUpFunc) (GstClockTime time, const GError * error, gpointer user_data);
void gst_emotion2vec_stream_queue_warm_up (GstEmotion2vecStream * stream, guint n_samples,
    GstEmotion2vecWarmUpFunc func);

/* The same, and waits for it. @time: (out) (optional): without it, executors that compile nothing are not run, since they
 * are slow. FALSE without an error: flushing. */
gboolean gst_emotion2vec_stream_warm_up (GstEmotion2vecStream * stream, guint n_samples, GstClockTime * time,
    GError ** error);

typedef void (*GstEmotion2vecBetweenFunc) (gpointer user_data);

/* Moves the stream, its waiting windows included, to @engine, which may be the one it is on: a swap of model or head
 * between two windows. Waits for what is in
 * flight on the old engine, so is called from a background thread, not from a done func; submit goes on meanwhile.
 * Results stay in order. On return the stream keeps @engine and no longer the old one. FALSE: the stream is
 * being freed or closed meanwhile, and stays where it was.
 * @between: (nullable): called with @user_data after the last done func of the old engine and before the first of @engine,
 * with no lock held; only if it moves. */
gboolean gst_emotion2vec_stream_move (GstEmotion2vecStream * stream, GstEmotion2vecEngine * engine,
    GstEmotion2vecBetweenFunc between, gpointer user_data);

/* Since the stream was made. */
typedef struct
{
  guint64 windows;              /* submitted, whatever became of them */
  guint64 done;                 /* of those: with a result, silent ones too */
  guint64 dropped;              /* of those: for want of room */
  guint64 failed;               /* of those */
  guint64 silent;               /* of those done */
  guint64 reruns;               /* run again in fp32, since half precision could not hold them */
  guint pending;                /* waiting or in flight */
  GstClockTime latency_mean, latency_p95;       /* from submit to done, of the last 256 windows that were run; NONE
                                                 * without any */
  GstClockTime audio_time, inference_time;      /* of all windows run: their ratio is the real-time factor */
} GstEmotion2vecStreamStats;

void gst_emotion2vec_stream_get_stats (GstEmotion2vecStream * stream, GstEmotion2vecStreamStats * stats);

G_END_DECLS

#endif
