/* slowexecutor.h - an executor that waits for the test: the reference executor behind a gate.
 *
 * The gate is one for the process. While it is closed, every run of a batch stops in front of it until the test opens it
 * or lets that run pass. Link element_dep and register the element statically to put it under an element: a plugin that
 * is loaded has an engine of its own. Open the gate before the last user of an engine goes. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLOW_EXECUTOR_H
#define SLOW_EXECUTOR_H

#include "e2vencoder.h"
#include "e2verror.h"

/* Every engine opened from now on runs on such an executor, whatever device it asks for. */
void slow_install (void);

E2vEncoder *slow_encoder_new (E2vModel * model);

/* The gate open, runs counted from 0, no faults. Only while nothing runs. */
void slow_reset (void);

void slow_close (void);
void slow_open (void);
/* Lets @n runs pass a closed gate, those in front of it and those to come. */
void slow_let_pass (guint n);

/* Waits until @n runs, or runs of @n windows, have come to the gate since the reset, those that passed it included. */
void slow_wait_for_runs (guint n);
void slow_wait_for_windows (guint n);
guint slow_n_runs (void);
guint slow_n_windows (void);

typedef struct
{
  guint batch, n_samples;
  gboolean frames;              /* frame features were asked for */
} SlowRun;

/* Of run number @index, from 0 on. */
SlowRun slow_run (guint index);

/* Waits until @n executors have been freed since the reset: their engines have ended. */
void slow_wait_for_ends (guint n);

/* The next @n runs fail with @code once they have passed; 0: no more. */
void slow_fail (E2vError code, guint n);

#endif
