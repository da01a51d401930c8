/* progress.h - how far many inputs are: a bar with speed and time left on a terminal, a line for each elsewhere.
 *
 * All on standard error. How much there is to do is known in bytes, what is done in seconds of audio.
 * MT: main thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "work.h"

G_BEGIN_DECLS

typedef struct _Progress Progress;

/* @todo: (element-type Input). @quiet: nothing is shown. */
Progress *progress_new (const GPtrArray * todo, gboolean quiet);
void progress_free (Progress * progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Progress, progress_free)

/* Counts an input that is done with, and shows a line about it. */
void progress_finish_input (Progress * progress, const Outcome * outcome);

/* The bar anew: begin, add each input that is worked on, show. */
void progress_begin (Progress * progress);
void progress_add_running (Progress * progress, const Input * input, GstClockTime position, GstClockTime duration);
void progress_show (Progress * progress);

/* Takes the bar away, so that something else can be printed. */
void progress_clear (Progress * progress);

/* "1:02:03", "0:07"; free with g_free(). */
char *progress_format_time (double seconds);

G_END_DECLS

#endif
