/* test-classes.c - classes restricted and merged: names, sums, errors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "gstemotion2vecclasses.h"

static const char *const names[] = { "angry", "happy", "neutral", "sad", NULL };

/* exact in binary, so that sums and quotients by powers of two are too */
static const double model_scores[] = { 0.125, 0.5, 0.25, 0.125 };

static GstEmotion2vecClasses *
make (const char *spec)
{
  g_autoptr (GError) error = NULL;
  GstEmotion2vecClasses *classes =
      gst_emotion2vec_classes_new (names, spec, &error);

  g_assert_no_error (error);
  g_assert_nonnull (classes);
  return classes;
}

/* @expected: names with commas between them. */
static void
check (const char *spec, const char *expected, const double *scores)
{
  g_autoptr (GstEmotion2vecClasses) classes = make (spec);
  g_autofree char *joined =
      g_strjoinv (",", (char **) gst_emotion2vec_classes_names (classes));
  guint n = gst_emotion2vec_classes_count (classes);
  double out[4];

  g_assert_cmpstr (joined, ==, expected);
  g_assert_cmpuint (gst_emotion2vec_classes_model_count (classes), ==, 4);
  g_assert_cmpuint (n, ==,
      g_strv_length ((char **) gst_emotion2vec_classes_names (classes)));
  gst_emotion2vec_classes_apply (classes, model_scores, out);
  for (guint c = 0; c < n; c++)
    g_assert_cmpfloat (out[c], ==, scores[c]);
}

static void
test_all (void)
{
  check (NULL, "angry,happy,neutral,sad", model_scores);
  check ("", "angry,happy,neutral,sad", model_scores);
  check (" \t", "angry,happy,neutral,sad", model_scores);
}

static void
test_restrict (void)
{
  static const double two[] = { 2.0 / 3, 1.0 / 3 };
  static const double one[] = { 1 };
  static const double turned[] = { 0.125, 0.25, 0.5, 0.125 };

  check ("happy,neutral", "happy,neutral", two);
  check ("sad", "sad", one);
  check (" sad , neutral,happy,\tangry ", "sad,neutral,happy,angry", turned);
}

static void
test_merge (void)
{
  static const double three[] = { 0.25, 0.5, 0.25 };
  static const double two[] = { 0.25 / 0.75, 0.5 / 0.75 };

  check ("negative=angry+sad,positive=happy,neutral",
      "negative,positive,neutral", three);
  check ("low = sad + angry, happy", "low,happy", two);
  /* a group may have the name of a class that is not used by itself */
  check ("sad=angry+sad,happy=happy,neutral", "sad,happy,neutral", three);
}

/* All bits stay as long as all classes do, even if their sum is not 1. */
static void
test_same_bits (void)
{
  const double in[] = { 0.1, 0.2, 1.0 / 3, 0.7 - 1.0 / 3 };
  g_autoptr (GstEmotion2vecClasses) classes = make (NULL);
  double out[4];

  gst_emotion2vec_classes_apply (classes, in, out);
  g_assert_cmpmem (in, sizeof in, out, sizeof out);
}

static void
check_equal_shares (const char *spec, const double *in)
{
  g_autoptr (GstEmotion2vecClasses) classes = make (spec);
  guint n = gst_emotion2vec_classes_count (classes);
  double out[4];

  gst_emotion2vec_classes_apply (classes, in, out);
  for (guint c = 0; c < n; c++)
    g_assert_cmpfloat (out[c], ==, 1.0 / n);
}

static void
test_nothing_left (void)
{
  static const double only_happy[] = { 0, 1, 0, 0 };
  static const double nothing[] = { 0, 0, 0, 0 };
  static const double broken[] = { 0.5, (double) NAN, 0.25, 0.25 };
  static const double endless[] = { 0.5, (double) INFINITY, 0.25, 0.25 };
  g_autoptr (GstEmotion2vecClasses) classes = make ("angry,sad");
  double out[2];

  check_equal_shares ("angry,neutral,sad", only_happy);
  check_equal_shares ("low=angry+sad,neutral", only_happy);
  check_equal_shares (NULL, nothing);
  check_equal_shares (NULL, broken);
  check_equal_shares ("happy,sad", endless);
  /* what is left out does not matter */
  gst_emotion2vec_classes_apply (classes, broken, out);
  g_assert_cmpfloat (out[0], ==, 0.5 / 0.75);
  g_assert_cmpfloat (out[1], ==, 0.25 / 0.75);
}

/* So little is kept that sums are at the edge of what doubles hold. */
static void
test_tiny (void)
{
  static const double tiny[] = { 4.9e-324, 1, 4.9e-324, 0 };
  g_autoptr (GstEmotion2vecClasses) classes = make ("angry,neutral,sad");
  double out[3];

  gst_emotion2vec_classes_apply (classes, tiny, out);
  g_assert_cmpfloat (out[0], ==, 0.5);
  g_assert_cmpfloat (out[1], ==, 0.5);
  g_assert_cmpfloat (out[2], ==, 0);
}

static void
test_frames (void)
{
  static const float in[] = { 0.125f, 0.5f, 0.25f, 0.125f, 0, 1, 0, 0 };
  static const float expected[] = { 0.5f, 0.5f, 0.5f, 0.5f };
  g_autoptr (GstEmotion2vecClasses) classes = make ("low=angry+sad,neutral");
  g_autoptr (GstEmotion2vecClasses) all = make (NULL);
  float out[8];

  gst_emotion2vec_classes_apply_frames (classes, in, 2, out);
  g_assert_cmpmem (out, sizeof expected, expected, sizeof expected);
  gst_emotion2vec_classes_apply_frames (all, in, 2, out);
  g_assert_cmpmem (out, sizeof in, in, sizeof in);
}

static void
test_no_head (void)
{
  static const char *const none[] = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstEmotion2vecClasses) classes =
      gst_emotion2vec_classes_new (none, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (gst_emotion2vec_classes_count (classes), ==, 0);
  g_assert_null (gst_emotion2vec_classes_new (none, "happy", &error));
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "no classes"));
}

static void
test_errors (void)
{
  static const struct
  {
    const char *spec, *say;
  } cases[] = {
    {"happy,furious", "no class \"furious\". It has: angry, happy, neutral, "
          "sad"},
    {"Happy", "no class \"Happy\""},
    {"a=happy=sad", "no class \"happy=sad\""},
    {"a b", "no class \"a b\""},
    {"happy,sad,happy", "\"happy\" is named twice"},
    {"low=sad+sad", "\"sad\" is used twice"},
    {"low=sad+angry,sad", "\"sad\" is used twice"},
    {"low=sad,low=angry", "\"low\" is named twice"},
    {"happy=sad,happy", "\"happy\" is named twice"},
    {"happy,", "comma without a class"},
    {",", "comma without a class"},
    {"happy, ,sad", "comma without a class"},
    {"=sad", "missing in \"=sad\""},
    {"low=", "missing in \"low=\""},
    {"low=sad+", "missing in \"low=sad+\""},
    {"low=+sad", "missing in \"low=+sad\""},
    {"low= ", "missing in \"low= \""},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gst_emotion2vec_classes_new (names, cases[i].spec, &error));
    g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].say));
    g_assert_nonnull (strstr (error->message, cases[i].spec));
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/classes/all", test_all);
  g_test_add_func ("/classes/restrict", test_restrict);
  g_test_add_func ("/classes/merge", test_merge);
  g_test_add_func ("/classes/same-bits", test_same_bits);
  g_test_add_func ("/classes/nothing-left", test_nothing_left);
  g_test_add_func ("/classes/tiny", test_tiny);
  g_test_add_func ("/classes/frames", test_frames);
  g_test_add_func ("/classes/no-head", test_no_head);
  g_test_add_func ("/classes/errors", test_errors);
  return g_test_run ();
}
