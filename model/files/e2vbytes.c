/* e2vbytes.c - reads little-endian values from memory that is not trusted.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vbytes.h"

#include "e2verror.h"

#include <string.h>

gboolean
e2v_bad_format (GError ** error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (E2V_ERROR, E2V_ERROR_FORMAT,
          format, args));
  va_end (args);
  return FALSE;
}

void
e2v_bytes_init (E2vBytes * bytes, const guint8 * data, gsize size)
{
  bytes->data = data;
  bytes->size = size;
  bytes->pos = 0;
}

gsize
e2v_bytes_left (const E2vBytes * bytes)
{
  return bytes->size - bytes->pos;
}

gboolean
e2v_bytes_take (E2vBytes * bytes, guint64 n, const guint8 ** data)
{
  if (n > e2v_bytes_left (bytes))
    return FALSE;
  *data = bytes->data + bytes->pos;
  bytes->pos += (gsize) n;
  return TRUE;
}

gboolean
e2v_bytes_u8 (E2vBytes * bytes, guint8 * value)
{
  const guint8 *data;

  if (!e2v_bytes_take (bytes, 1, &data))
    return FALSE;
  *value = *data;
  return TRUE;
}

gboolean
e2v_bytes_u16 (E2vBytes * bytes, guint16 * value)
{
  const guint8 *data;

  if (!e2v_bytes_take (bytes, 2, &data))
    return FALSE;
  *value = e2v_peek_u16 (data);
  return TRUE;
}

gboolean
e2v_bytes_u32 (E2vBytes * bytes, guint32 * value)
{
  const guint8 *data;

  if (!e2v_bytes_take (bytes, 4, &data))
    return FALSE;
  *value = e2v_peek_u32 (data);
  return TRUE;
}

gboolean
e2v_bytes_u64 (E2vBytes * bytes, guint64 * value)
{
  const guint8 *data;

  if (!e2v_bytes_take (bytes, 8, &data))
    return FALSE;
  *value = e2v_peek_u64 (data);
  return TRUE;
}

guint16
e2v_peek_u16 (const guint8 * data)
{
  guint16 value;

  memcpy (&value, data, sizeof value);
  return GUINT16_FROM_LE (value);
}

guint32
e2v_peek_u32 (const guint8 * data)
{
  guint32 value;

  memcpy (&value, data, sizeof value);
  return GUINT32_FROM_LE (value);
}

guint64
e2v_peek_u64 (const guint8 * data)
{
  guint64 value;

  memcpy (&value, data, sizeof value);
  return GUINT64_FROM_LE (value);
}

float
e2v_peek_f32 (const guint8 * data)
{
  guint32 bits = e2v_peek_u32 (data);
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

double
e2v_peek_f64 (const guint8 * data)
{
  guint64 bits = e2v_peek_u64 (data);
  double value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

gboolean
e2v_range_fits (guint64 offset, guint64 length, guint64 size)
{
  return offset <= size && length <= size - offset;
}

gboolean
e2v_align_up (guint64 value, guint64 alignment, guint64 * aligned)
{
  guint64 sum;

  if (!g_uint64_checked_add (&sum, value, alignment - 1))
    return FALSE;
  *aligned = sum & ~(alignment - 1);
  return TRUE;
}

gpointer
e2v_alloc (gsize n, gsize element_size, GError ** error)
{
  gpointer memory = g_try_malloc_n (MAX (n, 1), element_size);

  if (!memory)
    g_set_error (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY,
        "no memory for %" G_GSIZE_FORMAT " elements of %" G_GSIZE_FORMAT
        " bytes", n, element_size);
  return memory;
}
