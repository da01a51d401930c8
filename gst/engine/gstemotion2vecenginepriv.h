/* gstemotion2vecenginepriv.h - what the files of the shared engine know of each other. The design note is at the head of
 * gstemotion2vecengine.c.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_ENGINE_PRIV_H
#define GST_EMOTION2VEC_ENGINE_PRIV_H

#include "e2vencoder.h"
#include "e2vhead.h"
#include "gstemotion2vecmeter.h"
#include "gstemotion2vecrequest.h"

G_BEGIN_DECLS

/* Bounds what one window waits for others, and the device memory of a batch. */
#define GST_EMOTION2VEC_MAX_BATCH 8

/* Of one stream: run, but not delivered. More wait, so that a slow listener does not fill the memory. */
#define GST_EMOTION2VEC_MAX_IN_FLIGHT 64

struct _GstEmotion2vecEngine
{
  guint process;                /* that it belongs to */

  /* immutable */
  E2vEncoder *encoder;          /* used by the worker only */
  char *model_name, *device, *warning;
  guint *classes;               /* indices of the classes in use */
  guint n_classes;
  char **labels, **names;       /* of those: full ones and short ones */
  guint min_samples, dim;
  double frame_rate;
  gboolean compiles;            /* something for windows of a new length */
  GThread *worker, *delivery;

  /* lock */
  guint n_users;
  gboolean stop;                /* both threads end */
  gboolean reap;                /* nobody joins the delivery thread: it frees the engine when it ends */
  GCond work;                   /* for the worker: something may be taken, or stop */
  GCond deliveries;             /* for the delivery thread: something is finished, or stop */
  GPtrArray *streams;           /* borrowed */
  guint turn;                   /* stream that the next batch begins with */
  GQueue finished;              /* of requests, in the order in which they are to be delivered */
};

struct _GstEmotion2vecStream
{
  guint process;                /* that it belongs to */
  GstEmotion2vecDoneFunc done_func;
  gpointer user_data;

  /* lock */
  guint n_refs;                 /* the owner's, and one a request */
  GstEmotion2vecEngine *engine; /* a user of it until the stream is freed */
  GstEmotion2vecHead *head;     /* (nullable): a reference */
  GCond changed;                /* something below changed */
  guint max_pending;
  gboolean flushing, moving;
  gboolean going;               /* it will be freed */
  guint generation;
  GQueue pending;               /* of requests */
  guint n_waiting;              /* windows in there */
  guint n_running, n_finished;  /* of this generation: in a batch; finished and not delivered */
  GThread *deliverer;           /* who is in the done func now */
  GQueue done;                  /* of requests, with results to pop */
  guint n_lossy;                /* in there, that may be thrown away */

  guint awaited;                /* number of the last warm-up that was waited for, */
  gboolean warmed_up;           /* whether it is done, and what it gave */
  GstClockTime warm_up_time;
  GError *warm_up_error;

  GstEmotion2vecMeter meter;
};

/* ---- engine.c ---- */

/* The only way to make one; with one user. @encoder, @warning: (transfer full). @name: of the model if its file gives
 * none. */
GstEmotion2vecEngine *gst_emotion2vec_engine_new_on (E2vEncoder * encoder, const char *name, char *warning);

/* Under the lock. */
void gst_emotion2vec_engine_add_stream (GstEmotion2vecEngine * engine, GstEmotion2vecStream * stream);
void gst_emotion2vec_engine_remove_stream (GstEmotion2vecEngine * engine, GstEmotion2vecStream * stream);

/* ---- stream.c, under the lock ---- */

/* Wakes who waits for a change of the stream, and the worker. */
void gst_emotion2vec_stream_changed (GstEmotion2vecStream * stream);

void gst_emotion2vec_stream_unref (GstEmotion2vecStream * stream);

/* ---- streamturn.c, under the lock ---- */

/* The oldest request that waits, if it may be run now. (nullable) (transfer none) */
GstEmotion2vecRequest *gst_emotion2vec_stream_peek (GstEmotion2vecStream * stream);

/* (transfer full): that request, out of the list. */
GstEmotion2vecRequest *gst_emotion2vec_stream_take (GstEmotion2vecStream * stream);

/* @request: (transfer full): one that was taken and run. */
void gst_emotion2vec_stream_finish (GstEmotion2vecRequest * request);

/* @request: (transfer full): the first of engine->finished. Releases the lock while it calls the done func. */
void gst_emotion2vec_stream_deliver (GstEmotion2vecRequest * request);

G_END_DECLS

#endif
