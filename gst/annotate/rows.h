/* rows.h - embeddings of many utterances in one file, a row each: NumPy's .npy or safetensors.
 *
 * The header has its place from the start and is written at the end, so that rows go to the disk as they come and a run
 * that was killed can go on behind the last one. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ROWS_H
#define ROWS_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  ROWS_NPY,                     /* float32 [rows, dim] */
  ROWS_SAFETENSORS,             /* the same as tensor "embeddings" */
} RowsKind;

/* ".npy", ".safetensors" */
const char *rows_suffix (RowsKind kind);

typedef struct _Rows Rows;

/* Opens @path, new or with at least @n_rows rows of a run before, and drops what is behind these. Errors: G_IO_ERROR;
 * INVALID_DATA if there are fewer. */
Rows *rows_open (const char *path, RowsKind kind, guint64 n_rows, GError ** error);
void rows_close (Rows * rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rows, rows_close)

guint64 rows_count (const Rows * rows);

/* Adds [dim] numbers; all rows are of one length. Errors: G_IO_ERROR. */
gboolean rows_add (Rows * rows, const float *row, guint dim, GError ** error);

/* What was added is on the disk when this returns. */
gboolean rows_sync (Rows * rows, GError ** error);

/* Writes the header: the file is complete. */
gboolean rows_finish (Rows * rows, GError ** error);

G_END_DECLS

#endif
