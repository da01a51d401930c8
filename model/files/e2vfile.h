/* e2vfile.h - files of models: mapped for reading, replaced as a whole when written.
 *
 * MT: any thread; an output belongs to one thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_FILE_H
#define E2V_FILE_H

#include <glib.h>

G_BEGIN_DECLS

/* Maps a regular file for reading; anything else (a folder, a pipe, a device) is refused. A file that someone shortens
 * while it is mapped raises SIGBUS, as with every mapped file; our own writers replace files and never shorten them.
 * Errors: E2V_ERROR_NOT_FOUND, E2V_ERROR_IO. */
GMappedFile *e2v_file_map (const char *path, GError ** error);

/* Takes the pages of a mapped file out of this process's memory; they come back from the file when they are read again.
 * For files that are larger than what is needed of them. */
void e2v_file_release_pages (GMappedFile * map);

/* Reads a small text file: at most @limit bytes, UTF-8 without NUL. (transfer full)
 * Errors: as above, E2V_ERROR_TOO_LARGE, E2V_ERROR_FORMAT. */
char *e2v_file_read_text (const char *path, gsize limit, GError ** error);

/* SHA-256 in hexadecimal. @progress: called now and then with the part that is done; may be NULL. */
char *e2v_sha256 (const guint8 * data, gsize size, void (*progress) (double fraction, gpointer user_data),
    gpointer user_data);

/* A file in the making: written under a temporary name in the same folder, it takes its real name only when it is
 * complete and on the disk. */
typedef struct _E2vOutput E2vOutput;

/* Errors: E2V_ERROR_IO. */
E2vOutput *e2v_output_new (const char *path, GError ** error);
gboolean e2v_output_write (E2vOutput * output, const void *data, gsize size, GError ** error);

/* Flushes, syncs and renames. */
gboolean e2v_output_commit (E2vOutput * output, GError ** error);

/* Without a commit the temporary file is removed. */
void e2v_output_free (E2vOutput * output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vOutput, e2v_output_free)

G_END_DECLS

#endif
