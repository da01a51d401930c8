// texel.glsl - the grid of kernels that move data: a work group is LANES neighbouring texels of one row.
// SPDX-License-Identifier: LGPL-2.1-or-later
uint texel_row ()
{
  return p.row0 + gl_WorkGroupID.x;
}

uint texel_column ()
{
  return gl_WorkGroupID.y * LANES + gl_LocalInvocationID.x;
}

uint texel_plane ()
{
  return p.plane0 + gl_WorkGroupID.z;
}
