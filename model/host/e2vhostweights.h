/* e2vhostweights.h - the weights of a model as floats in this process's memory.
 *
 * What a model file has as floats is used where it lies in the file's mapping: no copy, and shared with other processes.
 * Half precision is expanded once: four bytes a weight, twice the file. MT: immutable once made.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_HOST_WEIGHTS_H
#define E2V_HOST_WEIGHTS_H

#include "e2vmodel.h"

G_BEGIN_DECLS

typedef struct _E2vHostWeights E2vHostWeights;

/* @half: matrices are rounded through half precision, where that is fit for them, and take a copy too.
 * Errors: E2V_ERROR_OUT_OF_MEMORY. */
E2vHostWeights *e2v_host_weights_new (E2vModel * model, gboolean half, GError ** error);
void e2v_host_weights_free (E2vHostWeights * weights);

/* A tensor by its layout index, row-major; NULL for E2V_NONE. */
const float *e2v_host_weights_get (const E2vHostWeights * weights, int index);

G_END_DECLS

#endif
