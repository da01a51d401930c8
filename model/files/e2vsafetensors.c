/* e2vsafetensors.c - the safetensors container.
 *
 * Strict as the format asks for: the tensors' ranges, in order, cover the data section without holes and overlaps.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vsafetensors.h"

#include "e2vbytes.h"
#include "e2vfile.h"
#include "e2vjson.h"

#include <string.h>

struct _E2vSafetensors
{
  GMappedFile *map;
  GArray *tensors;              /* of E2vTensor, sorted by name */
};

static const struct
{
  const char *name;
  guint8 size;
  gboolean known;
  E2vDtype dtype;
} dtypes[] = {
  {"F32", 4, TRUE, E2V_DTYPE_F32}, {"F16", 2, TRUE, E2V_DTYPE_F16},
  {"BF16", 2, TRUE, E2V_DTYPE_BF16}, {"F64", 8, TRUE, E2V_DTYPE_F64},
  {"I64", 8}, {"U64", 8}, {"I32", 4}, {"U32", 4}, {"I16", 2}, {"U16", 2},
  {"I8", 1}, {"U8", 1}, {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}
};

typedef struct
{
  guint64 begin, end;
  const char *name;             /* in the JSON tree */
} Range;

gboolean
e2v_safetensors_is_one (const guint8 * data, gsize size)
{
  return size >= 9 && e2v_peek_u64 (data) <= size - 8 && data[8] == '{';
}

/* A number that is a whole one and not negative. */
static gboolean
to_u64 (JsonNode * node, guint64 * number)
{
  gint64 value;

  if (!JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  value = json_node_get_int (node);
  if (value < 0)
    return FALSE;
  *number = (guint64) value;
  return TRUE;
}

static JsonArray *
get_array (JsonObject * object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node && JSON_NODE_HOLDS_ARRAY (node) ?
      json_node_get_array (node) : NULL;
}

static gboolean
read_dims (JsonObject * entry, E2vTensor * tensor)
{
  JsonArray *shape = get_array (entry, "shape");

  if (!shape || json_array_get_length (shape) > E2V_MAX_DIMS)
    return FALSE;
  tensor->n_dims = json_array_get_length (shape);
  for (guint i = 0; i < tensor->n_dims; i++) {
    if (!to_u64 (json_array_get_element (shape, i), &tensor->dims[i]))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_range (JsonObject * entry, Range * range)
{
  JsonArray *offsets = get_array (entry, "data_offsets");

  return offsets && json_array_get_length (offsets) == 2
      && to_u64 (json_array_get_element (offsets, 0), &range->begin)
      && to_u64 (json_array_get_element (offsets, 1), &range->end)
      && range->begin <= range->end;
}

static int
find_dtype (JsonObject * entry)
{
  JsonNode *node = json_object_get_member (entry, "dtype");

  if (!node || json_node_get_value_type (node) != G_TYPE_STRING)
    return -1;
  for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++) {
    if (g_strcmp0 (json_node_get_string (node), dtypes[i].name) == 0)
      return (int) i;
  }
  return -1;
}

/* Reads and checks one entry; the tensor is kept if its element type is one of ours. */
static gboolean
read_entry (E2vSafetensors * file, const char *name, JsonNode * node,
    const guint8 * data, gsize size, Range * range, GError ** error)
{
  E2vTensor tensor = { NULL };
  JsonObject *entry;
  gsize n, bytes;
  int dtype;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return e2v_bad_format (error, "tensor '%s' is not described", name);
  entry = json_node_get_object (node);
  dtype = find_dtype (entry);
  if (dtype < 0)
    return e2v_bad_format (error, "tensor '%s' has an unknown type", name);
  if (!read_dims (entry, &tensor)
      || !e2v_shape_n_elements (tensor.dims, tensor.n_dims, &n)
      || !g_size_checked_mul (&bytes, n, dtypes[dtype].size))
    return e2v_bad_format (error, "tensor '%s' has an absurd shape", name);
  if (!read_range (entry, range)
      || !e2v_range_fits (range->begin, range->end - range->begin, size))
    return e2v_bad_format (error, "tensor '%s' leaves the file", name);
  if (range->end - range->begin != bytes)
    return e2v_bad_format (error, "tensor '%s' has %" G_GUINT64_FORMAT
        " bytes, its shape asks for %" G_GSIZE_FORMAT, name,
        range->end - range->begin, bytes);
  if (!dtypes[dtype].known)
    return TRUE;
  tensor.name = g_strdup (name);
  tensor.dtype = dtypes[dtype].dtype;
  tensor.data = data + range->begin;
  tensor.size = bytes;
  g_array_append_val (file->tensors, tensor);
  return TRUE;
}

static int
compare_ranges (gconstpointer a, gconstpointer b)
{
  const Range *x = a, *y = b;

  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  return x->end < y->end ? -1 : x->end > y->end;
}

static gboolean
check_ranges (Range * ranges, gsize n, gsize size, GError ** error)
{
  guint64 end = 0;

  qsort (ranges, n, sizeof *ranges, compare_ranges);
  for (gsize i = 0; i < n; i++) {
    if (ranges[i].begin < end)
      return e2v_bad_format (error, "tensor '%s' overlaps another one",
          ranges[i].name);
    if (ranges[i].begin > end)
      return e2v_bad_format (error, "a hole of bytes without meaning in front "
          "of tensor '%s'", ranges[i].name);
    end = ranges[i].end;
  }
  if (end != size)
    return e2v_bad_format (error, "%" G_GUINT64_FORMAT " bytes without meaning "
        "after the last tensor", size - end);
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (((const E2vTensor *) a)->name, ((const E2vTensor *) b)->name);
}

static gboolean
read_entries (E2vSafetensors * file, JsonObject * header, const guint8 * data,
    gsize size, GError ** error)
{
  g_autoptr (GList) names = json_object_get_members (header);
  g_autofree Range *ranges = g_new (Range, json_object_get_size (header) + 1);
  gsize n = 0;

  for (GList * l = names; l; l = l->next) {
    const char *name = l->data;

    if (strcmp (name, "__metadata__") == 0)
      continue;
    ranges[n].name = name;
    if (!read_entry (file, name, json_object_get_member (header, name), data,
            size, &ranges[n], error))
      return FALSE;
    n++;
  }
  g_array_sort (file->tensors, compare_names);
  return check_ranges (ranges, n, size, error);
}

E2vSafetensors *
e2v_safetensors_new_from_memory (const guint8 * data, gsize size,
    GError ** error)
{
  g_autoptr (E2vSafetensors) file = g_new0 (E2vSafetensors, 1);
  g_autoptr (JsonNode) header = NULL;
  gsize length;

  file->tensors = g_array_new (FALSE, FALSE, sizeof (E2vTensor));
  if (!e2v_safetensors_is_one (data, size)) {
    e2v_bad_format (error, "not a safetensors file");
    return NULL;
  }
  length = (gsize) e2v_peek_u64 (data);
  header = e2v_json_parse ((const char *) data + 8, length, error);
  if (!header || !read_entries (file, json_node_get_object (header),
          data + 8 + length, size - 8 - length, error))
    return NULL;
  return g_steal_pointer (&file);
}

E2vSafetensors *
e2v_safetensors_open (const char *path, GError ** error)
{
  g_autoptr (GMappedFile) map = e2v_file_map (path, error);
  E2vSafetensors *file;

  if (!map)
    return NULL;
  file = e2v_safetensors_new_from_memory ((const guint8 *)
      g_mapped_file_get_contents (map), g_mapped_file_get_length (map), error);
  if (!file) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  file->map = g_steal_pointer (&map);
  return file;
}

void
e2v_safetensors_free (E2vSafetensors * file)
{
  if (!file)
    return;
  for (guint i = 0; i < file->tensors->len; i++)
    g_free (g_array_index (file->tensors, E2vTensor, i).name);
  g_array_unref (file->tensors);
  g_clear_pointer (&file->map, g_mapped_file_unref);
  g_free (file);
}

guint
e2v_safetensors_n_tensors (const E2vSafetensors * file)
{
  return file->tensors->len;
}

const E2vTensor *
e2v_safetensors_get (const E2vSafetensors * file, guint index)
{
  g_return_val_if_fail (index < file->tensors->len, NULL);
  return &g_array_index (file->tensors, E2vTensor, index);
}

const E2vTensor *
e2v_safetensors_find (const E2vSafetensors * file, const char *name)
{
  const E2vTensor wanted = {.name = (char *) name };

  if (file->tensors->len == 0)
    return NULL;
  return bsearch (&wanted, file->tensors->data, file->tensors->len,
      sizeof wanted, compare_names);
}

static int
compare_pointers (gconstpointer a, gconstpointer b)
{
  return compare_names (*(gconstpointer const *) a, *(gconstpointer const *) b);
}

static void
append_quoted (GString * text, const char *name)
{
  g_string_append_c (text, '"');
  for (const guchar * c = (const guchar *)name; *c; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_printf (text, "\\%c", *c);
    else if (*c < 0x20)
      g_string_append_printf (text, "\\u%04x", *c);
    else
      g_string_append_c (text, (char) *c);
  }
  g_string_append_c (text, '"');
}

static void
append_entry (GString * text, const E2vTensor * tensor, guint64 begin)
{
  append_quoted (text, tensor->name);
  g_string_append_printf (text, ":{\"dtype\":\"%s\",\"shape\":[",
      e2v_dtype_name (tensor->dtype));
  for (guint i = 0; i < tensor->n_dims; i++)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, i > 0 ? "," : "",
        tensor->dims[i]);
  g_string_append_printf (text, "],\"data_offsets\":[%" G_GUINT64_FORMAT ",%"
      G_GUINT64_FORMAT "]}", begin, begin + tensor->size);
}

/* Padded with spaces to a multiple of 8, so that the data are aligned. */
static GString *
make_header (const E2vTensor ** sorted, guint n)
{
  GString *text = g_string_new ("{");
  guint64 begin = 0;

  for (guint i = 0; i < n; i++) {
    if (i > 0)
      g_string_append_c (text, ',');
    append_entry (text, sorted[i], begin);
    begin += sorted[i]->size;
  }
  g_string_append_c (text, '}');
  while (text->len % 8 != 0)
    g_string_append_c (text, ' ');
  return text;
}

gboolean
e2v_safetensors_write (const char *path, const E2vTensor * tensors, guint n,
    GError ** error)
{
  g_autoptr (E2vOutput) output = e2v_output_new (path, error);
  g_autofree const E2vTensor **sorted = g_new (const E2vTensor *, MAX (n, 1));
  g_autoptr (GString) header = NULL;
  guint64 length;

  if (!output)
    return FALSE;
  for (guint i = 0; i < n; i++)
    sorted[i] = &tensors[i];
  qsort (sorted, n, sizeof *sorted, compare_pointers);
  header = make_header (sorted, n);
  length = GUINT64_TO_LE (header->len);
  if (!e2v_output_write (output, &length, sizeof length, error)
      || !e2v_output_write (output, header->str, header->len, error))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    if (!e2v_output_write (output, sorted[i]->data, sorted[i]->size, error))
      return FALSE;
  }
  return e2v_output_commit (output, error);
}
