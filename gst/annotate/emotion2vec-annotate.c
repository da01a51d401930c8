/* emotion2vec-annotate.c - writes down which emotions are heard where in media files: puts the parts together.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gst/gst.h>
#include <unistd.h>

#include "gstemotion2vecclasses.h"
#include "gstemotion2vecengine.h"
#include "gstemotion2vecmodelsearch.h"
#include "inputs.h"
#include "jobs.h"
#include "labelling.h"
#include "options.h"
#include "summary.h"
#include "toolutil.h"

/* A model file begins with its metadata, among which are checksums of all that follows. */
#define METADATA_SIZE (1024 * 1024)

/* Names the content of the model file at @path. (transfer full) (nullable) */
static char *
model_identity (const char *path)
{
  g_autofree guint8 *data = g_malloc (METADATA_SIZE);
  int file = open (path, O_RDONLY | O_CLOEXEC);
  gssize n;

  if (file < 0)
    return NULL;
  n = read (file, data, METADATA_SIZE);
  close (file);
  if (n < 0)
    return NULL;
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, (gsize) n);
}

/* All that the content of outputs depends on. (transfer full) */
static char *
describe_settings (const Options * options, const char *identity)
{
  const ListenSettings *listen = &options->listen;
  g_autofree char *classes =
      g_strescape (listen->classes ? listen->classes : "", NULL);
  g_autofree char *device = g_strescape (listen->device, NULL);
  g_autofree char *track = options->all_tracks ? g_strdup ("all")
      : g_strdup_printf ("%u", options->track + 1);

  return g_strdup_printf ("version=%s model=%s device=\"%s\" precision=%s "
      "window=%" G_GUINT64_FORMAT " interval=%" G_GUINT64_FORMAT " trigger=%s "
      "channels=%s track=%s silence=%s classes=\"%s\"", PACKAGE_VERSION,
      identity, device, listen->precision, listen->window, listen->interval,
      listen->trigger, listen->channels, track,
      listen->silence ? listen->silence : "default", classes);
}

/* Every so many files are of this shard, by their place in the sorted list. */
static GPtrArray *
choose_shard (const Options * options, const Inputs * inputs)
{
  GPtrArray *todo = g_ptr_array_new ();

  for (guint i = options->shard; i < inputs->all->len; i += options->n_shards)
    g_ptr_array_add (todo, inputs->all->pdata[i]);
  return todo;
}

static GPtrArray *
preview (const WorkPlan * plan, const GPtrArray * todo)
{
  GPtrArray *outcomes =
      g_ptr_array_new_with_free_func ((GDestroyNotify) outcome_free);

  for (guint i = 0; i < todo->len; i++)
    g_ptr_array_add (outcomes, work_preview (plan, todo->pdata[i]));
  return outcomes;
}

static int
conclude (const Options * options, const GPtrArray * outcomes, gint64 begin)
{
  double seconds = (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;

  if (options->json)
    summary_print_json (outcomes, seconds);
  else if (!options->quiet)
    summary_print_table (outcomes, seconds);
  return summary_count (outcomes, OUTCOME_FAILED) > 0
      || summary_count (outcomes, OUTCOME_LEFT) > 0 ? TOOL_FAILED : TOOL_OK;
}

static int
conclude_labelling (const Options * options, const LabellingResult * result)
{
  if (!options->quiet)
    g_print ("%" G_GUINT64_FORMAT " utterances: %" G_GUINT64_FORMAT
        " labelled%s, %" G_GUINT64_FORMAT " could not be heard. %.0f s of "
        "audio in %.1f s.\n%s%s%s\n", result->n_items,
        result->n_items - result->n_failed,
        result->n_before > 0 ? " (some of them before)" : "", result->n_failed,
        result->audio, result->seconds,
        result->list, result->rows ? "\n" : "",
        result->rows ? result->rows : "");
  return result->n_failed > 0 ? TOOL_FAILED : TOOL_OK;
}

/* The utterances of a list. */
static int
label (const Options * options, const WorkPlan * work)
{
  const LabellingPlan plan = {.manifest = options->manifest,
    .output_dir = options->output_dir,.listen = &work->listen,
    .model_name = work->model_name,.settings = work->settings,
    .embeddings = options->embeddings,.kind = options->rows_kind,
    .shard = options->shard,.n_shards = options->n_shards,
    .n_jobs = options->n_jobs,.resume = options->resume,
    .force = options->force,.quiet = options->quiet
  };
  g_auto (LabellingResult) result = { 0 };
  g_autoptr (GError) error = NULL;

  if (!labelling_run (&plan, &result, &error)) {
    tool_error ("%s: %s", options->manifest, error->message);
    return TOOL_FAILED;
  }
  if (result.done)
    return conclude_labelling (options, &result);
  tool_error ("interrupted; the same command goes on from here");
  return TOOL_FAILED;
}

/* With @engine held, all elements join it, and between two files it is not closed. */
static int
run_with_engine (Options * options, WorkPlan * plan, const GPtrArray * todo,
    GstEmotion2vecEngine * engine)
{
  const char *warning = gst_emotion2vec_engine_warning (engine);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstEmotion2vecClasses) classes = NULL;
  g_autoptr (GPtrArray) outcomes = NULL;
  gint64 begin = g_get_monotonic_time ();

  classes = gst_emotion2vec_classes_new (gst_emotion2vec_engine_names (engine),
      options->listen.classes, &error);
  if (!classes)
    return tool_usage_error ("--classes: %s", error->message);
  if (warning)
    tool_warning ("%s", warning);
  options->listen.warning = g_strdup (warning);
  plan->listen = options->listen;
  plan->model_name = gst_emotion2vec_engine_model_name (engine);
  plan->device_name = gst_emotion2vec_engine_device (engine);
  if (options->manifest)
    return label (options, plan);
  outcomes = jobs_run (plan, todo, options->n_jobs, options->quiet);
  return conclude (options, outcomes, begin);
}

static GstEmotion2vecPrecision
precision_of (const char *name)
{
  if (g_str_equal (name, "fp32"))
    return GST_EMOTION2VEC_PRECISION_FP32;
  return g_str_equal (name, "fp16") ? GST_EMOTION2VEC_PRECISION_FP16
      : GST_EMOTION2VEC_PRECISION_AUTO;
}

static int
open_and_run (Options * options, WorkPlan * plan, const GPtrArray * todo)
{
  const ListenSettings *listen = &options->listen;
  g_autoptr (GError) error = NULL;
  GstEmotion2vecEngine *engine =
      gst_emotion2vec_engine_open (listen->model, listen->device,
      precision_of (listen->precision), &error);
  int status;

  if (!engine) {
    tool_error ("%s", error->message);
    return TOOL_FAILED;
  }
  status = run_with_engine (options, plan, todo, engine);
  gst_emotion2vec_engine_unref (engine);
  return status;
}

static gboolean
find_model (Options * options, char **identity)
{
  g_autoptr (GError) error = NULL;
  char *path = gst_emotion2vec_find_model (options->listen.model, &error);

  if (!path) {
    tool_error ("%s", error->message);
    if (!options->listen.model)
      tool_error ("or name one with --model FILE");
    return FALSE;
  }
  g_free (options->listen.model);
  options->listen.model = path;
  *identity = model_identity (path);
  if (*identity)
    return TRUE;
  tool_error ("%s: the model cannot be read", path);
  return FALSE;
}

static int
annotate (Options * options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Inputs) inputs = NULL;
  g_autoptr (GPtrArray) todo = NULL, outcomes = NULL;
  g_autofree char *identity = NULL, *settings = NULL;
  const char *const nothing[] = { NULL };
  WorkPlan plan = {.version = PACKAGE_VERSION,.formats = options->formats,
    .copying = options->copying,.all_tracks = options->all_tracks,.track =
        options->track,
    .resume = options->resume,.force = options->force
  };

  options->listen.embedding = options->embeddings;
  inputs = inputs_new (options->manifest ? nothing :
      (const char *const *) options->paths, options->recursive,
      options->output_dir, &error);
  if (!inputs)
    return tool_usage_error ("%s", error->message);
  for (guint i = 0; !options->quiet && i < inputs->skipped->len; i++)
    g_printerr ("%s\n", (const char *) inputs->skipped->pdata[i]);
  if (!find_model (options, &identity))
    return TOOL_FAILED;
  todo = choose_shard (options, inputs);
  settings = describe_settings (options, identity);
  plan.inputs = inputs;
  plan.settings = settings;
  if (!options->dry_run)
    return open_and_run (options, &plan, todo);
  outcomes = preview (&plan, todo);
  return conclude (options, outcomes, g_get_monotonic_time ());
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;

  tool_init ("emotion2vec-annotate");
  if (!options_parse (&options, &argc, &argv))
    return TOOL_USAGE;
  if (options.version) {
    g_print ("emotion2vec-annotate %s\n", PACKAGE_VERSION);
    return TOOL_OK;
  }
  if (!gst_init_check (NULL, NULL, &error)) {
    tool_error ("GStreamer cannot be started: %s", error->message);
    return TOOL_FAILED;
  }
  return annotate (&options);
}
