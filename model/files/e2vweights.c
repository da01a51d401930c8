/* e2vweights.c - the weights of a checkpoint as one list of named tensors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vweights.h"

#include "e2vbytes.h"
#include "e2vcheckpoint.h"
#include "e2verror.h"
#include "e2vfile.h"
#include "e2vsafetensors.h"

#include <string.h>

/* Far above any model; it also bounds the time that names with colliding hashes can cost. */
#define MAX_ENTRIES 16384

struct _E2vWeights
{
  GMappedFile *map;
  const guint8 *data;
  gsize size;
  E2vCheckpoint *checkpoint;    /* one of these two */
  E2vSafetensors *safetensors;
  GArray *list;                 /* of E2vWeight */
  GHashTable *by_name;          /* name -> index + 1 */
};

/* Wrappers put these in front of the official names. */
static const char *const prefixes[] = {
  "module.", "d2v_model.", "w2v_encoder.w2v_model.", "w2v_encoder."
};

static const char *
skip_prefixes (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (prefixes);) {
    if (g_str_has_prefix (name, prefixes[i])) {
      name += strlen (prefixes[i]);
      i = 0;
    } else {
      i++;
    }
  }
  return name;
}

/* Takes over @weight's strings. */
static gboolean
add_weight (E2vWeights * weights, E2vWeight * weight, GError ** error)
{
  gpointer before;

  weight->name = g_strdup (skip_prefixes (weight->stored_name));
  g_array_append_val (weights->list, *weight);
  before = g_hash_table_lookup (weights->by_name, weight->name);
  if (before)
    return e2v_bad_format (error, "'%s' and '%s' are the same weight",
        e2v_weights_get (weights, GPOINTER_TO_UINT (before) - 1)->stored_name,
        weight->stored_name);
  g_hash_table_insert (weights->by_name, weight->name,
      GUINT_TO_POINTER (weights->list->len));
  return TRUE;
}

static void
describe_view (E2vWeight * weight, const E2vView * view)
{
  const E2vStorage *storage = &view->storage->v.storage;
  gsize n;

  weight->view = view;
  weight->n_dims = view->n_dims;
  memcpy (weight->dims, view->dims, sizeof weight->dims);
  weight->type_name = storage->type_name;
  weight->usable = storage->has_dtype;
  if (!e2v_shape_n_elements (view->dims, view->n_dims, &n)
      || !g_size_checked_mul (&weight->size, n, storage->element_size))
    weight->size = G_MAXSIZE;
}

/* An entry that stands for no tensor keeps its place if an object has it, so that a message can say so. */
static gboolean
add_entry (E2vWeights * weights, const E2vValue * key, const E2vValue * value,
    GError ** error)
{
  g_autofree char *name = e2v_value_to_text (key);
  E2vWeight weight = { NULL };

  if (!name)
    return TRUE;
  if (value->type == E2V_VALUE_TENSOR)
    describe_view (&weight, value->v.view);
  else if (value->type == E2V_VALUE_OPAQUE)
    weight.type_name = value->v.object.name;
  else
    return TRUE;
  weight.stored_name = g_steal_pointer (&name);
  return add_weight (weights, &weight, error);
}

static const E2vValue *
find_state_dict (const E2vValue * root, GError ** error)
{
  static const char *const keys[] = {
    "state_dict", "model_state_dict", "model"
  };
  const E2vValue *dict = root;

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    const E2vValue *inner = e2v_value_get (dict, keys[i]);

    if (inner && (inner->type == E2V_VALUE_DICT
            || inner->type == E2V_VALUE_OPAQUE))
      dict = inner;
  }
  if (dict->type == E2V_VALUE_DICT)
    return dict;
  if (dict->type == E2V_VALUE_OPAQUE || dict->type == E2V_VALUE_GLOBAL)
    g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
        "the checkpoint holds an object of '%s' where a dictionary of tensors "
        "has to be; save model.state_dict() instead", dict->v.object.name);
  else
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
        "the checkpoint holds no dictionary of tensors");
  return NULL;
}

static gboolean
list_checkpoint (E2vWeights * weights, GError ** error)
{
  const E2vValue *dict =
      find_state_dict (e2v_checkpoint_root (weights->checkpoint), error);

  if (!dict)
    return FALSE;
  if (e2v_value_length (dict) > MAX_ENTRIES)
    return e2v_bad_format (error, "an absurd count of %u weights",
        e2v_value_length (dict));
  for (guint i = 0; i < e2v_value_length (dict); i++) {
    const E2vValue *key, *value = e2v_value_pair (dict, i, &key);

    if (!add_entry (weights, key, value, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
list_safetensors (E2vWeights * weights, GError ** error)
{
  guint n = e2v_safetensors_n_tensors (weights->safetensors);

  if (n > MAX_ENTRIES)
    return e2v_bad_format (error, "an absurd count of %u weights", n);
  for (guint i = 0; i < n; i++) {
    const E2vTensor *tensor = e2v_safetensors_get (weights->safetensors, i);
    E2vWeight weight = {.tensor = tensor,.usable = TRUE,
      .n_dims = tensor->n_dims,.size = tensor->size
    };

    weight.stored_name = g_strdup (tensor->name);
    weight.type_name = e2v_dtype_name (tensor->dtype);
    memcpy (weight.dims, tensor->dims, sizeof weight.dims);
    if (!add_weight (weights, &weight, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
open_container (E2vWeights * weights, GError ** error)
{
  if (e2v_checkpoint_is_one (weights->data, weights->size)) {
    weights->checkpoint = e2v_checkpoint_new (weights->data, weights->size,
        error);
    return weights->checkpoint && list_checkpoint (weights, error);
  }
  if (e2v_safetensors_is_one (weights->data, weights->size)) {
    weights->safetensors = e2v_safetensors_new_from_memory (weights->data,
        weights->size, error);
    return weights->safetensors && list_safetensors (weights, error);
  }
  if (weights->size >= 4 && memcmp (weights->data, "GGUF", 4) == 0)
    return e2v_bad_format (error, "a GGUF file is a converted model already");
  return e2v_bad_format (error, "neither a checkpoint of torch.save (zip or "
      "stream) nor a safetensors file");
}

E2vWeights *
e2v_weights_new_from_memory (const guint8 * data, gsize size, GError ** error)
{
  g_autoptr (E2vWeights) weights = g_new0 (E2vWeights, 1);

  weights->data = data;
  weights->size = size;
  weights->list = g_array_new (FALSE, FALSE, sizeof (E2vWeight));
  weights->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  return open_container (weights, error) ? g_steal_pointer (&weights) : NULL;
}

E2vWeights *
e2v_weights_open (const char *path, GError ** error)
{
  g_autoptr (GMappedFile) map = e2v_file_map (path, error);
  E2vWeights *weights;

  if (!map)
    return NULL;
  weights = e2v_weights_new_from_memory ((const guint8 *)
      g_mapped_file_get_contents (map), g_mapped_file_get_length (map), error);
  if (!weights) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  weights->map = g_steal_pointer (&map);
  return weights;
}

void
e2v_weights_free (E2vWeights * weights)
{
  if (!weights)
    return;
  for (guint i = 0; i < weights->list->len; i++) {
    E2vWeight *weight = &g_array_index (weights->list, E2vWeight, i);

    g_free (weight->name);
    g_free (weight->stored_name);
  }
  g_array_unref (weights->list);
  g_hash_table_unref (weights->by_name);
  g_clear_pointer (&weights->checkpoint, e2v_checkpoint_free);
  g_clear_pointer (&weights->safetensors, e2v_safetensors_free);
  g_clear_pointer (&weights->map, g_mapped_file_unref);
  g_free (weights);
}

guint
e2v_weights_n (const E2vWeights * weights)
{
  return weights->list->len;
}

const E2vWeight *
e2v_weights_get (const E2vWeights * weights, guint index)
{
  return &g_array_index (weights->list, E2vWeight, index);
}

const E2vWeight *
e2v_weights_find (const E2vWeights * weights, const char *name)
{
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (weights->by_name, name));

  return index ? e2v_weights_get (weights, index - 1) : NULL;
}

static int
compare_numbers (guint64 a, guint64 b)
{
  return a < b ? -1 : a > b;
}

int
e2v_weight_compare_places (const E2vWeight * a, const E2vWeight * b)
{
  int order;

  if (a->tensor && b->tensor)
    return compare_numbers ((guintptr) a->tensor->data,
        (guintptr) b->tensor->data);
  if (!a->view || !b->view)
    return (a->view != NULL) - (b->view != NULL);
  order = e2v_value_compare_texts (a->view->storage->v.storage.key,
      b->view->storage->v.storage.key);
  return order ? order : compare_numbers (a->view->offset, b->view->offset);
}

gboolean
e2v_weights_read (E2vWeights * weights, const E2vWeight * weight, float *dst,
    GError ** error)
{
  gboolean ok = TRUE;

  if (!weight->usable) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
        "'%s' is of '%s', not a tensor of floating-point numbers",
        weight->stored_name, weight->type_name);
    return FALSE;
  }
  if (weight->tensor)
    e2v_tensor_read_f32 (weight->tensor, 0,
        e2v_tensor_n_elements (weight->tensor), dst);
  else
    ok = e2v_checkpoint_read (weights->checkpoint, weight->view, dst, error);
  if (!ok)
    g_prefix_error (error, "the tensor '%s': ", weight->stored_name);
  return ok;
}

const E2vValue *
e2v_weights_config (const E2vWeights * weights)
{
  if (!weights->checkpoint)
    return NULL;
  return e2v_value_get (e2v_checkpoint_root (weights->checkpoint), "cfg");
}

void
e2v_weights_release_pages (const E2vWeights * weights)
{
  if (weights->map)
    e2v_file_release_pages (weights->map);
}

const guint8 *
e2v_weights_file (const E2vWeights * weights, gsize * size)
{
  *size = weights->size;
  return weights->data;
}
