/* report-data.c - the numbers of every window, for the script of a report: JSON, as small as it goes.
 *
 * Whole numbers: milliseconds, thousandths of a score, decibels. Lists that repeat themselves are written as pairs of a
 * value and how often it comes. report.js reads them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "formattext.h"
#include "report.h"

/* A string that neither ends a script element nor begins a comment in it, nor turns lines or directions in the source. */
static void
append_string (GString * html, const char *words)
{
  g_autofree char *valid = g_utf8_make_valid (words, -1);

  g_string_append_c (html, '"');
  for (const char *p = valid; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (c < 0x20 || c == 0x7f || (c >= 0x2028 && c <= 0x202e)
        || (c < 0x80 && strchr ("\"\\<>&'", (int) c)))
      g_string_append_printf (html, "\\u%04x", c);
    else
      g_string_append_unichar (html, c);
  }
  g_string_append_c (html, '"');
}

/* ---- lists ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  GString *html;
  gint64 value;
  guint times;                  /* how often it came; not written yet */
} Repeats;

static void
write_repeats (Repeats * list)
{
  char last = list->html->str[list->html->len - 1];

  if (list->times > 0)
    g_string_append_printf (list->html, "%s%" G_GINT64_FORMAT ",%u",
        last == '[' ? "" : ",", list->value, list->times);
  list->times = 0;
}

static void
repeat (Repeats * list, gint64 value)
{
  if (list->times > 0 && value != list->value)
    write_repeats (list);
  list->value = value;
  list->times++;
}

static gint64
milliseconds (GstClockTime time)
{
  return (gint64) format_milliseconds (time);
}

/* ---- a lane ----------------------------------------------------------------------------------------------------- */

/* What bits mean; report.js has names for them. */
static gint64
flags_of (const AnnotationWindow * window)
{
  return window->partial | window->below_threshold << 1;
}

typedef enum
{
  FROM,                         /* after the one before it began to speak */
  LENGTH,                       /* of what it speaks for */
  LEAD,                         /* how long before that it starts */
  DURATION,
  LABEL,
  LEVEL,                        /* dBFS; none: -999 */
  FLAGS
} Field;

static gint64
value_of (const AnnotationSpan * span, Field field, GstClockTime before)
{
  const AnnotationWindow *window = span->window;

  switch (field) {
    case FROM:
      return milliseconds (span->from) - milliseconds (before);
    case LENGTH:
      return milliseconds (span->to) - milliseconds (span->from);
    case LEAD:
      return milliseconds (span->from) - milliseconds (window->start);
    case DURATION:
      return milliseconds (window->duration);
    case LABEL:
      return window->label;
    case LEVEL:
      return isfinite (window->level)
          ? lround (CLAMP (window->level, -999, 999)) : -999;
    case FLAGS:
    default:
      return flags_of (window);
  }
}

static void
append_field (GString * html, const ReportLane * lane, const char *name,
    Field field)
{
  Repeats list = { html, 0, 0 };
  GstClockTime before = 0;

  g_string_append_printf (html, "\"%s\":[", name);
  for (guint i = 0; i < lane->spans->len; i++) {
    const AnnotationSpan *span =
        &g_array_index (lane->spans, AnnotationSpan, i);

    repeat (&list, value_of (span, field, before));
    before = span->from;
  }
  write_repeats (&list);
  g_string_append (html, "],\n");
}

/* Of the windows that have scores, one after the other. */
static void
append_scores (GString * html, const Annotation * annotation,
    const ReportLane * lane)
{
  gboolean first = TRUE;

  g_string_append (html, "\"scores\":[");
  for (guint i = 0; i < lane->spans->len; i++) {
    const AnnotationSpan *span =
        &g_array_index (lane->spans, AnnotationSpan, i);
    const double *scores = annotation_scores (annotation, span->window);

    for (guint k = 0; scores && k < annotation->n_labels; k++) {
      g_string_append_printf (html, "%s%d", first ? "" : ",",
          (gint) lround (1000 * CLAMP (scores[k], 0, 1)));
      first = FALSE;
    }
  }
  g_string_append (html, "]}");
}

static void
append_lane (GString * html, const Annotation * annotation,
    const ReportLane * lane)
{
  g_autoptr (GString) name = g_string_new (NULL);

  report_append_lane_name (name, lane);
  g_string_append (html, "{\"name\":");
  append_string (html, name->str);
  g_string_append (html, ",\n");
  append_field (html, lane, "from", FROM);
  append_field (html, lane, "length", LENGTH);
  append_field (html, lane, "lead", LEAD);
  append_field (html, lane, "duration", DURATION);
  append_field (html, lane, "label", LABEL);
  append_field (html, lane, "level", LEVEL);
  append_field (html, lane, "flags", FLAGS);
  append_scores (html, annotation, lane);
}

void
report_append_data (GString * html, const Report * report)
{
  const Annotation *annotation = report->annotation;

  g_string_append_printf (html, "{\"end\":%" G_GINT64_FORMAT ",\"labels\":[",
      MAX (milliseconds (report->end), 1));
  for (guint i = 0; i < annotation->n_labels; i++) {
    if (i > 0)
      g_string_append_c (html, ',');
    append_string (html, annotation->labels[i]);
  }
  g_string_append (html, "],\"lanes\":[\n");
  for (guint i = 0; i < report->lanes->len; i++) {
    if (i > 0)
      g_string_append (html, ",\n");
    append_lane (html, annotation, report_lane (report, i));
  }
  g_string_append (html, "]}");
}
