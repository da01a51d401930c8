// tokens.comp - y[p][r] = r < E ? table[r] : x[p][r - E] + x2[p][r - E]: extra tokens, then the sum of two sources.
//
// E = count; the table lies where biases do, with rows like those of y. One invocation: one texel of y.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#include "family.glsl"
#include "texel.glsl"

void main ()
{
  const uint row = texel_row (), plane = texel_plane (), texel = texel_column ();

  if (row >= p.rows || texel >= p.n4)
    return;

  vec4 value;

  if (row < p.count) {
    value = b_load (row * p.n4 + texel);
  } else {
    const uint frame = row - p.count;

    value = x_load (p.x_first + plane * p.x_plane + frame * p.x_row + texel)
        + w_load (p.w_first + plane * p.w_plane + frame * p.w_row + texel);
  }
  y_store (p.y_first + plane * p.y_plane + row * p.y_row + texel, value);
}
