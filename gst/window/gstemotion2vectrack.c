/* gstemotion2vectrack.c - one voice of a stretch: a line of mono audio, the speech found in it, windows cut from it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vectrack.h"

#include <math.h>
#include <string.h>

#include "gstemotion2vecmono.h"

/* Added to the mean square before the logarithm, as the level element does: silence is a number, -350 dB. */
#define LEVEL_EPSILON 1e-35

/* The active level is that of the loudest run of this many blocks: 100 ms. */
#define BLOCK GST_EMOTION2VEC_SPEECH_FRAME
#define ACTIVE_BLOCKS 10

struct _GstEmotion2vecTrack
{
  gint channel, rate;
  GstEmotion2vecMono *mono;
  GstEmotion2vecSpeech *speech;
  guint64 n_heard;              /* speech frames */
  GArray *spans;                /* GstEmotion2vecSpan: speech that windows to come may hold */
};

GstEmotion2vecTrack *
gst_emotion2vec_track_new (const GstAudioInfo * info, gint channel,
    const GstEmotion2vecSpeechSettings * settings)
{
  GstEmotion2vecMono *mono = gst_emotion2vec_mono_new (info, channel);
  GstEmotion2vecTrack *track;

  if (!mono)
    return NULL;
  track = g_new0 (GstEmotion2vecTrack, 1);
  track->channel = channel;
  track->rate = info->rate;
  track->mono = mono;
  track->speech = gst_emotion2vec_speech_new (settings);
  track->spans = g_array_new (FALSE, FALSE, sizeof (GstEmotion2vecSpan));
  return track;
}

void
gst_emotion2vec_track_free (GstEmotion2vecTrack * track)
{
  if (!track)
    return;
  gst_emotion2vec_mono_free (track->mono);
  gst_emotion2vec_speech_free (track->speech);
  g_array_unref (track->spans);
  g_free (track);
}

void
gst_emotion2vec_track_reset (GstEmotion2vecTrack * track)
{
  gst_emotion2vec_mono_reset (track->mono);
  gst_emotion2vec_speech_reset (track->speech);
  track->n_heard = 0;
  g_array_set_size (track->spans, 0);
}

void
gst_emotion2vec_track_set_silence_threshold (GstEmotion2vecTrack * track,
    double dbfs)
{
  gst_emotion2vec_speech_set_silence_threshold (track->speech, dbfs);
}

void
gst_emotion2vec_track_push (GstEmotion2vecTrack * track,
    const gpointer * planes, gsize offset, gsize n)
{
  gst_emotion2vec_mono_push (track->mono, planes, offset, n);
}

guint64
gst_emotion2vec_track_n_frames (const GstEmotion2vecTrack * track)
{
  return gst_emotion2vec_mono_n_frames (track->mono);
}

static guint64
to_16k (const GstEmotion2vecTrack * track, guint64 frame)
{
  return gst_emotion2vec_window_to_16k (frame, track->rate);
}

guint64
gst_emotion2vec_track_next_due (const GstEmotion2vecTrack * track)
{
  guint64 end = (track->n_heard + 1) * GST_EMOTION2VEC_SPEECH_FRAME;

  return gst_util_uint64_scale_ceil (end, (guint64) track->rate,
      GST_EMOTION2VEC_MONO_RATE) + gst_emotion2vec_mono_delay (track->mono);
}

guint64
gst_emotion2vec_track_next_start (const GstEmotion2vecTrack * track)
{
  return gst_util_uint64_scale (track->n_heard * GST_EMOTION2VEC_SPEECH_FRAME,
      (guint64) track->rate, GST_EMOTION2VEC_MONO_RATE);
}

/* Keeps @span and says where it is in the input. */
static void
add_span (GstEmotion2vecTrack * track, const GstEmotion2vecSpan * span,
    guint64 * start, guint64 * end)
{
  guint64 rate = (guint64) track->rate;
  guint64 n_frames = gst_emotion2vec_mono_n_frames (track->mono);

  g_array_append_val (track->spans, *span);
  *start = gst_util_uint64_scale_round (span->start
      * GST_EMOTION2VEC_SPEECH_FRAME, rate, GST_EMOTION2VEC_MONO_RATE);
  *end = gst_util_uint64_scale_round (span->end
      * GST_EMOTION2VEC_SPEECH_FRAME, rate, GST_EMOTION2VEC_MONO_RATE);
  *end = MIN (*end, n_frames);
  *start = MIN (*start, *end);
}

gboolean
gst_emotion2vec_track_listen (GstEmotion2vecTrack * track, gboolean vote,
    guint64 * start, guint64 * end)
{
  float frame[GST_EMOTION2VEC_SPEECH_FRAME] = { 0 };
  guint64 first = track->n_heard * GST_EMOTION2VEC_SPEECH_FRAME;
  guint64 have =
      to_16k (track, gst_emotion2vec_mono_n_frames (track->mono)) - first;
  GstEmotion2vecSpan span;

  gst_emotion2vec_mono_read (track->mono, first,
      (guint) MIN (have, GST_EMOTION2VEC_SPEECH_FRAME), frame);
  track->n_heard++;
  if (!gst_emotion2vec_speech_push (track->speech, frame, vote, &span))
    return FALSE;
  add_span (track, &span, start, end);
  return TRUE;
}

gboolean
gst_emotion2vec_track_finish (GstEmotion2vecTrack * track, guint64 * start,
    guint64 * end)
{
  GstEmotion2vecSpan span;

  if (!gst_emotion2vec_speech_finish (track->speech, &span))
    return FALSE;
  add_span (track, &span, start, end);
  return TRUE;
}

static double
to_db (double sum, guint n)
{
  return 10 * log10 (sum / n + LEVEL_EPSILON);
}

static double
energy_of (const float *samples, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += (double) samples[i] * (double) samples[i];
  return sum;
}

/* Sets both levels: of all, and of the loudest run of whole blocks. */
static void
measure_levels (GstEmotion2vecWindow * window)
{
  double recent[ACTIVE_BLOCKS] = { 0 };
  double total = 0, loudest = 0;
  guint n_run = MIN (window->n_samples, ACTIVE_BLOCKS * BLOCK);
  guint k = 0;

  for (guint at = 0; at < window->n_samples; at += BLOCK, k++) {
    guint n = MIN (BLOCK, window->n_samples - at);
    double run = 0;

    recent[k % ACTIVE_BLOCKS] = energy_of (window->samples + at, n);
    total += recent[k % ACTIVE_BLOCKS];
    for (guint b = 0; b < ACTIVE_BLOCKS; b++)
      run += recent[b];
    loudest = MAX (loudest, run);
  }
  window->level = to_db (total, window->n_samples);
  window->active_level = to_db (loudest, n_run);
}

/* Samples that [@start, @end) and the speech frames of @span have in common. */
static guint64
overlap (const GstEmotion2vecSpan * span, guint64 start, guint64 end)
{
  guint64 from = MAX (start, span->start * GST_EMOTION2VEC_SPEECH_FRAME);
  guint64 to = MIN (end, span->end * GST_EMOTION2VEC_SPEECH_FRAME);

  return to > from ? to - from : 0;
}

static double
share_of_speech (const GstEmotion2vecTrack * track, guint64 first, guint n)
{
  GstEmotion2vecSpan current;
  guint64 sum = 0;

  for (guint k = 0; k < track->spans->len; k++)
    sum += overlap (&g_array_index (track->spans, GstEmotion2vecSpan, k),
        first, first + n);
  if (gst_emotion2vec_speech_current (track->speech, &current))
    sum += overlap (&current, first, first + n);
  return (double) sum / n;
}

GstEmotion2vecWindow *
gst_emotion2vec_track_cut (GstEmotion2vecTrack * track, guint64 start,
    guint n_samples)
{
  GstEmotion2vecWindow *window = g_new0 (GstEmotion2vecWindow, 1);
  guint64 first = to_16k (track, start);

  window->start = start;
  window->channel = track->channel;
  window->n_samples = n_samples;
  window->samples = g_new (float, n_samples);
  gst_emotion2vec_mono_read (track->mono, first, n_samples, window->samples);
  measure_levels (window);
  window->speech = share_of_speech (track, first, n_samples);
  return window;
}

void
gst_emotion2vec_track_forget (GstEmotion2vecTrack * track, guint64 frame,
    gboolean keep_speech)
{
  guint64 needed = MIN (to_16k (track, frame),
      track->n_heard * GST_EMOTION2VEC_SPEECH_FRAME);
  guint n_old = 0;

  if (keep_speech) {
    /* a span is rounded to a frame of the input, up to this much earlier */
    guint64 rounding = GST_EMOTION2VEC_MONO_RATE / (guint64) track->rate + 1;
    guint64 earliest = gst_emotion2vec_speech_earliest (track->speech)
        * GST_EMOTION2VEC_SPEECH_FRAME;

    needed = MIN (needed, earliest - MIN (earliest, rounding));
  }
  gst_emotion2vec_mono_forget (track->mono, needed);
  while (n_old < track->spans->len
      && g_array_index (track->spans, GstEmotion2vecSpan,
          n_old).end * GST_EMOTION2VEC_SPEECH_FRAME <= needed)
    n_old++;
  g_array_remove_range (track->spans, 0, n_old);
}
