/* e2vvkpack.h - how rows of plan buffers lie in device memory, and weights rearranged to match.
 *
 * Rows: a plan buffer [planes][rows][groups][width] lies as rows of groups * pad4 (width) floats, so that every row and
 * every head begins at a texel of four floats. The padding is zero, and every kernel keeps it so. Only the waveform, an
 * input of width 1, is not padded.
 *
 * Matrices: a logical [outputs][taps][inputs] becomes panels of `columns` outputs: [set][panel][k][columns], where
 * outputs count as in a row of y and k as in `taps` neighbouring rows of x. Padding gives zero rows and columns.
 * With halves, a row of a panel of the simd family is shuffled so that the eight columns of a lane are neighbours.
 *
 * Pure: no device, no Vulkan. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_PACK_H
#define E2V_VK_PACK_H

#include "e2vmodel.h"
#include "e2vplan.h"

G_BEGIN_DECLS

/* The columns of a plan buffer, all that packing has to know of it. */
typedef struct
{
  guint groups, width;
} E2vVkColumns;

/* What a shader family wants of a packed matrix. */
typedef struct
{
  guint columns;                /* of a panel, a multiple of 4 */
  guint k_multiple;             /* rows of a panel are rounded up to this */
  guint lanes;                  /* simd: lanes whose two texels are joined in halves; 0: columns stay in order */
} E2vVkPacking;

typedef struct
{
  E2vVkColumns x, y;
  guint taps, sets;             /* sets: weight groups */
  gboolean half;
  guint k, panels;              /* derived: rows of a panel, panels of a set */
  gsize n_elements;             /* derived: sets * panels * k * columns */
} E2vVkMatrix;

guint e2v_vk_pad (guint width);

/* Floats of one row. */
guint e2v_vk_row_floats (E2vVkColumns columns);

/* Where logical column @column of a row lies. */
guint e2v_vk_column (E2vVkColumns columns, guint column);

E2vVkColumns e2v_vk_columns (const E2vBuffer * buffer);

/* Floats of a row of a plan buffer; 1 for the waveform. */
guint e2v_vk_buffer_row (const E2vBuffer * buffer);

/* Bytes of a whole plan buffer in device memory. */
guint64 e2v_vk_buffer_bytes (const E2vBuffer * buffer);

/* Plan buffer to device memory and back. */
void e2v_vk_pack_rows (const E2vBuffer * buffer, const float *values, float *packed);
void e2v_vk_unpack_rows (const E2vBuffer * buffer, const float *packed, float *values);

/* Sets the derived fields. */
void e2v_vk_matrix_init (E2vVkMatrix * matrix, E2vVkColumns x, E2vVkColumns y, guint taps, guint sets, gboolean half,
    const E2vVkPacking * packing);
gsize e2v_vk_matrix_bytes (const E2vVkMatrix * matrix);

/* @values: one logical row of taps * x columns at a time, of output @output of all sets; @packed was zeroed. */
void e2v_vk_pack_output (const E2vVkMatrix * matrix, const E2vVkPacking * packing, guint output, const float *values,
    gpointer packed);

/* Vectors and tables: @rows rows of @columns, each to @stride floats. */
void e2v_vk_pack_table (E2vVkColumns columns, guint rows, guint stride, const float *values, float *packed);

G_END_DECLS

#endif
