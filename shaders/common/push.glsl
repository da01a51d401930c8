// push.glsl - what every kernel is told about its operation.
//
// The C twin is E2vVkPush in model/vulkan/e2vvkdispatch.h: same fields, same order. A texel is four neighbouring floats
// of a padded row; strides and offsets count texels, but floats for the x of unfold, split_groups and join_groups.
// SPDX-License-Identifier: LGPL-2.1-or-later
layout(push_constant) uniform Push {
  uint row0, plane0;               // added to the work group's row and plane: long grids go in several dispatches
  uint rows;                       // rows of the operation
  uint n4, k4;                     // texels of a row (or group) written; texels summed over
  uint x_first, x_row, x_plane;    // where row 0 of plane 0 lies, to the next row, to the next plane
  uint w_first, w_row, w_plane;    // the same of the second source; of packed weights: w_row to the next panel
  uint r_first, r_row, r_plane;    // the same of the residual
  uint y_first, y_row, y_plane;
  uint b_step, b_plane;            // bias: 1 or (without one) 0; to the next group's bias
  uint groups, width, width4;      // heads or groups, floats of one, texels of one
  uint count;                      // unfold: samples a step; tokens, scores: extra tokens; split: zero rows in front
  uint total;                      // scores, mix: tokens; mean: rows; split_groups: rows of x
  uint base;                       // scores: first query's token; alibi: see below
  uint alibi;                      // scores: first factor of the layer
  float scale;                     // scores: factor of the products; norm: epsilon
} p;
