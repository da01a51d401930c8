/* labelledline.h - one line of a list with what was heard.
 *
 * Pure. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LABELLED_LINE_H
#define LABELLED_LINE_H

#include "utterancelist.h"
#include "utterance.h"

G_BEGIN_DECLS

/* Member that holds the number of the embedding's row. */
#define LABELLED_LINE_ROW "emotion2vec_row"

/* What a line says of where its numbers come from. */
typedef struct
{
  const char *model;            /* name */
  const char *head;             /* (nullable): name of the head in place of the model's own */
  guint64 row;                  /* of the embedding, if there is one */
} LabelledLineSource;

/* (transfer full): a JSON object without a line end. */
char *labelled_line_new (const UtteranceListItem * item, const Utterance * utterance,
    const LabelledLineSource * source);

/* The row that a line tells of; FALSE if it tells of none. */
gboolean labelled_line_row (const char *line, guint64 * row);

/* Whether nothing was heard. */
gboolean labelled_line_is_error (const char *line);

G_END_DECLS

#endif
