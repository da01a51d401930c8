/* gstemotion2vecrequest.h - one window, or one warm-up, on its way through an engine. MT: under the lock of
 * gstemotion2vecprocess.h, but for the thread that runs or delivers it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_REQUEST_H
#define GST_EMOTION2VEC_REQUEST_H

#include "gstemotion2vecstream.h"

G_BEGIN_DECLS

typedef struct
{
  GstEmotion2vecStream *stream; /* a reference */
  guint generation;             /* of the stream when it was submitted */
  gint64 submitted;             /* monotonic, us */

  GstEmotion2vecWindow *window; /* NULL: a warm-up */
  GstEmotion2vecResult *result;
  GstEmotion2vecWant wants;
  GstEmotion2vecHead *head;     /* (nullable): a reference, that of the stream when it was taken */
  gboolean lossless;            /* its result waits until it is popped */

  guint n_samples;              /* of the window, or to warm up for */
  GstEmotion2vecWarmUpFunc warm_up;
  guint awaited;                /* number of the warm-up that somebody waits for; 0: nobody does */

  /* what came of it */
  GstClockTime time;            /* its share of the batch, or of the last run of the warm-up */
  gboolean rerun;
  GError *error;                /* in GStreamer's domains */
} GstEmotion2vecRequest;

/* Also gives the reference back. */
void gst_emotion2vec_request_free (GstEmotion2vecRequest * request);

G_END_DECLS

#endif
