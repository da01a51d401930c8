/* replay.c - gives every file of a folder to a fuzz target, without a fuzzer: what was found once stays fixed.
 *
 *   replay-TARGET FOLDER
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include <string.h>

/* From a block of exactly its size, so that valgrind and sanitizers see a reader that passes its end. */
static void
replay (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *contents = NULL;
  g_autofree guint8 *data = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_print ("%s\n", name);
  data = g_malloc (MAX (size, 1));
  memcpy (data, contents, size);
  LLVMFuzzerTestOneInput (data, size);
}

int
main (int argc, char **argv)
{
  g_autoptr (GDir) dir = argc == 2 ? g_dir_open (argv[1], 0, NULL) : NULL;
  const char *name;
  guint n = 0;

  for (; dir && (name = g_dir_read_name (dir)); n++)
    replay (argv[1], name);
  g_print ("%u inputs\n", n);
  return n > 0 ? 0 : 1;
}
