/* gstemotion2vecmeter.h - counts what became of a stream's windows, and how long it took. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_METER_H
#define GST_EMOTION2VEC_METER_H

#include "gstemotion2vecrequest.h"

G_BEGIN_DECLS

#define GST_EMOTION2VEC_METER_SPAN 256

/* All zero is an empty one. */
typedef struct
{
  GstEmotion2vecStreamStats stats;      /* but for pending and latencies */
  GstClockTime latencies[GST_EMOTION2VEC_METER_SPAN];   /* of the windows that were run last, in a ring */
  guint64 n_latencies;          /* ever written */
} GstEmotion2vecMeter;

/* @request: of a window, with what came of it. @now: monotonic, us. */
void gst_emotion2vec_meter_add (GstEmotion2vecMeter * meter, const GstEmotion2vecRequest * request, gint64 now);

/* All fields of @stats but pending. */
void gst_emotion2vec_meter_read (const GstEmotion2vecMeter * meter, GstEmotion2vecStreamStats * stats);

G_END_DECLS

#endif
