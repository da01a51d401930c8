/* gstemotion2vecbatch.h - the requests that an engine runs at once: which fit together, and running them.
 * MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_BATCH_H
#define GST_EMOTION2VEC_BATCH_H

#include "gstemotion2vecenginepriv.h"

G_BEGIN_DECLS

typedef struct
{
  GPtrArray *requests;          /* in the order in which they are to be delivered */
  guint n_windows;              /* of those: that cost inference */
  guint n_samples;              /* of each of them */
} GstEmotion2vecBatch;

void gst_emotion2vec_batch_init (GstEmotion2vecBatch * batch);
void gst_emotion2vec_batch_clear (GstEmotion2vecBatch * batch);
void gst_emotion2vec_batch_reset (GstEmotion2vecBatch * batch); /* empty again; the requests went elsewhere */

/* A warm-up goes alone, windows with others of their length, silent ones with all windows. */
gboolean gst_emotion2vec_batch_fits (const GstEmotion2vecBatch * batch, const GstEmotion2vecRequest * request);
void gst_emotion2vec_batch_add (GstEmotion2vecBatch * batch, GstEmotion2vecRequest * request);

/* Writes to each request what came of it. If a batch of several windows fails, each of them is run again alone, so that
 * one bad window does not cost the others their results; unless the device is lost. */
void gst_emotion2vec_batch_run (const GstEmotion2vecBatch * batch, const GstEmotion2vecEngine * engine);

G_END_DECLS

#endif
