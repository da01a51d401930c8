/* e2vgguf.h - reads the GGUF container, version 3: typed keys and tensors.
 *
 * The file is not trusted: every count, length and offset is held against the size of the memory before anything is
 * allocated; duplicates, overlaps, gaps, misaligned tensors, strings that are not UTF-8 and bytes after the last tensor
 * are refused with E2V_ERROR_FORMAT and a message that names them. Knows nothing of emotion2vec. MT: immutable once open.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_GGUF_H
#define E2V_GGUF_H

#include "e2vtensor.h"

G_BEGIN_DECLS

/* Types of values, numbered as in the file. */
typedef enum
{
  E2V_GGUF_U8, E2V_GGUF_I8, E2V_GGUF_U16, E2V_GGUF_I16, E2V_GGUF_U32, E2V_GGUF_I32, E2V_GGUF_F32, E2V_GGUF_BOOL,
  E2V_GGUF_STRING, E2V_GGUF_ARRAY, E2V_GGUF_U64, E2V_GGUF_I64, E2V_GGUF_F64,
  E2V_GGUF_N_TYPES
} E2vGgufType;

typedef struct _E2vGguf E2vGguf;

/* Maps the file. Errors: E2V_ERROR_NOT_FOUND, E2V_ERROR_IO, E2V_ERROR_FORMAT. */
E2vGguf *e2v_gguf_open (const char *path, GError ** error);

/* @data has to outlive the reader. */
E2vGguf *e2v_gguf_new_from_memory (const guint8 * data, gsize size, GError ** error);
void e2v_gguf_free (E2vGguf * gguf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vGguf, e2v_gguf_free)

guint e2v_gguf_n_keys (const E2vGguf * gguf);
const char *e2v_gguf_key (const E2vGguf * gguf, guint index);
gboolean e2v_gguf_has (const E2vGguf * gguf, const char *key);

/* Takes the pages of a file that was opened out of this process's memory; they come back when they are read. */
void e2v_gguf_release_pages (E2vGguf * gguf);

/* The whole entry of a key as it lies in the file: name, type, value. */
const guint8 *e2v_gguf_entry (const E2vGguf * gguf, guint index, gsize * size);

/* Typed values. A key that is not there or has another type is E2V_ERROR_FORMAT. Integers are taken from any integer
 * type that holds the value, doubles from F32 and F64. What is returned or filled in is the caller's. */
gboolean e2v_gguf_get_u32 (const E2vGguf * gguf, const char *key, guint32 * value, GError ** error);
gboolean e2v_gguf_get_f64 (const E2vGguf * gguf, const char *key, double *value, GError ** error);
gboolean e2v_gguf_get_bool (const E2vGguf * gguf, const char *key, gboolean * value, GError ** error);
char *e2v_gguf_get_string (const E2vGguf * gguf, const char *key, GError ** error);

/* NULL-terminated; free with g_strfreev(). */
char **e2v_gguf_get_strings (const E2vGguf * gguf, const char *key, GError ** error);

/* Arrays of U32 and F32; free with g_free(). An empty array gives a pointer that may not be read. */
guint32 *e2v_gguf_get_u32s (const E2vGguf * gguf, const char *key, gsize * n, GError ** error);
float *e2v_gguf_get_f32s (const E2vGguf * gguf, const char *key, gsize * n, GError ** error);

/* Tensors in file order, slowest dimension first (the file has the fastest first); they live as long as the reader. */
guint e2v_gguf_n_tensors (const E2vGguf * gguf);
const E2vTensor *e2v_gguf_tensor (const E2vGguf * gguf, guint index);
const E2vTensor *e2v_gguf_find (const E2vGguf * gguf, const char *name);

/* Number of a tensor's element type in the file; @dtype is none but F32, F16, BF16. */
guint32 e2v_gguf_tensor_type (E2vDtype dtype);

G_END_DECLS

#endif
