// mix.comp - y[p][r][h][c] = sum over tokens j: x[p * H + h][r][j] * x2[p][j][2 H + h][c]: weights times values.
//
// x: rows of k4 texels, one float a token, zeros in the padding. x2: as the x of scores, bound as w.
// A work group: 8 rows by 2 * SG texels of one head.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#include "family.glsl"
#include "tile.glsl"

void store (uint row, uint texel, uint at, vec4 value)
{
  if (row < p.rows && texel < p.width4)
    y_store (at + row * p.y_row + texel, value);
}

void main ()
{
  const uint row0 = p.row0 + gl_WorkGroupID.x * ROWS, plane = p.plane0 + gl_WorkGroupID.z;
  const uint head = plane % p.groups, batch = plane / p.groups;
  const uint texel = gl_WorkGroupID.y * (2 * SG) + lane ();
  const uint v_at = p.w_first + batch * p.w_plane + (2u * p.groups + head) * p.width4 + texel;
  uint a_at[FRAGMENTS];

  [[unroll]] for (int f = 0; f < FRAGMENTS; f++)
    a_at[f] = p.x_first + plane * p.x_plane + min (row0 + fragment_row (f), p.rows - 1u) * p.x_row
        + fragment_texel (f);
  tile_clear ();
  for (uint k = 0u; k < p.k4; k += 2u) {
    // an odd k4 makes the last step reach into the next row: those weights count as zeros
    [[unroll]] for (int f = 0; f < FRAGMENTS; f++)
      a[f] = k + fragment_texel (f) < p.k4 ? x_load (a_at[f] + k) : vec4 (0.0);
    [[unroll]] for (int c = 0; c < 8; c++) {
      const uint at = v_at + min (4u * k + uint (c), p.total - 1u) * p.w_row;

      w_lo[c] = w_load (at);
      w_hi[c] = w_load (at + SG);
    }
    tile_step ();
  }

  const uint y_at = p.y_first + batch * p.y_plane + head * p.width4;

  [[unroll]] for (int i = 0; i < ROWS; i++) {
    store (row0 + i, texel, y_at, acc_lo[i]);
    store (row0 + i, texel + SG, y_at, acc_hi[i]);
  }
}
