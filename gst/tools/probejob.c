/* probejob.c - what the sub-commands of "probe" begin with.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probejob.h"

#include <gst/gst.h>
#include <math.h>
#include <string.h>

#include "audiofile.h"
#include "e2verror.h"
#include "e2vfolds.h"
#include "files/e2vmodelfile.h"
#include "toolutil.h"

/* Bad clips that are told one by one. */
#define MAX_TOLD 20

#define MAX_RESAMPLES 1000000

void
probe_job_clear (ProbeJob * job)
{
  g_free (job->manifest_file);
  g_free (job->root);
  g_free (job->split);
  g_free (job->device);
  g_free (job->precision_name);
  g_free (job->weights);
  g_clear_pointer (&job->manifest, manifest_free);
  g_clear_pointer (&job->model, e2v_model_unref);
  g_free (job->x);
  g_free (job->label);
  g_free (job->speaker);
  g_free (job->split_of);
}

/* ---- options ---------------------------------------------------------------------------------------------------- */

static void
append_entries (GArray * array, const GOptionEntry * entries)
{
  for (; entries && entries->long_name; entries++)
    g_array_append_val (array, *entries);
}

GOptionEntry *
probe_job_entries (ProbeJob * job, gboolean trains, gboolean judges,
    const GOptionEntry * more)
{
  GArray *all = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));
  const GOptionEntry common[] = {
    {"manifest", 0, 0, G_OPTION_ARG_FILENAME, &job->manifest_file,
        "Table of clips: path, label, speaker, separated by tabs", "TSV"},
    {"root", 0, 0, G_OPTION_ARG_FILENAME, &job->root,
        "Where relative paths begin (default: the manifest's folder)", "DIR"},
    {"split", 0, 0, G_OPTION_ARG_STRING, &job->split,
        "Only clips of this split", "NAME"},
    {"skip-unreadable", 0, 0, G_OPTION_ARG_NONE, &job->skip_unreadable,
        "Leave out clips that cannot be read", NULL},
    {"seed", 0, 0, G_OPTION_ARG_INT, &job->seed,
        "Of what is drawn by chance (default 0)", "N"},
    TOOL_DEVICE_OPTION (&job->device),
    TOOL_PRECISION_OPTION (&job->precision_name),
    {"json", 0, 0, G_OPTION_ARG_NONE, &job->as_json,
        "Print one JSON object", NULL},
    {NULL}
  };
  const GOptionEntry training[] = {
    {"folds", 0, 0, G_OPTION_ARG_INT, &job->folds,
        "Groups of speakers that are left out in turn (default 10)", "N"},
    {"l2", 0, 0, G_OPTION_ARG_DOUBLE, &job->l2,
          "Strength of the penalty (default: chosen by leaving out speakers)",
        "X"},
    {"class-weights", 0, 0, G_OPTION_ARG_STRING, &job->weights,
          "Classes count alike, or by their clips (default balanced)",
        "balanced|none"},
    {NULL}
  };
  const GOptionEntry judging[] = {
    {"resamples", 0, 0, G_OPTION_ARG_INT, &job->resamples,
        "How often data are drawn anew for the intervals (default 1000)", "N"},
    {NULL}
  };

  job->resamples = 1000;
  append_entries (all, more);
  append_entries (all, common);
  append_entries (all, trains ? training : NULL);
  append_entries (all, judges ? judging : NULL);
  return (GOptionEntry *) g_array_free (all, FALSE);
}

gboolean
probe_job_check_options (ProbeJob * job)
{
  E2vProbeOptions *probe = &job->probe;

  if (!job->manifest_file) {
    tool_usage_error ("--manifest is missing");
    return FALSE;
  }
  if (job->folds < 0 || job->folds == 1 || job->seed < 0) {
    tool_usage_error (job->seed < 0 ? "--seed is a number from 0 on"
        : "--folds is a number from 2 on");
    return FALSE;
  }
  if (job->resamples < 0 || job->resamples > MAX_RESAMPLES) {
    tool_usage_error ("--resamples is a number from 0 to %d", MAX_RESAMPLES);
    return FALSE;
  }
  if (!(job->l2 >= 0) || !isfinite (job->l2)) {
    tool_usage_error ("--l2 is a positive number");
    return FALSE;
  }
  if (job->weights && strcmp (job->weights, "balanced") != 0
      && strcmp (job->weights, "none") != 0) {
    tool_usage_error ("--class-weights is balanced or none, not '%s'",
        job->weights);
    return FALSE;
  }
  probe->balanced = g_strcmp0 (job->weights, "none") != 0;
  probe->n_folds = (guint) job->folds;
  probe->seed = (guint32) job->seed;
  probe->l2 = job->l2;
  return tool_parse_precision (job->precision_name, job->device,
      &job->precision);
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

gboolean
probe_job_open (ProbeJob * job, const char *model_file,
    const char *default_split)
{
  g_autoptr (GError) error = NULL;

  if (!gst_init_check (NULL, NULL, &error)) {
    tool_error ("GStreamer does not start: %s", error->message);
    return FALSE;
  }
  job->manifest = manifest_read (job->manifest_file, job->root,
      job->split ? job->split : default_split, &error);
  if (!job->manifest) {
    tool_file_error (job->manifest_file, error);
    return FALSE;
  }
  job->model = e2v_model_load (model_file, &error);
  if (!job->model) {
    tool_file_error (model_file, error);
    return FALSE;
  }
  return TRUE;
}

/* Takes the manifest for what will be read of it. */
static gboolean
try_folds (const ProbeJob * job, GError ** error)
{
  const Manifest *manifest = job->manifest;
  const guint n = manifest->clips->len;
  g_autofree guint *label = g_new (guint, n), *speaker = g_new (guint, n);
  g_autofree guint *rows = g_new (guint, n), *folds = g_new (guint, n);
  const E2vProbeData data = {.n = n,.n_classes = manifest->labels->len,
    .n_speakers = manifest->speakers->len,.label = label,.speaker = speaker,
    .labels = (const char *const *) manifest->labels->pdata,
    .speakers = (const char *const *) manifest->speakers->pdata
  };

  for (guint i = 0; i < n; i++) {
    rows[i] = i;
    label[i] = manifest_clip (manifest, i)->label;
    speaker[i] = manifest_clip (manifest, i)->speaker;
  }
  return e2v_folds_make (&data, rows, n, job->probe.n_folds, job->probe.seed,
      folds, error) > 0;
}

gboolean
probe_job_check_speakers (const ProbeJob * job, gboolean folds)
{
  const GPtrArray *labels = job->manifest->labels;
  g_autoptr (GError) error = NULL;

  if (labels->len < 2) {
    tool_error ("%s: all clips have the label '%s': there is nothing to tell "
        "apart", job->manifest_file, (const char *) labels->pdata[0]);
    return FALSE;
  }
  if (!folds || try_folds (job, &error))
    return TRUE;
  probe_job_fold_error (job, error);
  return FALSE;
}

/* ---- embeddings ------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProbeJob *job;
  E2vEncoder *encoder;
  guint n_bad;
} Embedder;

static E2vEncoder *
open_encoder (const ProbeJob * job)
{
  g_autofree char *warning = NULL;
  g_autoptr (GError) error = NULL;
  E2vEncoder *encoder = e2v_encoder_new (job->model,
      job->device ? job->device : "auto", job->precision, &warning, &error);

  if (warning)
    tool_warning ("%s", warning);
  if (!encoder)
    tool_error ("%s", error->message);
  return encoder;
}

/* @x: (out): [dim]. */
static gboolean
embed (E2vEncoder * encoder, const ManifestClip * clip, float *x,
    GError ** error)
{
  g_auto (AudioFile) audio = { 0 };
  g_autoptr (E2vResult) result = NULL;
  E2vWindow window;

  if (!audio_file_read_range (&audio, clip->path, clip->start, clip->end,
          error))
    return FALSE;
  window.samples = audio.samples;
  window.n_samples = audio.n_samples;
  if (!e2v_encoder_run (encoder, &window, 1, 0, &result, error))
    return FALSE;
  memcpy (x, result->utterance, result->dim * sizeof *x);
  return TRUE;
}

/* Whether it is the clip's fault, so that the next one may do. */
static gboolean
is_of_clip (const GError * error)
{
  static const E2vError codes[] = { E2V_ERROR_NOT_FOUND, E2V_ERROR_IO,
    E2V_ERROR_FORMAT, E2V_ERROR_ARGUMENT, E2V_ERROR_TOO_LARGE
  };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (error, E2V_ERROR, (int) codes[i]))
      return TRUE;
  return error->domain != E2V_ERROR;
}

/* FALSE: there is no point in going on. */
static gboolean
note_bad (Embedder * embedder, const ManifestClip * clip, const GError * error)
{
  const ProbeJob *job = embedder->job;

  if (!is_of_clip (error)) {
    tool_error ("%s: %s", clip->path, error->message);
    return FALSE;
  }
  if (embedder->n_bad++ < MAX_TOLD)
    (job->skip_unreadable ? tool_warning : tool_error) ("%s, line %u: %s: %s",
        job->manifest_file, clip->line, clip->path, error->message);
  return TRUE;
}

static gboolean
add_clip (Embedder * embedder, const ManifestClip * clip)
{
  ProbeJob *job = embedder->job;
  E2vProbeData *data = &job->data;
  g_autoptr (GError) error = NULL;

  if (!embed (embedder->encoder, clip, job->x + (gsize) data->n * data->dim,
          &error)) {
    /* the loop says so */
    return tool_interrupted () || note_bad (embedder, clip, error);
  }
  job->label[data->n] = clip->label;
  job->speaker[data->n] = clip->speaker;
  job->split_of[data->n++] = clip->split;
  return TRUE;
}

static void
begin_data (ProbeJob * job)
{
  const Manifest *manifest = job->manifest;
  E2vProbeData *data = &job->data;
  const guint n = manifest->clips->len;

  data->dim = e2v_model_hparams (job->model)->embed_dim;
  job->x = g_new (float, (gsize) n * data->dim);
  job->label = g_new (guint, n);
  job->speaker = g_new (guint, n);
  job->split_of = g_new (guint, n);
  data->x = job->x;
  data->label = job->label;
  data->speaker = job->speaker;
  data->labels = (const char *const *) manifest->labels->pdata;
  data->n_classes = manifest->labels->len;
  data->speakers = (const char *const *) manifest->speakers->pdata;
  data->n_speakers = manifest->speakers->len;
}

/* Whether what was read will do. */
static gboolean
check_bad (const Embedder * embedder)
{
  const ProbeJob *job = embedder->job;

  if (embedder->n_bad > MAX_TOLD)
    tool_error ("and %u more", embedder->n_bad - MAX_TOLD);
  if (embedder->n_bad > 0 && !job->skip_unreadable) {
    tool_error ("%u of %u clips cannot be used: mend the manifest, or leave "
        "them out with --skip-unreadable", embedder->n_bad,
        job->manifest->clips->len);
    return FALSE;
  }
  if (job->data.n == 0)
    tool_error ("%s: no clip can be used", job->manifest_file);
  return job->data.n > 0;
}

gboolean
probe_job_embed (ProbeJob * job,
    gboolean (*wanted) (const ManifestClip * clip, gpointer user_data),
    gpointer user_data)
{
  g_autoptr (E2vEncoder) encoder = open_encoder (job);
  const guint n = job->manifest->clips->len;
  Embedder embedder = { job, encoder, 0 };

  if (!encoder)
    return FALSE;
  begin_data (job);
  for (guint i = 0; i < n; i++) {
    const ManifestClip *clip = manifest_clip (job->manifest, i);

    tool_progress ("listening", (double) i / n, NULL);
    if ((!wanted || wanted (clip, user_data)) && !add_clip (&embedder, clip))
      return FALSE;
    if (tool_interrupted ()) {
      tool_error ("interrupted at %s", clip->path);
      return FALSE;
    }
  }
  tool_progress_end ();
  return check_bad (&embedder);
}

void
probe_job_fold_error (const ProbeJob * job, const GError * error)
{
  if (tool_interrupted ())
    tool_error ("interrupted");
  else
    tool_error ("%s: %s (--l2 X)", job->manifest_file, error->message);
}

gboolean
probe_job_check_classes (const ProbeJob * job)
{
  const E2vProbeData *data = &job->data;
  g_autofree guint *n = g_new0 (guint, data->n_classes);

  for (guint i = 0; i < data->n; i++)
    n[data->label[i]]++;
  for (guint c = 0; c < data->n_classes; c++) {
    if (n[c] > 0)
      continue;
    tool_error ("no clip of the class '%s' can be used", data->labels[c]);
    return FALSE;
  }
  return TRUE;
}
