/* cmd-probe-eval.c - "probe eval": how right a head, or the model's own, is on clips with labels.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "commands.h"
#include "e2vhead.h"
#include "e2vreport.h"
#include "files/e2vheadfile.h"
#include "probejob.h"
#include "probeoutput.h"
#include "toolutil.h"

#define SUMMARY \
    "Says how right a head is on clips with labels: unweighted accuracy (the " \
    "mean of the\nclasses' recalls), weighted accuracy, weighted F1, " \
    "calibration error and the confusion\nmatrix, for each split of the " \
    "manifest and for all clips. Without HEAD the model's own\nhead is " \
    "judged. Clips of classes that the head does not have are left out."

#define EXAMPLES \
    "Examples:\n" \
    "  emotion2vec-model probe eval --manifest test.tsv base.gguf " \
    "calls.gguf\n" \
    "  emotion2vec-model probe eval --manifest test.tsv base.gguf --json"

typedef struct
{
  ProbeJob *job;
  E2vHead *head;
  int *class_of;                /* [labels of the manifest]: class of the head, -1: none */
  guint *n_left_out;            /* [labels of the manifest] */
  double *scores;               /* [n][classes] */
  guint *label;                 /* [n]: classes of the head */
} Evaluation;

static E2vHead *
open_head (const ProbeJob * job, const char *head_file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vHead) head = head_file ? e2v_head_load (head_file, &error)
      : e2v_head_new_from_model (job->model, &error);

  if (head && e2v_head_check_model (head, job->model, &error))
    return g_steal_pointer (&head);
  if (head_file)
    tool_file_error (head_file, error);
  else
    tool_error ("%s", error->message);
  return NULL;
}

/* By the label as it is, or by its short name. */
static int
find_class (const E2vHead * head, const char *label)
{
  const E2vHeadSpec *spec = e2v_head_spec (head);
  const char *const *names = e2v_head_names (head);

  for (guint c = 0; c < spec->n_classes; c++)
    if (strcmp (spec->labels[c], label) == 0)
      return (int) c;
  for (guint c = 0; c < spec->n_classes; c++)
    if (strcmp (names[c], label) == 0)
      return (int) c;
  return -1;
}

static gboolean
is_known (const ManifestClip * clip, gpointer user_data)
{
  const Evaluation *evaluation = user_data;

  if (evaluation->class_of[clip->label] >= 0)
    return TRUE;
  evaluation->n_left_out[clip->label]++;
  return FALSE;
}

/* FALSE: nothing is left. */
static gboolean
match_labels (Evaluation * evaluation)
{
  const GPtrArray *labels = evaluation->job->manifest->labels;
  gboolean any = FALSE;

  for (guint l = 0; l < labels->len; l++) {
    evaluation->class_of[l] = find_class (evaluation->head, labels->pdata[l]);
    any = any || evaluation->class_of[l] >= 0;
  }
  if (!any) {
    g_autofree char *known = g_strjoinv (", ",
        (char **) e2v_head_names (evaluation->head));

    tool_error ("%s: none of its labels is a class of the head, which has: %s",
        evaluation->job->manifest_file, known);
  }
  return any;
}

static void
tell_left_out (const Evaluation * evaluation)
{
  const GPtrArray *labels = evaluation->job->manifest->labels;

  for (guint l = 0; l < labels->len; l++)
    if (evaluation->n_left_out[l] > 0)
      tool_warning ("%u clips are left out: the head has no class '%s'",
          evaluation->n_left_out[l], (const char *) labels->pdata[l]);
}

static void
score (Evaluation * evaluation)
{
  const E2vProbeData *data = &evaluation->job->data;
  const guint n_classes = e2v_head_spec (evaluation->head)->n_classes;

  evaluation->scores = g_new (double, (gsize) data->n * n_classes);
  evaluation->label = g_new (guint, data->n);
  for (guint i = 0; i < data->n; i++) {
    e2v_head_scores (evaluation->head, data->x + (gsize) i * data->dim,
        evaluation->scores + (gsize) i * n_classes);
    evaluation->label[i] = (guint) evaluation->class_of[data->label[i]];
  }
}

/* A report on the clips of split number @split, or on all with -1; FALSE: there are none. */
static gboolean
make_report (const Evaluation * evaluation, int split, E2vReport * report)
{
  const ProbeJob *job = evaluation->job;
  const guint n = e2v_head_spec (evaluation->head)->n_classes;
  g_autofree double *scores = g_new (double, (gsize) job->data.n * n);
  g_autofree guint *label = g_new (guint, job->data.n);
  g_autofree guint *speaker = g_new (guint, job->data.n);
  E2vReportData data = { 0, n, job->data.n_speakers, label, speaker, scores };

  for (guint i = 0; i < job->data.n; i++) {
    if (split >= 0 && job->split_of[i] != (guint) split)
      continue;
    memcpy (scores + (gsize) data.n * n, evaluation->scores + (gsize) i * n,
        n * sizeof *scores);
    label[data.n] = evaluation->label[i];
    speaker[data.n++] = job->speaker[i];
  }
  if (data.n > 0)
    e2v_report_make (&data, (guint) job->resamples,
        (guint32) job->seed, report);
  return data.n > 0;
}

/* @json: (nullable): print for people. */
static void
report (const Evaluation * evaluation, int split, JsonWriter * json)
{
  const GPtrArray *splits = evaluation->job->manifest->splits;
  const char *name = split < 0 ? NULL : splits->pdata[split];
  const char *const *names = e2v_head_names (evaluation->head);
  g_auto (E2vReport) figures = { 0 };

  if (!make_report (evaluation, split, &figures))
    return;
  if (json)
    probe_output_write (json, NULL, name, &figures, names);
  else
    probe_output_print (name, &figures, names);
}

/* Each split, and all if there are several. */
static void
report_all (const Evaluation * evaluation)
{
  const guint n = evaluation->job->manifest->splits->len;
  JsonWriter writer, *json = evaluation->job->as_json ? &writer : NULL;

  if (json) {
    json_writer_init (json);
    json_writer_begin (json, NULL, '{');
    json_writer_begin (json, "reports", '[');
  }
  for (guint s = 0; s < n; s++)
    report (evaluation, (int) s, json);
  if (n != 1)
    report (evaluation, -1, json);
  if (json) {
    json_writer_end (json, ']');
    json_writer_end (json, '}');
    json_writer_print (json);
  }
}

static int
run (Evaluation * evaluation, const char *model_file, const char *head_file)
{
  ProbeJob *job = evaluation->job;
  g_autoptr (E2vHead) head = NULL;
  g_autofree int *class_of = NULL;
  g_autofree guint *n_left_out = NULL;

  if (!probe_job_open (job, model_file, NULL))
    return TOOL_FAILED;
  head = open_head (job, head_file);
  if (!head)
    return TOOL_FAILED;
  class_of = g_new (int, job->manifest->labels->len);
  n_left_out = g_new0 (guint, job->manifest->labels->len);
  evaluation->head = head;
  evaluation->class_of = class_of;
  evaluation->n_left_out = n_left_out;
  if (!match_labels (evaluation)
      || !probe_job_embed (job, is_known, evaluation))
    return TOOL_FAILED;
  tell_left_out (evaluation);
  score (evaluation);
  report_all (evaluation);
  g_free (evaluation->scores);
  g_free (evaluation->label);
  return TOOL_OK;
}

int
cmd_probe_eval (int argc, char **argv)
{
  g_auto (ProbeJob) job = { 0 };
  Evaluation evaluation = { &job };
  g_autofree GOptionEntry *entries =
      probe_job_entries (&job, FALSE, TRUE, NULL);

  if (!tool_parse ("probe eval", "MODEL [HEAD]", SUMMARY, EXAMPLES, entries,
          &argc, &argv))
    return TOOL_USAGE;
  if (argc < 2 || argc > 3)
    return tool_usage_error (argc < 2 ? "the model file is missing"
        : "a model and a head at most");
  if (!probe_job_check_options (&job))
    return TOOL_USAGE;
  return run (&evaluation, argv[1], argc == 3 ? argv[2] : NULL);
}
