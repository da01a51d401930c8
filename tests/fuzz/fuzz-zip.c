/* fuzz-zip.c - torch's zip container.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vtorchzip.h"

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  static const char *const entries[] = {
    "data.pkl", "version", "byteorder", "data/0", "data/1", "data/2"
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vTorchZip) zip = e2v_torch_zip_open (data, size, &error);

  if (!fuzz_check (zip != NULL, &error))
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++) {
    gboolean there = e2v_torch_zip_has (zip, entries[i]);
    gsize length = 0;
    g_autofree guint8 *entry =
        e2v_torch_zip_read (zip, entries[i], G_MAXSIZE, &length, &error);

    if (fuzz_check (entry != NULL, &error))
      g_assert_true (there);
    fuzz_touch (entry, length);
  }
  return 0;
}
