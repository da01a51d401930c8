/* e2vconvert.c - public checkpoints become an E2vModel.
 *
 * The weights are widened to float, turned into our layout and, if asked for, rounded to half precision, one after another
 * in one block of memory; each is read from the file when it is its turn, what is not needed (optimiser state, teacher,
 * decoder) never.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vconvert.h"

#include "e2vbytes.h"
#include "e2vderive.h"
#include "e2verror.h"
#include "e2vfile.h"
#include "e2vlabels.h"
#include "e2vsidecar.h"
#include "e2vweights.h"

#include <string.h>

#define MAX_LICENCE_SIZE (1 << 20)

/* A conversion under way. */
typedef struct
{
  const E2vConvertOptions *options;
  E2vWeights *weights;
  E2vHparams hparams;
  double temperature;           /* of the head; 1: none */
  E2vLayout *layout;
  const E2vWeight **sources;    /* by layout index */
  GHashTable *used;             /* the same as a set */
  guint8 *data;                 /* of all tensors, one after another */
  E2vTensor *tensors;
} Conversion;

static void
conversion_clear (Conversion * c)
{
  g_clear_pointer (&c->weights, e2v_weights_free);
  g_clear_pointer (&c->layout, e2v_layout_free);
  g_clear_pointer (&c->used, g_hash_table_unref);
  g_free (c->sources);
  g_free (c->data);
  g_free (c->tensors);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Conversion, conversion_clear)
     static gboolean
         has_suffix_of (const char *name, const char *const *suffixes)
{
  for (; *suffixes; suffixes++) {
    if (g_str_has_suffix (name, *suffixes))
      return TRUE;
  }
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Names in @folder with one of the suffixes, sorted. */
static GPtrArray *
list_files (const char *folder, const char *const *suffixes, GError ** error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &cause);
  GPtrArray *names;
  const char *name;

  if (!dir) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_IO, cause->message);
    return NULL;
  }
  names = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (dir)) != NULL) {
    if (has_suffix_of (name, suffixes))
      g_ptr_array_add (names, g_strdup (name));
  }
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* The one checkpoint of a folder: model.pt as the public models have it, else the only file of torch, else the only
 * safetensors file. */
static char *
find_checkpoint (const char *folder, GError ** error)
{
  static const char *const torch[] = { ".pt", ".pth", NULL };
  static const char *const safe[] = { ".safetensors", NULL };
  static const char *const *const kinds[] = { torch, safe };
  g_autofree char *usual = g_build_filename (folder, "model.pt", NULL);

  if (g_file_test (usual, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&usual);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GPtrArray) names = list_files (folder, kinds[i], error);

    if (!names)
      return NULL;
    if (names->len == 1)
      return g_build_filename (folder, names->pdata[0], NULL);
    if (names->len > 1) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_FOUND, "%s has several "
          "checkpoints, '%s' and '%s' among them: name the file", folder,
          (char *) names->pdata[0], (char *) names->pdata[1]);
      return NULL;
    }
  }
  g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_FOUND,
      "%s has no checkpoint (*.pt, *.pth, *.safetensors)", folder);
  return NULL;
}

static void
report (const Conversion * c, const char *step, double fraction)
{
  if (c->options->progress)
    c->options->progress (step, fraction, c->options->user_data);
}

/* The shape in which checkpoints store the tensor. */
static void
official_shape (const E2vTensorSpec * spec, E2vWeight * shape)
{
  shape->n_dims = spec->n_dims;
  memcpy (shape->dims, spec->dims, sizeof shape->dims);
  switch (spec->role) {
    case E2V_ROLE_CONV_WEIGHT:
    case E2V_ROLE_POS_WEIGHT:
      shape->dims[1] = spec->dims[2];
      shape->dims[2] = spec->dims[1];
      break;
    case E2V_ROLE_EXTRA_TOKENS:
      shape->n_dims = 3;
      shape->dims[0] = 1;
      shape->dims[1] = spec->dims[0];
      shape->dims[2] = spec->dims[1];
      break;
    case E2V_ROLE_ALIBI_SCALE:
      shape->n_dims = 5;
      shape->dims[0] = spec->dims[0];
      shape->dims[2] = spec->dims[1];
      shape->dims[1] = shape->dims[3] = shape->dims[4] = 1;
      break;
    default:
      break;
  }
}

/* An ALiBi scale without its first dimension is the old form of the same. */
static gboolean
same_shape (const E2vWeight * weight, const E2vWeight * wanted,
    const E2vTensorSpec * spec)
{
  guint skip = spec->role == E2V_ROLE_ALIBI_SCALE && weight->n_dims == 4
      && wanted->dims[0] == 1 ? 1 : 0;

  return weight->n_dims == wanted->n_dims - skip
      && memcmp (weight->dims, wanted->dims + skip,
      weight->n_dims * sizeof *weight->dims) == 0;
}

static gboolean
check_shape (const E2vWeight * weight, const E2vTensorSpec * spec,
    GError ** error)
{
  g_autofree char *is = NULL, *asked = NULL;
  E2vWeight wanted = { NULL };

  official_shape (spec, &wanted);
  if (same_shape (weight, &wanted, spec))
    return TRUE;
  is = e2v_shape_to_string (weight->dims, weight->n_dims);
  asked = e2v_shape_to_string (wanted.dims, wanted.n_dims);
  g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
      "the tensor '%s' has the shape %s instead of %s", weight->stored_name, is,
      asked);
  return FALSE;
}

/* The weight for entry @index of the layout, with the right shape. */
static const E2vWeight *
find_weight (const Conversion * c, guint index, GError ** error)
{
  char name[E2V_OFFICIAL_NAME_SIZE];
  const E2vWeight *weight;

  e2v_layout_official_name (c->layout, index, name);
  weight = e2v_weights_find (c->weights, name);
  if (!weight) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
        "the tensor '%s' is missing", name);
    return NULL;
  }
  if (!check_shape (weight, e2v_layout_get (c->layout, index), error))
    return NULL;
  return weight;
}

/* Describes all tensors with their places in one block. Sizes are held against the file's, so that no small file can ask
 * for much memory, not even by many views of the same numbers. */
static gboolean
plan_memory (Conversion * c, gsize * n_elements, GError ** error)
{
  gsize file_size, total = 0, stored = 0;

  e2v_weights_file (c->weights, &file_size);
  for (guint i = 0; i < e2v_layout_size (c->layout); i++) {
    const E2vTensorSpec *spec = e2v_layout_get (c->layout, i);
    E2vTensor *tensor = &c->tensors[i];
    const E2vWeight *weight = find_weight (c, i, error);
    gsize n;

    if (!weight)
      return FALSE;
    c->sources[i] = weight;
    g_hash_table_add (c->used, (gpointer) weight);
    tensor->name = (char *) spec->name;
    tensor->dtype = E2V_DTYPE_F32;
    tensor->n_dims = spec->n_dims;
    memcpy (tensor->dims, spec->dims, sizeof tensor->dims);
    if (!e2v_shape_n_elements (spec->dims, spec->n_dims, &n)
        || !g_size_checked_mul (&tensor->size, n, sizeof (float))
        || !g_size_checked_add (&total, total, n)
        || !g_size_checked_add (&stored, stored, weight->size)
        || stored > file_size) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_FORMAT,
          "the weights are larger than the file (at '%s')",
          weight->stored_name);
      return FALSE;
    }
  }
  *n_elements = total;
  return TRUE;
}

/* Tensors that training leaves behind and no inference needs. */
static gboolean
is_training_leftover (const E2vWeight * weight)
{
  static const char *const beginnings[] = {
    "decoder.", "modality_encoders.AUDIO.decoder.", "_ema", "ema.",
    "target_", "recon_proj.", "shared_decoder.", "mask_emb"
  };

  if (!weight->usable)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++) {
    if (g_str_has_prefix (weight->name, beginnings[i]))
      return TRUE;
  }
  return FALSE;
}

static gboolean
check_surplus (const Conversion * c, GError ** error)
{
  for (guint i = 0; i < e2v_weights_n (c->weights); i++) {
    const E2vWeight *weight = e2v_weights_get (c->weights, i);

    if (g_hash_table_contains (c->used, weight)
        || is_training_leftover (weight))
      continue;
    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR, "the tensor '%s' is "
        "surplus: an emotion2vec model of this shape has no use for it",
        weight->stored_name);
    return FALSE;
  }
  return TRUE;
}

/* [outputs][inputs][kernel] to [outputs][kernel][inputs]. */
static void
turn_kernel (const float *src, const guint64 * dims, float *dst)
{
  gsize outputs = dims[0], kernel = dims[1], inputs = dims[2];

  for (gsize o = 0; o < outputs; o++) {
    for (gsize k = 0; k < kernel; k++) {
      for (gsize i = 0; i < inputs; i++)
        *dst++ = src[(o * inputs + i) * kernel + k];
    }
  }
}

/* Bytes of the model's tensors are little-endian, whatever this machine is. */
static void
to_little_endian (float *values, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    guint32 bits;

    memcpy (&bits, &values[i], sizeof bits);
    bits = GUINT32_TO_LE (bits);
    memcpy (&values[i], &bits, sizeof bits);
  }
}

/* @n: elements of the tensor. */
static gboolean
read_tensor (Conversion * c, guint index, gsize n, float *dst, GError ** error)
{
  const E2vTensorSpec *spec = e2v_layout_get (c->layout, index);
  gboolean turn = spec->role == E2V_ROLE_CONV_WEIGHT
      || spec->role == E2V_ROLE_POS_WEIGHT;
  g_autofree float *unturned =
      turn ? e2v_alloc (n, sizeof (float), error) : NULL;

  if (turn && !unturned)
    return FALSE;
  if (!e2v_weights_read (c->weights, c->sources[index], turn ? unturned : dst,
          error))
    return FALSE;
  if (turn)
    turn_kernel (unturned, spec->dims, dst);
  to_little_endian (dst, n);
  return TRUE;
}

static int
compare_places (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Conversion *c = user_data;

  return e2v_weight_compare_places (c->sources[*(const guint *) a],
      c->sources[*(const guint *) b]);
}

/* Layout indices in the order in which the weights lie in the file; free with g_free(). */
static guint *
reading_order (Conversion * c)
{
  const guint n = e2v_layout_size (c->layout);
  GArray *order = g_array_sized_new (FALSE, FALSE, sizeof (guint), n);

  for (guint i = 0; i < n; i++)
    g_array_append_val (order, i);
  g_array_sort_with_data (order, compare_places, c);
  return (guint *) (gpointer) g_array_free (order, FALSE);
}

/* Gives back the end of the block that half precision has saved, and tells the tensors where they are. */
static void
place_tensors (Conversion * c, const gsize * offsets, gsize size)
{
  c->data = g_realloc (c->data, size);
  for (guint i = 0; i < e2v_layout_size (c->layout); i++)
    c->tensors[i].data = c->data + offsets[i];
}

/* Reads one weight to @size of the block and moves that on. */
static gboolean
store_tensor (Conversion * c, guint index, gsize * size, GError ** error)
{
  E2vTensor *tensor = &c->tensors[index];
  float *values = (float *) (c->data + *size);

  if (!read_tensor (c, index, tensor->size / sizeof (float), values, error))
    return FALSE;
  if (c->options->half
      && e2v_role_is_matrix (e2v_layout_get (c->layout, index)->role))
    e2v_tensor_round_to_half (tensor, values);
  *size += (tensor->size + 3) / 4 * 4;
  return TRUE;
}

/* The block has room for all weights in float. Half precision leaves its end unused, which costs addresses but no memory:
 * nobody has written there. */
static gboolean
read_tensors (Conversion * c, GError ** error)
{
  const guint n_tensors = e2v_layout_size (c->layout);
  g_autofree gsize *offsets = g_new (gsize, n_tensors);
  g_autofree guint *order = NULL;
  gsize n_elements, size = 0;

  c->tensors = g_new0 (E2vTensor, n_tensors);
  c->sources = g_new0 (const E2vWeight *, n_tensors);
  if (!plan_memory (c, &n_elements, error) || !check_surplus (c, error))
    return FALSE;
  c->data = e2v_alloc (n_elements, sizeof (float), error);
  if (!c->data)
    return FALSE;
  order = reading_order (c);
  for (guint i = 0; i < n_tensors; i++) {
    report (c, "reading weights", (double) i / n_tensors);
    offsets[order[i]] = size;
    if (!store_tensor (c, order[i], &size, error))
      return FALSE;
    e2v_weights_release_pages (c->weights);
  }
  place_tensors (c, offsets, size);
  return TRUE;
}

static gboolean
derive (Conversion * c, const char *folder, GError ** error)
{
  const E2vValue *config = e2v_weights_config (c->weights);
  E2vSidecar sidecar;

  e2v_sidecar_init (&sidecar);
  if (!e2v_sidecar_read_settings (&sidecar, c->options->settings, error)
      || !e2v_sidecar_read_folder (&sidecar, folder, error))
    return FALSE;
  if (config && !e2v_sidecar_read_config (&sidecar, config, error)) {
    g_prefix_error (error, "the configuration in the checkpoint: ");
    return FALSE;
  }
  if (!e2v_derive_hparams (c->weights, &sidecar, &c->hparams, error))
    return FALSE;
  c->temperature = 1;
  if (sidecar.calibration_temperature > 0 && c->hparams.n_classes > 0)
    c->temperature = sidecar.calibration_temperature;
  return TRUE;
}

static gboolean
check_labels (const Conversion * c, char **labels, const char *path,
    GError ** error)
{
  guint n = g_strv_length (labels);

  if (n == c->hparams.n_classes)
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
      "%s has %u labels, the head of the checkpoint %u classes%s", path, n,
      c->hparams.n_classes,
      c->hparams.n_classes == 0 ? " (it is a feature model)" : "");
  return FALSE;
}

/* From the file that was named, tokens.txt beside the checkpoint, or, for nine classes, the official list. */
static char **
find_labels (const Conversion * c, const char *folder, GError ** error)
{
  g_autofree char *beside = g_build_filename (folder, "tokens.txt", NULL);
  const char *path = c->options->labels_file;
  g_auto (GStrv) labels = NULL;

  if (!path && c->hparams.n_classes == 0)
    return g_new0 (char *, 1);
  if (!path && g_file_test (beside, G_FILE_TEST_EXISTS))
    path = beside;
  if (path) {
    labels = e2v_labels_read (path, error);
    if (!labels || !check_labels (c, labels, path, error))
      return NULL;
    return g_steal_pointer (&labels);
  }
  if (c->hparams.n_classes == E2V_N_OFFICIAL_LABELS)
    return g_strdupv ((char **) e2v_official_labels);
  g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
      "the head has %u classes, and there is no tokens.txt beside the "
      "checkpoint that names them: use --labels FILE, one name a line",
      c->hparams.n_classes);
  return NULL;
}

/* Public models are folders with a model.pt; a file that is not called like any other bears the model's name itself. */
static char *
guess_name (const char *path)
{
  static const char *const usual[] = {
    "model", "checkpoint", "checkpoint_best", "checkpoint_last", NULL
  };
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *folder = g_path_get_dirname (absolute);
  g_autofree char *name = g_path_get_basename (absolute);
  char *dot = strrchr (name, '.');

  if (dot && dot != name)
    *dot = '\0';
  if (g_strv_contains (usual, name))
    return g_path_get_basename (folder);
  return g_steal_pointer (&name);
}

/* The licence's short name: its SPDX line if it has one, else its first line. */
static char *
name_licence (const char *text)
{
  const char *tag = "SPDX-License-Identifier:";
  const char *found = strstr (text, tag), *start, *end;
  char *name;

  start = found ? found + strlen (tag) : text;
  while (g_ascii_isspace (*start))
    start++;
  end = strchr (start, '\n');
  name = end ? g_strndup (start, (gsize) (end - start)) : g_strdup (start);
  return g_strstrip (name);
}

static void
report_hash (double fraction, gpointer user_data)
{
  const Conversion *c = user_data;

  e2v_weights_release_pages (c->weights);
  report (c, "hashing the checkpoint", fraction);
}

/* Names in a model file are UTF-8, those of files may be anything. */
static char *
display_name (char *name)
{
  char *valid = g_utf8_make_valid (name, -1);

  g_free (name);
  return valid;
}

static gboolean
collect_info (Conversion * c, const char *path, E2vModelInfo * info,
    GError ** error)
{
  const guint8 *data;
  gsize size;

  info->temperature = c->temperature;
  if (c->options->licence_file) {
    info->licence_text = e2v_file_read_text (c->options->licence_file,
        MAX_LICENCE_SIZE, error);
    if (!info->licence_text)
      return FALSE;
    info->licence = name_licence (info->licence_text);
  }
  data = e2v_weights_file (c->weights, &size);
  info->name = display_name (guess_name (path));
  info->source = display_name (g_path_get_basename (path));
  info->source_sha256 = e2v_sha256 (data, size, report_hash, c);
  return TRUE;
}

static void
clear_info (E2vModelInfo * info)
{
  g_free (info->name);
  g_free (info->licence);
  g_free (info->licence_text);
  g_free (info->source);
  g_free (info->source_sha256);
}

static E2vModel *
make_model (Conversion * c, const char *path, char **labels, GError ** error)
{
  E2vModelInfo info = { NULL };
  E2vModel *model = NULL;

  if (collect_info (c, path, &info, error)) {
    const E2vModelStorage storage = {.data = g_steal_pointer (&c->data),
      .free = g_free
    };

    model = e2v_model_new (&c->hparams, (const char *const *) labels,
        c->tensors, &info, &storage, error);
  }
  clear_info (&info);
  return model;
}

/* @path: of the file. */
static E2vModel *
convert_file (Conversion * c, const char *path, GError ** error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_auto (GStrv) labels = NULL;

  if (!derive (c, folder, error))
    return NULL;
  labels = find_labels (c, folder, error);
  if (!labels)
    return NULL;
  c->layout = e2v_layout_new (&c->hparams);
  c->used = g_hash_table_new (NULL, NULL);
  return read_tensors (c, error) ? make_model (c, path, labels, error) : NULL;
}

E2vModel *
e2v_convert (const char *path, const E2vConvertOptions * options,
    GError ** error)
{
  const E2vConvertOptions none = { NULL };
  g_auto (Conversion) c = {.options = options ? options : &none };
  g_autofree char *file = NULL;
  E2vModel *model;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    file = find_checkpoint (path, error);
  else
    file = g_strdup (path);
  if (!file)
    return NULL;
  c.weights = e2v_weights_open (file, error);
  if (!c.weights)
    return NULL;
  model = convert_file (&c, file, error);
  if (!model)
    g_prefix_error (error, "%s: ", file);
  return model;
}
