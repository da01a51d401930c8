// mask.glsl - the padding of a row: 1 for floats that mean something, 0 for those that round a group up to texels.
// SPDX-License-Identifier: LGPL-2.1-or-later
vec4 mask4 (uint texel, uint width)
{
  return vec4 (lessThan (4u * texel + uvec4 (0, 1, 2, 3), uvec4 (width)));
}

float sum4 (vec4 v)
{
  return (v.x + v.y) + (v.z + v.w);
}
