/* report-columns.c - what is drawn of a lane.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report-columns.h"

/* Rounding of times to samples leaves no gap that is worth a break. */
#define JOINS (2 * GST_MSECOND)

/* ---- every span ------------------------------------------------------------------------------------------------- */

static void
take_spans (ReportColumns * columns, const Report * report,
    const ReportLane * lane)
{
  const Annotation *annotation = report->annotation;
  const double none = 0;
  GstClockTime until = GST_CLOCK_TIME_NONE;

  for (guint i = 0; i < lane->spans->len; i++) {
    const AnnotationSpan *span =
        &g_array_index (lane->spans, AnnotationSpan, i);
    const double *scores = annotation_scores (annotation, span->window);
    const ReportColumn column = { span->from, span->to, span->window->label,
      scores != NULL, until != GST_CLOCK_TIME_NONE
          && span->from <= until + JOINS
    };

    g_array_append_val (columns->columns, column);
    for (guint k = 0; k < annotation->n_labels; k++)
      g_array_append_vals (columns->scores, scores ? &scores[k] : &none, 1);
    until = span->to;
  }
}

/* ---- parts of the time ------------------------------------------------------------------------------------------ */

typedef struct
{
  guint n, n_labels;
  GstClockTime end;
  double *heard;                /* [n]: time with scores */
  double *times;                /* [n][1 + n_labels]: time of silence and of each label */
} Sums;

static GstClockTime
begin_of (const Sums * sums, guint column)
{
  return gst_util_uint64_scale (sums->end, column, sums->n);
}

/* Adds @span to the columns that it lies in. */
static void
add_span (const Sums * sums, ReportColumns * columns,
    const AnnotationSpan * span, const double *scores)
{
  guint first = (guint) gst_util_uint64_scale (span->from, sums->n, sums->end);

  for (guint i = first; i < sums->n && begin_of (sums, i) < span->to; i++) {
    GstClockTime from = MAX (span->from, begin_of (sums, i));
    GstClockTime to = MIN (span->to, begin_of (sums, i + 1));
    double time = to > from ? (double) (to - from) : 0;

    sums->times[i * (sums->n_labels + 1) + (guint) (span->window->label + 1)]
        += time;
    if (!scores)
      continue;
    sums->heard[i] += time;
    for (guint k = 0; k < sums->n_labels; k++)
      g_array_index (columns->scores, double, i * sums->n_labels + k)
      += time * scores[k];
  }
}

/* Makes means of the sums in column @i. */
static ReportColumn
settle (const Sums * sums, ReportColumns * columns, guint i)
{
  ReportColumn column = { begin_of (sums, i), begin_of (sums, i + 1),
    ANNOTATION_NO_LABEL, sums->heard[i] > 0, i > 0
  };
  const double *times = sums->times + (gsize) i * (sums->n_labels + 1);
  double longest = 0;

  for (guint k = 0; k <= sums->n_labels; k++)
    if (times[k] > longest) {
      longest = times[k];
      column.label = (gint) k - 1;
    }
  for (guint k = 0; k < sums->n_labels && column.has_scores; k++)
    g_array_index (columns->scores, double, i * sums->n_labels + k)
    /= sums->heard[i];
  return column;
}

static void
merge_spans (ReportColumns * columns, const Report * report,
    const ReportLane * lane, guint n)
{
  const Annotation *annotation = report->annotation;
  guint n_labels = annotation->n_labels;
  g_autofree double *heard = g_new0 (double, n);
  g_autofree double *times = g_new0 (double, (gsize) n * (n_labels + 1));
  const Sums sums = { n, n_labels, report->end, heard, times };

  g_array_set_size (columns->scores, n * n_labels);
  for (guint i = 0; i < lane->spans->len; i++) {
    const AnnotationSpan *span =
        &g_array_index (lane->spans, AnnotationSpan, i);

    add_span (&sums, columns, span, annotation_scores (annotation,
            span->window));
  }
  for (guint i = 0; i < n; i++) {
    const ReportColumn column = settle (&sums, columns, i);

    g_array_append_val (columns->columns, column);
  }
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

ReportColumns *
report_columns_new (const Report * report, const ReportLane * lane, guint max)
{
  ReportColumns *columns = g_new0 (ReportColumns, 1);

  columns->columns = g_array_new (FALSE, FALSE, sizeof (ReportColumn));
  columns->scores = g_array_new (FALSE, TRUE, sizeof (double));
  columns->merged = lane->spans->len > max;
  if (columns->merged)
    merge_spans (columns, report, lane, max);
  else
    take_spans (columns, report, lane);
  return columns;
}

void
report_columns_free (ReportColumns * columns)
{
  if (!columns)
    return;
  g_array_unref (columns->columns);
  g_array_unref (columns->scores);
  g_free (columns);
}
