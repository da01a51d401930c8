/* gstemotion2vecengine.h - one model on one device for all elements of the process that ask for the same.
 *
 * An engine has the weights and two threads: one runs windows, one delivers results. Elements that name the same file,
 * device and precision get the same engine (gstemotion2vecregistry.h); each has a queue of its own on it
 * (gstemotion2vecstream.h). Errors are in GStreamer's domains (GST_RESOURCE_ERROR, GST_LIBRARY_ERROR) and say what to do
 * next, ready to be posted. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_ENGINE_H
#define GST_EMOTION2VEC_ENGINE_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum
{
  GST_EMOTION2VEC_PRECISION_AUTO,
  GST_EMOTION2VEC_PRECISION_FP32,
  GST_EMOTION2VEC_PRECISION_FP16,
} GstEmotion2vecPrecision;

typedef struct _GstEmotion2vecEngine GstEmotion2vecEngine;

/* Loads the model and opens the device, or joins the engine that did so already for the same file (device, inode, size
 * and time), @device and @precision. Blocks while it loads; waits for another opener of the same.
 * @model_file: (nullable): NULL or "" searches as gst_emotion2vec_find_model(). @device: as e2v_encoder_new().
 * An engine does not survive fork(): in the child nothing of it works, and nothing of it waits. */
GstEmotion2vecEngine *gst_emotion2vec_engine_open (const char *model_file, const char *device,
    GstEmotion2vecPrecision precision, GError ** error);

/* The same for a tool with the options --model and --device: an error speaks of them, and not of properties. */
GstEmotion2vecEngine *gst_emotion2vec_engine_open_by_options (const char *model_file, const char *device,
    GstEmotion2vecPrecision precision, GError ** error);

/* device=cpu computes on the worker thread alone, since a pipeline shares the processor with others. From this call on it
 * takes all threads of the BLAS, for every engine of the process. Before the first engine is opened. */
void gst_emotion2vec_engine_use_all_threads (void);

/* The last user's call ends the threads and frees the model; waits for the batch in flight. Every stream is a user too,
 * so the order in which streams and elements go is free. May be called from a done func. */
void gst_emotion2vec_engine_unref (GstEmotion2vecEngine * engine);

/* All (transfer none), immutable, living as long as the engine. */
const char *gst_emotion2vec_engine_model_name (const GstEmotion2vecEngine * engine);
const char *gst_emotion2vec_engine_device (const GstEmotion2vecEngine * engine);        /* for people */
/* (nullable): why the device is not the first choice, or runs otherwise than asked, and how. */
const char *gst_emotion2vec_engine_warning (const GstEmotion2vecEngine * engine);
/* The labels of the classes in use as the model's makers wrote them, and their short names, in the order of
 * result->model_scores; empty without a head. */
const char *const *gst_emotion2vec_engine_labels (const GstEmotion2vecEngine * engine);
const char *const *gst_emotion2vec_engine_names (const GstEmotion2vecEngine * engine);
/* The shortest window the model takes, in 16 kHz samples. */
guint gst_emotion2vec_engine_min_samples (const GstEmotion2vecEngine * engine);
double gst_emotion2vec_engine_frame_rate (const GstEmotion2vecEngine * engine); /* frames a second, 50 as a rule */
/* Whether the first window of a length takes much longer than the next, so that a warm-up is worth its time. */
gboolean gst_emotion2vec_engine_compiles (const GstEmotion2vecEngine * engine);
guint gst_emotion2vec_engine_dim (const GstEmotion2vecEngine * engine); /* of embeddings */

G_END_DECLS

#endif
