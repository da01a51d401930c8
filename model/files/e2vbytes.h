/* e2vbytes.h - reads little-endian values from memory that is not trusted, and the size arithmetic of all readers.
 *
 * A reader never passes the end of its memory: each function says FALSE instead and leaves position and output as they
 * were. MT: a reader belongs to one thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_BYTES_H
#define E2V_BYTES_H

#include <glib.h>

G_BEGIN_DECLS

/* Sets E2V_ERROR_FORMAT and returns FALSE, so that a check reads "return e2v_bad_format (error, ...)". */
gboolean e2v_bad_format (GError ** error, const char *format, ...) G_GNUC_PRINTF (2, 3);

typedef struct
{
  const guint8 *data;           /* borrowed */
  gsize size;
  gsize pos;                    /* always <= size */
} E2vBytes;

void e2v_bytes_init (E2vBytes * bytes, const guint8 * data, gsize size);

/* Bytes that are left. */
gsize e2v_bytes_left (const E2vBytes * bytes);

/* The next @n bytes, borrowed. */
gboolean e2v_bytes_take (E2vBytes * bytes, guint64 n, const guint8 ** data);

gboolean e2v_bytes_u8 (E2vBytes * bytes, guint8 * value);
gboolean e2v_bytes_u16 (E2vBytes * bytes, guint16 * value);
gboolean e2v_bytes_u32 (E2vBytes * bytes, guint32 * value);
gboolean e2v_bytes_u64 (E2vBytes * bytes, guint64 * value);

/* Values at any address, little-endian; the caller knows that they are there. */
guint16 e2v_peek_u16 (const guint8 * data);
guint32 e2v_peek_u32 (const guint8 * data);
guint64 e2v_peek_u64 (const guint8 * data);
float e2v_peek_f32 (const guint8 * data);
double e2v_peek_f64 (const guint8 * data);

/* Whether [offset, offset + length) lies within [0, size). */
gboolean e2v_range_fits (guint64 offset, guint64 length, guint64 size);

/* @value rounded up to a multiple of @alignment, a power of two; FALSE on overflow. */
gboolean e2v_align_up (guint64 value, guint64 alignment, guint64 * aligned);

/* Memory for @n elements where a file tells the number; free with g_free(). NULL with E2V_ERROR_OUT_OF_MEMORY: too large
 * a file is no reason to abort. */
gpointer e2v_alloc (gsize n, gsize element_size, GError ** error);

G_END_DECLS

#endif
