/* gstemotion2vec.h - the emotion2vec element.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_H
#define GST_EMOTION2VEC_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_EMOTION2VEC (gst_emotion2vec_get_type ())
G_DECLARE_FINAL_TYPE (GstEmotion2vec, gst_emotion2vec, GST, EMOTION2VEC, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (emotion2vec)

G_END_DECLS

#endif
