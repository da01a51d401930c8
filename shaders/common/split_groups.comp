// split_groups.comp - y[p * G + g][pad + r][c] = x[p][r][g * C + c], zeros in the rows before and behind.
//
// The channels of each group of a grouped convolution become a plane, padded in time. C = width, pad = count,
// rows: of y. One invocation: one texel of y. x is read float by float: a group need not begin at a texel.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#define FLOAT_SOURCE
#include "family.glsl"
#include "texel.glsl"

void main ()
{
  const uint row = texel_row (), plane = texel_plane (), texel = texel_column ();

  if (row >= p.rows || texel >= p.n4)
    return;

  const uint channel = plane % p.groups * p.width + 4u * texel;
  const uint from = p.x_first + plane / p.groups * p.x_plane + (row - p.count) * p.x_row;
  vec4 value = vec4 (0.0);

  if (row >= p.count && row - p.count < p.total)
    for (uint i = 0u; i < 4u; i++)
      if (4u * texel + i < p.width)
        value[i] = x_float (from + channel + i);
  y_store (p.y_first + plane * p.y_plane + row * p.y_row + texel, value);
}
