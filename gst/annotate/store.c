/* store.c - the output files of one input: written under other names, put in place all together or not at all.
 *
 * All but the outputs themselves is in STATE_FOLDER beside them, named after the input's file: .state (the record), .lock,
 * and output number N under construction, N.part.
 *
 * (1) Whoever holds the lock of an input is alone with its files. The system drops the lock of a killed process.
 * (2) Parts are complete and on the disk before the record that lists them is. Writing the record is the decision: before it
 *     nothing has changed, and what is left of parts is rubbish; after it they only have to be renamed, by this run or
 *     by the next one (repair()). A part is told from rubbish by its SHA-256 in the record.
 * (3) The record names every output that we ever wrote for the input, with its content, so that files of others are known
 *     from ours, and ours that a person has changed since.
 * (4) Parts are numbered without gaps and removed from the highest, so that counting up from 0 finds all.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Longer names are cut, as suffixes have to fit into what file systems allow. */
#define LONGEST_NAME 180

struct _Store
{
  char *folder, *state_folder;
  char *stem;                   /* of the files in the state folder, with it */
  int lock;
  Record *record;
  GPtrArray *names;             /* of char *: outputs under construction */
  char *part;                   /* path of the last of them */
};

/* ---- names ------------------------------------------------------------------------------------------------------ */

static char *
stem_of (const Input * input)
{
  g_autofree char *folder = g_build_filename (input->folder, STATE_FOLDER,
      NULL);
  g_autofree char *sum = NULL, *name = NULL;

  if (strlen (input->leaf) <= LONGEST_NAME)
    return g_build_filename (folder, input->leaf, NULL);
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, input->leaf, -1);
  name = g_strdup_printf ("%.80s-%s", input->leaf, sum);
  return g_build_filename (folder, name, NULL);
}

static char *
record_path (const char *stem)
{
  return g_strconcat (stem, ".state", NULL);
}

static char *
part_path (const char *stem, guint number)
{
  return g_strdup_printf ("%s.%u.part", stem, number);
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

/* Hexadecimal; NULL if the file cannot be read. */
static char *
sum_file (const char *path, guint64 * size)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint8 *data = g_malloc (65536);
  int file = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  gssize n;

  if (file < 0)
    return NULL;
  *size = 0;
  while ((n = read (file, data, 65536)) > 0) {
    g_checksum_update (sum, data, n);
    *size += (guint64) n;
  }
  close (file);
  return n < 0 ? NULL : g_strdup (g_checksum_get_string (sum));
}

static gboolean
has_content (const char *path, const RecordOutput * output)
{
  guint64 size;
  g_autofree char *sum = sum_file (path, &size);

  return g_strcmp0 (sum, output->sha256) == 0;
}

Record *
store_peek (const Input * input)
{
  g_autofree char *stem = stem_of (input);
  g_autofree char *path = record_path (stem);

  return record_read (path);
}

gboolean
store_is_done (const Input * input, const Record * record, const char *key,
    const char *const *names)
{
  if (g_strcmp0 (record->key, key) != 0)
    return FALSE;
  for (guint i = 0; names[i]; i++) {
    const RecordOutput *output = record_find (record, names[i]);
    g_autofree char *path = g_build_filename (input->folder, names[i], NULL);

    if (!output || g_strcmp0 (output->key, key) != 0
        || !g_file_test (path, G_FILE_TEST_EXISTS))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_output (const char *path, const RecordOutput * output,
    const Inputs * inputs, gboolean force, GError ** error)
{
  g_autofree char *name = g_filename_display_name (path);
  const char *why = NULL;
  GStatBuf status;

  if (g_lstat (path, &status) != 0)
    return TRUE;
  if (S_ISDIR (status.st_mode))
    why = "is a folder: use --output-dir";
  else if (inputs_have_file (inputs, &status))
    why = "is an input: use --output-dir";
  else if (!force && !output)
    why = "is there already and was not made from this file by this program: "
        "--force overwrites it";
  else if (!force && !has_content (path, output))
    why = "was changed after it was made: --force overwrites it";
  if (!why)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "'%s' %s", name, why);
  return FALSE;
}

gboolean
store_check (const Input * input, const Record * record,
    const Inputs * inputs, const char *const *names, gboolean force,
    GError ** error)
{
  for (guint i = 0; names[i]; i++) {
    g_autofree char *path = g_build_filename (input->folder, names[i], NULL);

    if (!check_output (path, record_find (record, names[i]), inputs, force,
            error))
      return FALSE;
  }
  return TRUE;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static gboolean
set_errno_error (int code, const char *what, const char *path, GError ** error)
{
  g_autofree char *name = g_filename_display_name (path);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s '%s': %s",
      what, name, g_strerror (code));
  return FALSE;
}

/* The lock file is removed with the lock, so that the one that was locked may not be the one that others see. */
static gboolean
is_current (int lock, const char *path)
{
  struct stat mine, current;

  return fstat (lock, &mine) == 0 && stat (path, &current) == 0
      && mine.st_ino == current.st_ino && mine.st_dev == current.st_dev;
}

/* The state folder is removed when it is empty, so that it may be gone again. Returns -1 with an error. */
static int
take_lock (const Store * store, const char *path, GError ** error)
{
  for (;;) {
    int lock, failed;

    if (g_mkdir_with_parents (store->state_folder, 0777) != 0) {
      set_errno_error (errno, "cannot make the folder", store->state_folder,
          error);
      return -1;
    }
    lock = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock < 0 && errno == ENOENT)
      continue;
    if (lock < 0) {
      set_errno_error (errno, "cannot write", path, error);
      return -1;
    }
    failed = flock (lock, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
    if (failed != EWOULDBLOCK && is_current (lock, path))
      return lock;              /* without locks on this file system, all the same */
    close (lock);
    if (failed == EWOULDBLOCK) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
          "another run is at work on it");
      return -1;
    }
  }
}

/* Invariant (4). */
static void
remove_parts (const Store * store)
{
  guint n = 0;

  for (;; n++) {
    g_autofree char *path = part_path (store->stem, n);

    if (!g_file_test (path, G_FILE_TEST_EXISTS))
      break;
  }
  while (n > 0) {
    g_autofree char *path = part_path (store->stem, --n);

    g_unlink (path);
  }
}

/* Renames the parts that the record lists: invariant (2). @check: whether there may be rubbish among them. */
static gboolean
put_in_place (const Store * store, gboolean check, GError ** error)
{
  for (guint i = 0; i < store->record->outputs->len; i++) {
    const RecordOutput *output = store->record->outputs->pdata[i];
    g_autofree char *part = part_path (store->stem, i);
    g_autofree char *path =
        g_build_filename (store->folder, output->name, NULL);

    if (!g_file_test (part, G_FILE_TEST_EXISTS)
        || (check && !has_content (part, output)))
      continue;
    if (g_rename (part, path) != 0)
      return set_errno_error (errno, "cannot write", path, error);
  }
  return record_sync_folder (store->folder, error);
}

/* After a run that was killed. */
static gboolean
repair (Store * store, GError ** error)
{
  g_autofree char *path = record_path (store->stem);
  g_autofree char *part = g_strconcat (path, ".part", NULL);

  store->record = record_read (path);
  if (!put_in_place (store, TRUE, error))
    return FALSE;
  remove_parts (store);
  g_unlink (part);
  return TRUE;
}

Store *
store_open (const Input * input, GError ** error)
{
  g_autoptr (Store) store = g_new0 (Store, 1);
  g_autofree char *path = NULL;

  store->folder = g_strdup (input->folder);
  store->state_folder = g_build_filename (input->folder, STATE_FOLDER, NULL);
  store->stem = stem_of (input);
  store->names = g_ptr_array_new_with_free_func (g_free);
  path = g_strconcat (store->stem, ".lock", NULL);
  store->lock = take_lock (store, path, error);
  if (store->lock < 0 || !repair (store, error))
    return NULL;
  return g_steal_pointer (&store);
}

void
store_close (Store * store)
{
  if (!store)
    return;
  if (store->lock >= 0) {
    g_autofree char *path = g_strconcat (store->stem, ".lock", NULL);

    remove_parts (store);
    g_unlink (path);
    close (store->lock);
    g_rmdir (store->state_folder);      /* if nothing was made */
  }
  g_clear_pointer (&store->record, record_free);
  g_ptr_array_unref (store->names);
  g_free (store->part);
  g_free (store->stem);
  g_free (store->state_folder);
  g_free (store->folder);
  g_free (store);
}

const Record *
store_record (const Store * store)
{
  return store->record;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

void
store_add (Store * store, const char *name)
{
  g_free (store->part);
  store->part = part_path (store->stem, store->names->len);
  g_ptr_array_add (store->names, g_strdup (name));
}

const char *
store_path (const Store * store)
{
  return store->part;
}

GOutputStream *
store_create (Store * store, const char *name, GError ** error)
{
  g_autoptr (GOutputStream) raw = NULL;
  int file;

  store_add (store, name);
  file = g_open (store->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) {
    set_errno_error (errno, "cannot write", store->part, error);
    return NULL;
  }
  raw = g_unix_output_stream_new (file, TRUE);
  return g_buffered_output_stream_new_sized (raw, 65536);
}

/* Its content is on the disk, and in @record. */
static gboolean
settle_part (const Store * store, guint number, const char *key,
    Record * record, GError ** error)
{
  g_autofree char *path = part_path (store->stem, number);
  g_autofree char *sum = NULL;
  guint64 size;
  int file = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  int failed = file < 0 || fsync (file) != 0 ? errno : 0;

  if (file >= 0)
    close (file);
  if (!failed)
    sum = sum_file (path, &size);
  if (!sum)
    return set_errno_error (failed ? failed : EIO, "cannot write", path, error);
  record_add (record, store->names->pdata[number], sum, size, key);
  return TRUE;
}

/* What @old says of outputs that were not made anew. */
static void
keep_others (const Record * old, Record * record)
{
  for (guint i = 0; i < old->outputs->len; i++) {
    const RecordOutput *output = old->outputs->pdata[i];

    if (!record_find (record, output->name))
      record_add (record, output->name, output->sha256, output->size,
          output->key);
  }
}

gboolean
store_commit (Store * store, const char *key, const char *settings,
    guint n_tracks, const Overview * overview, GError ** error)
{
  g_autoptr (Record) record = record_new ();
  g_autofree char *path = record_path (store->stem);

  for (guint i = 0; i < store->names->len; i++)
    if (!settle_part (store, i, key, record, error))
      return FALSE;
  keep_others (store->record, record);
  record->key = g_strdup (key);
  record->settings = g_strdup (settings);
  record->n_tracks = n_tracks;
  overview_copy (&record->overview, overview);
  if (!record_sync_folder (store->state_folder, error)
      || !record_write (record, path, error))
    return FALSE;
  record_free (store->record);
  store->record = g_steal_pointer (&record);
  g_ptr_array_set_size (store->names, 0);
  return put_in_place (store, FALSE, error);
}
