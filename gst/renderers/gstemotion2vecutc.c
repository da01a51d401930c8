/* gstemotion2vecutc.c - what time it was in the world.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecutc.h"

#define DISTANCE GST_SECOND
#define MAX_MARKS 300

/* From 1900, where NTP begins, to 1970. */
#define NTP_TO_UNIX (G_GUINT64_CONSTANT (2208988800) * GST_SECOND)

typedef struct
{
  GstClockTime time;            /* of the stream */
  guint64 unix_time;            /* ns since 1970 */
} Mark;

struct _GstEmotion2vecUtc
{
  GQueue marks;                 /* of Mark, in the order of coming */
};

GstEmotion2vecUtc *
gst_emotion2vec_utc_new (void)
{
  return g_new0 (GstEmotion2vecUtc, 1);
}

void
gst_emotion2vec_utc_forget (GstEmotion2vecUtc * utc)
{
  g_queue_clear_full (&utc->marks, g_free);
}

void
gst_emotion2vec_utc_free (GstEmotion2vecUtc * utc)
{
  if (!utc)
    return;
  gst_emotion2vec_utc_forget (utc);
  g_free (utc);
}

/* FALSE: of a clock that we cannot read. @unix_time: (out): untouched then. */
static gboolean
to_unix (const GstReferenceTimestampMeta * meta, guint64 * unix_time)
{
  const GstStructure *clock = gst_caps_get_size (meta->reference) > 0 ?
      gst_caps_get_structure (meta->reference, 0) : NULL;

  if (!clock || !GST_CLOCK_TIME_IS_VALID (meta->timestamp))
    return FALSE;
  if (gst_structure_has_name (clock, "timestamp/x-unix")) {
    *unix_time = meta->timestamp;
    return TRUE;
  }
  if (!gst_structure_has_name (clock, "timestamp/x-ntp")
      || meta->timestamp < NTP_TO_UNIX)
    return FALSE;
  *unix_time = meta->timestamp - NTP_TO_UNIX;
  return TRUE;
}

void
gst_emotion2vec_utc_note (GstEmotion2vecUtc * utc, GstBuffer * buffer,
    GstClockTime start)
{
  const Mark *last = g_queue_peek_tail (&utc->marks);
  gpointer state = NULL;
  GstMeta *meta;

  if (last && start >= last->time && start - last->time < DISTANCE)
    return;
  while ((meta = gst_buffer_iterate_meta_filtered (buffer, &state,
              GST_REFERENCE_TIMESTAMP_META_API_TYPE))) {
    Mark mark = { start, 0 };

    if (!to_unix ((GstReferenceTimestampMeta *) meta, &mark.unix_time))
      continue;
    g_queue_push_tail (&utc->marks, g_memdup2 (&mark, sizeof mark));
    if (utc->marks.length > MAX_MARKS)
      g_free (g_queue_pop_head (&utc->marks));
    return;
  }
}

/* The last mark at or before @time, or else the first one. */
static const Mark *
find_mark (const GstEmotion2vecUtc * utc, GstClockTime time)
{
  for (const GList * link = utc->marks.tail; link; link = link->prev) {
    const Mark *mark = link->data;

    if (mark->time <= time)
      return mark;
  }
  return utc->marks.head ? utc->marks.head->data : NULL;
}

char *
gst_emotion2vec_utc_at (const GstEmotion2vecUtc * utc, GstClockTime time)
{
  const Mark *mark = find_mark (utc, time);
  g_autoptr (GDateTime) date = NULL;
  g_autofree char *seconds = NULL;
  guint64 unix_time;

  /* a mark far from the start of the window may lie before 1970, or after what fits */
  if (!mark || mark->unix_time > G_MAXINT64 || time > G_MAXINT64
      || mark->unix_time + time < mark->time)
    return NULL;
  unix_time = mark->unix_time + time - mark->time;
  date = g_date_time_new_from_unix_utc ((gint64) (unix_time / GST_SECOND));
  seconds = date ? g_date_time_format (date, "%Y-%m-%dT%H:%M:%S") : NULL;
  if (!seconds)
    return NULL;
  return g_strdup_printf ("%s.%09" G_GUINT64_FORMAT "Z", seconds,
      unix_time % GST_SECOND);
}
