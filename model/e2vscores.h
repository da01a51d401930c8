/* e2vscores.h - from logits to scores, and the names of the classes.
 *
 * Plain C on the host, the same for every executor. MT: any thread, all functions are pure.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_SCORES_H
#define E2V_SCORES_H

#include "e2vmodel.h"

G_BEGIN_DECLS

/* scores = softmax (logits / temperature) in double; classes whose label starts with "unuse" get 0 and take no part.
 * All arrays have n_classes elements. */
void e2v_scores_from_logits (const E2vModel * model, const float *logits, float *scores);

/* logits[c] = dot (head c, embedding) + bias: the head on one feature vector of [D], for scores of single frames. The
 * model must have a head. */
void e2v_scores_head (const E2vModel * model, const float *embedding, float *logits);

/* Whether class @index takes part, i.e. its label does not start with "unuse". */
gboolean e2v_label_in_use (const E2vModel * model, guint index);

/* Short names for people and structures: the English part of a bilingual label, lower case, reduced to [a-z0-9-],
 * "<unk>" becomes "unknown"; a name that occurs twice gets a number. n_classes strings and a NULL; g_strfreev(). */
char **e2v_label_names (const E2vModel * model);

/* The same for a NULL-terminated list of labels. */
char **e2v_short_names (const char *const *labels);

G_END_DECLS

#endif
