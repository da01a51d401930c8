/* report-columns.h - what is drawn of a lane: its spans, or fewer columns where they are too many to be seen.
 *
 * Pure. MT: one owner at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REPORT_COLUMNS_H
#define REPORT_COLUMNS_H

#include "report.h"

G_BEGIN_DECLS

typedef struct
{
  GstClockTime from, to;
  gint label;                   /* heard for the longest time */
  gboolean has_scores;          /* someone was heard at any time */
  gboolean joins;               /* begins where the column before ends */
} ReportColumn;

typedef struct
{
  GArray *columns;              /* ReportColumn, by time */
  GArray *scores;               /* double: n_labels a column; 0 without scores */
  gboolean merged;              /* each has a part of the time, and the mean of the scores there */
} ReportColumns;

/* (transfer full): at most @max of them. */
ReportColumns *report_columns_new (const Report * report, const ReportLane * lane, guint max);
void report_columns_free (ReportColumns * columns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ReportColumns, report_columns_free)

G_END_DECLS

#endif
