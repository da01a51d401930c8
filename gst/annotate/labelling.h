/* labelling.h - all utterances of a list, in order, into one list with labels and one file of embeddings.
 *
 * The new list has the lines of the old one with what was heard added: emotion2vec_label, emotion2vec_confidence,
 * emotion2vec_scores, emotion2vec_row (of the embedding), or emotion2vec_error. A run that was ended at any moment goes on
 * behind the last line that it wrote, and ends with the same bytes.
 * MT: main thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LABELLING_H
#define LABELLING_H

#include "listen.h"
#include "utterancelist.h"
#include "rows.h"

G_BEGIN_DECLS

typedef struct
{
  const char *manifest;         /* path */
  const char *output_dir;       /* (nullable): NULL for the folder of the list */
  const ListenSettings *listen;
  const char *model_name;
  const char *head_name;        /* (nullable): of the head in place of the model's own */
  const char *settings;         /* all that the content of the outputs depends on, but for the list */
  gboolean embeddings;
  RowsKind kind;
  guint shard, n_shards;        /* every n_shards'th line, from number shard on; counted from 0 */
  guint n_jobs;
  gboolean resume, force, quiet;
} LabellingPlan;

typedef struct
{
  guint64 n_items, n_failed, n_before;  /* lines of this shard; of them in vain; written by a run before */
  double audio;                 /* seconds heard, in this run */
  double seconds;               /* that it took */
  gboolean done;                /* FALSE: interrupted */
  char *list, *rows;            /* (nullable): paths of the outputs */
} LabellingResult;

void labelling_result_clear (LabellingResult * result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LabellingResult, labelling_result_clear)

/* FALSE with an error of G_IO_ERROR if the list cannot be read or the outputs not be written. An utterance that cannot be
 * heard is none: its line says why. */
gboolean labelling_run (const LabellingPlan * plan, LabellingResult * result, GError ** error);

G_END_DECLS

#endif
