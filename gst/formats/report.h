/* report.h - what the parts of the HTML report share.
 *
 * A report is one HTML file that stands alone. Its parts append text: the head and the facts (report-words.c), the drawing
 * (report-svg.c), the tables (report-tables.c), the numbers for the script (report-data.c). format-html.c puts them
 * together. Style and script are files of their own in report/.
 * Pure. MT: one owner at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REPORT_H
#define REPORT_H

#include "annotation.h"

G_BEGIN_DECLS

/* One channel and trigger: a band of the drawing. */
typedef struct
{
  AnnotationTrack track;
  GArray *spans;                /* AnnotationSpan */
} ReportLane;

typedef struct
{
  const Annotation *annotation; /* (transfer none) */
  GstClockTime end;             /* the length of the drawing: as long as the track or as what was heard; never 0 */
  GArray *lanes;                /* ReportLane; those without labels are left out */
} Report;

/* (transfer full): @annotation must outlive it. */
Report *report_new (const Annotation * annotation);
void report_free (Report * report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Report, report_free)

const ReportLane *report_lane (const Report * report, guint index);

/* How long a label was heard on a lane. */
typedef struct
{
  gint label;                   /* or GST_EMOTION2VEC_SILENT */
  GstClockTime time;
  double share;                 /* of the time that was heard on the lane */
} ReportShare;

/* (transfer full) (element-type ReportShare): all labels, the longest first, in their order where equal; then silence. */
GArray *report_shares (const Report * report, const ReportLane * lane);

/* "All channels", "Channel 2", "Channel 2, speech". */
void report_append_lane_name (GString * html, const ReportLane * lane);

/* The parts of the page. */
void report_append_head (GString * html, const Report * report);
void report_append_svg (GString * html, const Report * report);
void report_append_emotions (GString * html, const Report * report);
void report_append_facts (GString * html, const Report * report);
void report_append_data (GString * html, const Report * report);

/* One row of the table of segments. */
void report_append_segment (GString * html, const Report * report, const AnnotationSegment * segment);
void report_append_segment_titles (GString * html, const Report * report);

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* @words as HTML text or the value of an attribute. */
void report_append_html (GString * html, const char *words);

/* The same within <bdi>, so that what is written from right to left does not turn what stands around it. */
void report_append_name (GString * html, const char *words);

/* "1:02.50", "10:01:02.50": hours only if there are any. */
void report_append_clock (GString * html, GstClockTime time);

/* "12.34", the shortest form of @number with at most @digits after the point. */
void report_append_decimal (GString * html, double number, guint digits);

G_END_DECLS

#endif
