/* gstemotion2vecsharedvad.h - the weights of the network that finds speech, for all elements of the process.
 *
 * MT: safe.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_SHARED_VAD_H
#define GST_EMOTION2VEC_SHARED_VAD_H

#include "gstemotion2vecvadweights.h"

G_BEGIN_DECLS

/* Looks for them and reads them when it is called first.
 * @error: (out) (transfer none): why not; G_FILE_ERROR_NOENT: there are none
 * Returns: (nullable) (transfer none): NULL: rules find speech */
GstEmotion2vecVadWeights *gst_emotion2vec_shared_vad_get (const GError ** error);

G_END_DECLS

#endif
