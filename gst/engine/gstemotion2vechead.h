/* gstemotion2vechead.h - a linear head of its own for one stream, in place of the one in the model.
 *
 * It works on the features that the engine gives, on the CPU, so that streams with different heads share one engine, its
 * batches and its weights. Immutable and reference counted. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_HEAD_H
#define GST_EMOTION2VEC_HEAD_H

#include "gstemotion2vecengine.h"

G_BEGIN_DECLS

/* What model/ calls E2vHead; elements do not look into it. */
typedef struct _E2vHead GstEmotion2vecHead;

/* Loads the file and holds it against the engine's model. Errors are ready to be posted, as those of the engine. */
GstEmotion2vecHead *gst_emotion2vec_head_open (const char *head_file, const GstEmotion2vecEngine * engine,
    GError ** error);

/* The same with the errors of model/, which do not say that a property named the file. */
GstEmotion2vecHead *gst_emotion2vec_head_load (const char *head_file, const GstEmotion2vecEngine * engine,
    GError ** error);

/* @head: (nullable), both. */
GstEmotion2vecHead *gst_emotion2vec_head_ref (GstEmotion2vecHead * head);
void gst_emotion2vec_head_unref (GstEmotion2vecHead * head);

/* All (transfer none), living as long as the head: as those of the engine, which @head, if it is not NULL, replaces. */
const char *gst_emotion2vec_head_name (const GstEmotion2vecHead * head);        /* (nullable) */
const char *const *gst_emotion2vec_head_labels (const GstEmotion2vecHead * head, const GstEmotion2vecEngine * engine);
const char *const *gst_emotion2vec_head_names (const GstEmotion2vecHead * head, const GstEmotion2vecEngine * engine);

G_END_DECLS

#endif
