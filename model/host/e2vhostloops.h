/* e2vhostloops.h - loops over rows of float that a BLAS does not have, compiled once for each instruction set.
 *
 * The same source (e2vhostloops.c) is built for what every machine of an architecture has and, on x86-64, for AVX2 with
 * FMA and for AVX-512. e2v_host_loops() picks at run time. No function of the compiler's own dispatch (ifunc) is
 * involved: those run before sanitizers are ready. Rows may start anywhere and have any length; nothing beyond them is
 * read or written. What is not a finite number stays one that is not. MT: pure functions, any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_HOST_LOOPS_H
#define E2V_HOST_LOOPS_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;             /* "AVX-512", "AVX2", "baseline" */

  /* x = exact GELU of x, in place: within 3e-7 * max (1, |x|) of it. */
  void (*gelu) (float *x, gsize n);

  /* y += x. */
  void (*add) (const float *x, float *y, gsize n);

  /* y = a + b. */
  void (*sum) (const float *a, const float *b, float *y, gsize n);

  /* y = act ((x - mean) / sqrt (variance + eps) * gain + bias): mean and biased variance of the row. gain and bias are both
   * there or both NULL. x and y may be the same. */
  void (*norm) (const float *x, float *y, const float *gain, const float *bias, float eps, gboolean gelu, gsize n);

  /* x = softmax of x, in place. */
  void (*softmax) (float *x, gsize n);

  /* y[j] = -slope * |query - j| for j in [first, n), 0 for j < first. */
  void (*distances) (float *y, float slope, guint query, guint first, gsize n);
} E2vHostLoops;

/* The best that this machine can run. */
const E2vHostLoops *e2v_host_loops (void);

/* All that this machine can run, NULL-terminated, best first: for tests. */
const E2vHostLoops *const *e2v_host_loops_list (void);

G_END_DECLS

#endif
