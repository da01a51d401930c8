/* gstemotion2vecjson.h - results as JSON objects, by docs/metadata.schema.json.
 *
 * Pure. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_JSON_H
#define GST_EMOTION2VEC_JSON_H

#include <gst/gst.h>

#include "gstemotion2vecresult.h"

G_BEGIN_DECLS

/* (transfer full): one object on one line, without a line end. @structure: of a message, meta or event. It may come from
 * anywhere: fields that JSON has no form for are left out, and so are times that do not exist and numbers that are not
 * finite. Matrices become arrays of rows; `frame-rate` says how many rows a second they have. */
char *gst_emotion2vec_json_from_structure (const GstStructure * structure);

/* The same for a result that is no structure yet. */
char *gst_emotion2vec_result_to_json (const GstEmotion2vecResult * result);

G_END_DECLS

#endif
