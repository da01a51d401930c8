/* gstemotion2vecframes.h - where the samples of a raw audio buffer lie, and which of them the segment wants.
 *
 * Reads only. Never trusts that a buffer keeps what its caps and metas promise. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_FRAMES_H
#define GST_EMOTION2VEC_FRAMES_H

#include <gst/audio/audio.h>

G_BEGIN_DECLS

/* Frames (samples of all channels) in @buffer. */
gsize gst_emotion2vec_frames_count (GstBuffer * buffer, const GstAudioInfo * info);

/* Maps @buffer for reading, and points @planes (1 for interleaved audio, else one a channel) at frame @skip.
 * FALSE, with nothing mapped, if the buffer does not hold frames up to @skip + @n. */
gboolean gst_emotion2vec_frames_map (GstBuffer * buffer, const GstAudioInfo * info, gsize skip, gsize n,
    GstMapInfo * map, gpointer * planes);

/* Of @n_frames frames that begin at @time: @skip: (out): how many lie before the segment, @n: (out): how many in it;
 * returns the time of the first one that is in it. Without a TIME segment or a time all are in it, and NONE comes
 * back. */
GstClockTime gst_emotion2vec_frames_clip (const GstSegment * segment, gint rate, GstClockTime time, guint64 n_frames,
    guint64 * skip, guint64 * n);

G_END_DECLS

#endif
