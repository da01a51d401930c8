/* test-annotation.c - what becomes of the element's messages: windows, segments and their confidence, worked out by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "formatskit.h"

#define MS GST_MSECOND
#define SILENT GST_EMOTION2VEC_SILENT
#define NONE ANNOTATION_NO_LABEL

static const char *const labels[] = { "angry", "happy", "sad", NULL };

/* A segment that is expected; times in ms, channels from 1. */
typedef struct
{
  guint start, end;
  gint label;
  double confidence;
  gint channel;
  gboolean speech;
} Expected;

static void
check (const Annotation * annotation, const Expected * expected, guint n)
{
  g_assert_cmpuint (annotation->segments->len, ==, n);
  for (guint i = 0; i < n; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);

    g_assert_cmpuint (segment->start, ==, expected[i].start * MS);
    g_assert_cmpuint (segment->end, ==, expected[i].end * MS);
    g_assert_cmpint (segment->label, ==, expected[i].label);
    g_assert_cmpint (segment->channel, ==, expected[i].channel - 1);
    g_assert_cmpint (segment->speech, ==, expected[i].speech);
    g_assert_cmpfloat_with_epsilon (segment->confidence,
        expected[i].confidence, 1e-12);
  }
}

#define CHECK(window, interval, windows, expected) G_STMT_START { \
  g_autoptr (Annotation) annotation_ = kit_annotation (window, interval, 0); \
  kit_fill (annotation_, windows, G_N_ELEMENTS (windows), labels); \
  check (annotation_, expected, G_N_ELEMENTS (expected)); \
} G_STMT_END

/* Window k speaks for [k + 1, k + 2), the first from 0 on and the last until its end. */
static void
test_grid (void)
{
  static const KitWindow windows[] = {
    {0, 3000, 0, 0.6}, {1000, 3000, 0, 0.9}, {2000, 3000, 1, 0.5},
    {3000, 3000, SILENT}, {4000, 3000, 0, 0.7}
  };
  static const Expected expected[] = {
    {0, 3000, 0, (2 * 0.6 + 0.9) / 3}, {3000, 4000, 1, 0.5},
    {4000, 5000, SILENT, 0}, {5000, 7000, 0, 0.7}
  };

  CHECK (3000, 1000, windows, expected);
}

/* An interval of 0 is the window's length; a window of 0 is as long as the file, but cut at some length. */
static void
test_side_by_side (void)
{
  static const KitWindow windows[] = {
    {0, 2000, 0, 0.6}, {2000, 2000, 0, 0.8}, {4000, 1000, 1}
  };
  static const Expected expected[] = {
    {0, 4000, 0, 0.7}, {4000, 5000, 1, 0.8}
  };

  CHECK (2000, 0, windows, expected);
  CHECK (0, 1000, windows, expected);
  CHECK (0, 0, windows, expected);
}

/* The last window of a stretch is off the grid; then there is a gap of a minute. */
static void
test_gap (void)
{
  static const KitWindow windows[] = {
    {0, 3000, 0}, {1000, 3000, 0}, {1600, 3000, 0},
    {64600, 3000, 0}, {65600, 3000, 1}
  };
  static const Expected expected[] = {
    {0, 4600, 0, 0.8}, {64600, 66600, 0, 0.8}, {66600, 68600, 1, 0.8}
  };

  CHECK (3000, 1000, windows, expected);
}

/* Stretches shorter than the window, closer to each other than the interval: each speaks for itself alone. */
static void
test_partial (void)
{
  static const KitWindow windows[] = {
    {.start = 0,.duration = 800,.label = 0,.partial = TRUE},
    {.start = 850,.duration = 700,.label = 1,.partial = TRUE},
    {1600, 3000, 2}, {2600, 3000, 2},
    {.start = 5700,.duration = 600,.label = 0,.partial = TRUE}
  };
  static const Expected expected[] = {
    {0, 800, 0, 0.8}, {850, 1550, 1, 0.8}, {1600, 5600, 2, 0.8},
    {5700, 6300, 0, 0.8}
  };

  CHECK (3000, 1000, windows, expected);
}

/* Time stamps jump back to 1 s: nothing overlaps, and every segment has a confidence. */
static void
test_back (void)
{
  static const KitWindow windows[] = {
    {10000, 3000, 0}, {11000, 3000, 0}, {1000, 3000, 1}, {2000, 3000, 1},
    {3000, 3000, 2}
  };
  static const Expected expected[] = {
    {1000, 4000, 1, 0.8}, {4000, 6000, 2, 0.8}, {10000, 14000, 0, 0.8}
  };
  static const KitWindow over[] = {
    {0, 3000, 0}, {1000, 3000, 0}, {0, 3000, 1}, {1000, 3000, 1}
  };
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 0);
  GstClockTime until = 0;

  CHECK (3000, 1000, windows, expected);
  kit_fill (annotation, over, G_N_ELEMENTS (over), labels);
  g_assert_cmpuint (annotation->segments->len, >, 0);
  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);

    g_assert_cmpuint (segment->start, ==, until);
    g_assert_cmpfloat_with_epsilon (segment->confidence, 0.8, 1e-12);
    until = segment->end;
  }
  g_assert_cmpuint (until, ==, 4000 * MS);
}

/* Each channel and trigger has segments of its own; stretches of speech speak for their exact span. */
static void
test_tracks (void)
{
  static const KitWindow windows[] = {
    {0, 2000, 0, 0, 2}, {0, 2000, 1, 0, 1}, {500, 900, 2, 0.5, 1, TRUE},
    {2000, 2000, 0, 0, 2}, {2000, 2000, SILENT, 0, 1}
  };
  static const Expected expected[] = {
    {0, 2000, 1, 0.8, 1}, {0, 4000, 0, 0.8, 2}, {500, 1400, 2, 0.5, 1, TRUE},
    {2000, 4000, SILENT, 0, 1}
  };
  g_autoptr (Annotation) annotation = kit_annotation (2000, 2000, 0);
  g_autoptr (GArray) tracks = NULL;

  kit_fill (annotation, windows, G_N_ELEMENTS (windows), labels);
  check (annotation, expected, G_N_ELEMENTS (expected));
  tracks = annotation_tracks (annotation);
  g_assert_cmpuint (tracks->len, ==, 3);
  for (guint i = 0; i < 3; i++) {
    const AnnotationTrack *track = &g_array_index (tracks, AnnotationTrack, i);

    g_assert_cmpint (track->channel, ==, i % 2);
    g_assert_cmpint (track->speech, ==, i == 2);
  }
}

/* A channel number that no file has must cost nothing. */
static void
test_far_channel (void)
{
  static const KitWindow windows[] = { {0, 3000, 0, 0, G_MAXINT} };
  static const Expected expected[] = { {0, 3000, 0, 0.8, G_MAXINT} };

  CHECK (3000, 1000, windows, expected);
}

/* Models without a head give windows without labels, and no segments. */
static void
test_without_labels (void)
{
  static const KitWindow windows[] = { {0, 3000, NONE}, {1000, 3000, NONE} };
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 0);
  const AnnotationWindow *window;

  kit_fill (annotation, windows, G_N_ELEMENTS (windows), labels);
  window = &g_array_index (annotation->windows, AnnotationWindow, 1);
  g_assert_cmpuint (annotation->windows->len, ==, 2);
  g_assert_cmpuint (annotation->segments->len, ==, 0);
  g_assert_null (annotation->labels);
  g_assert_null (annotation_scores (annotation, window));
  g_assert_cmpfloat (annotation_confidence (annotation, window), ==, 0);
  g_assert_cmpstr (annotation_label (annotation, window->label), ==, "none");
}

/* Finishing twice gives the same, not the double. */
static void
test_finish_again (void)
{
  static const KitWindow windows[] = { {0, 3000, 0}, {1000, 3000, 1} };
  static const Expected expected[] = {
    {0, 2000, 0, 0.8}, {2000, 4000, 1, 0.8}
  };
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 0);

  kit_fill (annotation, windows, G_N_ELEMENTS (windows), labels);
  annotation_finish (annotation);
  check (annotation, expected, G_N_ELEMENTS (expected));
}

static void
test_fields (void)
{
  static const KitWindow windows[] = {
    {.start = 250,.duration = 700,.label = 1,.score = 0.5,.channel = 2,
        .speech = TRUE,.partial = TRUE},
    {1000, 3000, SILENT}
  };
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 0);
  const AnnotationWindow *window;

  kit_fill (annotation, windows, G_N_ELEMENTS (windows), labels);
  window = &g_array_index (annotation->windows, AnnotationWindow, 0);
  g_assert_cmpuint (window->start, ==, 250 * MS);
  g_assert_cmpuint (window->duration, ==, 700 * MS);
  g_assert_cmpint (window->channel, ==, 1);
  g_assert_cmpfloat (window->level, ==, -20.5);
  g_assert_true (window->speech && window->partial && !window->silent);
  g_assert_cmpstr (annotation_label (annotation, window->label), ==, "happy");
  g_assert_cmpfloat (annotation_scores (annotation, window)[0], ==, 0.25);
  g_assert_cmpfloat (annotation_confidence (annotation, window), ==, 0.5);
  window++;
  g_assert_cmpint (window->channel, ==, -1);
  g_assert_true (window->silent);
  g_assert_cmpstr (annotation_label (annotation, window->label), ==, "silent");
}

/* ---- what is refused -------------------------------------------------------------------------------------------- */

/* A good message but for one field: value of the text @value, or none if it is NULL. */
static void
refuse (const char *field, const char *value)
{
  static const KitWindow good = { 0, 3000, 0 };
  static const KitWindow next = { 1000, 3000, 2 };
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 0);
  g_autoptr (GstStructure) message = kit_message (1, &next, labels);

  kit_fill (annotation, &good, 1, labels);
  if (value) {
    g_autofree char *text = g_strdup_printf ("x, f=%s", value);
    g_autoptr (GstStructure) other = gst_structure_from_string (text, NULL);

    g_assert_nonnull (other);
    gst_structure_set_value (message, field,
        gst_structure_get_value (other, "f"));
  } else
    gst_structure_remove_field (message, field);
  g_assert_false (annotation_add (annotation, message));
  g_assert_cmpuint (annotation->windows->len, ==, 1);
  g_assert_cmpuint (annotation->scores->len, ==, 3);
  g_assert_cmpuint (annotation->n_labels, ==, 3);
}

static void
test_refused (void)
{
  static const char *const cases[][2] = {
    {"id", NULL}, {"stream-time", NULL}, {"duration", NULL}, {"labels", NULL},
    {"stream-time", "(guint64)18446744073709551615"},
    {"duration", "(guint64)9223372036854775808"}, {"duration", "(int)1"},
    {"scores", "<0.5, 0.5>"}, {"scores", "<1, 2, 3>"}, {"scores", "(double)1"},
    {"scores", "<(string)a, (string)b, (string)c>"},
    {"labels", "<(string)angry, (string)happy>"},
    {"labels", "<(string)angry, (string)happy, (string)calm>"},
    {"labels", "<(string)angry, (string)happy, (string)sad, (string)calm>"}
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    refuse (cases[i][0], cases[i][1]);
}

/* Sets element 1 of the array @field to @value and tries to add it to an empty annotation. */
static void
refuse_element (const char *field, const GValue * value)
{
  static const KitWindow good = { 0, 3000, 0 };
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 0);
  g_autoptr (GstStructure) message = kit_message (1, &good, labels);
  GValue array = G_VALUE_INIT;

  gst_value_array_init (&array, 3);
  for (guint i = 0; i < 3; i++)
    gst_value_array_append_value (&array, i == 1 ? value
        : gst_value_array_get_value (gst_structure_get_value (message, field),
            i));
  gst_structure_take_value (message, field, &array);
  g_assert_false (annotation_add (annotation, message));
  g_assert_null (annotation->labels);
  g_assert_cmpuint (annotation->windows->len, ==, 0);
}

static void
test_unsound (void)
{
  GValue number = G_VALUE_INIT, text = G_VALUE_INIT;

  g_value_init (&number, G_TYPE_DOUBLE);
  g_value_init (&text, G_TYPE_STRING);
  g_value_set_double (&number, NAN);
  refuse_element ("scores", &number);
  g_value_set_double (&number, INFINITY);
  refuse_element ("scores", &number);
  refuse_element ("labels", &text);
  g_value_set_static_string (&text, "caf\351");
  refuse_element ("labels", &text);
}

static void
test_other_structure (void)
{
  static const KitWindow good = { 0, 3000, 0 };
  g_autoptr (Annotation) annotation = kit_annotation (3000, 1000, 0);
  g_autoptr (GstStructure) message = kit_message (1, &good, labels);

  gst_structure_set_name (message, "level");
  g_assert_false (annotation_add (annotation, message));
  g_assert_cmpuint (annotation->windows->len, ==, 0);
}

/* ---- much ------------------------------------------------------------------------------------------------------- */

/* Ten hours on two channels, the label changing every second on one and every minute on the other. */
static void
test_ten_hours (void)
{
  const guint seconds = 36000;
  g_autoptr (Annotation) annotation = kit_annotation (1000, 1000, 0);
  GstClockTime until[2] = { 0, 0 };
  guint n[2] = { 0, 0 };

  for (guint i = 0; i < 2 * seconds; i++) {
    const guint second = i / 2;
    const KitWindow window = { second * 1000, 1000,
      (gint) (i % 2 ? second / 60 : second) % 3, 0, (gint) (i % 2) + 1
    };
    g_autoptr (GstStructure) message = kit_message (i, &window, labels);

    g_assert_true (annotation_add (annotation, message));
  }
  annotation_finish (annotation);
  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);
    gint c = segment->channel;

    g_assert_cmpuint (segment->start, ==, until[c]);
    g_assert_cmpint (segment->label, ==, n[c] % 3);
    g_assert_cmpfloat_with_epsilon (segment->confidence, 0.8, 1e-12);
    until[c] = segment->end;
    n[c]++;
  }
  g_assert_cmpuint (n[0], ==, seconds);
  g_assert_cmpuint (n[1], ==, seconds / 60);
  g_assert_cmpuint (until[0], ==, seconds * GST_SECOND);
  g_assert_cmpuint (until[1], ==, seconds * GST_SECOND);
}

/* Windows of any length at any time in any order: segments of a track are in order and do not overlap, labels of those
 * that touch differ, and a confidence is between the lowest and the highest score. */
static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (12);

  for (guint run = 0; run < 200; run++) {
    g_autoptr (Annotation) annotation = kit_annotation ((guint)
        g_rand_int_range (rand, 0, 3000), (guint) g_rand_int_range (rand, 0,
            3000), 0);
    const AnnotationSegment *last[2] = { NULL, NULL };

    for (guint i = 0; i < 100; i++) {
      const KitWindow window = { (guint) g_rand_int_range (rand, 0, 60000),
        (guint) g_rand_int_range (rand, 1, 4000),
        g_rand_int_range (rand, -1, 3), g_rand_double_range (rand, 0.5, 1),
        0, g_rand_boolean (rand), g_rand_int_range (rand, 0, 8) == 0
      };
      g_autoptr (GstStructure) message = kit_message (i, &window, labels);

      g_assert_true (annotation_add (annotation, message));
    }
    annotation_finish (annotation);
    for (guint i = 0; i < annotation->segments->len; i++) {
      const AnnotationSegment *segment =
          &g_array_index (annotation->segments, AnnotationSegment, i);
      const AnnotationSegment *before = last[segment->speech];

      g_assert_cmpuint (segment->start, <, segment->end);
      if (before)
        g_assert_cmpuint (before->end, <=, segment->start);
      if (before && before->end == segment->start)
        g_assert_cmpint (before->label, !=, segment->label);
      if (segment->label >= 0)
        g_assert_true (segment->confidence > 0.5 && segment->confidence < 1);
      last[segment->speech] = segment;
    }
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/annotation/grid", test_grid);
  g_test_add_func ("/annotation/side-by-side", test_side_by_side);
  g_test_add_func ("/annotation/gap", test_gap);
  g_test_add_func ("/annotation/partial", test_partial);
  g_test_add_func ("/annotation/back", test_back);
  g_test_add_func ("/annotation/tracks", test_tracks);
  g_test_add_func ("/annotation/far-channel", test_far_channel);
  g_test_add_func ("/annotation/without-labels", test_without_labels);
  g_test_add_func ("/annotation/finish-again", test_finish_again);
  g_test_add_func ("/annotation/fields", test_fields);
  g_test_add_func ("/annotation/refused", test_refused);
  g_test_add_func ("/annotation/unsound", test_unsound);
  g_test_add_func ("/annotation/other-structure", test_other_structure);
  g_test_add_func ("/annotation/ten-hours", test_ten_hours);
  g_test_add_func ("/annotation/random", test_random);
  return g_test_run ();
}
