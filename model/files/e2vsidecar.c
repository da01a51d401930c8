/* e2vsidecar.c - what the shapes of weights cannot tell, from any source.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vsidecar.h"

#include "e2vbytes.h"
#include "e2vconvspec.h"
#include "e2verror.h"
#include "e2vfile.h"

#include <math.h>
#include <string.h>

#define MAX_FILE_SIZE (1 << 20)
#define MAX_COUNT 1000000
/* A head that needs more says nothing at all. */
#define MAX_TEMPERATURE 100
/* Of a value in a message. */
#define MAX_QUOTED 80

typedef enum
{
  COUNT,
  TRUTH
} Kind;

static const struct
{
  const char *name;
  Kind kind;
  gsize offset;
} fields[] = {
  {"embed_dim", COUNT, G_STRUCT_OFFSET (E2vSidecar, embed_dim)},
  {"depth", COUNT, G_STRUCT_OFFSET (E2vSidecar, depth)},
  {"prenet_depth", COUNT, G_STRUCT_OFFSET (E2vSidecar, prenet_depth)},
  {"num_heads", COUNT, G_STRUCT_OFFSET (E2vSidecar, num_heads)},
  {"num_alibi_heads", COUNT, G_STRUCT_OFFSET (E2vSidecar, num_alibi_heads)},
  {"num_extra_tokens", COUNT, G_STRUCT_OFFSET (E2vSidecar, num_extra_tokens)},
  {"conv_pos_width", COUNT, G_STRUCT_OFFSET (E2vSidecar, conv_pos_width)},
  {"conv_pos_depth", COUNT, G_STRUCT_OFFSET (E2vSidecar, conv_pos_depth)},
  {"conv_pos_groups", COUNT, G_STRUCT_OFFSET (E2vSidecar, conv_pos_groups)},
  {"normalize", TRUTH, G_STRUCT_OFFSET (E2vSidecar, normalize)},
  {"layer_norm_first", TRUTH, G_STRUCT_OFFSET (E2vSidecar, layer_norm_first)},
  {"use_alibi_encoder", TRUTH,
      G_STRUCT_OFFSET (E2vSidecar, use_alibi_encoder)},
};

void
e2v_sidecar_init (E2vSidecar * sidecar)
{
  memset (sidecar, 0, sizeof *sidecar);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    G_STRUCT_MEMBER (int, sidecar, fields[i].offset) = E2V_UNSET;
  sidecar->norm_eps = E2V_UNSET;
  sidecar->calibration_temperature = E2V_UNSET;
}

static gboolean
parse_count (const char *text, int *value)
{
  gint64 number;

  if (!g_ascii_string_to_signed (text, 10, 0, MAX_COUNT, &number, NULL))
    return FALSE;
  *value = (int) number;
  return TRUE;
}

static gboolean
parse_truth (const char *text, int *value)
{
  static const char *const words[] = { "false", "true", "no", "yes", "0", "1" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    if (g_ascii_strcasecmp (text, words[i]) == 0) {
      *value = (int) (i % 2);
      return TRUE;
    }
  }
  return FALSE;
}

/* A number above 0, @most at most. */
static gboolean
parse_positive (const char *text, double most, double *value)
{
  char *end;
  double number = g_ascii_strtod (text, &end);

  if (end == text || *end || !isfinite (number) || number <= 0 || number > most)
    return FALSE;
  *value = number;
  return TRUE;
}

static gboolean
parse_strides (const char *text, E2vSidecar * sidecar)
{
  g_auto (GStrv) words = g_strsplit (text, ",", E2V_MAX_CONV_LAYERS + 1);
  guint n = g_strv_length (words), strides[E2V_MAX_CONV_LAYERS];

  if (n < 1 || n > E2V_MAX_CONV_LAYERS)
    return FALSE;
  for (guint i = 0; i < n; i++) {
    int stride;

    if (!parse_count (g_strstrip (words[i]), &stride) || stride < 1)
      return FALSE;
    strides[i] = (guint) stride;
  }
  memcpy (sidecar->strides, strides, n * sizeof *strides);
  sidecar->n_strides = n;
  return TRUE;
}

/* Whether nothing is said: YAML's and Python's nothing, or a reference to another field that only the training program
 * could follow. */
static gboolean
is_unknown (const char *text)
{
  return *text == '\0' || strcmp (text, "~") == 0
      || g_ascii_strcasecmp (text, "null") == 0
      || strcmp (text, "None") == 0 || g_str_has_prefix (text, "${");
}

/* @known: (out): whether the name is one of ours. */
static gboolean
set_field (E2vSidecar * sidecar, const char *name, const char *text,
    gboolean * known)
{
  *known = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    int *value = &G_STRUCT_MEMBER (int, sidecar, fields[i].offset);

    if (strcmp (name, fields[i].name) != 0)
      continue;
    if (*value != E2V_UNSET)
      return TRUE;
    return fields[i].kind == COUNT ?
        parse_count (text, value) : parse_truth (text, value);
  }
  if (strcmp (name, "norm_eps") == 0)
    return sidecar->norm_eps > 0
        || parse_positive (text, 1, &sidecar->norm_eps);
  if (strcmp (name, "calibration_temperature") == 0)
    return sidecar->calibration_temperature > 0
        || parse_positive (text, MAX_TEMPERATURE,
        &sidecar->calibration_temperature);
  if (strcmp (name, "feature_encoder_spec") == 0
      || strcmp (name, "conv_layers") == 0)
    return sidecar->n_conv > 0
        || e2v_conv_spec_parse (text, sidecar->conv, &sidecar->n_conv);
  if (strcmp (name, "conv_strides") == 0)
    return sidecar->n_strides > 0 || parse_strides (text, sidecar);
  *known = FALSE;
  return TRUE;
}

gboolean
e2v_sidecar_set (E2vSidecar * sidecar, const char *name, const char *text,
    GError ** error)
{
  g_autofree char *beginning = NULL, *quoted = NULL;
  gboolean known;

  if (is_unknown (text) || set_field (sidecar, name, text, &known))
    return TRUE;
  beginning = g_strndup (text, MAX_QUOTED);
  quoted = g_utf8_make_valid (beginning, -1);
  return e2v_bad_format (error, "%s = '%s%s' makes no sense", name, quoted,
      strlen (text) > MAX_QUOTED ? "…" : "");
}

gboolean
e2v_sidecar_read_settings (E2vSidecar * sidecar, const char *const *settings,
    GError ** error)
{
  static const char *const names[] = {
    "num_heads", "norm_eps", "normalize", "conv_strides",
    "calibration_temperature", NULL
  };

  for (; settings && *settings; settings++) {
    g_auto (GStrv) parts = g_strsplit (*settings, "=", 2);
    gboolean known;

    if (g_strv_length (parts) == 2)
      g_strstrip (parts[0]);
    if (g_strv_length (parts) != 2 || !g_strv_contains (names, parts[0])) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
          "'%s' is no setting; there are num_heads=N, norm_eps=X, "
          "normalize=true|false, conv_strides=N,N,... and "
          "calibration_temperature=X", *settings);
      return FALSE;
    }
    if (!set_field (sidecar, parts[0], g_strstrip (parts[1]), &known)) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
          "'%s' is no value for %s", parts[1], parts[0]);
      return FALSE;
    }
  }
  return TRUE;
}

/* What an object of omegaconf or argparse holds; dictionaries and numbers are what they are. */
static const E2vValue *
unwrap (const E2vValue * value)
{
  for (guint i = 0; i < 4 && value && value->type == E2V_VALUE_OPAQUE; i++) {
    const E2vValue *state = value->v.object.state, *inner;

    if (!state || state->type != E2V_VALUE_DICT)
      return NULL;
    inner = e2v_value_get (state, "_content");
    if (!inner)
      inner = e2v_value_get (state, "_val");
    value = inner ? inner : state;
  }
  return value;
}

static const E2vValue *
get_unwrapped (const E2vValue * dict, const char *key)
{
  const E2vValue *value = dict ? e2v_value_get (dict, key) : NULL;

  return value ? unwrap (value) : NULL;
}

/* A number, truth value or string as text, NULL for anything else. */
static char *
scalar_to_text (const E2vValue * value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  switch (value->type) {
    case E2V_VALUE_BOOL:
      return g_strdup (value->v.integer ? "true" : "false");
    case E2V_VALUE_INT:
      return g_strdup_printf ("%" G_GINT64_FORMAT, value->v.integer);
    case E2V_VALUE_FLOAT:
      return g_strdup (g_ascii_dtostr (number, sizeof number, value->v.real));
    default:
      return e2v_value_to_text (value);
  }
}

static gboolean
read_dict (E2vSidecar * sidecar, const E2vValue * dict, const char *name,
    GError ** error)
{
  const E2vValue *value = get_unwrapped (dict, name);
  g_autofree char *text = value ? scalar_to_text (value) : NULL;

  return !text || e2v_sidecar_set (sidecar, name, text, error);
}

/* Only these three dictionaries, by name: a configuration that refers to itself cannot lead astray. */
gboolean
e2v_sidecar_read_config (E2vSidecar * sidecar, const E2vValue * config,
    GError ** error)
{
  const E2vValue *root = unwrap (config), *model, *modalities;
  const E2vValue *dicts[3];

  model = get_unwrapped (root, "model");
  modalities = get_unwrapped (model, "modalities");
  dicts[0] = model;
  dicts[1] = get_unwrapped (modalities, "audio");
  dicts[2] = get_unwrapped (root, "task");
  for (guint i = 0; i < G_N_ELEMENTS (dicts); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (fields); j++) {
      if (!read_dict (sidecar, dicts[i], fields[j].name, error))
        return FALSE;
    }
    if (!read_dict (sidecar, dicts[i], "norm_eps", error)
        || !read_dict (sidecar, dicts[i], "feature_encoder_spec", error))
      return FALSE;
  }
  return TRUE;
}

gboolean
e2v_sidecar_read_folder (E2vSidecar * sidecar, const char *folder,
    GError ** error)
{
  g_autofree char *yaml = g_build_filename (folder, "config.yaml", NULL);
  g_autofree char *json = g_build_filename (folder, "config.json", NULL);
  gboolean is_yaml = g_file_test (yaml, G_FILE_TEST_EXISTS);
  const char *path = is_yaml ? yaml : json;
  g_autofree char *text = NULL;
  gboolean ok;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  text = e2v_file_read_text (path, MAX_FILE_SIZE, error);
  if (!text)
    return FALSE;
  if (is_yaml)
    ok = e2v_sidecar_read_yaml (sidecar, text, strlen (text), error);
  else
    ok = e2v_sidecar_read_json (sidecar, text, strlen (text), error);
  if (!ok)
    g_prefix_error (error, "%s: ", path);
  return ok;
}
