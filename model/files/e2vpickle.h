/* e2vpickle.h - reads Python's pickle format without Python: plain values, containers and tensors; the rest is opaque.
 *
 * Knows the opcodes of protocols 0 to 5 that checkpoints contain. Nothing is imported, looked up or executed: a pickle is
 * data here. Memory and time are bounded by the pickle's size; shared references stay references. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_PICKLE_H
#define E2V_PICKLE_H

#include "e2vvalue.h"

G_BEGIN_DECLS

/* No more is read of what may be a longer one. */
#define E2V_PICKLE_MAX_SIZE (64 << 20)

/* Reads one pickle from the start of @data, which has to outlive @pool. @used: (out) (nullable): its length, behind which
 * more may follow. The value belongs to @pool. Errors: E2V_ERROR_FORMAT. */
const E2vValue *e2v_pickle_read (E2vValuePool * pool, const guint8 * data, gsize size, gsize * used, GError ** error);

G_END_DECLS

#endif
