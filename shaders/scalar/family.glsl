// family.glsl - scalar: operands as storage buffers, LANES invocations a work group, no subgroup operations.
//
// For any GPU: correct whatever the subgroup size, and nothing beyond Vulkan 1.1's required features.
// SPDX-License-Identifier: LGPL-2.1-or-later
#extension GL_EXT_control_flow_attributes : require
#include "push.glsl"

#ifndef LANES
#define LANES 64
#endif
layout(local_size_x = LANES) in;

#ifdef FLOAT_SOURCE
layout(binding = 0, std430) readonly buffer X { float x[]; };
#else
layout(binding = 0, std430) readonly buffer X { vec4 x[]; };
#endif
#ifdef HALF
layout(binding = 1, std430) readonly buffer W { uvec2 w[]; };
#else
layout(binding = 1, std430) readonly buffer W { vec4 w[]; };
#endif
layout(binding = 2, std430) readonly buffer B { vec4 b[]; };
layout(binding = 3, std430) readonly buffer R { vec4 r[]; };
layout(binding = 4, std430) buffer Y { vec4 y[]; };

#ifdef FLOAT_SOURCE
float x_float (uint at)
{
  return x[at];
}
#else
vec4 x_load (uint at)
{
  return x[at];
}
#endif

vec4 w_load (uint at)
{
#ifdef HALF
  const uvec2 u = w[at];

  return vec4 (unpackHalf2x16 (u.x), unpackHalf2x16 (u.y));
#else
  return w[at];
#endif
}

vec4 b_load (uint at)
{
  return b[at];
}

vec4 r_load (uint at)
{
  return r[at];
}

vec4 y_load (uint at)
{
  return y[at];
}

void y_store (uint at, vec4 value)
{
  y[at] = value;
}
