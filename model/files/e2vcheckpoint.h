/* e2vcheckpoint.h - the files that torch.save writes: a pickle and the storages it refers to.
 *
 * Two containers: a zip archive with stored entries, and the older stream of pickles followed by raw numbers. Only the
 * storages of tensors that are asked for are read. MT: one thread at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_CHECKPOINT_H
#define E2V_CHECKPOINT_H

#include "e2vvalue.h"

G_BEGIN_DECLS

typedef struct _E2vCheckpoint E2vCheckpoint;

/* @data: the whole file, has to outlive the checkpoint. Errors: E2V_ERROR_FORMAT. */
E2vCheckpoint *e2v_checkpoint_new (const guint8 * data, gsize size, GError ** error);
void e2v_checkpoint_free (E2vCheckpoint * checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vCheckpoint, e2v_checkpoint_free)

/* Whether @data begins like one of the two containers. */
gboolean e2v_checkpoint_is_one (const guint8 * data, gsize size);

/* What was saved; lives as long as the checkpoint. */
const E2vValue *e2v_checkpoint_root (const E2vCheckpoint * checkpoint);

/* Number of elements of a view. FALSE with E2V_ERROR_FORMAT if it leaves its storage or repeats elements of it, or if
 * its element type is none of E2vDtype. */
gboolean e2v_view_check (const E2vView * view, gsize * n_elements, GError ** error);

/* Writes the view's elements in row-major order to @dst as float. @view has passed e2v_view_check(). */
gboolean e2v_checkpoint_read (E2vCheckpoint * checkpoint, const E2vView * view, float *dst, GError ** error);

G_END_DECLS

#endif
