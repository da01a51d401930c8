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

/* (transfer full): a JSON object without a line end. @row: of the embedding, if @utterance has one. */
char *labelled_line_new (const UtteranceListItem * item, const Utterance * utterance, const char *model, guint64 row);

/* The row that a line tells of; FALSE if it tells of none. */
gboolean labelled_line_row (const char *line, guint64 * row);

/* Whether nothing was heard. */
gboolean labelled_line_is_error (const char *line);

G_END_DECLS

#endif
