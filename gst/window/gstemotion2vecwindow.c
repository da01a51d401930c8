/* gstemotion2vecwindow.c - audio in, complete windows with exact times out.
 *
 * (1) Everything is derived from counts of frames since the start of the stretch; times are anchor + count, scaled once.
 * (2) Audio goes into the line in pieces that end where a window ends, so a window is read when exactly its frames, and
 *     none after, are there: buffer sizes change nothing.
 * (3) A gap is pending until it is known whether it is silence or a break: what follows it, or its length, decides.
 * (4) A stretch ends in one place, end_stretch().
 * (5) There is a track for each channel that is heard by itself, else one; all hold the same number of frames.
 * (6) Pieces end, too, where the tracks can listen to the next 10 ms, for the same reason as (2).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecwindow.h"

#include "gstemotion2vecmono.h"
#include "gstemotion2vectrack.h"

struct _GstEmotion2vecWindower
{
  GstEmotion2vecWindowSettings settings;
  gint rate;
  GPtrArray *tracks;            /* of GstEmotion2vecTrack, at least one */
  guint64 length;               /* of a window, in frames */
  GstClockTime interval;        /* in force, never 0 */
  guint64 shortest;             /* frames of the shortest last window */
  guint stride;

  gboolean in_stretch;
  guint64 stretch;              /* its number */
  GstClockTime anchor;          /* time of the stretch's first frame; outside a stretch, of the next frame; or NONE */
  guint64 index;                /* of the next window */
  guint64 covered;              /* end of the last window, in frames */
  guint64 pending_gap;          /* frames, after those in the tracks */
  gboolean vote;                /* for the samples pushed next */
  guint64 voted_from, voted_to; /* frames last voted for */
  GQueue done;                  /* of GstEmotion2vecWindow */
};

void
gst_emotion2vec_window_free (GstEmotion2vecWindow * window)
{
  if (!window)
    return;
  g_free (window->samples);
  g_free (window);
}

guint64
gst_emotion2vec_window_start (guint64 index, GstClockTime interval, gint rate)
{
  return gst_util_uint64_scale (index * interval, (guint64) rate, GST_SECOND);
}

guint64
gst_emotion2vec_window_to_16k (guint64 n_samples, gint rate)
{
  return gst_util_uint64_scale_round (n_samples, GST_EMOTION2VEC_MONO_RATE,
      (guint64) rate);
}

static GstClockTime
frames_to_time (const GstEmotion2vecWindower * windower, guint64 n_frames)
{
  return gst_util_uint64_scale (n_frames, GST_SECOND, (guint64) windower->rate);
}

/* Hangover and longest span in frames of 10 ms. */
static GstEmotion2vecSpeechSettings
speech_settings (const GstEmotion2vecWindowSettings * settings)
{
  const GstClockTime frame = 10 * GST_MSECOND;

  return (GstEmotion2vecSpeechSettings) {
  .hangover =
        (guint) MIN (settings->speech_hangover / frame, G_MAXINT),.longest =
        (guint) MAX (1, settings->max_window / frame),.silence_threshold =
        settings->silence_threshold,.vad = settings->vad,};
}

/* Returns: (nullable): NULL if a track cannot be made. */
static GPtrArray *
tracks_new (const GstAudioInfo * info,
    const GstEmotion2vecWindowSettings * settings)
{
  GPtrArray *tracks = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_emotion2vec_track_free);
  const GstEmotion2vecSpeechSettings speech = speech_settings (settings);
  gboolean mix = settings->channel_mode == GST_EMOTION2VEC_CHANNEL_MODE_MIX;
  gint n = settings->channel_mode == GST_EMOTION2VEC_CHANNEL_MODE_EACH ?
      info->channels : 1;

  for (gint c = 0; c < n; c++) {
    GstEmotion2vecTrack *track =
        gst_emotion2vec_track_new (info, mix ? -1 : c, &speech);

    if (!track) {
      g_ptr_array_unref (tracks);
      return NULL;
    }
    g_ptr_array_add (tracks, track);
  }
  return tracks;
}

static void
set_lengths (GstEmotion2vecWindower * windower)
{
  const GstEmotion2vecWindowSettings *settings = &windower->settings;
  GstClockTime window = settings->window, interval = settings->interval;
  guint64 rate = (guint64) windower->rate;

  if (window == 0)
    window = interval = settings->max_window;
  else if (interval == 0)
    interval = window;
  window = MIN (window, GST_EMOTION2VEC_MAX_WINDOW);
  windower->length = MAX (1, gst_util_uint64_scale (window, rate, GST_SECOND));
  windower->interval = MAX (interval, GST_EMOTION2VEC_MIN_INTERVAL);
  windower->shortest = MAX (1,
      gst_util_uint64_scale_ceil (settings->minimum_duration, rate,
          GST_SECOND));
}

GstEmotion2vecWindower *
gst_emotion2vec_windower_new (const GstAudioInfo * info,
    const GstEmotion2vecWindowSettings * settings)
{
  GstEmotion2vecWindowSettings sane = *settings;
  GstEmotion2vecWindower *windower;
  GPtrArray *tracks;

  sane.max_window = CLAMP (settings->max_window, GST_EMOTION2VEC_MIN_INTERVAL,
      GST_EMOTION2VEC_MAX_WINDOW);
  tracks = tracks_new (info, &sane);
  if (!tracks)
    return NULL;
  windower = g_new0 (GstEmotion2vecWindower, 1);
  windower->settings = sane;
  windower->rate = info->rate;
  windower->tracks = tracks;
  windower->stride = 1;
  windower->anchor = GST_CLOCK_TIME_NONE;
  set_lengths (windower);
  g_queue_init (&windower->done);
  return windower;
}

void
gst_emotion2vec_windower_free (GstEmotion2vecWindower * windower)
{
  if (!windower)
    return;
  g_queue_clear_full (&windower->done,
      (GDestroyNotify) gst_emotion2vec_window_free);
  g_ptr_array_unref (windower->tracks);
  g_free (windower);
}

void
gst_emotion2vec_windower_set_silence_threshold (GstEmotion2vecWindower *
    windower, double dbfs)
{
  windower->settings.silence_threshold = dbfs;
  for (guint t = 0; t < windower->tracks->len; t++)
    gst_emotion2vec_track_set_silence_threshold (windower->tracks->pdata[t],
        dbfs);
}

void
gst_emotion2vec_windower_set_min_samples (GstEmotion2vecWindower * windower,
    guint min_samples)
{
  windower->settings.min_samples = min_samples;
}

void
gst_emotion2vec_windower_set_stride (GstEmotion2vecWindower * windower,
    guint stride)
{
  windower->stride = MAX (1, stride);
}

void
gst_emotion2vec_windower_vote (GstEmotion2vecWindower * windower,
    gboolean voice)
{
  windower->vote = voice;
}

static gboolean
wants (const GstEmotion2vecWindower * windower, GstEmotion2vecTrigger trigger)
{
  return (windower->settings.trigger & trigger) != 0;
}

/* Frames in the tracks. */
static guint64
count (const GstEmotion2vecWindower * windower)
{
  return gst_emotion2vec_track_n_frames (windower->tracks->pdata[0]);
}

/* Cuts the window of @length frames from frame @start on out of one track; all its frames are there. */
static void
cut (GstEmotion2vecWindower * windower, GstEmotion2vecTrack * track,
    GstEmotion2vecTrigger trigger, guint64 start, guint64 length,
    gboolean partial, gboolean tail)
{
  guint n_samples =
      (guint) gst_emotion2vec_window_to_16k (length, windower->rate);
  GstEmotion2vecWindow *window;

  if (n_samples < MAX (1, windower->settings.min_samples))
    return;
  window = gst_emotion2vec_track_cut (track, start, n_samples);
  window->length = length;
  window->position = GST_CLOCK_TIME_NONE;
  if (GST_CLOCK_TIME_IS_VALID (windower->anchor))
    window->position = windower->anchor + frames_to_time (windower, start);
  window->duration = frames_to_time (windower, length);
  window->partial = partial;
  window->tail = tail;
  window->trigger = trigger;
  if (windower->settings.channel_mode != GST_EMOTION2VEC_CHANNEL_MODE_EACH)
    window->channel = -1;
  window->stretch = windower->stretch;
  window->silent = window->active_level < windower->settings.silence_threshold;
  g_queue_push_tail (&windower->done, window);
}

/* The same span of every track. */
static void
cut_interval (GstEmotion2vecWindower * windower, guint64 start,
    guint64 length, gboolean partial, gboolean tail)
{
  for (guint t = 0; t < windower->tracks->len; t++)
    cut (windower, windower->tracks->pdata[t],
        GST_EMOTION2VEC_TRIGGER_INTERVAL, start, length, partial, tail);
}

static void
cut_speech (GstEmotion2vecWindower * windower, GstEmotion2vecTrack * track,
    guint64 start, guint64 end, gboolean tail)
{
  if (wants (windower, GST_EMOTION2VEC_TRIGGER_SPEECH)
      && end - start >= windower->shortest)
    cut (windower, track, GST_EMOTION2VEC_TRIGGER_SPEECH, start, end - start,
        FALSE, tail);
}

static guint64
next_start (const GstEmotion2vecWindower * windower)
{
  return gst_emotion2vec_window_start (windower->index, windower->interval,
      windower->rate);
}

/* What lies before the next window and before a last window that would end here is never read again. */
static void
forget_past (GstEmotion2vecWindower * windower)
{
  guint64 end = count (windower);
  guint64 last = end > windower->length ? end - windower->length : 0;
  guint64 needed = MIN (next_start (windower), last);

  if (windower->settings.window == 0)
    needed = next_start (windower);
  if (!wants (windower, GST_EMOTION2VEC_TRIGGER_INTERVAL))
    needed = end;
  for (guint t = 0; t < windower->tracks->len; t++)
    gst_emotion2vec_track_forget (windower->tracks->pdata[t], needed,
        wants (windower, GST_EMOTION2VEC_TRIGGER_SPEECH));
}

/* The next 10 ms of every track. */
static void
listen (GstEmotion2vecWindower * windower, gboolean tail)
{
  guint64 at = gst_emotion2vec_track_next_start (windower->tracks->pdata[0]);
  gboolean vote = at >= windower->voted_from && at < windower->voted_to;

  for (guint t = 0; t < windower->tracks->len; t++) {
    GstEmotion2vecTrack *track = windower->tracks->pdata[t];
    guint64 start, end;

    if (gst_emotion2vec_track_listen (track, vote, &start, &end))
      cut_speech (windower, track, start, end, tail);
  }
}

static guint64
next_due (const GstEmotion2vecWindower * windower)
{
  return gst_emotion2vec_track_next_due (windower->tracks->pdata[0]);
}

/* All windows of the grid that end at frame @now. */
static void
cut_grid (GstEmotion2vecWindower * windower, guint64 now)
{
  while (next_start (windower) + windower->length == now) {
    gboolean thinned = windower->settings.window != 0
        && windower->index % windower->stride != 0;

    if (wants (windower, GST_EMOTION2VEC_TRIGGER_INTERVAL) && !thinned) {
      cut_interval (windower, next_start (windower), windower->length, FALSE,
          FALSE);
      windower->covered = now;
    }
    windower->index++;
  }
}

/* The frames [@from, @to) are of a push that was voted for. */
static void
note_vote (GstEmotion2vecWindower * windower, guint64 from, guint64 to)
{
  if (windower->voted_to != from)
    windower->voted_from = from;
  windower->voted_to = to;
}

/* Adds frames (@planes NULL: silence), cuts each window where it ends, listens as soon as there is 10 ms more. */
static void
feed (GstEmotion2vecWindower * windower, const gpointer * planes,
    guint64 n_frames)
{
  guint64 offset = 0;

  while (offset < n_frames) {
    guint64 end = next_start (windower) + windower->length;
    guint64 now = count (windower);
    guint64 n = MIN (n_frames - offset,
        MIN (end, next_due (windower)) - now);

    for (guint t = 0; t < windower->tracks->len; t++)
      gst_emotion2vec_track_push (windower->tracks->pdata[t], planes,
          (gsize) offset, (gsize) n);
    if (planes && windower->vote)
      note_vote (windower, now, now + n);
    offset += n;
    cut_grid (windower, now + n);
    while (next_due (windower) <= now + n)
      listen (windower, FALSE);
    forget_past (windower);
  }
}

/* One more window for what is in none yet, if that is long enough. */
static void
cut_last (GstEmotion2vecWindower * windower)
{
  guint64 end = count (windower);

  if (!wants (windower, GST_EMOTION2VEC_TRIGGER_INTERVAL)
      || end - windower->covered < windower->shortest)
    return;
  if (windower->settings.window == 0)
    cut_interval (windower, windower->covered, end - windower->covered, FALSE,
        TRUE);
  else if (end >= windower->length)
    cut_interval (windower, end - windower->length, windower->length, FALSE,
        TRUE);
  else
    cut_interval (windower, 0, end, TRUE, TRUE);
}

/* Listens to what is left. */
static void
finish_speech (GstEmotion2vecWindower * windower)
{
  guint64 end = count (windower);

  while (gst_emotion2vec_track_next_start (windower->tracks->pdata[0]) < end)
    listen (windower, TRUE);
  for (guint t = 0; t < windower->tracks->len; t++) {
    GstEmotion2vecTrack *track = windower->tracks->pdata[t];
    guint64 start;

    if (gst_emotion2vec_track_finish (track, &start, &end))
      cut_speech (windower, track, start, end, TRUE);
  }
}

static void
end_stretch (GstEmotion2vecWindower * windower)
{
  windower->anchor = gst_emotion2vec_windower_position (windower);
  if (windower->in_stretch)
    windower->stretch++;
  windower->in_stretch = FALSE;
  windower->index = windower->covered = windower->pending_gap = 0;
  windower->voted_from = windower->voted_to = 0;
  for (guint t = 0; t < windower->tracks->len; t++)
    gst_emotion2vec_track_reset (windower->tracks->pdata[t]);
}

void
gst_emotion2vec_windower_drain (GstEmotion2vecWindower * windower)
{
  guint64 gap = windower->pending_gap;

  if (!windower->in_stretch)
    return;
  windower->pending_gap = 0;
  feed (windower, NULL, gap);
  cut_last (windower);
  finish_speech (windower);
  end_stretch (windower);
}

void
gst_emotion2vec_windower_reset (GstEmotion2vecWindower * windower)
{
  end_stretch (windower);
  windower->anchor = GST_CLOCK_TIME_NONE;
  windower->stretch = 0;
  windower->vote = FALSE;
  g_queue_clear_full (&windower->done,
      (GDestroyNotify) gst_emotion2vec_window_free);
}

GstClockTime
gst_emotion2vec_windower_position (const GstEmotion2vecWindower * windower)
{
  guint64 n = count (windower) + windower->pending_gap;

  if (!GST_CLOCK_TIME_IS_VALID (windower->anchor))
    return GST_CLOCK_TIME_NONE;
  return windower->anchor + frames_to_time (windower, n);
}

/* Ends the stretch if @time is not where it is now. */
static void
check_time (GstEmotion2vecWindower * windower, GstClockTime time)
{
  GstClockTime expected = gst_emotion2vec_windower_position (windower);
  GstClockTime jump;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    return;
  jump = time > expected ? time - expected : expected - time;
  if (!GST_CLOCK_TIME_IS_VALID (expected) || jump > GST_EMOTION2VEC_MAX_JITTER)
    gst_emotion2vec_windower_drain (windower);
  if (!windower->in_stretch)
    windower->anchor = time;
}

void
gst_emotion2vec_windower_push (GstEmotion2vecWindower * windower,
    const gpointer * planes, gsize n_frames, GstClockTime time)
{
  guint64 gap;

  if (n_frames == 0)
    return;
  check_time (windower, time);
  windower->in_stretch = TRUE;
  gap = windower->pending_gap;
  windower->pending_gap = 0;
  feed (windower, NULL, gap);
  feed (windower, planes, n_frames);
  windower->vote = FALSE;
}

void
gst_emotion2vec_windower_push_gap (GstEmotion2vecWindower * windower,
    guint64 n_frames, GstClockTime time)
{
  guint64 gap;

  check_time (windower, time);
  gap = windower->pending_gap + n_frames;
  if (windower->in_stretch
      && frames_to_time (windower,
          gap) <= windower->settings.minimum_duration) {
    windower->pending_gap = gap;
    return;
  }
  windower->pending_gap = 0;
  gst_emotion2vec_windower_drain (windower);
  if (GST_CLOCK_TIME_IS_VALID (windower->anchor))
    windower->anchor += frames_to_time (windower, gap);
}

GstEmotion2vecWindow *
gst_emotion2vec_windower_pop (GstEmotion2vecWindower * windower)
{
  return g_queue_pop_head (&windower->done);
}
