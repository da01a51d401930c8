// gelu.glsl - the exact GELU, x / 2 (1 + erf (x / sqrt 2)).
//
// erf by Abramowitz and Stegun, Handbook of Mathematical Functions, formula 7.1.26: error below 5e-7 in float.
// SPDX-License-Identifier: LGPL-2.1-or-later
vec4 erf4 (vec4 x)
{
  const vec4 a = abs (x);
  const vec4 t = 1.0 / (1.0 + 0.3275911 * a);
  const vec4 poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;

  return sign (x) * (1.0 - poly * exp (-a * a));
}

vec4 gelu4 (vec4 x)
{
  return 0.5 * x * (1.0 + erf4 (x * 0.70710678));
}
