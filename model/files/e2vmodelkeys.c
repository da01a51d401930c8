/* e2vmodelkeys.c - everything of a model but its weights, as keys of a model file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vmodelkeys.h"

#include "e2vbytes.h"
#include "e2verror.h"

#include <math.h>

#define KEY(name) E2V_MODEL_ARCHITECTURE "." name

/* ggml's numbers for general.file_type */
#define FILE_TYPE_F32 0
#define FILE_TYPE_F16 1
#define FILE_TYPE_BF16 32

/* Hyper-parameters that are one number, read and written alike. */
static const struct
{
  const char *key;
  gsize offset;
} numbers[] = {
  {KEY ("embedding_length"), G_STRUCT_OFFSET (E2vHparams, embed_dim)},
  {KEY ("prenet_block_count"), G_STRUCT_OFFSET (E2vHparams, n_prenet)},
  {KEY ("main_block_count"), G_STRUCT_OFFSET (E2vHparams, n_main)},
  {KEY ("feed_forward_length"), G_STRUCT_OFFSET (E2vHparams, mlp_dim)},
  {KEY ("attention.head_count"), G_STRUCT_OFFSET (E2vHparams, n_heads)},
  {KEY ("alibi.layer_count"), G_STRUCT_OFFSET (E2vHparams, alibi_layers)},
  {KEY ("alibi.head_count"), G_STRUCT_OFFSET (E2vHparams, alibi_heads)},
  {KEY ("extra_token_count"), G_STRUCT_OFFSET (E2vHparams, n_extra)},
  {KEY ("position.layer_count"), G_STRUCT_OFFSET (E2vHparams, pos_depth)},
  {KEY ("position.kernel"), G_STRUCT_OFFSET (E2vHparams, pos_kernel)},
  {KEY ("position.group_count"), G_STRUCT_OFFSET (E2vHparams, pos_groups)},
  {KEY ("class_count"), G_STRUCT_OFFSET (E2vHparams, n_classes)},
};

/* The same for what is known about a model; absent where it is not known. */
static const struct
{
  const char *key;
  gsize offset;
} texts[] = {
  {"general.name", G_STRUCT_OFFSET (E2vModelInfo, name)},
  {"general.license", G_STRUCT_OFFSET (E2vModelInfo, licence)},
  {"general.license.text", G_STRUCT_OFFSET (E2vModelInfo, licence_text)},
  {KEY ("source.file"), G_STRUCT_OFFSET (E2vModelInfo, source)},
  {KEY ("source.sha256"), G_STRUCT_OFFSET (E2vModelInfo, source_sha256)},
};

/* Columns of the table of convolutions. */
static const struct
{
  const char *key;
  gsize offset;
} columns[] = {
  {KEY ("conv.channels"), G_STRUCT_OFFSET (E2vConvLayer, channels)},
  {KEY ("conv.kernels"), G_STRUCT_OFFSET (E2vConvLayer, kernel)},
  {KEY ("conv.strides"), G_STRUCT_OFFSET (E2vConvLayer, stride)},
};

static void
write_hparams (const E2vHparams * hparams, E2vGgufWriter * writer)
{
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    e2v_gguf_writer_add_u32 (writer, numbers[i].key,
        G_STRUCT_MEMBER (guint, hparams, numbers[i].offset));
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++) {
    guint32 values[E2V_MAX_CONV_LAYERS];

    for (guint j = 0; j < hparams->n_conv; j++)
      values[j] = G_STRUCT_MEMBER (guint, &hparams->conv[j], columns[i].offset);
    e2v_gguf_writer_add_u32s (writer, columns[i].key, values, hparams->n_conv);
  }
  e2v_gguf_writer_add_f64 (writer, KEY ("attention.layer_norm_epsilon"),
      hparams->norm_eps);
  e2v_gguf_writer_add_bool (writer, KEY ("normalize"), hparams->normalize);
  e2v_gguf_writer_add_u32 (writer, KEY ("sample_rate"), E2V_SAMPLE_RATE);
}

static void
write_selftest (const E2vModel * model, E2vGgufWriter * writer)
{
  const E2vHparams *hparams = e2v_model_hparams (model);
  const E2vSelftest *selftest = e2v_model_selftest (model);

  if (!selftest || selftest->n_samples == 0)
    return;
  e2v_gguf_writer_add_u32 (writer, KEY ("selftest.signal_version"),
      E2V_SELFTEST_SIGNAL_VERSION);
  e2v_gguf_writer_add_u32 (writer, KEY ("selftest.sample_count"),
      selftest->n_samples);
  e2v_gguf_writer_add_f32s (writer, KEY ("selftest.utterance"),
      selftest->utterance, hparams->embed_dim);
  if (selftest->scores)
    e2v_gguf_writer_add_f32s (writer, KEY ("selftest.scores"),
        selftest->scores, hparams->n_classes);
}

/* The number by which other programs know what most weights of a file are. */
static guint32
file_type (const E2vModel * model)
{
  for (guint i = 0; i < e2v_layout_size (e2v_model_layout (model)); i++) {
    const E2vDtype dtype = e2v_model_tensor (model, i)->dtype;

    if (dtype == E2V_DTYPE_F16 || dtype == E2V_DTYPE_BF16)
      return dtype == E2V_DTYPE_F16 ? FILE_TYPE_F16 : FILE_TYPE_BF16;
  }
  return FILE_TYPE_F32;
}

void
e2v_model_keys_write (const E2vModel * model, E2vGgufWriter * writer)
{
  const E2vHparams *hparams = e2v_model_hparams (model);
  const E2vModelInfo *info = e2v_model_info (model);

  e2v_gguf_writer_add_string (writer, "general.architecture",
      E2V_MODEL_ARCHITECTURE);
  e2v_gguf_writer_add_u32 (writer, "general.file_type", file_type (model));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    const char *text = G_STRUCT_MEMBER (char *, info, texts[i].offset);

    if (text)
      e2v_gguf_writer_add_string (writer, texts[i].key, text);
  }
  e2v_gguf_writer_add_u32 (writer, KEY ("file_version"),
      E2V_MODEL_FILE_VERSION);
  write_hparams (hparams, writer);
  if (hparams->n_classes > 0) {
    e2v_gguf_writer_add_strings (writer, KEY ("labels"),
        e2v_model_labels (model), hparams->n_classes);
    e2v_gguf_writer_add_f64 (writer, KEY ("temperature"), info->temperature);
  }
  write_selftest (model, writer);
}

gboolean
e2v_model_keys_check (const E2vGguf * gguf, GError ** error)
{
  g_autofree char *architecture =
      e2v_gguf_get_string (gguf, "general.architecture", error);
  guint32 version;

  if (!architecture)
    return FALSE;
  if (g_strcmp0 (architecture, E2V_MODEL_ARCHITECTURE) != 0) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
        "a model of the architecture '%s', not '%s'%s", architecture,
        E2V_MODEL_ARCHITECTURE, g_str_equal (architecture,
            E2V_MODEL_ARCHITECTURE "-head") ?
        ": a head goes with a model, in the property head-file or the option "
        "--head" : "");
    return FALSE;
  }
  if (!e2v_gguf_get_u32 (gguf, KEY ("file_version"), &version, error))
    return FALSE;
  if (version != E2V_MODEL_FILE_VERSION)
    return e2v_bad_format (error, "version %u of the model file, this program "
        "reads version %u: convert the checkpoint again", version,
        E2V_MODEL_FILE_VERSION);
  return TRUE;
}

static gboolean
read_convs (const E2vGguf * gguf, E2vHparams * hparams, GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++) {
    gsize n;
    g_autofree guint32 *values =
        e2v_gguf_get_u32s (gguf, columns[i].key, &n, error);

    if (!values)
      return FALSE;
    if (n < 1 || n > E2V_MAX_CONV_LAYERS || (i > 0 && n != hparams->n_conv))
      return e2v_bad_format (error, "the key '%s' has %" G_GSIZE_FORMAT
          " values, as many as there are convolutions (1 to %u) are needed",
          columns[i].key, n, E2V_MAX_CONV_LAYERS);
    hparams->n_conv = (guint) n;
    for (gsize j = 0; j < n; j++)
      G_STRUCT_MEMBER (guint, &hparams->conv[j], columns[i].offset) = values[j];
  }
  return TRUE;
}

static gboolean
check_sample_rate (const E2vGguf * gguf, GError ** error)
{
  guint32 rate;

  if (!e2v_gguf_get_u32 (gguf, KEY ("sample_rate"), &rate, error))
    return FALSE;
  if (rate == E2V_SAMPLE_RATE)
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
      "a model for audio at %u Hz; emotion2vec models take %u Hz", rate,
      E2V_SAMPLE_RATE);
  return FALSE;
}

gboolean
e2v_model_keys_read_hparams (const E2vGguf * gguf, E2vHparams * hparams,
    GError ** error)
{
  E2vHparams read = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    if (!e2v_gguf_get_u32 (gguf, numbers[i].key,
            &G_STRUCT_MEMBER (guint, &read, numbers[i].offset), error))
      return FALSE;
  }
  if (!read_convs (gguf, &read, error)
      || !e2v_gguf_get_f64 (gguf, KEY ("attention.layer_norm_epsilon"),
          &read.norm_eps, error)
      || !e2v_gguf_get_bool (gguf, KEY ("normalize"), &read.normalize, error)
      || !check_sample_rate (gguf, error)
      || !e2v_hparams_validate (&read, error))
    return FALSE;
  *hparams = read;
  return TRUE;
}

char **
e2v_model_keys_read_labels (const E2vGguf * gguf, guint n_classes,
    GError ** error)
{
  char **labels;

  if (n_classes == 0)
    return g_new0 (char *, 1);
  labels = e2v_gguf_get_strings (gguf, KEY ("labels"), error);
  if (labels && g_strv_length (labels) != n_classes) {
    e2v_bad_format (error, "%u labels for %u classes", g_strv_length (labels),
        n_classes);
    g_clear_pointer (&labels, g_strfreev);
  }
  return labels;
}

void
e2v_model_info_clear (E2vModelInfo * info)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_clear_pointer (&G_STRUCT_MEMBER (char *, info, texts[i].offset), g_free);
}

gboolean
e2v_model_keys_read_info (const E2vGguf * gguf, E2vModelInfo * info,
    GError ** error)
{
  E2vModelInfo read = {.temperature = 1 };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    char *text;

    if (!e2v_gguf_has (gguf, texts[i].key))
      continue;
    text = e2v_gguf_get_string (gguf, texts[i].key, error);
    if (!text)
      goto fail;
    G_STRUCT_MEMBER (char *, &read, texts[i].offset) = text;
  }
  if (e2v_gguf_has (gguf, KEY ("temperature"))
      && !e2v_gguf_get_f64 (gguf, KEY ("temperature"), &read.temperature,
          error))
    goto fail;
  if (!(read.temperature > 0) || !isfinite (read.temperature)) {
    e2v_bad_format (error, "a temperature of %g", read.temperature);
    goto fail;
  }
  *info = read;
  return TRUE;

fail:
  e2v_model_info_clear (&read);
  return FALSE;
}

/* An array of @n finite numbers. */
static float *
read_answer (const E2vGguf * gguf, const char *key, guint n, GError ** error)
{
  gsize found;
  g_autofree float *values = e2v_gguf_get_f32s (gguf, key, &found, error);

  if (!values)
    return NULL;
  if (found != n) {
    e2v_bad_format (error, "the key '%s' has %" G_GSIZE_FORMAT
        " values instead of %u", key, found, n);
    return NULL;
  }
  for (guint i = 0; i < n; i++) {
    if (!isfinite (values[i])) {
      e2v_bad_format (error, "the key '%s' has a value that is not finite",
          key);
      return NULL;
    }
  }
  return g_steal_pointer (&values);
}

gboolean
e2v_model_keys_read_selftest (const E2vGguf * gguf, E2vModel * model,
    GError ** error)
{
  const E2vHparams *hparams = e2v_model_hparams (model);
  g_autofree float *utterance = NULL, *scores = NULL;
  guint32 version, n_samples;

  if (!e2v_gguf_has (gguf, KEY ("selftest.signal_version")))
    return TRUE;
  if (!e2v_gguf_get_u32 (gguf, KEY ("selftest.signal_version"), &version, error)
      || !e2v_gguf_get_u32 (gguf, KEY ("selftest.sample_count"), &n_samples,
          error))
    return FALSE;
  if (version != E2V_SELFTEST_SIGNAL_VERSION)
    return TRUE;
  if (n_samples > E2V_MAX_WINDOW_SAMPLES
      || e2v_hparams_n_frames (hparams, n_samples) == 0)
    return e2v_bad_format (error, "a self-test of %u samples", n_samples);
  utterance = read_answer (gguf, KEY ("selftest.utterance"),
      hparams->embed_dim, error);
  if (!utterance)
    return FALSE;
  if (hparams->n_classes > 0) {
    scores = read_answer (gguf, KEY ("selftest.scores"), hparams->n_classes,
        error);
    if (!scores)
      return FALSE;
  }
  e2v_model_set_selftest (model, n_samples, utterance, scores);
  return TRUE;
}
