/* gstemotion2vecscope.h - the emotion2vecscope element.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_SCOPE_H
#define GST_EMOTION2VEC_SCOPE_H

#include "gstemotion2vecrenderer.h"

G_BEGIN_DECLS

#define GST_TYPE_EMOTION2VEC_SCOPE (gst_emotion2vec_scope_get_type ())
G_DECLARE_FINAL_TYPE (GstEmotion2vecScope, gst_emotion2vec_scope, GST, EMOTION2VEC_SCOPE, GstEmotion2vecRenderer)

GST_ELEMENT_REGISTER_DECLARE (emotion2vecscope)

G_END_DECLS

#endif
