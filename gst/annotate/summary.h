/* summary.h - what came of all inputs: a table for people, an object for programs.
 *
 * On standard output. MT: main thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "work.h"

G_BEGIN_DECLS

/* @outcomes: (element-type Outcome). @seconds: that all took. */
void summary_print_table (const GPtrArray * outcomes, double seconds);

/* {"files": [{"file", "status", "outputs", …}], "seconds"}, on one line. */
void summary_print_json (const GPtrArray * outcomes, double seconds);

/* How many have @status. */
guint summary_count (const GPtrArray * outcomes, OutcomeStatus status);

G_END_DECLS

#endif
