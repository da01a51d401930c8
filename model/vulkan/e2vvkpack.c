/* e2vvkpack.c - how rows of plan buffers lie in device memory, and weights rearranged to match.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkpack.h"

#include <string.h>

static guint
round_up (guint n, guint multiple)
{
  return (n + multiple - 1) / multiple * multiple;
}

guint
e2v_vk_pad (guint width)
{
  return round_up (width, 4);
}

guint
e2v_vk_row_floats (E2vVkColumns c)
{
  return c.groups * e2v_vk_pad (c.width);
}

guint
e2v_vk_column (E2vVkColumns c, guint column)
{
  return column / c.width * e2v_vk_pad (c.width) + column % c.width;
}

E2vVkColumns
e2v_vk_columns (const E2vBuffer * buffer)
{
  const E2vVkColumns columns = { buffer->groups, buffer->width };

  return columns;
}

static gboolean
is_waveform (const E2vBuffer * buffer)
{
  return buffer->use == E2V_BUFFER_INPUT && buffer->groups == 1
      && buffer->width == 1;
}

guint
e2v_vk_buffer_row (const E2vBuffer * buffer)
{
  if (is_waveform (buffer))
    return 1;
  return e2v_vk_row_floats (e2v_vk_columns (buffer));
}

guint64
e2v_vk_buffer_bytes (const E2vBuffer * buffer)
{
  const guint64 floats = (guint64) buffer->planes * buffer->rows
      * e2v_vk_buffer_row (buffer);

  /* whole texels, also of a waveform */
  return (floats + 3) / 4 * 4 * sizeof (float);
}

void
e2v_vk_pack_rows (const E2vBuffer * buffer, const float *values, float *packed)
{
  const gsize rows = (gsize) buffer->planes * buffer->rows;
  const gsize groups = rows * buffer->groups;
  const guint stride = is_waveform (buffer) ? 1 : e2v_vk_pad (buffer->width);

  if (stride == buffer->width) {
    memcpy (packed, values, groups * stride * sizeof (float));
    return;
  }
  for (gsize i = 0; i < groups; i++)
    memcpy (packed + i * stride, values + i * buffer->width,
        buffer->width * sizeof (float));
}

void
e2v_vk_unpack_rows (const E2vBuffer * buffer, const float *packed,
    float *values)
{
  const gsize rows = (gsize) buffer->planes * buffer->rows;
  const gsize groups = rows * buffer->groups;
  const guint stride = is_waveform (buffer) ? 1 : e2v_vk_pad (buffer->width);

  for (gsize i = 0; i < groups; i++)
    memcpy (values + i * buffer->width, packed + i * stride,
        buffer->width * sizeof (float));
}

void
e2v_vk_matrix_init (E2vVkMatrix * m, E2vVkColumns x, E2vVkColumns y,
    guint taps, guint sets, gboolean half, const E2vVkPacking * packing)
{
  m->x = x;
  m->y = y;
  m->taps = taps;
  m->sets = sets;
  m->half = half;
  m->k = round_up (taps * e2v_vk_row_floats (x), packing->k_multiple);
  m->panels = (e2v_vk_row_floats (y) + packing->columns - 1)
      / packing->columns;
  m->n_elements = (gsize) sets *m->panels * m->k * packing->columns;
}

gsize
e2v_vk_matrix_bytes (const E2vVkMatrix * m)
{
  return m->n_elements * (m->half ? sizeof (guint16) : sizeof (float));
}

/* Place of column @c within a panel's row: with halves, a simd lane's two texels (@lanes apart) become neighbours. */
static guint
place_in_row (const E2vVkPacking * packing, gboolean half, guint c)
{
  if (!half || packing->lanes == 0)
    return c;
  return c / 4 % packing->lanes * 8 + c / (4 * packing->lanes) * 4 + c % 4;
}

void
e2v_vk_pack_output (const E2vVkMatrix * m, const E2vVkPacking * packing,
    guint output, const float *values, gpointer packed)
{
  const guint n = m->y.groups * m->y.width;
  const guint column = e2v_vk_column (m->y, output % n);
  const gsize panel = (gsize) output / n * m->panels
      + column / packing->columns;
  gsize at = panel * m->k * packing->columns
      + place_in_row (packing, m->half, column % packing->columns);

  for (guint t = 0; t < m->taps; t++) {
    for (guint g = 0; g < m->x.groups; g++) {
      for (guint c = 0; c < m->x.width; c++) {
        const float value = *values++;

        if (m->half)
          ((guint16 *) packed)[at] = e2v_half_from_float (value);
        else
          ((float *) packed)[at] = value;
        at += packing->columns;
      }
      at += (gsize) (e2v_vk_pad (m->x.width) - m->x.width) * packing->columns;
    }
  }
}

void
e2v_vk_pack_table (E2vVkColumns columns, guint rows, guint stride,
    const float *values, float *packed)
{
  const guint n = columns.groups * columns.width;

  for (guint r = 0; r < rows; r++) {
    for (guint i = 0; i < n; i++)
      packed[(gsize) r * stride + e2v_vk_column (columns, i)] =
          values[(gsize) r * n + i];
  }
}
