/* gstemotion2vecwindow.h - audio in, complete windows with exact times out.
 *
 * A windower takes raw audio as it comes, in pieces of any size, and cuts it into windows of mono 16 kHz samples. It
 * counts samples and never sums buffer times, so the same audio gives the same windows however it is cut into buffers.
 * A stretch is contiguous audio between two breaks; interval window k of a stretch starts at its input sample
 * floor (k * interval * rate / 10^9). A speech window is one stretch of speech, see gstemotion2vecspeech.h. Windows come
 * out in the order in which they were complete. Pure: no threads, no pads, no clock. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_WINDOW_H
#define GST_EMOTION2VEC_WINDOW_H

#include <gst/audio/audio.h>

#include "gstemotion2vecvadweights.h"

G_BEGIN_DECLS

#define GST_EMOTION2VEC_MAX_WINDOW (30 * GST_SECOND)

/* A jump of the time stamps by more than this is a break; less is jitter, and the samples go on being counted. */
#define GST_EMOTION2VEC_MAX_JITTER (40 * GST_MSECOND)

/* Windows start at least this far apart, so that no setting asks for endless work. */
#define GST_EMOTION2VEC_MIN_INTERVAL (10 * GST_MSECOND)

/* What a window is cut from. */
typedef enum
{
  GST_EMOTION2VEC_CHANNEL_MODE_MIX,     /* the mean of all channels */
  GST_EMOTION2VEC_CHANNEL_MODE_FIRST,   /* the first channel alone */
  GST_EMOTION2VEC_CHANNEL_MODE_EACH     /* each channel by itself: a window of every channel, in their order */
} GstEmotion2vecChannelMode;

/* What makes a window; flags. */
typedef enum
{
  GST_EMOTION2VEC_TRIGGER_INTERVAL = 1 << 0,
  GST_EMOTION2VEC_TRIGGER_SPEECH = 1 << 1
} GstEmotion2vecTrigger;

typedef struct
{
  GstClockTime window;          /* length; 0: all of a stretch, cut every @max_window */
  GstClockTime interval;        /* distance between starts; 0: same as @window; without effect if @window is 0 */
  GstClockTime minimum_duration;        /* the shortest last window of a stretch and the shortest stretch of speech; a
                                         * longer GAP ends a stretch */
  GstClockTime max_window;      /* where window 0 and stretches of speech are cut; up to GST_EMOTION2VEC_MAX_WINDOW */
  guint min_samples;            /* 16 kHz samples that a window must have for the encoder to take it */
  GstEmotion2vecChannelMode channel_mode;
  GstEmotion2vecTrigger trigger;        /* which windows come out; 0: none */
  GstClockTime speech_hangover; /* a pause of this length ends a stretch of speech */
  double silence_threshold;     /* dBFS of the active level; -INFINITY: nothing is silent */
  GstEmotion2vecVadWeights *vad;        /* (nullable): of the network that finds speech; NULL: rules do; new takes a reference */
} GstEmotion2vecWindowSettings;

/* One complete window. */
typedef struct
{
  guint64 start;                /* its first sample, at the input's rate, counted from the start of the stretch */
  guint64 length;               /* at the input's rate */
  GstClockTime position;        /* time of its first sample, on the scale of the times pushed; NONE if those were */
  GstClockTime duration;
  float *samples;               /* mono, 16 kHz, full scale +-1, always finite */
  guint n_samples;
  double level;                 /* RMS, dBFS; digital silence is -350 as in GStreamer's level element */
  gboolean partial;             /* shorter than asked, as its whole stretch was */
  gboolean tail;                /* was cut because its stretch ended, before the samples pushed last */
  GstEmotion2vecTrigger trigger;        /* exactly one */
  gint channel;                 /* -1 unless channel_mode is EACH */
  guint64 stretch;              /* number of its stretch, from 0 since new or reset */
  double active_level;          /* RMS of its loudest 100 ms, dBFS */
  double speech;                /* 0 to 1: share of it that is speech, as far as that was known when it was complete */
  gboolean silent;              /* active_level is below silence_threshold; samples is there all the same */
} GstEmotion2vecWindow;

void gst_emotion2vec_window_free (GstEmotion2vecWindow * window);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecWindow, gst_emotion2vec_window_free)

/* Input sample that window @index of a stretch starts with: floor (index * interval * rate / 10^9). */
guint64 gst_emotion2vec_window_start (guint64 index, GstClockTime interval, gint rate);

/* @n_samples of the input's rate, in 16 kHz samples: round (n * 16000 / rate). */
guint64 gst_emotion2vec_window_to_16k (guint64 n_samples, gint rate);

typedef struct _GstEmotion2vecWindower GstEmotion2vecWindower;

/* @info: the raw audio to come, any format, rate, number and layout of channels. @settings: copied.
 * Returns: (nullable) (transfer full): NULL if GStreamer cannot convert from @info. */
GstEmotion2vecWindower *gst_emotion2vec_windower_new (const GstAudioInfo * info,
    const GstEmotion2vecWindowSettings * settings);
void gst_emotion2vec_windower_free (GstEmotion2vecWindower * windower);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecWindower, gst_emotion2vec_windower_free)

/* Takes the next @n_frames frames (samples of all channels).
 * @planes: one pointer for interleaved audio, else one a channel; read only, not kept.
 * @time: of the first frame; NONE: right after the last. If it is not where the stretch is now, give or take
 * GST_EMOTION2VEC_MAX_JITTER, the stretch ends and another begins. */
void gst_emotion2vec_windower_push (GstEmotion2vecWindower * windower, const gpointer * planes, gsize n_frames,
    GstClockTime time);

/* As above for @n_frames frames that carry nothing. Gaps of up to minimum_duration in all are silence; a longer one ends
 * the stretch where the gap began. */
void gst_emotion2vec_windower_push_gap (GstEmotion2vecWindower * windower, guint64 n_frames, GstClockTime time);

/* May change between pushes; holds for the windows that are complete from now on. */
void gst_emotion2vec_windower_set_silence_threshold (GstEmotion2vecWindower * windower, double dbfs);

/* May change at any time: another encoder. */
void gst_emotion2vec_windower_set_min_samples (GstEmotion2vecWindower * windower, guint min_samples);

/* Of the interval windows only every @stride-th (its index in the stretch is a multiple of it) comes out: a longer
 * interval on the same grid. 0 means 1. Without effect on speech windows, on last windows and if @window is 0. */
void gst_emotion2vec_windower_set_stride (GstEmotion2vecWindower * windower, guint stride);

/* What somebody upstream says of the samples pushed next, and of those alone: @voice TRUE makes it easier for them to
 * open a stretch of speech. FALSE says nothing: senders who do not look for voice send it all the time. */
void gst_emotion2vec_windower_vote (GstEmotion2vecWindower * windower, gboolean voice);

/* Ends the stretch: if at least minimum_duration of it is in no window yet, one more window comes out. */
void gst_emotion2vec_windower_drain (GstEmotion2vecWindower * windower);

/* Ends the stretch and forgets it and all windows not yet taken. */
void gst_emotion2vec_windower_reset (GstEmotion2vecWindower * windower);

/* Returns: (nullable) (transfer full): the next complete window, in order. */
GstEmotion2vecWindow *gst_emotion2vec_windower_pop (GstEmotion2vecWindower * windower);

/* Time right after the last frame of the stretch; NONE outside a stretch or if no times were pushed. */
GstClockTime gst_emotion2vec_windower_position (const GstEmotion2vecWindower * windower);

G_END_DECLS

#endif
