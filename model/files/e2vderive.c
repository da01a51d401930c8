/* e2vderive.c - the hyper-parameters of a checkpoint, from the shapes of its weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vderive.h"

#include "e2verror.h"

#include <string.h>

#define AUDIO "modality_encoders.AUDIO."
#define CONVS AUDIO "local_encoder.conv_layers."
#define POSITIONS AUDIO "relative_positional_encoder."
#define PRENET AUDIO "context_encoder.blocks."
#define MAIN "blocks."
/* Higher numbers in a name than any layer has. */
#define MAX_INDEX 999

static gboolean
G_GNUC_PRINTF (3, 4)
fail (GError ** error, E2vError code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (E2V_ERROR, code, format, args));
  va_end (args);
  return FALSE;
}

/* Variants of the architecture that would give wrong answers without an error, each known by a tensor of its own. */
static const struct
{
  const char *tensor, *unless, *what;
} variants[] = {
  {"norm.weight", AUDIO "context_encoder.norm.weight",
      "the pre-norm variant (layer_norm_first)"},
  {CONVS "0.2.weight", NULL,
      "the variant with a group norm in its front end (extractor_mode "
        "'default')"},
  {POSITIONS "1.1.0.weight", NULL,
      "the variant with a norm before the positional convolutions "
        "(conv_pos_pre_ln)"},
  {AUDIO "alibi_bias", NULL,
      "the variant with a learned ALiBi bias (learned_alibi)"},
};

static gboolean
check_variants (const E2vWeights * weights, GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (variants); i++) {
    if (!e2v_weights_find (weights, variants[i].tensor)
        || (variants[i].unless
            && e2v_weights_find (weights, variants[i].unless)))
      continue;
    return fail (error, E2V_ERROR_NOT_EMOTION2VEC,
        "'%s' tells that this is %s, "
        "which no public emotion2vec model uses and which is not supported",
        variants[i].tensor, variants[i].what);
  }
  return TRUE;
}

static gboolean
check_is_emotion2vec (const E2vWeights * weights, GError ** error)
{
  for (guint i = 0; i < e2v_weights_n (weights); i++) {
    if (g_str_has_prefix (e2v_weights_get (weights, i)->name, AUDIO))
      return TRUE;
  }
  if (e2v_weights_n (weights) == 0)
    return fail (error, E2V_ERROR_NOT_EMOTION2VEC,
        "the checkpoint holds no tensors");
  return fail (error, E2V_ERROR_NOT_EMOTION2VEC,
      "no emotion2vec checkpoint: it "
      "has tensors like '%s', but none that begins with '" AUDIO "'",
      e2v_weights_get (weights, 0)->stored_name);
}

/* Layers are counted by the highest number in a name, so that a weight which is missing in between is missed later. */
static gboolean
count_layers (const E2vWeights * weights, const char *prefix, guint * n,
    GError ** error)
{
  guint count = 0;

  for (guint i = 0; i < e2v_weights_n (weights); i++) {
    const E2vWeight *weight = e2v_weights_get (weights, i);
    const char *digits = weight->name + strlen (prefix);
    char *end;
    guint64 index;

    if (!g_str_has_prefix (weight->name, prefix)
        || !g_ascii_isdigit (*digits))
      continue;
    index = g_ascii_strtoull (digits, &end, 10);
    if (*end != '.')
      continue;
    if (index > MAX_INDEX)
      return fail (error, E2V_ERROR_NOT_EMOTION2VEC, "the tensor '%s' has an "
          "absurd number", weight->stored_name);
    count = MAX (count, (guint) index + 1);
  }
  *n = count;
  return TRUE;
}

/* Dimensions of a weight that has to be there with @n of them, each fitting a guint. */
static gboolean
get_dims (const E2vWeights * weights, const char *name, guint n, guint * dims,
    GError ** error)
{
  const E2vWeight *weight = e2v_weights_find (weights, name);

  if (!weight)
    return fail (error, E2V_ERROR_TENSOR, "the tensor '%s' is missing", name);
  if (!weight->usable)
    return fail (error, E2V_ERROR_TENSOR, "'%s' is of '%s', not a tensor of "
        "floating-point numbers", weight->stored_name, weight->type_name);
  if (weight->n_dims != n)
    return fail (error, E2V_ERROR_TENSOR, "the tensor '%s' has %u dimensions "
        "instead of %u", weight->stored_name, weight->n_dims, n);
  for (guint i = 0; i < n; i++) {
    if (weight->dims[i] < 1 || weight->dims[i] > G_MAXINT)
      return fail (error, E2V_ERROR_TENSOR, "the tensor '%s' has an absurd "
          "shape", weight->stored_name);
    dims[i] = (guint) weight->dims[i];
  }
  return TRUE;
}

/* Strides are not stored. They follow from the kernels in the front end that all public models share. */
static guint
usual_stride (guint kernel)
{
  return kernel == 10 ? 5 : kernel == 3 || kernel == 2 ? 2 : 0;
}

static gboolean
check_conv_spec (const E2vHparams * hparams, const E2vSidecar * sidecar,
    GError ** error)
{
  if (sidecar->n_conv != hparams->n_conv)
    return fail (error, E2V_ERROR_ARGUMENT, "feature_encoder_spec has %u "
        "convolutions, the checkpoint %u", sidecar->n_conv, hparams->n_conv);
  for (guint i = 0; i < hparams->n_conv; i++) {
    const E2vConvLayer *told = &sidecar->conv[i], *is = &hparams->conv[i];

    if (told->channels != is->channels || told->kernel != is->kernel)
      return fail (error, E2V_ERROR_ARGUMENT, "feature_encoder_spec has %u "
          "channels and kernel %u in convolution %u, the checkpoint %u and %u",
          told->channels, told->kernel, i, is->channels, is->kernel);
  }
  return TRUE;
}

static gboolean
find_strides (E2vHparams * hparams, const E2vSidecar * sidecar, GError ** error)
{
  if (sidecar->n_strides > 0 && sidecar->n_strides != hparams->n_conv)
    return fail (error, E2V_ERROR_ARGUMENT, "conv_strides has %u numbers, the "
        "checkpoint %u convolutions", sidecar->n_strides, hparams->n_conv);
  if (sidecar->n_conv > 0 && !check_conv_spec (hparams, sidecar, error))
    return FALSE;
  for (guint i = 0; i < hparams->n_conv; i++) {
    E2vConvLayer *conv = &hparams->conv[i];

    if (sidecar->n_strides > 0)
      conv->stride = sidecar->strides[i];
    else if (sidecar->n_conv > 0)
      conv->stride = sidecar->conv[i].stride;
    else
      conv->stride = usual_stride (conv->kernel);
    if (conv->stride == 0)
      return fail (error, E2V_ERROR_ARGUMENT, "the stride of convolution %u "
          "(kernel %u) is not stored in the checkpoint: put its config.yaml "
          "beside it or use --set conv_strides=N,N,...", i, conv->kernel);
  }
  return TRUE;
}

static gboolean
derive_convs (const E2vWeights * weights, const E2vSidecar * sidecar,
    E2vHparams * hparams, GError ** error)
{
  guint n;

  if (!count_layers (weights, CONVS, &n, error))
    return FALSE;
  if (n > E2V_MAX_CONV_LAYERS)
    return fail (error, E2V_ERROR_NOT_EMOTION2VEC,
        "%u convolutions, at most %u " "are supported", n, E2V_MAX_CONV_LAYERS);
  hparams->n_conv = MAX (n, 1);
  for (guint i = 0; i < hparams->n_conv; i++) {
    g_autofree char *name = g_strdup_printf (CONVS "%u.0.weight", i);
    guint dims[3];

    if (!get_dims (weights, name, 3, dims, error))
      return FALSE;
    hparams->conv[i].channels = dims[0];
    hparams->conv[i].kernel = dims[2];
  }
  return find_strides (hparams, sidecar, error);
}

static gboolean
derive_positions (const E2vWeights * weights, E2vHparams * hparams,
    GError ** error)
{
  guint n, dims[3];

  /* They are numbered from 1 on: 0 is a transposition without weights. */
  if (!count_layers (weights, POSITIONS, &n, error)
      || !get_dims (weights, POSITIONS "1.0.weight", 3, dims, error))
    return FALSE;
  if (hparams->embed_dim % dims[1] != 0)
    return fail (error, E2V_ERROR_TENSOR, "the tensor '" POSITIONS
        "1.0.weight' has %u inputs a group, which does not divide %u", dims[1],
        hparams->embed_dim);
  hparams->pos_depth = n - 1;
  hparams->pos_kernel = dims[2];
  hparams->pos_groups = hparams->embed_dim / dims[1];
  return TRUE;
}

static gboolean
derive_blocks (const E2vWeights * weights, E2vHparams * hparams,
    GError ** error)
{
  const char *first;
  guint dims[2];

  if (!count_layers (weights, PRENET, &hparams->n_prenet, error)
      || !count_layers (weights, MAIN, &hparams->n_main, error))
    return FALSE;
  first = hparams->n_main > 0 ?
      MAIN "0.mlp.fc1.weight" : PRENET "0.mlp.fc1.weight";
  if (!get_dims (weights, first, 2, dims, error))
    return FALSE;
  hparams->mlp_dim = dims[0];
  return TRUE;
}

/* [layers, 1, heads, 1, 1], or without the first dimension in old checkpoints. */
static gboolean
derive_alibi (const E2vWeights * weights, const E2vSidecar * sidecar,
    E2vHparams * hparams, GError ** error)
{
  const char *name = AUDIO "alibi_scale";
  const E2vWeight *weight = e2v_weights_find (weights, name);
  guint d[5] = { 1 };
  guint missing;

  if (!weight) {
    if (sidecar->use_alibi_encoder == 1)
      return fail (error, E2V_ERROR_TENSOR,
          "the tensor '%s' is missing, though "
          "the configuration says use_alibi_encoder = true (distances without "
          "a learned scale are not supported)", name);
    return TRUE;
  }
  missing = weight->n_dims == 4 ? 1 : 0;
  if (!get_dims (weights, name, 5 - missing, d + missing, error))
    return FALSE;
  if (d[1] != 1 || d[3] != 1 || d[4] != 1)
    return fail (error, E2V_ERROR_TENSOR, "the tensor '%s' is not of the shape "
        "[layers, 1, heads, 1, 1]", weight->stored_name);
  if (sidecar->use_alibi_encoder == 0)
    return fail (error, E2V_ERROR_ARGUMENT, "the configuration says "
        "use_alibi_encoder = false, but the checkpoint has '%s'",
        weight->stored_name);
  hparams->alibi_layers = d[0];
  hparams->alibi_heads = d[2];
  return TRUE;
}

static gboolean
derive_heads (const E2vSidecar * sidecar, E2vHparams * hparams, GError ** error)
{
  guint told = sidecar->num_heads > 0 ? (guint) sidecar->num_heads : 0;
  int alibi = sidecar->num_alibi_heads;

  if (hparams->alibi_heads > 1 && told && told != hparams->alibi_heads)
    return fail (error, E2V_ERROR_ARGUMENT, "num_heads is %u, but the ALiBi "
        "scale has %u heads (num_alibi_heads); different numbers are not "
        "supported", told, hparams->alibi_heads);
  if (hparams->alibi_heads > 1)
    told = hparams->alibi_heads;
  if (!told)
    return fail (error, E2V_ERROR_ARGUMENT, "the number of heads is not stored "
        "in the checkpoint: put its config.yaml beside it or use "
        "--set num_heads=N (public models: width / 64, here %u / 64)",
        hparams->embed_dim);
  if (hparams->alibi_layers > 0 && alibi > 0 && (guint) alibi != told)
    return fail (error, E2V_ERROR_ARGUMENT,
        "num_alibi_heads is %d and num_heads "
        "%u; different numbers are not supported", alibi, told);
  hparams->n_heads = told;
  return TRUE;
}

static gboolean
derive_rest (const E2vWeights * weights, const E2vSidecar * sidecar,
    E2vHparams * hparams, GError ** error)
{
  guint dims[3];

  if (e2v_weights_find (weights, AUDIO "extra_tokens")) {
    if (!get_dims (weights, AUDIO "extra_tokens", 3, dims, error))
      return FALSE;
    hparams->n_extra = dims[1];
  }
  if (e2v_weights_find (weights, "proj.weight")
      || e2v_weights_find (weights, "proj.bias")) {
    if (!get_dims (weights, "proj.weight", 2, dims, error))
      return FALSE;
    hparams->n_classes = dims[0];
  }
  hparams->norm_eps = sidecar->norm_eps > 0 ? sidecar->norm_eps : 1e-5;
  hparams->normalize = sidecar->normalize != 0;
  return TRUE;
}

/* What both the shapes and the configuration tell has to agree, else the configuration is that of another model. */
static gboolean
check_agreement (const E2vSidecar * sidecar, const E2vHparams * hparams,
    GError ** error)
{
  int width = sidecar->conv_pos_width, depth = sidecar->conv_pos_depth;
  int kernel = width > 0 && depth > 0 ? MAX (3, width / depth) : E2V_UNSET;
  const struct
  {
    const char *name;
    int told;
    guint is;
  } pairs[] = {
    {"embed_dim", sidecar->embed_dim, hparams->embed_dim},
    {"depth", sidecar->depth, hparams->n_main},
    {"prenet_depth", sidecar->prenet_depth, hparams->n_prenet},
    {"num_extra_tokens", sidecar->num_extra_tokens, hparams->n_extra},
    {"conv_pos_depth", depth, hparams->pos_depth},
    {"conv_pos_groups", sidecar->conv_pos_groups, hparams->pos_groups},
    {"conv_pos_width / conv_pos_depth", kernel, hparams->pos_kernel},
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    if (pairs[i].told != E2V_UNSET && (guint) pairs[i].told != pairs[i].is)
      return fail (error, E2V_ERROR_ARGUMENT, "the configuration says %s = %d, "
          "the checkpoint has %u: it is the configuration of another model",
          pairs[i].name, pairs[i].told, pairs[i].is);
  }
  if (sidecar->layer_norm_first == 1)
    return fail (error, E2V_ERROR_NOT_EMOTION2VEC, "the configuration says "
        "layer_norm_first = true, a variant that no public emotion2vec model "
        "uses and which is not supported");
  return TRUE;
}

gboolean
e2v_derive_hparams (const E2vWeights * weights, const E2vSidecar * sidecar,
    E2vHparams * hparams, GError ** error)
{
  E2vHparams derived = { 0 };
  guint dims[2];

  if (!check_is_emotion2vec (weights, error)
      || !check_variants (weights, error)
      || !derive_convs (weights, sidecar, &derived, error)
      || !get_dims (weights, AUDIO "project_features.2.weight", 2, dims, error))
    return FALSE;
  derived.embed_dim = dims[0];
  if (!derive_positions (weights, &derived, error)
      || !derive_blocks (weights, &derived, error)
      || !derive_alibi (weights, sidecar, &derived, error)
      || !derive_heads (sidecar, &derived, error)
      || !derive_rest (weights, sidecar, &derived, error)
      || !check_agreement (sidecar, &derived, error)
      || !e2v_hparams_validate (&derived, error))
    return FALSE;
  *hparams = derived;
  return TRUE;
}
