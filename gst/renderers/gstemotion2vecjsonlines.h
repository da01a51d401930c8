/* gstemotion2vecjsonlines.h - the emotion2vecjson element.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_JSON_LINES_H
#define GST_EMOTION2VEC_JSON_LINES_H

#include "gstemotion2vecrenderer.h"

G_BEGIN_DECLS

#define GST_TYPE_EMOTION2VEC_JSON_LINES (gst_emotion2vec_json_lines_get_type ())
G_DECLARE_FINAL_TYPE (GstEmotion2vecJsonLines, gst_emotion2vec_json_lines, GST, EMOTION2VEC_JSON_LINES,
    GstEmotion2vecRenderer)

GST_ELEMENT_REGISTER_DECLARE (emotion2vecjson)

G_END_DECLS

#endif
