/* e2vtorchzip.h - the zip container of torch.save: NAME/data.pkl and one stored entry NAME/data/KEY for each storage.
 *
 * MT: one thread at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_TORCH_ZIP_H
#define E2V_TORCH_ZIP_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _E2vTorchZip E2vTorchZip;

/* @data has to outlive it. Errors: E2V_ERROR_FORMAT. */
E2vTorchZip *e2v_torch_zip_open (const guint8 * data, gsize size, GError ** error);
void e2v_torch_zip_close (E2vTorchZip * zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vTorchZip, e2v_torch_zip_close)

/* The entry NAME/@path, at most @limit bytes, with its checksum verified; free with g_free(). Compressed entries are
 * refused: torch writes none, and so no small file can become a large one. So are entries when all that was read of the
 * archive so far amounts to several times its size. Errors: E2V_ERROR_FORMAT, E2V_ERROR_OUT_OF_MEMORY. */
guint8 *e2v_torch_zip_read (E2vTorchZip * zip, const char *path, gsize limit, gsize * size, GError ** error);

gboolean e2v_torch_zip_has (E2vTorchZip * zip, const char *path);

G_END_DECLS

#endif
