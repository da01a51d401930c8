/* e2vtorchvalue.h - the few names in a pickle that have a meaning for us.
 *
 * collections.OrderedDict, torch._utils._rebuild_tensor_v2, torch._utils._rebuild_parameter and torch's storage classes;
 * every other name makes an opaque value. Nothing is ever executed. MT: as the pool.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_TORCH_VALUE_H
#define E2V_TORCH_VALUE_H

#include "e2vvalue.h"

G_BEGIN_DECLS

/* What calling @callable with the tuple @args makes. */
E2vValue *e2v_torch_call (E2vValuePool * pool, const E2vValue * callable, const E2vValue * args);

/* What a persistent id stands for: ('storage', class, key, location, number of elements). */
E2vValue *e2v_torch_persistent (E2vValuePool * pool, const E2vValue * id);

G_END_DECLS

#endif
