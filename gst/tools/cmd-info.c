/* cmd-info.c - "info": what is in the file of a model or a head, for people or as JSON.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <glib/gstdio.h>

#include "commands.h"
#include "e2verror.h"
#include "e2vhead.h"
#include "e2vmodel.h"
#include "e2vscores.h"
#include "files/e2vheadfile.h"
#include "files/e2vmodelfile.h"
#include "jsonwriter.h"
#include "toolutil.h"

#define SUMMARY \
    "Shows what is in a file of a model or of a head. Every checksum is " \
    "verified on the way:\na file that is damaged or was changed is refused " \
    "with the fault's name."

#define EXAMPLES \
    "Examples:\n" \
    "  emotion2vec-model info base.gguf\n" \
    "  emotion2vec-model info base.gguf --json | jq .labels"

/* Bytes of the tensors by element type. */
typedef struct
{
  guint n[E2V_N_DTYPES];
  guint64 bytes[E2V_N_DTYPES];
} Storage;

static Storage
count_storage (E2vModel * model)
{
  Storage storage = { 0 };

  for (guint i = 0; i < e2v_layout_size (e2v_model_layout (model)); i++) {
    const E2vTensor *tensor = e2v_model_tensor (model, i);
    storage.n[tensor->dtype]++;
    storage.bytes[tensor->dtype] += tensor->size;
  }
  return storage;
}

/* Matrices decide: a file with half-precision matrices is an fp16 file. */
static const char *
storage_precision (const Storage * storage)
{
  if (storage->n[E2V_DTYPE_F16] > 0)
    return "fp16";
  return storage->n[E2V_DTYPE_BF16] > 0 ? "bf16" : "fp32";
}

static char *
conv_to_string (const E2vHparams * hparams)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < hparams->n_conv; i++)
    g_string_append_printf (text, "%s%u×%u/%u", i > 0 ? ", " : "",
        hparams->conv[i].channels, hparams->conv[i].kernel,
        hparams->conv[i].stride);
  return g_string_free (text, FALSE);
}

static char *
alibi_to_string (const E2vHparams * hparams)
{
  if (hparams->alibi_layers == 0)
    return g_strdup ("none");
  return g_strdup_printf ("learned scale %s, %s",
      hparams->alibi_heads > 1 ? "for each head" : "shared by all heads",
      hparams->alibi_layers > 1 ? "for each block" : "shared by all blocks");
}

static void
add_row (ToolTable * table, const char *key, char *value)
{
  tool_table_add (table, g_strdup (key), value);
}

static void
print_source (E2vModel * model, const char *path, guint64 file_bytes)
{
  const E2vModelInfo *info = e2v_model_info (model);
  const E2vSelftest *selftest = e2v_model_selftest (model);
  g_autoptr (ToolTable) table = tool_table_new ("ll", NULL);
  g_autofree char *bytes = tool_format_bytes (file_bytes);
  g_autofree char *count = tool_format_count (e2v_model_n_parameters (model));
  Storage storage = count_storage (model);
  GString *kinds = g_string_new (NULL);

  for (guint i = 0; i < E2V_N_DTYPES; i++) {
    if (storage.n[i] > 0)
      g_string_append_printf (kinds, "%s%u in %s", kinds->len ? ", " : "",
          storage.n[i], e2v_dtype_name ((E2vDtype) i));
  }
  g_print ("%s%s%s\n", tool_bold (), info->name ? info->name : path,
      tool_reset ());
  add_row (table, "file", g_strdup_printf ("%s, %s", path, bytes));
  add_row (table, "licence", g_strdup (info->licence ? info->licence
          : "not stated"));
  if (info->licence_text)
    add_row (table, "licence text",
        g_strdup ("in the file (--json prints it)"));
  if (info->source)
    add_row (table, "converted from", g_strdup (info->source));
  if (info->source_sha256)
    add_row (table, "its SHA-256", g_strdup (info->source_sha256));
  add_row (table, "parameters", g_strdup (count));
  add_row (table, "precision", g_strdup_printf ("%s (tensors: %s)",
          storage_precision (&storage), kinds->str));
  add_row (table, "checksums", g_strdup ("all verified"));
  add_row (table, "self-test", selftest ?
      g_strdup_printf ("present, %u samples", selftest->n_samples)
      : g_strdup ("none"));
  tool_table_print (table, 2);
  g_string_free (kinds, TRUE);
}

static void
print_shape (E2vModel * model)
{
  const E2vHparams *h = e2v_model_hparams (model);
  g_autoptr (ToolTable) table = tool_table_new ("ll", NULL);
  double hop_ms = 1000. * e2v_hparams_hop (h) / E2V_SAMPLE_RATE;

  g_print ("\n%sShape%s\n", tool_bold (), tool_reset ());
  add_row (table, "dimensions", g_strdup_printf ("%u", h->embed_dim));
  add_row (table, "blocks", g_strdup_printf ("%u (%u prenet + %u main)",
          e2v_hparams_n_blocks (h), h->n_prenet, h->n_main));
  add_row (table, "heads", g_strdup_printf ("%u of %u", h->n_heads,
          h->embed_dim / h->n_heads));
  add_row (table, "MLP", g_strdup_printf ("%u", h->mlp_dim));
  add_row (table, "convolutions", conv_to_string (h));
  add_row (table, "positional", g_strdup_printf ("%u layers, kernel %u, "
          "%u groups", h->pos_depth, h->pos_kernel, h->pos_groups));
  add_row (table, "extra tokens", g_strdup_printf ("%u", h->n_extra));
  add_row (table, "ALiBi", alibi_to_string (h));
  add_row (table, "norm epsilon", g_strdup_printf ("%g", h->norm_eps));
  add_row (table, "waveform", g_strdup (h->normalize ? "normalised"
          : "as it is"));
  add_row (table, "frames", g_strdup_printf ("one every %g ms, "
          "shortest window %u samples", hop_ms,
          e2v_hparams_n_samples_for (h, 1)));
  tool_table_print (table, 2);
}

static void
print_labels (E2vModel * model)
{
  const E2vHparams *h = e2v_model_hparams (model);
  const char *const *labels = e2v_model_labels (model);
  const E2vModelInfo *info = e2v_model_info (model);
  g_autoptr (ToolTable) table = tool_table_new ("rll", NULL);
  g_auto (GStrv) names = NULL;

  if (h->n_classes == 0) {
    g_print ("\nNo head: the model gives features, not emotions.\n");
    return;
  }
  g_print ("\n%sLabels%s", tool_bold (), tool_reset ());
  if (info->temperature < 1 || info->temperature > 1)
    g_print (" (temperature %g)", info->temperature);
  g_print ("\n");
  names = e2v_label_names (model);
  for (guint i = 0; i < h->n_classes; i++)
    tool_table_add (table, g_strdup_printf ("%u", i), g_strdup (names[i]),
        g_strdup (e2v_label_in_use (model, i) ? labels[i] : "not used"));
  tool_table_print (table, 2);
}

static void
write_shape (JsonWriter * json, const E2vHparams * h)
{
  json_writer_begin (json, "shape", '{');
  json_writer_integer (json, "embed_dim", h->embed_dim);
  json_writer_integer (json, "prenet_depth", h->n_prenet);
  json_writer_integer (json, "depth", h->n_main);
  json_writer_integer (json, "num_heads", h->n_heads);
  json_writer_integer (json, "mlp_dim", h->mlp_dim);
  json_writer_begin (json, "conv_layers", '[');
  for (guint i = 0; i < h->n_conv; i++) {
    json_writer_begin (json, NULL, '[');
    json_writer_integer (json, NULL, h->conv[i].channels);
    json_writer_integer (json, NULL, h->conv[i].kernel);
    json_writer_integer (json, NULL, h->conv[i].stride);
    json_writer_end (json, ']');
  }
  json_writer_end (json, ']');
  json_writer_integer (json, "pos_depth", h->pos_depth);
  json_writer_integer (json, "pos_kernel", h->pos_kernel);
  json_writer_integer (json, "pos_groups", h->pos_groups);
  json_writer_integer (json, "num_extra_tokens", h->n_extra);
  json_writer_integer (json, "alibi_layers", h->alibi_layers);
  json_writer_integer (json, "alibi_heads", h->alibi_heads);
  json_writer_double (json, "norm_eps", h->norm_eps);
  json_writer_boolean (json, "normalize", h->normalize);
  json_writer_integer (json, "hop", e2v_hparams_hop (h));
  json_writer_integer (json, "minimum_samples",
      e2v_hparams_n_samples_for (h, 1));
  json_writer_end (json, '}');
}

static void
write_strings (JsonWriter * json, const char *key, const char *const *strings)
{
  json_writer_begin (json, key, '[');
  for (guint i = 0; strings && strings[i]; i++)
    json_writer_string (json, NULL, strings[i]);
  json_writer_end (json, ']');
}

static void
print_json (E2vModel * model, const char *path, guint64 file_bytes)
{
  const E2vModelInfo *info = e2v_model_info (model);
  const E2vSelftest *selftest = e2v_model_selftest (model);
  Storage storage = count_storage (model);
  g_auto (GStrv) names = e2v_label_names (model);
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_string (&json, "file", path);
  json_writer_integer (&json, "bytes", file_bytes);
  json_writer_string (&json, "name", info->name);
  json_writer_string (&json, "licence", info->licence);
  json_writer_string (&json, "licence_text", info->licence_text);
  json_writer_string (&json, "source", info->source);
  json_writer_string (&json, "source_sha256", info->source_sha256);
  json_writer_integer (&json, "parameters", e2v_model_n_parameters (model));
  json_writer_integer (&json, "tensors",
      e2v_layout_size (e2v_model_layout (model)));
  json_writer_string (&json, "precision", storage_precision (&storage));
  write_shape (&json, e2v_model_hparams (model));
  write_strings (&json, "labels", e2v_model_labels (model));
  write_strings (&json, "names", (const char *const *) names);
  json_writer_double (&json, "temperature", info->temperature);
  json_writer_string (&json, "checksums", "verified");
  json_writer_integer (&json, "selftest_samples",
      selftest ? selftest->n_samples : 0);
  json_writer_end (&json, '}');
  json_writer_print (&json);
}

/* ---- heads ------------------------------------------------------------------------------------------------------ */

static void
print_head (const E2vHead * head, const char *path, guint64 file_bytes)
{
  const E2vHeadSpec *spec = e2v_head_spec (head);
  const E2vHeadOrigin *origin = &spec->origin;
  const char *const *names = e2v_head_names (head);
  g_autoptr (ToolTable) table = tool_table_new ("ll", NULL);
  g_autoptr (ToolTable) labels = tool_table_new ("rll", NULL);
  g_autofree char *bytes = tool_format_bytes (file_bytes);

  g_print ("%s%s%s, a head\n", tool_bold (), spec->name ? spec->name : path,
      tool_reset ());
  add_row (table, "file", g_strdup_printf ("%s, %s", path, bytes));
  add_row (table, "licence", g_strdup (spec->licence ? spec->licence
          : "not stated"));
  add_row (table, "for the model", g_strdup (origin->name ? origin->name
          : "without a name"));
  add_row (table, "its checksum", g_strdup (origin->content_id ?
          origin->content_id : "none"));
  add_row (table, "its self-test", origin->utterance ?
      g_strdup_printf ("present, %u samples", origin->n_samples)
      : g_strdup ("none"));
  add_row (table, "features", g_strdup_printf ("%u", spec->dim));
  add_row (table, "training", g_strdup (spec->training ? spec->training
          : "not stated"));
  add_row (table, "checksums", g_strdup ("all verified"));
  tool_table_print (table, 2);
  g_print ("\n%sLabels%s\n", tool_bold (), tool_reset ());
  for (guint c = 0; c < spec->n_classes; c++)
    tool_table_add (labels, g_strdup_printf ("%u", c), g_strdup (names[c]),
        g_strdup (spec->labels[c]));
  tool_table_print (labels, 2);
}

static void
print_head_json (const E2vHead * head, const char *path, guint64 file_bytes)
{
  const E2vHeadSpec *spec = e2v_head_spec (head);
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_string (&json, "file", path);
  json_writer_integer (&json, "bytes", file_bytes);
  json_writer_string (&json, "kind", "head");
  json_writer_string (&json, "name", spec->name);
  json_writer_string (&json, "licence", spec->licence);
  json_writer_string (&json, "model", spec->origin.name);
  json_writer_string (&json, "model_checksum", spec->origin.content_id);
  json_writer_integer (&json, "selftest_samples", spec->origin.n_samples);
  json_writer_integer (&json, "embed_dim", spec->dim);
  json_writer_string (&json, "training", spec->training);
  write_strings (&json, "labels", (const char *const *) spec->labels);
  write_strings (&json, "names", e2v_head_names (head));
  json_writer_double (&json, "temperature", spec->temperature);
  json_writer_string (&json, "checksums", "verified");
  json_writer_end (&json, '}');
  json_writer_print (&json);
}

/* A file that is no model may be a head. @error: (inout): why it is no model, or what is wrong with the head. */
static E2vHead *
try_head (const char *path, GError ** error)
{
  GError *cause = NULL;
  E2vHead *head = e2v_head_load (path, &cause);

  if (!head && g_error_matches (cause, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC)) {
    g_error_free (cause);
    return NULL;
  }
  g_clear_error (error);
  if (!head)
    g_propagate_error (error, cause);
  return head;
}

static int
show (const char *path, gboolean as_json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = e2v_model_load (path, &error);
  g_autoptr (E2vHead) head = NULL;
  guint64 file_bytes;
  GStatBuf info;

  if (!model && g_error_matches (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC))
    head = try_head (path, &error);
  if (!model && !head) {
    tool_file_error (path, error);
    return TOOL_FAILED;
  }
  file_bytes = g_stat (path, &info) == 0 ? (guint64) info.st_size : 0;
  if (head) {
    (as_json ? print_head_json : print_head) (head, path, file_bytes);
  } else if (as_json) {
    print_json (model, path, file_bytes);
  } else {
    print_source (model, path, file_bytes);
    print_shape (model);
    print_labels (model);
  }
  return TOOL_OK;
}

int
cmd_info (int argc, char **argv)
{
  gboolean as_json = FALSE;
  const GOptionEntry entries[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object", NULL},
    {NULL}
  };

  if (!tool_parse ("info", "MODEL|HEAD", SUMMARY, EXAMPLES, entries, &argc,
          &argv))
    return TOOL_USAGE;
  if (argc != 2)
    return tool_usage_error (argc < 2 ? "the model file is missing"
        : "one model file at a time");
  return show (argv[1], as_json);
}
