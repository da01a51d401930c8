/* test-timeline.c - the time that windows speak for, against the formula of its header worked out by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vectimeline.h"

#define MS GST_MSECOND

/* One window; times in milliseconds. */
typedef struct
{
  guint start, duration;
  gint label;
  guint64 stretch;
  gboolean speech;
} Window;

/* Adds them and checks what comes out: n_expected segments of start, end, label. */
static void
check (guint interval, const Window * windows, guint n,
    const gint (*expected)[3], guint n_expected)
{
  g_autoptr (GstEmotion2vecTimeline) timeline =
      gst_emotion2vec_timeline_new (interval * MS, 100);
  g_autoptr (GArray) segments = NULL;
  GstClockTime spoken = 0, total = 0;

  for (guint i = 0; i < n; i++) {
    const GstEmotion2vecHeard heard = { windows[i].start * MS,
      windows[i].duration * MS, windows[i].stretch, windows[i].speech,
      windows[i].label
    };

    spoken += gst_emotion2vec_timeline_add (timeline, &heard);
  }
  spoken += gst_emotion2vec_timeline_last (timeline);
  segments = gst_emotion2vec_timeline_segments (timeline);
  g_assert_cmpuint (segments->len, ==, n_expected);
  for (guint i = 0; i < n_expected; i++) {
    const GstEmotion2vecSegment *segment =
        &g_array_index (segments, GstEmotion2vecSegment, i);

    g_assert_cmpuint (segment->start, ==, expected[i][0] * MS);
    g_assert_cmpuint (segment->end, ==, expected[i][1] * MS);
    g_assert_cmpint (segment->label, ==, expected[i][2]);
    total += segment->end - segment->start;
  }
  g_assert_cmpuint (spoken, ==, total);
}

#define CHECK(interval, windows, expected) check (interval, windows, \
    G_N_ELEMENTS (windows), expected, G_N_ELEMENTS (expected))

static void
test_grid (void)
{
  static const Window windows[] = {
    {0, 3000, 0}, {1000, 3000, 1}, {2000, 3000, 2}, {3000, 3000, 3}
  };
  static const gint expected[][3] = {
    {0, 2000, 0}, {2000, 3000, 1}, {3000, 4000, 2}, {4000, 6000, 3}
  };

  CHECK (1000, windows, expected);
}

static void
test_merge (void)
{
  static const Window windows[] = {
    {0, 3000, 0}, {1000, 3000, 0}, {2000, 3000, 1}, {3000, 3000, 1},
    {4000, 3000, 0}
  };
  static const gint expected[][3] = {
    {0, 3000, 0}, {3000, 5000, 1}, {5000, 7000, 0}
  };

  CHECK (1000, windows, expected);
}

/* Side by side: interval 0, and the pieces that a window of 0 is cut into. */
static void
test_side_by_side (void)
{
  static const Window windows[] = {
    {0, 30000, 0}, {30000, 30000, 1}, {60000, 4000, 2}
  };
  static const gint expected[][3] = {
    {0, 30000, 0}, {30000, 60000, 1}, {60000, 64000, 2}
  };

  CHECK (0, windows, expected);
  /* the interval means nothing for such pieces */
  CHECK (1000, windows, expected);
}

/* Fewer windows than audio: the time between is shared. */
static void
test_sparse (void)
{
  static const Window windows[] = {
    {0, 1000, 0}, {3000, 1000, 1}, {6000, 1000, 2}
  };
  static const gint expected[][3] = {
    {0, 2000, 0}, {2000, 5000, 1}, {5000, 7000, 2}
  };

  CHECK (3000, windows, expected);
}

/* The window at the end of a stretch is off the grid. */
static void
test_tail (void)
{
  static const Window windows[] = {
    {0, 3000, 0}, {1000, 3000, 1}, {1600, 3000, 2}
  };
  static const gint expected[][3] = {
    {0, 2000, 0}, {2000, 3000, 1}, {3000, 4600, 2}
  };
  static const Window sparse[] = { {0, 1000, 0}, {2000, 1000, 1} };
  static const gint sparse_expected[][3] = { {0, 1500, 0}, {1500, 3000, 1} };
  static const Window one[] = { {500, 700, 4} };
  static const gint one_expected[][3] = { {500, 1200, 4} };

  CHECK (1000, windows, expected);
  CHECK (10000, sparse, sparse_expected);
  CHECK (1000, one, one_expected);
}

static void
test_dropped (void)
{
  static const Window one[] = {
    {0, 3000, 0}, {2000, 3000, 1}, {3000, 3000, 0}
  };
  static const gint one_expected[][3] = {
    {0, 2000, 0}, {2000, 4000, 1}, {4000, 6000, 0}
  };
  /* the second has not heard the third second */
  static const Window two[] = { {0, 3000, 0}, {3000, 3000, 1} };
  static const gint two_expected[][3] = { {0, 3000, 0}, {3000, 6000, 1} };
  static const Window many[] = { {0, 3000, 0}, {7000, 3000, 0} };
  static const gint many_expected[][3] = { {0, 2000, 0}, {8000, 10000, 0} };

  CHECK (1000, one, one_expected);
  CHECK (1000, two, two_expected);
  CHECK (1000, many, many_expected);
}

static void
test_stretches (void)
{
  static const Window windows[] = {
    {0, 3000, 0, 0}, {1000, 3000, 0, 0}, {4000, 3000, 0, 1},
    {5000, 3000, 0, 1}, {9000, 800, 0, 2}
  };
  static const gint expected[][3] = { {0, 8000, 0}, {9000, 9800, 0} };
  /* times begin anew, as after a seek without a flush */
  static const Window back[] = { {8000, 3000, 0, 0}, {0, 3000, 1, 1} };
  static const gint back_expected[][3] = {
    {8000, 11000, 0}, {0, 3000, 1}
  };
  /* packets that overlap */
  static const Window twice[] = { {0, 3000, 0, 0}, {2500, 3000, 1, 1} };
  static const gint twice_expected[][3] = { {0, 3000, 0}, {3000, 5500, 1} };

  CHECK (1000, windows, expected);
  CHECK (1000, back, back_expected);
  CHECK (1000, twice, twice_expected);
}

static void
test_speech (void)
{
  static const Window windows[] = {
    {100, 2200, 0, 0, TRUE}, {3000, 400, 0, 0, TRUE},
    {3400, 1000, 0, 0, TRUE}, {4300, 1000, 1, 0, TRUE}
  };
  static const gint expected[][3] = {
    {100, 2300, 0}, {3000, 4400, 0}, {4400, 5300, 1}
  };

  CHECK (1000, windows, expected);
}

/* At 44.1 kHz, window k begins at sample floor (k * interval * 44100): up to 23 us before its place. No gap may come of
 * that, nor segments of equal labels that do not join. */
static void
test_rounding (void)
{
  const GstClockTime interval = 1234567891;
  g_autoptr (GstEmotion2vecTimeline) timeline =
      gst_emotion2vec_timeline_new (interval, 100);
  g_autoptr (GArray) segments = NULL;

  for (guint64 k = 0; k < 50; k++) {
    guint64 sample = gst_util_uint64_scale (k * interval, 44100, GST_SECOND);
    const GstEmotion2vecHeard heard = {
      gst_util_uint64_scale (sample, GST_SECOND, 44100), GST_SECOND / 2
    };

    gst_emotion2vec_timeline_add (timeline, &heard);
  }
  segments = gst_emotion2vec_timeline_segments (timeline);
  g_assert_cmpuint (segments->len, ==, 1);
}

/* Random windows in order: segments are in order, do not overlap, and say of each label how long it was. */
static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);

  for (guint run = 0; run < 300; run++) {
    g_autoptr (GstEmotion2vecTimeline) timeline =
        gst_emotion2vec_timeline_new (g_rand_int_range (rand, 0, 4000) * MS,
        1000);
    g_autoptr (GArray) segments = NULL;
    GstClockTime start = 0, times[3] = { 0, 0, 0 }, until = 0;
    guint64 stretch = 0;

    for (guint i = 0; i < 200; i++) {
      const GstEmotion2vecHeard heard = { start,
        g_rand_int_range (rand, 1, 4000) * MS, stretch,
        run % 3 == 0, g_rand_int_range (rand, -1, 3)
      };

      gst_emotion2vec_timeline_add (timeline, &heard);
      start += g_rand_int_range (rand, 1, 5000) * MS;
      stretch += g_rand_int_range (rand, 0, 10) == 0;
    }
    segments = gst_emotion2vec_timeline_segments (timeline);
    for (guint i = 0; i < segments->len; i++) {
      const GstEmotion2vecSegment *segment =
          &g_array_index (segments, GstEmotion2vecSegment, i);

      g_assert_cmpuint (segment->start, >=, until);
      g_assert_cmpuint (segment->start, <, segment->end);
      if (i > 0 && segment->start == until)
        g_assert_cmpint (segment->label, !=, segment[-1].label);
      until = segment->end;
      if (segment->label >= 0)
        times[segment->label] += segment->end - segment->start;
    }
    for (gint label = 0; label < 3; label++)
      g_assert_cmpuint (gst_emotion2vec_timeline_time (timeline, label), ==,
          times[label]);
    g_assert_cmpuint (gst_emotion2vec_timeline_time (timeline, 7), ==, 0);
  }
}

/* Windows side by side of these lengths, labels 0, 1, 2, 0, ... */
static GstEmotion2vecTimeline *
add_lengths (const guint * lengths, guint n, guint max)
{
  GstEmotion2vecTimeline *timeline = gst_emotion2vec_timeline_new (0, max);
  GstClockTime start = 0;

  for (guint i = 0; i < n; i++) {
    const GstEmotion2vecHeard heard = { start, lengths[i] * MS, 0, TRUE,
      (gint) i % 3
    };

    gst_emotion2vec_timeline_add (timeline, &heard);
    start += lengths[i] * MS;
  }
  return timeline;
}

/* With room for three: when 20 comes, 10 has gone to its longer neighbour, 50; when 60 comes, 20 goes to 60, as 40 is
 * shorter; when 30 comes it stays, being the last, and 40 goes to what is now 80. */
static void
test_too_many (void)
{
  static const guint lengths[] = { 50, 10, 40, 20, 60, 30 };
  static const guint starts[] = { 0, 60, 180, 210 };
  static const gint labels[] = { 0, 1, 2 };
  g_autoptr (GstEmotion2vecTimeline) timeline = add_lengths (lengths, 6, 3);
  g_autoptr (GArray) segments = gst_emotion2vec_timeline_segments (timeline);

  g_assert_cmpuint (segments->len, ==, 3);
  for (guint i = 0; i < 3; i++) {
    const GstEmotion2vecSegment *segment =
        &g_array_index (segments, GstEmotion2vecSegment, i);

    g_assert_cmpuint (segment->start, ==, starts[i] * MS);
    g_assert_cmpuint (segment->end, ==, starts[i + 1] * MS);
    g_assert_cmpint (segment->label, ==, labels[i]);
  }
}

/* Ten hours of a label that changes every second: bounded, whole, and the shares are exact. */
static void
test_ten_hours (void)
{
  const guint n = 36000;
  g_autofree guint *lengths = g_new (guint, n);
  g_autoptr (GstEmotion2vecTimeline) timeline = NULL;
  g_autoptr (GArray) segments = NULL;
  GstClockTime until = 0;

  for (guint i = 0; i < n; i++)
    lengths[i] = i % 100 == 0 ? 60000 : 1000;
  timeline = add_lengths (lengths, n, 1000);
  segments = gst_emotion2vec_timeline_segments (timeline);
  g_assert_cmpuint (segments->len, <=, 1000);
  g_assert_cmpuint (segments->len, >=, 360);
  for (guint i = 0; i < segments->len; i++) {
    const GstEmotion2vecSegment *segment =
        &g_array_index (segments, GstEmotion2vecSegment, i);

    g_assert_cmpuint (segment->start, ==, until);
    until = segment->end;
  }
  g_assert_cmpuint (until, ==, (35640 + 360 * 60) * GST_SECOND);
  for (gint label = 0; label < 3; label++)
    g_assert_cmpuint (gst_emotion2vec_timeline_time (timeline, label), ==,
        (11880 + 120 * 60) * GST_SECOND);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/timeline/grid", test_grid);
  g_test_add_func ("/timeline/merge", test_merge);
  g_test_add_func ("/timeline/side-by-side", test_side_by_side);
  g_test_add_func ("/timeline/sparse", test_sparse);
  g_test_add_func ("/timeline/tail", test_tail);
  g_test_add_func ("/timeline/dropped", test_dropped);
  g_test_add_func ("/timeline/stretches", test_stretches);
  g_test_add_func ("/timeline/speech", test_speech);
  g_test_add_func ("/timeline/rounding", test_rounding);
  g_test_add_func ("/timeline/random", test_random);
  g_test_add_func ("/timeline/too-many", test_too_many);
  g_test_add_func ("/timeline/ten-hours", test_ten_hours);
  return g_test_run ();
}
