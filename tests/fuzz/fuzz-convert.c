/* fuzz-convert.c - a checkpoint of any container becomes a model; the checksums of a zip archive are made right.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vconvert.h"

#include <string.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = NULL;
  g_autofree guint8 *sealed = g_malloc (MAX (size, 1));
  g_autofree char *path = NULL;
  int fd;

  memcpy (sealed, data, size);
  fuzz_seal_zip (sealed, size);
  path = fuzz_make_file (sealed, size, &fd);
  model = e2v_convert (path, NULL, &error);
  close (fd);
  if (fuzz_check (model != NULL, &error))
    fuzz_touch_model (model);
  return 0;
}
