/* fuzz-model.c - a model file, as it is and with its checksums made right.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vmodelfile.h"

static void
load (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = e2v_model_load_from_memory (data, size, &error);

  if (fuzz_check (model != NULL, &error))
    fuzz_touch_model (model);
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  fuzz_load_sealed_too (data, size, load);
  return 0;
}
