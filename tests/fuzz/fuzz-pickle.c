/* fuzz-pickle.c - the pickle machine, and a configuration in a pickle.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vpickle.h"
#include "e2vsidecar.h"

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
  gsize used;
  const E2vValue *root = e2v_pickle_read (pool, data, size, &used, &error);
  E2vSidecar sidecar;

  if (!fuzz_check (root != NULL, &error))
    return 0;
  g_assert_cmpuint (used, <=, size);
  fuzz_touch_values (pool);
  e2v_sidecar_init (&sidecar);
  fuzz_check (e2v_sidecar_read_config (&sidecar, root, &error), &error);
  return 0;
}
