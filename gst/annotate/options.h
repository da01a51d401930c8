/* options.h - the command line of emotion2vec-annotate.
 *
 * MT: main thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "copying.h"
#include "formats.h"
#include "listen.h"
#include "rows.h"

G_BEGIN_DECLS

typedef struct
{
  GStrv paths;
  char *manifest;               /* (nullable): a list of utterances instead of paths */
  gboolean embeddings;
  RowsKind rows_kind;
  char *output_dir;             /* (nullable) */
  GPtrArray *formats;           /* of const Format */
  ListenSettings listen;        /* less what the model tells: model is as given, or NULL */
  Copying copying;
  gboolean all_tracks;
  guint track;                  /* counted from 0 */
  guint n_jobs;
  guint shard, n_shards;        /* shard is counted from 0 */
  gboolean resume, force, dry_run, recursive, quiet, json, version;
} Options;

/* Fills @options from a command line, or prints the error of one that makes no sense and returns FALSE. --help ends the
 * program. */
gboolean options_parse (Options * options, int *argc, char ***argv);

void options_clear (Options * options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

G_END_DECLS

#endif
