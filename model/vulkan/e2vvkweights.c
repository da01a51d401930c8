/* e2vvkweights.c - the weights of a model on a device, packed for a shader family.
 *
 * Two passes over a plan: the first says how each new tensor is packed, and so how large it is; then memory is
 * allocated in chunks, and the second pass packs and uploads tensor by tensor.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkweights.h"

#include "e2verror.h"

#include <string.h>

/* One allocation of weights, unless a single tensor needs more. */
#define CHUNK_BYTES (G_GUINT64_CONSTANT (64) << 20)

/* Offsets of every kind of binding are multiples of at most this on any device. */
#define ALIGNMENT 256

#define N_ZEROS 4

typedef enum
{
  ABSENT,
  DECLARED,                     /* packing and size are known */
  PRESENT                       /* on the device */
} State;

typedef struct
{
  State state;
  gboolean is_matrix;
  E2vVkMatrix matrix;           /* if it is one; else a table: */
  E2vVkColumns columns;
  guint rows, stride;
  E2vVkOperandRange range;
} Weight;

struct _E2vVkWeights
{
  E2vModel *model;
  const E2vVkFamily *family;
  gboolean half;
  guint n_tensors;
  Weight *weights;              /* by layout index, then the ALiBi factors, then zeros */
  GArray *chunks;               /* of E2vVkBuffer */
};

E2vVkWeights *
e2v_vk_weights_new (E2vModel * model, const E2vVkFamily * family, gboolean half)
{
  E2vVkWeights *w = g_new0 (E2vVkWeights, 1);

  w->model = model;
  w->family = family;
  w->half = half;
  w->n_tensors = e2v_layout_size (e2v_model_layout (model));
  w->weights = g_new0 (Weight, w->n_tensors + 2);
  w->chunks = g_array_new (FALSE, FALSE, sizeof (E2vVkBuffer));
  return w;
}

void
e2v_vk_weights_free (E2vVkWeights * w, E2vVkDevice * d)
{
  if (!w)
    return;
  for (guint i = 0; i < w->n_tensors + 2; i++) {
    if (w->weights[i].range.view)
      d->vk.vkDestroyBufferView (d->device, w->weights[i].range.view, NULL);
  }
  for (guint i = 0; i < w->chunks->len; i++)
    e2v_vk_buffer_clear (&g_array_index (w->chunks, E2vVkBuffer, i), d);
  g_array_unref (w->chunks);
  g_free (w->weights);
  g_free (w);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static gpointer
try_alloc (gsize n, gsize size, GError ** error)
{
  gpointer memory = g_try_malloc0_n (n, size);

  if (!memory)
    g_set_error (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY,
        "no memory to pack a weight of %.1f MiB",
        (double) n * (double) size / (1 << 20));
  return memory;
}

/* All values of a tensor, of the ALiBi factors, or zeros; free with g_free(). */
static float *
read_values (const E2vVkWeights * w, guint index, gsize * n, GError ** error)
{
  const E2vTensor *tensor;
  float *values;

  if (index >= w->n_tensors) {
    *n = w->weights[index].columns.groups;
    return index == w->n_tensors
        ? g_memdup2 (e2v_model_alibi (w->model), *n * sizeof (float))
        : g_new0 (float, *n);
  }
  tensor = e2v_model_tensor (w->model, index);
  *n = e2v_tensor_n_elements (tensor);
  values = try_alloc (*n, sizeof (float), error);
  if (values)
    e2v_tensor_read_f32 (tensor, 0, *n, values);
  return values;
}

static gboolean
half_is_safe (const E2vVkWeights * w, guint index, gboolean * safe,
    GError ** error)
{
  gsize n;
  g_autofree float *values = read_values (w, index, &n, error);

  if (!values)
    return FALSE;
  *safe = e2v_half_is_safe (values, n);
  e2v_model_release_pages (w->model);
  return TRUE;
}

/* ---- first pass: what is needed --------------------------------------------------------------------------------- */

static gboolean
same_columns (E2vVkColumns a, E2vVkColumns b)
{
  return a.groups == b.groups && a.width == b.width;
}

static gboolean
other_packing (guint index, GError ** error)
{
  g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
      "weight %u is packed for other rows than this plan has", index);
  return FALSE;
}

static gboolean
declare_matrix (E2vVkWeights * w, guint index, const E2vPlan * plan,
    const E2vOp * op, GError ** error)
{
  Weight *weight = &w->weights[index];
  const E2vVkColumns x = e2v_vk_columns (e2v_plan_buffer (plan, (guint) op->x));
  const E2vVkColumns y = e2v_vk_columns (e2v_plan_buffer (plan, (guint) op->y));
  gboolean half = FALSE;

  if (weight->state != ABSENT) {
    const E2vVkMatrix *m = &weight->matrix;

    if (weight->is_matrix && same_columns (m->x, x) && same_columns (m->y, y)
        && m->taps == op->taps && m->sets == op->weight_groups)
      return TRUE;
    return other_packing (index, error);
  }
  if (w->half && !half_is_safe (w, index, &half, error))
    return FALSE;
  weight->is_matrix = TRUE;
  e2v_vk_matrix_init (&weight->matrix, x, y, op->taps, op->weight_groups, half,
      &w->family->packing);
  weight->range.size = e2v_vk_matrix_bytes (&weight->matrix);
  weight->state = DECLARED;
  return TRUE;
}

static gboolean
declare_table (E2vVkWeights * w, guint index, E2vVkColumns columns, guint rows,
    guint stride, GError ** error)
{
  Weight *weight = &w->weights[index];

  if (weight->state != ABSENT) {
    if (!weight->is_matrix && same_columns (weight->columns, columns)
        && weight->rows == rows && weight->stride == stride)
      return TRUE;
    return other_packing (index, error);
  }
  weight->columns = columns;
  weight->rows = rows;
  weight->stride = stride;
  weight->range.size = (VkDeviceSize) rows *stride * sizeof (float);
  weight->state = DECLARED;
  return TRUE;
}

static gboolean
declare_row (E2vVkWeights * w, int index, const E2vBuffer * buffer, guint rows,
    GError ** error)
{
  const E2vVkColumns columns = e2v_vk_columns (buffer);

  return index == E2V_NONE || rows == 0
      || declare_table (w, (guint) index, columns, rows,
      e2v_vk_row_floats (columns), error);
}

/* Biases reach as far as the panels do: the kernels read whole tiles. */
static gboolean
declare_matmul (E2vVkWeights * w, const E2vPlan * plan, const E2vOp * op,
    GError ** error)
{
  const E2vBuffer *y = e2v_plan_buffer (plan, (guint) op->y);
  const E2vVkMatrix *m;

  if (!declare_matrix (w, (guint) op->w, plan, op, error))
    return FALSE;
  m = &w->weights[op->w].matrix;
  return op->b == E2V_NONE
      || declare_table (w, (guint) op->b, e2v_vk_columns (y), m->sets,
      m->panels * w->family->packing.columns, error);
}

/* Each factor gets a texel. */
static gboolean
declare_alibi (E2vVkWeights * w, GError ** error)
{
  const E2vHparams *hp = e2v_model_hparams (w->model);
  const E2vVkColumns columns = { hp->alibi_layers * hp->n_heads, 1 };

  return declare_table (w, w->n_tensors, columns, 1,
      e2v_vk_row_floats (columns), error);
}

static gboolean
declare (E2vVkWeights * w, const E2vPlan * plan, const E2vOp * op,
    GError ** error)
{
  const E2vBuffer *x = e2v_plan_buffer (plan, (guint) op->x);
  const E2vBuffer *y = e2v_plan_buffer (plan, (guint) op->y);

  switch (op->kind) {
    case E2V_OP_MATMUL:
      return declare_matmul (w, plan, op, error);
    case E2V_OP_NORM:
      return declare_row (w, op->w, x, 1, error)
          && declare_row (w, op->b, x, 1, error);
    case E2V_OP_TOKENS:
      return declare_row (w, op->w, y, op->n_extra, error);
    case E2V_OP_SCORES:
      return !op->alibi || declare_alibi (w, error);
    default:
      return TRUE;
  }
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static gboolean
add_chunk (E2vVkWeights * w, E2vVkDevice * d, guint first, guint end,
    VkDeviceSize size, GError ** error)
{
  E2vVkBuffer chunk;
  gboolean ok = e2v_vk_buffer_init (&chunk, d, size, E2V_VK_MEMORY_DEVICE,
      "weights", error);

  /* appended even if half-built, to be cleared with the others */
  g_array_append_val (w->chunks, chunk);
  for (guint i = first; ok && i < end; i++) {
    if (w->weights[i].state == DECLARED)
      w->weights[i].range.buffer = chunk.buffer;
  }
  return ok;
}

static gboolean
check_range (E2vVkDevice * d, VkDeviceSize size, GError ** error)
{
  const guint32 limit = d->physical.properties.limits.maxStorageBufferRange;

  if (size <= limit)
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
      "a weight of %.1f MiB is more than the %.1f MiB that %s can bind",
      (double) size / (1 << 20), (double) limit / (1 << 20), d->physical.name);
  return FALSE;
}

/* Gives every declared weight a place. */
static gboolean
place (E2vVkWeights * w, E2vVkDevice * d, GError ** error)
{
  const guint n = w->n_tensors + 2;
  VkDeviceSize size = 0;
  guint first = 0;

  for (guint i = 0; i < n; i++) {
    E2vVkOperandRange *range = &w->weights[i].range;

    if (w->weights[i].state != DECLARED)
      continue;
    if (!check_range (d, range->size, error))
      return FALSE;
    if (size > 0 && size + range->size > CHUNK_BYTES) {
      if (!add_chunk (w, d, first, i, size, error))
        return FALSE;
      first = i;
      size = 0;
    }
    range->offset = size;
    size = (size + range->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
  return size == 0 || add_chunk (w, d, first, n, size, error);
}

/* ---- second pass: packing and upload ---------------------------------------------------------------------------- */

/* Row by row: a whole tensor in float beside the packed one would cost more in page faults than packing does. */
static gboolean
pack_matrix (const E2vVkWeights * w, guint index, gpointer packed,
    GError ** error)
{
  const E2vTensor *tensor = e2v_model_tensor (w->model, index);
  const E2vVkMatrix *m = &w->weights[index].matrix;
  const gsize inputs = (gsize) m->taps * m->x.groups * m->x.width;
  const guint outputs = m->sets * m->y.groups * m->y.width;
  g_autofree float *row = try_alloc (inputs, sizeof (float), error);

  if (!row)
    return FALSE;
  for (guint i = 0; i < outputs; i++) {
    e2v_tensor_read_f32 (tensor, i * inputs, inputs, row);
    e2v_vk_pack_output (m, &w->family->packing, i, row, packed);
  }
  return TRUE;
}

static gboolean
pack_table (const E2vVkWeights * w, guint index, float *packed, GError ** error)
{
  const Weight *weight = &w->weights[index];
  gsize n;
  g_autofree float *values = read_values (w, index, &n, error);

  if (!values)
    return FALSE;
  e2v_vk_pack_table (weight->columns, weight->rows, weight->stride, values,
      packed);
  return TRUE;
}

static E2vVkBuffer *
chunk_of (const E2vVkWeights * w, VkBuffer buffer)
{
  for (guint i = 0; i < w->chunks->len; i++) {
    E2vVkBuffer *chunk = &g_array_index (w->chunks, E2vVkBuffer, i);

    if (chunk->buffer == buffer)
      return chunk;
  }
  g_return_val_if_reached (NULL);
}

static gboolean
add_view (E2vVkWeights * w, E2vVkDevice * d, Weight * weight, GError ** error)
{
  const gboolean half = weight->is_matrix && weight->matrix.half;
  const VkFormat format = half ? VK_FORMAT_R32G32B32A32_UINT
      : VK_FORMAT_R32G32B32A32_SFLOAT;

  if (w->family->descriptor != VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER)
    return TRUE;
  return e2v_vk_view_new (d, chunk_of (w, weight->range.buffer), format,
      weight->range.offset, weight->range.size, &weight->range.view, error);
}

/* @scratch: large enough for every weight. The model's own copy of it has done its duty then. */
static gboolean
upload (E2vVkWeights * w, E2vVkDevice * d, guint index, gpointer scratch,
    GError ** error)
{
  const Weight *weight = &w->weights[index];
  const gsize size = weight->range.size;
  gboolean ok;

  memset (scratch, 0, size);
  ok = weight->is_matrix ? pack_matrix (w, index, scratch, error)
      : pack_table (w, index, scratch, error);
  e2v_model_release_pages (w->model);
  return ok && e2v_vk_buffer_upload (chunk_of (w, weight->range.buffer), d,
      weight->range.offset, scratch, size, error);
}

static gboolean
upload_declared (E2vVkWeights * w, E2vVkDevice * d, GError ** error)
{
  g_autofree gpointer scratch = NULL;
  gsize largest = 0;

  for (guint i = 0; i < w->n_tensors + 2; i++) {
    if (w->weights[i].state == DECLARED)
      largest = MAX (largest, w->weights[i].range.size);
  }
  if (largest == 0)
    return TRUE;
  scratch = try_alloc (largest, 1, error);
  for (guint i = 0; scratch && i < w->n_tensors + 2; i++) {
    Weight *weight = &w->weights[i];

    if (weight->state != DECLARED)
      continue;
    if (!upload (w, d, i, scratch, error) || !add_view (w, d, weight, error))
      return FALSE;
    weight->state = PRESENT;
  }
  return scratch != NULL;
}

gboolean
e2v_vk_weights_prepare (E2vVkWeights * w, E2vVkDevice * d, const E2vPlan * plan,
    GError ** error)
{
  const E2vVkColumns zeros = { N_ZEROS, 1 };

  if (!declare_table (w, w->n_tensors + 1, zeros, 1,
          e2v_vk_row_floats (zeros), error))
    return FALSE;
  for (guint i = 0; i < e2v_plan_n_ops (plan); i++) {
    if (!declare (w, plan, e2v_plan_op (plan, i), error))
      return FALSE;
  }
  return place (w, d, error) && upload_declared (w, d, error);
}

const E2vVkOperandRange *
e2v_vk_weights_range (const E2vVkWeights * w, guint tensor)
{
  return &w->weights[tensor].range;
}

const E2vVkMatrix *
e2v_vk_weights_matrix (const E2vVkWeights * w, guint tensor)
{
  return &w->weights[tensor].matrix;
}

const E2vVkOperandRange *
e2v_vk_weights_alibi (const E2vVkWeights * w)
{
  return &w->weights[w->n_tensors].range;
}

const E2vVkOperandRange *
e2v_vk_weights_zeros (const E2vVkWeights * w)
{
  return &w->weights[w->n_tensors + 1].range;
}
