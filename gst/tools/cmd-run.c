/* cmd-run.c - "run": what a model hears in audio files.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <gst/gst.h>
#include <string.h>

#include "audiofile.h"
#include "commands.h"
#include "e2vencoder.h"
#include "e2vhead.h"
#include "e2vscores.h"
#include "files/e2vheadfile.h"
#include "files/e2vmodelfile.h"
#include "runoutput.h"
#include "toolutil.h"
#include "tracefile.h"

#define SUMMARY \
    "Tells the emotion of each audio file, taken as one utterance of at most " \
    "30 seconds.\nAUDIO is a file or URI of any kind that GStreamer can " \
    "decode, or - for standard input."

#define EXAMPLES \
    "Examples:\n" \
    "  emotion2vec-model run base.gguf speech.wav\n" \
    "  emotion2vec-model run base.gguf *.opus --json\n" \
    "  emotion2vec-model run base.gguf speech.wav --device ref " \
    "--precision fp64 --trace stages/\n" \
    "  emotion2vec-model run base.gguf call.opus --head calls.gguf\n\n" \
    "Longer recordings are for emotion2vec-annotate and for the element " \
    "emotion2vec."

typedef struct
{
  RunOutput output;
  E2vEncoder *encoder;
  E2vHead *head;                /* in place of the model's own; NULL: none */
  const char *trace_folder;     /* NULL: no trace */
  GHashTable *trace_names;      /* names of trace files that were taken in this run */
} Run;

static E2vWant
wanted (const Run * run)
{
  if (!run->output.frame_scores)
    return 0;
  return run->head ? E2V_WANT_FRAMES : E2V_WANT_FRAME_SCORES;
}

/* The scores of @result become those of the head. */
static void
use_head (const E2vHead * head, E2vResult * result)
{
  const guint n = e2v_head_spec (head)->n_classes;
  g_autofree double *scores = g_new (double, n);

  e2v_head_scores (head, result->utterance, scores);
  result->n_classes = n;
  g_clear_pointer (&result->logits, g_free);
  g_free (result->scores);
  result->scores = g_new (float, n);
  for (guint c = 0; c < n; c++)
    result->scores[c] = (float) scores[c];
  if (!result->frames)
    return;
  result->frame_scores = g_new (float, (gsize) result->n_frames * n);
  e2v_head_frame_scores (head, result->frames, result->n_frames,
      result->frame_scores);
}

/* FOLDER/NAME.safetensors, where NAME is the audio file's without its extension; the second file of a name gets a
 * number, so that no trace overwrites another of the same run. */
static char *
trace_path (Run * run, const char *audio_name)
{
  g_autofree char *base = strcmp (audio_name, "-") == 0 ? g_strdup ("stdin")
      : g_path_get_basename (audio_name);
  char *dot = strrchr (base, '.');
  g_autofree char *name = NULL;
  g_autofree char *file = NULL;

  if (dot && dot != base)
    *dot = '\0';
  name = g_strdup (base);
  for (guint i = 2; g_hash_table_contains (run->trace_names, name); i++) {
    g_free (name);
    name = g_strdup_printf ("%s-%u", base, i);
  }
  g_hash_table_add (run->trace_names, g_strdup (name));
  file = g_strconcat (name, ".safetensors", NULL);
  return g_build_filename (run->trace_folder, file, NULL);
}

/* One warning for a file on whose way the device failed, but not for good. */
static gboolean
run_window (Run * run, const char *name, const E2vWindow * window,
    E2vResult ** result, GError ** error)
{
  const guint64 before = e2v_encoder_n_rebuilds (run->encoder);

  if (!e2v_encoder_run (run->encoder, window, 1, wanted (run), result, error))
    return FALSE;
  if (e2v_encoder_n_rebuilds (run->encoder) != before)
    tool_warning ("%s: %s; the device was opened again for this result", name,
        e2v_encoder_rebuild_reason (run->encoder));
  else if ((*result)->rerun)
    tool_warning ("%s: half precision gave a value that is not finite; this "
        "result is of fp32", name);
  return TRUE;
}

static gboolean
run_file (Run * run, const char *name, GError ** error)
{
  g_auto (AudioFile) audio = { 0 };
  g_autoptr (E2vResult) result = NULL;
  E2vWindow window;

  if (!audio_file_read (&audio, name, error))
    return FALSE;
  window.samples = audio.samples;
  window.n_samples = audio.n_samples;
  if (!run_window (run, name, &window, &result, error))
    return FALSE;
  if (run->head)
    use_head (run->head, result);
  if (run->trace_folder) {
    g_autofree char *path = trace_path (run, name);

    if (!trace_file_write (run->encoder, &window, path, error))
      return FALSE;
  }
  run_output_print (&run->output, name, audio.n_samples, result);
  return TRUE;
}

static int
run_files (Run * run, char **names)
{
  int status = TOOL_OK;

  for (guint i = 0; names[i]; i++) {
    g_autoptr (GError) error = NULL;

    if (tool_interrupted ()) {
      tool_error ("interrupted before %s", names[i]);
      return TOOL_FAILED;
    }
    if (!run_file (run, names[i], &error)) {
      tool_file_error (names[i], error);
      status = TOOL_FAILED;
    }
  }
  return status;
}

static gboolean
parse_granularity (const char *name, gboolean * frame)
{
  *frame = g_strcmp0 (name, "frame") == 0;
  if (*frame || !name || strcmp (name, "utterance") == 0)
    return TRUE;
  tool_usage_error ("granularity is utterance or frame, not '%s'", name);
  return FALSE;
}

static gboolean
open_trace_folder (const char *folder)
{
  if (!folder || g_mkdir_with_parents (folder, 0777) == 0)
    return TRUE;
  tool_error ("cannot make the folder %s: %s", folder, g_strerror (errno));
  return FALSE;
}

/* Names of the classes that results have, those not in use NULL, and where they end a NULL. @names: of all. */
static const char **
names_in_use (E2vModel * model, const E2vHead * head, char **names)
{
  guint n = g_strv_length (names);
  const char **used = g_new0 (const char *, n + 1);

  for (guint c = 0; c < n; c++)
    if (head || e2v_label_in_use (model, c))
      used[c] = names[c];
  return used;
}

/* FALSE after printing what is wrong. */
static gboolean
open_files (Run * run, const char *model_file, const char *head_file)
{
  g_autoptr (GError) error = NULL;
  E2vModel *model = run->output.model = e2v_model_load (model_file, &error);

  if (!model) {
    tool_file_error (model_file, error);
    return FALSE;
  }
  if (head_file) {
    run->head = e2v_head_load (head_file, &error);
    if (!run->head || !e2v_head_check_model (run->head, model, &error)) {
      tool_file_error (head_file, error);
      return FALSE;
    }
  } else if (run->output.frame_scores
      && e2v_model_hparams (model)->n_classes == 0) {
    tool_error ("%s has no head: it gives no scores, so --granularity frame "
        "cannot be; --head adds one", model_file);
    return FALSE;
  }
  return TRUE;
}

static int
run_model (Run * run, const char *device, E2vPrecision precision, char **files)
{
  E2vModel *model = run->output.model;
  g_autoptr (E2vEncoder) encoder = NULL;
  g_autoptr (GHashTable) trace_names = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *warning = NULL;
  g_autofree const char **used = NULL;
  g_auto (GStrv) names = run->head ?
      g_strdupv ((char **) e2v_head_names (run->head))
      : e2v_label_names (model);

  encoder = e2v_encoder_new (model, device, precision, &warning, &error);
  if (warning)
    tool_warning ("%s", warning);
  if (!encoder) {
    tool_error ("%s", error->message);
    return TOOL_FAILED;
  }
  trace_names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  used = names_in_use (model, run->head, names);
  run->trace_names = trace_names;
  run->encoder = encoder;
  run->output.names = used;
  return run_files (run, files);
}

int
cmd_run (int argc, char **argv)
{
  g_autofree char *device = NULL;
  g_autofree char *precision_name = NULL;
  g_autofree char *granularity = NULL;
  g_autofree char *trace_folder = NULL;
  g_autofree char *head_file = NULL;
  g_autoptr (GError) error = NULL;
  E2vPrecision precision;
  Run run = { 0 };
  int status = TOOL_FAILED;
  const GOptionEntry entries[] = {
    TOOL_DEVICE_OPTION (&device),
    TOOL_PRECISION_OPTION (&precision_name),
    {"granularity", 0, 0, G_OPTION_ARG_STRING, &granularity,
        "Scores for the file, or for each frame too", "utterance|frame"},
    {"head", 0, 0, G_OPTION_ARG_FILENAME, &head_file,
        "Scores by this head, made by 'probe train'", "HEAD.gguf"},
    {"embedding", 0, 0, G_OPTION_ARG_NONE, &run.output.embedding,
        "Give the utterance embedding", NULL},
    {"json", 0, 0, G_OPTION_ARG_NONE, &run.output.as_json,
        "Print one JSON object a file and line", NULL},
    {"trace", 0, 0, G_OPTION_ARG_FILENAME, &trace_folder,
        "Write every stage to FOLDER/NAME.safetensors", "FOLDER"},
    {NULL}
  };

  if (!tool_parse ("run", "MODEL AUDIO…", SUMMARY, EXAMPLES, entries, &argc,
          &argv))
    return TOOL_USAGE;
  if (argc < 3)
    return tool_usage_error (argc < 2 ? "the model file is missing"
        : "the audio is missing");
  if (!tool_parse_precision (precision_name, device, &precision)
      || !parse_granularity (granularity, &run.output.frame_scores))
    return TOOL_USAGE;
  if (!gst_init_check (NULL, NULL, &error)) {
    tool_error ("GStreamer does not start: %s", error->message);
    return TOOL_FAILED;
  }
  run.trace_folder = trace_folder;
  if (open_trace_folder (run.trace_folder)
      && open_files (&run, argv[1], head_file))
    status = run_model (&run, device ? device : "auto", precision, argv + 2);
  e2v_head_unref (run.head);
  e2v_model_unref (run.output.model);
  return status;
}
