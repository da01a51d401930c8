/* rows.c - embeddings of many utterances in one file, a row each.
 *
 * While it grows the header's place holds MARK and the length of a row; then the header of the format, padded with blanks
 * to the same HEADER_SIZE, as both formats allow.
 * .npy: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html (version 1.0), aligned to 64 bytes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define HEADER_SIZE 128
#define MARK "emotion2vec rows"

struct _Rows
{
  int file;
  RowsKind kind;
  guint64 n_rows;
  guint dim;                    /* 0 before the first row */
};

const char *
rows_suffix (RowsKind kind)
{
  return kind == ROWS_NPY ? ".npy" : ".safetensors";
}

guint64
rows_count (const Rows * rows)
{
  return rows->n_rows;
}

static gboolean
fail (int code, GError ** error)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
      "the embeddings cannot be written: %s", g_strerror (code));
  return FALSE;
}

/* All of it, at @offset. */
static gboolean
write_at (Rows * rows, const void *data, gsize size, guint64 offset,
    GError ** error)
{
  const char *bytes = data;

  while (size > 0) {
    gssize n = pwrite (rows->file, bytes, size, (off_t) offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return fail (n < 0 ? errno : EIO, error);
    bytes += n;
    offset += (guint64) n;
    size -= (gsize) n;
  }
  return TRUE;
}

/* ---- while it grows --------------------------------------------------------------------------------------------- */

static gboolean
write_mark (Rows * rows, GError ** error)
{
  char header[HEADER_SIZE];

  memset (header, 0, sizeof header);
  g_snprintf (header, sizeof header, MARK " %u", rows->dim);
  return write_at (rows, header, sizeof header, 0, error);
}

static guint64
end_of (const Rows * rows)
{
  return HEADER_SIZE + rows->n_rows * rows->dim * sizeof (float);
}

/* Length of a row in a file of a run before, 0 if there is none. */
static guint
read_mark (int file)
{
  char header[HEADER_SIZE + 1] = { 0 };
  guint64 dim;

  if (pread (file, header, HEADER_SIZE, 0) != HEADER_SIZE
      || !g_str_has_prefix (header, MARK " ")
      || !g_ascii_string_to_unsigned (header + strlen (MARK " "), 10, 0,
          1 << 20, &dim, NULL))
    return 0;
  return (guint) dim;
}

Rows *
rows_open (const char *path, RowsKind kind, guint64 n_rows, GError ** error)
{
  g_autoptr (Rows) rows = g_new0 (Rows, 1);
  off_t size;

  rows->kind = kind;
  rows->n_rows = n_rows;
  rows->file = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (rows->file < 0) {
    fail (errno, error);
    return NULL;
  }
  rows->dim = n_rows > 0 ? read_mark (rows->file) : 0;
  size = lseek (rows->file, 0, SEEK_END);
  if (n_rows > 0 && (rows->dim == 0 || size < 0
          || (guint64) size < end_of (rows))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "the embeddings of the run before are not all there");
    return NULL;
  }
  if (ftruncate (rows->file, (off_t) end_of (rows)) != 0) {
    fail (errno, error);
    return NULL;
  }
  return write_mark (rows, error) ? g_steal_pointer (&rows) : NULL;
}

void
rows_close (Rows * rows)
{
  if (!rows)
    return;
  if (rows->file >= 0)
    close (rows->file);
  g_free (rows);
}

/* As both formats have it. (transfer full) */
static guint32 *
to_little_endian (const float *row, guint dim)
{
  guint32 *bytes = g_new (guint32, dim);

  memcpy (bytes, row, dim * sizeof *bytes);
  for (guint i = 0; i < dim; i++)
    bytes[i] = GUINT32_TO_LE (bytes[i]);
  return bytes;
}

gboolean
rows_add (Rows * rows, const float *row, guint dim, GError ** error)
{
  g_autofree guint32 *bytes = NULL;

  if (rows->dim == 0) {
    rows->dim = dim;
    if (!write_mark (rows, error))
      return FALSE;
  }
  if (dim != rows->dim) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "an embedding has %u numbers, those before it %u", dim, rows->dim);
    return FALSE;
  }
  bytes = to_little_endian (row, dim);
  if (!write_at (rows, bytes, dim * sizeof (float), end_of (rows), error))
    return FALSE;
  rows->n_rows++;
  return TRUE;
}

gboolean
rows_sync (Rows * rows, GError ** error)
{
  return fsync (rows->file) == 0 || fail (errno, error);
}

/* ---- headers ---------------------------------------------------------------------------------------------------- */

/* The magic, version 1.0, and a Python dictionary that ends with a line end. */
static void
npy_header (const Rows * rows, char *header)
{
  const guint8 lead[] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0,
    HEADER_SIZE - 10, 0
  };
  g_autofree char *text =
      g_strdup_printf ("{'descr': '<f4', 'fortran_order': False, "
      "'shape': (%" G_GUINT64_FORMAT ", %u), }", rows->n_rows, rows->dim);

  memset (header, ' ', HEADER_SIZE);
  memcpy (header, lead, sizeof lead);
  memcpy (header + sizeof lead, text, strlen (text));
  header[HEADER_SIZE - 1] = '\n';
}

/* The length of the JSON in 8 bytes, and the JSON. */
static void
safetensors_header (const Rows * rows, char *header)
{
  const guint64 size = GUINT64_TO_LE (HEADER_SIZE - 8);
  g_autofree char *text =
      g_strdup_printf ("{\"embeddings\":{\"dtype\":\"F32\",\"shape\":[%"
      G_GUINT64_FORMAT ",%u],\"data_offsets\":[0,%" G_GUINT64_FORMAT "]}}",
      rows->n_rows, rows->dim, end_of (rows) - HEADER_SIZE);

  memset (header, ' ', HEADER_SIZE);
  memcpy (header, &size, sizeof size);
  memcpy (header + sizeof size, text, strlen (text));
}

gboolean
rows_finish (Rows * rows, GError ** error)
{
  char header[HEADER_SIZE];

  if (rows->kind == ROWS_NPY)
    npy_header (rows, header);
  else
    safetensors_header (rows, header);
  return write_at (rows, header, sizeof header, 0, error)
      && rows_sync (rows, error);
}
