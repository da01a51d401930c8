// unfold.comp - y[p][r][j] = x[p][r * step + j]: the waveform cut into overlapping rows.
//
// x: floats, not padded. y: rows of `groups` groups of `width` floats. One invocation: one texel of y.
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

  const uint group = texel / p.width4, at = 4u * (texel % p.width4);
  const uint from = p.x_first + plane * p.x_plane + row * p.x_row + group * p.width + at;
  vec4 value = vec4 (0.0);

  for (uint i = 0u; i < 4u; i++)
    if (at + i < p.width)
      value[i] = x_float (from + i);
  y_store (p.y_first + plane * p.y_plane + row * p.y_row + texel, value);
}
