/* gstemotion2vecerrors.h - errors of model/ in GStreamer's domains, with what to do next. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_ERRORS_H
#define GST_EMOTION2VEC_ERRORS_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* (transfer full): an error that an element can post as it is. @cause: (transfer none), of any domain. */
GError *gst_emotion2vec_error_new (const GError * cause);

/* The same in the words of a tool with the options --model and --device, which says itself who speaks. */
GError *gst_emotion2vec_error_new_for_options (const GError * cause);

G_END_DECLS

#endif
