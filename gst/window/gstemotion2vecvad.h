/* gstemotion2vecvad.h - a small network that hears for each frame whether it is speech.
 *
 * Takes frames one after the other. How sure it is of a frame is known GST_EMOTION2VEC_VAD_DELAY frames later, and better
 * after more of them: so edges are placed when what follows is known. A function of the frames alone; after new nothing is
 * allocated. How it was trained, and how well it does: docs/speech-trigger.md. Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_VAD_H
#define GST_EMOTION2VEC_VAD_H

#include "gstemotion2vecvadweights.h"

G_BEGIN_DECLS

#define GST_EMOTION2VEC_VAD_DELAY 8

/* Frames: an edge moves at most this far back, and at most this far on. So much after the start, which nobody waits for, is
 * worth waiting for. */
#define GST_EMOTION2VEC_VAD_BACK 42
#define GST_EMOTION2VEC_VAD_ON 30
#define GST_EMOTION2VEC_VAD_WAIT 60

/* The most that a frame says for or against speech. */
#define GST_EMOTION2VEC_VAD_CLIP 4.0

typedef struct _GstEmotion2vecVad GstEmotion2vecVad;

/* @weights: a reference is kept */
GstEmotion2vecVad *gst_emotion2vec_vad_new (GstEmotion2vecVadWeights * weights);
void gst_emotion2vec_vad_free (GstEmotion2vecVad * vad);
void gst_emotion2vec_vad_reset (GstEmotion2vecVad * vad);

/* Takes the next frame of 160 finite samples.
 * @voicing: as GstEmotion2vecFrameFeatures has it
 * @audible: whether it may be speech at all
 * @vote: somebody else believes that it is speech */
void gst_emotion2vec_vad_push (GstEmotion2vecVad * vad, const float *samples, double voicing, gboolean audible,
    gboolean vote);

/* Returns: the log odds that frame @k, one of the last 200, is speech, clipped; 0 as long as too little of what follows is
 * known. */
double gst_emotion2vec_vad_evidence (const GstEmotion2vecVad * vad, guint64 k);

/* As gst_emotion2vec_edges_start(). */
guint64 gst_emotion2vec_vad_start (const GstEmotion2vecVad * vad, guint64 start, guint64 end, guint64 earliest);

/* As gst_emotion2vec_edges_end(). */
guint64 gst_emotion2vec_vad_end (const GstEmotion2vecVad * vad, guint64 start, guint64 end);

G_END_DECLS

#endif
