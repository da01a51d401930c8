// scores.comp - y[p * H + h][r][j] = scale * dot (query h of token base + r, key h of token j) - a[h] * |distance|.
//
// x: [tokens][3 H groups of width4 texels]: queries, keys, values. The distance term stands only between two frames, that
// is tokens from `count` on. A lane owns two times four neighbouring keys, so that scores leave as texels.
// A work group: 8 queries by 8 * SG keys of one head. Keys past the last token give zeros.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#include "family.glsl"
#include "tile.glsl"
#include "mask.glsl"

layout(constant_id = 0) const bool ALIBI = false;

void store (uint row, uint texel, uint plane, float slope, vec4 dots)
{
  if (row >= p.rows || texel >= p.n4)
    return;

  vec4 value = p.scale * dots;

  if (ALIBI) {
    const vec4 key = vec4 (4u * texel + uvec4 (0, 1, 2, 3));
    const float query = float (p.base + row), first = float (p.count);

    if (query >= first)
      value -= slope * abs (query - key) * step (first, key);
  }
  y_store (p.y_first + plane * p.y_plane + row * p.y_row + texel, value * mask4 (texel, p.total));
}

void main ()
{
  const uint row0 = p.row0 + gl_WorkGroupID.x * ROWS, plane = p.plane0 + gl_WorkGroupID.z;
  const uint head = plane % p.groups, tokens = p.x_first + plane / p.groups * p.x_plane;
  const uint texel = gl_WorkGroupID.y * (2 * SG) + lane ();
  uint q_at[FRAGMENTS], k_at[8];

  [[unroll]] for (int f = 0; f < FRAGMENTS; f++)
    q_at[f] = tokens + (p.base + min (row0 + fragment_row (f), p.rows - 1u)) * p.x_row + head * p.width4
        + fragment_texel (f);
  [[unroll]] for (int j = 0; j < 8; j++) {
    const uint key = 4u * (texel + uint (j / 4 * SG)) + uint (j % 4);

    k_at[j] = tokens + min (key, p.total - 1u) * p.x_row + (p.groups + head) * p.width4;
  }
  tile_clear ();
  for (uint k = 0u; k < p.width4; k += 2u) {
    // an odd width4 makes the last step reach into the next head: those queries count as zeros
    [[unroll]] for (int f = 0; f < FRAGMENTS; f++)
      a[f] = k + fragment_texel (f) < p.width4 ? x_load (q_at[f] + k) : vec4 (0.0);
    [[unroll]] for (int q = 0; q < 2; q++)
      [[unroll]] for (int j = 0; j < 4; j++) {
        const vec4 lo = x_load (k_at[j] + k + q), hi = x_load (k_at[4 + j] + k + q);

        [[unroll]] for (int c = 0; c < 4; c++) {
          w_lo[4 * q + c][j] = lo[c];
          w_hi[4 * q + c][j] = hi[c];
        }
      }
    tile_step ();
  }

  const float slope = ALIBI ? b_load (p.alibi + head).x : 0.0;

  [[unroll]] for (int i = 0; i < ROWS; i++) {
    store (row0 + i, texel, plane, slope, acc_lo[i]);
    store (row0 + i, texel + SG, plane, slope, acc_hi[i]);
  }
}
