/* gstemotion2vecedges.h - moves the edges of a span of speech to where the speech begins and ends to be heard.
 *
 * Keeps the last frames, and looks at an edge again once it is known what came after it. A function of the frames alone.
 * The rule, and what else was tried: docs/speech-trigger.md. Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_EDGES_H
#define GST_EMOTION2VEC_EDGES_H

#include <glib.h>

G_BEGIN_DECLS

/* Frames: an edge moves at most this far back, and at most this far on; so much after it is worth waiting for. */
#define GST_EMOTION2VEC_EDGES_BACK 42
#define GST_EMOTION2VEC_EDGES_ON 30

typedef struct _GstEmotion2vecEdges GstEmotion2vecEdges;

GstEmotion2vecEdges *gst_emotion2vec_edges_new (void);
void gst_emotion2vec_edges_free (GstEmotion2vecEdges * edges);
void gst_emotion2vec_edges_reset (GstEmotion2vecEdges * edges);

/* Takes the next frame.
 * @bands: mean squares, GST_EMOTION2VEC_FEATURES_BANDS of them
 * @audible: whether it may be speech at all */
void gst_emotion2vec_edges_push (GstEmotion2vecEdges * edges, const double *bands, gboolean audible);

/* A better start for the span [@start, @end), both among the last 150 frames; @end is the end so far.
 * @earliest: frames before this one are of no account
 * Returns: the start, not before @earliest and not after @end; @start if nothing can be said. */
guint64 gst_emotion2vec_edges_start (const GstEmotion2vecEdges * edges, guint64 start, guint64 end, guint64 earliest);

/* A better end for the span [@start, @end), @end among the last 150 frames.
 * Returns: the end, in the second half of the span or after it, no later than the last frame; @end if nothing can be said. */
guint64 gst_emotion2vec_edges_end (const GstEmotion2vecEdges * edges, guint64 start, guint64 end);

G_END_DECLS

#endif
