// matmul.comp - y[r][n] = act (sum over k: x[row r][k] * w[k][n] + b[n]) + residual[r][n].
//
// A row of x is k4 texels from x_first + r * x_row on: overlapping rows are a convolution over time. k4 is even; where
// that reads past the row's end the weights are zero. Weights are packed in panels of 8 * SG columns, [k][8 * SG],
// with HALF as eight halves a lane, [k][SG][8]. A work group: 8 rows by one panel of one plane.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#include "family.glsl"
#include "tile.glsl"
#include "gelu.glsl"

layout(constant_id = 0) const bool GELU = false;
layout(constant_id = 1) const bool RESIDUAL = false;

#ifdef HALF
#define STRIDE SG
void load_weights (uint at, int c)
{
  const uvec4 u = w_load (at);

  w_lo[c] = vec4 (unpackHalf2x16 (u.x), unpackHalf2x16 (u.y));
  w_hi[c] = vec4 (unpackHalf2x16 (u.z), unpackHalf2x16 (u.w));
}
#else
#define STRIDE (2 * SG)
void load_weights (uint at, int c)
{
  w_lo[c] = w_load (at);
  w_hi[c] = w_load (at + SG);
}
#endif

void store (uint row, uint texel, uint plane, vec4 value)
{
  if (row >= p.rows || texel >= p.n4)
    return;
  if (GELU)
    value = gelu4 (value);
  if (RESIDUAL)
    value += r_load (p.r_first + plane * p.r_plane + row * p.r_row + texel);
  y_store (p.y_first + plane * p.y_plane + row * p.y_row + texel, value);
}

void main ()
{
  const uint row0 = p.row0 + gl_WorkGroupID.x * ROWS, plane = p.plane0 + gl_WorkGroupID.z;
  const uint group = plane % p.groups, texel = gl_WorkGroupID.y * (2 * SG) + lane ();
  uint w_at = group * p.w_plane + gl_WorkGroupID.y * p.w_row + lane ();
  uint a_at[FRAGMENTS];

  [[unroll]] for (int f = 0; f < FRAGMENTS; f++)
    a_at[f] = p.x_first + plane * p.x_plane + min (row0 + fragment_row (f), p.rows - 1u) * p.x_row
        + fragment_texel (f);
  tile_clear ();
  for (uint k = 0u; k < p.k4; k += 2u) {
    [[unroll]] for (int f = 0; f < FRAGMENTS; f++)
      a[f] = x_load (a_at[f] + k);
    [[unroll]] for (int c = 0; c < 8; c++)
      load_weights (w_at + uint (c * STRIDE), c);
    w_at += 8 * STRIDE;
    tile_step ();
  }

  const uint b_at = group * p.b_plane + texel;
  const vec4 b_lo = b_load (p.b_step * b_at), b_hi = b_load (p.b_step * (b_at + SG));

  [[unroll]] for (int i = 0; i < ROWS; i++) {
    store (row0 + i, texel, plane, acc_lo[i] + b_lo);
    store (row0 + i, texel + SG, plane, acc_hi[i] + b_hi);
  }
}
