/* test-report.c - figures of clips that can be counted by hand.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vreport.h"

#include <math.h>

/* Three classes of which the last has no clips. Said: a a b | b b a c. */
static const guint label[] = { 0, 0, 0, 1, 1, 1, 1 };
static const guint speaker[] = { 0, 0, 2, 2, 2, 3, 3 };

static const double scores[] = {
  0.75, 0.125, 0.125,
  0.5, 0.25, 0.25,
  0.25, 0.5, 0.25,
  0.125, 0.75, 0.125,
  0.25, 0.5, 0.25,
  0.5, 0.25, 0.25,
  0.25, 0.25, 0.5,
};

static const E2vReportData data = { 7, 3, 5, label, speaker, scores };

static void
test_figures (void)
{
  const guint expected[] = { 2, 1, 0, 1, 2, 1, 0, 0, 0 };
  g_auto (E2vReport) report = { 0 };

  e2v_report_make (&data, 0, 0, &report);
  g_assert_cmpuint (report.n, ==, 7);
  g_assert_cmpuint (report.n_speakers, ==, 3);
  g_assert_cmpuint (report.n_present, ==, 2);
  g_assert_cmpmem (report.confusion, sizeof expected, expected,
      sizeof expected);
  g_assert_cmpfloat_with_epsilon (report.recall[0], 2. / 3, 1e-12);
  g_assert_cmpfloat_with_epsilon (report.recall[1], 0.5, 1e-12);
  g_assert_true (isnan (report.recall[2]));
  g_assert_cmpfloat_with_epsilon (report.ua.value, (2. / 3 + 0.5) / 2, 1e-12);
  g_assert_cmpfloat_with_epsilon (report.wa.value, 4. / 7, 1e-12);
  /* F1: class 0 has precision 2/3 and recall 2/3; class 1 precision 2/3 and recall 1/2 */
  g_assert_cmpfloat_with_epsilon (report.wf1.value,
      (3 * (2. / 3) + 4 * (4. / 7)) / 7, 1e-12);
  /* bin of 0.75: 2 clips, both right; bin of 0.5: 5 clips, 2 right */
  g_assert_cmpfloat_with_epsilon (report.ece,
      (fabs (2 - 1.5) + fabs (2 - 2.5)) / 7, 1e-12);
  g_assert_cmpfloat_with_epsilon (report.loss,
      -(2 * log (0.75) + 2 * log (0.5) + 3 * log (0.25)) / 7, 1e-12);
  g_assert_cmpfloat (report.ua.low, ==, report.ua.value);
  g_assert_cmpfloat (report.ua.high, ==, report.ua.value);
}

/* 400 clips, each right with probability 0.8 in truth: 95 % of a binomial mean is 0.8 +- 1.96 sqrt (0.16 / 400). */
static void
test_interval (void)
{
  enum
  { CLIPS = 400 };
  g_autofree guint *many = g_new (guint, CLIPS);
  g_autofree double *said = g_new0 (double, 2 * CLIPS);
  const E2vReportData clips = { CLIPS, 2, CLIPS, many, many, said };
  const double half = 1.96 * sqrt (0.16 / CLIPS);
  g_autofree guint *speakers = g_new0 (guint, CLIPS);
  g_auto (E2vReport) report = { 0 }, again = { 0 }, few = { 0 };
  E2vReportData alone = clips;

  for (guint i = 0; i < CLIPS; i++) {
    many[i] = i % 2;
    said[2 * i + (i % 10 < 8 ? i % 2 : 1 - i % 2)] = 1;
  }
  /* each clip is a speaker of its own, so that both ways are the same */
  for (guint i = 0; i < CLIPS; i++)
    speakers[i] = i;
  alone.speaker = speakers;
  e2v_report_make (&alone, 4000, 1, &report);
  g_assert_true (report.by_speaker);
  g_assert_cmpfloat_with_epsilon (report.wa.value, 0.8, 1e-12);
  g_assert_cmpfloat_with_epsilon (report.wa.low, 0.8 - half, 0.006);
  g_assert_cmpfloat_with_epsilon (report.wa.high, 0.8 + half, 0.006);
  e2v_report_make (&alone, 4000, 1, &again);
  g_assert_cmpfloat (again.ua.low, ==, report.ua.low);
  g_assert_cmpfloat (again.ua.high, ==, report.ua.high);
  /* two speakers: clips are drawn */
  e2v_report_make (&clips, 4000, 1, &few);
  g_assert_false (few.by_speaker);
  g_assert_cmpfloat_with_epsilon (few.wa.low, 0.8 - half, 0.006);
}

/* Clips of a speaker go together: with 10 speakers who are all right or all wrong, as many clips say as little as 10. */
static void
test_speakers (void)
{
  enum
  { CLIPS = 400 };
  g_autofree guint *truth = g_new (guint, CLIPS);
  g_autofree guint *who = g_new (guint, CLIPS);
  g_autofree double *said = g_new0 (double, 2 * CLIPS);
  const E2vReportData clips = { CLIPS, 2, 10, truth, who, said };
  const double half = 1.96 * sqrt (0.16 / 10);
  g_auto (E2vReport) report = { 0 };

  for (guint i = 0; i < CLIPS; i++) {
    who[i] = i % 10;
    truth[i] = i / 10 % 2;
    said[2 * i + (who[i] < 8 ? truth[i] : 1 - truth[i])] = 1;
  }
  e2v_report_make (&clips, 4000, 1, &report);
  g_assert_true (report.by_speaker);
  g_assert_cmpfloat_with_epsilon (report.wa.value, 0.8, 1e-12);
  g_assert_cmpfloat_with_epsilon (report.wa.low, 0.8 - half, 0.06);
  g_assert_cmpfloat_with_epsilon (report.wa.high, 1, 1e-12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report/figures", test_figures);
  g_test_add_func ("/report/interval", test_interval);
  g_test_add_func ("/report/speakers", test_speakers);
  return g_test_run ();
}
