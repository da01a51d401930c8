/* filesutil.c - what the tests of model files share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filesutil.h"

#include "e2verror.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static char *folder;

void
files_test_init (int *argc, char ***argv)
{
  g_autofree char *cache = NULL;

  folder = g_dir_make_tmp ("e2vfiles-XXXXXX", NULL);
  g_assert_nonnull (folder);
  cache = g_build_filename (folder, "cache", NULL);
  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (argc, argv, NULL);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *inner = g_build_filename (path, name, NULL);

    remove_tree (inner);
  }
  g_remove (path);
}

int
files_test_run (void)
{
  int status = g_test_run ();

  remove_tree (folder);
  g_clear_pointer (&folder, g_free);
  return status;
}

char *
files_test_path (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

char *
files_test_write (const char *name, const void *data, gsize size)
{
  char *path = files_test_path (name);

  g_assert_true (g_file_set_contents (path, data, (gssize) size, NULL));
  return path;
}

GByteArray *
files_test_read (const char *path)
{
  char *data;
  gsize size;

  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  return g_byte_array_new_take ((guint8 *) data, size);
}

void
files_test_expect (GError * error, int code, ...)
{
  const char *word;
  va_list words;

  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_error (error, E2V_ERROR, code);
  va_start (words, code);
  while ((word = va_arg (words, const char *)))
  {
    if (!strstr (error->message, word))
      g_error ("'%s' is not in '%s'", word, error->message);
  }
  va_end (words);
  g_error_free (error);
}

char *
files_case_path (const char *name, const char *file)
{
  return g_test_build_filename (G_TEST_DIST, name, file, NULL);
}

JsonObject *
files_case_config (JsonParser * parser, const char *name)
{
  g_autofree char *path = files_case_path (name, "config.json");

  g_assert_true (json_parser_load_from_file (parser, path, NULL));
  return json_node_get_object (json_parser_get_root (parser));
}

/* Uniform in [-1, 1): FNV-1a of the name, then splitmix64. */
static double
uniform (guint64 seed, const char *name, guint64 index)
{
  const guint64 golden = G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);
  guint64 h = G_GUINT64_CONSTANT (0xcbf29ce484222325), z;

  for (; *name; name++)
    h = (h ^ (guint8) * name) * G_GUINT64_CONSTANT (0x100000001b3);
  z = (h ^ seed * golden) + (index + 1) * golden;
  z = (z ^ z >> 30) * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * G_GUINT64_CONSTANT (0x94D049BB133111EB);
  z = z ^ z >> 31;
  return (double) (z >> 40) * 0x1p-23 - 1;
}

static double
gain_of (JsonObject * gain, const char *name, double otherwise)
{
  return json_object_get_double_member_with_default (gain, name, otherwise);
}

/* The factor of a convolution of the front end. */
static double
conv_factor (JsonObject * gain, const char *name)
{
  const char *at = strstr (name, "conv_layers.");
  g_autofree char *layer = NULL;
  JsonObject *factors;

  if (!at || !json_object_has_member (gain, "conv_layer_mul"))
    return 1;
  factors = json_object_get_object_member (gain, "conv_layer_mul");
  layer = g_strdup_printf ("%d", atoi (at + strlen ("conv_layers.")));
  return gain_of (factors, layer, 1);
}

static double
matrix_gain (JsonObject * gain, const char *name)
{
  static const struct
  {
    const char *part, *gain;
    double otherwise;
  } rows[] = {
    {"relative_positional_encoder", "pos", 1.4}, {"conv_layers", "conv", 1.4},
    {"attn.qkv", "qkv", 1.5}, {"attn.proj", "attn_proj", 1},
    {"mlp.fc1", "fc1", 1.3}, {"mlp.fc2", "fc2", 1},
    {"project_features.2", "proj_feat", 1}, {"proj.weight", "head", 3}
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (strstr (name, rows[i].part))
      return gain_of (gain, rows[i].gain, rows[i].otherwise) *
          conv_factor (gain, name);
  }
  g_assert_not_reached ();
}

float
files_recipe (JsonObject * config, const char *name, const guint64 * dims,
    guint n_dims, guint64 index)
{
  JsonObject *gain = json_object_get_object_member (config, "gain");
  double u = uniform ((guint64) json_object_get_int_member (config, "seed"),
      name, index);
  double fan = 1;

  if (g_str_has_suffix (name, "alibi_scale"))
    return (float) (json_object_has_member (gain, "alibi_negative") ?
        0.3 + 0.9 * u : 0.7 + 0.6 * u);
  if (g_str_has_suffix (name, "extra_tokens"))
    return (float) u;
  if (g_str_equal (name, "proj.bias"))
    return (float) (0.2 * u);
  if (g_str_has_suffix (name, "qkv.bias"))
    return (float) (0.3 * u);
  if (g_str_has_suffix (name, "bias"))
    return (float) (0.1 * u);
  if (n_dims == 1)
    return (float) (1 + 0.3 * u);
  for (guint i = 1; i < n_dims; i++)
    fan *= (double) dims[i];
  return (float) (u * (sqrt (3) * (matrix_gain (gain, name) / sqrt (fan))));
}

double
files_round (double value, int bits, int min_exponent)
{
  int exponent;
  double quantum;

  if (value == 0)
    return value;
  frexp (value, &exponent);
  quantum = ldexp (1, MAX (exponent - 1, min_exponent) - bits);
  return nearbyint (value / quantum) * quantum;
}

E2vModel *
files_test_model (void)
{
  E2vHparams hp = {.conv = {{16, 10, 5}, {24, 3, 2}, {20, 2, 2}},.n_conv = 3,
  .embed_dim = 24,.n_heads = 3,.n_prenet = 1,.n_main = 2,.mlp_dim = 40,
  .n_extra = 2,.pos_depth = 2,.pos_kernel = 7,.pos_groups = 4,
  .alibi_layers = 1,.alibi_heads = 3,.n_classes = 9,.norm_eps = 1e-5,
  .normalize = TRUE
  };
  float utterance[24], scores[9];
  E2vModel *model = e2v_model_new_random (&hp, 7, NULL);

  g_assert_nonnull (model);
  for (guint i = 0; i < 24; i++)
    utterance[i] = (float) i / 7 - 1;
  for (guint i = 0; i < 9; i++)
    scores[i] = (float) i / 36;
  e2v_model_set_selftest (model, 500, utterance, scores);
  return model;
}
