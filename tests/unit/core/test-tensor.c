/* test-tensor.c - element types: half and brain floats, shapes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vtensor.h"

#include <math.h>
#include <string.h>

/* Every half is its own nearest half; values come from the definition, sign * 2^(e - 15) * (1 + m / 1024). */
static void
test_half_exhaustive (void)
{
  for (guint h = 0; h < 65536; h++) {
    guint exponent = h >> 10 & 31, mantissa = h & 1023;
    double value = exponent ? ldexp (1 + mantissa / 1024.0, (int) exponent - 15)
        : ldexp (mantissa / 1024.0, -14);
    float widened = e2v_half_to_float ((guint16) h);

    if (exponent == 31) {
      g_assert_true (mantissa ? isnan (widened) : isinf (widened));
      continue;
    }
    g_assert_true ((double) widened == (h & 0x8000 ? -value : value));
    g_assert_cmpuint (e2v_half_from_float (widened), ==, h);
  }
}

static void
test_half_rounding (void)
{
  g_assert_cmpuint (e2v_half_from_float (1 + 0x1p-11f), ==, 0x3c00);    /* tie to even */
  g_assert_cmpuint (e2v_half_from_float (1 + 3 * 0x1p-11f), ==, 0x3c02);
  g_assert_cmpuint (e2v_half_from_float (1 + 0x1.1p-11f), ==, 0x3c01);
  g_assert_cmpuint (e2v_half_from_float (65519.0f), ==, 0x7bff);
  g_assert_cmpuint (e2v_half_from_float (65520.0f), ==, 0x7c00);
  g_assert_cmpuint (e2v_half_from_float (0x1p-25f), ==, 0);
  g_assert_cmpuint (e2v_half_from_float (-0x1.8p-24f), ==, 0x8002);
  g_assert_cmpuint (e2v_half_from_float (0x1.ffcp-15f), ==, 0x0400);    /* subnormal rounds to normal */
}

static void
test_half_safety (void)
{
  const float usual[] = { 0.3f, -0.01f, 2 }, huge[] = { 1, 70000 };
  const float tiny[] = { 1e-7f, 3e-8f, -2e-7f };

  g_assert_true (e2v_half_is_safe (usual, 3));
  g_assert_false (e2v_half_is_safe (huge, 2));
  g_assert_false (e2v_half_is_safe (tiny, 3));
}

static void
test_read (void)
{
  const guint16 bf[] = { 0x3f80, 0xc040 };      /* 1, -3 */
  const double wide[] = { 0.1, -2.5 };
  E2vTensor t = {.dtype = E2V_DTYPE_BF16,.n_dims = 1,.dims = {2},
  .data = (const guint8 *) bf,.size = sizeof bf
  };
  float f[2];
  double d[2];

  e2v_tensor_read_f32 (&t, 0, 2, f);
  g_assert_true (f[0] == 1 && f[1] == -3);
  t.dtype = E2V_DTYPE_F64;
  t.data = (const guint8 *) wide;
  e2v_tensor_read_f64 (&t, 0, 2, d);
  g_assert_true (d[0] == 0.1 && d[1] == -2.5);
  e2v_tensor_read_f32 (&t, 1, 1, f);
  g_assert_true (f[0] == -2.5f);
}

/* Steps of half precision near 1 are 2^-10 wide; 1 + 2^-12 lies in the first quarter of one. */
static void
test_half_round (void)
{
  float usual[] = { 1.000244140625f, -0.5f };
  float huge[] = { 1.000244140625f, 1e6f };

  e2v_half_round (usual, 2);
  g_assert_true (usual[0] == 1.0f && usual[1] == -0.5f);
  e2v_half_round (huge, 2);
  g_assert_true (huge[0] == 1.000244140625f && huge[1] == 1e6f);
}

static void
test_floats_in_place (void)
{
  const float values[] = { 0.5f, 1.5f, 2.5f };
  E2vTensor t = {.dtype = E2V_DTYPE_F32,.n_dims = 1,.dims = {2},
  .data = (const guint8 *) values,.size = 8
  };

  g_assert_true (e2v_tensor_floats (&t) ==
      (G_BYTE_ORDER == G_LITTLE_ENDIAN ? values : NULL));
  t.data++;
  g_assert_null (e2v_tensor_floats (&t));
  t.data--;
  t.dtype = E2V_DTYPE_F16;
  g_assert_null (e2v_tensor_floats (&t));
}

static void
test_shape_overflow (void)
{
  const guint64 fine[] = { 3, 4, 5 };
  const guint64 absurd[] = { G_GUINT64_CONSTANT (1) << 40, 1 << 20, 1 << 10 };
  gsize n = 7;

  g_assert_true (e2v_shape_n_elements (fine, 3, &n));
  g_assert_cmpuint (n, ==, 60);
  g_assert_false (e2v_shape_n_elements (absurd, 3, &n));
  g_assert_cmpuint (n, ==, 60);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tensor/half-exhaustive", test_half_exhaustive);
  g_test_add_func ("/tensor/half-rounding", test_half_rounding);
  g_test_add_func ("/tensor/half-safety", test_half_safety);
  g_test_add_func ("/tensor/half-round", test_half_round);
  g_test_add_func ("/tensor/floats-in-place", test_floats_in_place);
  g_test_add_func ("/tensor/read", test_read);
  g_test_add_func ("/tensor/shape-overflow", test_shape_overflow);
  return g_test_run ();
}
