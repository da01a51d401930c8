/* emotion2vec-annotate.c - writes down which emotions are heard where in media files: puts the parts together.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gst/gst.h>
#include <unistd.h>

#include "gstemotion2vecclasses.h"
#include "gstemotion2vecengine.h"
#include "gstemotion2vechead.h"
#include "gstemotion2vecmodelsearch.h"
#include "inputs.h"
#include "jobs.h"
#include "labelling.h"
#include "options.h"
#include "summary.h"
#include "toolutil.h"

/* Files of models and heads begin with their metadata, among which are checksums of all that follows. */
#define METADATA_SIZE (1024 * 1024)

/* Names the content of the file at @path, which is a @thing; NULL after printing an error. (transfer full) (nullable) */
static char *
identify (const char *path, const char *thing)
{
  g_autofree guint8 *data = g_malloc (METADATA_SIZE);
  int file = open (path, O_RDONLY | O_CLOEXEC);
  gssize n = file < 0 ? -1 : read (file, data, METADATA_SIZE);

  if (n < 0)
    tool_error ("%s: the %s cannot be read: %s", path, thing,
        g_strerror (errno));
  if (file >= 0)
    close (file);
  if (n < 0)
    return NULL;
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, (gsize) n);
}

/* The content of the files that results come from. */
typedef struct
{
  char *model, *head;           /* checksums; no head: NULL */
} Identities;

static void
identities_clear (Identities * identities)
{
  g_free (identities->model);
  g_free (identities->head);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Identities, identities_clear);

/* All that the content of outputs depends on. A head is named last and only where there is one. (transfer full) */
static char *
describe_settings (const Options * options, const Identities * identities)
{
  const ListenSettings *listen = &options->listen;
  g_autofree char *classes =
      g_strescape (listen->classes ? listen->classes : "", NULL);
  g_autofree char *device = g_strescape (listen->device, NULL);
  g_autofree char *track = options->all_tracks ? g_strdup ("all")
      : g_strdup_printf ("%u", options->track + 1);

  return g_strdup_printf ("version=%s model=%s device=\"%s\" precision=%s "
      "window=%" G_GUINT64_FORMAT " interval=%" G_GUINT64_FORMAT " trigger=%s "
      "channels=%s track=%s silence=%s classes=\"%s\"%s%s", PACKAGE_VERSION,
      identities->model, device, listen->precision, listen->window,
      listen->interval, listen->trigger, listen->channels, track,
      listen->silence ? listen->silence : "default", classes,
      identities->head ? " head=" : "",
      identities->head ? identities->head : "");
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
    .model_name = work->model_name,.head_name = work->head_name,
    .settings = work->settings,
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

/* What outputs call it: its own name, or that of its file. (transfer full) (nullable) */
static char *
name_head (const char *path, const GstEmotion2vecHead * head)
{
  const char *name = head ? gst_emotion2vec_head_name (head) : NULL;
  g_autofree char *leaf = NULL;

  if (!head || name)
    return g_strdup (name);
  leaf = g_path_get_basename (path);
  return g_filename_display_name (leaf);
}

/* With @engine held, all elements join it, and between two files it is not closed. @head: (nullable) */
static int
run_with_engine (Options * options, WorkPlan * plan, const GPtrArray * todo,
    GstEmotion2vecEngine * engine, GstEmotion2vecHead * head)
{
  const char *warning = gst_emotion2vec_engine_warning (engine);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstEmotion2vecClasses) classes = NULL;
  g_autoptr (GPtrArray) outcomes = NULL;
  g_autofree char *head_name = name_head (options->listen.head, head);
  gint64 begin = g_get_monotonic_time ();

  classes = gst_emotion2vec_classes_new (gst_emotion2vec_head_names (head,
          engine), options->listen.classes, &error);
  if (!classes)
    return tool_usage_error ("--classes: %s", error->message);
  if (warning)
    tool_warning ("%s", warning);
  options->listen.warning = g_strdup (warning);
  plan->listen = options->listen;
  plan->model_name = gst_emotion2vec_engine_model_name (engine);
  plan->head_name = head_name;
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

/* Every element opens the head anew; here it shows that they can, and tells its classes and name. */
static int
open_head_and_run (Options * options, WorkPlan * plan, const GPtrArray * todo,
    GstEmotion2vecEngine * engine)
{
  const char *path = options->listen.head;
  g_autoptr (GError) error = NULL;
  GstEmotion2vecHead *head;
  int status;

  if (!path)
    return run_with_engine (options, plan, todo, engine, NULL);
  head = gst_emotion2vec_head_load (path, engine, &error);
  if (!head) {
    tool_file_error (path, error);
    return TOOL_FAILED;
  }
  status = run_with_engine (options, plan, todo, engine, head);
  gst_emotion2vec_head_unref (head);
  return status;
}

static int
open_and_run (Options * options, WorkPlan * plan, const GPtrArray * todo)
{
  const ListenSettings *listen = &options->listen;
  g_autoptr (GError) error = NULL;
  GstEmotion2vecEngine *engine =
      gst_emotion2vec_engine_open_by_options (listen->model, listen->device,
      precision_of (listen->precision), &error);
  int status;

  if (!engine) {
    tool_error ("%s", error->message);
    return TOOL_FAILED;
  }
  status = open_head_and_run (options, plan, todo, engine);
  gst_emotion2vec_engine_unref (engine);
  return status;
}

/* The model and the head; FALSE after printing what is wrong. */
static gboolean
find_files (Options * options, Identities * identities)
{
  ListenSettings *listen = &options->listen;
  g_autoptr (GError) error = NULL;
  char *path = gst_emotion2vec_find_model_of ("--model", listen->model,
      &error);

  if (!path) {
    tool_error ("%s", error->message);
    return FALSE;
  }
  g_free (listen->model);
  listen->model = path;
  identities->model = identify (path, "model");
  if (listen->head)
    identities->head = identify (listen->head, "head");
  return identities->model && (identities->head || !listen->head);
}

static int
annotate (Options * options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Inputs) inputs = NULL;
  g_autoptr (GPtrArray) todo = NULL, outcomes = NULL;
  g_auto (Identities) identities = { NULL, NULL };
  g_autofree char *settings = NULL;
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
  if (!find_files (options, &identities))
    return TOOL_FAILED;
  todo = choose_shard (options, inputs);
  settings = describe_settings (options, &identities);
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
  gst_emotion2vec_engine_use_all_threads ();
  return annotate (&options);
}
