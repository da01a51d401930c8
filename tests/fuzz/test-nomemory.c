/* test-nomemory.c - memory whose size a file tells runs out, at each place in turn: an error that says so, and no leak.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vconvert.h"
#include "e2verror.h"
#include "e2vmodelfile.h"

/* Allocations that still succeed; -1: all. */
static int budget = -1;

/* These two stand in front of GLib's for the whole program. */
gpointer
g_try_malloc (gsize size)
{
  if (budget == 0)
    return NULL;
  if (budget > 0)
    budget--;
  return g_malloc (size);
}

gpointer
g_try_malloc_n (gsize n, gsize size)
{
  return g_try_malloc (n * size);
}

static E2vModel *
convert (const char *path, GError ** error)
{
  return e2v_convert (path, NULL, error);
}

/* Loads the corpus file with 0, 1, 2, … allocations until they are enough. */
static void
exhaust (const char *target, const char *name,
    E2vModel * (*load) (const char *path, GError ** error))
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "corpus", target, name, NULL);
  E2vModel *model = NULL;
  int n;

  for (n = 0; !model; n++) {
    GError *error = NULL;

    budget = n;
    model = load (path, &error);
    budget = -1;
    if (!model) {
      g_assert_error (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY);
      g_error_free (error);
    }
  }
  g_test_message ("%s: enough at %d", name, n - 1);
  g_assert_cmpint (n, >, 3);
  e2v_model_unref (model);
}

static void
test_zip (void)
{
  exhaust ("convert", "tiny-zip.pt", convert);
}

static void
test_stream (void)
{
  exhaust ("convert", "training.pt", convert);
}

static void
test_safetensors (void)
{
  exhaust ("convert", "tiny.safetensors", convert);
}

static void
test_model_file (void)
{
  exhaust ("model", "tiny", e2v_model_load);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nomemory/zip", test_zip);
  g_test_add_func ("/nomemory/stream", test_stream);
  g_test_add_func ("/nomemory/safetensors", test_safetensors);
  g_test_add_func ("/nomemory/model-file", test_model_file);
  return g_test_run ();
}
