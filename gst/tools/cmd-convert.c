/* cmd-convert.c - "convert": a public checkpoint becomes a model file.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "commands.h"
#include "e2verror.h"
#include "e2vmodel.h"
#include "e2vselftest.h"
#include "files/e2vconvert.h"
#include "files/e2vmodelfile.h"
#include "toolutil.h"

#define SUMMARY \
    "Makes a model file (GGUF) from an emotion2vec checkpoint: a torch " \
    "checkpoint (.pt), a\nsafetensors file, or the folder that holds one " \
    "with config.yaml and tokens.txt.\nNothing in the checkpoint is executed."

#define EXAMPLES \
    "Without -o the file goes to the current folder: NAME.pt gives NAME.gguf, " \
    "a folder gives\nFOLDER.gguf.\n\n" \
    "Settings (--set) override what the checkpoint tells: num_heads=12, " \
    "norm_eps=1e-5,\nnormalize=true, conv_strides=5,2,2,2,2,2,2, " \
    "calibration_temperature=1.5.\n\n" \
    "Examples:\n" \
    "  emotion2vec-model convert emotion2vec_plus_base/\n" \
    "  emotion2vec-model convert model.pt --labels tokens.txt -o base.gguf " \
    "--precision fp16"

/* The output's name without -o: beside nothing, in the current folder. */
static char *
default_output (const char *checkpoint)
{
  g_autofree char *full = g_canonicalize_filename (checkpoint, NULL);
  g_autofree char *base = g_path_get_basename (full);
  char *dot = strrchr (base, '.');

  if (dot && dot != base && !g_file_test (full, G_FILE_TEST_IS_DIR))
    *dot = '\0';
  return g_strconcat (base, ".gguf", NULL);
}

static gboolean
parse_half (const char *precision, gboolean * half)
{
  *half = g_strcmp0 (precision, "fp16") == 0;
  if (*half || !precision || strcmp (precision, "fp32") == 0)
    return TRUE;
  tool_usage_error ("a model file is fp32 or fp16, not '%s'", precision);
  return FALSE;
}

static void
print_done (E2vModel * model, const char *output)
{
  const E2vHparams *hparams = e2v_model_hparams (model);
  g_autofree char *count = tool_format_count (e2v_model_n_parameters (model));
  g_autofree char *size = NULL;
  GStatBuf info;

  size = tool_format_bytes (g_stat (output, &info) == 0
      ? (guint64) info.st_size : 0);
  g_print ("%s: %s, %s parameters, %u dimensions, %u blocks, ", output, size,
      count, hparams->embed_dim, e2v_hparams_n_blocks (hparams));
  if (hparams->n_classes > 0)
    g_print ("%u classes\n", hparams->n_classes);
  else
    g_print ("no head (features only)\n");
}

static gboolean
write_model (const char *checkpoint, const E2vConvertOptions * options,
    const char *output, GError ** error)
{
  g_autoptr (E2vModel) model = e2v_convert (checkpoint, options, error);

  if (!model)
    return FALSE;
  tool_progress ("running the self-test", 0, NULL);
  if (!e2v_selftest_make (model, error))
    return FALSE;
  if (tool_interrupted ()) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_IO,
        "interrupted, nothing was written");
    return FALSE;
  }
  tool_progress ("writing", 0, NULL);
  return e2v_model_save (model, output, error);
}

static gboolean
convert (const char *checkpoint, const E2vConvertOptions * options,
    const char *output, GError ** error)
{
  g_autoptr (E2vModel) saved = NULL;

  if (!write_model (checkpoint, options, output, error))
    return FALSE;
  tool_progress ("reading it back", 0, NULL);
  saved = e2v_model_load (output, error);
  if (!saved)
    return FALSE;
  tool_progress_end ();
  print_done (saved, output);
  return TRUE;
}

int
cmd_convert (int argc, char **argv)
{
  g_autofree char *output = NULL;
  g_autofree char *precision = NULL;
  g_autofree char *labels = NULL;
  g_autofree char *licence = NULL;
  g_auto (GStrv) settings = NULL;
  g_autoptr (GError) error = NULL;
  E2vConvertOptions options = { 0 };
  const GOptionEntry entries[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
        "Write to this file", "OUT.gguf"},
    {"precision", 0, 0, G_OPTION_ARG_STRING, &precision,
        "Precision of the weights (default fp32)", "fp32|fp16"},
    {"labels", 0, 0, G_OPTION_ARG_FILENAME, &labels,
          "Class names, one a line (default: tokens.txt beside the checkpoint)",
        "FILE"},
    {"licence", 0, 0, G_OPTION_ARG_FILENAME, &licence,
        "Licence text to keep in the model file", "FILE"},
    {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings,
        "Override a hyper-parameter; may be repeated", "KEY=VALUE"},
    {NULL}
  };

  if (!tool_parse ("convert", "CHECKPOINT|FOLDER", SUMMARY, EXAMPLES, entries,
          &argc, &argv))
    return TOOL_USAGE;
  if (argc != 2)
    return tool_usage_error (argc < 2 ? "the checkpoint is missing"
        : "one checkpoint at a time");
  if (!parse_half (precision, &options.half))
    return TOOL_USAGE;
  if (!output)
    output = default_output (argv[1]);
  if (tool_is_same_file (argv[1], output))
    return tool_usage_error ("'%s' is the checkpoint itself: "
        "name another output with -o", output);

  options.labels_file = labels;
  options.licence_file = licence;
  options.settings = (const char *const *) settings;
  options.progress = tool_progress;
  if (!convert (argv[1], &options, output, &error)) {
    tool_file_error (argv[1], error);
    return TOOL_FAILED;
  }
  return TOOL_OK;
}
