/* labelling.c - all utterances of a list into one list with labels and one file of embeddings.
 *
 * (1) Threads hear utterances in any order; the main thread writes them in the order of the list. At most DEPTH utterances
 *     for each thread are between the two, so a list of any length takes the same memory.
 * (2) The outputs grow under other names in STATE_FOLDER, the embedding of a line before the line. So all rows that the
 *     lines tell of are there, whenever a run is killed; the next one drops what is behind the last whole line.
 * (3) A file beside them holds the key: what the outputs are made from and how. Under another key a run begins anew.
 * (4) The embeddings are put in place before the list. A list that is in place is complete.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "labelling.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "labelledline.h"
#include "progress.h"
#include "record.h"
#include "toolutil.h"
#include "utterance.h"

#define DEPTH 8

/* Microseconds between two lines of progress on a terminal and elsewhere, and between two writes to the disk itself. */
#define TICK (G_USEC_PER_SEC / 4)
#define SLOW_TICK (30 * G_USEC_PER_SEC)
#define SYNC_TICK (5 * G_USEC_PER_SEC)

typedef struct
{
  UtteranceListItem *item;
  Utterance *utterance;         /* NULL until it is heard */
} Task;

typedef struct
{
  const LabellingPlan *plan;
  LabellingResult *result;
  UtteranceList *manifest;
  GThreadPool *threads;
  GMutex lock;                  /* for Task.utterance of all tasks */
  GCond heard;
  GQueue tasks;                 /* Task, in order */
  guint64 n_read;               /* items of the list, of any shard */

  char *stem;                   /* of the outputs: folder and name */
  char *state_folder, *list_part, *rows_part, *key_part;
  GOutputStream *list;
  Rows *rows;                   /* NULL without embeddings */
  guint64 n_written;            /* lines, those of runs before among them */
  gint64 began, shown, synced;
} Labelling;

void
labelling_result_clear (LabellingResult * result)
{
  g_free (result->list);
  g_free (result->rows);
}

static void
task_free (gpointer data)
{
  Task *task = data;

  utterance_list_item_free (task->item);
  utterance_free (task->utterance);
  g_free (task);
}

static void
labelling_clear (Labelling * self)
{
  if (self->threads)
    g_thread_pool_free (self->threads, FALSE, TRUE);
  g_queue_clear_full (&self->tasks, task_free);
  g_clear_object (&self->list);
  g_clear_pointer (&self->rows, rows_close);
  g_clear_pointer (&self->manifest, utterance_list_free);
  g_free (self->stem);
  g_free (self->state_folder);
  g_free (self->list_part);
  g_free (self->rows_part);
  g_free (self->key_part);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->heard);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Labelling, labelling_clear);

/* ---- names ------------------------------------------------------------------------------------------------------ */

/* "train.emotions", with shards "train.emotions-2-of-8" */
static char *
output_leaf (const LabellingPlan * plan)
{
  g_autofree char *leaf = g_path_get_basename (plan->manifest);
  char *dot = strrchr (leaf, '.');

  if (dot && dot != leaf)
    *dot = '\0';
  if (plan->n_shards == 1)
    return g_strconcat (leaf, ".emotions", NULL);
  return g_strdup_printf ("%s.emotions-%u-of-%u", leaf, plan->shard + 1,
      plan->n_shards);
}

static gboolean
make_names (Labelling * self, GError ** error)
{
  const LabellingPlan *plan = self->plan;
  g_autofree char *beside = g_path_get_dirname (plan->manifest);
  const char *folder = plan->output_dir ? plan->output_dir : beside;
  g_autofree char *leaf = output_leaf (plan);
  g_autofree char *part = NULL;

  self->state_folder = g_build_filename (folder, STATE_FOLDER, NULL);
  if (g_mkdir_with_parents (self->state_folder, 0777) != 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "cannot make the folder '%s': %s", self->state_folder,
        g_strerror (errno));
    return FALSE;
  }
  self->stem = g_build_filename (folder, leaf, NULL);
  part = g_build_filename (self->state_folder, leaf, NULL);
  self->list_part = g_strconcat (part, ".jsonl.part", NULL);
  self->rows_part = g_strconcat (part, ".rows.part", NULL);
  self->key_part = g_strconcat (part, ".key", NULL);
  self->result->list = g_strconcat (self->stem, ".jsonl", NULL);
  if (plan->embeddings)
    self->result->rows =
        g_strconcat (self->stem, rows_suffix (plan->kind), NULL);
  return TRUE;
}

/* (transfer full) */
static char *
make_key (const Labelling * self)
{
  const LabellingPlan *plan = self->plan;
  g_autofree char *text =
      g_strdup_printf ("%s list=%s shard=%u/%u embeddings=%s",
      plan->settings, utterance_list_identity (self->manifest), plan->shard,
      plan->n_shards, plan->embeddings ? rows_suffix (plan->kind) : "none");

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

/* ---- what a run before has left --------------------------------------------------------------------------------- */

/* What whole lines tell. */
typedef struct
{
  guint64 n, n_failed, n_rows;
  gsize size;                   /* bytes */
} Lines;

static Lines
count_lines (const char *text)
{
  Lines lines = { 0, 0, 0, 0 };
  const char *start = text, *end;
  guint64 row;

  while ((end = strchr (start, '\n'))) {
    g_autofree char *line = g_strndup (start, (gsize) (end - start));

    if (labelled_line_row (line, &row))
      lines.n_rows = row + 1;
    lines.n_failed += labelled_line_is_error (line);
    lines.n++;
    start = end + 1;
  }
  lines.size = (gsize) (start - text);
  return lines;
}

static gboolean
open_outputs (Labelling * self, const char *text, gsize size, guint64 n_rows,
    GError ** error)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->list_part);
  GFileOutputStream *raw;

  if (self->plan->embeddings) {
    self->rows = rows_open (self->rows_part, self->plan->kind, n_rows, error);
    if (!self->rows)
      return FALSE;
  }
  if (!g_file_set_contents (self->list_part, text, (gssize) size, error))
    return FALSE;
  raw = g_file_append_to (file, G_FILE_CREATE_NONE, NULL, error);
  self->list = raw ? G_OUTPUT_STREAM (raw) : NULL;
  return raw != NULL;
}

static gboolean
begin_anew (Labelling * self, const char *key, GError ** error)
{
  self->n_written = 0;
  self->result->n_failed = 0;
  g_unlink (self->key_part);
  g_unlink (self->rows_part);
  return open_outputs (self, "", 0, 0, error)
      && g_file_set_contents (self->key_part, key, -1, error);
}

/* Goes on behind the last whole line of a run with the same key, or begins. */
static gboolean
open_or_begin (Labelling * self, GError ** error)
{
  g_autofree char *key = make_key (self);
  g_autofree char *old_key = NULL, *text = NULL;
  Lines lines;

  if (!self->plan->resume
      || !g_file_get_contents (self->key_part, &old_key, NULL, NULL)
      || strcmp (old_key, key) != 0
      || !g_file_get_contents (self->list_part, &text, NULL, NULL))
    return begin_anew (self, key, error);
  lines = count_lines (text);
  self->n_written = lines.n;
  self->result->n_failed = lines.n_failed;
  if (open_outputs (self, text, lines.size, lines.n_rows, NULL))
    return TRUE;
  return begin_anew (self, key, error);
}

/* Whether the outputs of a run with the same key are in place. */
static gboolean
is_done (const Labelling * self)
{
  g_autofree char *path = g_strconcat (self->key_part, ".done", NULL);
  g_autofree char *key = make_key (self);
  g_autofree char *old_key = NULL;

  return self->plan->resume && g_file_get_contents (path, &old_key, NULL, NULL)
      && strcmp (old_key, key) == 0
      && g_file_test (self->result->list, G_FILE_TEST_IS_REGULAR)
      && (!self->result->rows
      || g_file_test (self->result->rows, G_FILE_TEST_IS_REGULAR));
}

/* Whether we may overwrite what is there: it is ours, or @force. */
static gboolean
check_outputs (const Labelling * self, GError ** error)
{
  g_autofree char *done = g_strconcat (self->key_part, ".done", NULL);
  const char *paths[] = { self->result->list, self->result->rows };

  if (self->plan->force || g_file_test (done, G_FILE_TEST_EXISTS)
      || g_file_test (self->key_part, G_FILE_TEST_EXISTS))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (paths[i] && g_file_test (paths[i], G_FILE_TEST_EXISTS)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
          "'%s' exists and was not written by this program: move it away, or "
          "use --force", paths[i]);
      return FALSE;
    }
  return TRUE;
}

/* ---- hearing ---------------------------------------------------------------------------------------------------- */

static void
hear (gpointer data, gpointer user_data)
{
  Task *task = data;
  Labelling *self = user_data;
  Utterance *utterance = utterance_hear (task->item, self->plan->listen);

  g_mutex_lock (&self->lock);
  task->utterance = utterance;
  g_cond_signal (&self->heard);
  g_mutex_unlock (&self->lock);
}

/* The next item of this shard, in the place of all before it that are written. (transfer full) (nullable) */
static UtteranceListItem *
next_item (Labelling * self, GError ** error)
{
  const LabellingPlan *plan = self->plan;

  for (;;) {
    UtteranceListItem *item = utterance_list_next (self->manifest, error);
    guint64 n = self->n_read++;

    if (!item)
      return NULL;
    if (n % plan->n_shards == plan->shard
        && n / plan->n_shards >= self->n_written + self->tasks.length)
      return item;
    utterance_list_item_free (item);
  }
}

/* Gives the threads work until DEPTH is reached. FALSE: the list cannot be read. */
static gboolean
feed (Labelling * self, GError ** error)
{
  g_autoptr (GError) failed = NULL;

  while (self->tasks.length < DEPTH * self->plan->n_jobs
      && !tool_interrupted ()) {
    UtteranceListItem *item = next_item (self, &failed);
    Task *task;

    if (!item)
      break;
    task = g_new0 (Task, 1);
    task->item = item;
    g_queue_push_tail (&self->tasks, task);
    g_thread_pool_push (self->threads, task, NULL);
  }
  if (!failed)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failed));
  return FALSE;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static gboolean
write_task (Labelling * self, const Task * task, GError ** error)
{
  const Utterance *utterance = task->utterance;
  const LabelledLineSource source = { self->plan->model_name,
    self->plan->head_name, self->rows ? rows_count (self->rows) : 0
  };
  g_autofree char *line = labelled_line_new (task->item, utterance, &source);
  g_autofree char *whole = g_strconcat (line, "\n", NULL);

  if (utterance->embedding && self->rows
      && !rows_add (self->rows, utterance->embedding, utterance->dim, error))
    return FALSE;
  return g_output_stream_write_all (self->list, whole, strlen (whole), NULL,
      NULL, error);
}

static void
count_task (Labelling * self, const Task * task)
{
  self->n_written++;
  self->result->audio += (double) task->utterance->duration / GST_SECOND;
  if (!task->utterance->error)
    return;
  self->result->n_failed++;
  tool_progress_end ();
  tool_error ("%s:%" G_GUINT64_FORMAT ": %s: %s", self->plan->manifest,
      task->item->number,
      task->item->written ? task->item->written : "the line",
      task->utterance->error);
}

static gboolean
sync_outputs (Labelling * self, GError ** error)
{
  return (!self->rows || rows_sync (self->rows, error))
      && g_output_stream_flush (self->list, NULL, error);
}

static void
show (Labelling * self)
{
  const LabellingResult *result = self->result;
  guint64 done = self->n_written - result->n_before;
  double seconds =
      (double) (g_get_monotonic_time () - self->began) / G_USEC_PER_SEC;
  double left = done > 0 ? seconds / (double) done
      * (double) (result->n_items - self->n_written) : 0;
  g_autofree char *left_text = progress_format_time (left);
  g_autofree char *text =
      g_strdup_printf ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
      " utterances, %.0f times as fast as they play, %s left",
      self->n_written, result->n_items,
      seconds > 0 ? result->audio / seconds : 0, left_text);

  tool_progress (text, (double) self->n_written / (double) result->n_items,
      NULL);
}

/* Now and then. */
static gboolean
look_after (Labelling * self, GError ** error)
{
  const gint64 now = g_get_monotonic_time ();

  if (!self->plan->quiet
      && now > self->shown + (isatty (STDERR_FILENO) ? TICK : SLOW_TICK)) {
    self->shown = now;
    show (self);
  }
  if (now < self->synced + SYNC_TICK)
    return TRUE;
  self->synced = now;
  return sync_outputs (self, error);
}

/* Waits until the first task is heard, or for a tick. (nullable) */
static Task *
wait_for_first (Labelling * self)
{
  Task *task = g_queue_peek_head (&self->tasks);
  const gint64 until = g_get_monotonic_time () + TICK;
  gboolean heard;

  g_mutex_lock (&self->lock);
  while (!task->utterance
      && g_cond_wait_until (&self->heard, &self->lock, until));
  heard = task->utterance != NULL;
  g_mutex_unlock (&self->lock);
  return heard ? g_queue_pop_head (&self->tasks) : NULL;
}

static gboolean
write_first (Labelling * self, GError ** error)
{
  Task *task = wait_for_first (self);
  gboolean ok;

  if (!task)
    return TRUE;
  ok = write_task (self, task, error);
  if (ok)
    count_task (self, task);
  task_free (task);
  return ok;
}

static gboolean
label_all (Labelling * self, GError ** error)
{
  self->threads = g_thread_pool_new (hear, self, (gint) self->plan->n_jobs,
      TRUE, NULL);
  do {
    if (!feed (self, error))
      return FALSE;
    if (self->tasks.length == 0)
      break;
    if (!write_first (self, error) || !look_after (self, error))
      return FALSE;
  } while (TRUE);
  tool_progress_end ();
  return sync_outputs (self, error);
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

static gboolean
put_in_place (const char *part, const char *path, GError ** error)
{
  if (g_rename (part, path) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
      "cannot write '%s': %s", path, g_strerror (errno));
  return FALSE;
}

static gboolean
finish (Labelling * self, GError ** error)
{
  g_autofree char *done = g_strconcat (self->key_part, ".done", NULL);
  g_autofree char *key = make_key (self);

  if (self->rows && (!rows_finish (self->rows, error)
          || !put_in_place (self->rows_part, self->result->rows, error)))
    return FALSE;
  if (!g_output_stream_close (self->list, NULL, error)
      || !put_in_place (self->list_part, self->result->list, error)
      || !g_file_set_contents (done, key, -1, error))
    return FALSE;
  g_unlink (self->key_part);
  self->result->done = TRUE;
  return TRUE;
}

static guint64
items_of_shard (const Labelling * self)
{
  guint64 n = utterance_list_n_items (self->manifest);
  const LabellingPlan *plan = self->plan;

  return n / plan->n_shards + (n % plan->n_shards > plan->shard);
}

/* Nothing is left to do. */
static gboolean
take_done (Labelling * self, GError ** error)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (self->result->list, &text, NULL, error))
    return FALSE;
  self->result->n_failed = count_lines (text).n_failed;
  self->result->n_before = self->result->n_items;
  self->result->done = TRUE;
  return TRUE;
}

static gboolean
run (Labelling * self, GError ** error)
{
  LabellingResult *result = self->result;

  self->manifest = utterance_list_open (self->plan->manifest, error);
  if (!self->manifest || !make_names (self, error))
    return FALSE;
  result->n_items = items_of_shard (self);
  if (is_done (self))
    return take_done (self, error);
  if (!check_outputs (self, error) || !open_or_begin (self, error))
    return FALSE;
  result->n_before = self->n_written;
  if (!label_all (self, error))
    return FALSE;
  return self->n_written < result->n_items || finish (self, error);
}

gboolean
labelling_run (const LabellingPlan * plan, LabellingResult * result,
    GError ** error)
{
  g_auto (Labelling) self = {.plan = plan,.result = result };
  gboolean ok;

  memset (result, 0, sizeof *result);
  g_mutex_init (&self.lock);
  g_cond_init (&self.heard);
  g_queue_init (&self.tasks);
  self.began = self.shown = self.synced = g_get_monotonic_time ();
  ok = run (&self, error);
  result->seconds =
      (double) (g_get_monotonic_time () - self.began) / G_USEC_PER_SEC;
  return ok;
}
