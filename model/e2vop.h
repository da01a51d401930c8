/* e2vop.h - the kinds of operations that a plan is made of.
 *
 * One kind, one name, four places: the table in e2vop.c, a function in e2vref.c, a shader in each family of shaders/,
 * a case in tests/ops. All arrays are float, row-major, with the shape [planes][rows][groups * width] of their buffer
 * (e2vplan.h). Formulas use the names of E2vOp's fields.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_OP_H
#define E2V_OP_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  /* y[p][r][j] = x[p][(x_row + r * step) + j][0]: the waveform cut into overlapping rows, the first convolution's
   * input. x has rows of one sample, y rows of `taps` samples. */
  E2V_OP_UNFOLD,
  /* y[p][r][n] = act (sum over t < taps, c: x[p][x_row + r * step + t][c] * w[g * N + n][t * C + c] + b[g * N + n])
   *              + residual[p][r][n]
   * A linear layer (taps = step = 1), a convolution over time, or, with weight_groups > 1, a grouped one: plane p then
   * uses the g-th set of N rows of w, g = p % weight_groups. b and residual are optional. act: exact GELU or nothing. */
  E2V_OP_MATMUL,
  /* y[p][r] = act ((x[p][r] - mean) / sqrt (variance + eps) * w + b), mean and biased variance over the row; w and b
   * are both there or both not. x and y may be the same buffer. */
  E2V_OP_NORM,
  /* y[p * G + g][pad + r][c] = x[p][r][g * C + c] and 0 in the `pad` rows in front and all rows behind: channels taken
   * apart by group and padded in time, the input of a grouped convolution. */
  E2V_OP_SPLIT_GROUPS,
  /* y[p][r][g * C + c] = x[p * G + g][r][c]: the way back. */
  E2V_OP_JOIN_GROUPS,
  /* y[p][r] = r < E ? w[r] : x[p][r - E] + x2[p][r - E]: extra tokens, then projection plus positional encoding. */
  E2V_OP_TOKENS,
  /* y[p * H + h][r][j] = scale * dot (query h of row x_row + r, key h of row j) - a[h] * |x_row + r - j|
   * where x[p] = [tokens][3 H groups: queries, keys, values][head width]; the distance term only between two frames
   * (both indices >= E). a = row `layer` of the ALiBi factors; alibi FALSE: no distance term. */
  E2V_OP_SCORES,
  /* y = x = softmax of each row, in place. */
  E2V_OP_SOFTMAX,
  /* y[p][y_row + r][h][c] = sum over j: x[p * H + h][r][j] * x2[p][j][2 H + h][c]: attention weights times values. */
  E2V_OP_MIX,
  /* y[p][0] = mean of the rows x_row .. x_row + rows - 1 of x[p]. */
  E2V_OP_MEAN,
  E2V_N_OPS
} E2vOpKind;

/* "matmul": also the file name of the shader. */
const char *e2v_op_name (E2vOpKind kind);

G_END_DECLS

#endif
