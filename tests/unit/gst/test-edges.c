/* test-edges.c - the second look at the edges of speech.
 *
 * Bands of noise that is the same in each frame, and of a sound that is exactly so much louder: then the edge is where the
 * sound is, less the two frames that docs/speech-trigger.md promises on both sides.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "gstemotion2vecedges.h"
#include "gstemotion2vecfeatures.h"

#define N_BANDS GST_EMOTION2VEC_FEATURES_BANDS
#define MARGIN 2

/* The sound is in the frames [FROM, TO). */
#define FROM 200
#define TO 300

#define NOISE_DB -60.0

/* The sound goes from band to band. */
#define IN_TURN N_BANDS

static double
power (double db)
{
  return pow (10, db / 10);
}

static void
push (GstEmotion2vecEdges * edges, guint band, double db, gboolean audible)
{
  double bands[N_BANDS];

  for (guint b = 0; b < N_BANDS; b++)
    bands[b] = power (b == band ? db : NOISE_DB);
  gst_emotion2vec_edges_push (edges, bands, audible);
}

/* The frames [0, @n): noise, in band @band the sound at @db. */
static GstEmotion2vecEdges *
hear (guint n, guint band, double db)
{
  GstEmotion2vecEdges *edges = gst_emotion2vec_edges_new ();

  for (guint k = 0; k < n; k++)
    push (edges, band == IN_TURN ? k % N_BANDS : band,
        k >= FROM && k < TO ? db : NOISE_DB, TRUE);
  return edges;
}

static guint64
start_of (guint band, double db, guint64 start, guint64 earliest)
{
  GstEmotion2vecEdges *edges = hear (TO, band, db);
  guint64 found = gst_emotion2vec_edges_start (edges, start, TO, earliest);

  gst_emotion2vec_edges_free (edges);
  return found;
}

static guint64
end_of (guint n, guint band, double db, guint64 end)
{
  GstEmotion2vecEdges *edges = hear (n, band, db);
  guint64 found = gst_emotion2vec_edges_end (edges, FROM, end);

  gst_emotion2vec_edges_free (edges);
  return found;
}

/* Whichever band it is in, and wherever the first look found the edge. */
static void
test_start (void)
{
  for (guint band = 0; band < N_BANDS; band++) {
    g_assert_cmpuint (start_of (band, -40, FROM - 25, 0), ==, FROM - MARGIN);
    g_assert_cmpuint (start_of (band, -40, FROM, 0), ==, FROM - MARGIN);
    g_assert_cmpuint (start_of (band, -40, FROM + 5, 0), ==, FROM - MARGIN);
  }
}

static void
test_end (void)
{
  for (guint band = 0; band < N_BANDS; band++) {
    g_assert_cmpuint (end_of (TO + 30, band, -40, TO - 5), ==, TO + MARGIN);
    g_assert_cmpuint (end_of (TO + 30, band, -40, TO), ==, TO + MARGIN);
    g_assert_cmpuint (end_of (TO + 55, band, -40, TO + 25), ==, TO + MARGIN);
  }
}

/* An edge moves by no more than it may: 40 frames back and the margin, and into the 30 after it. */
static void
test_reach (void)
{
  g_assert_cmpuint (start_of (IN_TURN, -40, FROM + 40, 0), ==, FROM - MARGIN);
  g_assert_cmpuint (start_of (IN_TURN, -40, FROM + 45, 0), ==, FROM + 3);
  g_assert_cmpuint (start_of (3, -40, FROM - 29, 0), ==, FROM - MARGIN);
  g_assert_cmpuint (start_of (3, -40, FROM - 30, 0), ==, FROM - 30);
  g_assert_cmpuint (end_of (TO + 90, 3, -40, TO + 39), ==, TO + MARGIN);
  g_assert_cmpuint (end_of (TO + 90, 3, -40, TO + 40), ==, TO + 40);
  g_assert_cmpuint (end_of (TO + 90, IN_TURN, -40, TO - 40), ==,
      TO - 40 + 30 + MARGIN);
  g_assert_cmpuint (end_of (TO, IN_TURN, -40, TO - 25), ==, TO);
}

/* Noise of more than a second ago says nothing. */
static void
test_long_ago (void)
{
  GstEmotion2vecEdges *edges = gst_emotion2vec_edges_new ();

  for (guint k = 0; k < TO; k++)
    push (edges, 3, k < FROM - 100 ? -20 : k < FROM ? NOISE_DB : -40, TRUE);
  g_assert_cmpuint (gst_emotion2vec_edges_start (edges, FROM + 1, TO, 0), ==,
      FROM - MARGIN);
  gst_emotion2vec_edges_free (edges);
}

static void
test_earliest (void)
{
  g_assert_cmpuint (start_of (IN_TURN, -40, FROM + 34, 0), ==, FROM - MARGIN);
  g_assert_cmpuint (start_of (IN_TURN, -40, FROM + 34, FROM + 4), ==, FROM + 4);
  g_assert_cmpuint (start_of (3, -40, FROM + 3, FROM - 20), ==, FROM - MARGIN);
}

/* Fewer than 8 frames of noise, which count from 8 frames away on: nothing is changed. */
static void
test_unknown (void)
{
  g_assert_cmpuint (end_of (TO, 3, -40, TO), ==, TO);
  g_assert_cmpuint (end_of (TO + 15, 3, -40, TO), ==, TO);
  g_assert_cmpuint (end_of (TO + 16, 3, -40, TO), ==, TO + MARGIN);
  g_assert_cmpuint (start_of (3, -40, FROM + 4, FROM - 11), ==, FROM + 4);
  g_assert_cmpuint (start_of (3, -40, FROM + 4, FROM - 12), ==, FROM - MARGIN);
}

/* Nothing stands out: nothing is changed. What is 3.5 dB above steady noise stands out, with a spread of 2 dB at least. */
static void
test_threshold (void)
{
  g_assert_cmpuint (start_of (3, NOISE_DB + 3.4, FROM + 5, 0), ==, FROM + 5);
  g_assert_cmpuint (start_of (3, NOISE_DB + 3.6, FROM + 5, 0), ==,
      FROM - MARGIN);
  g_assert_cmpuint (end_of (TO + 40, 3, NOISE_DB + 3.4, TO + 9), ==, TO + 9);
  g_assert_cmpuint (end_of (TO + 40, 3, NOISE_DB + 3.6, TO + 9), ==,
      TO + MARGIN);
}

/* In noise whose level goes up and down by 4 dB the spread is sqrt (20) dB: 7.83 dB above its mean stand out. */
static void
check_spread (double above, guint64 expected)
{
  GstEmotion2vecEdges *edges = gst_emotion2vec_edges_new ();

  for (guint k = 0; k < TO; k++) {
    double noise = NOISE_DB + (k % 2 ? 4 : -4);

    push (edges, 3, k < FROM ? noise : NOISE_DB + above, TRUE);
  }
  g_assert_cmpuint (gst_emotion2vec_edges_start (edges, FROM + 4, TO, 0), ==,
      expected);
  gst_emotion2vec_edges_free (edges);
}

static void
test_spread (void)
{
  check_spread (7.7, FROM + 4);
  check_spread (8.0, FROM - MARGIN);
}

/* What is 50 dB below the loudest of the span is not part of it, though nothing else is heard. */
static void
check_range (double below, guint64 expected)
{
  GstEmotion2vecEdges *edges = gst_emotion2vec_edges_new ();

  for (guint k = 0; k < TO + 30; k++) {
    double db = k < FROM || k >= TO ? -90 : k < TO - 20 ? -10 : -10 - below;

    push (edges, 3, db, TRUE);
  }
  g_assert_cmpuint (gst_emotion2vec_edges_end (edges, FROM, TO), ==, expected);
  gst_emotion2vec_edges_free (edges);
}

static void
test_range (void)
{
  check_range (46, TO + MARGIN);
  check_range (47, TO - 20 + MARGIN);
}

/* Silence, and frames below the silence threshold however loud, are never speech. */
static void
test_not_audible (void)
{
  GstEmotion2vecEdges *edges = gst_emotion2vec_edges_new ();

  for (guint k = 0; k < TO; k++)
    push (edges, 3, k < FROM ? NOISE_DB : -40, k >= FROM + 7);
  g_assert_cmpuint (gst_emotion2vec_edges_start (edges, FROM, TO, 0), ==,
      FROM + 7 - MARGIN);
  gst_emotion2vec_edges_free (edges);
}

static void
test_silence (void)
{
  const double nothing[N_BANDS] = { 0 };
  GstEmotion2vecEdges *edges = gst_emotion2vec_edges_new ();

  for (guint k = 0; k < FROM; k++)
    gst_emotion2vec_edges_push (edges, nothing, FALSE);
  for (guint k = FROM; k < TO; k++)
    push (edges, 3, -40, TRUE);
  for (guint k = 0; k < 30; k++)
    gst_emotion2vec_edges_push (edges, nothing, FALSE);
  g_assert_cmpuint (gst_emotion2vec_edges_start (edges, FROM - 9, TO, 0), ==,
      FROM - MARGIN);
  g_assert_cmpuint (gst_emotion2vec_edges_end (edges, FROM, TO), ==,
      TO + MARGIN);
  gst_emotion2vec_edges_free (edges);
}

/* One loud frame outside, a click, does not move an edge. */
static void
test_click (void)
{
  GstEmotion2vecEdges *edges = gst_emotion2vec_edges_new ();

  for (guint k = 0; k < TO; k++)
    push (edges, 3, k >= FROM || k == FROM - 12 ? -20 : NOISE_DB, TRUE);
  g_assert_cmpuint (gst_emotion2vec_edges_start (edges, FROM, TO, 0), ==,
      FROM - MARGIN);
  gst_emotion2vec_edges_free (edges);
}

/* Counts again from 0. */
static void
test_reset (void)
{
  GstEmotion2vecEdges *edges = hear (TO, 3, -40);

  gst_emotion2vec_edges_reset (edges);
  for (guint k = 0; k < TO; k++)
    push (edges, 5, k >= FROM + 20 ? -40 : NOISE_DB, TRUE);
  g_assert_cmpuint (gst_emotion2vec_edges_start (edges, FROM, TO, 0), ==,
      FROM + 20 - MARGIN);
  gst_emotion2vec_edges_free (edges);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edges/start", test_start);
  g_test_add_func ("/edges/end", test_end);
  g_test_add_func ("/edges/reach", test_reach);
  g_test_add_func ("/edges/long-ago", test_long_ago);
  g_test_add_func ("/edges/earliest", test_earliest);
  g_test_add_func ("/edges/unknown", test_unknown);
  g_test_add_func ("/edges/threshold", test_threshold);
  g_test_add_func ("/edges/spread", test_spread);
  g_test_add_func ("/edges/range", test_range);
  g_test_add_func ("/edges/not-audible", test_not_audible);
  g_test_add_func ("/edges/silence", test_silence);
  g_test_add_func ("/edges/click", test_click);
  g_test_add_func ("/edges/reset", test_reset);
  return g_test_run ();
}
