// softmax.comp - y[r] = softmax of y[r], in place.
//
// A row: `width` floats in n4 texels, zeros in the padding afterwards. A lane: one row. Exponentials are computed twice,
// which costs no more than storing them in between. The zeros in the padding may lie far above the top: min () keeps
// their exponentials finite before the mask drops them.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#include "family.glsl"
#include "mask.glsl"

void main ()
{
  const uint row = p.row0 + gl_WorkGroupID.x * SG + gl_SubgroupInvocationID, plane = p.plane0 + gl_WorkGroupID.z;

  if (row >= p.rows)
    return;

  const uint at = p.y_first + plane * p.y_plane + row * p.y_row;
  vec4 tops = vec4 (y_load (at).x), sum = vec4 (0.0);

  for (uint i = 0u; i < p.n4; i++)
    tops = max (tops, mix (tops, y_load (at + i), mask4 (i, p.width)));

  const float top = max (max (tops.x, tops.y), max (tops.z, tops.w));

  for (uint i = 0u; i < p.n4; i++)
    sum += exp (min (y_load (at + i) - top, 0.0)) * mask4 (i, p.width);

  const float factor = 1.0 / sum4 (sum);

  for (uint i = 0u; i < p.n4; i++)
    y_store (at + i, exp (min (y_load (at + i) - top, 0.0)) * factor * mask4 (i, p.width));
}
