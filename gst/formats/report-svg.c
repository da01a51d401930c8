/* report-svg.c - the drawing of a report: waveform, scores as stacked areas, ribbons of labels, clock.
 *
 * It can be read without a script. Everything across is a share of the width, so that the drawing fits any page and can
 * be widened: words stand at percentages, and outlines are in drawings of their own that are stretched without regard for
 * their form. Outlines are painted from the whole down to the first label, each over the one before it, and go on in
 * relative steps of whole units: hours of audio stay small.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "report-columns.h"

/* Units of a stretched drawing. */
#define ACROSS 10000
#define DOWN 500

/* More than that cannot be seen at once. */
#define MAX_COLUMNS 1200
#define MAX_PEAKS 1200
#define MAX_RIBBON 800

/* Above this many columns or segments lines between them hide more than they show. */
#define MAX_LINED 200

/* Heights in CSS pixels. */
#define WAVE 64
#define AREA 128
#define GAP 3                   /* between areas and ribbon */
#define RIBBON 26
#define NAME 24                 /* of a lane */
#define CLOCK 26
#define SPACE 12

/* A quiet recording is drawn up to this many times as high as it is loud. */
#define MAX_GAIN 20

typedef struct
{
  GString *html;
  const Report *report;
  guint y;                      /* where the next part begins */
} Drawing;

static gint
across (const Drawing * drawing, GstClockTime time)
{
  return (gint) gst_util_uint64_scale_round (MIN (time, drawing->report->end),
      ACROSS, drawing->report->end);
}

static void
append_share (const Drawing * drawing, const char *name, GstClockTime time)
{
  double share = 100.0 * (double) MIN (time, drawing->report->end)
      / (double) drawing->report->end;

  g_string_append_printf (drawing->html, " %s=\"", name);
  report_append_decimal (drawing->html, share, 3);
  g_string_append (drawing->html, "%\"");
}

/* Opens a drawing across the whole width that is stretched. */
static void
begin_stretched (Drawing * drawing, const char *class, guint height)
{
  g_string_append_printf (drawing->html, "<svg class=\"%s\" y=\"%u\" "
      "width=\"100%%\" height=\"%u\" viewBox=\"0 0 %u %u\" "
      "preserveAspectRatio=\"none\">\n", class, drawing->y, height, ACROSS,
      DOWN);
}

/* ---- outlines --------------------------------------------------------------------------------------------------- */

/* The pen of an outline. */
typedef struct
{
  GString *html;
  gint x, y;
} Pen;

static void
move (Pen * pen, gint x, gint y)
{
  g_string_append_printf (pen->html, "M%d %d", x, y);
  pen->x = x;
  pen->y = y;
}

static void
step (Pen * pen, gint x, gint y)
{
  gint dx = x - pen->x, dy = y - pen->y;

  if (dx == 0 && dy == 0)
    return;
  if (dy == 0)
    g_string_append_printf (pen->html, "h%d", dx);
  else if (dx == 0)
    g_string_append_printf (pen->html, "v%d", dy);
  else
    g_string_append_printf (pen->html, "l%d%s%d", dx, dy < 0 ? "" : " ", dy);
  pen->x = x;
  pen->y = y;
}

/* ---- waveform --------------------------------------------------------------------------------------------------- */

/* The loudest and softest of the peaks that column @i of @n columns stands for. */
static AnnotationPeak
peak_of (const GArray * peaks, guint i, guint n)
{
  guint first = (guint) ((guint64) i * peaks->len / n);
  guint last = (guint) ((guint64) (i + 1) * peaks->len / n);
  AnnotationPeak peak = g_array_index (peaks, AnnotationPeak, first);

  for (guint k = first + 1; k < last; k++) {
    peak.low = MIN (peak.low, g_array_index (peaks, AnnotationPeak, k).low);
    peak.high = MAX (peak.high, g_array_index (peaks, AnnotationPeak, k).high);
  }
  return peak;
}

/* What makes the loudest peak as high as the drawing. */
static double
find_gain (const GArray * peaks)
{
  double loudest = 1.0 / MAX_GAIN;

  for (guint i = 0; i < peaks->len; i++) {
    AnnotationPeak peak = g_array_index (peaks, AnnotationPeak, i);

    loudest = MAX (loudest, MAX (fabs ((double) peak.low),
            fabs ((double) peak.high)));
  }
  return 1 / loudest;
}

/* Whole units from the top; what is no number is drawn as silence. */
static gint
height_of (float sample, double gain)
{
  double height = isfinite (sample) ? (double) sample * gain : 0;

  return (gint) lround (DOWN / 2 * (1 - CLAMP (height, -1, 1)));
}

static void
append_wave (Drawing * drawing)
{
  const Annotation *annotation = drawing->report->annotation;
  const GArray *peaks = annotation->peaks;
  guint n = MIN (peaks->len, MAX_PEAKS);
  double gain = find_gain (peaks);
  gint end = across (drawing, annotation->duration);
  Pen pen = { drawing->html, 0, 0 };

  begin_stretched (drawing, "wave", WAVE);
  g_string_append (drawing->html, "<path d=\"");
  move (&pen, 0, DOWN / 2);
  for (guint i = 0; i < n; i++)
    step (&pen, (gint) (end * (2 * i + 1) / (2 * n)),
        height_of (peak_of (peaks, i, n).high, gain) - 2);
  step (&pen, end, DOWN / 2);
  for (guint i = n; i-- > 0;)
    step (&pen, (gint) (end * (2 * i + 1) / (2 * n)),
        height_of (peak_of (peaks, i, n).low, gain) + 2);
  g_string_append (drawing->html, "z\"/></svg>\n");
  drawing->y += WAVE + SPACE;
}

/* ---- scores ----------------------------------------------------------------------------------------------------- */

/* How far down the area of the labels up to @label begins in column @i. */
static gint
top_of (const ReportColumns * columns, guint i, guint label, guint n_labels)
{
  const double *scores = &g_array_index (columns->scores, double, i * n_labels);
  double sum = 0;

  if (label + 1 == n_labels)
    return 0;
  for (guint k = 0; k <= label; k++)
    sum += scores[k];
  return (gint) lround (DOWN * (1 - CLAMP (sum, 0, 1)));
}

/* One column from its left to its right; lines run from centre to centre where columns join. */
static void
trace_column (const Drawing * drawing, const ReportColumns * columns, guint i,
    guint label, Pen * pen)
{
  const ReportColumn *column =
      &g_array_index (columns->columns, ReportColumn, i);
  const ReportColumn *before = column - 1, *after = column + 1;
  gint from = across (drawing, column->from);
  gint to = across (drawing, column->to);
  gint top = top_of (columns, i, label, drawing->report->annotation->n_labels);

  if (i == 0 || !column->joins || !before->has_scores) {
    move (pen, from, DOWN);
    step (pen, from, top);
  }
  step (pen, across (drawing, column->from + (column->to - column->from) / 2),
      top);
  if (i + 1 == columns->columns->len || !after->joins || !after->has_scores) {
    step (pen, to, top);
    step (pen, to, DOWN);
    g_string_append_c (pen->html, 'z');
  }
}

static void
append_areas (Drawing * drawing, const ReportColumns * columns)
{
  guint n_labels = drawing->report->annotation->n_labels;

  begin_stretched (drawing, columns->columns->len > MAX_LINED ? "area"
      : "area lined", AREA);
  g_string_append_printf (drawing->html,
      "<rect class=\"ground\" width=\"%u\" height=\"%u\"/>\n", ACROSS, DOWN);
  for (guint label = n_labels; label-- > 0;) {
    Pen pen = { drawing->html, 0, 0 };

    g_string_append_printf (drawing->html, "<path class=\"c%u\" d=\"", label);
    for (guint i = 0; i < columns->columns->len; i++)
      if (g_array_index (columns->columns, ReportColumn, i).has_scores)
        trace_column (drawing, columns, i, label, &pen);
    g_string_append (drawing->html, "\"/>\n");
  }
  g_string_append_printf (drawing->html,
      "<path class=\"half\" d=\"M0 %uh%u\"/></svg>\n", DOWN / 2, ACROSS);
  drawing->y += AREA + GAP;
}

/* ---- ribbon ----------------------------------------------------------------------------------------------------- */

/* (transfer full) (element-type AnnotationSegment) */
static GArray *
segments_of (const Drawing * drawing, const ReportLane * lane)
{
  const GArray *all = drawing->report->annotation->segments;
  GArray *segments = g_array_new (FALSE, FALSE, sizeof (AnnotationSegment));

  for (guint i = 0; i < all->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (all, AnnotationSegment, i);

    if (annotation_is_of (segment, &lane->track))
      g_array_append_vals (segments, segment, 1);
  }
  return segments;
}

/* (transfer full) (element-type AnnotationSegment): neighbours that are alike joined, without confidence. */
static GArray *
join_columns (const ReportColumns * columns)
{
  GArray *segments = g_array_new (FALSE, FALSE, sizeof (AnnotationSegment));

  for (guint i = 0; i < columns->columns->len; i++) {
    const ReportColumn *column =
        &g_array_index (columns->columns, ReportColumn, i);
    AnnotationSegment *last = segments->len > 0
        ? &g_array_index (segments, AnnotationSegment, segments->len - 1)
        : NULL;
    const AnnotationSegment segment = {.start = column->from,
      .end = column->to,.label = column->label
    };

    if (last && last->end == segment.start && last->label == segment.label)
      last->end = segment.end;
    else if (column->label != ANNOTATION_NO_LABEL)
      g_array_append_val (segments, segment);
  }
  return segments;
}

/* How many hundred pixels the drawing must be wide for the word @label to fit into @segment, at least 3; 0: more than 10.
 * report.css has a class for each number. */
static guint
hundreds_for_word (const Drawing * drawing, const AnnotationSegment * segment,
    const char *label)
{
  double share = (double) (segment->end - segment->start)
      / (double) drawing->report->end;
  double letters = 0, width;

  for (const char *p = label; *p; p = g_utf8_next_char (p))
    letters += g_unichar_iswide (g_utf8_get_char (p)) ? 2 : 1;
  width = (letters * 6.7 + 12) / share;
  return width > 1000 ? 0 : MAX ((guint) ceil (width / 100), 3);
}

static void
append_segment (Drawing * drawing, const AnnotationSegment * segment)
{
  GString *html = drawing->html;
  const char *label =
      annotation_label (drawing->report->annotation, segment->label);

  if (segment->label >= 0)
    g_string_append_printf (html, "<g class=\"c%d\"><title>", segment->label);
  else
    g_string_append (html, "<g class=\"silent\"><title>");
  report_append_html (html, label);
  g_string_append_c (html, ' ');
  report_append_clock (html, segment->start);
  g_string_append (html, "–");
  report_append_clock (html, segment->end);
  g_string_append (html, "</title><rect");
  append_share (drawing, "x", segment->start);
  append_share (drawing, "width", segment->end - segment->start);
  g_string_append_printf (html, " y=\"%u\" height=\"%u\" rx=\"3\"/><text"
      " class=\"w%u\"", drawing->y, RIBBON,
      hundreds_for_word (drawing, segment, label));
  append_share (drawing, "x", segment->start);
  g_string_append_printf (html, " dx=\"6\" y=\"%u\">", drawing->y + 17);
  report_append_html (html, label);
  g_string_append (html, "</text></g>\n");
}

static void
append_ribbon (Drawing * drawing, const ReportLane * lane,
    const ReportColumns * columns)
{
  g_autoptr (GArray) segments = segments_of (drawing, lane);

  if (segments->len > MAX_RIBBON) {
    g_array_unref (segments);
    segments = join_columns (columns);
  }
  g_string_append_printf (drawing->html, "<g class=\"ribbon%s\">\n",
      segments->len > MAX_LINED ? " dense" : "");
  for (guint i = 0; i < segments->len; i++)
    append_segment (drawing, &g_array_index (segments, AnnotationSegment, i));
  g_string_append (drawing->html, "</g>\n");
  drawing->y += RIBBON + SPACE;
}

static guint
height_of_lane (const Report * report)
{
  return RIBBON + SPACE + (report->lanes->len > 1 ? NAME : 0)
      + (report->annotation->n_labels > 0 ? AREA + GAP : 0);
}

static void
append_lane (Drawing * drawing, const ReportLane * lane)
{
  g_autoptr (ReportColumns) columns =
      report_columns_new (drawing->report, lane, MAX_COLUMNS);

  /* the script marks windows in here */
  g_string_append_printf (drawing->html, "<g class=\"band%s\" data-y=\"%u\" "
      "data-height=\"%u\">\n", columns->merged ? " merged" : "", drawing->y,
      height_of_lane (drawing->report) - SPACE);
  if (drawing->report->lanes->len > 1) {
    g_string_append_printf (drawing->html, "<text class=\"lane\" y=\"%u\">",
        drawing->y + 14);
    report_append_lane_name (drawing->html, lane);
    g_string_append (drawing->html, "</text>\n");
    drawing->y += NAME;
  }
  if (drawing->report->annotation->n_labels > 0)
    append_areas (drawing, columns);
  append_ribbon (drawing, lane, columns);
  g_string_append (drawing->html, "</g>\n");
}

/* ---- clock ------------------------------------------------------------------------------------------------------ */

/* A round distance that puts at most twelve marks on the drawing. */
static GstClockTime
tick_distance (GstClockTime end)
{
  static const guint steps[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
    1800, 3600, 7200, 14400, 21600, 43200
  };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (end / (steps[i] * GST_SECOND) < 12)
      return steps[i] * GST_SECOND;
  return (end / (86400 * GST_SECOND) / 12 + 1) * 86400 * GST_SECOND;
}

static void
append_clock (Drawing * drawing)
{
  GstClockTime end = drawing->report->end, distance = tick_distance (end);

  g_string_append (drawing->html, "<g class=\"clock\">\n");
  for (guint i = 0; i * distance <= end; i++) {
    GstClockTime time = i * distance;

    g_string_append_printf (drawing->html, "<g class=\"%s\"><line",
        i % 2 == 1 ? "odd" : "even");
    append_share (drawing, "x1", time);
    append_share (drawing, "x2", time);
    g_string_append_printf (drawing->html, " y2=\"%u\"/><text class=\"%s\"",
        drawing->y, i == 0 ? "first" : time + distance / 2 > end ? "last" : "");
    append_share (drawing, "x", time);
    g_string_append_printf (drawing->html, " y=\"%u\">", drawing->y + 16);
    report_append_clock (drawing->html, time);
    /* no hundredths on round times */
    g_string_truncate (drawing->html, drawing->html->len - 3);
    g_string_append (drawing->html, "</text></g>\n");
  }
  g_string_append (drawing->html, "</g>\n");
  drawing->y += CLOCK;
}

static guint
height_of_all (const Report * report)
{
  return (report->annotation->peaks->len > 0 ? WAVE + SPACE : 0)
      + height_of_lane (report) * report->lanes->len + CLOCK;
}

void
report_append_svg (GString * html, const Report * report)
{
  Drawing drawing = { html, report, 0 };

  g_string_append_printf (html, "<svg class=\"drawing\" role=\"img\" "
      "aria-labelledby=\"drawing-title\" width=\"100%%\" height=\"%u\">\n"
      "<title id=\"drawing-title\">Scores over time</title>\n"
      "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" "
      "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
      "<path d=\"M0 0v6\"/></pattern></defs>\n", height_of_all (report));
  if (report->annotation->peaks->len > 0)
    append_wave (&drawing);
  for (guint i = 0; i < report->lanes->len; i++)
    append_lane (&drawing, report_lane (report, i));
  append_clock (&drawing);
  g_string_append (html, "</svg>\n");
}
