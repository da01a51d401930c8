/* fuzz-convert.c - a checkpoint of any container becomes a model.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vconvert.h"

#include <unistd.h>

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = NULL;
  int fd;
  g_autofree char *path = fuzz_make_file (data, size, &fd);

  model = e2v_convert (path, NULL, &error);
  close (fd);
  if (fuzz_check (model != NULL, &error))
    fuzz_touch_model (model);
  return 0;
}
