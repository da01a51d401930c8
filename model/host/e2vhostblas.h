/* e2vhostblas.h - the BLAS of this machine, opened at run time.
 *
 * As with the Vulkan loader, nothing links it: a plugin that is only registered must not start the threads that a BLAS
 * starts when it is loaded, and must register where there is none. The library stays open until the process ends, since
 * its threads cannot be told to. How many threads the process has for it is the affair of the application and of its
 * environment: that is never changed here. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_HOST_BLAS_H
#define E2V_HOST_BLAS_H

#include <glib.h>

G_BEGIN_DECLS

/* Values of the C interface of BLAS, the same in all implementations. */
#define E2V_BLAS_ROW_MAJOR 101
#define E2V_BLAS_PLAIN 111
#define E2V_BLAS_TRANSPOSED 112

/* C = alpha A B + beta C, A of m x k, B of k x n or, transposed, n x k, C of m x n, all row-major. Every leading
 * dimension has to be at least the length of a row. */
typedef void (*E2vSgemm) (int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
    int lda, const float *b, int ldb, float beta, float *c, int ldc);

typedef struct
{
  E2vSgemm sgemm;
  char *name;                   /* for people: "OpenBLAS 0.3.21, SkylakeX" or the name of the file */
  char *identity;               /* changes with the library that is installed: name, path, size, time */
  gboolean survives_fork;       /* can be used in the child of the process that opened it */
  int process;                  /* that opened it */
  /* How many threads of OpenMP compute what the calling thread asks for; about this thread and no other. NULL if the
   * BLAS has other threads or none, and if the environment says how many there are to be. */
  int (*max_threads) (void);
  void (*set_threads) (int n);
} E2vBlas;

/* The BLAS, opened by the first call. It is never freed.
 * Errors: E2V_ERROR_NOT_FOUND if there is none, with what to install; E2V_ERROR_FORKED if it was opened before a fork()
 * that it does not survive. */
const E2vBlas *e2v_blas_get (GError ** error);

G_END_DECLS

#endif
