/* record.c - what is known of the outputs that were made from one input: whether they are up to date, and ours.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LINE "emotion2vec-annotate 1"

static void
output_free (gpointer data)
{
  RecordOutput *output = data;

  g_free (output->name);
  g_free (output->sha256);
  g_free (output->key);
  g_free (output);
}

Record *
record_new (void)
{
  Record *record = g_new0 (Record, 1);

  record->outputs = g_ptr_array_new_with_free_func (output_free);
  return record;
}

void
record_free (Record * record)
{
  if (!record)
    return;
  g_free (record->key);
  g_free (record->settings);
  overview_clear (&record->overview);
  g_ptr_array_unref (record->outputs);
  g_free (record);
}

const RecordOutput *
record_find (const Record * record, const char *name)
{
  for (guint i = 0; i < record->outputs->len; i++) {
    const RecordOutput *output = record->outputs->pdata[i];

    if (strcmp (output->name, name) == 0)
      return output;
  }
  return NULL;
}

void
record_add (Record * record, const char *name, const char *sha256,
    guint64 size, const char *key)
{
  RecordOutput *output = g_new (RecordOutput, 1);

  output->name = g_strdup (name);
  output->sha256 = g_strdup (sha256);
  output->size = size;
  output->key = g_strdup (key);
  g_ptr_array_add (record->outputs, output);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* "SHA-256 BYTES KEY NAME". A name that leads out of the folder is none of ours. */
static gboolean
read_output (Record * record, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 4);
  g_autofree char *name = NULL;
  guint64 size;

  if (g_strv_length (words) != 4
      || !g_ascii_string_to_unsigned (words[1], 10, 0, G_MAXINT64, &size, NULL))
    return FALSE;
  name = g_strcompress (words[3]);
  if (*name == '\0' || strchr (name, '/'))
    return FALSE;
  record_add (record, name, words[0], size, words[2]);
  return TRUE;
}

/* "NANOSECONDS WINDOWS SHARE LABEL" */
static gboolean
read_overview (Record * record, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 4);
  guint64 duration, n_windows;

  if (g_strv_length (words) != 4
      || !g_ascii_string_to_unsigned (words[0], 10, 0, G_MAXINT64, &duration,
          NULL)
      || !g_ascii_string_to_unsigned (words[1], 10, 0, G_MAXUINT, &n_windows,
          NULL))
    return FALSE;
  record->overview.duration = duration;
  record->overview.n_windows = (guint) n_windows;
  record->overview.share = g_ascii_strtod (words[2], NULL);
  g_free (record->overview.label);
  record->overview.label = g_utf8_make_valid (words[3], -1);
  return TRUE;
}

static gboolean
read_line (Record * record, const char *line)
{
  const char *space = strchr (line, ' ');
  g_autofree char *word = space ? g_strndup (line, (gsize) (space - line))
      : NULL;
  guint64 n;

  if (!word)
    return *line == '\0';
  if (strcmp (word, "key") == 0) {
    g_free (record->key);
    record->key = g_strdup (space + 1);
  } else if (strcmp (word, "settings") == 0) {
    g_free (record->settings);
    record->settings = g_strdup (space + 1);
  } else if (strcmp (word, "tracks") == 0) {
    if (!g_ascii_string_to_unsigned (space + 1, 10, 0, G_MAXUINT16, &n, NULL))
      return FALSE;
    record->n_tracks = (guint) n;
  } else if (strcmp (word, "heard") == 0) {
    return read_overview (record, space + 1);
  } else if (strcmp (word, "output") == 0) {
    return read_output (record, space + 1);
  }
  return TRUE;
}

Record *
record_read (const char *path)
{
  g_autoptr (Record) record = record_new ();
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_steal_pointer (&record);
  lines = g_strsplit (text, "\n", -1);
  if (g_strcmp0 (lines[0], FIRST_LINE) != 0)
    return g_steal_pointer (&record);
  for (guint i = 1; lines[i]; i++)
    if (!read_line (record, lines[i]))
      return record_new ();
  return g_steal_pointer (&record);
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static char *
to_text (const Record * record)
{
  GString *text = g_string_new (FIRST_LINE "\n");
  const Overview *overview = &record->overview;
  char share[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (share, sizeof share, "%.6f", overview->share);
  g_string_append_printf (text, "key %s\nsettings %s\n", record->key,
      record->settings);
  g_string_append_printf (text, "heard %" G_GUINT64_FORMAT " %u %s %s\n",
      overview->duration, overview->n_windows, share, overview->label);
  g_string_append_printf (text, "tracks %u\n", record->n_tracks);
  for (guint i = 0; i < record->outputs->len; i++) {
    const RecordOutput *output = record->outputs->pdata[i];
    g_autofree char *name = g_strescape (output->name, NULL);

    g_string_append_printf (text, "output %s %" G_GUINT64_FORMAT " %s %s\n",
        output->sha256, output->size, output->key, name);
  }
  return g_string_free (text, FALSE);
}

gboolean
record_sync_folder (const char *path, GError ** error)
{
  int folder = g_open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  int failed = folder < 0 || fsync (folder) != 0 ? errno : 0;

  if (folder >= 0)
    close (folder);
  /* some file systems have no such call for folders */
  if (failed == 0 || failed == EINVAL || failed == ENOTSUP)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failed),
      "the folder cannot be written: %s", g_strerror (failed));
  return FALSE;
}

/* To a new file whose content is on the disk when this returns. Returns 0 or the number of the error. */
static int
write_durably (const char *path, const char *text)
{
  gsize left = strlen (text);
  int failed = 0;
  int file = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

  if (file < 0)
    return errno;
  while (left > 0 && !failed) {
    gssize n = write (file, text, left);

    if (n < 0) {
      failed = errno == EINTR ? 0 : errno;
      continue;
    }
    text += n;
    left -= (gsize) n;
  }
  if (!failed && fsync (file) != 0)
    failed = errno;
  if (close (file) != 0 && !failed)
    failed = errno;
  return failed;
}

gboolean
record_write (const Record * record, const char *path, GError ** error)
{
  g_autofree char *text = to_text (record);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *part = g_strconcat (path, ".part", NULL);
  int failed = write_durably (part, text);

  if (!failed && g_rename (part, path) != 0)
    failed = errno;
  if (!failed)
    return record_sync_folder (folder, error);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failed),
      "its record cannot be written: %s", g_strerror (failed));
  return FALSE;
}
