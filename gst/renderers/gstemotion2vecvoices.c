/* gstemotion2vecvoices.c - who sounds how, when.
 *
 * (1) `out` only grows: spans before it were handed out, and what comes for that time is too late.
 * (2) A voice has certain segments in `segments`, in order and without overlap, and at most one window whose end is not
 *     known (`open`), which begins at or after the last of them ends.
 * (3) What is handed out is certain up to the begin of the first open window, or forced by `delay`. Of an open window, the
 *     time that is nearer to its centre than to a next one's is certain too.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecvoices.h"

#include "gstemotion2vectimeline.h"

#define MAX_VOICES 64

/* Live: how long a text about a stretch of speech is shown. */
#define SHORTEST_SHOWN GST_SECOND
#define LONGEST_SHOWN (5 * GST_SECOND)

/* Windows begin at whole samples. */
#define JITTER GST_MSECOND

typedef struct
{
  GstClockTime start, end;
  GstClockTime origin;          /* start of the window */
  GstStructure *fields;         /* NULL: nobody was heard */
} Segment;

typedef struct
{
  char *element, *stream_id;
  gint channel;
  gboolean speech;
  guint number;
  GQueue segments;              /* of Segment */
  GstClockTime until;           /* end of the last of them */
  gboolean open;
  GstEmotion2vecHeard last;     /* the open window */
  GstClockTime begin;           /* from where it speaks */
  GstClockTime interval;        /* that it came with; NONE if it did not say */
  GstStructure *fields;
} Voice;

struct _GstEmotion2vecVoices
{
  GstEmotion2vecVoicesSettings settings;
  GstEmotion2vecSpanFunc func;
  gpointer data;
  GPtrArray *voices;            /* Voice, by element, stream and channel */
  guint n_voices;               /* that there ever were */
  gboolean knows_trigger, speech;       /* trigger=auto */
  GstClockTime out;             /* NONE before the first span */
  GstClockTime lag;             /* arrival: the longest way of a result */
};

/* ---- life ------------------------------------------------------------------------------------------------------- */

static void
free_segment (gpointer data)
{
  Segment *segment = data;

  g_clear_pointer (&segment->fields, gst_structure_free);
  g_free (segment);
}

static void
free_voice (gpointer data)
{
  Voice *voice = data;

  g_queue_clear_full (&voice->segments, free_segment);
  g_clear_pointer (&voice->fields, gst_structure_free);
  g_free (voice->element);
  g_free (voice->stream_id);
  g_free (voice);
}

GstEmotion2vecVoices *
gst_emotion2vec_voices_new (const GstEmotion2vecVoicesSettings * settings,
    GstEmotion2vecSpanFunc func, gpointer data)
{
  GstEmotion2vecVoices *voices = g_new0 (GstEmotion2vecVoices, 1);

  voices->settings = *settings;
  voices->func = func;
  voices->data = data;
  voices->voices = g_ptr_array_new_with_free_func (free_voice);
  voices->out = GST_CLOCK_TIME_NONE;
  return voices;
}

void
gst_emotion2vec_voices_free (GstEmotion2vecVoices * voices)
{
  if (!voices)
    return;
  g_ptr_array_unref (voices->voices);
  g_free (voices);
}

/* ---- finding the voice ------------------------------------------------------------------------------------------ */

static gint
compare_voices (gconstpointer a, gconstpointer b)
{
  const Voice *first = *(Voice * const *) a, *second = *(Voice * const *) b;
  gint order = g_strcmp0 (first->stream_id, second->stream_id);

  if (order == 0)
    order = g_strcmp0 (first->element, second->element);
  if (order == 0)
    order = first->channel - second->channel;
  return order;
}

/* Makes room by forgetting a voice that has nothing to say. */
static void
forget_quiet_voice (GstEmotion2vecVoices * voices)
{
  for (guint i = 0; i < voices->voices->len; i++) {
    Voice *voice = voices->voices->pdata[i];

    if (!voice->open && g_queue_is_empty (&voice->segments)) {
      g_ptr_array_remove_index (voices->voices, i);
      return;
    }
  }
  g_ptr_array_remove_index (voices->voices, 0);
}

static Voice *
new_voice (GstEmotion2vecVoices * voices, const GstEmotion2vecReading * reading)
{
  Voice *voice = g_new0 (Voice, 1);

  voice->element = g_strdup (reading->element);
  voice->stream_id = g_strdup (reading->stream_id);
  voice->channel = reading->channel;
  voice->speech = reading->speech;
  voice->number = voices->n_voices++;
  if (voices->voices->len >= MAX_VOICES)
    forget_quiet_voice (voices);
  g_ptr_array_add (voices->voices, voice);
  g_ptr_array_sort (voices->voices, compare_voices);
  return voice;
}

static Voice *
find_voice (GstEmotion2vecVoices * voices,
    const GstEmotion2vecReading * reading)
{
  for (guint i = 0; i < voices->voices->len; i++) {
    Voice *voice = voices->voices->pdata[i];

    if (voice->channel == reading->channel && voice->speech == reading->speech
        && g_strcmp0 (voice->element, reading->element) == 0
        && g_strcmp0 (voice->stream_id, reading->stream_id) == 0)
      return voice;
  }
  return new_voice (voices, reading);
}

static gboolean
is_wanted (GstEmotion2vecVoices * voices, const GstEmotion2vecReading * reading)
{
  if (voices->settings.channel >= 0 && reading->channel >= 0
      && voices->settings.channel != reading->channel)
    return FALSE;
  switch (voices->settings.trigger) {
    case GST_EMOTION2VEC_TEXT_TRIGGER_INTERVAL:
      return !reading->speech;
    case GST_EMOTION2VEC_TEXT_TRIGGER_SPEECH:
      return reading->speech;
    default:
      if (!voices->knows_trigger)
        voices->speech = reading->speech;
      voices->knows_trigger = TRUE;
      return reading->speech == voices->speech;
  }
}

/* ---- adding ----------------------------------------------------------------------------------------------------- */

/* @fields: (transfer full) (nullable). */
static void
add_segment (Voice * voice, GstClockTime start, GstClockTime end,
    GstClockTime origin, GstStructure * fields)
{
  Segment *segment;

  start = MAX (start, voice->until);
  if (start >= end) {
    g_clear_pointer (&fields, gst_structure_free);
    return;
  }
  segment = g_new0 (Segment, 1);
  segment->start = start;
  segment->end = voice->until = end;
  segment->origin = origin;
  segment->fields = fields;
  g_queue_push_tail (&voice->segments, segment);
}

static void
close_window (Voice * voice, GstClockTime end)
{
  if (!voice->open)
    return;
  add_segment (voice, voice->begin, end, voice->last.start,
      g_steal_pointer (&voice->fields));
  voice->open = FALSE;
}

/* What the window came with, or else the distance to the one after it. */
static GstClockTime
interval_between (const Voice * voice, GstClockTime interval,
    GstClockTime start)
{
  if (GST_CLOCK_TIME_IS_VALID (interval))
    return interval;
  if (start > voice->last.start)
    return MIN (start - voice->last.start, voice->last.duration);
  return voice->last.duration;
}

/* Whether a window at @start is of the same contiguous audio as the open one: they touch, or it is on the grid. */
static gboolean
goes_on (const Voice * voice, GstClockTime start, GstClockTime interval)
{
  GstClockTime distance, rest;

  if (!voice->open || start < voice->last.start)
    return FALSE;
  if (start <= voice->last.start + voice->last.duration + JITTER)
    return TRUE;
  distance = start - voice->last.start;
  rest = interval > 0 ? distance % interval : distance;
  return rest <= JITTER || interval - rest <= JITTER;
}

static void
add_window (Voice * voice, const GstEmotion2vecReading * reading,
    GstClockTime start, GstStructure * fields)
{
  const GstClockTime interval = interval_between (voice, reading->interval,
      start);
  GstEmotion2vecHeard heard = { start, reading->duration, 0, FALSE, 0 };
  GstClockTime begin = start, end = 0;

  heard.stretch = voice->last.stretch + !goes_on (voice, start, interval);
  gst_emotion2vec_timeline_meet (voice->open ? &voice->last : NULL, &heard,
      interval, &end, &begin);
  close_window (voice, end);
  voice->open = TRUE;
  voice->last = heard;
  voice->begin = MAX (begin, voice->until);
  voice->interval = reading->interval;
  voice->fields = fields;
}

/* Live: @end, when the window was complete, and the longest way of a result make the grid on which texts follow each other
 * without gaps. */
static void
add_arrival (GstEmotion2vecVoices * voices, Voice * voice,
    const GstEmotion2vecReading * reading, GstClockTime end,
    GstClockTime position, GstStructure * fields)
{
  GstClockTime shown = reading->interval;

  if (position > end)
    voices->lag = MAX (voices->lag, position - end);
  if (reading->speech || !GST_CLOCK_TIME_IS_VALID (shown))
    shown = CLAMP (reading->duration, SHORTEST_SHOWN, LONGEST_SHOWN);
  add_segment (voice, end + voices->lag, end + voices->lag + shown,
      end - reading->duration, fields);
}

void
gst_emotion2vec_voices_add (GstEmotion2vecVoices * voices,
    const GstEmotion2vecReading * reading, GstClockTime start,
    GstClockTime position)
{
  GstStructure *fields;
  Voice *voice;

  if (!is_wanted (voices, reading))
    return;
  voice = find_voice (voices, reading);
  fields = reading->label ? gst_structure_copy (reading->fields) : NULL;
  if (voices->settings.arrival)
    add_arrival (voices, voice, reading, start + reading->duration, position,
        fields);
  else if (reading->speech)
    add_segment (voice, start, start + reading->duration, start, fields);
  else
    add_window (voice, reading, start, fields);
}

/* ---- handing out ------------------------------------------------------------------------------------------------ */

/* The segment of @voice that speaks at @time or comes next; what ended before is dropped. */
static const Segment *
segment_at (Voice * voice, GstClockTime time)
{
  Segment *segment;

  while ((segment = g_queue_peek_head (&voice->segments))
      && segment->end <= time)
    free_segment (g_queue_pop_head (&voice->segments));
  return segment;
}

static void
add_line (GArray * lines, const Voice * voice, GstClockTime origin,
    GstStructure * fields)
{
  const GstEmotion2vecLine line = { voice->number, origin, fields };

  if (fields)
    g_array_append_val (lines, line);
}

/* Adds what @voice is at @time, if anything. Returns: until when, at most @limit. */
static GstClockTime
hear (Voice * voice, GstClockTime time, GstClockTime limit, GArray * lines)
{
  const Segment *segment = segment_at (voice, time);
  GstClockTime certain;

  if (segment) {
    if (segment->start > time)
      return MIN (limit, segment->start);
    add_line (lines, voice, segment->origin, segment->fields);
    return MIN (limit, segment->end);
  }
  if (!voice->open || time >= limit)
    return limit;
  certain = voice->last.start + (voice->last.duration
      + interval_between (voice, voice->interval, 0)) / 2;
  if (voice->begin > time)
    return MIN (limit, voice->begin);
  if (certain <= time)
    return limit;
  add_line (lines, voice, voice->last.start, voice->fields);
  return MIN (limit, certain);
}

static void
hand_out (GstEmotion2vecVoices * voices, GstClockTime limit)
{
  g_autoptr (GArray) lines =
      g_array_new (FALSE, FALSE, sizeof (GstEmotion2vecLine));

  while (voices->out < limit) {
    GstClockTime end = limit;

    g_array_set_size (lines, 0);
    for (guint i = 0; i < voices->voices->len; i++)
      end = hear (voices->voices->pdata[i], voices->out, end, lines);
    voices->func (voices->out, end, lines, voices->data);
    voices->out = end;
  }
}

/* Up to where all is certain. */
static GstClockTime
find_certain (const GstEmotion2vecVoices * voices, GstClockTime position)
{
  GstClockTime first_open = GST_CLOCK_TIME_NONE, until = 0, forced;

  for (guint i = 0; i < voices->voices->len; i++) {
    const Voice *voice = voices->voices->pdata[i];

    until = MAX (until, voice->until);
    if (voice->open)
      first_open = MIN (first_open, voice->begin);
  }
  if (voices->settings.arrival)
    return MAX (until, position);
  forced = MAX (position, voices->settings.delay) - voices->settings.delay;
  return MAX (forced, GST_CLOCK_TIME_IS_VALID (first_open) ? first_open :
      until);
}

void
gst_emotion2vec_voices_advance (GstEmotion2vecVoices * voices,
    GstClockTime start, GstClockTime position)
{
  if (!GST_CLOCK_TIME_IS_VALID (voices->out))
    voices->out = start;
  for (guint i = 0; i < voices->voices->len; i++) {
    Voice *voice = voices->voices->pdata[i];
    GstClockTime end = voice->last.start + voice->last.duration;

    if (voice->open && position > end + voice->last.duration
        + interval_between (voice, voice->interval, 0))
      close_window (voice, end);
  }
  hand_out (voices, find_certain (voices, position));
}

void
gst_emotion2vec_voices_end (GstEmotion2vecVoices * voices,
    GstClockTime position)
{
  if (!GST_CLOCK_TIME_IS_VALID (voices->out))
    return;
  for (guint i = 0; i < voices->voices->len; i++) {
    Voice *voice = voices->voices->pdata[i];

    close_window (voice, voice->last.start + voice->last.duration);
  }
  hand_out (voices, position);
}
