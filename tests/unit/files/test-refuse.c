/* test-refuse.c - checkpoints that are not what they should be, and wrappers that do not matter.
 *
 * A sound checkpoint is read, changed in one place, written as safetensors and converted.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vconvert.h"
#include "e2verror.h"
#include "e2vsafetensors.h"
#include "e2vweights.h"
#include "filesutil.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define AUDIO "modality_encoders.AUDIO."

/* A checkpoint that can be changed. */
typedef struct
{
  GArray *tensors;              /* of E2vTensor, all memory is ours */
  const char *prefix;
} Draft;

static void
draft_add (Draft * draft, const char *name, guint n_dims, const guint64 * dims,
    const float *values)
{
  E2vTensor tensor = {.name = g_strdup (name),.n_dims = n_dims };
  gsize n;

  memcpy (tensor.dims, dims, n_dims * sizeof *dims);
  g_assert_true (e2v_shape_n_elements (dims, n_dims, &n));
  tensor.size = n * sizeof (float);
  tensor.data = values ? g_memdup2 (values, tensor.size) :
      g_malloc0 (tensor.size);
  g_array_append_val (draft->tensors, tensor);
}

static void
draft_free_tensor (gpointer data)
{
  E2vTensor *tensor = data;

  g_free (tensor->name);
  g_free ((gpointer) tensor->data);
}

static Draft
draft_empty (void)
{
  Draft draft = {.tensors = g_array_new (FALSE, FALSE, sizeof (E2vTensor)) };

  g_array_set_clear_func (draft.tensors, draft_free_tensor);
  return draft;
}

static Draft
draft_new (const char *name)
{
  g_autofree char *path = files_case_path (name, "checkpoint.pt");
  g_autoptr (E2vWeights) weights = e2v_weights_open (path, NULL);
  Draft draft = draft_empty ();

  g_assert_nonnull (weights);
  for (guint i = 0; i < e2v_weights_n (weights); i++) {
    const E2vWeight *weight = e2v_weights_get (weights, i);
    g_autofree float *values = g_malloc (2 * weight->size);

    g_assert_true (e2v_weights_read (weights, weight, values, NULL));
    draft_add (&draft, weight->name, weight->n_dims, weight->dims, values);
  }
  return draft;
}

static E2vTensor *
draft_find (Draft * draft, const char *name)
{
  for (guint i = 0; i < draft->tensors->len; i++) {
    E2vTensor *tensor = &g_array_index (draft->tensors, E2vTensor, i);

    if (strcmp (tensor->name, name) == 0)
      return tensor;
  }
  g_error ("no tensor %s", name);
}

static void
draft_drop (Draft * draft, const char *name)
{
  E2vTensor *tensor = draft_find (draft, name);

  g_array_remove_index (draft->tensors,
      (guint) (tensor - (E2vTensor *) draft->tensors->data));
}

static void
draft_rename (Draft * draft, const char *name, const char *to)
{
  E2vTensor *tensor = draft_find (draft, name);

  g_free (tensor->name);
  tensor->name = g_strdup (to);
}

/* Writes and converts it; @settings may be NULL. Consumes the draft. */
static E2vModel *
draft_convert (Draft * draft, const char *const *settings, GError ** error)
{
  const E2vConvertOptions options = {.settings = settings };
  g_autofree char *path = files_test_path ("draft.safetensors");
  E2vModel *model;

  for (guint i = 0; draft->prefix && i < draft->tensors->len; i++) {
    E2vTensor *tensor = &g_array_index (draft->tensors, E2vTensor, i);
    char *name = g_strconcat (draft->prefix, tensor->name, NULL);

    g_free (tensor->name);
    tensor->name = name;
  }
  g_assert_true (e2v_safetensors_write (path,
          (const E2vTensor *) draft->tensors->data, draft->tensors->len, NULL));
  model = e2v_convert (path, &options, error);
  g_array_unref (draft->tensors);
  return model;
}

static GError *
draft_refusal (Draft * draft, const char *const *settings)
{
  GError *error = NULL;

  g_assert_null (draft_convert (draft, settings, &error));
  return error;
}

static void
add_ones (Draft * draft, const char *name)
{
  const guint64 dims[] = { 32 };

  draft_add (draft, name, 1, dims, NULL);
}

/* Some fine-tunings have the encoder one level below the head. */
static void
wrap_encoder (Draft * draft)
{
  for (guint i = 0; i < draft->tensors->len; i++) {
    E2vTensor *tensor = &g_array_index (draft->tensors, E2vTensor, i);
    g_autofree char *name = g_strconcat ("w2v_model.", tensor->name, NULL);

    if (!g_str_has_prefix (tensor->name, "proj."))
      draft_rename (draft, tensor->name, name);
  }
}

static void
test_prefixes (void)
{
  static const char *const prefixes[] = {
    "", "module.", "d2v_model.", "module.d2v_model.", "w2v_encoder."
  };

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    Draft draft = draft_new ("01-tiny");
    g_autoptr (GError) error = NULL;
    g_autoptr (E2vModel) model = NULL;

    draft.prefix = prefixes[i];
    if (i == 4)
      wrap_encoder (&draft);
    model = draft_convert (&draft, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (e2v_model_hparams (model)->n_classes, ==, 9);
  }
}

static void
test_leftovers (void)
{
  Draft draft = draft_new ("01-tiny");
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = NULL;

  add_ones (&draft, "decoder.blocks.0.0.weight");
  add_ones (&draft, AUDIO "decoder.proj.weight");
  add_ones (&draft, "_ema.blocks.0.norm1.weight");
  model = draft_convert (&draft, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (model);
}

/* Weights in double precision come out as the nearest floats. */
static void
test_doubles (void)
{
  Draft draft = draft_new ("01-tiny");
  E2vTensor *tensor = draft_find (&draft, "blocks.1.mlp.fc1.bias");
  double *values = g_new (double, 128);
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = NULL;
  float value;
  int index;

  for (guint i = 0; i < 128; i++)
    values[i] = 1 + (double) i / 3e8;
  g_free ((gpointer) tensor->data);
  tensor->data = (const guint8 *) values;
  tensor->dtype = E2V_DTYPE_F64;
  tensor->size = 128 * sizeof (double);
  model = draft_convert (&draft, NULL, &error);
  g_assert_no_error (error);
  index = e2v_layout_find (e2v_model_layout (model), E2V_ROLE_FC1_BIAS, 3);
  for (guint i = 0; i < 128; i++) {
    e2v_tensor_read_f32 (e2v_model_tensor (model, (guint) index), i, 1, &value);
    g_assert_cmpfloat (value, ==, files_round (1 + (double) i / 3e8, 23, -126));
  }
}

static void
test_missing (void)
{
  static const char *const names[] = {
    AUDIO "local_encoder.conv_layers.0.0.weight",
    AUDIO "local_encoder.conv_layers.3.0.weight",
    AUDIO "local_encoder.conv_layers.6.2.1.bias",
    AUDIO "project_features.2.weight",
    AUDIO "relative_positional_encoder.1.0.weight",
    AUDIO "relative_positional_encoder.4.0.weight",
    AUDIO "context_encoder.norm.bias",
    AUDIO "context_encoder.blocks.0.norm1.weight",
    "blocks.0.mlp.fc1.weight", "blocks.1.attn.qkv.bias", "proj.weight",
    "proj.bias"
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    Draft draft = draft_new ("01-tiny");

    draft_drop (&draft, names[i]);
    files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_TENSOR, names[i],
        "missing", NULL);
  }
}

static void
test_misshapen (void)
{
  Draft draft = draft_new ("01-tiny");
  E2vTensor *tensor = draft_find (&draft, "blocks.1.mlp.fc2.weight");

  tensor->dims[0] = 128;
  tensor->dims[1] = 32;
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_TENSOR,
      "blocks.1.mlp.fc2.weight", "[128, 32] instead of [32, 128]", NULL);

  draft = draft_new ("01-tiny");
  tensor = draft_find (&draft, AUDIO "extra_tokens");
  tensor->n_dims = 2;
  tensor->dims[0] = 10;
  tensor->dims[1] = 32;
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_TENSOR,
      AUDIO "extra_tokens", "2 dimensions", NULL);
}

static void
test_surplus (void)
{
  Draft draft = draft_new ("01-tiny");

  add_ones (&draft, "blocks.1.attn.gate");
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_TENSOR,
      "blocks.1.attn.gate", "surplus", NULL);
}

static void
test_twice (void)
{
  Draft draft = draft_new ("01-tiny");

  add_ones (&draft, "module.blocks.1.norm1.bias");
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_FORMAT,
      "'module.blocks.1.norm1.bias'", "same weight", NULL);
}

static void
test_not_finite (void)
{
  Draft draft = draft_new ("01-tiny");
  float *values = (float *) draft_find (&draft, "blocks.1.norm1.bias")->data;

  values[5] = NAN;
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_TENSOR,
      "not finite", NULL);
}

/* Variants that would give wrong answers without an error. */
static void
test_variants (void)
{
  Draft draft = draft_new ("01-tiny");

  draft_rename (&draft, AUDIO "context_encoder.norm.weight", "norm.weight");
  draft_rename (&draft, AUDIO "context_encoder.norm.bias", "norm.bias");
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_NOT_EMOTION2VEC,
      "norm.weight", "pre-norm", NULL);

  draft = draft_new ("01-tiny");
  add_ones (&draft, AUDIO "local_encoder.conv_layers.0.2.weight");
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_NOT_EMOTION2VEC,
      "conv_layers.0.2.weight", "group norm", NULL);

  draft = draft_new ("01-tiny");
  add_ones (&draft, AUDIO "relative_positional_encoder.1.1.0.weight");
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_NOT_EMOTION2VEC,
      "conv_pos_pre_ln", NULL);

  draft = draft_new ("01-tiny");
  add_ones (&draft, AUDIO "alibi_bias");
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_NOT_EMOTION2VEC,
      "alibi_bias", "learned", NULL);

  draft = draft_empty ();
  add_ones (&draft, "bert.encoder.weight");
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_NOT_EMOTION2VEC,
      "bert.encoder.weight", NULL);
}

static void
test_old_alibi (void)
{
  Draft draft = draft_new ("01-tiny");
  E2vTensor *tensor = draft_find (&draft, AUDIO "alibi_scale");
  const guint64 dims[] = { 1, 4, 1, 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = NULL;

  tensor->n_dims = 4;
  memcpy (tensor->dims, dims, sizeof dims);
  model = draft_convert (&draft, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (e2v_model_hparams (model)->n_heads, ==, 4);
  g_assert_cmpuint (e2v_model_hparams (model)->alibi_heads, ==, 4);
}

static void
test_heads (void)
{
  static const char *const eight[] = { "num_heads=8", NULL };
  static const char *const four[] = { "num_heads=4", "norm_eps=1e-6",
    "normalize=false", "conv_strides=5,2,2,2,2,2,1",
    "calibration_temperature=1.5", NULL
  };
  Draft draft = draft_new ("01-tiny");
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = NULL;
  const E2vHparams *hp;

  files_test_expect (draft_refusal (&draft, eight), E2V_ERROR_ARGUMENT,
      "num_heads is 8", "4 heads", NULL);

  draft = draft_new ("01-tiny");
  draft_drop (&draft, AUDIO "alibi_scale");
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_ARGUMENT,
      "--set num_heads", NULL);

  draft = draft_new ("01-tiny");
  draft_drop (&draft, AUDIO "alibi_scale");
  model = draft_convert (&draft, four, &error);
  g_assert_no_error (error);
  hp = e2v_model_hparams (model);
  g_assert_cmpuint (hp->n_heads, ==, 4);
  g_assert_cmpuint (hp->alibi_layers, ==, 0);
  g_assert_cmpfloat (hp->norm_eps, ==, 1e-6);
  g_assert_false (hp->normalize);
  g_assert_cmpuint (hp->conv[6].stride, ==, 1);
  g_assert_cmpfloat (e2v_model_info (model)->temperature, ==, 1.5);
}

static void
test_settings (void)
{
  static const char *const wrong[][2] = {
    {"heads=4", NULL}, {"num_heads", NULL}, {"num_heads=four", NULL},
    {"norm_eps=-1", NULL}, {"conv_strides=5,0", NULL}, {"normalize=2", NULL},
    {"calibration_temperature=-1", NULL}
  };
  static const char *const short_list[] = { "conv_strides=5,2", NULL };
  Draft draft;

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    draft = draft_new ("01-tiny");
    files_test_expect (draft_refusal (&draft, wrong[i]), E2V_ERROR_ARGUMENT,
        NULL);
  }
  draft = draft_new ("01-tiny");
  files_test_expect (draft_refusal (&draft, short_list), E2V_ERROR_ARGUMENT,
      "conv_strides has 2", NULL);
}

static void
test_unusual_strides (void)
{
  static const char *const settings[] = { "conv_strides=5,4,2,2,2", NULL };
  Draft draft = draft_new ("10-five-convs-even-pos");
  GError *error = NULL;
  E2vModel *model;

  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_ARGUMENT,
      "kernel 8", "conv_strides", NULL);
  /* five classes want labels then */
  draft = draft_new ("10-five-convs-even-pos");
  model = draft_convert (&draft, settings, &error);
  g_assert_null (model);
  files_test_expect (error, E2V_ERROR_ARGUMENT, "5 classes", "--labels", NULL);
}

static void
test_labels (void)
{
  static const char text[] = "\xef\xbb\xbf" "a\r\nb\nc\nd\ne\nf\ng\nh h\ni\n\n";
  g_autofree char *checkpoint = files_case_path ("01-tiny", "checkpoint.pt");
  g_autofree char *feature =
      files_case_path ("04-feature-12-heads", "checkpoint.pt");
  g_autofree char *three = files_test_write ("three.txt", "a\nb\nc\n", 6);
  g_autofree char *nine = files_test_write ("nine.txt", text, sizeof text - 1);
  E2vConvertOptions options = {.labels_file = three };
  g_autoptr (E2vModel) model = NULL;
  GError *error = NULL;

  g_assert_null (e2v_convert (checkpoint, &options, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_ARGUMENT, "3 labels",
      "9 classes", NULL);
  g_assert_null (e2v_convert (feature, &options, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_ARGUMENT,
      "feature model", NULL);
  options.labels_file = nine;
  model = e2v_convert (checkpoint, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (e2v_model_labels (model)[0], ==, "a");
  g_assert_cmpstr (e2v_model_labels (model)[7], ==, "h h");
}

/* Nine classes without a list have the official one. */
static void
test_official_labels (void)
{
  Draft draft = draft_new ("01-tiny");
  g_autoptr (E2vModel) model = draft_convert (&draft, NULL, NULL);

  g_assert_nonnull (model);
  g_assert_cmpstr (e2v_model_labels (model)[3], ==, "开心/happy");
  g_assert_cmpstr (e2v_model_labels (model)[8], ==, "<unk>");
}

/* The licence's text goes into the model, and its SPDX line or first line is its name. */
static void
test_licence (void)
{
  static const char text[] = "SPDX-License-Identifier: CC-BY-NC-SA-4.0\nx\n";
  g_autofree char *checkpoint = files_case_path ("01-tiny", "checkpoint.pt");
  g_autofree char *licence =
      files_test_write ("LICENCE", text, sizeof text - 1);
  const E2vConvertOptions options = {.licence_file = licence };
  g_autoptr (E2vModel) model = e2v_convert (checkpoint, &options, NULL);

  g_assert_nonnull (model);
  g_assert_cmpstr (e2v_model_info (model)->licence, ==, "CC-BY-NC-SA-4.0");
  g_assert_cmpstr (e2v_model_info (model)->licence_text, ==, text);
}

static void
test_folders (void)
{
  g_autofree char *folder = files_test_path ("folder");
  g_autofree char *a = g_build_filename (folder, "a.pt", NULL);
  g_autofree char *b = g_build_filename (folder, "b.pt", NULL);
  GError *error = NULL;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_null (e2v_convert (folder, NULL, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_NOT_FOUND,
      "no checkpoint", NULL);
  g_assert_true (g_file_set_contents (a, "x", 1, NULL));
  g_assert_true (g_file_set_contents (b, "x", 1, NULL));
  g_assert_null (e2v_convert (folder, NULL, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_NOT_FOUND,
      "'a.pt' and 'b.pt'", NULL);
  g_assert_null (e2v_convert (a, NULL, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_FORMAT, a, "neither",
      NULL);
}

/* A configuration of another model beside the checkpoint. */
static void
test_wrong_config (void)
{
  static const char yaml[] = "model_conf:\n  depth: 24\n";
  g_autofree char *path = files_test_write ("config.yaml", yaml,
      sizeof yaml - 1);
  Draft draft = draft_new ("01-tiny");

  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_ARGUMENT,
      "depth = 24", NULL);
  g_remove (path);
}

/* Without a scale there would be no distances at all: the configuration tells that they are wanted. */
static void
test_dropped_alibi (void)
{
  static const char yaml[] =
      "model_conf:\n  num_heads: 4\n  modalities:\n    audio:\n"
      "      use_alibi_encoder: true\n";
  g_autofree char *path = files_test_write ("config.yaml", yaml,
      sizeof yaml - 1);
  Draft draft = draft_new ("01-tiny");

  draft_drop (&draft, AUDIO "alibi_scale");
  files_test_expect (draft_refusal (&draft, NULL), E2V_ERROR_TENSOR,
      "alibi_scale", "missing", NULL);
  g_remove (path);
}

int
main (int argc, char **argv)
{
  files_test_init (&argc, &argv);
  g_test_add_func ("/refuse/prefixes", test_prefixes);
  g_test_add_func ("/refuse/leftovers", test_leftovers);
  g_test_add_func ("/refuse/doubles", test_doubles);
  g_test_add_func ("/refuse/missing", test_missing);
  g_test_add_func ("/refuse/misshapen", test_misshapen);
  g_test_add_func ("/refuse/surplus", test_surplus);
  g_test_add_func ("/refuse/twice", test_twice);
  g_test_add_func ("/refuse/not-finite", test_not_finite);
  g_test_add_func ("/refuse/variants", test_variants);
  g_test_add_func ("/refuse/old-alibi", test_old_alibi);
  g_test_add_func ("/refuse/heads", test_heads);
  g_test_add_func ("/refuse/settings", test_settings);
  g_test_add_func ("/refuse/unusual-strides", test_unusual_strides);
  g_test_add_func ("/refuse/labels", test_labels);
  g_test_add_func ("/refuse/official-labels", test_official_labels);
  g_test_add_func ("/refuse/licence", test_licence);
  g_test_add_func ("/refuse/folders", test_folders);
  g_test_add_func ("/refuse/wrong-config", test_wrong_config);
  g_test_add_func ("/refuse/dropped-alibi", test_dropped_alibi);
  return files_test_run ();
}
