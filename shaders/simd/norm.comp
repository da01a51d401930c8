// norm.comp - y[r] = act ((x[r] - mean) / sqrt (variance + eps) * w + b), mean and biased variance over the row.
//
// A row: groups of `width` floats in width4 texels; the padding takes no part and stays zero. eps = scale. Two passes
// for mean and variance: one pass over squares loses digits. A lane: one row, so that nothing is shared between lanes.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#include "family.glsl"
#include "gelu.glsl"
#include "mask.glsl"

layout(constant_id = 0) const bool GELU = false;
layout(constant_id = 1) const bool AFFINE = false;

void main ()
{
  const uint row = p.row0 + gl_WorkGroupID.x * SG + gl_SubgroupInvocationID, plane = p.plane0 + gl_WorkGroupID.z;

  if (row >= p.rows)
    return;

  const uint x_at = p.x_first + plane * p.x_plane + row * p.x_row;
  const uint y_at = p.y_first + plane * p.y_plane + row * p.y_row;
  const float n = float (p.groups * p.width);
  vec4 sum = vec4 (0.0), squares = vec4 (0.0);

  for (uint i = 0u; i < p.n4; i++)
    sum += x_load (x_at + i);

  const float mean = sum4 (sum) / n;

  for (uint g = 0u; g < p.groups; g++)
    for (uint i = 0u; i < p.width4; i++) {
      const vec4 d = (x_load (x_at + g * p.width4 + i) - mean) * mask4 (i, p.width);

      squares += d * d;
    }

  const float factor = inversesqrt (sum4 (squares) / n + p.scale);

  for (uint g = 0u; g < p.groups; g++)
    for (uint i = 0u; i < p.width4; i++) {
      const uint at = g * p.width4 + i;
      vec4 value = (x_load (x_at + at) - mean) * factor * mask4 (i, p.width);

      if (AFFINE)
        value = value * w_load (at) + b_load (at);
      if (GELU)
        value = gelu4 (value);
      y_store (y_at + at, value);
    }
}
