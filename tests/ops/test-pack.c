/* test-pack.c - how rows and weights are rearranged for the device, against tables made by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkpack.h"

#include <string.h>

static void
test_rows (void)
{
  const E2vBuffer heads = {.planes = 1,.rows = 2,.groups = 2,.width = 3 };
  const float values[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
  const float expected[16] = {
    1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 10, 11, 12, 0
  };
  float packed[16] = { 0 }, back[12];

  g_assert_cmpuint (e2v_vk_buffer_row (&heads), ==, 8);
  g_assert_cmpuint (e2v_vk_buffer_bytes (&heads), ==, sizeof packed);
  e2v_vk_pack_rows (&heads, values, packed);
  g_assert_cmpmem (packed, sizeof packed, expected, sizeof expected);
  e2v_vk_unpack_rows (&heads, packed, back);
  g_assert_cmpmem (back, sizeof back, values, sizeof values);
}

/* Only the input is a waveform; a row of one logit is padded like any other. */
static void
test_waveform (void)
{
  E2vBuffer buffer = {.use = E2V_BUFFER_INPUT,.planes = 1,.rows = 5,
    .groups = 1,.width = 1
  };

  g_assert_cmpuint (e2v_vk_buffer_row (&buffer), ==, 1);
  g_assert_cmpuint (e2v_vk_buffer_bytes (&buffer), ==, 8 * sizeof (float));
  buffer.use = E2V_BUFFER_OUTPUT;
  g_assert_cmpuint (e2v_vk_buffer_row (&buffer), ==, 4);
  g_assert_cmpuint (e2v_vk_buffer_bytes (&buffer), ==, 20 * sizeof (float));
}

static void
test_table (void)
{
  const E2vVkColumns columns = { 2, 1 };
  const float values[4] = { 1, 2, 3, 4 };
  const float expected[24] = {[0] = 1,[4] = 2,[12] = 3,[16] = 4 };
  float packed[24] = { 0 };

  e2v_vk_pack_table (columns, 2, 12, values, packed);
  g_assert_cmpmem (packed, sizeof packed, expected, sizeof expected);
}

/* Two taps of rows of 3 inputs, 5 outputs, panels of 4 columns: output o, tap t, input c has the value 100 o + 10 t + c
 * + 1 and belongs to panel o / 4, row 4 t + c, column o % 4. */
static void
test_matrix (void)
{
  const E2vVkPacking packing = {.columns = 4,.k_multiple = 16 };
  const E2vVkColumns x = { 1, 3 }, y = { 1, 5 };
  E2vVkMatrix m;
  float packed[2 * 16 * 4] = { 0 };

  e2v_vk_matrix_init (&m, x, y, 2, 1, FALSE, &packing);
  g_assert_cmpuint (m.k, ==, 16);
  g_assert_cmpuint (m.panels, ==, 2);
  g_assert_cmpuint (e2v_vk_matrix_bytes (&m), ==, sizeof packed);
  for (guint o = 0; o < 5; o++) {
    const float base = (float) (100 * o);
    const float row[6] = { base + 1, base + 2, base + 3,
      base + 11, base + 12, base + 13
    };

    e2v_vk_pack_output (&m, &packing, o, row, packed);
  }
  for (guint panel = 0; panel < 2; panel++) {
    for (guint k = 0; k < 16; k++) {
      for (guint column = 0; column < 4; column++) {
        const guint o = 4 * panel + column;
        const gboolean used = o < 5 && k < 8 && k % 4 < 3;
        const float expected = used
            ? (float) (100 * o + 10 * (k / 4) + k % 4 + 1) : 0;

        g_assert_cmpfloat (packed[(panel * 16 + k) * 4 + column], ==, expected);
      }
    }
  }
}

/* Sets follow each other, and heads of 3 begin at texels. */
static void
test_matrix_groups (void)
{
  const E2vVkPacking packing = {.columns = 8,.k_multiple = 4 };
  const E2vVkColumns x = { 1, 1 }, y = { 2, 3 };
  E2vVkMatrix m;
  float packed[2 * 4 * 8] = { 0 };

  e2v_vk_matrix_init (&m, x, y, 1, 2, FALSE, &packing);
  g_assert_cmpuint (m.n_elements, ==, G_N_ELEMENTS (packed));
  for (guint o = 0; o < 12; o++) {
    const float value = (float) (o + 1);

    e2v_vk_pack_output (&m, &packing, o, &value, packed);
  }
  {
    const float first[8] = { 1, 2, 3, 0, 4, 5, 6, 0 };
    const float second[8] = { 7, 8, 9, 0, 10, 11, 12, 0 };

    g_assert_cmpmem (packed, sizeof first, first, sizeof first);
    g_assert_cmpmem (packed + 32, sizeof second, second, sizeof second);
  }
}

/* Two lanes: columns 0-3 and 8-11 belong to lane 0, 4-7 and 12-15 to lane 1. */
static void
test_matrix_half (void)
{
  const E2vVkPacking packing = {.columns = 16,.k_multiple = 1,.lanes = 2 };
  const guint8 order[16] = {
    0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15
  };
  const E2vVkColumns x = { 1, 1 }, y = { 1, 16 };
  E2vVkMatrix m;
  guint16 packed[4 * 16] = { 0 };

  e2v_vk_matrix_init (&m, x, y, 1, 1, TRUE, &packing);
  g_assert_cmpuint (e2v_vk_matrix_bytes (&m), ==, sizeof packed);
  for (guint o = 0; o < 16; o++) {
    const float value = (float) (o + 1);

    e2v_vk_pack_output (&m, &packing, o, &value, packed);
  }
  for (guint i = 0; i < 16; i++)
    g_assert_cmpfloat (e2v_half_to_float (packed[i]), ==, order[i] + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pack/rows", test_rows);
  g_test_add_func ("/pack/waveform", test_waveform);
  g_test_add_func ("/pack/table", test_table);
  g_test_add_func ("/pack/matrix", test_matrix);
  g_test_add_func ("/pack/matrix/groups", test_matrix_groups);
  g_test_add_func ("/pack/matrix/half", test_matrix_half);
  return g_test_run ();
}
