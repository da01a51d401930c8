// matmul.comp - y[r][n] = act (sum over k: x[row r][k] * w[k][n] + b[n]) + residual[r][n].
//
// A row of x is k4 texels from x_first + r * x_row on: overlapping rows are a convolution over time. k4 is a multiple of
// 4; where that reads past the row's end the weights are zero. Weights are packed in panels of 64 columns, [k][64].
// A work group: 64 rows by one panel of one plane.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#define LANES 128
#include "family.glsl"
#include "tile.glsl"
#include "gelu.glsl"

layout(constant_id = 0) const bool GELU = false;
layout(constant_id = 1) const bool RESIDUAL = false;

uint row0 ()
{
  return p.row0 + gl_WorkGroupID.x * TILE;
}

uint plane ()
{
  return p.plane0 + gl_WorkGroupID.z;
}

vec4 fetch_a (uint row, uint k4)
{
  return x_load (p.x_first + plane () * p.x_plane + min (row0 () + row, p.rows - 1u) * p.x_row + k4);
}

vec4 fetch_w (uint k, uint texel)
{
  return w_load (plane () % p.groups * p.w_plane + gl_WorkGroupID.y * p.w_row + k * (TILE / 4) + texel);
}

void main ()
{
  tile_sum (p.k4 / STEP4);

  const uint texel = gl_WorkGroupID.y * (TILE / 4) + my_texel ();

  if (texel >= p.n4)
    return;

  const vec4 bias = b_load (p.b_step * (plane () % p.groups * p.b_plane + texel));

  [[unroll]] for (uint i = 0u; i < 8u; i++) {
    const uint row = row0 () + my_row () + i;
    vec4 value = acc[i] + bias;

    if (row >= p.rows)
      return;
    if (GELU)
      value = gelu4 (value);
    if (RESIDUAL)
      value += r_load (p.r_first + plane () * p.r_plane + row * p.r_row + texel);
    y_store (p.y_first + plane () * p.y_plane + row * p.y_row + texel, value);
  }
}
