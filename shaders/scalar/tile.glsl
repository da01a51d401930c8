// tile.glsl - scalar: the shared-memory tile of matmul, scores and mix, 64 rows by 64 columns, 16 k at a time.
//
// 128 invocations; each owns 8 rows by 4 columns and fetches two texels of A and two of W for a step. The next step's
// texels are fetched into registers while the current one is used. A kernel includes this file and then defines
//   vec4 fetch_a (uint row, uint k4): texel k4 of a row of A, row counted within the tile;
//   vec4 fetch_w (uint slot, uint k4): see w_store ().
// Shared memory: 2 * 16 * 64 floats and padding, 8.3 KiB.
// SPDX-License-Identifier: LGPL-2.1-or-later
#define TILE 64
#define STEP 16
#define STEP4 (STEP / 4)

// rows are padded by one float so that neighbouring invocations write to different banks
shared float a_tile[STEP][TILE + 1];
shared vec4 w_tile[STEP][TILE / 4];

vec4 acc[8];

uint me ()
{
  return gl_LocalInvocationID.x;
}

uint my_texel ()
{
  return me () % (TILE / 4);
}

uint my_row ()
{
  return me () / (TILE / 4) * 8u;
}

vec4 fetch_a (uint row, uint k4);
vec4 fetch_w (uint k, uint texel);

// A's texel e of the step: row e / 4, k texel e % 4. W's: k e / 16, column texel e % 16.
void tile_sum (uint steps)
{
  vec4 next_a[2], next_w[2];

  [[unroll]] for (int i = 0; i < 8; i++)
    acc[i] = vec4 (0.0);
  for (uint s = 0u; s <= steps; s++) {
    if (s > 0u) {
      [[unroll]] for (uint i = 0u; i < 2u; i++) {
        const uint e = me () + 128u * i;

        [[unroll]] for (uint c = 0u; c < 4u; c++)
          a_tile[4u * (e % STEP4) + c][e / STEP4] = next_a[i][c];
        w_tile[e / (TILE / 4)][e % (TILE / 4)] = next_w[i];
      }
      barrier ();
    }
    if (s < steps) {
      [[unroll]] for (uint i = 0u; i < 2u; i++) {
        const uint e = me () + 128u * i;

        next_a[i] = fetch_a (e / STEP4, s * STEP4 + e % STEP4);
        next_w[i] = fetch_w (s * STEP + e / (TILE / 4), e % (TILE / 4));
      }
    }
    if (s > 0u) {
      [[unroll]] for (uint k = 0u; k < STEP; k++) {
        const vec4 columns = w_tile[k][my_texel ()];

        [[unroll]] for (uint i = 0u; i < 8u; i++)
          acc[i] += a_tile[k][my_row () + i] * columns;
      }
      barrier ();
    }
  }
}
