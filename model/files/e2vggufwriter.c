/* e2vggufwriter.c - writes the GGUF container, version 3.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vggufwriter.h"

#include "e2vfile.h"
#include "e2vgguf.h"

#include <string.h>

#define GGUF_VERSION 3
#define ALIGNMENT 32

struct _E2vGgufWriter
{
  GByteArray *entries, *descriptions;
  guint64 n_keys;
  GArray *tensors;
  guint64 offset;               /* where the next tensor begins */
};

E2vGgufWriter *
e2v_gguf_writer_new (void)
{
  E2vGgufWriter *writer = g_new0 (E2vGgufWriter, 1);

  writer->entries = g_byte_array_new ();
  writer->descriptions = g_byte_array_new ();
  writer->tensors = g_array_new (FALSE, FALSE, sizeof (E2vTensor));
  return writer;
}

void
e2v_gguf_writer_free (E2vGgufWriter * writer)
{
  if (!writer)
    return;
  for (guint i = 0; i < writer->tensors->len; i++)
    g_free (g_array_index (writer->tensors, E2vTensor, i).name);
  g_array_unref (writer->tensors);
  g_byte_array_unref (writer->entries);
  g_byte_array_unref (writer->descriptions);
  g_free (writer);
}

static void
put_u32 (GByteArray * bytes, guint32 value)
{
  guint32 le = GUINT32_TO_LE (value);

  g_byte_array_append (bytes, (const guint8 *) &le, sizeof le);
}

static void
put_u64 (GByteArray * bytes, guint64 value)
{
  guint64 le = GUINT64_TO_LE (value);

  g_byte_array_append (bytes, (const guint8 *) &le, sizeof le);
}

static void
put_string (GByteArray * bytes, const char *text)
{
  gsize size = strlen (text);

  put_u64 (bytes, size);
  g_byte_array_append (bytes, (const guint8 *) text, (guint) size);
}

static void
begin_key (E2vGgufWriter * writer, const char *key, E2vGgufType type)
{
  writer->n_keys++;
  put_string (writer->entries, key);
  put_u32 (writer->entries, type);
}

static void
begin_array (E2vGgufWriter * writer, const char *key, E2vGgufType element,
    gsize n)
{
  begin_key (writer, key, E2V_GGUF_ARRAY);
  put_u32 (writer->entries, element);
  put_u64 (writer->entries, n);
}

void
e2v_gguf_writer_add_u32 (E2vGgufWriter * writer, const char *key, guint32 value)
{
  begin_key (writer, key, E2V_GGUF_U32);
  put_u32 (writer->entries, value);
}

void
e2v_gguf_writer_add_f64 (E2vGgufWriter * writer, const char *key, double value)
{
  guint64 bits;

  memcpy (&bits, &value, sizeof bits);
  begin_key (writer, key, E2V_GGUF_F64);
  put_u64 (writer->entries, bits);
}

void
e2v_gguf_writer_add_bool (E2vGgufWriter * writer, const char *key,
    gboolean value)
{
  guint8 byte = value ? 1 : 0;

  begin_key (writer, key, E2V_GGUF_BOOL);
  g_byte_array_append (writer->entries, &byte, 1);
}

void
e2v_gguf_writer_add_string (E2vGgufWriter * writer, const char *key,
    const char *value)
{
  begin_key (writer, key, E2V_GGUF_STRING);
  put_string (writer->entries, value);
}

void
e2v_gguf_writer_add_strings (E2vGgufWriter * writer, const char *key,
    const char *const *values, gsize n)
{
  begin_array (writer, key, E2V_GGUF_STRING, n);
  for (gsize i = 0; i < n; i++)
    put_string (writer->entries, values[i]);
}

void
e2v_gguf_writer_add_u32s (E2vGgufWriter * writer, const char *key,
    const guint32 * values, gsize n)
{
  begin_array (writer, key, E2V_GGUF_U32, n);
  for (gsize i = 0; i < n; i++)
    put_u32 (writer->entries, values[i]);
}

void
e2v_gguf_writer_add_f32s (E2vGgufWriter * writer, const char *key,
    const float *values, gsize n)
{
  begin_array (writer, key, E2V_GGUF_F32, n);
  for (gsize i = 0; i < n; i++) {
    guint32 bits;

    memcpy (&bits, &values[i], sizeof bits);
    put_u32 (writer->entries, bits);
  }
}

void
e2v_gguf_writer_add_entry (E2vGgufWriter * writer, const guint8 * entry,
    gsize size)
{
  writer->n_keys++;
  g_byte_array_append (writer->entries, entry, (guint) size);
}

const guint8 *
e2v_gguf_writer_entries (const E2vGgufWriter * writer, gsize * size)
{
  *size = writer->entries->len;
  return writer->entries->data;
}

void
e2v_gguf_writer_add_tensor (E2vGgufWriter * writer, const E2vTensor * tensor)
{
  GByteArray *out = writer->descriptions;
  E2vTensor copy = *tensor;

  copy.name = g_strdup (tensor->name);
  g_array_append_val (writer->tensors, copy);
  put_string (out, tensor->name);
  put_u32 (out, tensor->n_dims);
  for (guint i = 0; i < tensor->n_dims; i++)
    put_u64 (out, tensor->dims[tensor->n_dims - 1 - i]);
  put_u32 (out, e2v_gguf_tensor_type (tensor->dtype));
  put_u64 (out, writer->offset);
  writer->offset += (tensor->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Zeros up to the next multiple of the alignment behind @size bytes. */
static gboolean
write_padding (E2vOutput * output, gsize size, GError ** error)
{
  static const guint8 zeros[ALIGNMENT];

  return e2v_output_write (output, zeros,
      (ALIGNMENT - size % ALIGNMENT) % ALIGNMENT, error);
}

static gboolean
write_metadata (E2vGgufWriter * writer, E2vOutput * output, GError ** error)
{
  g_autoptr (GByteArray) head = g_byte_array_new ();

  g_byte_array_append (head, (const guint8 *) "GGUF", 4);
  put_u32 (head, GGUF_VERSION);
  put_u64 (head, writer->tensors->len);
  put_u64 (head, writer->n_keys);
  return e2v_output_write (output, head->data, head->len, error)
      && e2v_output_write (output, writer->entries->data,
      writer->entries->len, error)
      && e2v_output_write (output, writer->descriptions->data,
      writer->descriptions->len, error)
      && write_padding (output, (gsize) head->len + writer->entries->len +
      writer->descriptions->len, error);
}

gboolean
e2v_gguf_writer_write (E2vGgufWriter * writer, const char *path,
    GError ** error)
{
  g_autoptr (E2vOutput) output = e2v_output_new (path, error);

  if (!output || !write_metadata (writer, output, error))
    return FALSE;
  for (guint i = 0; i < writer->tensors->len; i++) {
    const E2vTensor *tensor = &g_array_index (writer->tensors, E2vTensor, i);

    if (!e2v_output_write (output, tensor->data, tensor->size, error)
        || !write_padding (output, tensor->size, error))
      return FALSE;
  }
  return e2v_output_commit (output, error);
}
