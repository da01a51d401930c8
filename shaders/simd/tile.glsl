// tile.glsl - simd: the register tile of matmul, scores and mix, 8 rows by 8 * SG columns.
//
// A lane owns eight columns as two texels: texel `lane` of the tile's row and texel SG + lane. A step sums over 8 k, two
// texels of each of the 8 rows of A: these 16 texels lie spread over the lanes, element (row i, texel q) as number
// i + 8 * q, SG of them a load. Each value reaches all lanes by a shuffle with a constant lane: subgroupBroadcast
// is compiled to a scan of all lanes by Mesa 22.3. The products of a step are summed before they join the
// accumulator, which keeps the rounding error of long sums low.
// SPDX-License-Identifier: LGPL-2.1-or-later
#define ROWS 8
#define FRAGMENTS (16 / SG)

vec4 a[FRAGMENTS];                 // this lane's share of A
vec4 w_lo[8], w_hi[8];             // this lane's columns of the step's 8 k
vec4 acc_lo[ROWS], acc_hi[ROWS];

uint lane ()
{
  return gl_SubgroupInvocationID;
}

// Row and texel of this lane's element in fragment f.
uint fragment_row (int f)
{
  return (lane () + uint (f * SG)) & 7u;
}

uint fragment_texel (int f)
{
  return (lane () + uint (f * SG)) >> 3;
}

void tile_clear ()
{
  [[unroll]] for (int i = 0; i < ROWS; i++)
    acc_lo[i] = acc_hi[i] = vec4 (0.0);
}

void tile_step ()
{
  [[unroll]] for (int i = 0; i < ROWS; i++) {
    vec4 lo, hi;

    [[unroll]] for (int q = 0; q < 2; q++) {
      const vec4 mine = a[(i + 8 * q) / SG];
      const int from = (i + 8 * q) % SG;
      const float v0 = subgroupShuffle (mine.x, from), v1 = subgroupShuffle (mine.y, from);
      const float v2 = subgroupShuffle (mine.z, from), v3 = subgroupShuffle (mine.w, from);

      if (q == 0) {
        lo = v0 * w_lo[0];
        hi = v0 * w_hi[0];
      } else {
        lo += v0 * w_lo[4];
        hi += v0 * w_hi[4];
      }
      lo += v1 * w_lo[4 * q + 1];
      hi += v1 * w_hi[4 * q + 1];
      lo += v2 * w_lo[4 * q + 2];
      hi += v2 * w_hi[4 * q + 2];
      lo += v3 * w_lo[4 * q + 3];
      hi += v3 * w_hi[4 * q + 3];
    }
    acc_lo[i] += lo;
    acc_hi[i] += hi;
  }
}
