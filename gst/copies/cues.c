/* cues.c - the segments of an annotation as subtitles that never overlap.
 *
 * Segments of one channel and trigger do not overlap and come in order, so those that are heard at a moment are few, and
 * one pass over the segments and over the moments at which something changes is enough.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cues.h"

#include "formattext.h"

static gboolean
is_shown (const AnnotationSegment * segment)
{
  return segment->label >= 0
      && format_milliseconds (segment->start) <
      format_milliseconds (segment->end);
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  const guint64 *one = a, *other = b;

  return (*one > *other) - (*one < *other);
}

/* (transfer full) (element-type guint64): milliseconds at which a segment begins or ends, in order, each once. */
static GArray *
changes (const Annotation * annotation)
{
  GArray *times = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint n = 0;

  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);
    const guint64 both[] = { format_milliseconds (segment->start),
      format_milliseconds (segment->end)
    };

    if (is_shown (segment))
      g_array_append_vals (times, both, 2);
  }
  g_array_sort (times, compare_times);
  for (guint i = 0; i < times->len; i++) {
    guint64 time = g_array_index (times, guint64, i);

    if (n == 0 || g_array_index (times, guint64, n - 1) != time)
      g_array_index (times, guint64, n++) = time;
  }
  g_array_set_size (times, n);
  return times;
}

static gint
compare_tracks (gconstpointer a, gconstpointer b)
{
  const AnnotationSegment *one = *(AnnotationSegment * const *) a;
  const AnnotationSegment *other = *(AnnotationSegment * const *) b;

  if (one->speech != other->speech)
    return one->speech ? 1 : -1;
  return (one->channel > other->channel) - (one->channel < other->channel);
}

/* Who: "channel 2 speech: ". Nothing for the interval trigger on all channels. */
static void
append_track (GString * text, const AnnotationSegment * segment)
{
  if (segment->channel >= 0)
    g_string_append_printf (text, "channel %" G_GINT64_FORMAT "%s",
        (gint64) segment->channel + 1, segment->speech ? " speech" : "");
  else if (segment->speech)
    g_string_append (text, "speech");
  else
    return;
  g_string_append (text, ": ");
}

/* Whether segments are of several channels or triggers. */
static gboolean
has_several_tracks (const Annotation * annotation)
{
  const GArray *segments = annotation->segments;

  for (guint i = 1; i < segments->len; i++) {
    const AnnotationSegment *first =
        &g_array_index (segments, AnnotationSegment, 0);
    const AnnotationSegment *other =
        &g_array_index (segments, AnnotationSegment, i);

    if (other->channel != first->channel || other->speech != first->speech)
      return TRUE;
  }
  return FALSE;
}

/* (transfer full): what @heard says. @several: say of which track. */
static char *
make_text (const Annotation * annotation, GPtrArray * heard, gboolean several)
{
  GString *text = g_string_new (NULL);

  g_ptr_array_sort (heard, compare_tracks);
  for (guint i = 0; i < heard->len; i++) {
    const AnnotationSegment *segment = heard->pdata[i];

    if (i > 0)
      g_string_append_c (text, '\n');
    if (several)
      append_track (text, segment);
    format_append_line (text, annotation_label (annotation, segment->label));
    g_string_append_c (text, ' ');
    format_append_percent (text, segment->confidence);
  }
  return g_string_free (text, FALSE);
}

/* Takes out of @heard what ends at @time and puts in what begins then. @next: the first segment that has not begun. */
static void
change (const Annotation * annotation, GPtrArray * heard, guint64 time,
    guint * next)
{
  for (guint i = heard->len; i > 0; i--) {
    const AnnotationSegment *segment = heard->pdata[i - 1];

    if (format_milliseconds (segment->end) <= time)
      g_ptr_array_remove_index (heard, i - 1);
  }
  for (; *next < annotation->segments->len; (*next)++) {
    AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, *next);

    if (format_milliseconds (segment->start) > time)
      break;
    if (is_shown (segment) && format_milliseconds (segment->end) > time)
      g_ptr_array_add (heard, segment);
  }
}

static void
clear_cue (gpointer data)
{
  g_free (((Cue *) data)->text);
}

GArray *
cues_from_annotation (const Annotation * annotation)
{
  g_autoptr (GArray) times = changes (annotation);
  g_autoptr (GPtrArray) heard = g_ptr_array_new ();
  GArray *cues = g_array_new (FALSE, FALSE, sizeof (Cue));
  gboolean several = has_several_tracks (annotation);
  guint next = 0;

  g_array_set_clear_func (cues, clear_cue);
  for (guint i = 0; i + 1 < times->len; i++) {
    Cue cue = { g_array_index (times, guint64, i),
      g_array_index (times, guint64, i + 1), NULL
    };

    change (annotation, heard, cue.start, &next);
    if (heard->len == 0)
      continue;
    cue.text = make_text (annotation, heard, several);
    g_array_append_val (cues, cue);
  }
  return cues;
}
