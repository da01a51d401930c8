/* e2vggufvalue.c - one typed value of a GGUF key.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vggufvalue.h"

static const char *const type_names[] = {
  "U8", "I8", "U16", "I16", "U32", "I32", "F32", "BOOL", "STRING", "ARRAY",
  "U64", "I64", "F64"
};

G_STATIC_ASSERT (G_N_ELEMENTS (type_names) == E2V_GGUF_N_TYPES);

/* Size of a scalar in the file, 0 for strings and arrays. */
static const guint8 scalar_sizes[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

G_STATIC_ASSERT (G_N_ELEMENTS (scalar_sizes) == E2V_GGUF_N_TYPES);

gboolean
e2v_gguf_read_string (E2vBytes * bytes, const char *what,
    const guint8 ** data, gsize * size, GError ** error)
{
  guint64 length;

  if (!e2v_bytes_u64 (bytes, &length) || !e2v_bytes_take (bytes, length, data))
    return e2v_bad_format (error, "%s runs past the end of the file", what);
  if (!g_utf8_validate_len ((const char *) *data, (gsize) length, NULL))
    return e2v_bad_format (error, "%s is not UTF-8 text", what);
  *size = (gsize) length;
  return TRUE;
}

static gboolean
read_text (E2vBytes * bytes, const char *key, const guint8 ** data,
    gsize * size, GError ** error)
{
  if (e2v_gguf_read_string (bytes, "its text", data, size, error))
    return TRUE;
  g_prefix_error (error, "the key '%s': ", key);
  return FALSE;
}

static gboolean
check_bools (const E2vGgufValue * value, const char *key, gsize n,
    GError ** error)
{
  for (gsize i = 0; i < n; i++) {
    if (value->data[i] > 1)
      return e2v_bad_format (error, "the key '%s': a bool has the value %u",
          key, value->data[i]);
  }
  return TRUE;
}

static gboolean
absurd_length (const E2vGgufValue * value, const char *key, GError ** error)
{
  return e2v_bad_format (error, "the key '%s' has an absurd length of %"
      G_GUINT64_FORMAT, key, value->n);
}

static gboolean
read_string_elements (E2vBytes * bytes, const char *key,
    const E2vGgufValue * value, GError ** error)
{
  if (value->n > e2v_bytes_left (bytes) / 8)
    return absurd_length (value, key, error);
  for (guint64 i = 0; i < value->n; i++) {
    const guint8 *data;
    gsize size;

    if (!read_text (bytes, key, &data, &size, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_scalar_elements (E2vBytes * bytes, const char *key,
    const E2vGgufValue * value, GError ** error)
{
  gsize each = scalar_sizes[value->element];
  const guint8 *data;

  if (value->n > e2v_bytes_left (bytes) / each
      || !e2v_bytes_take (bytes, value->n * each, &data))
    return absurd_length (value, key, error);
  return value->element != E2V_GGUF_BOOL
      || check_bools (value, key, (gsize) value->n, error);
}

static gboolean
read_array (E2vBytes * bytes, const char *key, E2vGgufValue * value,
    GError ** error)
{
  gboolean ok;

  if (!e2v_bytes_u32 (bytes, &value->element)
      || !e2v_bytes_u64 (bytes, &value->n))
    return e2v_bad_format (error, "the key '%s' runs past the end of the file",
        key);
  if (value->element == E2V_GGUF_ARRAY)
    return e2v_bad_format (error, "the key '%s' is an array of arrays, which "
        "is not supported", key);
  if (value->element >= E2V_GGUF_N_TYPES)
    return e2v_bad_format (error, "the key '%s': unknown type %u of array "
        "elements", key, value->element);
  value->data = bytes->data + bytes->pos;
  if (value->element == E2V_GGUF_STRING)
    ok = read_string_elements (bytes, key, value, error);
  else
    ok = read_scalar_elements (bytes, key, value, error);
  value->size = (gsize) (bytes->data + bytes->pos - value->data);
  return ok;
}

gboolean
e2v_gguf_value_read (E2vBytes * bytes, const char *key,
    E2vGgufValue * value, GError ** error)
{
  if (!e2v_bytes_u32 (bytes, &value->type))
    return e2v_bad_format (error, "the key '%s' runs past the end of the file",
        key);
  if (value->type >= E2V_GGUF_N_TYPES)
    return e2v_bad_format (error, "the key '%s' has the unknown type %u", key,
        value->type);
  if (value->type == E2V_GGUF_ARRAY)
    return read_array (bytes, key, value, error);
  if (value->type == E2V_GGUF_STRING)
    return read_text (bytes, key, &value->data, &value->size, error);
  value->size = scalar_sizes[value->type];
  if (!e2v_bytes_take (bytes, value->size, &value->data))
    return e2v_bad_format (error, "the key '%s' runs past the end of the file",
        key);
  return value->type != E2V_GGUF_BOOL || check_bools (value, key, 1, error);
}

static gboolean
wrong_type (const E2vGgufValue * value, const char *key, const char *wanted,
    GError ** error)
{
  if (value->type == E2V_GGUF_ARRAY)
    return e2v_bad_format (error, "the key '%s' is an array of %s, not %s",
        key, type_names[value->element], wanted);
  return e2v_bad_format (error, "the key '%s' is %s, not %s", key,
      type_names[value->type], wanted);
}

/* A signed value that is negative comes out as a huge one. */
static gboolean
read_integer (const E2vGgufValue * value, guint64 * wide)
{
  switch (value->type) {
    case E2V_GGUF_U8:
      *wide = value->data[0];
      return TRUE;
    case E2V_GGUF_I8:
      *wide = (guint64) (gint8) value->data[0];
      return TRUE;
    case E2V_GGUF_U16:
      *wide = e2v_peek_u16 (value->data);
      return TRUE;
    case E2V_GGUF_I16:
      *wide = (guint64) (gint16) e2v_peek_u16 (value->data);
      return TRUE;
    case E2V_GGUF_U32:
      *wide = e2v_peek_u32 (value->data);
      return TRUE;
    case E2V_GGUF_I32:
      *wide = (guint64) (gint32) e2v_peek_u32 (value->data);
      return TRUE;
    case E2V_GGUF_U64:
    case E2V_GGUF_I64:
      *wide = e2v_peek_u64 (value->data);
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
e2v_gguf_value_u32 (const E2vGgufValue * value, const char *key,
    guint32 * number, GError ** error)
{
  guint64 wide;

  if (!read_integer (value, &wide))
    return wrong_type (value, key, "an integer", error);
  if (wide > G_MAXUINT32)
    return e2v_bad_format (error, "the key '%s' has a value out of range", key);
  *number = (guint32) wide;
  return TRUE;
}

gboolean
e2v_gguf_value_f64 (const E2vGgufValue * value, const char *key,
    double *number, GError ** error)
{
  if (value->type == E2V_GGUF_F64)
    *number = e2v_peek_f64 (value->data);
  else if (value->type == E2V_GGUF_F32)
    *number = (double) e2v_peek_f32 (value->data);
  else
    return wrong_type (value, key, "a floating-point number", error);
  return TRUE;
}

gboolean
e2v_gguf_value_bool (const E2vGgufValue * value, const char *key,
    gboolean * truth, GError ** error)
{
  if (value->type != E2V_GGUF_BOOL)
    return wrong_type (value, key, "a bool", error);
  *truth = value->data[0];
  return TRUE;
}

char *
e2v_gguf_value_string (const E2vGgufValue * value, const char *key,
    GError ** error)
{
  if (value->type != E2V_GGUF_STRING) {
    wrong_type (value, key, "a string", error);
    return NULL;
  }
  return g_strndup ((const char *) value->data, value->size);
}

static gboolean
is_array_of (const E2vGgufValue * value, const char *key, guint element,
    const char *wanted, GError ** error)
{
  if (value->type == E2V_GGUF_ARRAY && value->element == element)
    return TRUE;
  return wrong_type (value, key, wanted, error);
}

char **
e2v_gguf_value_strings (const E2vGgufValue * value, const char *key,
    GError ** error)
{
  GPtrArray *strings;
  const guint8 *at = value->data;

  if (!is_array_of (value, key, E2V_GGUF_STRING, "an array of strings", error))
    return NULL;
  strings = g_ptr_array_new ();
  for (guint64 i = 0; i < value->n; i++) {
    gsize size = (gsize) e2v_peek_u64 (at);

    g_ptr_array_add (strings, g_strndup ((const char *) at + 8, size));
    at += 8 + size;
  }
  g_ptr_array_add (strings, NULL);
  return (char **) g_ptr_array_free (strings, FALSE);
}

guint32 *
e2v_gguf_value_u32s (const E2vGgufValue * value, const char *key, gsize * n,
    GError ** error)
{
  guint32 *numbers;

  if (!is_array_of (value, key, E2V_GGUF_U32, "an array of U32", error))
    return NULL;
  *n = (gsize) value->n;
  numbers = e2v_alloc (*n, sizeof *numbers, error);
  if (!numbers)
    return NULL;
  for (gsize i = 0; i < *n; i++)
    numbers[i] = e2v_peek_u32 (value->data + 4 * i);
  return numbers;
}

float *
e2v_gguf_value_f32s (const E2vGgufValue * value, const char *key, gsize * n,
    GError ** error)
{
  float *numbers;

  if (!is_array_of (value, key, E2V_GGUF_F32, "an array of F32", error))
    return NULL;
  *n = (gsize) value->n;
  numbers = e2v_alloc (*n, sizeof *numbers, error);
  if (!numbers)
    return NULL;
  for (gsize i = 0; i < *n; i++)
    numbers[i] = e2v_peek_f32 (value->data + 4 * i);
  return numbers;
}
