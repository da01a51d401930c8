/* record.h - what is known of the outputs that were made from one input: whether they are up to date, and ours.
 *
 * One small text file an input, in the folder STATE_FOLDER beside the outputs:
 *
 *     emotion2vec-annotate 1
 *     key KEY                                   what the newest outputs were made from, and how
 *     settings TEXT                             the same, for people
 *     heard NANOSECONDS WINDOWS SHARE LABEL     of the newest outputs, for the summary
 *     tracks N
 *     output SHA-256 BYTES KEY NAME             one line a file; NAME is escaped as a string in C
 *
 * MT: any thread, one caller at a time for each input.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RECORD_H
#define RECORD_H

#include "overview.h"

G_BEGIN_DECLS

#define STATE_FOLDER ".emotion2vec-annotate"

typedef struct
{
  char *name;                   /* in the folder of outputs */
  char *sha256;                 /* of its content, hexadecimal */
  guint64 size;
  char *key;                    /* as Record.key when it was written */
} RecordOutput;

typedef struct
{
  char *key, *settings;         /* (nullable) */
  guint n_tracks;               /* audio tracks that were annotated */
  Overview overview;
  GPtrArray *outputs;           /* of RecordOutput */
} Record;

Record *record_new (void);
void record_free (Record * record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Record, record_free)

/* An empty record if there is no file or it makes no sense: then nothing is known. */
Record *record_read (const char *path);

/* All of it or nothing, and on the disk when this returns. Errors: G_IO_ERROR. */
gboolean record_write (const Record * record, const char *path, GError ** error);

/* (nullable) */
const RecordOutput *record_find (const Record * record, const char *name);

/* Adds an output behind the others. */
void record_add (Record * record, const char *name, const char *sha256, guint64 size, const char *key);

/* What was renamed in the folder @path is on the disk when this returns. Errors: G_IO_ERROR. */
gboolean record_sync_folder (const char *path, GError ** error);

G_END_DECLS

#endif
