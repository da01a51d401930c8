// reduce.glsl - scalar: sum and maximum over the LANES invocations of a work group, in shared memory.
// SPDX-License-Identifier: LGPL-2.1-or-later
shared float parts[LANES];

// The first barrier lets everyone read the result of the last call before it is overwritten.
float reduce_sum (float value)
{
  const uint me = gl_LocalInvocationID.x;

  barrier ();
  parts[me] = value;
  barrier ();
  for (uint half_size = LANES / 2; half_size > 0u; half_size /= 2u) {
    if (me < half_size)
      parts[me] += parts[me + half_size];
    barrier ();
  }
  return parts[0];
}

float reduce_max (float value)
{
  const uint me = gl_LocalInvocationID.x;

  barrier ();
  parts[me] = value;
  barrier ();
  for (uint half_size = LANES / 2; half_size > 0u; half_size /= 2u) {
    if (me < half_size)
      parts[me] = max (parts[me], parts[me + half_size]);
    barrier ();
  }
  return parts[0];
}
