/* gstemotion2veccaptions.c - from spans to texts.
 *
 * At most two texts wait: `first`, which may still grow, and `second`, which is different and not yet long enough to stand
 * by itself. A gap hands out both.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2veccaptions.h"

#include "gstemotion2vecvoices.h"

typedef struct
{
  GstClockTime start, end;
  GArray *lines;                /* GstEmotion2vecLine, fields owned: sums over time until it is handed out */
} Caption;

struct _GstEmotion2vecCaptions
{
  GstEmotion2vecCaptionsSettings settings;
  GstEmotion2vecCaptionFunc func;
  gpointer data;
  Caption *first, *second;
};

/* ---- means ------------------------------------------------------------------------------------------------------ */

static const char *const mean_numbers[] = { "confidence", "level" };
static const char *const mean_arrays[] = { "scores", "raw-scores" };

/* to = to * before + from * now, where both are arrays of doubles of one length */
static void
mix_arrays (GstStructure * to, const GstStructure * from, const char *name,
    double before, double now)
{
  const GValue *old = gst_structure_get_value (to, name);
  const GValue *other = gst_structure_get_value (from, name);
  GValue mixed = G_VALUE_INIT;

  if (!old || !other || !GST_VALUE_HOLDS_ARRAY (old)
      || !GST_VALUE_HOLDS_ARRAY (other)
      || gst_value_array_get_size (old) != gst_value_array_get_size (other))
    return;
  g_value_init (&mixed, GST_TYPE_ARRAY);
  for (guint i = 0; i < gst_value_array_get_size (old); i++) {
    const GValue *a = gst_value_array_get_value (old, i);
    const GValue *b = gst_value_array_get_value (other, i);
    GValue value = G_VALUE_INIT;

    g_value_init (&value, G_TYPE_DOUBLE);
    if (G_VALUE_HOLDS_DOUBLE (a) && G_VALUE_HOLDS_DOUBLE (b))
      g_value_set_double (&value, g_value_get_double (a) * before
          + g_value_get_double (b) * now);
    gst_value_array_append_and_take_value (&mixed, &value);
  }
  gst_structure_take_value (to, name, &mixed);
}

/* @before, @now: shares of the time, sum 1. */
static void
mix (GstStructure * to, const GstStructure * from, double before, double now)
{
  for (guint i = 0; i < G_N_ELEMENTS (mean_numbers); i++) {
    double a, b;

    if (gst_structure_get_double (to, mean_numbers[i], &a)
        && gst_structure_get_double (from, mean_numbers[i], &b))
      gst_structure_set (to, mean_numbers[i], G_TYPE_DOUBLE,
          a * before + b * now, NULL);
  }
  for (guint i = 0; i < G_N_ELEMENTS (mean_arrays); i++)
    mix_arrays (to, from, mean_arrays[i], before, now);
}

/* ---- one text --------------------------------------------------------------------------------------------------- */

static GstEmotion2vecLine *
line_at (const GArray * lines, guint i)
{
  return &g_array_index (lines, GstEmotion2vecLine, i);
}

static Caption *
new_caption (GstClockTime start, GstClockTime end, const GArray * lines)
{
  Caption *caption = g_new0 (Caption, 1);

  caption->start = start;
  caption->end = end;
  caption->lines = g_array_new (FALSE, FALSE, sizeof (GstEmotion2vecLine));
  for (guint i = 0; i < lines->len; i++) {
    GstEmotion2vecLine line = *line_at (lines, i);

    line.fields = gst_structure_copy (line.fields);
    g_array_append_val (caption->lines, line);
  }
  return caption;
}

static void
free_caption (Caption * caption)
{
  if (!caption)
    return;
  for (guint i = 0; i < caption->lines->len; i++)
    gst_structure_free (line_at (caption->lines, i)->fields);
  g_array_unref (caption->lines);
  g_free (caption);
}

/* Whether the same voices sound the same. */
static gboolean
is_same (const Caption * caption, const GArray * lines)
{
  if (caption->lines->len != lines->len)
    return FALSE;
  for (guint i = 0; i < lines->len; i++)
    if (line_at (caption->lines, i)->voice != line_at (lines, i)->voice
        || g_strcmp0 (gst_structure_get_string (line_at (caption->lines,
                    i)->fields, "label"),
            gst_structure_get_string (line_at (lines, i)->fields,
                "label")) != 0)
      return FALSE;
  return TRUE;
}

static void
extend (Caption * caption, GstClockTime end, const GArray * lines)
{
  double total = (double) (end - caption->start);
  double before = (double) (caption->end - caption->start) / total;

  for (guint i = 0; i < lines->len; i++)
    mix (line_at (caption->lines, i)->fields, line_at (lines, i)->fields,
        before, 1 - before);
  caption->end = end;
}

static void
shift (GstStructure * fields, const char *name, gint64 by)
{
  guint64 time;

  if (gst_structure_get_uint64 (fields, name, &time)
      && time != GST_CLOCK_TIME_NONE && (gint64) time + by >= 0)
    gst_structure_set (fields, name, G_TYPE_UINT64,
        (guint64) ((gint64) time + by), NULL);
}

/* Gives the result of @line the times of its text. */
static void
set_times (const GstEmotion2vecLine * line, const Caption * caption)
{
  gint64 by = (gint64) caption->start - (gint64) line->origin;
  guint64 length = caption->end - caption->start, stream_time;

  shift (line->fields, "timestamp", by);
  shift (line->fields, "stream-time", by);
  shift (line->fields, "running-time", by);
  gst_structure_set (line->fields, "duration", G_TYPE_UINT64, length, NULL);
  if (gst_structure_get_uint64 (line->fields, "stream-time", &stream_time)
      && stream_time != GST_CLOCK_TIME_NONE)
    gst_structure_set (line->fields, "endtime", G_TYPE_UINT64,
        stream_time + length, NULL);
}

/* ---- the texts that wait ---------------------------------------------------------------------------------------- */

GstEmotion2vecCaptions *
gst_emotion2vec_captions_new (const GstEmotion2vecCaptionsSettings * settings,
    GstEmotion2vecCaptionFunc func, gpointer data)
{
  GstEmotion2vecCaptions *captions = g_new0 (GstEmotion2vecCaptions, 1);

  captions->settings = *settings;
  captions->func = func;
  captions->data = data;
  return captions;
}

void
gst_emotion2vec_captions_free (GstEmotion2vecCaptions * captions)
{
  if (!captions)
    return;
  free_caption (captions->first);
  free_caption (captions->second);
  g_free (captions);
}

/* @caption: (transfer full) (nullable). */
static void
hand_out (GstEmotion2vecCaptions * captions, Caption * caption)
{
  if (!caption)
    return;
  for (guint i = 0; i < caption->lines->len; i++)
    set_times (line_at (caption->lines, i), caption);
  captions->func (caption->start, caption->end, caption->lines, captions->data);
  free_caption (caption);
}

static gboolean
is_short (const GstEmotion2vecCaptions * captions, const Caption * caption)
{
  return caption->end - caption->start < captions->settings.minimum;
}

/* A text that was too short and will not grow: its time is the text's before it, or nobody's. */
static void
give_away (GstEmotion2vecCaptions * captions, Caption * caption)
{
  if (captions->first) {
    captions->first->end = caption->end;
  } else {
    g_autoptr (GArray) none =
        g_array_new (FALSE, FALSE, sizeof (GstEmotion2vecLine));

    captions->func (caption->start, caption->end, none, captions->data);
  }
  free_caption (caption);
}

/* `second` is as long as it gets. */
static void
settle_second (GstEmotion2vecCaptions * captions)
{
  Caption *second = g_steal_pointer (&captions->second);

  if (!second)
    return;
  if (is_short (captions, second)) {
    give_away (captions, second);
    return;
  }
  hand_out (captions, captions->first);
  captions->first = second;
}

/* The last of the texts that wait. */
static Caption *
last_of (GstEmotion2vecCaptions * captions)
{
  return captions->second ? captions->second : captions->first;
}

static gboolean
joins (GstEmotion2vecCaptions * captions, const Caption * last,
    GstClockTime end, const GArray * lines)
{
  return captions->settings.merge && last && is_same (last, lines)
      && end - last->start <= captions->settings.maximum;
}

static void
add_text (GstEmotion2vecCaptions * captions, GstClockTime start,
    GstClockTime end, const GArray * lines)
{
  if (!captions->settings.merge && captions->settings.minimum == 0) {
    hand_out (captions, new_caption (start, end, lines));
  } else if (joins (captions, last_of (captions), end, lines)) {
    extend (last_of (captions), end, lines);
  } else {
    settle_second (captions);
    if (joins (captions, captions->first, end, lines))
      extend (captions->first, end, lines);
    else
      captions->second = new_caption (start, end, lines);
  }
  /* long enough to stand by itself */
  if (captions->second && !is_short (captions, captions->second))
    settle_second (captions);
}

void
gst_emotion2vec_captions_flush (GstEmotion2vecCaptions * captions,
    GstClockTime time)
{
  if (!last_of (captions) || last_of (captions)->start >= time) {
    if (captions->first && captions->first->start < time)
      hand_out (captions, g_steal_pointer (&captions->first));
    return;
  }
  settle_second (captions);
  hand_out (captions, g_steal_pointer (&captions->first));
}

void
gst_emotion2vec_captions_add (GstEmotion2vecCaptions * captions,
    GstClockTime start, GstClockTime end, const GArray * lines)
{
  if (lines->len > 0) {
    add_text (captions, start, end, lines);
    return;
  }
  gst_emotion2vec_captions_flush (captions, GST_CLOCK_TIME_NONE);
  captions->func (start, end, lines, captions->data);
}
