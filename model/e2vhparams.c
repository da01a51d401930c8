/* e2vhparams.c - checks on hyper-parameters and what follows from them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhparams.h"

#include "e2verror.h"

#include <math.h>

/* Far above every public model; what a hostile file may ask for. */
#define MAX_WIDTH 16384
#define MAX_BLOCKS 256
#define MAX_KERNEL 8192

typedef struct
{
  const char *field;
  guint value, min, max;
} Range;

static gboolean
check_ranges (const Range * ranges, gsize n, GError ** error)
{
  for (gsize i = 0; i < n; i++) {
    if (ranges[i].value < ranges[i].min || ranges[i].value > ranges[i].max) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
          "%s is %u, expected %u to %u", ranges[i].field, ranges[i].value,
          ranges[i].min, ranges[i].max);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
check_divides (const char *part, guint a, const char *whole, guint b,
    GError ** error)
{
  if (b % a == 0)
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
      "%s (%u) does not divide %s (%u)", part, a, whole, b);
  return FALSE;
}

static gboolean
check_alibi (const E2vHparams * hp, GError ** error)
{
  guint layers = hp->alibi_layers, heads = hp->alibi_heads;

  if (layers == 0)
    return TRUE;
  if ((layers == 1 || layers == e2v_hparams_n_blocks (hp))
      && (heads == 1 || heads == hp->n_heads))
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
      "the ALiBi scale has %u layers and %u heads, the model %u and %u", layers,
      heads, e2v_hparams_n_blocks (hp), hp->n_heads);
  return FALSE;
}

gboolean
e2v_hparams_validate (const E2vHparams * hp, GError ** error)
{
  const Range ranges[] = {
    {"number of convolution layers", hp->n_conv, 1, E2V_MAX_CONV_LAYERS},
    {"embedding width", hp->embed_dim, 1, MAX_WIDTH},
    {"number of heads", hp->n_heads, 1, 1024},
    {"number of prenet blocks", hp->n_prenet, 0, MAX_BLOCKS},
    {"number of main blocks", hp->n_main, 0, MAX_BLOCKS},
    {"number of blocks", hp->n_prenet + hp->n_main, 1, MAX_BLOCKS},
    {"MLP width", hp->mlp_dim, 1, 4 * MAX_WIDTH},
    {"number of extra tokens", hp->n_extra, 0, 1024},
    {"number of positional layers", hp->pos_depth, 1, 64},
    {"positional kernel", hp->pos_kernel, 1, 1024},
    {"positional groups", hp->pos_groups, 1, MAX_WIDTH},
    {"number of classes", hp->n_classes, 0, 65536},
  };

  if (!check_ranges (ranges, G_N_ELEMENTS (ranges), error))
    return FALSE;
  for (guint i = 0; i < hp->n_conv; i++) {
    const Range layer[] = {
      {"convolution width", hp->conv[i].channels, 1, MAX_WIDTH},
      {"convolution kernel", hp->conv[i].kernel, 1, MAX_KERNEL},
      {"convolution stride", hp->conv[i].stride, 1, MAX_KERNEL},
    };

    if (!check_ranges (layer, G_N_ELEMENTS (layer), error))
      return FALSE;
  }
  if (!(hp->norm_eps > 0 && hp->norm_eps < 1)) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
        "norm_eps is %g, expected a small positive number", hp->norm_eps);
    return FALSE;
  }
  return check_divides ("number of heads", hp->n_heads, "embedding width",
      hp->embed_dim, error)
      && check_divides ("positional groups", hp->pos_groups, "embedding width",
      hp->embed_dim, error)
      && check_alibi (hp, error);
}

guint
e2v_hparams_n_blocks (const E2vHparams * hp)
{
  return hp->n_prenet + hp->n_main;
}

guint
e2v_hparams_conv_length (const E2vHparams * hp, guint layer, guint n_samples)
{
  guint n = n_samples;

  for (guint i = 0; i <= layer && i < hp->n_conv; i++) {
    if (n < hp->conv[i].kernel)
      return 0;
    n = (n - hp->conv[i].kernel) / hp->conv[i].stride + 1;
  }
  return n;
}

guint
e2v_hparams_n_frames (const E2vHparams * hp, guint n_samples)
{
  return e2v_hparams_conv_length (hp, hp->n_conv - 1, n_samples);
}

guint
e2v_hparams_hop (const E2vHparams * hp)
{
  guint64 hop = 1;

  for (guint i = 0; i < hp->n_conv; i++)
    hop = MIN (hop * hp->conv[i].stride, G_MAXUINT);
  return (guint) hop;
}

guint
e2v_hparams_n_samples_for (const E2vHparams * hp, guint n_frames)
{
  guint64 n = n_frames;

  for (guint i = hp->n_conv; i-- > 0;)
    n = MIN ((n - 1) * hp->conv[i].stride + hp->conv[i].kernel, G_MAXUINT);
  return (guint) n;
}

double
e2v_alibi_slope (guint head, guint n_heads)
{
  guint power = 1;

  while (power * 2 <= n_heads)
    power *= 2;
  if (head < power)
    return exp2 (-8.0 * (head + 1) / power);
  return exp2 (-8.0 * (2 * (head - power) + 1) / (2 * power));
}
