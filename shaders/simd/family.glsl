// family.glsl - simd: operands as texels of storage texel buffers, one subgroup of SG lanes a work group.
//
// For CPU drivers: loads of whole texels become plain vector moves there, storage buffers do not, and barriers and
// shared memory are dear. SG is 4, 8 or 16, the width of the CPU's vectors in floats.
// SPDX-License-Identifier: LGPL-2.1-or-later
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "push.glsl"

#define LANES SG
layout(local_size_x = SG) in;

#ifdef FLOAT_SOURCE
layout(binding = 0, r32f) readonly uniform imageBuffer x;
#else
layout(binding = 0, rgba32f) readonly uniform imageBuffer x;
#endif
#ifdef HALF
layout(binding = 1, rgba32ui) readonly uniform uimageBuffer w;
#else
layout(binding = 1, rgba32f) readonly uniform imageBuffer w;
#endif
layout(binding = 2, rgba32f) readonly uniform imageBuffer b;
layout(binding = 3, rgba32f) readonly uniform imageBuffer r;
layout(binding = 4, rgba32f) uniform imageBuffer y;

#ifdef FLOAT_SOURCE
float x_float (uint at)
{
  return imageLoad (x, int (at)).x;
}
#else
vec4 x_load (uint at)
{
  return imageLoad (x, int (at));
}
#endif

#ifdef HALF
uvec4 w_load (uint at)
#else
vec4 w_load (uint at)
#endif
{
  return imageLoad (w, int (at));
}

vec4 b_load (uint at)
{
  return imageLoad (b, int (at));
}

vec4 r_load (uint at)
{
  return imageLoad (r, int (at));
}

vec4 y_load (uint at)
{
  return imageLoad (y, int (at));
}

void y_store (uint at, vec4 value)
{
  imageStore (y, int (at), value);
}
