/* gstemotion2vecregistry.h - the engines of the process, by file, device and precision.
 *
 * gst_emotion2vec_engine_open() is the way in; this header is for the engine, and for tests. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_REGISTRY_H
#define GST_EMOTION2VEC_REGISTRY_H

#include "e2vencoder.h"
#include "gstemotion2vecengine.h"

G_BEGIN_DECLS

/* How an encoder is made: e2v_encoder_new(), or what a test put in its place, e.g. one on an executor that waits for
 * the test. Set while no engine is being opened; NULL: e2v_encoder_new() again. */
typedef E2vEncoder *(*GstEmotion2vecEncoderFunc) (E2vModel * model, const char *device, E2vPrecision precision,
    char **warning, GError ** error);
void gst_emotion2vec_registry_set_encoder_func (GstEmotion2vecEncoderFunc func);

/* When the last user of @engine goes. Under the lock. */
void gst_emotion2vec_registry_remove (const GstEmotion2vecEngine * engine);

G_END_DECLS

#endif
