/* e2vderive.h - the hyper-parameters of a checkpoint, from the shapes of its weights.
 *
 * Refuses by name what is not emotion2vec, or a variant that no public model uses. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_DERIVE_H
#define E2V_DERIVE_H

#include "e2vsidecar.h"
#include "e2vweights.h"

G_BEGIN_DECLS

/* @sidecar: tells what shapes cannot, and is held against what they can.
 * Errors: E2V_ERROR_NOT_EMOTION2VEC, E2V_ERROR_TENSOR (a missing or misshapen weight), E2V_ERROR_ARGUMENT (something has
 * to be told, or what was told does not fit). */
gboolean e2v_derive_hparams (const E2vWeights * weights, const E2vSidecar * sidecar, E2vHparams * hparams,
    GError ** error);

G_END_DECLS

#endif
