/* e2vreport.c - how good scores are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vreport.h"

#include <math.h>
#include <string.h>

#define N_BINS 10
#define LEAST_SCORE 1e-300

/* What is below and above the interval, each. */
#define TAIL 0.025

/* The three figures of one confusion matrix, in the order of E2vReport. */
typedef struct
{
  double ua, wa, wf1;
} Figures;

static guint
predict (const E2vReportData * data, guint i)
{
  const double *row = data->scores + (gsize) i * data->n_classes;
  guint best = 0;

  for (guint k = 1; k < data->n_classes; k++)
    if (row[k] > row[best])
      best = k;
  return best;
}

static Figures
figures_of (const guint * confusion, guint n_classes)
{
  double recalls = 0, f1s = 0, clips = 0, right = 0, present = 0;
  Figures figures;

  for (guint c = 0; c < n_classes; c++) {
    double truly = 0, said = 0, hits = confusion[(gsize) c * n_classes + c];

    for (guint k = 0; k < n_classes; k++) {
      truly += confusion[(gsize) c * n_classes + k];
      said += confusion[(gsize) k * n_classes + c];
    }
    clips += truly;
    right += hits;
    if (truly > 0) {
      present++;
      recalls += hits / truly;
      /* F1 = 2 hits / (truly + said) */
      f1s += truly * 2 * hits / (truly + said);
    }
  }
  figures.ua = recalls / present;
  figures.wa = right / clips;
  figures.wf1 = f1s / clips;
  return figures;
}

/* ---- intervals -------------------------------------------------------------------------------------------------- */

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static void
set_figure (E2vFigure * figure, double value, double *samples, guint n)
{
  figure->value = figure->low = figure->high = value;
  if (n == 0)
    return;
  qsort (samples, n, sizeof *samples, compare_doubles);
  figure->low = samples[(guint) floor (TAIL * (n - 1))];
  figure->high = samples[(guint) ceil ((1 - TAIL) * (n - 1))];
}

/* Clips, one unit of resampling after another. */
typedef struct
{
  guint n_units;
  guint *first;                 /* [n_units + 1]: where the clips of a unit begin */
  guint *clips;                 /* [n] */
} Units;

/* A unit is a clip, or all clips of a speaker. */
static void
units_init (Units * units, const E2vReportData * data, gboolean by_speaker)
{
  guint n = by_speaker ? data->n_speakers : data->n, end = 0;

  units->n_units = 0;
  units->first = g_new (guint, n + 1);
  units->clips = g_new (guint, data->n);
  for (guint u = 0; u < n; u++) {
    guint begin = end;

    if (!by_speaker)
      units->clips[end++] = u;
    for (guint i = 0; by_speaker && i < data->n; i++)
      if (data->speaker[i] == u)
        units->clips[end++] = i;
    if (end > begin)
      units->first[units->n_units++] = begin;
  }
  units->first[units->n_units] = end;
}

/* The figures of as many units, drawn with repetition. */
static Figures
resample (const E2vReportData * data, const Units * units,
    const guint * predicted, GRand * random, guint * confusion)
{
  const guint n = data->n_classes;

  memset (confusion, 0, (gsize) n * n * sizeof *confusion);
  for (guint u = 0; u < units->n_units; u++) {
    guint drawn = (guint) g_rand_int_range (random, 0, (gint) units->n_units);

    for (guint j = units->first[drawn]; j < units->first[drawn + 1]; j++) {
      guint i = units->clips[j];

      confusion[(gsize) data->label[i] * n + predicted[i]]++;
    }
  }
  return figures_of (confusion, n);
}

static void
make_intervals (const E2vReportData * data, const guint * predicted,
    guint n_resamples, guint32 seed, E2vReport * report)
{
  const Figures figures = figures_of (report->confusion, data->n_classes);
  g_autofree guint *confusion = g_new (guint,
      (gsize) data->n_classes * data->n_classes);
  g_autofree double *ua = g_new (double, n_resamples + 1);
  g_autofree double *wa = g_new (double, n_resamples + 1);
  g_autofree double *wf1 = g_new (double, n_resamples + 1);
  GRand *random = g_rand_new_with_seed (seed);
  Units units;

  units_init (&units, data, report->by_speaker);
  for (guint r = 0; r < n_resamples; r++) {
    Figures drawn = resample (data, &units, predicted, random, confusion);

    ua[r] = drawn.ua;
    wa[r] = drawn.wa;
    wf1[r] = drawn.wf1;
  }
  set_figure (&report->ua, figures.ua, ua, n_resamples);
  set_figure (&report->wa, figures.wa, wa, n_resamples);
  set_figure (&report->wf1, figures.wf1, wf1, n_resamples);
  g_free (units.first);
  g_free (units.clips);
  g_rand_free (random);
}

/* ---- the report ------------------------------------------------------------------------------------------------- */

static guint
count_speakers (const E2vReportData * data)
{
  g_autofree gboolean *seen = g_new0 (gboolean, data->n_speakers + 1);
  guint n = 0;

  for (guint i = 0; i < data->n; i++) {
    n += !seen[data->speaker[i]];
    seen[data->speaker[i]] = TRUE;
  }
  return n;
}

/* Calibration and loss. */
static void
judge_confidence (const E2vReportData * data, const guint * predicted,
    E2vReport * report)
{
  double confidence[N_BINS] = { 0 }, right[N_BINS] = { 0 };

  for (guint i = 0; i < data->n; i++) {
    const double *row = data->scores + (gsize) i * data->n_classes;
    double top = row[predicted[i]];
    guint bin = MIN ((guint) (top * N_BINS), N_BINS - 1);

    confidence[bin] += top;
    right[bin] += predicted[i] == data->label[i];
    report->loss -= log (MAX (row[data->label[i]], LEAST_SCORE)) / data->n;
  }
  for (guint b = 0; b < N_BINS; b++)
    report->ece += fabs (right[b] - confidence[b]) / data->n;
}

static void
fill_recalls (E2vReport * report)
{
  const guint n = report->n_classes;

  for (guint c = 0; c < n; c++) {
    double truly = 0;

    for (guint k = 0; k < n; k++)
      truly += report->confusion[(gsize) c * n + k];
    report->n_present += truly > 0;
    report->recall[c] = truly > 0 ?
        report->confusion[(gsize) c * n + c] / truly : (double) NAN;
  }
}

void
e2v_report_make (const E2vReportData * data, guint n_resamples, guint32 seed,
    E2vReport * report)
{
  const guint n = data->n_classes;
  g_autofree guint *predicted = g_new (guint, data->n);

  memset (report, 0, sizeof *report);
  report->n = data->n;
  report->n_classes = n;
  report->n_speakers = count_speakers (data);
  report->by_speaker = report->n_speakers >= E2V_FEW_SPEAKERS;
  report->confusion = g_new0 (guint, (gsize) n * n);
  report->recall = g_new (double, n);
  for (guint i = 0; i < data->n; i++) {
    predicted[i] = predict (data, i);
    report->confusion[(gsize) data->label[i] * n + predicted[i]]++;
  }
  fill_recalls (report);
  judge_confidence (data, predicted, report);
  make_intervals (data, predicted, n_resamples, seed, report);
}

void
e2v_report_clear (E2vReport * report)
{
  g_clear_pointer (&report->confusion, g_free);
  g_clear_pointer (&report->recall, g_free);
}
