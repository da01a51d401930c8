/* e2vrandom.c - models of seeded random weights, and the public shapes.
 *
 * The recipe (docs/numerics.md, "Seeded weights") gives each weight in closed form from its official name, its index in
 * the official order and the seed, so that any program can make the same model without a file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vmodel.h"

#include "e2verror.h"
#include "e2vscratch.h"

#include <math.h>
#include <string.h>

#define GOLDEN G_GUINT64_CONSTANT (0x9E3779B97F4A7C15)

static guint64
fnv1a (const char *name)
{
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  for (; *name; name++)
    hash = (hash ^ (guint8) * name) * G_GUINT64_CONSTANT (0x100000001b3);
  return hash;
}

/* Uniform in [-1, 1): the @index-th number of the stream @base, by splitmix64. */
static double
uniform (guint64 base, guint64 index)
{
  guint64 z = base + (index + 1) * GOLDEN;

  z = (z ^ z >> 30) * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * G_GUINT64_CONSTANT (0x94D049BB133111EB);
  z ^= z >> 31;
  return (double) (z >> 40) * 0x1p-23 - 1;
}

/* A weight is offset + factor * u. */
typedef struct
{
  double offset, factor;
} Spread;

static double
matrix_gain (E2vRole role)
{
  switch (role) {
    case E2V_ROLE_CONV_WEIGHT:
    case E2V_ROLE_POS_WEIGHT:
      return 1.4;
    case E2V_ROLE_QKV_WEIGHT:
      return 1.5;
    case E2V_ROLE_FC1_WEIGHT:
      return 1.3;
    case E2V_ROLE_HEAD_WEIGHT:
      return 3.0;
    default:
      return 1.0;
  }
}

static Spread
spread_of (const E2vTensorSpec * spec)
{
  Spread s = { 0, 0.1 };        /* biases, of layers and of norms */

  switch (spec->role) {
    case E2V_ROLE_ALIBI_SCALE:
      s.offset = 0.7;
      s.factor = 0.6;
      break;
    case E2V_ROLE_EXTRA_TOKENS:
      s.factor = 1;
      break;
    case E2V_ROLE_HEAD_BIAS:
      s.factor = 0.2;
      break;
    case E2V_ROLE_QKV_BIAS:
      s.factor = 0.3;
      break;
    case E2V_ROLE_CONV_NORM_WEIGHT:
    case E2V_ROLE_FEATURE_NORM_WEIGHT:
    case E2V_ROLE_PRENET_NORM_WEIGHT:
    case E2V_ROLE_NORM1_WEIGHT:
    case E2V_ROLE_NORM2_WEIGHT:
      s.offset = 1;
      s.factor = 0.3;
      break;
    default:
      if (e2v_role_is_matrix (spec->role)) {
        guint64 fan = spec->dims[1] * (spec->n_dims == 3 ? spec->dims[2] : 1);

        s.factor = sqrt (3) * (matrix_gain (spec->role) / sqrt ((double) fan));
      }
      break;
  }
  return s;
}

static void
fill (float *values, const E2vLayout * layout, guint index, guint64 seed)
{
  const E2vTensorSpec *spec = e2v_layout_get (layout, index);
  char name[E2V_OFFICIAL_NAME_SIZE];
  Spread s = spread_of (spec);
  guint64 base, kernel = 1, inputs = 1, i = 0;

  e2v_layout_official_name (layout, index, name);
  base = fnv1a (name) ^ seed * GOLDEN;
  if (spec->n_dims == 3) {
    kernel = spec->dims[1];
    inputs = spec->dims[2];
  } else if (spec->n_dims == 2) {
    inputs = spec->dims[1];
  }
  /* the official order of a convolution is [outputs][inputs][kernel] */
  for (guint64 o = 0; o < spec->dims[0]; o++)
    for (guint64 k = 0; k < kernel; k++)
      for (guint64 c = 0; c < inputs; c++)
        values[i++] = (float) (s.offset
            + uniform (base, (o * inputs + c) * kernel + k) * s.factor);
}

static char **
labels_for (guint n_classes)
{
  static const char *const official[] = {
    "生气/angry", "厌恶/disgusted", "恐惧/fearful", "开心/happy",
    "中立/neutral", "其他/other", "难过/sad", "吃惊/surprised", "<unk>"
  };
  char **labels = g_new0 (char *, n_classes + 1);

  for (guint i = 0; i < n_classes; i++)
    labels[i] = n_classes == G_N_ELEMENTS (official)
        ? g_strdup (official[i]) : g_strdup_printf ("class %u", i);
  return labels;
}

/* Describes all tensors, without data. Returns how many bytes they have together. */
static gsize
describe (const E2vLayout * layout, E2vTensor * tensors)
{
  gsize total = 0;

  for (guint i = 0; i < e2v_layout_size (layout); i++) {
    const E2vTensorSpec *spec = e2v_layout_get (layout, i);

    tensors[i].dtype = E2V_DTYPE_F32;
    tensors[i].n_dims = spec->n_dims;
    memcpy (tensors[i].dims, spec->dims, sizeof spec->dims);
    tensors[i].size = e2v_tensor_n_elements (&tensors[i]) * sizeof (float);
    total += tensors[i].size;
  }
  return total;
}

/* The weights of the described tensors; NULL without memory. */
static E2vScratch *
fill_all (const E2vLayout * layout, guint64 seed, gsize total,
    E2vTensor * tensors)
{
  E2vScratch *scratch = e2v_scratch_new (total);
  guint8 *data = scratch ? e2v_scratch_data (scratch) : NULL;

  for (guint i = 0; data && i < e2v_layout_size (layout); i++) {
    tensors[i].data = data;
    fill ((float *) data, layout, i, seed);
    e2v_scratch_release_pages (scratch);
    data += tensors[i].size;
  }
  return scratch;
}

E2vModel *
e2v_model_new_random (const E2vHparams * hparams, guint64 seed, GError ** error)
{
  g_autoptr (E2vLayout) layout = NULL;
  g_auto (GStrv) labels = NULL;
  g_autofree E2vTensor *tensors = NULL;
  g_autofree char *name =
      g_strdup_printf ("random weights, seed %" G_GUINT64_FORMAT, seed);
  const E2vModelInfo info = {.name = name,.temperature = 1 };
  E2vModelStorage storage = {
    .free = (GDestroyNotify) e2v_scratch_free,
    .release_pages = (void (*)(gpointer)) e2v_scratch_release_pages,
  };

  if (!e2v_hparams_validate (hparams, error))
    return NULL;
  layout = e2v_layout_new (hparams);
  tensors = g_new0 (E2vTensor, e2v_layout_size (layout));
  storage.data = fill_all (layout, seed, describe (layout, tensors), tensors);
  if (!storage.data) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY,
        "no memory for the weights");
    return NULL;
  }
  labels = labels_for (hparams->n_classes);
  return e2v_model_new (hparams, (const char *const *) labels, tensors, &info,
      &storage, error);
}

static const E2vHparams base_shape = {
  .conv = {{512, 10, 5}, {512, 3, 2}, {512, 3, 2}, {512, 3, 2}, {512, 3, 2},
      {512, 2, 2}, {512, 2, 2}},
  .n_conv = 7,.embed_dim = 768,.n_heads = 12,.n_prenet = 4,.n_main = 8,
  .mlp_dim = 3072,.n_extra = 10,.pos_depth = 5,.pos_kernel = 19,
  .pos_groups = 16,.alibi_layers = 1,.alibi_heads = 12,.n_classes = 9,
  .norm_eps = 1e-5,.normalize = TRUE
};

static const E2vHparams mini_shape = {
  .conv = {{256, 400, 160}, {160, 3, 2}, {160, 3, 1}},
  .n_conv = 3,.embed_dim = 128,.n_heads = 4,.n_prenet = 1,.n_main = 3,
  .mlp_dim = 512,.n_extra = 4,.pos_depth = 3,.pos_kernel = 9,
  .pos_groups = 16,.alibi_layers = 1,.alibi_heads = 4,.n_classes = 9,
  .norm_eps = 1e-5,.normalize = TRUE
};

gboolean
e2v_hparams_for_shape (const char *shape, E2vHparams * hparams)
{
  if (g_str_equal (shape, "base")) {
    *hparams = base_shape;
  } else if (g_str_equal (shape, "large")) {
    *hparams = base_shape;
    hparams->embed_dim = 1024;
    hparams->n_heads = hparams->alibi_heads = 16;
    hparams->mlp_dim = 4096;
  } else if (g_str_equal (shape, "mini")) {
    *hparams = mini_shape;
  } else {
    return FALSE;
  }
  return TRUE;
}
