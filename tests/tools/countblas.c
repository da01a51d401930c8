/* countblas.c - a BLAS for tests that says of OpenMP's threads what an OpenBLAS would, and writes down what it is told.
 *
 * It multiplies rightly, and has no threads at all. Into the file named by COUNTBLAS_LOG go, in order and without
 * repetition, "set N" for each call of omp_set_num_threads() and "run N" for products, N being what the calling thread had
 * asked for.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhostblas.h"

#include <stdio.h>
#include <string.h>

void cblas_sgemm (int order, int transpose_a, int transpose_b, int m, int n,
    int k, float alpha, const float *a, int lda, const float *b, int ldb,
    float beta, float *c, int ldc);
int openblas_get_parallel (void);
int omp_get_max_threads (void);
void omp_set_num_threads (int n);

/* As many as OpenMP would take on a machine with seven processors. */
static __thread int n_threads = 7;

static void
note (const char *what)
{
  static __thread char last[32];
  const char *path = g_getenv ("COUNTBLAS_LOG");
  char line[32];
  FILE *file;

  g_snprintf (line, sizeof line, "%s %d", what, n_threads);
  if (!path || strcmp (line, last) == 0)
    return;
  strcpy (last, line);
  file = fopen (path, "a");
  if (!file)
    return;
  fprintf (file, "%s\n", line);
  fclose (file);
}

int
openblas_get_parallel (void)
{
  return 2;
}

int
omp_get_max_threads (void)
{
  return n_threads;
}

void
omp_set_num_threads (int n)
{
  n_threads = n;
  note ("set");
}

void
cblas_sgemm (int order, int transpose_a, int transpose_b, int m, int n,
    int k, float alpha, const float *a, int lda, const float *b, int ldb,
    float beta, float *c, int ldc)
{
  const gboolean transposed = transpose_b == E2V_BLAS_TRANSPOSED;

  note ("run");
  for (gsize i = 0; i < (gsize) m; i++) {
    for (gsize j = 0; j < (gsize) n; j++) {
      float sum = 0;

      for (gsize l = 0; l < (gsize) k; l++)
        sum += a[i * (gsize) lda + l]
            * (transposed ? b[j * (gsize) ldb + l] : b[l * (gsize) ldb + j]);
      c[i * (gsize) ldc + j] = alpha * sum
          + (beta == 0 ? 0 : beta * c[i * (gsize) ldc + j]);
    }
  }
}
