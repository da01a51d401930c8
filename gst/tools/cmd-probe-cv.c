/* cmd-probe-cv.c - "probe cv": how right linear heads are on speakers that they were not trained on.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "commands.h"
#include "e2vreport.h"
#include "probejob.h"
#include "probeoutput.h"
#include "toolutil.h"

#define SUMMARY \
    "Leaves out each group of speakers in turn, trains a head on the others " \
    "as 'probe train'\ndoes, the penalty chosen anew among them, and judges " \
    "it on those left out. So every clip\nis judged once, by a head that " \
    "never heard its speaker: the paper's protocol for IEMOCAP.\nNo head is " \
    "written. Without --split all clips are taken."

#define EXAMPLES \
    "Examples:\n" \
    "  emotion2vec-model probe cv --manifest clips.tsv base.gguf\n" \
    "  emotion2vec-model probe cv --manifest clips.tsv base.gguf --folds 5 " \
    "--json"

static gboolean
show_progress (double fraction, gpointer user_data)
{
  tool_progress ("leaving out speakers", fraction, NULL);
  return !tool_interrupted ();
}

static void
print_text (const E2vReport * report, const E2vProbeData * data,
    const double *l2, guint n_folds)
{
  g_autoptr (GString) penalties = g_string_new (NULL);

  for (guint f = 0; f < n_folds; f++)
    g_string_append_printf (penalties, " %.4g", l2[f]);
  g_print ("%u folds of speakers, L2%s\n", n_folds, penalties->str);
  probe_output_print (NULL, report, data->labels);
}

static void
print_json (const E2vReport * report, const E2vProbeData * data,
    const double *l2, guint n_folds)
{
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_integer (&json, "folds", n_folds);
  json_writer_begin (&json, "l2", '[');
  for (guint f = 0; f < n_folds; f++)
    json_writer_double (&json, NULL, l2[f]);
  json_writer_end (&json, ']');
  probe_output_write (&json, "report", NULL, report, data->labels);
  json_writer_end (&json, '}');
  json_writer_print (&json);
}

static int
run (ProbeJob * job, const char *model_file)
{
  const E2vProbeData *data = &job->data;
  g_autofree double *scores = NULL, *l2 = NULL;
  g_auto (E2vReport) report = { 0 };
  g_autoptr (GError) error = NULL;
  E2vReportData clips;
  guint n_folds;

  if (!probe_job_open (job, model_file, NULL)
      || !probe_job_check_speakers (job, TRUE)
      || !probe_job_embed (job, NULL, NULL) || !probe_job_check_classes (job))
    return TOOL_FAILED;
  scores = g_new (double, (gsize) data->n * data->n_classes);
  l2 = g_new (double, data->n_speakers);
  job->probe.progress = show_progress;
  n_folds = e2v_probe_cross_validate (data, &job->probe, scores, l2, &error);
  tool_progress_end ();
  if (n_folds == 0) {
    probe_job_fold_error (job, error);
    return TOOL_FAILED;
  }
  clips.n = data->n;
  clips.n_classes = data->n_classes;
  clips.n_speakers = data->n_speakers;
  clips.label = data->label;
  clips.speaker = data->speaker;
  clips.scores = scores;
  e2v_report_make (&clips, (guint) job->resamples, (guint32) job->seed,
      &report);
  (job->as_json ? print_json : print_text) (&report, data, l2, n_folds);
  return TOOL_OK;
}

int
cmd_probe_cv (int argc, char **argv)
{
  g_auto (ProbeJob) job = { 0 };
  g_autofree GOptionEntry *entries = probe_job_entries (&job, TRUE, TRUE, NULL);

  if (!tool_parse ("probe cv", "MODEL", SUMMARY, EXAMPLES, entries, &argc,
          &argv))
    return TOOL_USAGE;
  if (argc != 2)
    return tool_usage_error (argc < 2 ? "the model file is missing"
        : "one model file at a time");
  if (!probe_job_check_options (&job))
    return TOOL_USAGE;
  return run (&job, argv[1]);
}
