/* e2vlayout.c - the list of a model's tensors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vlayout.h"

#include <string.h>

struct _E2vLayout
{
  guint n_prenet;
  GArray *specs;                /* of E2vTensorSpec */
  GHashTable *by_name;          /* name (in the array) -> index + 1 */
};

/* %u stands for the layer */
static const char *const names[] = {
  "conv.%u.weight", "conv.%u.norm.weight", "conv.%u.norm.bias",
  "feature_norm.weight", "feature_norm.bias",
  "projection.weight", "projection.bias",
  "pos.%u.weight", "pos.%u.bias",
  "extra_tokens", "alibi_scale", "prenet_norm.weight", "prenet_norm.bias",
  "blk.%u.qkv.weight", "blk.%u.qkv.bias",
  "blk.%u.attn_proj.weight", "blk.%u.attn_proj.bias",
  "blk.%u.norm1.weight", "blk.%u.norm1.bias",
  "blk.%u.fc1.weight", "blk.%u.fc1.bias",
  "blk.%u.fc2.weight", "blk.%u.fc2.bias",
  "blk.%u.norm2.weight", "blk.%u.norm2.bias",
  "head.weight", "head.bias",
};

G_STATIC_ASSERT (G_N_ELEMENTS (names) == E2V_N_ROLES);

/* @format with its "%u" replaced by @layer, behind @prefix. */
static void
write_name (char *name, gsize size, const char *prefix, const char *format,
    guint layer)
{
  const char *percent = strchr (format, '%');

  if (percent)
    g_snprintf (name, size, "%s%.*s%u%s", prefix, (int) (percent - format),
        format, layer, percent + 2);
  else
    g_snprintf (name, size, "%s%s", prefix, format);
}

static void
add (E2vLayout * layout, E2vRole role, guint layer, guint n_dims, guint64 d0,
    guint64 d1, guint64 d2)
{
  E2vTensorSpec spec = {.role = role,.layer = layer,.n_dims = n_dims,
    .dims = {d0, d1, d2}
  };

  write_name (spec.name, sizeof spec.name, "", names[role], layer);
  g_array_append_val (layout->specs, spec);
}

/* A matrix with its bias, or the gain and bias of a norm: they follow each other in the enumeration. */
static void
add_pair (E2vLayout * layout, E2vRole role, guint layer, guint outputs,
    guint inputs)
{
  if (inputs)
    add (layout, role, layer, 2, outputs, inputs, 0);
  else
    add (layout, role, layer, 1, outputs, 0, 0);
  add (layout, role + 1, layer, 1, outputs, 0, 0);
}

static void
add_front_end (E2vLayout * layout, const E2vHparams * hp)
{
  guint inputs = 1, d = hp->embed_dim;

  for (guint i = 0; i < hp->n_conv; i++) {
    guint channels = hp->conv[i].channels;

    add (layout, E2V_ROLE_CONV_WEIGHT, i, 3, channels, hp->conv[i].kernel,
        inputs);
    add_pair (layout, E2V_ROLE_CONV_NORM_WEIGHT, i, channels, 0);
    inputs = channels;
  }
  add_pair (layout, E2V_ROLE_FEATURE_NORM_WEIGHT, 0, inputs, 0);
  add_pair (layout, E2V_ROLE_PROJECTION_WEIGHT, 0, d, inputs);
  for (guint i = 0; i < hp->pos_depth; i++) {
    add (layout, E2V_ROLE_POS_WEIGHT, i, 3, d, hp->pos_kernel,
        d / hp->pos_groups);
    add (layout, E2V_ROLE_POS_BIAS, i, 1, d, 0, 0);
  }
}

static void
add_block (E2vLayout * layout, const E2vHparams * hp, guint l)
{
  guint d = hp->embed_dim;

  add_pair (layout, E2V_ROLE_QKV_WEIGHT, l, 3 * d, d);
  add_pair (layout, E2V_ROLE_ATTN_PROJ_WEIGHT, l, d, d);
  add_pair (layout, E2V_ROLE_NORM1_WEIGHT, l, d, 0);
  add_pair (layout, E2V_ROLE_FC1_WEIGHT, l, hp->mlp_dim, d);
  add_pair (layout, E2V_ROLE_FC2_WEIGHT, l, d, hp->mlp_dim);
  add_pair (layout, E2V_ROLE_NORM2_WEIGHT, l, d, 0);
}

E2vLayout *
e2v_layout_new (const E2vHparams * hp)
{
  E2vLayout *layout = g_new0 (E2vLayout, 1);

  layout->n_prenet = hp->n_prenet;
  layout->specs = g_array_new (FALSE, TRUE, sizeof (E2vTensorSpec));
  add_front_end (layout, hp);
  if (hp->n_extra)
    add (layout, E2V_ROLE_EXTRA_TOKENS, 0, 2, hp->n_extra, hp->embed_dim, 0);
  if (hp->alibi_layers)
    add (layout, E2V_ROLE_ALIBI_SCALE, 0, 2, hp->alibi_layers, hp->alibi_heads,
        0);
  add_pair (layout, E2V_ROLE_PRENET_NORM_WEIGHT, 0, hp->embed_dim, 0);
  for (guint l = 0; l < e2v_hparams_n_blocks (hp); l++)
    add_block (layout, hp, l);
  if (hp->n_classes)
    add_pair (layout, E2V_ROLE_HEAD_WEIGHT, 0, hp->n_classes, hp->embed_dim);

  layout->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < layout->specs->len; i++) {
    E2vTensorSpec *spec = &g_array_index (layout->specs, E2vTensorSpec, i);

    g_hash_table_insert (layout->by_name, spec->name, GUINT_TO_POINTER (i + 1));
  }
  return layout;
}

void
e2v_layout_free (E2vLayout * layout)
{
  if (!layout)
    return;
  g_hash_table_unref (layout->by_name);
  g_array_unref (layout->specs);
  g_free (layout);
}

guint
e2v_layout_size (const E2vLayout * layout)
{
  return layout->specs->len;
}

const E2vTensorSpec *
e2v_layout_get (const E2vLayout * layout, guint index)
{
  g_assert (index < layout->specs->len);
  return &g_array_index (layout->specs, E2vTensorSpec, index);
}

int
e2v_layout_find_name (const E2vLayout * layout, const char *name)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (layout->by_name, name)) - 1;
}

int
e2v_layout_find (const E2vLayout * layout, E2vRole role, guint layer)
{
  for (guint i = 0; i < layout->specs->len; i++) {
    const E2vTensorSpec *spec = e2v_layout_get (layout, i);

    if (spec->role == role && spec->layer == layer)
      return (int) i;
  }
  return -1;
}

#define AUDIO "modality_encoders.AUDIO."

/* The same order as `names`; the positional layers count from 1 (0 is a transposition there). */
static const char *const official_names[] = {
  AUDIO "local_encoder.conv_layers.%u.0.weight",
  AUDIO "local_encoder.conv_layers.%u.2.1.weight",
  AUDIO "local_encoder.conv_layers.%u.2.1.bias",
  AUDIO "project_features.1.weight", AUDIO "project_features.1.bias",
  AUDIO "project_features.2.weight", AUDIO "project_features.2.bias",
  AUDIO "relative_positional_encoder.%u.0.weight",
  AUDIO "relative_positional_encoder.%u.0.bias",
  AUDIO "extra_tokens", AUDIO "alibi_scale",
  AUDIO "context_encoder.norm.weight", AUDIO "context_encoder.norm.bias",
  "blocks.%u.attn.qkv.weight", "blocks.%u.attn.qkv.bias",
  "blocks.%u.attn.proj.weight", "blocks.%u.attn.proj.bias",
  "blocks.%u.norm1.weight", "blocks.%u.norm1.bias",
  "blocks.%u.mlp.fc1.weight", "blocks.%u.mlp.fc1.bias",
  "blocks.%u.mlp.fc2.weight", "blocks.%u.mlp.fc2.bias",
  "blocks.%u.norm2.weight", "blocks.%u.norm2.bias",
  "proj.weight", "proj.bias",
};

G_STATIC_ASSERT (G_N_ELEMENTS (official_names) == E2V_N_ROLES);

void
e2v_layout_official_name (const E2vLayout * layout, guint index,
    char name[E2V_OFFICIAL_NAME_SIZE])
{
  const E2vTensorSpec *spec = e2v_layout_get (layout, index);
  const char *format = official_names[spec->role];
  const char *prefix = "";
  guint layer = spec->layer;

  if (spec->role == E2V_ROLE_POS_WEIGHT || spec->role == E2V_ROLE_POS_BIAS)
    layer++;
  if (g_str_has_prefix (format, "blocks.")) {
    if (layer < layout->n_prenet)
      prefix = AUDIO "context_encoder.";
    else
      layer -= layout->n_prenet;
  }
  write_name (name, E2V_OFFICIAL_NAME_SIZE, prefix, format, layer);
}

gboolean
e2v_role_is_matrix (E2vRole role)
{
  switch (role) {
    case E2V_ROLE_CONV_WEIGHT:
    case E2V_ROLE_PROJECTION_WEIGHT:
    case E2V_ROLE_POS_WEIGHT:
    case E2V_ROLE_QKV_WEIGHT:
    case E2V_ROLE_ATTN_PROJ_WEIGHT:
    case E2V_ROLE_FC1_WEIGHT:
    case E2V_ROLE_FC2_WEIGHT:
    case E2V_ROLE_HEAD_WEIGHT:
      return TRUE;
    default:
      return FALSE;
  }
}
