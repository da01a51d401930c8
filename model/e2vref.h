/* e2vref.h - the reference executor: plain C, one function an operation, never optimised.
 *
 * It is the truth that every shader is tested against and what runs where there is no Vulkan driver. Arithmetic in
 * double (E2V_PRECISION_FP64) or float with double accumulators (FP32; FP16 rounds matrices to half precision first).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_REF_H
#define E2V_REF_H

#include "e2vexecutor.h"

G_BEGIN_DECLS

/* AUTO means FP32. Weights are read from @model when an operation needs them; there is no second copy of all of them. */
E2vExecutor *e2v_ref_new (E2vModel * model, E2vPrecision precision);

G_END_DECLS

#endif
