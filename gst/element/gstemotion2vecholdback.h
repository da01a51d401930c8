/* gstemotion2vecholdback.h - audio that waits for its results: a delay line of buffers.
 *
 * Counts frames, has no clock: a buffer leaves when enough audio has come after it, so that in a live stream it is
 * delayed by at most what is asked, and by less than one buffer less. Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_HOLDBACK_H
#define GST_EMOTION2VEC_HOLDBACK_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstEmotion2vecHoldback GstEmotion2vecHoldback;

GstEmotion2vecHoldback *gst_emotion2vec_holdback_new (void);
void gst_emotion2vec_holdback_free (GstEmotion2vecHoldback * holdback);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecHoldback, gst_emotion2vec_holdback_free)

/* @buffer: (transfer full). @serial: the caller's number for it. */
void gst_emotion2vec_holdback_push (GstEmotion2vecHoldback * holdback, GstBuffer * buffer, guint64 serial,
    guint64 n_frames);

/* The oldest buffer, if another of the size that came last would delay it by more than @delay frames; 0: in any case.
 * @serial: (out): its number. Returns: (nullable) (transfer full). */
GstBuffer *gst_emotion2vec_holdback_pop (GstEmotion2vecHoldback * holdback, guint64 delay, guint64 * serial);

void gst_emotion2vec_holdback_clear (GstEmotion2vecHoldback * holdback);

G_END_DECLS

#endif
