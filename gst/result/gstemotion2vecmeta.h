/* gstemotion2vecmeta.h - results on buffers, as an untagged GstCustomMeta.
 *
 * Readers need none of this: gst_buffer_get_custom_meta (buffer, "GstEmotion2vecMeta") and
 * gst_custom_meta_get_structure() give the fields of docs/metadata.md. A buffer can carry several.
 * MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_META_H
#define GST_EMOTION2VEC_META_H

#include <gst/gst.h>

#include "gstemotion2vecresult.h"

G_BEGIN_DECLS

#define GST_EMOTION2VEC_META_NAME "GstEmotion2vecMeta"

/* Makes the meta's name known to this process. May be called any number of times. */
void gst_emotion2vec_meta_register (void);

/* Adds @result to a writable buffer. */
void gst_emotion2vec_meta_attach (GstBuffer * buffer, const GstEmotion2vecResult * result);

G_END_DECLS

#endif
