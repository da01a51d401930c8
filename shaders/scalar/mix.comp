// mix.comp - y[p][r][h][c] = sum over tokens j: x[p * H + h][r][j] * x2[p][j][2 H + h][c]: weights times values.
//
// x: rows of k4 texels, one float a token, zeros in the padding. x2: as the x of scores, bound as w.
// A work group: 64 rows by 16 texels of one head.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#define LANES 128
#include "family.glsl"
#include "tile.glsl"

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
  const uint at = p.x_first + plane () * p.x_plane + min (row0 () + row, p.rows - 1u) * p.x_row;

  return k4 < p.k4 ? x_load (at + k4) : vec4 (0.0);
}

vec4 fetch_w (uint k, uint texel)
{
  const uint at = gl_WorkGroupID.y * (TILE / 4) + texel, head = plane () % p.groups;

  if (k >= p.total || at >= p.width4)
    return vec4 (0.0);
  return w_load (p.w_first + plane () / p.groups * p.w_plane + k * p.w_row + (2u * p.groups + head) * p.width4 + at);
}

void main ()
{
  tile_sum ((p.k4 + STEP4 - 1u) / STEP4);

  const uint texel = gl_WorkGroupID.y * (TILE / 4) + my_texel ();

  if (texel >= p.width4)
    return;
  [[unroll]] for (uint i = 0u; i < 8u; i++) {
    const uint row = row0 () + my_row () + i;

    if (row < p.rows)
      y_store (p.y_first + plane () / p.groups * p.y_plane + row * p.y_row + plane () % p.groups * p.width4 + texel,
          acc[i]);
  }
}
