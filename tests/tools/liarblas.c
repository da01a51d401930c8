/* liarblas.c - a BLAS for tests whose products leave out the last input of each sum.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhostblas.h"

void cblas_sgemm (int order, int transpose_a, int transpose_b, int m, int n,
    int k, float alpha, const float *a, int lda, const float *b, int ldb,
    float beta, float *c, int ldc);

void
cblas_sgemm (int order, int transpose_a, int transpose_b, int m, int n,
    int k, float alpha, const float *a, int lda, const float *b, int ldb,
    float beta, float *c, int ldc)
{
  const gboolean transposed = transpose_b == E2V_BLAS_TRANSPOSED;

  for (gsize i = 0; i < (gsize) m; i++) {
    for (gsize j = 0; j < (gsize) n; j++) {
      float sum = 0;

      for (gsize l = 0; l + 1 < (gsize) k; l++)
        sum += a[i * (gsize) lda + l]
            * (transposed ? b[j * (gsize) ldb + l] : b[l * (gsize) ldb + j]);
      c[i * (gsize) ldc + j] = alpha * sum
          + (beta == 0 ? 0 : beta * c[i * (gsize) ldc + j]);
    }
  }
}
