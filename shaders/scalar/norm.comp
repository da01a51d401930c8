// norm.comp - y[r] = act ((x[r] - mean) / sqrt (variance + eps) * w + b), mean and biased variance over the row.
//
// A row: groups of `width` floats in width4 texels; the padding takes no part and stays zero. eps = scale. Two passes
// for mean and variance: one pass over squares loses digits. A work group: one row.
// SPDX-License-Identifier: LGPL-2.1-or-later
#version 450
#extension GL_GOOGLE_include_directive : require
#include "family.glsl"
#include "gelu.glsl"
#include "mask.glsl"
#include "reduce.glsl"

layout(constant_id = 0) const bool GELU = false;
layout(constant_id = 1) const bool AFFINE = false;

void main ()
{
  const uint row = p.row0 + gl_WorkGroupID.x, plane = p.plane0 + gl_WorkGroupID.z, me = gl_LocalInvocationID.x;
  const uint x_at = p.x_first + plane * p.x_plane + row * p.x_row;
  const uint y_at = p.y_first + plane * p.y_plane + row * p.y_row;
  const float n = float (p.groups * p.width);
  float sum = 0.0, squares = 0.0;

  for (uint i = me; i < p.n4; i += LANES)
    sum += sum4 (x_load (x_at + i));

  const float mean = reduce_sum (sum) / n;

  for (uint i = me; i < p.n4; i += LANES) {
    const vec4 d = (x_load (x_at + i) - mean) * mask4 (i % p.width4, p.width);

    squares += dot (d, d);
  }

  const float factor = inversesqrt (reduce_sum (squares) / n + p.scale);

  for (uint i = me; i < p.n4; i += LANES) {
    vec4 value = (x_load (x_at + i) - mean) * factor * mask4 (i % p.width4, p.width);

    if (AFFINE)
      value = value * w_load (i) + b_load (i);
    if (GELU)
      value = gelu4 (value);
    y_store (y_at + i, value);
  }
}
