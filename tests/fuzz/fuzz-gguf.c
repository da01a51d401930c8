/* fuzz-gguf.c - the GGUF container: every key read as every type, every tensor.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vgguf.h"

static void
use_key (const E2vGguf * gguf, const char *key)
{
  gsize n_counts = 0, n_numbers = 0;
  g_autofree guint32 *counts = e2v_gguf_get_u32s (gguf, key, &n_counts, NULL);
  g_autofree float *numbers = e2v_gguf_get_f32s (gguf, key, &n_numbers, NULL);
  g_autoptr (GError) error = NULL;
  guint32 count;
  double number;
  gboolean truth;

  g_free (e2v_gguf_get_string (gguf, key, NULL));
  g_strfreev (e2v_gguf_get_strings (gguf, key, NULL));
  fuzz_touch (counts, n_counts * sizeof *counts);
  fuzz_touch (numbers, n_numbers * sizeof *numbers);
  fuzz_check (e2v_gguf_get_u32 (gguf, key, &count, &error), &error);
  fuzz_check (e2v_gguf_get_f64 (gguf, key, &number, &error), &error);
  fuzz_check (e2v_gguf_get_bool (gguf, key, &truth, &error), &error);
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vGguf) gguf = e2v_gguf_new_from_memory (data, size, &error);

  if (!fuzz_check (gguf != NULL, &error))
    return 0;
  for (guint i = 0; i < e2v_gguf_n_keys (gguf); i++) {
    gsize length;
    const guint8 *entry = e2v_gguf_entry (gguf, i, &length);

    fuzz_touch (entry, length);
    use_key (gguf, e2v_gguf_key (gguf, i));
  }
  for (guint i = 0; i < e2v_gguf_n_tensors (gguf); i++) {
    const E2vTensor *tensor = e2v_gguf_tensor (gguf, i);

    g_assert_true (e2v_gguf_find (gguf, tensor->name) == tensor);
    fuzz_touch (tensor->data, tensor->size);
  }
  return 0;
}
