/* e2vhostloops.c - the loops of e2vhostloops.h for one instruction set.
 *
 * Built several times, with E2V_HOST_LOOPS naming the table and E2V_HOST_LANES the floats of a vector. The vectors are
 * those of the compiler, not of a processor: where a machine has none, the compiler takes them apart.
 * (1) A row's last vector is a copy, filled up with what changes nothing.
 * (2) Sums have one partial sum a lane, two where it pays: the order of additions is fixed by the length alone.
 * (3) A comparison with NaN is false, and is written such that NaN is what remains then.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhostloops.h"

#include <math.h>
#include <string.h>

#define LANES E2V_HOST_LANES

typedef float Vec __attribute__((vector_size (4 * LANES)));
typedef gint32 Ints __attribute__((vector_size (4 * LANES)));

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

static inline Vec
load (const float *x)
{
  Vec v;

  memcpy (&v, x, sizeof v);
  return v;
}

static inline void
store (float *x, Vec v)
{
  memcpy (x, &v, sizeof v);
}

static inline Vec
splat (float value)
{
  return value - (Vec) {
  };
}

/* The first @n values, @fill in the lanes behind. */
static inline Vec
load_part (const float *x, gsize n, float fill)
{
  Vec v = splat (fill);

  memcpy (&v, x, n * sizeof (float));
  return v;
}

static inline void
store_part (float *x, Vec v, gsize n)
{
  memcpy (x, &v, n * sizeof (float));
}

static inline Vec
choose (Ints mask, Vec yes, Vec no)
{
  return (Vec) ((mask & (Ints) yes) | (~mask & (Ints) no));
}

static inline float
sum_lanes (Vec v)
{
  float lanes[LANES], sum = 0;

  store (lanes, v);
  for (guint i = 0; i < LANES; i++)
    sum += lanes[i];
  return sum;
}

/* ---- functions -------------------------------------------------------------------------------------------------- */

/* x * Phi (x), Phi the normal distribution: 1/2 + x R (x * x) with a rational R whose own error is below 1e-8. It was
 * fitted in double over |x| <= 5.6 for the least largest error of the product; beyond, Phi is 0 or 1 in float. */
static inline Vec
gelu_of (Vec x)
{
  const Vec u = x * x;
  const Vec p = 0.39894223f + u * (0.034375783f + u * (0.0047072372f
          + u * (1.7384707e-4f + u * (6.356473e-6f + u * 2.2145379e-8f))));
  const Vec q = 1.0f + u * (0.25283301f + u * (0.028939895f
          + u * (0.0019129579f + u * (7.510056e-5f + u * 1.1802096e-6f))));
  const Vec y = x * (0.5f + x * (p / q));

  return choose (x > splat (5.6f), x, choose (x < splat (-5.6f), splat (0), y));
}

/* exp of x <= 0. x = n ln 2 + r with |r| <= ln 2 / 2, exp (r) by its series to the sixth power, 2^n by its exponent.
 * Below -87 the result is exp (-87), which is nothing beside the largest term of a softmax, 1. */
static inline Vec
exp_of (Vec x)
{
  const Vec magic = splat (12582912.0f);        /* 1.5 * 2^23: what is added to it is rounded to a whole number */
  Vec clamped = choose (x < splat (-87.0f), splat (-87.0f), x);
  Vec shifted = clamped * 1.44269504f + magic;
  Vec n = shifted - magic;
  Vec r = (clamped - n * 0.693145752f) - n * 1.42860677e-6f;
  Vec e = 1.0f + r * (1.0f + r * (0.5f + r * (0.166666667f
              + r * (0.0416666667f + r * (0.00833333333f +
                      r * 0.00138888889f)))));
  Ints power = (Ints) shifted - (Ints) magic + 127;

  return e * (Vec) (power << 23);
}

/* ---- the loops -------------------------------------------------------------------------------------------------- */

static void
run_gelu (float *x, gsize n)
{
  gsize i = 0;

  for (; i + LANES <= n; i += LANES)
    store (x + i, gelu_of (load (x + i)));
  if (i < n)
    store_part (x + i, gelu_of (load_part (x + i, n - i, 0)), n - i);
}

static void
run_sum (const float *a, const float *b, float *y, gsize n)
{
  gsize i = 0;

  for (; i + LANES <= n; i += LANES)
    store (y + i, load (a + i) + load (b + i));
  for (; i < n; i++)
    y[i] = a[i] + b[i];
}

static void
run_add (const float *x, float *y, gsize n)
{
  run_sum (x, y, y, n);
}

static float
mean_of (const float *x, gsize n)
{
  Vec even = splat (0), odd = splat (0);
  gsize i = 0;

  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    even += load (x + i);
    odd += load (x + i + LANES);
  }
  for (; i < n; i += LANES)
    even += load_part (x + i, MIN (n - i, LANES), 0);
  return sum_lanes (even + odd) / (float) n;
}

static float
variance_of (const float *x, gsize n, float mean)
{
  Vec even = splat (0), odd = splat (0);
  gsize i = 0;

  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    const Vec a = load (x + i) - mean, b = load (x + i + LANES) - mean;

    even += a * a;
    odd += b * b;
  }
  for (; i < n; i += LANES) {
    const Vec a = load_part (x + i, MIN (n - i, LANES), mean) - mean;

    even += a * a;
  }
  return sum_lanes (even + odd) / (float) n;
}

static inline Vec
norm_of (Vec x, float mean, float factor, Vec gain, Vec bias, gboolean gelu)
{
  const Vec y = (x - mean) * factor * gain + bias;

  return gelu ? gelu_of (y) : y;
}

static void
run_norm (const float *x, float *y, const float *gain, const float *bias,
    float eps, gboolean gelu, gsize n)
{
  const float mean = mean_of (x, n);
  const float factor = 1 / sqrtf (variance_of (x, n, mean) + eps);
  const Vec one = splat (1), zero = splat (0);
  gsize i = 0;

  for (; i + LANES <= n; i += LANES)
    store (y + i, norm_of (load (x + i), mean, factor,
            gain ? load (gain + i) : one, bias ? load (bias + i) : zero, gelu));
  if (i < n)
    store_part (y + i, norm_of (load_part (x + i, n - i, mean), mean, factor,
            gain ? load_part (gain + i, n - i, 1) : one,
            bias ? load_part (bias + i, n - i, 0) : zero, gelu), n - i);
}

/* NaN is passed over here; the sum of a softmax does not miss it. */
static float
largest_of (const float *x, gsize n)
{
  Vec top = splat (x[0]);
  float lanes[LANES], largest;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES) {
    const Vec v = load (x + i);

    top = choose (v > top, v, top);
  }
  store (lanes, top);
  largest = lanes[0];
  for (guint l = 1; l < LANES; l++)
    largest = MAX (largest, lanes[l]);
  for (; i < n; i++)
    largest = MAX (largest, x[i]);
  return largest;
}

static void
run_softmax (float *x, gsize n)
{
  const float top = largest_of (x, n);
  Vec total = splat (0);
  float sum, factor;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES) {
    const Vec e = exp_of (load (x + i) - top);

    total += e;
    store (x + i, e);
  }
  sum = sum_lanes (total);
  if (i < n) {
    store_part (x + i, exp_of (load_part (x + i, n - i, top) - top), n - i);
    for (gsize j = i; j < n; j++)
      sum += x[j];
  }
  factor = 1 / sum;
  for (i = 0; i + LANES <= n; i += LANES)
    store (x + i, load (x + i) * factor);
  for (; i < n; i++)
    x[i] *= factor;
}

static void
run_distances (float *y, float slope, guint query, guint first, gsize n)
{
  const float q = (float) query;
  gsize i = MIN (first, n);

  memset (y, 0, i * sizeof (float));
  for (; i < n; i++)
    y[i] = -slope * fabsf (q - (float) (gint32) i);
}

extern const E2vHostLoops E2V_HOST_LOOPS;
const E2vHostLoops E2V_HOST_LOOPS = {
  .name = E2V_HOST_LOOPS_NAME,
  .gelu = run_gelu,
  .add = run_add,
  .sum = run_sum,
  .norm = run_norm,
  .softmax = run_softmax,
  .distances = run_distances,
};
