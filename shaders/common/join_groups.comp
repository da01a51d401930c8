// join_groups.comp - y[p][r][g * C + c] = x[p * G + g][r][c]: the planes of a grouped convolution become channels again.
//
// C = width, G = groups. One invocation: one texel of y, gathered float by float.
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

  const uint from = p.x_first + plane * p.groups * p.x_plane + row * p.x_row;
  vec4 value = vec4 (0.0);

  for (uint i = 0u; i < 4u; i++) {
    const uint channel = 4u * texel + i;

    if (channel < p.groups * p.width)
      value[i] = x_float (from + channel / p.width * p.x_plane + channel % p.width);
  }
  y_store (p.y_first + plane * p.y_plane + row * p.y_row + texel, value);
}
