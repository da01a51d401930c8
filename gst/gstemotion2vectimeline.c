/* gstemotion2vectimeline.c - the time that each window speaks for.
 *
 * (1) Where the time of a window begins is certain when it comes; where it ends, when the next one comes.
 * (2) `segments` holds what is certain; the last window is kept beside it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vectimeline.h"

/* Windows begin at whole samples, so their distance is the interval give or take one of them. */
#define JITTER GST_MSECOND

struct _GstEmotion2vecTimeline
{
  GstClockTime interval;
  guint max_segments;
  GArray *segments;             /* GstEmotion2vecSegment */
  GArray *times;                /* GstClockTime for each label */
  gboolean has_last;
  GstEmotion2vecHeard last;
  GstClockTime last_begin;
  GstClockTime until;           /* spoken for by windows before the last one */
};

static GstClockTime
window_end (const GstEmotion2vecHeard * heard)
{
  return heard->start + heard->duration;
}

/* Where two windows of one stretch meet. */
static void
meet_on_grid (const GstEmotion2vecHeard * before,
    const GstEmotion2vecHeard * after, GstClockTime interval,
    GstClockTime * end, GstClockTime * begin)
{
  GstClockTime middle;

  if (interval == 0)
    interval = before->duration;
  *end = before->start + (before->duration + interval) / 2;
  if (after->start <= window_end (before)) {
    /* nothing speaks for what it has not heard */
    *end = MAX (*end, after->start);
    *end = *begin = MIN (*end, window_end (after));
    return;
  }
  /* the window after may be one at the end of a stretch, off the grid */
  middle = window_end (before) + (after->start - window_end (before)) / 2;
  *end = MIN (*end, middle);
  *begin = after->start + (after->duration + interval) / 2;
  *begin = MAX (*begin, interval) - interval;
  *begin = MAX (*begin, middle);
  if (*begin - *end < JITTER)
    *begin = *end;
}

void
gst_emotion2vec_timeline_meet (const GstEmotion2vecHeard * before,
    const GstEmotion2vecHeard * after, GstClockTime interval,
    GstClockTime * end, GstClockTime * begin)
{
  if (before && after && before->stretch == after->stretch
      && !before->speech && !after->speech && before->start <= after->start) {
    meet_on_grid (before, after, interval, end, begin);
    return;
  }
  if (before)
    *end = window_end (before);
  if (after)
    *begin = after->start;
  /* audio that is there twice, as in packets that overlap, is the earlier's;
   * but a jump back is a jump back */
  if (before && after && *begin >= before->start && *begin < *end)
    *begin = MIN (*end, window_end (after));
}

/* ---- segments --------------------------------------------------------------------------------------------------- */

GstEmotion2vecTimeline *
gst_emotion2vec_timeline_new (GstClockTime interval, guint max_segments)
{
  GstEmotion2vecTimeline *timeline = g_new0 (GstEmotion2vecTimeline, 1);

  timeline->interval = interval;
  timeline->max_segments = max_segments;
  timeline->segments =
      g_array_new (FALSE, FALSE, sizeof (GstEmotion2vecSegment));
  timeline->times = g_array_new (FALSE, TRUE, sizeof (GstClockTime));
  return timeline;
}

void
gst_emotion2vec_timeline_free (GstEmotion2vecTimeline * timeline)
{
  if (!timeline)
    return;
  g_array_unref (timeline->segments);
  g_array_unref (timeline->times);
  g_free (timeline);
}

static GstEmotion2vecSegment *
segment_at (const GArray * segments, guint i)
{
  return &g_array_index (segments, GstEmotion2vecSegment, i);
}

static gboolean
touch (const GArray * segments, guint i)
{
  return segment_at (segments, i)->end == segment_at (segments, i + 1)->start;
}

/* Joins segments @i and @i + 1 if they are one. */
static void
join (GArray * segments, guint i)
{
  if (i + 1 >= segments->len || !touch (segments, i)
      || segment_at (segments, i)->label != segment_at (segments, i + 1)->label)
    return;
  segment_at (segments, i)->end = segment_at (segments, i + 1)->end;
  g_array_remove_index (segments, i + 1);
}

static void
append (GArray * segments, GstClockTime start, GstClockTime end, gint label)
{
  const GstEmotion2vecSegment segment = { start, end, label };

  if (start >= end)
    return;
  g_array_append_val (segments, segment);
  if (segments->len > 1)
    join (segments, segments->len - 2);
}

static GstClockTime
length (const GArray * segments, guint i)
{
  return segment_at (segments, i)->end - segment_at (segments, i)->start;
}

/* Gives the shortest segment to its longer neighbour. The last one takes no part: it may still grow. */
static void
drop_shortest (GArray * segments)
{
  guint shortest = 0;
  gboolean left, right;

  for (guint i = 1; i + 1 < segments->len; i++)
    if (length (segments, i) < length (segments, shortest))
      shortest = i;
  left = shortest > 0 && touch (segments, shortest - 1);
  right = touch (segments, shortest);
  if (left && right)
    left = length (segments, shortest - 1) >= length (segments, shortest + 1);
  if (left)
    segment_at (segments, shortest - 1)->end =
        segment_at (segments, shortest)->end;
  else if (right)
    segment_at (segments, shortest + 1)->start =
        segment_at (segments, shortest)->start;
  g_array_remove_index (segments, shortest);
  if (shortest > 0)
    join (segments, shortest - 1);
}

static void
count_time (GstEmotion2vecTimeline * timeline, gint label, GstClockTime time)
{
  if (label < 0)
    return;
  if ((guint) label >= timeline->times->len)
    g_array_set_size (timeline->times, (guint) label + 1);
  g_array_index (timeline->times, GstClockTime, label) += time;
}

/* Puts down the last window, which speaks until @end. Returns: for how long. */
static GstClockTime
settle (GstEmotion2vecTimeline * timeline, GstClockTime end)
{
  GstClockTime time = MAX (end, timeline->last_begin) - timeline->last_begin;

  append (timeline->segments, timeline->last_begin, end, timeline->last.label);
  while (timeline->segments->len > timeline->max_segments)
    drop_shortest (timeline->segments);
  count_time (timeline, timeline->last.label, time);
  return time;
}

GstClockTime
gst_emotion2vec_timeline_add (GstEmotion2vecTimeline * timeline,
    const GstEmotion2vecHeard * heard)
{
  GstClockTime begin, end, time = 0;

  gst_emotion2vec_timeline_meet (timeline->has_last ? &timeline->last : NULL,
      heard, timeline->interval, &end, &begin);
  if (timeline->has_last) {
    time = settle (timeline, end);
    timeline->until = heard->start < timeline->last.start ? 0
        : MAX (timeline->until, end);
  }
  /* a window may end before the one before it does */
  begin = MAX (begin, timeline->until);
  timeline->has_last = TRUE;
  timeline->last = *heard;
  timeline->last_begin = begin;
  return time;
}

GstClockTime
gst_emotion2vec_timeline_last (const GstEmotion2vecTimeline * timeline)
{
  GstClockTime end = 0;

  if (!timeline->has_last)
    return 0;
  end = window_end (&timeline->last);
  return MAX (end, timeline->last_begin) - timeline->last_begin;
}

GArray *
gst_emotion2vec_timeline_segments (const GstEmotion2vecTimeline * timeline)
{
  GArray *segments = g_array_copy (timeline->segments);

  if (timeline->has_last)
    append (segments, timeline->last_begin, window_end (&timeline->last),
        timeline->last.label);
  while (segments->len > timeline->max_segments)
    drop_shortest (segments);
  return segments;
}

GstClockTime
gst_emotion2vec_timeline_time (const GstEmotion2vecTimeline * timeline,
    gint label)
{
  GstClockTime time = 0;

  if ((guint) label < timeline->times->len)
    time = g_array_index (timeline->times, GstClockTime, label);
  if (timeline->has_last && timeline->last.label == label)
    time += gst_emotion2vec_timeline_last (timeline);
  return time;
}
