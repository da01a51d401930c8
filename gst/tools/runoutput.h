/* runoutput.h - how "run" shows the result of one file: bars for people, one JSON object for programs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RUN_OUTPUT_H
#define RUN_OUTPUT_H

#include "e2vencoder.h"

G_BEGIN_DECLS

typedef struct
{
  E2vModel *model;              /* borrowed, as the names are */
  const char *const *names;     /* of the classes of results, NULL for those that are not used */
  gboolean as_json;
  gboolean embedding;           /* give the utterance embedding */
  gboolean frame_scores;        /* give the scores of each frame */
} RunOutput;

/* Prints the result of the file @name of @n_samples at 16 kHz to standard output. */
void run_output_print (const RunOutput * output, const char *name, guint n_samples, const E2vResult * result);

G_END_DECLS

#endif
