/* e2vreport.h - how good scores are: recalls, accuracies, calibration, and how sure these figures are.
 *
 * Pure and deterministic. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_REPORT_H
#define E2V_REPORT_H

#include <glib.h>

G_BEGIN_DECLS

/* Clips of which the right class is known. */
typedef struct
{
  guint n, n_classes, n_speakers;
  const guint *label, *speaker; /* [n] */
  const double *scores;         /* [n][n_classes] */
} E2vReportData;

/* A figure between 0 and 1, and where 95 % of resampled data had it. */
typedef struct
{
  double value, low, high;
} E2vFigure;

typedef struct
{
  guint n, n_speakers;          /* clips, speakers that have any */
  guint n_classes;              /* of the head */
  guint n_present;              /* classes that have clips */
  E2vFigure ua;                 /* unweighted accuracy: mean of the recalls of the classes present */
  E2vFigure wa;                 /* weighted accuracy: share of clips that are right */
  E2vFigure wf1;                /* F1 of each class, weighted by its clips */
  double ece;                   /* expected calibration error: 10 bins of confidence, |accuracy - mean confidence| */
  double loss;                  /* mean of -log of the right class's score */
  guint *confusion;             /* [n_classes][n_classes]: rows are right classes, columns what was said */
  double *recall;               /* [n_classes]; NaN without clips */
  gboolean by_speaker;          /* what was resampled: speakers, or clips since there are less than E2V_FEW_SPEAKERS */
} E2vReport;

/* With less, resampling speakers says nothing. */
#define E2V_FEW_SPEAKERS 10

/* @n_resamples: for the intervals; 0: none, low and high are the value. @report: (out). @data: n > 0. */
void e2v_report_make (const E2vReportData * data, guint n_resamples, guint32 seed, E2vReport * report);
void e2v_report_clear (E2vReport * report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (E2vReport, e2v_report_clear)

G_END_DECLS

#endif
