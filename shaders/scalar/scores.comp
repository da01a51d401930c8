// scores.comp - y[p * H + h][r][j] = scale * dot (query h of token base + r, key h of token j) - a[h] * |distance|.
//
// x: [tokens][3 H groups of width4 texels]: queries, keys, values. The distance term stands only between two frames, that
// is tokens from `count` on. Keys are fetched column by column of the tile: four keys' k-th float make a texel of w.
// A work group: 64 queries by 64 keys of one head. Keys past the last token give zeros.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#define LANES 128
#include "family.glsl"
#include "tile.glsl"
#include "mask.glsl"

layout(constant_id = 0) const bool ALIBI = false;

uint row0 ()
{
  return p.row0 + gl_WorkGroupID.x * TILE;
}

uint plane ()
{
  return p.plane0 + gl_WorkGroupID.z;
}

uint token (uint index, uint group)
{
  return p.x_first + plane () / p.groups * p.x_plane + index * p.x_row + group * p.width4;
}

vec4 fetch_a (uint row, uint k4)
{
  const uint query = p.base + min (row0 () + row, p.rows - 1u);

  return k4 < p.width4 ? x_load (token (query, plane () % p.groups) + k4) : vec4 (0.0);
}

vec4 fetch_w (uint k, uint texel)
{
  const uint key0 = 4u * (gl_WorkGroupID.y * (TILE / 4) + texel);
  vec4 value = vec4 (0.0);

  if (k < 4u * p.width4) {
    [[unroll]] for (uint j = 0u; j < 4u; j++)
      value[j] = x_load (token (min (key0 + j, p.total - 1u), p.groups + plane () % p.groups) + k / 4u)[k % 4u];
  }
  return value;
}

void main ()
{
  tile_sum ((p.width4 + STEP4 - 1u) / STEP4);

  const uint texel = gl_WorkGroupID.y * (TILE / 4) + my_texel ();

  if (texel >= p.n4)
    return;

  const float slope = ALIBI ? b_load (p.alibi + plane () % p.groups).x : 0.0;
  const vec4 key = vec4 (4u * texel + uvec4 (0, 1, 2, 3));
  const float first = float (p.count);

  [[unroll]] for (uint i = 0u; i < 8u; i++) {
    const uint row = row0 () + my_row () + i;
    const float query = float (p.base + row);
    vec4 value = p.scale * acc[i];

    if (row >= p.rows)
      return;
    if (ALIBI && query >= first)
      value -= slope * abs (query - key) * step (first, key);
    y_store (p.y_first + plane () * p.y_plane + row * p.y_row + texel, value * mask4 (texel, p.total));
  }
}
