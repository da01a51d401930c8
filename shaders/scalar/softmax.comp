// softmax.comp - y[r] = softmax of y[r], in place.
//
// A row: `width` floats in n4 texels, zeros in the padding afterwards. Those zeros may lie far above the top: min ()
// keeps their exponentials finite before the mask drops them. A work group: one row.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#include "family.glsl"
#include "mask.glsl"
#include "reduce.glsl"

vec4 exponentials (uint at, uint texel, float top)
{
  return exp (min (y_load (at + texel) - top, 0.0)) * mask4 (texel, p.width);
}

void main ()
{
  const uint row = p.row0 + gl_WorkGroupID.x, plane = p.plane0 + gl_WorkGroupID.z, me = gl_LocalInvocationID.x;
  const uint at = p.y_first + plane * p.y_plane + row * p.y_row;
  vec4 tops = vec4 (y_load (at).x);
  float sum = 0.0;

  // nobody may overwrite the first float while others start from it: the reductions' barriers stand in between
  for (uint i = me; i < p.n4; i += LANES)
    tops = max (tops, mix (tops, y_load (at + i), mask4 (i, p.width)));

  const float top = reduce_max (max (max (tops.x, tops.y), max (tops.z, tops.w)));

  for (uint i = me; i < p.n4; i += LANES)
    sum += sum4 (exponentials (at, i, top));

  const float factor = 1.0 / reduce_sum (sum);

  for (uint i = me; i < p.n4; i += LANES)
    y_store (at + i, exponentials (at, i, top) * factor);
}
