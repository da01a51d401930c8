/* gstemotion2vecspeech.h - finds the stretches of speech in mono 16 kHz audio.
 *
 * Takes audio in frames of 10 ms, one after the other, and reports each span of speech once it has ended. A function of
 * the frames alone. How it decides, and how well: docs/speech-trigger.md. Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_SPEECH_H
#define GST_EMOTION2VEC_SPEECH_H

#include "gstemotion2vecvadweights.h"

G_BEGIN_DECLS

/* Samples in a frame. */
#define GST_EMOTION2VEC_SPEECH_FRAME 160

typedef struct
{
  guint hangover;               /* a pause of this many frames ends a span */
  guint longest;                /* frames; a longer span is cut in two at a quiet place, > 0 */
  double silence_threshold;     /* dBFS; what is below is not speech, whatever the noise; may be -INFINITY */
  GstEmotion2vecVadWeights *vad;        /* (nullable): of a network that decides instead of the rules; new takes a reference */
} GstEmotion2vecSpeechSettings;

/* Frames [start, end), counted from new or reset. */
typedef struct
{
  guint64 start, end;
} GstEmotion2vecSpan;

typedef struct _GstEmotion2vecSpeech GstEmotion2vecSpeech;

GstEmotion2vecSpeech *gst_emotion2vec_speech_new (const GstEmotion2vecSpeechSettings * settings);
void gst_emotion2vec_speech_free (GstEmotion2vecSpeech * speech);
void gst_emotion2vec_speech_reset (GstEmotion2vecSpeech * speech);

/* May change between frames. */
void gst_emotion2vec_speech_set_silence_threshold (GstEmotion2vecSpeech * speech, double dbfs);

/* Takes one frame.
 * @vote: somebody else believes that it is speech
 * Returns: TRUE if a span ended: it is in @span. */
gboolean gst_emotion2vec_speech_push (GstEmotion2vecSpeech * speech, const float *frame, gboolean vote,
    GstEmotion2vecSpan * span);

/* The audio ends. Returns: TRUE if a span ended with it. */
gboolean gst_emotion2vec_speech_finish (GstEmotion2vecSpeech * speech, GstEmotion2vecSpan * span);

/* Returns: TRUE inside of speech: @span ends with the last frame of speech so far. */
gboolean gst_emotion2vec_speech_current (const GstEmotion2vecSpeech * speech, GstEmotion2vecSpan * span);

/* Every span to come starts at this frame or later. */
guint64 gst_emotion2vec_speech_earliest (const GstEmotion2vecSpeech * speech);

G_END_DECLS

#endif
