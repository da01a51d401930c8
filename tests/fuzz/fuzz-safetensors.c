/* fuzz-safetensors.c - the safetensors container.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vsafetensors.h"

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vSafetensors) file = NULL;

  e2v_safetensors_is_one (data, size);
  file = e2v_safetensors_new_from_memory (data, size, &error);
  if (!fuzz_check (file != NULL, &error))
    return 0;
  for (guint i = 0; i < e2v_safetensors_n_tensors (file); i++) {
    const E2vTensor *tensor = e2v_safetensors_get (file, i);

    g_assert_true (e2v_safetensors_find (file, tensor->name) == tensor);
    g_assert_true (g_utf8_validate (tensor->name, -1, NULL));
    fuzz_touch (tensor->data, tensor->size);
  }
  return 0;
}
