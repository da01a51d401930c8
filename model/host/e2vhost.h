/* e2vhost.h - the host executor: the processor itself, through a BLAS. The device "cpu".
 *
 * Arithmetic and activations in float. The last bits of a result depend on the processor, on the BLAS, on the number of
 * its threads and on the size of the batch: see docs/numerics.md.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_HOST_H
#define E2V_HOST_H

#include "e2vexecutor.h"

G_BEGIN_DECLS

/* @precision: AUTO means FP32; FP16 rounds the weights as it does elsewhere, and gains nothing.
 * Errors: E2V_ERROR_NOT_FOUND if this machine has no BLAS, E2V_ERROR_ARGUMENT for FP64, E2V_ERROR_OUT_OF_MEMORY,
 * E2V_ERROR_FORKED if the BLAS was opened before a fork() that it does not survive. */
E2vExecutor *e2v_host_new (E2vModel * model, E2vPrecision precision, GError ** error);

/* By default the thread that runs a program computes it alone: threads of OpenMP wait busily for each other, which costs far more than
 * they give where other work takes their processors. From this call on all threads that the BLAS has take part in each
 * product, in the whole process: for a program that has the machine to itself. OMP_NUM_THREADS and
 * OPENBLAS_NUM_THREADS in the environment come first, and a BLAS whose threads are not OpenMP's is left as it is. */
void e2v_host_use_all_threads (void);

/* For people: which BLAS and which vectors would be used; free with g_free(). NULL with E2V_ERROR_NOT_FOUND without. */
char *e2v_host_describe (GError ** error);

G_END_DECLS

#endif
