/* cmd-probe-train.c - "probe train": a linear head from clips with labels.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "commands.h"
#include "e2vhead.h"
#include "files/e2vheadfile.h"
#include "jsonwriter.h"
#include "probejob.h"
#include "toolutil.h"

#define SUMMARY \
    "Trains a linear head: the model gives each clip's utterance embedding " \
    "and stays as it is;\nmultinomial logistic regression on standardised " \
    "embeddings gives the head. How strong\nits L2 penalty is, " \
    "cross-validation over groups of speakers decides.\n\n" \
    "The manifest's first line names its columns: path, label and speaker, " \
    "and if wanted\nsplit, start, end (seconds). Without --split the clips " \
    "of the split 'train' are taken,\nor all if there are none."

#define EXAMPLES \
    "Examples:\n" \
    "  emotion2vec-model probe train --manifest clips.tsv base.gguf " \
    "-o calls.gguf\n" \
    "  gst-launch-1.0 -m filesrc location=call.opus ! decodebin ! " \
    "emotion2vec \\\n" \
    "      model-file=base.gguf head-file=calls.gguf ! fakesink"

typedef struct
{
  ProbeJob *job;
  const char *output, *name, *licence;
  guint *rows;                  /* all clips */
  gboolean chosen;              /* the penalty was, by these: */
  E2vProbeTrial trials[E2V_PROBE_N_TRIALS];
  int best;
  double l2;
} Training;

static gboolean
show_progress (double fraction, gpointer user_data)
{
  tool_progress ("leaving out speakers", fraction, NULL);
  return !tool_interrupted ();
}

static gboolean
choose (Training * training, GError ** error)
{
  ProbeJob *job = training->job;

  training->l2 = job->probe.l2;
  if (training->l2 > 0)
    return TRUE;
  job->probe.progress = show_progress;
  training->best = e2v_probe_choose (&job->data, training->rows, job->data.n,
      &job->probe, training->trials, error);
  tool_progress_end ();
  if (training->best < 0)
    return FALSE;
  training->chosen = TRUE;
  training->l2 = training->trials[training->best].l2;
  return TRUE;
}

/* A line for the file. */
static char *
describe (const Training * training)
{
  const ProbeJob *job = training->job;
  const E2vProbeData *data = &job->data;
  g_autofree char *how = training->chosen ?
      g_strdup_printf ("chosen with UA %.1f %% on speakers left out, seed %d",
      100 * training->trials[training->best].ua, job->seed)
      : g_strdup ("as asked");

  return g_strdup_printf ("%u clips of %u speakers, classes %s, L2 %.4g %s",
      data->n, data->n_speakers, job->probe.balanced ? "count alike"
      : "count by their clips", training->l2, how);
}

static E2vHead *
train (const Training * training, GError ** error)
{
  const ProbeJob *job = training->job;
  const E2vProbeData *data = &job->data;
  const gsize n = (gsize) data->n_classes * data->dim;
  g_auto (E2vProbeLayer) layer = { 0 };
  g_autofree float *weight = g_new (float, n);
  g_autofree float *bias = g_new (float, data->n_classes);
  g_autofree char *description = describe (training);
  g_auto (GStrv) labels = g_new0 (char *, data->n_classes + 1);
  E2vHeadSpec spec = {.dim = data->dim,.n_classes = data->n_classes,
    .labels = labels,.weight = weight,.bias = bias,.temperature = 1,
    .name = (char *) training->name,.licence = (char *) training->licence,
    .training = description,.origin = e2v_head_origin_of (job->model)
  };

  tool_progress ("training", 0, NULL);
  e2v_probe_fit (data, training->rows, data->n, job->probe.balanced,
      training->l2, &layer);
  tool_progress_end ();
  for (gsize i = 0; i < n; i++)
    weight[i] = (float) layer.weight[i];
  for (guint c = 0; c < data->n_classes; c++) {
    bias[c] = (float) layer.bias[c];
    labels[c] = g_strdup (data->labels[c]);
  }
  return e2v_head_new (&spec, error);
}

/* Reads it back, too: a head that was written is one that can be used. */
static gboolean
save (const Training * training, const E2vHead * head, GError ** error)
{
  g_autoptr (E2vHead) saved = NULL;

  if (!e2v_head_save (head, training->output, error))
    return FALSE;
  saved = e2v_head_load (training->output, error);
  return saved && e2v_head_check_model (saved, training->job->model, error);
}

static void
print_text (const Training * training, const E2vHead * head)
{
  static const char *const headings[] = { "L2", "loss", "UA", "", NULL };
  g_autoptr (ToolTable) table = tool_table_new ("rrrl", headings);
  const E2vHeadSpec *spec = e2v_head_spec (head);

  for (int t = 0; t < E2V_PROBE_N_TRIALS; t++)
    tool_table_add (table,
        g_strdup_printf ("%.4g", training->trials[t].l2),
        g_strdup_printf ("%.4f", training->trials[t].loss),
        g_strdup_printf ("%.1f %%", 100 * training->trials[t].ua),
        g_strdup (t == training->best ? "chosen" : ""));
  if (training->chosen) {
    g_print ("On speakers left out:\n");
    tool_table_print (table, 2);
  }
  g_print ("%s: %s\n", training->output, spec->training);
}

static void
print_json (const Training * training)
{
  const E2vProbeData *data = &training->job->data;
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_string (&json, "output", training->output);
  json_writer_integer (&json, "clips", data->n);
  json_writer_integer (&json, "speakers", data->n_speakers);
  json_writer_integer (&json, "dim", data->dim);
  json_writer_begin (&json, "labels", '[');
  for (guint c = 0; c < data->n_classes; c++)
    json_writer_string (&json, NULL, data->labels[c]);
  json_writer_end (&json, ']');
  json_writer_double (&json, "l2", training->l2);
  json_writer_begin (&json, "trials", '[');
  for (int t = 0; training->chosen && t < E2V_PROBE_N_TRIALS; t++) {
    json_writer_begin (&json, NULL, '{');
    json_writer_double (&json, "l2", training->trials[t].l2);
    json_writer_double (&json, "loss", training->trials[t].loss);
    json_writer_double (&json, "ua", training->trials[t].ua);
    json_writer_end (&json, '}');
  }
  json_writer_end (&json, ']');
  json_writer_end (&json, '}');
  json_writer_print (&json);
}

static int
run (Training * training, const char *model_file)
{
  ProbeJob *job = training->job;
  g_autoptr (E2vHead) head = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint *rows = NULL;

  if (!probe_job_open (job, model_file, "")
      || !probe_job_check_speakers (job, !(job->probe.l2 > 0))
      || !probe_job_embed (job, NULL, NULL) || !probe_job_check_classes (job))
    return TOOL_FAILED;
  rows = g_new (guint, job->data.n);
  for (guint i = 0; i < job->data.n; i++)
    rows[i] = i;
  training->rows = rows;
  if (!choose (training, &error)) {
    probe_job_fold_error (job, error);
    return TOOL_FAILED;
  }
  head = train (training, &error);
  if (!head || !save (training, head, &error)) {
    tool_file_error (training->output, error);
    return TOOL_FAILED;
  }
  if (job->as_json)
    print_json (training);
  else
    print_text (training, head);
  return TOOL_OK;
}

int
cmd_probe_train (int argc, char **argv)
{
  g_auto (ProbeJob) job = { 0 };
  g_autofree char *output = NULL, *name = NULL, *licence = NULL;
  const GOptionEntry more[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
        "Write the head to this file", "HEAD.gguf"},
    {"name", 0, 0, G_OPTION_ARG_STRING, &name,
        "Name of the head (default: that of the file)", "TEXT"},
    {"licence", 0, 0, G_OPTION_ARG_STRING, &licence,
        "Licence of the head, as SPDX expression", "TEXT"},
    {NULL}
  };
  g_autofree GOptionEntry *entries =
      probe_job_entries (&job, TRUE, FALSE, more);
  Training training = { &job };

  if (!tool_parse ("probe train", "MODEL", SUMMARY, EXAMPLES, entries, &argc,
          &argv))
    return TOOL_USAGE;
  if (argc != 2)
    return tool_usage_error (argc < 2 ? "the model file is missing"
        : "one model file at a time");
  if (!output)
    return tool_usage_error ("name the head to write with -o HEAD.gguf");
  if (!probe_job_check_options (&job))
    return TOOL_USAGE;
  if (tool_is_same_file (output, argv[1])
      || tool_is_same_file (output, job.manifest_file))
    return tool_usage_error ("'%s' is read too: name another output with -o",
        output);
  if (!name)
    name = g_path_get_basename (output);
  training.output = output;
  training.name = name;
  training.licence = licence;
  return run (&training, argv[1]);
}
