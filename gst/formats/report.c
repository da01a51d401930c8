/* report.c - what the parts of the HTML report share: lanes, and how names and numbers look.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include <math.h>

#include "formattext.h"

static void
clear_lane (gpointer lane)
{
  g_array_unref (((ReportLane *) lane)->spans);
}

/* A file may be heard longer than it says it is. */
static GstClockTime
find_end (const Report * report)
{
  GstClockTime end = report->annotation->duration;

  if (end == 0 || !GST_CLOCK_TIME_IS_VALID (end))
    end = 1;
  for (guint i = 0; i < report->lanes->len; i++) {
    GArray *spans = report_lane (report, i)->spans;

    end = MAX (end, g_array_index (spans, AnnotationSpan, spans->len - 1).to);
  }
  return end;
}

Report *
report_new (const Annotation * annotation)
{
  Report *report = g_new0 (Report, 1);
  g_autoptr (GArray) tracks = annotation_tracks (annotation);

  report->annotation = annotation;
  report->lanes = g_array_new (FALSE, FALSE, sizeof (ReportLane));
  g_array_set_clear_func (report->lanes, clear_lane);
  for (guint i = 0; i < tracks->len; i++) {
    ReportLane lane = { g_array_index (tracks, AnnotationTrack, i), NULL };

    lane.spans = annotation_spans (annotation, &lane.track);
    if (lane.spans->len > 0)
      g_array_append_val (report->lanes, lane);
    else
      clear_lane (&lane);
  }
  report->end = find_end (report);
  return report;
}

void
report_free (Report * report)
{
  if (!report)
    return;
  g_array_unref (report->lanes);
  g_free (report);
}

const ReportLane *
report_lane (const Report * report, guint index)
{
  return &g_array_index (report->lanes, ReportLane, index);
}

static gint
compare_shares (gconstpointer a, gconstpointer b)
{
  const ReportShare *one = a, *other = b;

  /* silence comes last, however long it is */
  if ((one->label < 0) != (other->label < 0))
    return one->label < 0 ? 1 : -1;
  if (one->time != other->time)
    return one->time > other->time ? -1 : 1;
  return (one->label > other->label) - (one->label < other->label);
}

GArray *
report_shares (const Report * report, const ReportLane * lane)
{
  guint n = report->annotation->n_labels + 1;
  GArray *shares = g_array_new (FALSE, TRUE, sizeof (ReportShare));
  GstClockTime total = 0;

  g_array_set_size (shares, n);
  for (guint i = 0; i < n; i++)
    g_array_index (shares, ReportShare, i).label = (gint) i - 1;
  for (guint i = 0; i < lane->spans->len; i++) {
    const AnnotationSpan *span =
        &g_array_index (lane->spans, AnnotationSpan, i);

    g_array_index (shares, ReportShare, span->window->label + 1).time
        += span->to - span->from;
    total += span->to - span->from;
  }
  for (guint i = 0; i < n; i++) {
    ReportShare *share = &g_array_index (shares, ReportShare, i);

    share->share = (double) share->time / (double) total;
  }
  g_array_sort (shares, compare_shares);
  return shares;
}

void
report_append_lane_name (GString * html, const ReportLane * lane)
{
  if (lane->track.channel >= 0)
    g_string_append_printf (html, "Channel %" G_GINT64_FORMAT,
        (gint64) lane->track.channel + 1);
  else
    g_string_append (html, "All channels");
  if (lane->track.speech)
    g_string_append (html, ", stretches of speech");
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* Whether @c turns the direction of what comes after it: a name could look like another one. */
static gboolean
turns_direction (gunichar c)
{
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void
report_append_html (GString * html, const char *words)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GString) plain = g_string_new (NULL);

  format_append_line (line, words);
  for (const char *p = line->str; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    g_string_append_unichar (plain, turns_direction (c) ? 0xfffd : c);
  }
  format_append_xml (html, plain->str);
}

void
report_append_name (GString * html, const char *words)
{
  g_string_append (html, "<bdi>");
  report_append_html (html, *words ? words : "(no name)");
  g_string_append (html, "</bdi>");
}

void
report_append_clock (GString * html, GstClockTime time)
{
  guint64 hundredths = (format_milliseconds (time) + 5) / 10;
  guint64 seconds = hundredths / 100;

  if (seconds >= 3600)
    g_string_append_printf (html, "%" G_GUINT64_FORMAT ":%02u", seconds / 3600,
        (guint) (seconds / 60 % 60));
  else
    g_string_append_printf (html, "%u", (guint) (seconds / 60));
  g_string_append_printf (html, ":%02u.%02u", (guint) (seconds % 60),
      (guint) (hundredths % 100));
}

void
report_append_decimal (GString * html, double number, guint digits)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE], format[8];

  g_snprintf (format, sizeof format, "%%.%uf", digits);
  g_ascii_formatd (text, sizeof text, format, number);
  g_string_append (html, text);
  if (digits == 0)
    return;
  while (html->str[html->len - 1] == '0')
    g_string_truncate (html, html->len - 1);
  if (html->str[html->len - 1] == '.')
    g_string_truncate (html, html->len - 1);
}
