/* e2vlogistic.h - multinomial logistic regression with an L2 penalty.
 *
 * Pure, in double, the same on every machine. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_LOGISTIC_H
#define E2V_LOGISTIC_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint n, dim, n_classes;
  const double *x;              /* [n][dim] */
  const guint *y;               /* [n]: class of each row */
  const double *weight;         /* [n]: how much each row counts, > 0; NULL: all alike */
} E2vLogisticData;

/* Minimises, over W [n_classes][dim] and b [n_classes],
 *
 *   sum_i weight_i (log sum_k exp z_ik - z_iy) / sum_i weight_i  +  l2 / 2 ||W||^2,    z_i = W x_i + b
 *
 * by Newton's method with conjugate gradients: the function is convex and, with l2 > 0, has one minimum up to a constant
 * added to all of b; the one with sum b = 0 is found. Every class needs a row, or its bias falls without end.
 * @w, @b: (inout): where to start, then the minimum. @tolerance: largest component of the gradient at the end.
 * Returns: the number of Newton steps; it gives up after 200, or when the function cannot be lowered any more in double. */
guint e2v_logistic_fit (const E2vLogisticData * data, double l2, double tolerance, double *w, double *b);

/* The function above, and its gradient. @grad_w, @grad_b: (nullable), shaped as @w and @b. */
double e2v_logistic_loss (const E2vLogisticData * data, double l2, const double *w, const double *b, double *grad_w,
    double *grad_b);

G_END_DECLS

#endif
