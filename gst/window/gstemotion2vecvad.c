/* gstemotion2vecvad.c - a small network that hears for each frame whether it is speech.
 *
 * A convolution over three frames, a gated recurrent unit, and three heads. A head judges a frame 8, 15 or 30 frames later, by
 * what the unit said at five moments since. Before the first frame everything was as in the first.
 *
 * An edge is where the sum of the log odds, from inside to outside, is largest: the most likely place of the one change
 * (E. S. Page, "Continuous inspection schemes", 1954). They are clipped, so that no single frame decides; and a pause counts for
 * no more than MOST_FALL, or a short word after it would be given up.
 * The twin of the network is model/train/vad.py.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecvad.h"

#include <math.h>
#include <string.h>

#define N_FEATURES GST_EMOTION2VEC_VAD_N_FEATURES
#define N_WIDTH GST_EMOTION2VEC_VAD_WIDTH
#define N_KERNEL GST_EMOTION2VEC_VAD_KERNEL
#define N_TAPS GST_EMOTION2VEC_VAD_TAPS
#define CLIP GST_EMOTION2VEC_VAD_CLIP

/* Frames kept, a power of two. */
#define N_KEPT 256

/* Of a pause, in the sum of the log odds: what comes after it is part of a span if it says more for speech than this. */
#define MOST_FALL 40.0

/* Frames that are added to an end: the release of a last consonant is often too quiet to be sure of. */
#define MARGIN_AFTER 3

/* What a vote adds to the log odds. */
#define VOTE 3.0

static const guint delays[GST_EMOTION2VEC_VAD_HEADS] =
    { GST_EMOTION2VEC_VAD_DELAY, 15, 30 };

typedef struct
{
  float state[N_WIDTH];         /* what the recurrent unit says after it */
  gboolean audible, vote;
} Frame;

struct _GstEmotion2vecVad
{
  GstEmotion2vecVadWeights *weights;
  GstEmotion2vecVadFeatures *features;
  guint64 n;                    /* frames so far */
  float heard[N_KERNEL][N_FEATURES];    /* the last frames, the newest last */
  Frame frames[N_KEPT];         /* frame k at k % N_KEPT */
};

GstEmotion2vecVad *
gst_emotion2vec_vad_new (GstEmotion2vecVadWeights * weights)
{
  GstEmotion2vecVad *vad = g_new0 (GstEmotion2vecVad, 1);

  vad->weights = gst_emotion2vec_vad_weights_ref (weights);
  vad->features = gst_emotion2vec_vad_features_new ();
  return vad;
}

void
gst_emotion2vec_vad_free (GstEmotion2vecVad * vad)
{
  if (!vad)
    return;
  gst_emotion2vec_vad_features_free (vad->features);
  gst_emotion2vec_vad_weights_unref (vad->weights);
  g_free (vad);
}

void
gst_emotion2vec_vad_reset (GstEmotion2vecVad * vad)
{
  gst_emotion2vec_vad_features_reset (vad->features);
  memset (vad->frames, 0, sizeof vad->frames);
  vad->n = 0;
}

/* ---- the network ------------------------------------------------------------------------------------------------ */

static float
product (const float *a, const float *b, guint n)
{
  float sum = 0;

  for (guint i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

static float
sigmoid (float x)
{
  return 1 / (1 + expf (-x));
}

/* Moves the frames that the convolution sees on by one. */
static void
hear (GstEmotion2vecVad * vad, const float *samples, double voicing)
{
  float *now = vad->heard[N_KERNEL - 1];

  memmove (vad->heard[0], vad->heard[1], (N_KERNEL - 1) * sizeof vad->heard[0]);
  gst_emotion2vec_vad_features_push (vad->features, samples, voicing, now);
  for (guint k = 0; vad->n == 0 && k < N_KERNEL - 1; k++)
    memcpy (vad->heard[k], now, sizeof vad->heard[k]);
}

static void
convolve (const GstEmotion2vecVad * vad, float *out)
{
  const GstEmotion2vecVadWeights *weights = vad->weights;

  for (guint i = 0; i < N_WIDTH; i++) {
    float sum = weights->conv_bias[i];

    for (guint f = 0; f < N_FEATURES; f++)
      for (guint k = 0; k < N_KERNEL; k++)
        sum += weights->conv[i][f][k] * vad->heard[k][f];
    out[i] = MAX (sum, 0);
  }
}

/* What gate @g says of @in, and of @state: two sums, for the new one is gated in between. */
static void
gate (const GstEmotion2vecVadWeights * weights, guint g, guint i,
    const float *in, const float *state, float sums[2])
{
  sums[0] = weights->in_bias[g][i]
      + product (weights->in[g][i], in, N_WIDTH);
  sums[1] = weights->state_bias[g][i]
      + product (weights->state[g][i], state, N_WIDTH);
}

static void
recur (const GstEmotion2vecVadWeights * weights, const float *in,
    const float *state, float *out)
{
  for (guint i = 0; i < N_WIDTH; i++) {
    float reset[2], update[2], new[2], keep;

    gate (weights, GST_EMOTION2VEC_VAD_RESET, i, in, state, reset);
    gate (weights, GST_EMOTION2VEC_VAD_UPDATE, i, in, state, update);
    gate (weights, GST_EMOTION2VEC_VAD_NEW, i, in, state, new);
    keep = sigmoid (update[0] + update[1]);
    out[i] = (1 - keep) * tanhf (new[0]
        + sigmoid (reset[0] + reset[1]) * new[1]) + keep * state[i];
  }
}

void
gst_emotion2vec_vad_push (GstEmotion2vecVad * vad, const float *samples,
    double voicing, gboolean audible, gboolean vote)
{
  /* before the first frame the ring holds zeros, with which the recurrent unit begins */
  const Frame *before = &vad->frames[(vad->n + N_KEPT - 1) % N_KEPT];
  Frame *frame = &vad->frames[vad->n % N_KEPT];
  float in[N_WIDTH];

  hear (vad, samples, voicing);
  convolve (vad, in);
  recur (vad->weights, in, before->state, frame->state);
  frame->audible = audible;
  frame->vote = vote;
  vad->n++;
}

/* What head @h says @delays[@h] frames after frame @k, which is @k + that. */
static double
ask (const GstEmotion2vecVad * vad, guint h, guint64 k)
{
  const GstEmotion2vecVadHidden *hidden = &vad->weights->hidden[h];
  const GstEmotion2vecVadLast *last = &vad->weights->last[h];
  float sum = last->bias;

  for (guint i = 0; i < GST_EMOTION2VEC_VAD_HEAD_WIDTH; i++) {
    float value = hidden->bias[i];

    for (guint tap = 0; tap < N_TAPS; tap++) {
      guint64 at = k + delays[h] - delays[h] * tap / (N_TAPS - 1);

      value += product (&hidden->weight[i][tap * N_WIDTH],
          vad->frames[at % N_KEPT].state, N_WIDTH);
    }
    sum += last->weight[i] * MAX (value, 0);
  }
  return (double) sum;
}

double
gst_emotion2vec_vad_evidence (const GstEmotion2vecVad * vad, guint64 k)
{
  const Frame *frame = &vad->frames[k % N_KEPT];
  guint h = GST_EMOTION2VEC_VAD_HEADS;
  double odds;

  while (h > 0 && k + delays[h - 1] >= vad->n)
    h--;
  if (h == 0)
    return 0;
  if (!frame->audible)
    return -CLIP;
  odds = ask (vad, h - 1, k);
  if (frame->vote)
    odds += VOTE;
  return CLAMP (odds, -CLIP, CLIP);
}

/* ---- edges ------------------------------------------------------------------------------------------------------ */

/* @k - @n, but no less than @least */
static guint64
back (guint64 k, guint64 n, guint64 least)
{
  return k > least + n ? k - n : least;
}

static guint64
oldest (const GstEmotion2vecVad * vad)
{
  return back (vad->n, N_KEPT, 0);
}

/* Of the @n frames from @first on, in steps of @step: how many, from the first on, are speech. */
static guint64
count_speech (const GstEmotion2vecVad * vad, guint64 first, gint64 step,
    guint64 n)
{
  double sum = 0, best = 0;
  guint64 count = 0;

  for (guint64 i = 0; i < n; i++) {
    guint64 k = (guint64) ((gint64) first + step * (gint64) i);

    sum = MAX (sum + gst_emotion2vec_vad_evidence (vad, k), best - MOST_FALL);
    if (sum > best) {
      best = sum;
      count = i + 1;
    }
  }
  return count;
}

guint64
gst_emotion2vec_vad_start (const GstEmotion2vecVad * vad, guint64 start,
    guint64 end, guint64 earliest)
{
  guint64 from = back (start, GST_EMOTION2VEC_VAD_BACK,
      MAX (earliest, oldest (vad)));
  guint64 known = back (vad->n, GST_EMOTION2VEC_VAD_DELAY, 0);
  guint64 to = MIN (MIN (start + GST_EMOTION2VEC_VAD_ON, end), known);
  guint64 count;

  if (to <= from)
    return start;
  count = count_speech (vad, to - 1, -1, to - from);
  return count > 0 ? to - count : start;
}

guint64
gst_emotion2vec_vad_end (const GstEmotion2vecVad * vad, guint64 start,
    guint64 end)
{
  guint64 middle = MAX (start + (end - start) / 2, oldest (vad));
  guint64 from = back (end, GST_EMOTION2VEC_VAD_BACK, middle);
  guint64 known = back (vad->n, GST_EMOTION2VEC_VAD_DELAY, 0);
  guint64 to = MIN (end + GST_EMOTION2VEC_VAD_ON, known);
  guint64 count;

  if (to <= from)
    return end;
  count = count_speech (vad, from, 1, to - from);
  /* what is not judged yet is what came before */
  if (to == known && count == to - from)
    return MIN (end + GST_EMOTION2VEC_VAD_ON, vad->n);
  return count > 0 ? MIN (from + count + MARGIN_AFTER, vad->n) : end;
}
