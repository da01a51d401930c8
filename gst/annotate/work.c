/* work.c - one input from beginning to end: heard, written, put in place.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "trackreader.h"

/* What one call of work_on() has in hand. */
typedef struct
{
  const WorkPlan *plan;
  const Input *input;
  Outcome *outcome;
  char *key;
  ListenSource source;
} Work;

Outcome *
outcome_new (const Input * input)
{
  Outcome *outcome = g_new0 (Outcome, 1);

  outcome->input = input;
  outcome->warnings = g_ptr_array_new_with_free_func (g_free);
  outcome->outputs = g_ptr_array_new_with_free_func (g_free);
  return outcome;
}

void
outcome_free (Outcome * outcome)
{
  if (!outcome)
    return;
  overview_clear (&outcome->overview);
  g_free (outcome->error);
  g_ptr_array_unref (outcome->warnings);
  g_ptr_array_unref (outcome->outputs);
  g_free (outcome);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static char *
output_name (const WorkPlan * plan, const Input * input, guint track,
    const Format * format)
{
  if (plan->all_tracks)
    return g_strdup_printf ("%s.track%u%s", input->base, track + 1,
        format->suffix);
  return g_strconcat (input->base, format->suffix, NULL);
}

/* All outputs of an input with @n_tracks. (transfer full) */
static GStrv
output_names (const WorkPlan * plan, const Input * input, guint n_tracks)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint track = 0; track < (plan->all_tracks ? n_tracks : 1); track++)
    for (guint i = 0; i < plan->formats->len; i++)
      g_ptr_array_add (names, output_name (plan, input, track,
              plan->formats->pdata[i]));
  copying_add_names (&plan->copying, input, names);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_free (names, FALSE);
}

static void
note_outputs (Outcome * outcome, const char *const *names)
{
  for (guint i = 0; names[i]; i++) {
    g_autofree char *path =
        g_build_filename (outcome->input->folder, names[i], NULL);

    g_ptr_array_add (outcome->outputs, g_filename_display_name (path));
  }
}

static gboolean
same_folder (const char *one, const char *other)
{
  char *real_one = realpath (one, NULL), *real_other = realpath (other, NULL);
  gboolean same = real_one && g_strcmp0 (real_one, real_other) == 0;

  free (real_one);
  free (real_other);
  return same;
}

/* As a reader of the outputs may look it up. */
static char *
name_for_readers (const Input * input)
{
  g_autofree char *folder = NULL, *path = NULL;

  if (!input->path)
    return g_strdup (input->name);
  folder = g_path_get_dirname (input->path);
  path = same_folder (folder, input->folder) ? g_strdup (input->leaf)
      : g_canonicalize_filename (input->path, NULL);
  return g_filename_display_name (path);
}

/* ---- up to date? ------------------------------------------------------------------------------------------------ */

/* Names the content of the outputs: settings, model and the identity of the input. */
static char *
make_key (const WorkPlan * plan, const Input * input)
{
  g_autofree char *text = NULL;
  GStatBuf status = { 0 };

  if (input->path)
    g_stat (input->path, &status);
  text = g_strdup_printf ("%s\n%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT ".%09"
      G_GINT64_FORMAT, plan->settings, (guint64) status.st_size,
      (gint64) status.st_mtim.tv_sec, (gint64) status.st_mtim.tv_nsec);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

/* What has no place in the file system has no identity. */
static gboolean
was_done (const Work * work, const Record * record)
{
  const WorkPlan *plan = work->plan;
  g_auto (GStrv) names = output_names (plan, work->input, record->n_tracks);

  if (!plan->resume || !work->input->path
      || !store_is_done (work->input, record, work->key,
          (const char *const *) names))
    return FALSE;
  note_outputs (work->outcome, (const char *const *) names);
  overview_copy (&work->outcome->overview, &record->overview);
  return TRUE;
}

/* As far as names can be known before the file is opened. */
static gboolean
check_names (const Work * work, const Record * record, guint n_tracks,
    GError ** error)
{
  const WorkPlan *plan = work->plan;
  g_auto (GStrv) names = output_names (plan, work->input, MAX (n_tracks, 1));

  return store_check (work->input, record, plan->inputs,
      (const char *const *) names, plan->force, error);
}

/* ---- hearing and writing ---------------------------------------------------------------------------------------- */

static Annotation *
hear (Work * work, guint track, GError ** error)
{
  const WorkPlan *plan = work->plan;
  Annotation *annotation;

  work->source.track = track;
  annotation = listen_to_track (&work->source, &plan->listen,
      work->outcome->warnings, error);
  if (!annotation)
    return NULL;
  annotation->name = name_for_readers (work->input);
  annotation->model = g_strdup (plan->model_name);
  annotation->head = g_strdup (plan->head_name);
  annotation->device = g_strdup (plan->device_name);
  annotation->version = g_strdup (plan->version);
  return annotation;
}

static gboolean
write_format (const Annotation * annotation, const Format * format,
    GOutputStream * out, GError ** error)
{
  g_autoptr (GError) reason = NULL;

  if (format->write (annotation, out, &reason)
      && g_output_stream_close (out, NULL, &reason))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
      "its output cannot be written: %s", reason->message);
  return FALSE;
}

static gboolean
write_track (const Work * work, Store * store, const Annotation * annotation,
    GError ** error)
{
  const GPtrArray *formats = work->plan->formats;

  for (guint i = 0; i < formats->len; i++) {
    const Format *format = formats->pdata[i];
    g_autofree char *name =
        output_name (work->plan, work->input, annotation->track, format);
    g_autoptr (GOutputStream) out = store_create (store, name, error);

    if (!out || !write_format (annotation, format, out, error))
      return FALSE;
  }
  return TRUE;
}

/* (transfer full) (element-type Annotation) (nullable): of all tracks that are wanted. */
static GPtrArray *
hear_all (Work * work, GError ** error)
{
  g_autoptr (GPtrArray) annotations =
      g_ptr_array_new_with_free_func ((GDestroyNotify) annotation_free);
  guint track = work->plan->all_tracks ? 0 : work->plan->track;
  guint n = 1;

  for (guint i = 0; i < n; i++) {
    Annotation *annotation = hear (work, track + i, error);

    if (!annotation)
      return NULL;
    g_ptr_array_add (annotations, annotation);
    /* one pass has standard input */
    if (work->plan->all_tracks && (work->input->path || work->input->uri))
      n = annotation->n_tracks;
  }
  return g_steal_pointer (&annotations);
}

static gboolean
write_all (Work * work, Store * store, const GPtrArray * annotations,
    GError ** error)
{
  g_auto (GStrv) names =
      output_names (work->plan, work->input, annotations->len);

  for (guint i = 0; i < annotations->len; i++)
    if (!write_track (work, store, annotations->pdata[i], error))
      return FALSE;
  if (!copying_write (&work->plan->copying, work->input, store,
          annotations->pdata[0], error))
    return FALSE;
  /* once more: much may have happened since, and more tracks be there than were thought */
  if (!check_names (work, store_record (store), annotations->len, error)
      || !store_commit (store, work->key, work->plan->settings,
          annotations->len, &work->outcome->overview, error))
    return FALSE;
  note_outputs (work->outcome, (const char *const *) names);
  return TRUE;
}

static gboolean
annotate (Work * work, GError ** error)
{
  g_autoptr (Store) store = store_open (work->input, error);
  g_autoptr (GPtrArray) annotations = NULL;

  if (!store)
    return FALSE;
  if (was_done (work, store_record (store))) {
    work->outcome->status = OUTCOME_DONE_BEFORE;
    return TRUE;
  }
  if (!check_names (work, store_record (store), 1, error)
      || !copying_check (&work->plan->copying, work->input, error))
    return FALSE;
  annotations = hear_all (work, error);
  if (!annotations)
    return FALSE;
  overview_init (&work->outcome->overview, annotations);
  work->outcome->status = OUTCOME_ANNOTATED;
  return write_all (work, store, annotations, error);
}

/* ---- entrances -------------------------------------------------------------------------------------------------- */

static gboolean
check_input (const Input * input, GError ** error)
{
  if (input->problem) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, input->problem);
    return FALSE;
  }
  return !input->path || track_reader_check_file (input->path, error);
}

static void
fail (Outcome * outcome, const GError * error)
{
  outcome->status = OUTCOME_FAILED;
  outcome->error = g_strdup (error->message);
}

Outcome *
work_on (const WorkPlan * plan, const Input * input,
    void (*progress) (GstClockTime position, GstClockTime duration,
        gpointer user_data), gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Work work = { plan, input, outcome_new (input), make_key (plan, input),
    {input->path, input->uri, 0, progress, user_data}
  };
  gint64 begin = g_get_monotonic_time ();

  if (!check_input (input, &error) || !annotate (&work, &error))
    fail (work.outcome, error);
  work.outcome->seconds =
      (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  g_free (work.key);
  return work.outcome;
}

Outcome *
work_preview (const WorkPlan * plan, const Input * input)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Record) record = store_peek (input);
  Work work = { plan, input, outcome_new (input), make_key (plan, input), };

  if (!check_input (input, &error)) {
    fail (work.outcome, error);
  } else if (was_done (&work, record)) {
    work.outcome->status = OUTCOME_DONE_BEFORE;
  } else if (!check_names (&work, record, record->n_tracks, &error)) {
    fail (work.outcome, error);
  } else {
    g_auto (GStrv) names =
        output_names (plan, input, MAX (record->n_tracks, 1));

    work.outcome->status = OUTCOME_TO_DO;
    note_outputs (work.outcome, (const char *const *) names);
  }
  g_free (work.key);
  return work.outcome;
}
