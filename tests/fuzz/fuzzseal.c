/* fuzzseal.c - makes the checksums of a changed model file right again.
 *
 * A file of a model or a head carries SHA-256 sums of its tensors and of its other keys (docs/model-file.md). A fuzzer cannot guess them,
 * so without this nothing behind the check of the sums would ever be reached.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vbytes.h"
#include "e2vgguf.h"

#include <string.h>

/* What keys end with. */
#define KEY_TENSORS ".checksum.tensors"
#define KEY_METADATA ".checksum.metadata"
#define HEX_SIZE 64

/* @bytes: at a string of the file. */
static void
write_sum (E2vBytes * bytes, GChecksum * sum)
{
  const guint8 *text;
  guint64 size;

  if (e2v_bytes_u64 (bytes, &size) && e2v_bytes_take (bytes, size, &text)
      && size >= HEX_SIZE)
    memcpy ((guint8 *) text, g_checksum_get_string (sum), HEX_SIZE);
}

static void
seal_tensor (const E2vTensor * tensor, E2vBytes * bytes)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *shape = e2v_shape_to_string (tensor->dims, tensor->n_dims);
  g_autofree char *head = g_strdup_printf ("%s %s %s\n", tensor->name,
      e2v_dtype_name (tensor->dtype), shape);

  g_checksum_update (sum, (const guint8 *) head, (gssize) strlen (head));
  g_checksum_update (sum, tensor->data, (gssize) tensor->size);
  write_sum (bytes, sum);
}

/* The value of entry @index if its key ends with @suffix and its type is @type. */
static gboolean
find_value (const E2vGguf * gguf, guint index, const char *suffix, guint type,
    E2vBytes * bytes)
{
  const char *key = e2v_gguf_key (gguf, index);
  const guint8 *entry;
  gsize size;
  guint32 found;

  if (!g_str_has_suffix (key, suffix))
    return FALSE;
  entry = e2v_gguf_entry (gguf, index, &size);
  e2v_bytes_init (bytes, entry, size);
  return e2v_bytes_take (bytes, 8 + strlen (key), &entry)
      && e2v_bytes_u32 (bytes, &found) && found == type;
}

static void
seal_tensors (const E2vGguf * gguf)
{
  for (guint i = 0; i < e2v_gguf_n_keys (gguf); i++) {
    const guint8 *header;
    E2vBytes bytes;

    if (!find_value (gguf, i, KEY_TENSORS, E2V_GGUF_ARRAY, &bytes)
        || !e2v_bytes_take (&bytes, 4 + 8, &header)
        || e2v_peek_u32 (header) != E2V_GGUF_STRING)
      continue;
    for (guint j = 0; j < e2v_gguf_n_tensors (gguf); j++)
      seal_tensor (e2v_gguf_tensor (gguf, j), &bytes);
  }
}

static void
seal_metadata (const E2vGguf * gguf)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  E2vBytes bytes, place = { NULL };

  for (guint i = 0; i < e2v_gguf_n_keys (gguf); i++) {
    gsize size;
    const guint8 *entry = e2v_gguf_entry (gguf, i, &size);

    if (find_value (gguf, i, KEY_METADATA, E2V_GGUF_STRING, &bytes))
      place = bytes;
    else
      g_checksum_update (sum, entry, (gssize) size);
  }
  if (place.data)
    write_sum (&place, sum);
}

void
fuzz_seal (guint8 * data, gsize size)
{
  g_autoptr (E2vGguf) gguf = e2v_gguf_new_from_memory (data, size, NULL);

  if (!gguf)
    return;
  seal_tensors (gguf);
  seal_metadata (gguf);
}

void
fuzz_load_sealed_too (const guint8 * data, gsize size,
    void (*load) (const guint8 * data, gsize size))
{
  g_autofree guint8 *sealed = g_malloc (MAX (size, 1));

  load (data, size);
  memcpy (sealed, data, size);
  fuzz_seal (sealed, size);
  load (sealed, size);
}
