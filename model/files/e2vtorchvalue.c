/* e2vtorchvalue.c - the few names in a pickle that have a meaning for us.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vtorchvalue.h"

#include <string.h>

static const struct
{
  const char *name;
  gsize size;
  gboolean has_dtype;
  E2vDtype dtype;
} storages[] = {
  {"FloatStorage", 4, TRUE, E2V_DTYPE_F32},
  {"HalfStorage", 2, TRUE, E2V_DTYPE_F16},
  {"BFloat16Storage", 2, TRUE, E2V_DTYPE_BF16},
  {"DoubleStorage", 8, TRUE, E2V_DTYPE_F64},
  {"LongStorage", 8}, {"IntStorage", 4}, {"ShortStorage", 2},
  {"CharStorage", 1}, {"ByteStorage", 1}, {"BoolStorage", 1},
  {"ComplexFloatStorage", 8}, {"ComplexDoubleStorage", 16},
  {"QInt8Storage", 1}, {"QUInt8Storage", 1}, {"QInt32Storage", 4}
};

static gboolean
is_named (const E2vValue * value, const char *name)
{
  return value->type == E2V_VALUE_GLOBAL
      && strcmp (value->v.object.name, name) == 0;
}

static gboolean
to_size (const E2vValue * value, guint64 * size)
{
  if (value->type != E2V_VALUE_INT || value->v.integer < 0)
    return FALSE;
  *size = (guint64) value->v.integer;
  return TRUE;
}

static gboolean
read_sizes (const E2vValue * tuple, guint64 * sizes, guint * n)
{
  guint length = e2v_value_length (tuple);

  if (tuple->type != E2V_VALUE_TUPLE || length > E2V_MAX_DIMS)
    return FALSE;
  for (guint i = 0; i < length; i++) {
    if (!to_size (e2v_value_item (tuple, i), &sizes[i]))
      return FALSE;
  }
  *n = length;
  return TRUE;
}

/* @args: storage, offset, sizes, strides, and more that does not matter. NULL if they are something else. */
static E2vValue *
rebuild_tensor (E2vValuePool * pool, const E2vValue * args)
{
  E2vView view = { NULL };
  E2vValue *tensor;
  guint n_strides;

  if (args->type != E2V_VALUE_TUPLE || e2v_value_length (args) < 4)
    return NULL;
  view.storage = e2v_value_item (args, 0);
  if (view.storage->type != E2V_VALUE_STORAGE
      || !to_size (e2v_value_item (args, 1), &view.offset)
      || !read_sizes (e2v_value_item (args, 2), view.dims, &view.n_dims)
      || !read_sizes (e2v_value_item (args, 3), view.strides, &n_strides)
      || view.n_dims != n_strides)
    return NULL;
  tensor = e2v_value_new (pool, E2V_VALUE_TENSOR);
  *tensor->v.view = view;
  return tensor;
}

/* A parameter is its tensor. */
static E2vValue *
rebuild_parameter (E2vValuePool * pool, const E2vValue * args)
{
  const E2vValue *inner;
  E2vValue *tensor;

  if (args->type != E2V_VALUE_TUPLE || e2v_value_length (args) < 1)
    return NULL;
  inner = e2v_value_item (args, 0);
  if (inner->type != E2V_VALUE_TENSOR)
    return NULL;
  tensor = e2v_value_new (pool, E2V_VALUE_TENSOR);
  *tensor->v.view = *inner->v.view;
  return tensor;
}

/* What a callable without a meaning makes bears its name. */
static E2vValue *
opaque_of (E2vValuePool * pool, const E2vValue * callable)
{
  GRefString *name;

  if (callable->type == E2V_VALUE_GLOBAL || callable->type == E2V_VALUE_OPAQUE)
    name = g_ref_string_acquire (callable->v.object.name);
  else
    name = g_ref_string_new_intern ("a value that is no class");
  return e2v_value_new_object (pool, E2V_VALUE_OPAQUE, name);
}

E2vValue *
e2v_torch_call (E2vValuePool * pool, const E2vValue * callable,
    const E2vValue * args)
{
  E2vValue *made = NULL;

  if (is_named (callable, "collections.OrderedDict")) {
    if (args->type == E2V_VALUE_TUPLE && e2v_value_length (args) == 0)
      made = e2v_value_new (pool, E2V_VALUE_DICT);
  } else if (is_named (callable, "torch._utils._rebuild_tensor_v2")
      || is_named (callable, "torch._utils._rebuild_tensor")) {
    made = rebuild_tensor (pool, args);
  } else if (is_named (callable, "torch._utils._rebuild_parameter")
      || is_named (callable, "torch._utils._rebuild_parameter_with_state")) {
    made = rebuild_parameter (pool, args);
  }
  return made ? made : opaque_of (pool, callable);
}

/* Fills type and size from a class like "torch.FloatStorage" or "torch.cuda.FloatStorage". */
static gboolean
storage_class (const E2vValue * value, E2vStorage * storage)
{
  const char *name;

  if (value->type != E2V_VALUE_GLOBAL
      || !g_str_has_prefix (value->v.object.name, "torch."))
    return FALSE;
  name = strrchr (value->v.object.name, '.') + 1;
  for (guint i = 0; i < G_N_ELEMENTS (storages); i++) {
    if (strcmp (name, storages[i].name) != 0)
      continue;
    storage->type_name = storages[i].name;
    storage->element_size = storages[i].size;
    storage->has_dtype = storages[i].has_dtype;
    storage->dtype = storages[i].dtype;
    return TRUE;
  }
  return FALSE;
}

/* The stream container's sixth item says that a storage is a window of another one; torch stopped writing such before
 * emotion2vec existed. */
static gboolean
is_window (const E2vValue * id)
{
  return e2v_value_length (id) > 5
      && e2v_value_item (id, 5)->type != E2V_VALUE_NONE;
}

E2vValue *
e2v_torch_persistent (E2vValuePool * pool, const E2vValue * id)
{
  E2vStorage storage = { NULL };
  E2vValue *value;

  if (id->type != E2V_VALUE_TUPLE || e2v_value_length (id) < 5
      || !e2v_value_equals (e2v_value_item (id, 0), "storage")
      || !storage_class (e2v_value_item (id, 1), &storage)
      || e2v_value_item (id, 2)->type != E2V_VALUE_STRING
      || !to_size (e2v_value_item (id, 4), &storage.n_elements)
      || is_window (id))
    return e2v_value_new_object (pool, E2V_VALUE_OPAQUE,
        g_ref_string_new_intern ("persistent id"));
  storage.key = e2v_value_item (id, 2);
  value = e2v_value_new (pool, E2V_VALUE_STORAGE);
  value->v.storage = storage;
  return value;
}
