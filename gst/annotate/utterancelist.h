/* utterancelist.h - a list of utterances to label, one a line, as speech corpora come with.
 *
 * Two kinds, told apart line by line:
 *     {"path": "a.flac", "start": 1.5, "end": 3, …}                      JSON Lines; times in seconds, both may be absent
 *     {"audio_filepath": "a.flac", "offset": 1.5, "duration": 1.5, …}    the same as NeMo's tools write it
 *     utterance-1 a.flac                                                 Kaldi's wav.scp
 * Paths are relative to the folder of the list. Lines are read as they are asked for, so that a list may be of any length.
 * MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef UTTERANCE_LIST_H
#define UTTERANCE_LIST_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 number;               /* of the line in the file, counted from 1 */
  char *object;                 /* (nullable): text of the JSON object, less its closing brace and what follows it */
  char *utterance;              /* (nullable): name in a wav.scp */
  char *written;                /* (nullable): the path as it stands there */
  char *path;                   /* (nullable): as it can be opened */
  GstClockTime start, end;      /* end: GST_CLOCK_TIME_NONE for that of the file */
  char *problem;                /* (nullable): why there is nothing to listen to */
} UtteranceListItem;

void utterance_list_item_free (UtteranceListItem * item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UtteranceListItem, utterance_list_item_free)

typedef struct _Manifest UtteranceList;

/* Reads the file once, to count its lines and to know it again. Errors: those of GIO. */
UtteranceList *utterance_list_open (const char *path, GError ** error);
void utterance_list_free (UtteranceList * list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UtteranceList, utterance_list_free)

/* Lines that are not blank. */
guint64 utterance_list_n_items (const UtteranceList * list);

/* SHA-256 of the file, hexadecimal. */
const char *utterance_list_identity (const UtteranceList * list);

/* (transfer full) (nullable): the next line that is not blank; NULL at the end, or with an error of GIO. */
UtteranceListItem *utterance_list_next (UtteranceList * list, GError ** error);

G_END_DECLS

#endif
