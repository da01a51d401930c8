/* gstemotion2vecspeech.c - finds the stretches of speech in mono 16 kHz audio.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecspeech.h"

#include <math.h>

#define OPEN_DB 9.0
#define CLOSE_DB 6.0
#define OPEN_FRAMES 6
#define PRE_ROLL 10
#define CUT_SEARCH 200
#define LOWEST_FLOOR -80.0

struct _GstEmotion2vecSpeech
{
  GstEmotion2vecSpeechSettings settings;
  guint64 n;                    /* frames so far */
  double floor;                 /* of the noise, dBFS */
  guint run;                    /* loud frames in a row */
  gboolean open;
  guint64 start, end;           /* of the open span: its last loud frame so far */
  guint64 previous_end;
  float levels[CUT_SEARCH];     /* of the last frames, frame k at k % CUT_SEARCH */
};

GstEmotion2vecSpeech *
gst_emotion2vec_speech_new (const GstEmotion2vecSpeechSettings * settings)
{
  GstEmotion2vecSpeech *speech = g_new0 (GstEmotion2vecSpeech, 1);

  speech->settings = *settings;
  gst_emotion2vec_speech_reset (speech);
  return speech;
}

void
gst_emotion2vec_speech_free (GstEmotion2vecSpeech * speech)
{
  g_free (speech);
}

void
gst_emotion2vec_speech_reset (GstEmotion2vecSpeech * speech)
{
  const GstEmotion2vecSpeechSettings settings = speech->settings;

  *speech = (GstEmotion2vecSpeech) {
  .settings = settings,.floor = -60,};
}

void
gst_emotion2vec_speech_set_silence_threshold (GstEmotion2vecSpeech * speech,
    double dbfs)
{
  speech->settings.silence_threshold = dbfs;
}

static double
level_of (const float *frame)
{
  double sum = 0;

  for (guint i = 0; i < GST_EMOTION2VEC_SPEECH_FRAME; i++)
    sum += (double) frame[i] * (double) frame[i];
  return 10 * log10 (sum / GST_EMOTION2VEC_SPEECH_FRAME + 1e-35);
}

static guint64
earliest_start (const GstEmotion2vecSpeech * speech)
{
  guint64 back = speech->run + PRE_ROLL;
  guint64 start = speech->n > back ? speech->n - back : 0;

  return MAX (start, speech->previous_end);
}

/* The quietest of the last frames of the open span, not its first. */
static guint64
quietest (const GstEmotion2vecSpeech * speech)
{
  guint64 n = MIN (CUT_SEARCH, (speech->n - speech->start) / 2);
  guint64 best = speech->n;
  float least = INFINITY;

  for (guint64 k = speech->n - n; k < speech->n; k++) {
    float level = speech->levels[k % CUT_SEARCH];

    if (level < least) {
      least = level;
      best = k;
    }
  }
  return best;
}

static gboolean
end_span (GstEmotion2vecSpeech * speech, guint64 end, GstEmotion2vecSpan * span)
{
  span->start = speech->start;
  span->end = end;
  speech->previous_end = end;
  speech->start = end;
  return span->end > span->start;
}

gboolean
gst_emotion2vec_speech_push (GstEmotion2vecSpeech * speech, const float *frame,
    gboolean vote, GstEmotion2vecSpan * span)
{
  double level = level_of (frame);
  gboolean audible = level > speech->settings.silence_threshold;
  double open_db = vote ? CLOSE_DB : OPEN_DB;

  speech->floor = MAX (LOWEST_FLOOR, level < speech->floor ? level :
      speech->floor + 0.01 * MIN (level - speech->floor, 3));
  speech->levels[speech->n % CUT_SEARCH] = (float) level;
  speech->n++;
  if (!speech->open) {
    gboolean loud = audible && level > speech->floor + open_db;

    speech->run = loud ? speech->run + 1 : 0;
    if (speech->run < OPEN_FRAMES)
      return FALSE;
    speech->open = TRUE;
    speech->start = earliest_start (speech);
    speech->end = speech->n;
    speech->run = 0;
  } else if (audible && level > speech->floor + CLOSE_DB) {
    speech->end = speech->n;
  } else if (speech->n - speech->end >= speech->settings.hangover) {
    speech->open = FALSE;
    return end_span (speech, speech->end, span);
  }
  if (speech->n - speech->start < speech->settings.longest)
    return FALSE;
  return end_span (speech, quietest (speech), span);
}

gboolean
gst_emotion2vec_speech_finish (GstEmotion2vecSpeech * speech,
    GstEmotion2vecSpan * span)
{
  if (!speech->open)
    return FALSE;
  speech->open = FALSE;
  return end_span (speech, speech->end, span);
}

gboolean
gst_emotion2vec_speech_current (const GstEmotion2vecSpeech * speech,
    GstEmotion2vecSpan * span)
{
  span->start = speech->start;
  span->end = speech->end;
  return speech->open && span->end > span->start;
}

guint64
gst_emotion2vec_speech_earliest (const GstEmotion2vecSpeech * speech)
{
  return speech->open ? speech->start : earliest_start (speech);
}
