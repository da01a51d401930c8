/* test-scorer.c - scores of results against closed forms: smoothing, threshold, ties, frames.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "gstemotion2vecscorer.h"

#define CLOSE 1e-14

static const char *const names[] = { "angry", "happy", NULL };

typedef struct
{
  GstEmotion2vecScorer *scorer;
  GstEmotion2vecClasses *classes;
  GstEmotion2vecScorerSettings settings;
} Rig;

static void
set_up (Rig * rig, gconstpointer data)
{
  rig->scorer = gst_emotion2vec_scorer_new ();
  rig->classes = gst_emotion2vec_classes_new (names, NULL, NULL);
  rig->settings.threshold = 0;
  rig->settings.smoothing = 0;
}

static void
tear_down (Rig * rig, gconstpointer data)
{
  gst_emotion2vec_scorer_free (rig->scorer);
  gst_emotion2vec_classes_free (rig->classes);
}

/* A result of which the model said @happy for "happy", at @offset of stretch @stretch. */
static GstEmotion2vecResult *
make (double happy, guint64 stretch, GstClockTime offset)
{
  const double scores[] = { 1 - happy, happy };
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->stretch = stretch;
  result->offset = offset;
  result->n_model_classes = 2;
  result->model_scores = g_memdup2 (scores, sizeof scores);
  return result;
}

static void
finish (Rig * rig, GstEmotion2vecResult * result)
{
  gst_emotion2vec_scorer_finish (rig->scorer, rig->classes, &rig->settings,
      result);
}

/* Checks the score of "happy" and that both add up to 1; frees @result. */
static void
check (Rig * rig, GstEmotion2vecResult * result, double happy)
{
  double raw = result->model_scores[1];

  finish (rig, result);
  g_assert_cmpuint (result->n_classes, ==, 2);
  g_assert_cmpfloat_with_epsilon (result->scores[1], happy, CLOSE);
  g_assert_cmpfloat_with_epsilon (result->scores[0] + result->scores[1], 1,
      CLOSE);
  g_assert_true ((result->raw_scores != NULL) ==
      (rig->settings.smoothing > 0 && !result->speech_trigger));
  if (result->raw_scores) {
    g_assert_cmpfloat (result->raw_scores[0], ==, 1 - raw);
    g_assert_cmpfloat (result->raw_scores[1], ==, raw);
  }
  gst_emotion2vec_result_free (result);
}

static void
test_plain (Rig * rig, gconstpointer data)
{
  g_autoptr (GstEmotion2vecResult) result = make (0.75, 0, 0);

  finish (rig, result);
  g_assert_cmpuint (result->n_classes, ==, 2);
  g_assert_cmpstr (result->labels[0], ==, "angry");
  g_assert_cmpstr (result->labels[1], ==, "happy");
  g_assert_null (result->labels[2]);
  g_assert_cmpfloat (result->scores[0], ==, 0.25);
  g_assert_cmpfloat (result->scores[1], ==, 0.75);
  g_assert_null (result->raw_scores);
  g_assert_null (result->frame_scores);
  g_assert_false (result->below_threshold);
  g_assert_cmpint (gst_emotion2vec_result_best (result), ==, 1);
}

/* A step from 0 to 1 at window 0: after k windows at distance dt, 1 - exp (-k dt / tau) of it are reached. */
static void
test_step (Rig * rig, gconstpointer data)
{
  const GstClockTime interval = 700 * GST_MSECOND;
  double tau = rig->settings.smoothing = 2.5;

  check (rig, make (0, 0, 0), 0);
  for (guint k = 1; k <= 20; k++)
    check (rig, make (1, 0, k * interval), 1 - exp (-0.7 * k / tau));
}

/* The same step in uneven steps ends at the same value: only time counts. */
static void
test_uneven (Rig * rig, gconstpointer data)
{
  rig->settings.smoothing = 1;
  check (rig, make (0.25, 0, 0), 0.25);
  check (rig, make (1, 0, GST_SECOND / 10), 1 - 0.75 * exp (-0.1));
  check (rig, make (1, 0, GST_SECOND / 2), 1 - 0.75 * exp (-0.5));
  check (rig, make (1, 0, 2 * GST_SECOND), 1 - 0.75 * exp (-2));
  /* no time has passed: nothing new counts; after ever so long nothing old */
  check (rig, make (0, 0, 2 * GST_SECOND), 1 - 0.75 * exp (-2));
  check (rig, make (0.5, 0, 1000000 * GST_SECOND), 0.5);
}

static void
test_anew (Rig * rig, gconstpointer data)
{
  rig->settings.smoothing = 1;
  check (rig, make (0.25, 0, 0), 0.25);
  check (rig, make (1, 0, GST_SECOND), 1 - 0.75 * exp (-1));
  /* another stretch */
  check (rig, make (0.75, 1, 0), 0.75);
  check (rig, make (0, 1, GST_SECOND), 0.75 * exp (-1));
  check (rig, make (0.5, 2, 2 * GST_SECOND), 0.5);
  /* a flush */
  gst_emotion2vec_scorer_reset (rig->scorer);
  check (rig, make (1, 2, 3 * GST_SECOND), 1);
  /* the same stretch from its start: the caller did not reset */
  check (rig, make (0, 2, 0), 0);
  /* off and on again */
  rig->settings.smoothing = 0;
  check (rig, make (1, 2, GST_SECOND), 1);
  rig->settings.smoothing = 1;
  check (rig, make (0.5, 2, 2 * GST_SECOND), 0.5);
}

static void
test_channels (Rig * rig, gconstpointer data)
{
  rig->settings.smoothing = 1;
  for (gint channel = 0; channel < 3; channel++) {
    GstEmotion2vecResult *result = make (0.25 * channel, 0, 0);

    result->channel = channel;
    check (rig, result, 0.25 * channel);
  }
  for (gint channel = 0; channel < 3; channel++) {
    GstEmotion2vecResult *result = make (1, 0, GST_SECOND);

    result->channel = channel;
    check (rig, result, 1 - (1 - 0.25 * channel) * exp (-1));
  }
}

static void
test_speech (Rig * rig, gconstpointer data)
{
  GstEmotion2vecResult *result;

  rig->settings.smoothing = 1;
  check (rig, make (0, 0, 0), 0);
  result = make (0.75, 0, GST_SECOND);
  result->speech_trigger = TRUE;
  check (rig, result, 0.75);
  /* and it has left no trace */
  check (rig, make (1, 0, 2 * GST_SECOND), 1 - exp (-2));
}

static void
test_silent (Rig * rig, gconstpointer data)
{
  g_autoptr (GstEmotion2vecResult) silent = make (0.5, 0, GST_SECOND);
  g_autoptr (GstEmotion2vecResult) headless = gst_emotion2vec_result_new ();

  rig->settings.smoothing = 1;
  rig->settings.threshold = 0.9;
  check (rig, make (0, 0, 0), 0);
  silent->silent = TRUE;
  finish (rig, silent);
  finish (rig, headless);
  g_assert_cmpuint (silent->n_classes, ==, 0);
  g_assert_null (silent->scores);
  g_assert_null (silent->labels);
  g_assert_false (silent->below_threshold);
  g_assert_cmpuint (headless->n_classes, ==, 0);
  g_assert_null (headless->scores);
  /* time went on meanwhile */
  check (rig, make (1, 0, 2 * GST_SECOND), 1 - exp (-2));
}

/* Other classes: what was averaged means nothing any more. */
static void
test_other_classes (Rig * rig, gconstpointer data)
{
  rig->settings.smoothing = 1;
  check (rig, make (0, 0, 0), 0);
  gst_emotion2vec_classes_free (rig->classes);
  rig->classes =
      gst_emotion2vec_classes_new (names, "low=angry,high=happy", NULL);
  check (rig, make (0.75, 0, GST_SECOND), 0.75);
  check (rig, make (0, 0, 2 * GST_SECOND), 0.75 * exp (-1));
}

/* Smoothing comes after classes: a mean of renormalised scores, not a renormalised mean. */
static void
test_order (Rig * rig, gconstpointer data)
{
  static const char *const three[] = { "angry", "happy", "sad", NULL };
  static const double first[] = { 0.125, 0.125, 0.75 };
  static const double second[] = { 0.75, 0.25, 0 };

  rig->settings.smoothing = 1;
  gst_emotion2vec_classes_free (rig->classes);
  rig->classes = gst_emotion2vec_classes_new (three, "angry,happy", NULL);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstEmotion2vecResult) result = gst_emotion2vec_result_new ();

    result->offset = i * GST_SECOND;
    result->n_model_classes = 3;
    result->model_scores = g_memdup2 (i ? second : first, sizeof first);
    finish (rig, result);
    g_assert_cmpfloat (result->raw_scores[0], ==, i ? 0.75 : 0.5);
    g_assert_cmpfloat_with_epsilon (result->scores[0],
        i ? 0.75 - 0.25 * exp (-1) : 0.5, CLOSE);
  }
}

static void
check_threshold (Rig * rig, double happy, double threshold, gboolean below)
{
  g_autoptr (GstEmotion2vecResult) result = make (happy, 0, 0);

  rig->settings.threshold = threshold;
  finish (rig, result);
  g_assert_cmpint (result->below_threshold, ==, below);
  /* label and scores stay */
  g_assert_cmpint (gst_emotion2vec_result_best (result), ==, 1);
  g_assert_cmpfloat (result->scores[1], ==, happy);
}

static void
test_threshold (Rig * rig, gconstpointer data)
{
  check_threshold (rig, 0.75, 0, FALSE);
  check_threshold (rig, 0.75, 0.7499, FALSE);
  check_threshold (rig, 0.75, 0.75, FALSE);
  check_threshold (rig, 0.75, 0.7501, TRUE);
  check_threshold (rig, 0.75, 1, TRUE);
  check_threshold (rig, 1, 1, FALSE);
}

static void
test_tie (Rig * rig, gconstpointer data)
{
  g_autoptr (GstEmotion2vecResult) result = make (0.5, 0, 0);

  finish (rig, result);
  g_assert_cmpint (gst_emotion2vec_result_best (result), ==, 0);
}

static void
test_frames (Rig * rig, gconstpointer data)
{
  static const float frames[] = { 0.25f, 0.75f, 1, 0, 0, 1 };
  static const float turned[] = { 0.75f, 0.25f, 0, 1, 1, 0 };
  g_autoptr (GstEmotion2vecResult) result = make (0.5, 0, 0);
  g_autoptr (GstEmotion2vecResult) later = make (0.5, 0, GST_SECOND);

  gst_emotion2vec_classes_free (rig->classes);
  rig->classes = gst_emotion2vec_classes_new (names, "happy,angry", NULL);
  rig->settings.smoothing = 10;
  result->n_frames = later->n_frames = 3;
  result->model_frame_scores = g_memdup2 (frames, sizeof frames);
  later->model_frame_scores = g_memdup2 (frames, sizeof frames);
  finish (rig, result);
  finish (rig, later);
  g_assert_cmpmem (result->frame_scores, sizeof turned, turned, sizeof turned);
  /* frames are never smoothed */
  g_assert_cmpmem (later->frame_scores, sizeof turned, turned, sizeof turned);
}

/* Whatever the settings and the model say, scores are numbers from 0 to 1 that add up to 1. */
static void
test_always_finite (Rig * rig, gconstpointer data)
{
  static const double odd[] = { 0, 4.9e-324, 1e-300, 1e-16, 0.5, 1,
    (double) NAN, (double) INFINITY, -(double) INFINITY, -1
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);

  for (guint i = 0; i < 20000; i++) {
    g_autoptr (GstEmotion2vecResult) result =
        make (i % 2 ? g_rand_double (rand) : odd[g_rand_int_range (rand, 0,
                6)], i / 100, i * (guint64) g_rand_int (rand));

    rig->settings.smoothing = odd[g_rand_int_range (rand, 0, 10)];
    rig->settings.threshold = odd[g_rand_int_range (rand, 0, 10)];
    if (i % 10 == 0)
      result->model_scores[i % 20 == 0] = odd[g_rand_int_range (rand, 6, 9)];
    finish (rig, result);
    for (guint c = 0; c < 2; c++)
      g_assert_true (result->scores[c] >= 0 && result->scores[c] <= 1);
    g_assert_cmpfloat_with_epsilon (result->scores[0] + result->scores[1], 1,
        1e-12);
  }
}

#define ADD(name, function) g_test_add ("/scorer/" name, Rig, NULL, set_up, \
    function, tear_down)

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  ADD ("plain", test_plain);
  ADD ("step", test_step);
  ADD ("uneven", test_uneven);
  ADD ("anew", test_anew);
  ADD ("channels", test_channels);
  ADD ("speech", test_speech);
  ADD ("silent", test_silent);
  ADD ("other-classes", test_other_classes);
  ADD ("order", test_order);
  ADD ("threshold", test_threshold);
  ADD ("tie", test_tie);
  ADD ("frames", test_frames);
  ADD ("always-finite", test_always_finite);
  return g_test_run ();
}
