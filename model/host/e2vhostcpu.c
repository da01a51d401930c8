/* e2vhostcpu.c - which of the loops this machine can run.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhostloops.h"

extern const E2vHostLoops e2v_host_loops_baseline;
#ifdef E2V_HOST_X86
extern const E2vHostLoops e2v_host_loops_avx2, e2v_host_loops_avx512;
#endif

/* Room for all of them and a NULL. */
static const E2vHostLoops *runnable[4];

static gpointer
find_runnable (gpointer unused)
{
  guint n = 0;

#ifdef E2V_HOST_X86
  __builtin_cpu_init ();
  if (__builtin_cpu_supports ("avx512f"))
    runnable[n++] = &e2v_host_loops_avx512;
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    runnable[n++] = &e2v_host_loops_avx2;
#endif
  runnable[n] = &e2v_host_loops_baseline;
  return runnable;
}

const E2vHostLoops *const *
e2v_host_loops_list (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, find_runnable, NULL);
}

const E2vHostLoops *
e2v_host_loops (void)
{
  return e2v_host_loops_list ()[0];
}
