/* gstemotion2vecengine.h - one model on one device for all elements of the process that ask for the same.
 *
 * An engine has the weights, one worker thread and one queue. Every element has a stream on it: windows go in, results
 * come out in the same order. The design note is at the head of the .c file. Errors are in GStreamer's domains
 * (GST_RESOURCE_ERROR, GST_LIBRARY_ERROR, GST_STREAM_ERROR) and say what to do next, ready to be posted.
 * MT: engines any thread; a stream one caller at a time, except gst_emotion2vec_stream_set_flushing(): any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_ENGINE_H
#define GST_EMOTION2VEC_ENGINE_H

#include "gstemotion2vecresult.h"
#include "gstemotion2vecwindow.h"

G_BEGIN_DECLS

typedef enum
{
  GST_EMOTION2VEC_PRECISION_AUTO,
  GST_EMOTION2VEC_PRECISION_FP32,
  GST_EMOTION2VEC_PRECISION_FP16,
} GstEmotion2vecPrecision;

typedef struct _GstEmotion2vecEngine GstEmotion2vecEngine;
typedef struct _GstEmotion2vecStream GstEmotion2vecStream;

/* Loads the model and opens the device, or joins the engine that did so already for the same file (device, inode, size
 * and time), @device and @precision. Blocks while it loads; waits for another opener of the same.
 * @model_file: (nullable): NULL or "" searches as gst_emotion2vec_find_model(). @device: as e2v_encoder_new(). */
GstEmotion2vecEngine *gst_emotion2vec_engine_open (const char *model_file, const char *device,
    GstEmotion2vecPrecision precision, GError ** error);

/* The last user's call ends the worker and frees the model; waits for the batch in flight. No stream may be left. */
void gst_emotion2vec_engine_unref (GstEmotion2vecEngine * engine);

/* All (transfer none), living as long as the engine. */
const char *gst_emotion2vec_engine_model_name (const GstEmotion2vecEngine * engine);
const char *gst_emotion2vec_engine_device (const GstEmotion2vecEngine * engine);        /* for people */
/* (nullable): why the device is not the first choice, or runs otherwise than asked, and how. */
const char *gst_emotion2vec_engine_warning (const GstEmotion2vecEngine * engine);
/* The labels of the classes in use as the model's makers wrote them; empty without a head. */
const char *const *gst_emotion2vec_engine_labels (const GstEmotion2vecEngine * engine);
/* The shortest window the model takes, in 16 kHz samples. */
guint gst_emotion2vec_engine_min_samples (const GstEmotion2vecEngine * engine);

/* @max_pending: windows that may wait before submit blocks, at least 1. Keeps @engine, which must outlive it. */
GstEmotion2vecStream *gst_emotion2vec_stream_new (GstEmotion2vecEngine * engine, guint max_pending);

/* When it has returned, nothing of the stream is left in the engine; waits at most for the batch in flight. */
void gst_emotion2vec_stream_free (GstEmotion2vecStream * stream);

/* While flushing nothing waits: the two functions below return at once, whoever is inside them too. */
void gst_emotion2vec_stream_set_flushing (GstEmotion2vecStream * stream, gboolean flushing);

/* Forgets all windows and results: none submitted before this call comes out after it. */
void gst_emotion2vec_stream_forget (GstEmotion2vecStream * stream);

/* Compiles and runs everything once for windows of @n_samples on the worker, and waits for it.
 * FALSE without an error: flushing. */
gboolean gst_emotion2vec_stream_warm_up (GstEmotion2vecStream * stream, guint n_samples, GError ** error);

/* Queues a window; its scores, model and inference time will be put into @result. Waits while max_pending windows wait.
 * @window, @result: (transfer full), whatever is returned. FALSE: flushing. */
gboolean gst_emotion2vec_stream_submit (GstEmotion2vecStream * stream, GstEmotion2vecWindow * window,
    GstEmotion2vecResult * result);

/* Waits until every window submitted is done. FALSE: flushing. */
gboolean gst_emotion2vec_stream_wait (GstEmotion2vecStream * stream);

/* Windows that were run again in fp32, since half precision could not hold them. MT: any thread. */
guint64 gst_emotion2vec_stream_n_reruns (GstEmotion2vecStream * stream);

/* The next result that is done, without waiting; (nullable) (transfer full). NULL without an error: none is done. */
GstEmotion2vecResult *gst_emotion2vec_stream_pop (GstEmotion2vecStream * stream, GError ** error);

G_END_DECLS

#endif
