/* gstemotion2vectext.h - the emotion2vectext element.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_TEXT_H
#define GST_EMOTION2VEC_TEXT_H

#include "gstemotion2vecrenderer.h"

G_BEGIN_DECLS

#define GST_TYPE_EMOTION2VEC_TEXT (gst_emotion2vec_text_get_type ())
G_DECLARE_FINAL_TYPE (GstEmotion2vecText, gst_emotion2vec_text, GST, EMOTION2VEC_TEXT, GstEmotion2vecRenderer)

GST_ELEMENT_REGISTER_DECLARE (emotion2vectext)

G_END_DECLS

#endif
