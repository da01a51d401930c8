/* liar.h - an executor for tests that answers like the reference executor, but for the faults that it is told to have.
 *
 * MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIAR_H
#define LIAR_H

#include "e2vexecutor.h"

G_BEGIN_DECLS

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
} Liar;

/* Counts the programs that ran on any liar. */
extern guint liar_n_runs;

/* @liar is copied; its strings need not outlive the call. Errors: E2V_ERROR_NO_DRIVER without a name. */
E2vExecutor *liar_new (E2vModel * model, const Liar * liar, GError ** error);

G_END_DECLS

#endif
