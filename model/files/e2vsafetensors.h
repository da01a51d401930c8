/* e2vsafetensors.h - the safetensors container: read as a checkpoint, written as a trace.
 *
 * 8 bytes little-endian length, a JSON header, the data. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_SAFETENSORS_H
#define E2V_SAFETENSORS_H

#include "e2vtensor.h"

G_BEGIN_DECLS

typedef struct _E2vSafetensors E2vSafetensors;

/* Maps the file. Errors: E2V_ERROR_NOT_FOUND, E2V_ERROR_IO, E2V_ERROR_FORMAT. Tensors of element types that E2vDtype
 * does not know (integers, bools) are left out. */
E2vSafetensors *e2v_safetensors_open (const char *path, GError ** error);

/* The same for a file in memory, which has to outlive the reader. */
E2vSafetensors *e2v_safetensors_new_from_memory (const guint8 * data, gsize size, GError ** error);

/* Whether @data begins like a safetensors file: a length that fits, then an object. */
gboolean e2v_safetensors_is_one (const guint8 * data, gsize size);
void e2v_safetensors_free (E2vSafetensors * file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vSafetensors, e2v_safetensors_free)

guint e2v_safetensors_n_tensors (const E2vSafetensors * file);
const E2vTensor *e2v_safetensors_get (const E2vSafetensors * file, guint index);
const E2vTensor *e2v_safetensors_find (const E2vSafetensors * file, const char *name);

/* Writes @n tensors, sorted by name, to a temporary name and renames. Errors: E2V_ERROR_IO. */
gboolean e2v_safetensors_write (const char *path, const E2vTensor * tensors, guint n, GError ** error);

G_END_DECLS

#endif
