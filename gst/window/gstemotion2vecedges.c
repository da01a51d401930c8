/* gstemotion2vecedges.c - moves the edges of a span of speech to where the speech begins and ends to be heard.
 *
 * An edge is a change between two kinds of frames, noise outside and speech inside. The noise next to the edge gives the
 * mean and the spread of each band in decibels. How far the band that stands out most is above them, less a threshold, is
 * the evidence that a frame is speech; it is clipped, so that no single frame decides. The edge is where the sum of the
 * evidence, from inside to outside, is largest: with logarithms of likelihoods for evidence that is the most likely place of
 * the one change (E. S. Page, "Continuous inspection schemes", 1954).
 * The numbers were chosen by measurement, see docs/speech-trigger.md.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecedges.h"

#include <math.h>
#include <string.h>

#include "gstemotion2vecfeatures.h"

#define N_BANDS GST_EMOTION2VEC_FEATURES_BANDS

/* Frames kept, a power of two: those before an edge, and those after it until its span closes. */
#define N_KEPT 256

/* Noise is measured in these frames: so far from the edge, no farther than that, and not in fewer than this. */
#define NOISE_NEAR 8
#define NOISE_FAR 100
#define NOISE_LEAST 8

/* dB. No band counts for less. */
#define LOWEST_DB -90.0
/* Noise counts for no less than this below the loudest band of the span: in a quiet room breath, and the room itself, are not
 * part of the span. */
#define RANGE_DB 50.0
/* Spread that a band has at least, standard deviation. */
#define LEAST_SPREAD 2.0

/* In spreads: the evidence is what is above THRESHOLD, clipped on both sides. */
#define THRESHOLD 1.75
#define MOST_AGAINST 0.6
#define MOST_FOR 1.5

/* Frames that are added outside: a sound begins and ends below the noise. */
#define MARGIN 2

typedef struct
{
  double db[N_BANDS];
  gboolean audible;
} Frame;

typedef struct
{
  double mean[N_BANDS], spread[N_BANDS];
} Noise;

struct _GstEmotion2vecEdges
{
  guint64 n;                    /* frames so far */
  Frame frames[N_KEPT];         /* frame k at k % N_KEPT */
};

GstEmotion2vecEdges *
gst_emotion2vec_edges_new (void)
{
  return g_new0 (GstEmotion2vecEdges, 1);
}

void
gst_emotion2vec_edges_free (GstEmotion2vecEdges * edges)
{
  g_free (edges);
}

void
gst_emotion2vec_edges_reset (GstEmotion2vecEdges * edges)
{
  memset (edges, 0, sizeof *edges);
}

void
gst_emotion2vec_edges_push (GstEmotion2vecEdges * edges, const double *bands,
    gboolean audible)
{
  Frame *frame = &edges->frames[edges->n++ % N_KEPT];

  for (guint b = 0; b < N_BANDS; b++)
    frame->db[b] = bands[b] > 0 ?
        MAX (LOWEST_DB, 10 * log10 (bands[b])) : LOWEST_DB;
  frame->audible = audible;
}

static const Frame *
get_frame (const GstEmotion2vecEdges * edges, guint64 k)
{
  return &edges->frames[k % N_KEPT];
}

static guint64
oldest (const GstEmotion2vecEdges * edges)
{
  return edges->n - MIN (edges->n, N_KEPT);
}

/* @k - @n, but no less than @least */
static guint64
back (guint64 k, guint64 n, guint64 least)
{
  return k > least + n ? k - n : least;
}

/* The band that was the loudest of all in the frames [@from, @to) that are kept. */
static double
loudest (const GstEmotion2vecEdges * edges, guint64 from, guint64 to)
{
  double most = LOWEST_DB;

  for (guint64 k = MAX (from, oldest (edges)); k < to; k++)
    for (guint b = 0; b < N_BANDS; b++)
      most = MAX (most, get_frame (edges, k)->db[b]);
  return most;
}

/* Measures the noise in the frames [@from, @to). Returns: FALSE if they are too few. */
static gboolean
measure (const GstEmotion2vecEdges * edges, guint64 from, guint64 to,
    double least, Noise * noise)
{
  if (to < from + NOISE_LEAST)
    return FALSE;
  for (guint b = 0; b < N_BANDS; b++) {
    double n = (double) (to - from), sum = 0, squares = 0;

    for (guint64 k = from; k < to; k++)
      sum += get_frame (edges, k)->db[b];
    for (guint64 k = from; k < to; k++) {
      double off = get_frame (edges, k)->db[b] - sum / n;

      squares += off * off;
    }
    noise->mean[b] = MAX (sum / n, least);
    noise->spread[b] = sqrt (LEAST_SPREAD * LEAST_SPREAD + squares / n);
  }
  return TRUE;
}

static double
evidence (const Frame * frame, const Noise * noise)
{
  double most = -INFINITY;

  if (!frame->audible)
    return -MOST_AGAINST;
  for (guint b = 0; b < N_BANDS; b++)
    most = MAX (most, (frame->db[b] - noise->mean[b]) / noise->spread[b]);
  return CLAMP (most - THRESHOLD, -MOST_AGAINST, MOST_FOR);
}

/* Of the @n frames from @first on, in steps of @step: how many, from the first on, are speech. */
static guint64
count_speech (const GstEmotion2vecEdges * edges, guint64 first, gint64 step,
    guint64 n, const Noise * noise)
{
  double sum = 0, best = 0;
  guint64 count = 0;

  for (guint64 i = 0; i < n; i++) {
    guint64 k = (guint64) ((gint64) first + step * (gint64) i);

    sum += evidence (get_frame (edges, k), noise);
    if (sum > best) {
      best = sum;
      count = i + 1;
    }
  }
  return count;
}

guint64
gst_emotion2vec_edges_start (const GstEmotion2vecEdges * edges, guint64 start,
    guint64 end, guint64 earliest)
{
  guint64 old = MAX (earliest, oldest (edges));
  guint64 from = back (start, GST_EMOTION2VEC_EDGES_BACK - MARGIN, old);
  guint64 to = MIN (start + GST_EMOTION2VEC_EDGES_ON, end);
  double least = loudest (edges, start, to) - RANGE_DB;
  guint64 count;
  Noise noise;

  if (!measure (edges, back (start, NOISE_FAR, old), back (start, NOISE_NEAR,
              old), least, &noise))
    return start;
  count = count_speech (edges, to - 1, -1, to - from, &noise);
  return count > 0 ? back (to, count + MARGIN, earliest) : start;
}

guint64
gst_emotion2vec_edges_end (const GstEmotion2vecEdges * edges, guint64 start,
    guint64 end)
{
  guint64 middle = MAX (start + (end - start) / 2, oldest (edges));
  guint64 from = back (end, GST_EMOTION2VEC_EDGES_BACK - MARGIN, middle);
  guint64 to = MIN (end + GST_EMOTION2VEC_EDGES_ON, edges->n);
  double least = loudest (edges, start, end) - RANGE_DB;
  guint64 count;
  Noise noise;

  if (!measure (edges, end + NOISE_NEAR, edges->n, least, &noise))
    return end;
  count = count_speech (edges, from, 1, to - from, &noise);
  return count > 0 ? MIN (from + count + MARGIN, edges->n) : end;
}
