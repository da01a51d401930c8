/* test-scratch.c - memory in a temporary file: what is given back comes back, and a folder that is not there does no harm.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vscratch.h"

#include <stdio.h>
#include <unistd.h>

#define LARGE ((gsize) 64 << 20)
#define SMALL ((gsize) 4 << 20)

/* Bytes of files that this process has in memory. */
static gsize
resident_of_files (void)
{
  FILE *file = fopen ("/proc/self/statm", "r");
  unsigned long size, resident, shared;

  g_assert_nonnull (file);
  g_assert_cmpint (fscanf (file, "%lu %lu %lu", &size, &resident, &shared), ==,
      3);
  fclose (file);
  return shared * (gsize) sysconf (_SC_PAGESIZE);
}

static void
fill (E2vScratch * scratch, gsize size)
{
  guint32 *values = e2v_scratch_data (scratch);

  for (gsize i = 0; i < size / sizeof *values; i++)
    values[i] = (guint32) i *2654435761u;
}

static void
compare (E2vScratch * scratch, gsize size)
{
  const guint32 *values = e2v_scratch_data (scratch);

  for (gsize i = 0; i < size / sizeof *values; i++) {
    if (values[i] != (guint32) i * 2654435761u)
      g_error ("value %" G_GSIZE_FORMAT " is lost", i);
  }
}

static void
test_large (void)
{
  E2vScratch *scratch = e2v_scratch_new (LARGE);
  gsize filled;

  g_assert_nonnull (scratch);
  fill (scratch, LARGE);
  filled = resident_of_files ();
  e2v_scratch_release_pages (scratch);
  g_assert_cmpuint (resident_of_files () + LARGE / 2, <, filled);
  compare (scratch, LARGE);
  e2v_scratch_free (scratch);
}

static void
test_small (void)
{
  E2vScratch *scratch = e2v_scratch_new (SMALL);

  g_assert_nonnull (scratch);
  fill (scratch, SMALL);
  e2v_scratch_release_pages (scratch);
  compare (scratch, SMALL);
  e2v_scratch_free (scratch);
}

/* Where there is no folder for temporary files, it is plain memory. */
static void
test_no_folder (void)
{
  E2vScratch *scratch;

  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, 0);
    g_test_trap_assert_passed ();
    return;
  }
  g_setenv ("TMPDIR", "/nowhere", TRUE);
  scratch = e2v_scratch_new (LARGE);
  g_assert_nonnull (scratch);
  fill (scratch, LARGE);
  e2v_scratch_release_pages (scratch);
  compare (scratch, LARGE);
  e2v_scratch_free (scratch);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scratch/large", test_large);
  g_test_add_func ("/scratch/small", test_small);
  g_test_add_func ("/scratch/no-folder", test_no_folder);
  return g_test_run ();
}
