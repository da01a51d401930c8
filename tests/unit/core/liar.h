/* liar.h - an executor for tests that answers like the reference executor, but for the faults that it is told to have.
 *
 * MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIAR_H
#define LIAR_H

#include "e2vexecutor.h"

G_BEGIN_DECLS

/* What happens to runs and reopenings, one letter each, in turn; when the letters are used up, all goes well.
 * L: the device is lost; M: out of memory; D: another error; W (reopenings only): it opens and answers wrongly;
 * N (runs only): it runs and one value is NaN; anything else: it goes well. A lost executor stays so and uses up no letters. */
typedef struct
{
  const char *runs, *reopenings;
  guint n_open, n_programs;     /* that are there now, of all executors with this script */
} LiarScript;

typedef struct
{
  const char *name;             /* NULL: stands for a device that cannot be opened */
  const char *identity;         /* NULL: the name */
  E2vPrecision precision;
  double embedding_error;       /* relative error of the utterance embedding */
  gboolean not_finite;          /* one value of the last window's embedding is NaN */
  /* the same for the executor that it reopens as */
  double reopened_error;
  gboolean reopened_not_finite;
  LiarScript *script;           /* NULL: nothing fails; shared with the one that it reopens as */
} Liar;

/* Counts the programs that ran on any liar. */
extern guint liar_n_runs;

/* @liar is copied; its strings need not outlive the call. Errors: E2V_ERROR_NO_DRIVER without a name. */
E2vExecutor *liar_new (E2vModel * model, const Liar * liar, GError ** error);

G_END_DECLS

#endif
