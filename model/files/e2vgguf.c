/* e2vgguf.c - reads the GGUF container, version 3.
 *
 * (1) Order of the file: magic, version, number of tensors, number of keys; the keys; the tensors' descriptions; padding
 *     to the alignment; the data.
 * (2) A key's value is checked when the file is opened and copied only when someone asks: what opening allocates is
 *     bounded by a small multiple of the file's size.
 * (3) The data section has to be exactly what the descriptions say: each tensor begins where the one before ends,
 *     rounded up to the alignment, padding is zero, and the file ends with the last one. Overlaps, holes and appended
 *     bytes cannot exist in such a file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vgguf.h"

#include "e2vfile.h"
#include "e2vggufvalue.h"

#include <string.h>

#define GGUF_VERSION 3
#define GGUF_MAX_DIMS 4
#define DEFAULT_ALIGNMENT 32
#define MAX_ALIGNMENT 65536
/* Smallest entry of a key (empty name, one byte of value) and of a tensor (empty name, one dimension). */
#define MIN_KEY_SIZE (8 + 4 + 1)
#define MIN_TENSOR_SIZE (8 + 4 + 8 + 4 + 8)
/* No model has so many keys or tensors; it also bounds the time that names with colliding hashes can cost. */
#define MAX_ENTRIES 16384

typedef struct
{
  char *name;
  const guint8 *entry;          /* name, type and value in the file */
  gsize entry_size;
  E2vGgufValue value;
} Key;

typedef struct
{
  guint index;
  guint64 offset, size;
} Extent;

struct _E2vGguf
{
  GMappedFile *map;
  GArray *keys;
  GHashTable *key_by_name;      /* name -> index + 1 */
  GArray *tensors;
  GArray *offsets;              /* guint64, from the start of the data section */
  GHashTable *tensor_by_name;
  guint64 alignment;
};

/* Names of ggml's tensor types, for messages. */
static const struct
{
  guint32 type;
  const char *name;
} ggml_types[] = {
  {2, "Q4_0"}, {3, "Q4_1"}, {6, "Q5_0"}, {7, "Q5_1"}, {8, "Q8_0"},
  {9, "Q8_1"}, {10, "Q2_K"}, {11, "Q3_K"}, {12, "Q4_K"}, {13, "Q5_K"},
  {14, "Q6_K"}, {15, "Q8_K"}, {20, "IQ4_NL"}, {24, "I8"}, {25, "I16"},
  {26, "I32"}, {27, "I64"}, {28, "F64"}
};

static const struct
{
  E2vDtype dtype;
  guint32 type;
} dtypes[] = {
  {E2V_DTYPE_F32, 0}, {E2V_DTYPE_F16, 1}, {E2V_DTYPE_BF16, 30}
};

guint32
e2v_gguf_tensor_type (E2vDtype dtype)
{
  for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++) {
    if (dtypes[i].dtype == dtype)
      return dtypes[i].type;
  }
  g_return_val_if_reached (0);
}

static gboolean
read_key (E2vGguf * gguf, E2vBytes * bytes, GError ** error)
{
  Key key = { NULL };
  gsize start = bytes->pos, size;
  const guint8 *name;

  if (!e2v_gguf_read_string (bytes, "the name of a key", &name, &size, error))
    return FALSE;
  key.name = g_strndup ((const char *) name, size);
  /* The array owns the name from here on, whatever happens. */
  g_array_append_val (gguf->keys, key);
  if (!g_hash_table_insert (gguf->key_by_name, key.name,
          GUINT_TO_POINTER (gguf->keys->len)))
    return e2v_bad_format (error, "key '%s' is there twice", key.name);
  if (!e2v_gguf_value_read (bytes, key.name, &key.value, error))
    return FALSE;
  key.entry = bytes->data + start;
  key.entry_size = bytes->pos - start;
  g_array_index (gguf->keys, Key, gguf->keys->len - 1) = key;
  return TRUE;
}

static gboolean
read_keys (E2vGguf * gguf, E2vBytes * bytes, guint64 n, GError ** error)
{
  if (n > MAX_ENTRIES)
    return e2v_bad_format (error,
        "an absurd count of %" G_GUINT64_FORMAT " keys", n);
  if (n > e2v_bytes_left (bytes) / MIN_KEY_SIZE)
    return e2v_bad_format (error, "the file is too short for %"
        G_GUINT64_FORMAT " keys", n);
  for (guint64 i = 0; i < n; i++) {
    if (!read_key (gguf, bytes, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_alignment (E2vGguf * gguf, GError ** error)
{
  guint32 value = DEFAULT_ALIGNMENT;

  if (e2v_gguf_has (gguf, "general.alignment")
      && !e2v_gguf_get_u32 (gguf, "general.alignment", &value, error))
    return FALSE;
  if (value < 8 || value > MAX_ALIGNMENT || (value & (value - 1)) != 0)
    return e2v_bad_format (error,
        "an alignment of %u is no power of two from 8 to %u", value,
        MAX_ALIGNMENT);
  gguf->alignment = value;
  return TRUE;
}

static gboolean
dtype_from_type (guint32 type, const char *tensor, E2vDtype * dtype,
    GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++) {
    if (dtypes[i].type == type) {
      *dtype = dtypes[i].dtype;
      return TRUE;
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (ggml_types); i++) {
    if (ggml_types[i].type == type)
      return e2v_bad_format (error,
          "tensor '%s' has the type %s; F32, F16 and BF16 are " "supported",
          tensor, ggml_types[i].name);
  }
  return e2v_bad_format (error, "tensor '%s' has the unknown type %u", tensor,
      type);
}

static gboolean
read_dims (E2vBytes * bytes, E2vTensor * tensor, GError ** error)
{
  guint32 n;

  if (!e2v_bytes_u32 (bytes, &n))
    return e2v_bad_format (error,
        "the description of tensor '%s' runs past the end of " "the file",
        tensor->name);
  if (n < 1 || n > GGUF_MAX_DIMS)
    return e2v_bad_format (error,
        "tensor '%s' has %u dimensions, 1 to %u are possible", tensor->name, n,
        GGUF_MAX_DIMS);
  tensor->n_dims = n;
  for (guint i = 0; i < n; i++) {
    if (!e2v_bytes_u64 (bytes, &tensor->dims[n - 1 - i]))
      return e2v_bad_format (error,
          "the description of tensor '%s' runs past the end " "of the file",
          tensor->name);
    if (tensor->dims[n - 1 - i] == 0)
      return e2v_bad_format (error, "tensor '%s' has a dimension of 0",
          tensor->name);
  }
  return TRUE;
}

static gboolean
read_shape (E2vBytes * bytes, E2vTensor * tensor, guint64 * offset,
    GError ** error)
{
  guint32 type;
  gsize n;

  if (!read_dims (bytes, tensor, error))
    return FALSE;
  if (!e2v_bytes_u32 (bytes, &type) || !e2v_bytes_u64 (bytes, offset))
    return e2v_bad_format (error,
        "the description of tensor '%s' runs past the end of " "the file",
        tensor->name);
  if (!dtype_from_type (type, tensor->name, &tensor->dtype, error))
    return FALSE;
  if (!e2v_shape_n_elements (tensor->dims, tensor->n_dims, &n)
      || !g_size_checked_mul (&tensor->size, n,
          e2v_dtype_size (tensor->dtype)) || tensor->size > bytes->size)
    return e2v_bad_format (error, "tensor '%s' is larger than the file",
        tensor->name);
  return TRUE;
}

static gboolean
read_tensor (E2vGguf * gguf, E2vBytes * bytes, GError ** error)
{
  E2vTensor tensor = { NULL };
  const guint8 *name;
  guint64 offset;
  gsize size;

  if (!e2v_gguf_read_string (bytes, "the name of a tensor", &name, &size,
          error))
    return FALSE;
  tensor.name = g_strndup ((const char *) name, size);
  g_array_append_val (gguf->tensors, tensor);
  if (!g_hash_table_insert (gguf->tensor_by_name, tensor.name,
          GUINT_TO_POINTER (gguf->tensors->len)))
    return e2v_bad_format (error, "tensor '%s' is there twice", tensor.name);
  if (!read_shape (bytes, &tensor, &offset, error))
    return FALSE;
  g_array_append_val (gguf->offsets, offset);
  g_array_index (gguf->tensors, E2vTensor, gguf->tensors->len - 1) = tensor;
  return TRUE;
}

static gboolean
read_tensors (E2vGguf * gguf, E2vBytes * bytes, guint64 n, GError ** error)
{
  if (n > MAX_ENTRIES)
    return e2v_bad_format (error,
        "an absurd count of %" G_GUINT64_FORMAT " tensors", n);
  if (n > e2v_bytes_left (bytes) / MIN_TENSOR_SIZE)
    return e2v_bad_format (error, "the file is too short for %"
        G_GUINT64_FORMAT " tensors", n);
  for (guint64 i = 0; i < n; i++) {
    if (!read_tensor (gguf, bytes, error))
      return FALSE;
  }
  return TRUE;
}

static int
compare_extents (gconstpointer a, gconstpointer b)
{
  const Extent *x = a, *y = b;

  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static gboolean
is_zero (const guint8 * data, gsize size)
{
  for (gsize i = 0; i < size; i++) {
    if (data[i] != 0)
      return FALSE;
  }
  return TRUE;
}

/* Where the tensor should begin, given what was in front of it; @end moves behind it. All numbers count from the start
 * of the data section, which has @size bytes. */
static gboolean
check_extent (const E2vGguf * gguf, const Extent * extent, const char *name,
    const guint8 * data, guint64 size, guint64 * end, GError ** error)
{
  guint64 begin;

  if (extent->offset % gguf->alignment != 0)
    return e2v_bad_format (error,
        "tensor '%s' is not aligned to %" G_GUINT64_FORMAT " bytes", name,
        gguf->alignment);
  if (!e2v_range_fits (extent->offset, extent->size, size))
    return e2v_bad_format (error, "tensor '%s' runs past the end of the file",
        name);
  if (extent->offset < *end)
    return e2v_bad_format (error, "tensor '%s' overlaps another one", name);
  if (!e2v_align_up (*end, gguf->alignment, &begin) || extent->offset != begin)
    return e2v_bad_format (error,
        "a hole of bytes without meaning in front of tensor " "'%s'", name);
  if (!is_zero (data + *end, begin - *end))
    return e2v_bad_format (error,
        "the padding in front of tensor '%s' is not zero", name);
  *end = begin + extent->size;
  return TRUE;
}

static gboolean
check_end (const E2vGguf * gguf, const guint8 * data, guint64 size,
    guint64 end, GError ** error)
{
  if (size - end >= gguf->alignment || !is_zero (data + end, size - end))
    return e2v_bad_format (error,
        "%" G_GUINT64_FORMAT " bytes without meaning after the " "last tensor",
        size - end);
  return TRUE;
}

/* Gives each tensor its data; @start: of the data section. */
static gboolean
place_tensors (E2vGguf * gguf, const guint8 * start, guint64 size,
    GError ** error)
{
  guint n = gguf->tensors->len;
  g_autofree Extent *extents = g_new (Extent, MAX (n, 1));
  guint64 end = 0;

  for (guint i = 0; i < n; i++) {
    E2vTensor *tensor = &g_array_index (gguf->tensors, E2vTensor, i);

    extents[i].index = i;
    extents[i].offset = g_array_index (gguf->offsets, guint64, i);
    extents[i].size = tensor->size;
  }
  qsort (extents, n, sizeof *extents, compare_extents);
  for (guint i = 0; i < n; i++) {
    E2vTensor *tensor =
        &g_array_index (gguf->tensors, E2vTensor, extents[i].index);

    if (!check_extent (gguf, &extents[i], tensor->name, start, size, &end,
            error))
      return FALSE;
    tensor->data = start + extents[i].offset;
  }
  return check_end (gguf, start, size, end, error);
}

static gboolean
read_data (E2vGguf * gguf, E2vBytes * bytes, GError ** error)
{
  guint64 start;

  if (!e2v_align_up (bytes->pos, gguf->alignment, &start)
      || start > bytes->size) {
    if (gguf->tensors->len > 0)
      return e2v_bad_format (error, "the file ends before its tensors begin");
    start = bytes->size;
  }
  if (!is_zero (bytes->data + bytes->pos, start - bytes->pos))
    return e2v_bad_format (error,
        "the padding in front of the tensors is not zero");
  return place_tensors (gguf, bytes->data + start, bytes->size - start, error);
}

static gboolean
read_header (E2vBytes * bytes, guint64 * n_tensors, guint64 * n_keys,
    GError ** error)
{
  const guint8 *magic;
  guint32 version;

  if (!e2v_bytes_take (bytes, 4, &magic) || memcmp (magic, "GGUF", 4) != 0)
    return e2v_bad_format (error, "not a GGUF file");
  if (!e2v_bytes_u32 (bytes, &version) || !e2v_bytes_u64 (bytes, n_tensors)
      || !e2v_bytes_u64 (bytes, n_keys))
    return e2v_bad_format (error, "the file ends within its header");
  if (version == GUINT32_SWAP_LE_BE (GGUF_VERSION))
    return e2v_bad_format (error,
        "a big-endian GGUF file, which is not supported");
  if (version != GGUF_VERSION)
    return e2v_bad_format (error, "GGUF version %u, only %u is supported",
        version, GGUF_VERSION);
  return TRUE;
}

static gboolean
read_all (E2vGguf * gguf, const guint8 * data, gsize size, GError ** error)
{
  guint64 n_tensors, n_keys;
  E2vBytes bytes;

  e2v_bytes_init (&bytes, data, size);
  return read_header (&bytes, &n_tensors, &n_keys, error)
      && read_keys (gguf, &bytes, n_keys, error)
      && read_alignment (gguf, error)
      && read_tensors (gguf, &bytes, n_tensors, error)
      && read_data (gguf, &bytes, error);
}

E2vGguf *
e2v_gguf_new_from_memory (const guint8 * data, gsize size, GError ** error)
{
  g_autoptr (E2vGguf) gguf = g_new0 (E2vGguf, 1);

  gguf->keys = g_array_new (FALSE, FALSE, sizeof (Key));
  gguf->key_by_name = g_hash_table_new (g_str_hash, g_str_equal);
  gguf->tensors = g_array_new (FALSE, FALSE, sizeof (E2vTensor));
  gguf->offsets = g_array_new (FALSE, FALSE, sizeof (guint64));
  gguf->tensor_by_name = g_hash_table_new (g_str_hash, g_str_equal);
  return read_all (gguf, data, size, error) ? g_steal_pointer (&gguf) : NULL;
}

E2vGguf *
e2v_gguf_open (const char *path, GError ** error)
{
  g_autoptr (GMappedFile) map = e2v_file_map (path, error);
  E2vGguf *gguf;

  if (!map)
    return NULL;
  gguf = e2v_gguf_new_from_memory ((const guint8 *)
      g_mapped_file_get_contents (map), g_mapped_file_get_length (map), error);
  if (!gguf) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  gguf->map = g_steal_pointer (&map);
  return gguf;
}

void
e2v_gguf_free (E2vGguf * gguf)
{
  if (!gguf)
    return;
  for (guint i = 0; i < gguf->keys->len; i++)
    g_free (g_array_index (gguf->keys, Key, i).name);
  for (guint i = 0; i < gguf->tensors->len; i++)
    g_free (g_array_index (gguf->tensors, E2vTensor, i).name);
  g_hash_table_unref (gguf->key_by_name);
  g_hash_table_unref (gguf->tensor_by_name);
  g_array_unref (gguf->keys);
  g_array_unref (gguf->tensors);
  g_array_unref (gguf->offsets);
  g_clear_pointer (&gguf->map, g_mapped_file_unref);
  g_free (gguf);
}

void
e2v_gguf_release_pages (E2vGguf * gguf)
{
  if (gguf->map)
    e2v_file_release_pages (gguf->map);
}

guint
e2v_gguf_n_keys (const E2vGguf * gguf)
{
  return gguf->keys->len;
}

const char *
e2v_gguf_key (const E2vGguf * gguf, guint index)
{
  return g_array_index (gguf->keys, Key, index).name;
}

gboolean
e2v_gguf_has (const E2vGguf * gguf, const char *key)
{
  return g_hash_table_contains (gguf->key_by_name, key);
}

const guint8 *
e2v_gguf_entry (const E2vGguf * gguf, guint index, gsize * size)
{
  const Key *key = &g_array_index (gguf->keys, Key, index);

  *size = key->entry_size;
  return key->entry;
}

static const Key *
find_key (const E2vGguf * gguf, const char *name, GError ** error)
{
  guint index =
      GPOINTER_TO_UINT (g_hash_table_lookup (gguf->key_by_name, name));

  if (index == 0) {
    e2v_bad_format (error, "the key '%s' is missing", name);
    return NULL;
  }
  return &g_array_index (gguf->keys, Key, index - 1);
}

gboolean
e2v_gguf_get_u32 (const E2vGguf * gguf, const char *key, guint32 * value,
    GError ** error)
{
  const Key *found = find_key (gguf, key, error);

  return found ? e2v_gguf_value_u32 (&found->value, key, value, error) : FALSE;
}

gboolean
e2v_gguf_get_f64 (const E2vGguf * gguf, const char *key, double *value,
    GError ** error)
{
  const Key *found = find_key (gguf, key, error);

  return found ? e2v_gguf_value_f64 (&found->value, key, value, error) : FALSE;
}

gboolean
e2v_gguf_get_bool (const E2vGguf * gguf, const char *key, gboolean * value,
    GError ** error)
{
  const Key *found = find_key (gguf, key, error);

  return found ? e2v_gguf_value_bool (&found->value, key, value, error) : FALSE;
}

char *
e2v_gguf_get_string (const E2vGguf * gguf, const char *key, GError ** error)
{
  const Key *found = find_key (gguf, key, error);

  return found ? e2v_gguf_value_string (&found->value, key, error) : NULL;
}

char **
e2v_gguf_get_strings (const E2vGguf * gguf, const char *key, GError ** error)
{
  const Key *found = find_key (gguf, key, error);

  return found ? e2v_gguf_value_strings (&found->value, key, error) : NULL;
}

guint32 *
e2v_gguf_get_u32s (const E2vGguf * gguf, const char *key, gsize * n,
    GError ** error)
{
  const Key *found = find_key (gguf, key, error);

  return found ? e2v_gguf_value_u32s (&found->value, key, n, error) : NULL;
}

float *
e2v_gguf_get_f32s (const E2vGguf * gguf, const char *key, gsize * n,
    GError ** error)
{
  const Key *found = find_key (gguf, key, error);

  return found ? e2v_gguf_value_f32s (&found->value, key, n, error) : NULL;
}

guint
e2v_gguf_n_tensors (const E2vGguf * gguf)
{
  return gguf->tensors->len;
}

const E2vTensor *
e2v_gguf_tensor (const E2vGguf * gguf, guint index)
{
  return &g_array_index (gguf->tensors, E2vTensor, index);
}

const E2vTensor *
e2v_gguf_find (const E2vGguf * gguf, const char *name)
{
  guint index =
      GPOINTER_TO_UINT (g_hash_table_lookup (gguf->tensor_by_name, name));

  return index ? e2v_gguf_tensor (gguf, index - 1) : NULL;
}
