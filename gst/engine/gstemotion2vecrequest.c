/* gstemotion2vecrequest.c - one window, or one warm-up, on its way through an engine.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecrequest.h"

#include "gstemotion2vecenginepriv.h"

void
gst_emotion2vec_request_free (GstEmotion2vecRequest * request)
{
  gst_emotion2vec_window_free (request->window);
  gst_emotion2vec_result_free (request->result);
  gst_emotion2vec_head_unref (request->head);
  g_clear_error (&request->error);
  if (request->stream)
    gst_emotion2vec_stream_unref (request->stream);
  g_free (request);
}
