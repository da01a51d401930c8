/* e2vtorchstream.h - the stream container of torch.save before 1.6: five pickles, then the storages one after another.
 *
 * MT: immutable once read.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_TORCH_STREAM_H
#define E2V_TORCH_STREAM_H

#include "e2vvalue.h"

G_BEGIN_DECLS

typedef struct _E2vTorchStream E2vTorchStream;

gboolean e2v_torch_stream_is_one (const guint8 * data, gsize size);

/* @data has to outlive it; values go to @pool. Errors: E2V_ERROR_FORMAT. */
E2vTorchStream *e2v_torch_stream_read (E2vValuePool * pool, const guint8 * data, gsize size, GError ** error);
void e2v_torch_stream_free (E2vTorchStream * stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vTorchStream, e2v_torch_stream_free)

const E2vValue *e2v_torch_stream_root (const E2vTorchStream * stream);

/* The bytes of a storage, borrowed from @data. */
const guint8 *e2v_torch_stream_storage (const E2vTorchStream * stream, const E2vStorage * storage, gsize * size,
    GError ** error);

G_END_DECLS

#endif
