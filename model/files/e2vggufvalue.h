/* e2vggufvalue.h - one typed value of a GGUF key: checked when it is read, copied when someone asks.
 *
 * MT: any thread; values are plain views of the file's memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_GGUF_VALUE_H
#define E2V_GGUF_VALUE_H

#include "e2vbytes.h"
#include "e2vgguf.h"

G_BEGIN_DECLS

typedef struct
{
  guint32 type;                 /* E2vGgufType */
  guint32 element;              /* of an array */
  guint64 n;                    /* length of an array */
  const guint8 *data;           /* behind the length of a string or array */
  gsize size;
} E2vGgufValue;

/* Reads a length and that many bytes of UTF-8 without NUL. @what: for messages. */
gboolean e2v_gguf_read_string (E2vBytes * bytes, const char *what, const guint8 ** data, gsize * size,
    GError ** error);

/* Reads type and value and checks them to the last byte. @key: for messages, here and below. */
gboolean e2v_gguf_value_read (E2vBytes * bytes, const char *key, E2vGgufValue * value, GError ** error);

gboolean e2v_gguf_value_u32 (const E2vGgufValue * value, const char *key, guint32 * number, GError ** error);
gboolean e2v_gguf_value_f64 (const E2vGgufValue * value, const char *key, double *number, GError ** error);
gboolean e2v_gguf_value_bool (const E2vGgufValue * value, const char *key, gboolean * truth, GError ** error);
char *e2v_gguf_value_string (const E2vGgufValue * value, const char *key, GError ** error);
char **e2v_gguf_value_strings (const E2vGgufValue * value, const char *key, GError ** error);
guint32 *e2v_gguf_value_u32s (const E2vGgufValue * value, const char *key, gsize * n, GError ** error);
float *e2v_gguf_value_f32s (const E2vGgufValue * value, const char *key, gsize * n, GError ** error);

G_END_DECLS

#endif
