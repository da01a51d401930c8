/* test-convert.c - the reference checkpoints, each weight against the recipe that it was made by.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vconvert.h"
#include "filesutil.h"

#include <string.h>

#define AUDIO "modality_encoders.AUDIO."

typedef struct
{
  E2vModel *model;
  JsonObject *config, *shape;
  int bits, min_exponent;       /* of the stored element type */
  guint n_tensors;              /* compared so far */
} Case;

static guint
number (JsonObject * object, const char *name)
{
  return (guint) json_object_get_int_member (object, name);
}

/* Number @column of convolution @layer in config.json. */
static guint
conv_number (const Case * c, guint layer, guint column)
{
  JsonArray *layers = json_object_get_array_member (c->shape, "conv_layers");
  JsonArray *triple = json_array_get_array_element (layers, layer);

  return (guint) json_array_get_int_element (triple, column);
}

static guint
n_convs (const Case * c)
{
  return json_array_get_length (json_object_get_array_member (c->shape,
          "conv_layers"));
}

/* Compares all elements of a tensor; @dims: official, slowest first, 0 behind the last. */
static void
compare (Case * c, E2vRole role, guint layer, const char *name, guint64 d0,
    guint64 d1, guint64 d2)
{
  int index = e2v_layout_find (e2v_model_layout (c->model), role, layer);
  const guint64 dims[] = { d0, d1, d2 };
  guint n_dims = d2 ? 3 : d1 ? 2 : 1;
  gboolean turned = role == E2V_ROLE_CONV_WEIGHT || role == E2V_ROLE_POS_WEIGHT;
  const E2vTensor *tensor;
  gsize n;

  g_assert_cmpint (index, >=, 0);
  tensor = e2v_model_tensor (c->model, (guint) index);
  g_assert_cmpint (tensor->dtype, ==, E2V_DTYPE_F32);
  g_assert_true (e2v_shape_n_elements (dims, n_dims, &n));
  g_assert_cmpuint (e2v_tensor_n_elements (tensor), ==, n);
  for (gsize i = 0; i < n; i++) {
    double wanted = files_round (files_recipe (c->config, name, dims, n_dims,
            i), c->bits, c->min_exponent);
    gsize at = i;
    float value;

    if (turned)
      at = (i / d2 / d1 * d2 + i % d2) * d1 + i / d2 % d1;
    e2v_tensor_read_f32 (tensor, at, 1, &value);
    if ((double) value != wanted)
      g_error ("%s[%" G_GSIZE_FORMAT "] is %.9g instead of %.9g", name, i,
          (double) value, wanted);
  }
  c->n_tensors++;
}

/* The weight of @name with @d0 x @d1 elements (d1 = 0: of a norm) and the bias that follows it in the enumeration. */
static void
compare_pair (Case * c, E2vRole role, guint layer, const char *name,
    guint64 d0, guint64 d1)
{
  g_autofree char *weight = g_strconcat (name, ".weight", NULL);
  g_autofree char *bias = g_strconcat (name, ".bias", NULL);

  compare (c, role, layer, weight, d0, d1, 0);
  compare (c, role + 1, layer, bias, d0, 0, 0);
}

static void
compare_front (Case * c, guint d)
{
  guint inputs = 1;

  for (guint i = 0; i < n_convs (c); i++) {
    g_autofree char *conv =
        g_strdup_printf (AUDIO "local_encoder.conv_layers.%u.0.weight", i);
    g_autofree char *norm =
        g_strdup_printf (AUDIO "local_encoder.conv_layers.%u.2.1", i);
    guint outputs = conv_number (c, i, 0);

    compare (c, E2V_ROLE_CONV_WEIGHT, i, conv, outputs, inputs,
        conv_number (c, i, 1));
    compare_pair (c, E2V_ROLE_CONV_NORM_WEIGHT, i, norm, outputs, 0);
    inputs = outputs;
  }
  compare_pair (c, E2V_ROLE_FEATURE_NORM_WEIGHT, 0, AUDIO "project_features.1",
      inputs, 0);
  compare_pair (c, E2V_ROLE_PROJECTION_WEIGHT, 0, AUDIO "project_features.2",
      d, inputs);
}

static void
compare_positions (Case * c, guint d)
{
  guint depth = number (c->shape, "conv_pos_depth");

  for (guint j = 0; j < depth; j++) {
    g_autofree char *name =
        g_strdup_printf (AUDIO "relative_positional_encoder.%u.0", j + 1);
    g_autofree char *weight = g_strconcat (name, ".weight", NULL);
    g_autofree char *bias = g_strconcat (name, ".bias", NULL);

    compare (c, E2V_ROLE_POS_WEIGHT, j, weight, d,
        d / number (c->shape, "conv_pos_groups"),
        MAX (3, number (c->shape, "conv_pos_width") / depth));
    compare (c, E2V_ROLE_POS_BIAS, j, bias, d, 0, 0);
  }
}

static void
compare_block (Case * c, guint l, guint d)
{
  static const struct
  {
    const char *name;
    E2vRole role;
  } parts[] = {
    {"attn.qkv", E2V_ROLE_QKV_WEIGHT}, {"attn.proj", E2V_ROLE_ATTN_PROJ_WEIGHT},
    {"norm1", E2V_ROLE_NORM1_WEIGHT}, {"mlp.fc1", E2V_ROLE_FC1_WEIGHT},
    {"mlp.fc2", E2V_ROLE_FC2_WEIGHT}, {"norm2", E2V_ROLE_NORM2_WEIGHT}
  };
  guint prenet = number (c->shape, "prenet_depth");
  guint mlp = (guint) (d * json_object_get_double_member (c->shape,
          "mlp_ratio"));
  const guint sizes[][2] = { {3 * d, d}, {d, d}, {d, 0}, {mlp, d}, {d, mlp},
  {d, 0}
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *name = g_strdup_printf ("%s.%u.%s",
        l < prenet ? AUDIO "context_encoder.blocks" : "blocks",
        l < prenet ? l : l - prenet, parts[i].name);

    compare_pair (c, parts[i].role, l, name, sizes[i][0], sizes[i][1]);
  }
}

/* [blocks or 1, 1, heads or 1, 1, 1] counts as a matrix. */
static void
compare_alibi (Case * c, guint n_blocks)
{
  gboolean per_head = json_object_get_boolean_member (c->shape,
      "alibi_scale_per_head");
  gboolean per_layer = json_object_get_boolean_member (c->shape,
      "alibi_scale_per_layer");

  compare (c, E2V_ROLE_ALIBI_SCALE, 0, AUDIO "alibi_scale",
      per_layer ? n_blocks : 1, per_head ? number (c->shape, "num_heads") : 1,
      0);
}

static void
compare_weights (Case * c)
{
  guint d = number (c->shape, "embed_dim");
  guint n_blocks =
      number (c->shape, "prenet_depth") + number (c->shape, "depth");
  guint n_extra = number (c->shape, "num_extra_tokens");
  guint n_classes = number (c->config, "head_classes");

  compare_front (c, d);
  compare_positions (c, d);
  if (n_extra > 0)
    compare (c, E2V_ROLE_EXTRA_TOKENS, 0, AUDIO "extra_tokens", n_extra, d, 0);
  compare_alibi (c, n_blocks);
  compare_pair (c, E2V_ROLE_PRENET_NORM_WEIGHT, 0,
      AUDIO "context_encoder.norm", d, 0);
  for (guint l = 0; l < n_blocks; l++)
    compare_block (c, l, d);
  if (n_classes > 0)
    compare_pair (c, E2V_ROLE_HEAD_WEIGHT, 0, "proj", n_classes, d);
  g_assert_cmpuint (c->n_tensors, ==,
      e2v_layout_size (e2v_model_layout (c->model)));
}

static void
compare_hparams (const Case * c)
{
  const E2vHparams *hp = e2v_model_hparams (c->model);

  g_assert_cmpuint (hp->n_heads, ==, number (c->shape, "num_heads"));
  g_assert_cmpuint (hp->n_conv, ==, n_convs (c));
  for (guint i = 0; i < hp->n_conv; i++)
    g_assert_cmpuint (hp->conv[i].stride, ==, conv_number (c, i, 2));
  g_assert_cmpfloat (hp->norm_eps, ==,
      json_object_get_double_member (c->shape, "norm_eps"));
  g_assert_cmpint (hp->normalize, ==,
      json_object_get_boolean_member (c->shape, "normalize"));
}

static void
compare_labels (const Case * c)
{
  const char *const *labels = e2v_model_labels (c->model);
  JsonArray *wanted;

  if (e2v_model_hparams (c->model)->n_classes == 0)
    return;
  wanted = json_object_get_array_member (c->config, "labels");
  for (guint i = 0; i < json_array_get_length (wanted); i++)
    g_assert_cmpstr (labels[i], ==, json_array_get_string_element (wanted, i));
  g_assert_null (labels[json_array_get_length (wanted)]);
}

static void
test_case (gconstpointer data)
{
  const char *name = data;
  g_autofree char *path = files_case_path (name, "checkpoint.pt");
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (E2vModel) model = NULL;
  g_autoptr (GError) error = NULL;
  Case c = {.bits = 23,.min_exponent = -126 };

  c.config = files_case_config (parser, name);
  c.shape = json_object_get_object_member (c.config, "model");
  if (g_str_equal (name, "12-half")) {
    c.bits = 10;
    c.min_exponent = -14;
  } else if (g_str_equal (name, "13-bfloat16")) {
    c.bits = 7;
  }
  model = c.model = e2v_convert (path, NULL, &error);
  g_assert_no_error (error);
  compare_hparams (&c);
  compare_labels (&c);
  compare_weights (&c);
}

/* A folder stands for the checkpoint in it; the information says where the weights come from. */
static void
test_folder (void)
{
  g_autofree char *path = files_case_path ("01-tiny", "checkpoint.pt");
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GByteArray) bytes = files_test_read (path);
  g_autofree char *sum =
      g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes->data, bytes->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = e2v_convert (folder, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (e2v_model_info (model)->name, ==, "01-tiny");
  g_assert_cmpstr (e2v_model_info (model)->source, ==, "checkpoint.pt");
  g_assert_cmpstr (e2v_model_info (model)->source_sha256, ==, sum);
}

/* Matrices in half precision are the nearest halves of the same weights, everything else is untouched. */
static void
test_half (void)
{
  const E2vConvertOptions options = {.half = TRUE };
  g_autofree char *path = files_case_path ("01-tiny", "checkpoint.pt");
  g_autoptr (E2vModel) plain = e2v_convert (path, NULL, NULL);
  g_autoptr (E2vModel) half = e2v_convert (path, &options, NULL);
  const E2vLayout *layout = e2v_model_layout (half);

  for (guint i = 0; i < e2v_layout_size (layout); i++) {
    const E2vTensor *a = e2v_model_tensor (plain, i);
    const E2vTensor *b = e2v_model_tensor (half, i);
    gboolean round = e2v_role_is_matrix (e2v_layout_get (layout, i)->role);

    g_assert_cmpint (b->dtype, ==, round ? E2V_DTYPE_F16 : E2V_DTYPE_F32);
    for (gsize j = 0; j < e2v_tensor_n_elements (a); j++) {
      double x, y;

      e2v_tensor_read_f64 (a, j, 1, &x);
      e2v_tensor_read_f64 (b, j, 1, &y);
      g_assert_true (y == (round ? files_round (x, 10, -14) : x));
    }
  }
}

int
main (int argc, char **argv)
{
  static const char *const cases[] = {
    "01-tiny", "02-six-heads-odd", "03-minimum-400", "04-feature-12-heads",
    "05-no-extra-scalar-alibi", "06-one-extra-per-layer",
    "07-large-activations", "08-silence", "09-ten-seconds",
    "10-five-convs-even-pos", "11-legacy-opaque", "12-half", "13-bfloat16",
    "14-views-offset-optim"
  };

  files_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/convert/case/%s", cases[i]);

    g_test_add_data_func (path, cases[i], test_case);
  }
  g_test_add_func ("/convert/folder", test_folder);
  g_test_add_func ("/convert/half", test_half);
  return files_test_run ();
}
