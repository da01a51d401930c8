/* e2vchecksums.c - the checksums of our GGUF files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vchecksums.h"

#include "e2verror.h"
#include "e2vfile.h"

#include <string.h>

/* (transfer full) */
static char *
key_of (const char *architecture, const char *what)
{
  return g_strconcat (architecture, ".checksum.", what, NULL);
}

/* A line like sha256sum's: hexadecimal SHA-256 over "name type [shape]" and the data as they lie in the file, then two
 * spaces and the name. */
static char *
tensor_checksum (const E2vTensor * tensor)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *shape = e2v_shape_to_string (tensor->dims, tensor->n_dims);
  g_autofree char *head = g_strdup_printf ("%s %s %s\n", tensor->name,
      e2v_dtype_name (tensor->dtype), shape);

  g_checksum_update (sum, (const guint8 *) head, (gssize) strlen (head));
  g_checksum_update (sum, tensor->data, (gssize) tensor->size);
  return g_strdup_printf ("%s  %s", g_checksum_get_string (sum), tensor->name);
}

/* @key: that is left out. */
static char *
metadata_checksum (const E2vGguf * gguf, const char *key)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < e2v_gguf_n_keys (gguf); i++) {
    gsize size;
    const guint8 *entry = e2v_gguf_entry (gguf, i, &size);

    if (strcmp (e2v_gguf_key (gguf, i), key) != 0)
      g_checksum_update (sum, entry, (gssize) size);
  }
  return g_strdup (g_checksum_get_string (sum));
}

char *
e2v_checksums_verify_metadata (const E2vGguf * gguf, const char *architecture,
    GError ** error)
{
  g_autofree char *key = key_of (architecture, "metadata");
  g_autofree char *stored = e2v_gguf_get_string (gguf, key, error);
  g_autofree char *actual = NULL;

  if (!stored)
    return NULL;
  actual = metadata_checksum (gguf, key);
  if (strcmp (stored, actual) != 0) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_FORMAT,
        "the checksum of the metadata (labels, hyper-parameters, self-test) is "
        "wrong: the file was changed or damaged after it was made");
    return NULL;
  }
  return g_steal_pointer (&actual);
}

gboolean
e2v_checksums_verify_tensors (E2vGguf * gguf, const char *architecture,
    GError ** error)
{
  g_autofree char *key = key_of (architecture, "tensors");
  g_auto (GStrv) lines = e2v_gguf_get_strings (gguf, key, error);
  guint n = e2v_gguf_n_tensors (gguf);

  if (!lines)
    return FALSE;
  if (g_strv_length (lines) != n) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
        "%u checksums for %u tensors", g_strv_length (lines), n);
    return FALSE;
  }
  for (guint i = 0; i < n; i++) {
    const E2vTensor *tensor = e2v_gguf_tensor (gguf, i);
    g_autofree char *line = tensor_checksum (tensor);

    if (strcmp (line, lines[i]) != 0) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
          "the checksum of the tensor '%s' is wrong: the file is damaged",
          tensor->name);
      return FALSE;
    }
    e2v_gguf_release_pages (gguf);
  }
  return TRUE;
}

void
e2v_checksums_add_tensors (E2vGgufWriter * writer, const char *architecture,
    const E2vTensor * const *tensors, guint n)
{
  g_autofree char *key = key_of (architecture, "tensors");
  g_auto (GStrv) lines = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++) {
    e2v_gguf_writer_add_tensor (writer, tensors[i]);
    lines[i] = tensor_checksum (tensors[i]);
  }
  e2v_gguf_writer_add_strings (writer, key, (const char *const *) lines, n);
}

void
e2v_checksums_add_metadata (E2vGgufWriter * writer, const char *architecture)
{
  g_autofree char *key = key_of (architecture, "metadata");
  g_autofree char *checksum = NULL;
  const guint8 *entries;
  gsize size;

  entries = e2v_gguf_writer_entries (writer, &size);
  checksum = e2v_sha256 (entries, size, NULL, NULL);
  e2v_gguf_writer_add_string (writer, key, checksum);
}
