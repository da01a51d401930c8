// mean.comp - y[p][0] = mean over the rows of x[p].
//
// total: how many rows. One invocation: one texel of y.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#include "family.glsl"
#include "texel.glsl"

void main ()
{
  const uint plane = texel_plane (), texel = texel_column ();

  if (texel >= p.n4)
    return;

  const uint from = p.x_first + plane * p.x_plane + texel;
  vec4 sum = vec4 (0.0);

  for (uint row = 0u; row < p.total; row++)
    sum += x_load (from + row * p.x_row);
  y_store (p.y_first + plane * p.y_plane + texel, sum / float (p.total));
}
