/* utterance.h - one utterance of a list, through the model: its scores and its embedding.
 *
 * An utterance is one window, as the official code takes it; what is longer than the element's longest window is heard in
 * parts, and the means of their scores and embeddings, weighed by length, stand for it.
 * MT: any thread; a call blocks until the utterance is heard.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef UTTERANCE_H
#define UTTERANCE_H

#include "listen.h"
#include "utterancelist.h"

G_BEGIN_DECLS

typedef struct
{
  GstClockTime duration;        /* of what was heard */
  guint n_labels;               /* 0 without a head */
  char **labels;                /* n_labels names and a NULL */
  double *scores;               /* [n_labels], sum 1 */
  guint dim;                    /* 0 if no embedding was asked for */
  float *embedding;             /* [dim] */
  char *error;                  /* (nullable): why there is nothing of the above */
} Utterance;

/* (transfer full). @settings: of the window, the interval and the like, only model, head, device, precision, classes and
 * whether there is to be an embedding count. */
Utterance *utterance_hear (const UtteranceListItem * item, const ListenSettings * settings);

void utterance_free (Utterance * utterance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Utterance, utterance_free)

/* Index of the highest score; -1 without scores. */
gint utterance_best (const Utterance * utterance);

G_END_DECLS

#endif
