/* gstemotion2vecutc.h - tells what time it was in the world at a moment of the stream, from reference timestamps of
 * buffers.
 *
 * Clocks drift, so the nearest mark before a moment counts. Memory is bounded: marks closer than a second to the last are
 * not kept, nor those more than five minutes old. Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_UTC_H
#define GST_EMOTION2VEC_UTC_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstEmotion2vecUtc GstEmotion2vecUtc;

GstEmotion2vecUtc *gst_emotion2vec_utc_new (void);
void gst_emotion2vec_utc_free (GstEmotion2vecUtc * utc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecUtc, gst_emotion2vec_utc_free)

/* Takes the mark of @buffer, which begins at @start, if it has one that can be told in UTC: `timestamp/x-unix` or
 * `timestamp/x-ntp`. PTP counts leap seconds, and how many is not known here. */
void gst_emotion2vec_utc_note (GstEmotion2vecUtc * utc, GstBuffer * buffer, GstClockTime start);

/* (transfer full) (nullable): the moment as RFC 3339 has it, with nine digits and Z; NULL without marks. */
char *gst_emotion2vec_utc_at (const GstEmotion2vecUtc * utc, GstClockTime time);

void gst_emotion2vec_utc_forget (GstEmotion2vecUtc * utc);

G_END_DECLS

#endif
