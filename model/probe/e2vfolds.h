/* e2vfolds.h - divides clips into groups of speakers, each of which is left out once.
 *
 * Pure: the same clips and seed give the same folds. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_FOLDS_H
#define E2V_FOLDS_H

#include "e2vprobe.h"

G_BEGIN_DECLS

#define E2V_DEFAULT_FOLDS 10

/* Gives each of @rows a fold, so that no speaker is in two folds, folds are about equally large, and every class has
 * clips outside of each fold. @n_folds: wanted; 0: E2V_DEFAULT_FOLDS. With fewer speakers there are as many folds as
 * speakers; there are more folds than wanted where only that keeps every class in training.
 * @folds: (out): [n_rows].
 * Returns: the number of folds, 0 with E2V_ERROR_ARGUMENT: there is one speaker only, or a class has one speaker only. */
guint e2v_folds_make (const E2vProbeData * data, const guint * rows, guint n_rows, guint n_folds, guint32 seed,
    guint * folds, GError ** error);

G_END_DECLS

#endif
