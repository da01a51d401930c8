/* fuzz-tokens.c - tokens.txt, the names of the classes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vlabels.h"

#include <unistd.h>

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) labels = NULL;
  int fd;
  g_autofree char *path = fuzz_make_file (data, size, &fd);

  labels = e2v_labels_read (path, &error);
  close (fd);
  fuzz_check (labels != NULL, &error);
  for (guint i = 0; labels && labels[i]; i++)
    g_assert_true (*labels[i] && g_utf8_validate (labels[i], -1, NULL));
  return 0;
}
