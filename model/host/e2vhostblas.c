/* e2vhostblas.c - finds a BLAS with the C interface and says which one it is.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "e2vhostblas.h"

#include "e2verror.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the order in which they are tried. OpenBLAS by its own name first: what the other names stand for is a choice of the
 * machine's, and may be the reference BLAS, right but slow. */
static const char *const libraries[] = {
  "libopenblas.so.0", "libcblas.so.3", "libblas.so.3"
};

/* What openblas_get_parallel() says of one whose threads are OpenMP's. */
#define OPENBLAS_OPENMP 2

/* ---- what it is ------------------------------------------------------------------------------------------------- */

/* "0.3.21" out of "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."; free with g_free(). */
static char *
openblas_version (const char *config)
{
  g_auto (GStrv) words = g_strsplit (config, " ", -1);

  return g_strdup (words[0] && words[1] ? words[1] : "");
}

/* The file that has @symbol, with links followed; (nullable). */
static char *
file_of (gpointer symbol)
{
  Dl_info info;
  char *path, *copy;

  if (!dladdr (symbol, &info) || !info.dli_fname)
    return NULL;
  path = realpath (info.dli_fname, NULL);
  copy = g_strdup (path ? path : info.dli_fname);
  free (path);
  return copy;
}

static char *
describe (gpointer handle, const char *file)
{
  char *(*config) (void), *(*core) (void);
  g_autofree char *version = NULL, *base = NULL;

  *(void **) &config = dlsym (handle, "openblas_get_config");
  *(void **) &core = dlsym (handle, "openblas_get_corename");
  if (config && core) {
    version = openblas_version (config ());
    return g_strdup_printf ("OpenBLAS %s, %s", version, core ());
  }
  base = g_path_get_basename (file);
  return g_strdup_printf ("BLAS %s", base);
}

static char *
identify (const char *name, const char *file)
{
  struct stat st;

  if (stat (file, &st) != 0)
    memset (&st, 0, sizeof st);
  return g_strdup_printf ("%s %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
      name, file, (gint64) st.st_size, (gint64) st.st_mtime);
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

/* Returns what openblas_get_parallel() does; -1 if it is no OpenBLAS. */
static int
kind_of_threads (gpointer handle)
{
  int (*parallel) (void);

  *(void **) &parallel = dlsym (handle, "openblas_get_parallel");
  return parallel ? parallel () : -1;
}

/* The runtime of OpenMP comes with the BLAS, as one of the libraries that it is linked to. */
static void
find_threads (E2vBlas * blas, gpointer handle)
{
  *(void **) &blas->max_threads = dlsym (handle, "omp_get_max_threads");
  *(void **) &blas->set_threads = dlsym (handle, "omp_set_num_threads");
  if (blas->max_threads && blas->set_threads)
    return;
  blas->max_threads = NULL;
  blas->set_threads = NULL;
}

static gboolean
environment_decides (void)
{
  return g_getenv ("OMP_NUM_THREADS") || g_getenv ("OPENBLAS_NUM_THREADS");
}

static gboolean
use_library (E2vBlas * blas, const char *library)
{
  gpointer handle = dlopen (library, RTLD_NOW | RTLD_LOCAL);
  gpointer sgemm = handle ? dlsym (handle, "cblas_sgemm") : NULL;
  g_autofree char *file = NULL;
  int kind;

  if (!sgemm) {
    if (handle)
      dlclose (handle);
    return FALSE;
  }
  *(gpointer *) & blas->sgemm = sgemm;
  file = file_of (sgemm);
  if (!file)
    file = g_strdup (library);
  blas->name = describe (handle, file);
  blas->identity = identify (blas->name, file);
  kind = kind_of_threads (handle);
  /* OpenMP as GCC has it waits for ever in the child of a fork() for threads that only the parent has; OpenBLAS's own
   * threads are started again there */
  blas->survives_fork = kind >= 0 && kind != OPENBLAS_OPENMP;
  if (kind == OPENBLAS_OPENMP && !environment_decides ())
    find_threads (blas, handle);
  blas->process = getpid ();
  return TRUE;
}

static gpointer
open_blas (gpointer unused)
{
  static E2vBlas blas;

  for (guint i = 0; i < G_N_ELEMENTS (libraries); i++) {
    if (use_library (&blas, libraries[i]))
      return &blas;
  }
  return NULL;
}

const E2vBlas *
e2v_blas_get (GError ** error)
{
  static GOnce once = G_ONCE_INIT;
  const E2vBlas *blas = g_once (&once, open_blas, NULL);

  if (!blas)
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_NOT_FOUND,
        "no BLAS library was found, which the fast path of device=cpu needs; "
        "install OpenBLAS (on Debian: apt install libopenblas0)");
  else if (!blas->survives_fork && blas->process != getpid ()) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_FORKED, "%s was opened before "
        "this process was forked, and its threads do not survive that",
        blas->name);
    return NULL;
  }
  return blas;
}
