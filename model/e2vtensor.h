/* e2vtensor.h - what a weight is: a name, an element type, a shape, and bytes that somebody else owns.
 *
 * Shapes are row-major, slowest dimension first. Data is little-endian. MT: any thread, all functions are pure.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_TENSOR_H
#define E2V_TENSOR_H

#include <glib.h>

G_BEGIN_DECLS

#define E2V_MAX_DIMS 5

typedef enum
{
  E2V_DTYPE_F32,
  E2V_DTYPE_F16,
  E2V_DTYPE_BF16,
  E2V_DTYPE_F64,
  E2V_N_DTYPES
} E2vDtype;

typedef struct
{
  char *name;                   /* owned by whoever owns the tensor list */
  E2vDtype dtype;
  guint n_dims;
  guint64 dims[E2V_MAX_DIMS];
  const guint8 *data;           /* borrowed; no alignment is promised */
  gsize size;                   /* bytes, always e2v_tensor_n_elements() * e2v_dtype_size() */
} E2vTensor;

const char *e2v_dtype_name (E2vDtype dtype);
gsize e2v_dtype_size (E2vDtype dtype);

/* Number of elements of a shape; FALSE if the product or the byte size overflows a gsize. */
gboolean e2v_shape_n_elements (const guint64 * dims, guint n_dims, gsize * n_elements);

gsize e2v_tensor_n_elements (const E2vTensor * tensor);

/* The elements where they lie, if they are floats that this machine can read there; else NULL. */
const float *e2v_tensor_floats (const E2vTensor * tensor);

/* Writes elements [first, first + n) of @tensor to @dst as float; F64 is rounded to nearest. */
void e2v_tensor_read_f32 (const E2vTensor * tensor, gsize first, gsize n, float *dst);

/* The same as double: exact for every type. */
void e2v_tensor_read_f64 (const E2vTensor * tensor, gsize first, gsize n, double *dst);

/* "[768, 3, 512]"; free with g_free(). */
char *e2v_shape_to_string (const guint64 * dims, guint n_dims);

/* Rounds the float values at @data, which @tensor describes, to half precision in place and describes the result, if that
 * is safe (e2v_half_is_safe()); else changes nothing. @data need not be @tensor's yet. */
void e2v_tensor_round_to_half (E2vTensor * tensor, float *data);

/* IEEE 754 half precision, round to nearest even; overflow gives infinity. */
guint16 e2v_half_from_float (float value);
float e2v_half_to_float (guint16 half);

/* Whether half precision is fit for these weights: no overflow, a relative error ||w - half (w)|| / ||w|| below 1e-3
 * (weights of a healthy layer round with 2e-4; tiny ones become subnormal), and none above 64. Layers with such weights
 * have sums of a scale that only a norm behind them bounds, and pass rounding errors on magnified. */
gboolean e2v_half_is_safe (const float *values, gsize n);

/* Gives @values the values that they have in half precision, if that is safe; else changes nothing. */
void e2v_half_round (float *values, gsize n);

G_END_DECLS

#endif
