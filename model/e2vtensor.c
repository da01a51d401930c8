/* e2vtensor.c - element types and shapes of weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vtensor.h"

#include <math.h>
#include <string.h>

static const struct
{
  const char *name;
  gsize size;
} dtypes[] = {
  {"F32", 4},
  {"F16", 2},
  {"BF16", 2},
  {"F64", 8},
};

G_STATIC_ASSERT (G_N_ELEMENTS (dtypes) == E2V_N_DTYPES);

const char *
e2v_dtype_name (E2vDtype dtype)
{
  g_return_val_if_fail (dtype < E2V_N_DTYPES, "?");
  return dtypes[dtype].name;
}

gsize
e2v_dtype_size (E2vDtype dtype)
{
  g_return_val_if_fail (dtype < E2V_N_DTYPES, 0);
  return dtypes[dtype].size;
}

gboolean
e2v_shape_n_elements (const guint64 * dims, guint n_dims, gsize * n_elements)
{
  gsize n = 1;

  /* room for the widest element, so that bytes cannot overflow either */
  for (guint i = 0; i < n_dims; i++) {
    if (dims[i] > G_MAXSIZE || !g_size_checked_mul (&n, n, (gsize) dims[i]))
      return FALSE;
  }
  if (n > G_MAXSIZE / 8)
    return FALSE;
  *n_elements = n;
  return TRUE;
}

gsize
e2v_tensor_n_elements (const E2vTensor * tensor)
{
  gsize n = 0;

  e2v_shape_n_elements (tensor->dims, tensor->n_dims, &n);
  return n;
}

float
e2v_half_to_float (guint16 half)
{
  guint32 sign = (guint32) (half & 0x8000) << 16;
  guint32 exponent = (half >> 10) & 0x1f;
  guint32 mantissa = half & 0x3ff;
  guint32 bits;
  float value;

  if (exponent == 0) {          /* zero and subnormals: mantissa * 2^-24 */
    value = (float) mantissa *0x1p-24f;
    return sign ? -value : value;
  }
  if (exponent == 31)
    bits = sign | 0x7f800000 | mantissa << 13;
  else
    bits = sign | (exponent + 112) << 23 | mantissa << 13;
  memcpy (&value, &bits, 4);
  return value;
}

guint16
e2v_half_from_float (float value)
{
  guint32 bits;
  guint16 sign;

  memcpy (&bits, &value, 4);
  sign = (guint16) (bits >> 16 & 0x8000);
  bits &= 0x7fffffff;
  if (bits > 0x7f800000)        /* NaN */
    return sign | 0x7e00;
  if (bits >= 0x477ff000)       /* 65520 and above round to infinity */
    return sign | 0x7c00;
  if (bits < 0x38800000) {      /* below 2^-14: a multiple of 2^-24 */
    float magnitude;

    memcpy (&magnitude, &bits, 4);
    return sign | (guint16) lrintf (magnitude * 0x1p24f);
  }
  bits += 0xfff + (bits >> 13 & 1);     /* to nearest, ties to even */
  return sign | (guint16) ((bits - 0x38000000) >> 13);
}

/* Weights of trained and of seeded layers stay far below. */
#define MAX_HALF_WEIGHT 64

gboolean
e2v_half_is_safe (const float *values, gsize n)
{
  double sum = 0, error = 0;

  for (gsize i = 0; i < n; i++) {
    double v = (double) values[i];
    double rounded =
        (double) e2v_half_to_float (e2v_half_from_float (values[i]));

    if (!(fabs (v) <= MAX_HALF_WEIGHT))
      return FALSE;
    sum += v * v;
    error += (v - rounded) * (v - rounded);
  }
  return error <= sum * 1e-6;
}

void
e2v_half_round (float *values, gsize n)
{
  if (!e2v_half_is_safe (values, n))
    return;
  for (gsize i = 0; i < n; i++)
    values[i] = e2v_half_to_float (e2v_half_from_float (values[i]));
}

const float *
e2v_tensor_floats (const E2vTensor * tensor)
{
  if (tensor->dtype != E2V_DTYPE_F32 || G_BYTE_ORDER != G_LITTLE_ENDIAN
      || (guintptr) tensor->data % sizeof (float) != 0)
    return NULL;
  return (const float *) tensor->data;
}

void
e2v_tensor_round_to_half (E2vTensor * tensor, float *data)
{
  const gsize n = e2v_tensor_n_elements (tensor);
  guint8 *bytes = (guint8 *) data;

  if (!e2v_half_is_safe (data, n))
    return;
  /* in rising order a half never overwrites a float that is still to be read */
  for (gsize i = 0; i < n; i++) {
    guint16 half = GUINT16_TO_LE (e2v_half_from_float (data[i]));

    memcpy (bytes + i * sizeof half, &half, sizeof half);
  }
  tensor->dtype = E2V_DTYPE_F16;
  tensor->size = n * sizeof (guint16);
}

static float
bfloat_to_float (guint16 b)
{
  guint32 bits = (guint32) b << 16;
  float value;

  memcpy (&value, &bits, 4);
  return value;
}

static double
element (E2vDtype dtype, const guint8 * data)
{
  guint16 half;
  float single;
  double value;

  switch (dtype) {
    case E2V_DTYPE_F16:
      memcpy (&half, data, 2);
      return (double) e2v_half_to_float (GUINT16_FROM_LE (half));
    case E2V_DTYPE_BF16:
      memcpy (&half, data, 2);
      return (double) bfloat_to_float (GUINT16_FROM_LE (half));
    case E2V_DTYPE_F64:
      memcpy (&value, data, 8);
      return value;
    case E2V_DTYPE_F32:
    default:
      memcpy (&single, data, 4);
      return (double) single;
  }
}

void
e2v_tensor_read_f32 (const E2vTensor * tensor, gsize first, gsize n, float *dst)
{
  gsize size = e2v_dtype_size (tensor->dtype);
  const guint8 *data = tensor->data + first * size;

  if (tensor->dtype == E2V_DTYPE_F32) {
    memcpy (dst, data, n * size);
    return;
  }
  for (gsize i = 0; i < n; i++)
    dst[i] = (float) element (tensor->dtype, data + i * size);
}

void
e2v_tensor_read_f64 (const E2vTensor * tensor, gsize first, gsize n,
    double *dst)
{
  gsize size = e2v_dtype_size (tensor->dtype);
  const guint8 *data = tensor->data + first * size;

  for (gsize i = 0; i < n; i++)
    dst[i] = element (tensor->dtype, data + i * size);
}

char *
e2v_shape_to_string (const guint64 * dims, guint n_dims)
{
  GString *s = g_string_new ("[");

  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (s, "%s%" G_GUINT64_FORMAT, i ? ", " : "", dims[i]);
  g_string_append_c (s, ']');
  return g_string_free (s, FALSE);
}
