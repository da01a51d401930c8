/* gstemotion2vectimeline.h - windows overlap, subtitles and chapters must not: the time that each window speaks for.
 *
 * On its grid, window k speaks for [start + (duration - interval) / 2, + interval): the time around its centre that is
 * nearer to it than to its neighbours. The first of a stretch of audio speaks from its start on, the last until its end.
 * Where windows touch, none speaks for time before its start, whatever was dropped in between. Windows of stretches of
 * speech do not overlap and speak for exactly what they are about. Everything that writes segments (TOC, shares, text)
 * uses these functions. All times are of one kind, whichever the caller likes.
 * Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_TIMELINE_H
#define GST_EMOTION2VEC_TIMELINE_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Label of a window in which nobody was heard. */
#define GST_EMOTION2VEC_SILENT (-1)

typedef struct
{
  GstClockTime start, duration;
  guint64 stretch;              /* of contiguous audio that it was cut from */
  gboolean speech;              /* it is a stretch of speech */
  gint label;                   /* the caller's number of what was heard, or GST_EMOTION2VEC_SILENT */
} GstEmotion2vecHeard;

typedef struct
{
  GstClockTime start, end;
  gint label;
} GstEmotion2vecSegment;

/* Where the time of @before ends and that of @after begins: mostly the same moment. Time that no window is near to, as
 * after windows that were dropped, is left out, but not where the two windows touch. Rounding leaves no gaps.
 * @before, @after: (nullable): neighbours of one channel and kind; NULL at the ends. @interval: distance of the windows;
 * 0: their duration. @end, @begin: (out): untouched where there is no window. */
void gst_emotion2vec_timeline_meet (const GstEmotion2vecHeard * before, const GstEmotion2vecHeard * after,
    GstClockTime interval, GstClockTime * end, GstClockTime * begin);

/* The segments of one channel, as they come. */
typedef struct _GstEmotion2vecTimeline GstEmotion2vecTimeline;

/* @max_segments: at least 2. If there are more, the shortest are given to their longer neighbours, so that hours of
 * audio do not take hours of memory. */
GstEmotion2vecTimeline *gst_emotion2vec_timeline_new (GstClockTime interval, guint max_segments);
void gst_emotion2vec_timeline_free (GstEmotion2vecTimeline * timeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecTimeline, gst_emotion2vec_timeline_free)

/* Adds the next window. Returns: how long the window before this one speaks for, as is certain now; 0 for the first. */
GstClockTime gst_emotion2vec_timeline_add (GstEmotion2vecTimeline * timeline, const GstEmotion2vecHeard * heard);

/* How long the last window speaks for if none follows; 0 without windows. */
GstClockTime gst_emotion2vec_timeline_last (const GstEmotion2vecTimeline * timeline);

/* (transfer full) (element-type GstEmotion2vecSegment): all segments, as if the last window ended its stretch; neighbours
 * differ or do not touch. g_array_unref(). */
GArray *gst_emotion2vec_timeline_segments (const GstEmotion2vecTimeline * timeline);

/* How long @label, at least 0, was heard, whatever became of its shortest segments. */
GstClockTime gst_emotion2vec_timeline_time (const GstEmotion2vecTimeline * timeline, gint label);

G_END_DECLS

#endif
