/* gstemotion2vecanalytics.h - results as GStreamer's own analytics metas, for readers that know only those.
 *
 * Built with libgstanalytics; without it (GStreamer before 1.24, or not installed) the functions do nothing.
 * docs/metadata.md says how a reader finds its way. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_ANALYTICS_H
#define GST_EMOTION2VEC_ANALYTICS_H

#include <gst/gst.h>

#include "gstemotion2vecresult.h"

G_BEGIN_DECLS

/* Names of the tensors: quarks of these. */
#define GST_EMOTION2VEC_TENSOR_UTTERANCE "emotion2vec-utterance-embedding"
#define GST_EMOTION2VEC_TENSOR_FRAMES "emotion2vec-frame-embedding"

/* Adds what the version of GStreamer has a place for to a writable buffer:
 * - 1.24: to its GstAnalyticsRelationMeta, or a new one, a GstAnalyticsClsMtd with all classes and a
 *   GstAnalyticsTrackingMtd whose id is the result's, seen from the start to the end of the window in running time, each
 *   GST_ANALYTICS_REL_TYPE_RELATE_TO the other. Not for a result without scores or without running time.
 * - 1.26: a GstTensorMeta with the embeddings that the result carries. */
void gst_emotion2vec_analytics_attach (GstBuffer * buffer, const GstEmotion2vecResult * result);

G_END_DECLS

#endif
