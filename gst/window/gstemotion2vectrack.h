/* gstemotion2vectrack.h - one voice of a stretch: a line of mono audio, the speech found in it, windows cut from it.
 *
 * Pure. MT: one caller at a time. All positions are frames of the input since the start of the stretch.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_TRACK_H
#define GST_EMOTION2VEC_TRACK_H

#include "gstemotion2vecspeech.h"
#include "gstemotion2vecwindow.h"

G_BEGIN_DECLS

typedef struct _GstEmotion2vecTrack GstEmotion2vecTrack;

/* @channel: the only one heard; -1: the mean of all.
 * Returns: (nullable) (transfer full): NULL if GStreamer cannot convert from @info. */
GstEmotion2vecTrack *gst_emotion2vec_track_new (const GstAudioInfo * info, gint channel,
    const GstEmotion2vecSpeechSettings * settings);
void gst_emotion2vec_track_free (GstEmotion2vecTrack * track);

/* Starts anew. */
void gst_emotion2vec_track_reset (GstEmotion2vecTrack * track);

void gst_emotion2vec_track_set_silence_threshold (GstEmotion2vecTrack * track, double dbfs);

/* Adds @n frames, from frame @offset of @planes on; @planes NULL: silence. */
void gst_emotion2vec_track_push (GstEmotion2vecTrack * track, const gpointer * planes, gsize offset, gsize n);

guint64 gst_emotion2vec_track_n_frames (const GstEmotion2vecTrack * track);

/* How many frames there must be before the next 10 ms can be listened to. */
guint64 gst_emotion2vec_track_next_due (const GstEmotion2vecTrack * track);

/* Where the next 10 ms to be listened to begin. */
guint64 gst_emotion2vec_track_next_start (const GstEmotion2vecTrack * track);

/* Listens to the next 10 ms, silence after what there is.
 * Returns: TRUE if a stretch of speech ended: [@start, @end). */
gboolean gst_emotion2vec_track_listen (GstEmotion2vecTrack * track, gboolean vote, guint64 * start, guint64 * end);

/* The audio ends. Returns: TRUE if a stretch of speech ended with it. */
gboolean gst_emotion2vec_track_finish (GstEmotion2vecTrack * track, guint64 * start, guint64 * end);

/* Returns: (transfer full): a window of @n_samples 16 kHz samples from frame @start on, all there; @n_samples > 0. Filled in
 * is what follows from them: samples, levels, speech. */
GstEmotion2vecWindow *gst_emotion2vec_track_cut (GstEmotion2vecTrack * track, guint64 start, guint n_samples);

/* No window that starts before @frame will be cut, but for those of speech if @keep_speech. */
void gst_emotion2vec_track_forget (GstEmotion2vecTrack * track, guint64 frame, gboolean keep_speech);

G_END_DECLS

#endif
