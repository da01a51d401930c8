/* report-tables.c - the tables of a report: share of each emotion, segments.
 *
 * End tags that HTML does not ask for are left out of rows: hours of audio have thousands of them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formattext.h"
#include "report.h"

/* ---- emotions --------------------------------------------------------------------------------------------------- */

/* The colour of a label, or the hatching of silence. */
static void
append_class (GString * html, gint label)
{
  if (label >= 0)
    g_string_append_printf (html, "c%d", label);
  else
    g_string_append (html, "silent");
}

static void
append_key (GString * html, gint label)
{
  g_string_append (html, "<i class=\"key ");
  append_class (html, label);
  g_string_append (html, "\"></i>");
}

static void
append_share (GString * html, const Report * report, const ReportShare * share)
{
  g_string_append (html, "<tr");
  if (share->label >= 0)
    g_string_append_printf (html, " data-label=\"%d\"", share->label);
  g_string_append (html, "><th scope=\"row\">");
  append_key (html, share->label);
  report_append_name (html, annotation_label (report->annotation,
          share->label));
  g_string_append (html, "<td class=\"bar\"><span class=\"");
  append_class (html, share->label);
  g_string_append (html, "\" style=\"width:");
  report_append_decimal (html, 100 * share->share, 1);
  g_string_append (html, "%\"></span><td class=\"share\">");
  format_append_percent (html, share->share);
  g_string_append (html, "<td class=\"now\">\n");
}

static void
append_lane (GString * html, const Report * report, guint index)
{
  const ReportLane *lane = report_lane (report, index);
  g_autoptr (GArray) shares = report_shares (report, lane);

  g_string_append_printf (html, "<table class=\"emotions\" data-lane=\"%u\"",
      index);
  if (report->lanes->len > 1) {
    g_string_append (html, "><caption>");
    report_append_lane_name (html, lane);
    g_string_append (html, "</caption>");
  } else
    g_string_append (html, " aria-labelledby=\"emotions-title\">");
  g_string_append (html, "\n<thead><tr><th scope=\"col\">Emotion"
      "<th scope=\"col\" colspan=\"2\" class=\"share\">Share of time"
      "<th scope=\"col\" class=\"now\">Score<span class=\"moment\"></span>\n<tbody>\n");
  for (guint i = 0; i < shares->len; i++) {
    const ReportShare *share = &g_array_index (shares, ReportShare, i);

    if (share->label >= 0 || share->time > 0)
      append_share (html, report, share);
  }
  g_string_append (html, "</table>\n");
}

void
report_append_emotions (GString * html, const Report * report)
{
  for (guint i = 0; i < report->lanes->len; i++)
    append_lane (html, report, i);
}

/* ---- segments --------------------------------------------------------------------------------------------------- */

void
report_append_segment_titles (GString * html, const Report * report)
{
  g_string_append (html, "<thead><tr><th scope=\"col\">Start"
      "<th scope=\"col\">End<th scope=\"col\">Seconds");
  if (report->lanes->len > 1)
    g_string_append (html, "<th scope=\"col\" class=\"word\">Heard on");
  g_string_append (html, "<th scope=\"col\" class=\"word\">Emotion"
      "<th scope=\"col\">Confidence\n<tbody>\n");
}

void
report_append_segment (GString * html, const Report * report,
    const AnnotationSegment * segment)
{
  const ReportLane lane = { {segment->channel, segment->speech}, NULL };
  GstClockTime length = segment->end - segment->start;

  g_string_append (html, "<tr><td>");
  report_append_clock (html, segment->start);
  g_string_append (html, "<td>");
  report_append_clock (html, segment->end);
  g_string_append (html, "<td>");
  g_string_append_printf (html, "%" G_GUINT64_FORMAT ".%02u",
      (length + 5 * GST_MSECOND) / GST_SECOND,
      (guint) ((length + 5 * GST_MSECOND) % GST_SECOND / (10 * GST_MSECOND)));
  if (report->lanes->len > 1) {
    g_string_append (html, "<td>");
    report_append_lane_name (html, &lane);
  }
  g_string_append (html, "<td>");
  append_key (html, segment->label);
  report_append_name (html, annotation_label (report->annotation,
          segment->label));
  g_string_append (html, "<td>");
  if (segment->label >= 0)
    format_append_percent (html, segment->confidence);
  g_string_append_c (html, '\n');
}
