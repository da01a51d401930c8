/* fuzz-sidecar.c - config.yaml and config.json: each input is read as both.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vsidecar.h"

/* Nothing that was read is out of its range. */
static void
check_ranges (const E2vSidecar * sidecar)
{
  g_assert_cmpuint (sidecar->n_conv, <=, E2V_MAX_CONV_LAYERS);
  g_assert_cmpuint (sidecar->n_strides, <=, E2V_MAX_CONV_LAYERS);
  g_assert_cmpint (sidecar->embed_dim, >=, E2V_UNSET);
  g_assert_true (sidecar->norm_eps > 0 || sidecar->norm_eps <= E2V_UNSET);
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strndup ((const char *) data, size);
  E2vSidecar sidecar;

  e2v_sidecar_init (&sidecar);
  fuzz_check (e2v_sidecar_read_yaml (&sidecar, text, size, &error), &error);
  check_ranges (&sidecar);
  e2v_sidecar_init (&sidecar);
  fuzz_check (e2v_sidecar_read_json (&sidecar, text, size, &error), &error);
  check_ranges (&sidecar);
  return 0;
}
