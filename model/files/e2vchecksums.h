/* e2vchecksums.h - the checksums of our GGUF files: one for each tensor, and one over all keys.
 *
 * docs/model-file.md tells how they are computed. @architecture is the first part of their keys. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_CHECKSUMS_H
#define E2V_CHECKSUMS_H

#include "e2vgguf.h"
#include "e2vggufwriter.h"

G_BEGIN_DECLS

/* (transfer full): the checksum over all keys if it is right: E2V_ERROR_FORMAT. */
char *e2v_checksums_verify_metadata (const E2vGguf * gguf, const char *architecture, GError ** error);

/* Reads all data. E2V_ERROR_TENSOR names the tensor that is not what it was. */
gboolean e2v_checksums_verify_tensors (E2vGguf * gguf, const char *architecture, GError ** error);

/* Adds @tensors, and the key with their checksums. */
void e2v_checksums_add_tensors (E2vGgufWriter * writer, const char *architecture, const E2vTensor * const *tensors,
    guint n);

/* Adds the checksum over all keys so far: to be the last. */
void e2v_checksums_add_metadata (E2vGgufWriter * writer, const char *architecture);

G_END_DECLS

#endif
