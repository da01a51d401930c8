/* gstemotion2vecmono.h - raw audio of any kind as one line of mono 16 kHz samples.
 *
 * Channels are averaged or one of them is taken, integers are scaled by their full scale, other rates are resampled with the filter's delay
 * taken out: sample i of the line is the moment i / 16000 s of the input. At 16 kHz nothing is resampled and mono
 * samples keep their bits. Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_MONO_H
#define GST_EMOTION2VEC_MONO_H

#include <gst/audio/audio.h>

G_BEGIN_DECLS

#define GST_EMOTION2VEC_MONO_RATE 16000

typedef struct _GstEmotion2vecMono GstEmotion2vecMono;

/* @channel: the only one heard, from 0 on; -1: the mean of all.
 * Returns: (nullable) (transfer full): NULL if GStreamer cannot convert from @info. */
GstEmotion2vecMono *gst_emotion2vec_mono_new (const GstAudioInfo * info, gint channel);
void gst_emotion2vec_mono_free (GstEmotion2vecMono * mono);

/* Starts a new line. */
void gst_emotion2vec_mono_reset (GstEmotion2vecMono * mono);

/* Adds @n_frames frames, from frame @offset of @planes on; @planes NULL: silence. */
void gst_emotion2vec_mono_push (GstEmotion2vecMono * mono, const gpointer * planes, gsize offset, gsize n_frames);

/* Frames added since the start of the line, at the input's rate. */
guint64 gst_emotion2vec_mono_n_frames (const GstEmotion2vecMono * mono);

/* Frames that must follow a moment before the line is final up to it. */
guint64 gst_emotion2vec_mono_delay (const GstEmotion2vecMono * mono);

/* Copies samples [@first, @first + @n) of the line. Those that still depend on input to come are made as if silence
 * followed, so that what is read depends on the frames added and on nothing else. */
void gst_emotion2vec_mono_read (GstEmotion2vecMono * mono, guint64 first, guint n, float *samples);

/* Samples before @first will not be read again. */
void gst_emotion2vec_mono_forget (GstEmotion2vecMono * mono, guint64 first);

G_END_DECLS

#endif
