/* test-logistic.c - the optimiser against closed forms, bisection and differences.
 *
 * tests/tools/test_probe.py holds it against NumPy.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vlogistic.h"

#include <math.h>

#define N 60
#define DIM 5
#define CLASSES 3

/* Seeded rows of which no class can be told for sure. */
static void
make_rows (double *x, guint * y, double *weight)
{
  GRand *random = g_rand_new_with_seed (3);

  for (guint i = 0; i < N; i++) {
    y[i] = (guint) g_rand_int_range (random, 0, CLASSES);
    weight[i] = g_rand_double_range (random, 0.2, 3);
    for (guint d = 0; d < DIM; d++)
      x[i * DIM + d] = g_rand_double_range (random, -2, 2) + (y[i] == d);
  }
  g_rand_free (random);
}

/* Without features the probabilities of the classes are their shares of the weight. */
static void
test_shares (void)
{
  const double x[6] = { 0 }, weight[] = { 1, 1, 1, 2, 4, 1 };
  const guint y[] = { 0, 0, 1, 1, 2, 2 };
  const E2vLogisticData data = { 6, 1, 3, x, y, weight };
  const double mean = (log (2) + log (3) + log (5)) / 3;
  double w[3] = { 0 }, b[3] = { 0 };

  e2v_logistic_fit (&data, 1, 1e-12, w, b);
  g_assert_cmpfloat_with_epsilon (b[0], log (2) - mean, 1e-9);
  g_assert_cmpfloat_with_epsilon (b[1], log (3) - mean, 1e-9);
  g_assert_cmpfloat_with_epsilon (b[2], log (5) - mean, 1e-9);
  for (guint k = 0; k < 3; k++)
    g_assert_cmpfloat_with_epsilon (w[k], 0, 1e-12);
}

/* One feature of +-1 that is right in 7 of 10 rows. By symmetry w1 = -w0 and b = 0; the derivative by w1 is
 * 2 (s (2 w1) - 0.7) + 2 l2 w1 with the sigmoid s, which rises: its zero by bisection. */
static double
bisect (double l2)
{
  double low = 0, high = 10;

  for (guint i = 0; i < 200; i++) {
    double w = (low + high) / 2;

    if (2 * (1 / (1 + exp (-2 * w)) - 0.7) + 2 * l2 * w < 0)
      low = w;
    else
      high = w;
  }
  return low;
}

static void
test_one_feature (void)
{
  double x[20];
  guint y[20];
  const E2vLogisticData data = { 20, 1, 2, x, y, NULL };

  for (guint i = 0; i < 20; i++) {
    y[i] = i % 2;
    x[i] = (y[i] ? 1 : -1) * (i < 14 ? 1 : -1);
  }
  for (double l2 = 1e-4; l2 < 20; l2 *= 10) {
    double w[2] = { 0 }, b[2] = { 0 };
    guint n_steps = e2v_logistic_fit (&data, l2, 1e-12, w, b);

    g_assert_cmpuint (n_steps, <, 30);
    g_assert_cmpfloat_with_epsilon (w[1], bisect (l2), 1e-9);
    g_assert_cmpfloat_with_epsilon (w[0], -w[1], 1e-9);
    g_assert_cmpfloat_with_epsilon (b[0], 0, 1e-9);
  }
}

/* The gradient is what differences of the function say. */
static void
test_gradient (void)
{
  double x[N * DIM], weight[N], w[CLASSES * DIM], b[CLASSES];
  double grad_w[CLASSES * DIM], grad_b[CLASSES];
  const double h = 1e-5;
  guint y[N];
  const E2vLogisticData data = { N, DIM, CLASSES, x, y, weight };

  make_rows (x, y, weight);
  for (guint i = 0; i < CLASSES * DIM; i++)
    w[i] = sin (i);
  for (guint k = 0; k < CLASSES; k++)
    b[k] = cos (k);
  e2v_logistic_loss (&data, 0.3, w, b, grad_w, grad_b);
  for (guint i = 0; i < CLASSES * DIM + CLASSES; i++) {
    double *at = i < CLASSES * DIM ? &w[i] : &b[i - CLASSES * DIM];
    double is = i < CLASSES * DIM ? grad_w[i] : grad_b[i - CLASSES * DIM];
    double was = *at, up, down;

    *at = was + h;
    up = e2v_logistic_loss (&data, 0.3, w, b, NULL, NULL);
    *at = was - h;
    down = e2v_logistic_loss (&data, 0.3, w, b, NULL, NULL);
    *at = was;
    g_assert_cmpfloat_with_epsilon (is, (up - down) / (2 * h), 1e-8);
  }
}

/* From anywhere to the one minimum: the gradient is 0 there, and no step in any direction is lower. */
static void
test_minimum (void)
{
  double x[N * DIM], weight[N];
  double w[CLASSES * DIM] = { 0 }, b[CLASSES] = { 0 };
  double w2[CLASSES * DIM], b2[CLASSES] = { 5, -5, 1 };
  double grad_w[CLASSES * DIM], grad_b[CLASSES], least, sum = 0;
  guint y[N];
  const E2vLogisticData data = { N, DIM, CLASSES, x, y, weight };

  make_rows (x, y, weight);
  for (guint i = 0; i < CLASSES * DIM; i++)
    w2[i] = 3 * cos (i);
  e2v_logistic_fit (&data, 0.01, 1e-11, w, b);
  e2v_logistic_fit (&data, 0.01, 1e-11, w2, b2);
  least = e2v_logistic_loss (&data, 0.01, w, b, grad_w, grad_b);
  for (guint i = 0; i < CLASSES * DIM; i++) {
    g_assert_cmpfloat_with_epsilon (w[i], w2[i], 1e-8);
    g_assert_cmpfloat_with_epsilon (grad_w[i], 0, 1e-10);
  }
  for (guint k = 0; k < CLASSES; k++) {
    g_assert_cmpfloat_with_epsilon (b[k], b2[k], 1e-8);
    g_assert_cmpfloat_with_epsilon (grad_b[k], 0, 1e-10);
    sum += b[k];
  }
  g_assert_cmpfloat_with_epsilon (sum, 0, 1e-12);
  for (guint i = 0; i < CLASSES * DIM; i++) {
    w[i] += 1e-3;
    g_assert_cmpfloat (e2v_logistic_loss (&data, 0.01, w, b, NULL, NULL), >,
        least);
    w[i] -= 1e-3;
  }
}

/* Rows that count twice are rows that are there twice. */
static void
test_weights (void)
{
  const double x[] = { 0.5, -1, 2, 0.1, 2, 0.1 }, weight[] = { 1, 1, 2, 1 };
  const guint y[] = { 0, 1, 1, 0, 1, 0 };
  const double once_x[] = { 0.5, -1, 2, 0.1 };
  const E2vLogisticData twice = { 5, 1, 2, x, y, NULL };
  const E2vLogisticData once = { 4, 1, 2, once_x, y, weight };
  double w[2] = { 0 }, b[2] = { 0 }, w2[2] = { 0 }, b2[2] = { 0 };

  e2v_logistic_fit (&twice, 0.1, 1e-12, w, b);
  e2v_logistic_fit (&once, 0.1, 1e-12, w2, b2);
  g_assert_cmpfloat_with_epsilon (w[1], w2[1], 1e-9);
  g_assert_cmpfloat_with_epsilon (b[1], b2[1], 1e-9);
}

/* Rows that a plane parts, and features of a huge scale: the penalty keeps all finite. */
static void
test_separable (void)
{
  const double x[] = { -1e6, -1e6 + 1, 1e6, 1e6 - 3 };
  const guint y[] = { 0, 0, 1, 1 };
  const E2vLogisticData data = { 4, 1, 2, x, y, NULL };
  double w[2] = { 0 }, b[2] = { 0 };

  e2v_logistic_fit (&data, 1e-4, 1e-10, w, b);
  g_assert_true (isfinite (w[0]) && isfinite (b[0]));
  g_assert_cmpfloat (w[1], >, 0);
  g_assert_cmpfloat (e2v_logistic_loss (&data, 1e-4, w, b, NULL, NULL), <,
      1e-3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/logistic/shares", test_shares);
  g_test_add_func ("/logistic/one-feature", test_one_feature);
  g_test_add_func ("/logistic/gradient", test_gradient);
  g_test_add_func ("/logistic/minimum", test_minimum);
  g_test_add_func ("/logistic/weights", test_weights);
  g_test_add_func ("/logistic/separable", test_separable);
  return g_test_run ();
}
