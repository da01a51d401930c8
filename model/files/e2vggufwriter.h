/* e2vggufwriter.h - writes the GGUF container, version 3.
 *
 * Collects keys and descriptions of tensors in memory, then writes the file at once. Knows nothing of emotion2vec. MT: a writer belongs to one thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_GGUF_WRITER_H
#define E2V_GGUF_WRITER_H

#include "e2vtensor.h"

G_BEGIN_DECLS

typedef struct _E2vGgufWriter E2vGgufWriter;

E2vGgufWriter *e2v_gguf_writer_new (void);
void e2v_gguf_writer_free (E2vGgufWriter * writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vGgufWriter, e2v_gguf_writer_free)

/* Keys are written in the order in which they are added. Each may be added once. */
void e2v_gguf_writer_add_u32 (E2vGgufWriter * writer, const char *key, guint32 value);
void e2v_gguf_writer_add_f64 (E2vGgufWriter * writer, const char *key, double value);
void e2v_gguf_writer_add_bool (E2vGgufWriter * writer, const char *key, gboolean value);
void e2v_gguf_writer_add_string (E2vGgufWriter * writer, const char *key, const char *value);
void e2v_gguf_writer_add_strings (E2vGgufWriter * writer, const char *key, const char *const *values, gsize n);
void e2v_gguf_writer_add_u32s (E2vGgufWriter * writer, const char *key, const guint32 * values, gsize n);
void e2v_gguf_writer_add_f32s (E2vGgufWriter * writer, const char *key, const float *values, gsize n);

/* A whole entry, as e2v_gguf_entry() gives it. */
void e2v_gguf_writer_add_entry (E2vGgufWriter * writer, const guint8 * entry, gsize size);

/* The entries so far, as they will lie in the file. */
const guint8 *e2v_gguf_writer_entries (const E2vGgufWriter * writer, gsize * size);

/* Name and shape are copied; the data is borrowed until the file is written. */
void e2v_gguf_writer_add_tensor (E2vGgufWriter * writer, const E2vTensor * tensor);

/* Errors: E2V_ERROR_IO. */
gboolean e2v_gguf_writer_write (E2vGgufWriter * writer, const char *path, GError ** error);

G_END_DECLS

#endif
