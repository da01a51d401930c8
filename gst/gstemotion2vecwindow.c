/* gstemotion2vecwindow.c - audio in, complete windows with exact times out.
 *
 * (1) Everything is derived from counts of frames since the start of the stretch; times are anchor + count, scaled once.
 * (2) Audio goes into the line in pieces that end where a window ends, so a window is read when exactly its frames, and
 *     none after, are there: buffer sizes change nothing.
 * (3) A gap is pending until it is known whether it is silence or a break: what follows it, or its length, decides.
 * (4) A stretch ends in one place, end_stretch().
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecwindow.h"

#include <math.h>

#include "gstemotion2vecmono.h"

/* Added to the mean square before the logarithm, as the level element does: silence is a number, -350 dB. */
#define LEVEL_EPSILON 1e-35

struct _GstEmotion2vecWindower
{
  GstEmotion2vecWindowSettings settings;
  gint rate;
  GstEmotion2vecMono *mono;
  guint64 length;               /* of a window, in frames */
  GstClockTime interval;        /* in force, never 0 */
  guint64 shortest;             /* frames of the shortest last window */

  gboolean in_stretch;
  GstClockTime anchor;          /* time of the stretch's first frame; outside a stretch, of the next frame; or NONE */
  guint64 index;                /* of the next window */
  guint64 covered;              /* end of the last window, in frames */
  guint64 pending_gap;          /* frames, after those in the line */
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

GstEmotion2vecWindower *
gst_emotion2vec_windower_new (const GstAudioInfo * info,
    const GstEmotion2vecWindowSettings * settings)
{
  GstEmotion2vecMono *mono = gst_emotion2vec_mono_new (info);
  GstClockTime window = settings->window, interval = settings->interval;
  GstEmotion2vecWindower *windower;

  if (!mono)
    return NULL;
  if (window == 0)
    window = interval = GST_EMOTION2VEC_MAX_WINDOW;
  else if (interval == 0)
    interval = window;
  window = MIN (window, GST_EMOTION2VEC_MAX_WINDOW);
  windower = g_new0 (GstEmotion2vecWindower, 1);
  windower->settings = *settings;
  windower->rate = info->rate;
  windower->mono = mono;
  windower->length = MAX (1,
      gst_util_uint64_scale (window, (guint64) info->rate, GST_SECOND));
  windower->interval = MAX (interval, GST_EMOTION2VEC_MIN_INTERVAL);
  windower->shortest = MAX (1,
      gst_util_uint64_scale_ceil (settings->minimum_duration,
          (guint64) info->rate, GST_SECOND));
  windower->anchor = GST_CLOCK_TIME_NONE;
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
  gst_emotion2vec_mono_free (windower->mono);
  g_free (windower);
}

static double
level_of (const float *samples, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += (double) samples[i] * (double) samples[i];
  return 10 * log10 (sum / n + LEVEL_EPSILON);
}

/* Cuts the window of @length frames from frame @start on; all its frames are in the line. */
static void
cut (GstEmotion2vecWindower * windower, guint64 start, guint64 length,
    gboolean partial, gboolean tail)
{
  guint n_samples =
      (guint) gst_emotion2vec_window_to_16k (length, windower->rate);
  GstEmotion2vecWindow *window;

  if (n_samples < MAX (1, windower->settings.min_samples))
    return;
  window = g_new0 (GstEmotion2vecWindow, 1);
  window->start = start;
  window->length = length;
  window->position = GST_CLOCK_TIME_NONE;
  if (GST_CLOCK_TIME_IS_VALID (windower->anchor))
    window->position = windower->anchor + frames_to_time (windower, start);
  window->duration = frames_to_time (windower, length);
  window->n_samples = n_samples;
  window->samples = g_new (float, n_samples);
  gst_emotion2vec_mono_read (windower->mono,
      gst_emotion2vec_window_to_16k (start, windower->rate), n_samples,
      window->samples);
  window->level = level_of (window->samples, n_samples);
  window->partial = partial;
  window->tail = tail;
  g_queue_push_tail (&windower->done, window);
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
  guint64 end = gst_emotion2vec_mono_n_frames (windower->mono);
  guint64 last = end > windower->length ? end - windower->length : 0;
  guint64 needed = MIN (next_start (windower), last);

  if (windower->settings.window == 0)
    needed = next_start (windower);
  gst_emotion2vec_mono_forget (windower->mono,
      gst_emotion2vec_window_to_16k (needed, windower->rate));
}

/* Adds frames (@planes NULL: silence) and cuts each window where it ends. */
static void
feed (GstEmotion2vecWindower * windower, const gpointer * planes,
    guint64 n_frames)
{
  guint64 offset = 0;

  while (offset < n_frames) {
    guint64 end = next_start (windower) + windower->length;
    guint64 now = gst_emotion2vec_mono_n_frames (windower->mono);
    guint64 n = MIN (n_frames - offset, end - now);

    gst_emotion2vec_mono_push (windower->mono, planes, (gsize) offset,
        (gsize) n);
    offset += n;
    while (next_start (windower) + windower->length == now + n) {
      cut (windower, next_start (windower), windower->length, FALSE, FALSE);
      windower->covered = now + n;
      windower->index++;
    }
    forget_past (windower);
  }
}

/* One more window for what is in none yet, if that is long enough. */
static void
cut_last (GstEmotion2vecWindower * windower)
{
  guint64 end = gst_emotion2vec_mono_n_frames (windower->mono);

  if (end - windower->covered < windower->shortest)
    return;
  if (windower->settings.window == 0)
    cut (windower, windower->covered, end - windower->covered, FALSE, TRUE);
  else if (end >= windower->length)
    cut (windower, end - windower->length, windower->length, FALSE, TRUE);
  else
    cut (windower, 0, end, TRUE, TRUE);
}

static void
end_stretch (GstEmotion2vecWindower * windower)
{
  windower->anchor = gst_emotion2vec_windower_position (windower);
  windower->in_stretch = FALSE;
  windower->index = windower->covered = windower->pending_gap = 0;
  gst_emotion2vec_mono_reset (windower->mono);
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
  end_stretch (windower);
}

void
gst_emotion2vec_windower_reset (GstEmotion2vecWindower * windower)
{
  end_stretch (windower);
  windower->anchor = GST_CLOCK_TIME_NONE;
  g_queue_clear_full (&windower->done,
      (GDestroyNotify) gst_emotion2vec_window_free);
}

GstClockTime
gst_emotion2vec_windower_position (const GstEmotion2vecWindower * windower)
{
  guint64 n = gst_emotion2vec_mono_n_frames (windower->mono)
      + windower->pending_gap;

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
