/* e2vlogistic.c - multinomial logistic regression with an L2 penalty.
 *
 * (1) Parameters are one vector: W row by row, then b; so are gradients and directions.
 * (2) A product with the Hessian costs as much as a gradient: with P the probabilities of the present point and u_i the
 *     change of z_i in a direction, row i gives weight_i P_i * (u_i - P_i . u_i).
 * (3) The Hessian is singular in one direction, the same constant on all of b. Gradients have no part in it, so
 *     conjugate gradients that begin at 0 never leave the rest of the space.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vlogistic.h"

#include <math.h>
#include <string.h>

#define MAX_STEPS 200
#define MAX_HALVINGS 40

/* Of the decrease that the slope promises: Armijo's rule. */
#define ENOUGH 1e-4

/* Relative rounding error of the function. */
#define FLAT 1e-14

typedef struct
{
  const E2vLogisticData *data;
  double l2, total;             /* total: sum of the rows' weights */
  gsize n_weights, size;        /* of W; of all parameters */
  double *p;                    /* [n][n_classes]: probabilities at the point of the last evaluation */
} Problem;

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

/* Four sums, so that additions need not wait for each other. */
static double
dot (const double *a, const double *b, gsize n)
{
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  gsize i = 0;

  for (; i + 4 <= n; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < n; i++)
    s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

/* y += a x */
static void
add (double a, const double *x, double *y, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] += a * x[i];
}

static double
largest (const double *x, gsize n)
{
  double top = 0;

  for (gsize i = 0; i < n; i++)
    top = MAX (top, fabs (x[i]));
  return top;
}

/* ---- the function ----------------------------------------------------------------------------------------------- */

static double
row_weight (const Problem * problem, guint i)
{
  return (problem->data->weight ? problem->data->weight[i] : 1.0)
      / problem->total;
}

/* z = W x + b of row @i, with parameters or with a direction. */
static void
project (const Problem * problem, guint i, const double *theta, double *z)
{
  const E2vLogisticData *data = problem->data;
  const double *x = data->x + (gsize) i * data->dim;

  for (guint k = 0; k < data->n_classes; k++)
    z[k] = theta[problem->n_weights + k]
        + dot (x, theta + (gsize) k * data->dim, data->dim);
}

/* What row @i adds to a gradient or a product, if @r is the derivative by its z. */
static void
spread (const Problem * problem, guint i, const double *r, double *out)
{
  const E2vLogisticData *data = problem->data;
  const double *x = data->x + (gsize) i * data->dim;

  for (guint k = 0; k < data->n_classes; k++) {
    add (r[k], x, out + (gsize) k * data->dim, data->dim);
    out[problem->n_weights + k] += r[k];
  }
}

/* Turns z into probabilities in place; returns log sum exp z. */
static double
softmax (double *z, guint n)
{
  double top = z[0], sum = 0;

  for (guint k = 1; k < n; k++)
    top = MAX (top, z[k]);
  for (guint k = 0; k < n; k++) {
    z[k] = exp (z[k] - top);
    sum += z[k];
  }
  for (guint k = 0; k < n; k++)
    z[k] /= sum;
  return top + log (sum);
}

/* The function at @theta; leaves the probabilities in problem->p. */
static double
evaluate (Problem * problem, const double *theta)
{
  const E2vLogisticData *data = problem->data;
  double loss = 0;

  for (guint i = 0; i < data->n; i++) {
    double *z = problem->p + (gsize) i * data->n_classes;
    double right;

    project (problem, i, theta, z);
    right = z[data->y[i]];
    loss += row_weight (problem, i) * (softmax (z, data->n_classes) - right);
  }
  return loss + problem->l2 / 2 * dot (theta, theta, problem->n_weights);
}

/* The gradient at the point @theta of the last evaluation. */
static void
differentiate (const Problem * problem, const double *theta, double *grad)
{
  const E2vLogisticData *data = problem->data;
  g_autofree double *r = g_new (double, data->n_classes);

  memset (grad, 0, problem->size * sizeof *grad);
  add (problem->l2, theta, grad, problem->n_weights);
  for (guint i = 0; i < data->n; i++) {
    const double *p = problem->p + (gsize) i * data->n_classes;
    double weight = row_weight (problem, i);

    for (guint k = 0; k < data->n_classes; k++)
      r[k] = weight * (p[k] - (k == data->y[i]));
    spread (problem, i, r, grad);
  }
}

/* @out = Hessian @v at the point of the last evaluation. */
static void
multiply (const Problem * problem, const double *v, double *out)
{
  const E2vLogisticData *data = problem->data;
  g_autofree double *r = g_new (double, data->n_classes);

  memset (out, 0, problem->size * sizeof *out);
  add (problem->l2, v, out, problem->n_weights);
  for (guint i = 0; i < data->n; i++) {
    const double *p = problem->p + (gsize) i * data->n_classes;
    double weight = row_weight (problem, i), mean;

    project (problem, i, v, r);
    mean = dot (p, r, data->n_classes);
    for (guint k = 0; k < data->n_classes; k++)
      r[k] = weight * p[k] * (r[k] - mean);
    spread (problem, i, r, out);
  }
}

/* ---- the minimum ------------------------------------------------------------------------------------------------ */

/* @s: (out): about -H^-1 @grad, the better the nearer the minimum is (Dembo and Steihaug 1983). @work: 3 vectors. */
static void
solve (const Problem * problem, const double *grad, double *s, double *work)
{
  const gsize n = problem->size;
  double *r = work, *d = work + n, *hd = work + 2 * n;
  double norm = dot (grad, grad, n), rr = norm;
  const double enough = norm * MIN (0.25, sqrt (norm));

  memset (s, 0, n * sizeof *s);
  for (gsize i = 0; i < n; i++)
    r[i] = d[i] = -grad[i];
  for (gsize k = 0; k < n && rr > enough; k++) {
    double alpha, beta, curvature;

    multiply (problem, d, hd);
    curvature = dot (d, hd, n);
    if (!(curvature > 0))
      return;
    alpha = rr / curvature;
    add (alpha, d, s, n);
    add (-alpha, hd, r, n);
    beta = dot (r, r, n) / rr;
    rr *= beta;
    for (gsize i = 0; i < n; i++)
      d[i] = r[i] + beta * d[i];
  }
}

/* Moves @theta along @s as far as lowers the function; FALSE if nothing does. @loss: (inout). @trial: room. */
static gboolean
take_step (Problem * problem, const double *grad, const double *s,
    double *theta, double *loss, double *trial)
{
  const double slope = dot (grad, s, problem->size);
  double length = 1;

  for (guint i = 0; i < MAX_HALVINGS; i++, length /= 2) {
    double next;

    memcpy (trial, theta, problem->size * sizeof *trial);
    add (length, s, trial, problem->size);
    next = evaluate (problem, trial);
    if (next < *loss && next <= *loss + ENOUGH * length * slope) {
      memcpy (theta, trial, problem->size * sizeof *trial);
      *loss = next;
      return TRUE;
    }
  }
  return FALSE;
}

/* Near the minimum the function is flat to the last bit, long before its gradient is: a step that makes that smaller is
 * right, too. FALSE: none does. */
static gboolean
polish (Problem * problem, const double *grad, const double *s, double *theta,
    double *loss, double *trial, double *trial_grad)
{
  const gsize n = problem->size;
  double next;

  memcpy (trial, theta, n * sizeof *trial);
  add (1, s, trial, n);
  next = evaluate (problem, trial);
  differentiate (problem, trial, trial_grad);
  if (next <= *loss * (1 + FLAT) && largest (trial_grad, n) <
      largest (grad, n) / 2) {
    memcpy (theta, trial, n * sizeof *trial);
    *loss = next;
    return TRUE;
  }
  return FALSE;
}

static guint
minimise (Problem * problem, double tolerance, double *theta)
{
  const gsize n = problem->size;
  g_autofree double *grad = g_new (double, n), *s = g_new (double, n);
  g_autofree double *work = g_new (double, 3 * n);
  double loss = evaluate (problem, theta);
  guint step = 0;

  while (step < MAX_STEPS) {
    differentiate (problem, theta, grad);
    if (largest (grad, n) <= tolerance)
      break;
    solve (problem, grad, s, work);
    if (!take_step (problem, grad, s, theta, &loss, work)
        && !polish (problem, grad, s, theta, &loss, work, work + n))
      break;
    step++;
  }
  return step;
}

static void
problem_init (Problem * problem, const E2vLogisticData * data, double l2)
{
  problem->data = data;
  problem->l2 = l2;
  problem->n_weights = (gsize) data->n_classes * data->dim;
  problem->size = problem->n_weights + data->n_classes;
  problem->p = g_new (double, (gsize) data->n * data->n_classes + 1);
  problem->total = 0;
  for (guint i = 0; i < data->n; i++)
    problem->total += data->weight ? data->weight[i] : 1.0;
}

/* One vector of W and b. */
static double *
join (const Problem * problem, const double *w, const double *b)
{
  double *theta = g_new (double, problem->size);

  memcpy (theta, w, problem->n_weights * sizeof *w);
  memcpy (theta + problem->n_weights, b,
      (problem->size - problem->n_weights) * sizeof *b);
  return theta;
}

static void
split (const Problem * problem, const double *theta, double *w, double *b)
{
  memcpy (w, theta, problem->n_weights * sizeof *w);
  memcpy (b, theta + problem->n_weights,
      (problem->size - problem->n_weights) * sizeof *b);
}

guint
e2v_logistic_fit (const E2vLogisticData * data, double l2, double tolerance,
    double *w, double *b)
{
  Problem problem;
  g_autofree double *theta = NULL;
  double mean = 0;
  guint n_steps;

  problem_init (&problem, data, l2);
  theta = join (&problem, w, b);
  n_steps = minimise (&problem, tolerance, theta);
  split (&problem, theta, w, b);
  for (guint k = 0; k < data->n_classes; k++)
    mean += b[k] / data->n_classes;
  for (guint k = 0; k < data->n_classes; k++)
    b[k] -= mean;
  g_free (problem.p);
  return n_steps;
}

double
e2v_logistic_loss (const E2vLogisticData * data, double l2, const double *w,
    const double *b, double *grad_w, double *grad_b)
{
  Problem problem;
  g_autofree double *theta = NULL, *grad = NULL;
  double loss;

  problem_init (&problem, data, l2);
  theta = join (&problem, w, b);
  loss = evaluate (&problem, theta);
  if (grad_w && grad_b) {
    grad = g_new (double, problem.size);
    differentiate (&problem, theta, grad);
    split (&problem, grad, grad_w, grad_b);
  }
  g_free (problem.p);
  return loss;
}
