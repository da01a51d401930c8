/* e2vscratch.h - memory for large data that are made once and read seldom: it lies in a temporary file.
 *
 * What was written can be taken out of the process's memory and comes back from the file when it is read. The file has no
 * name and goes with the last reference to it, however the process ends. MT: as plain memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_SCRATCH_H
#define E2V_SCRATCH_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _E2vScratch E2vScratch;

/* Plain memory instead of a file if @size is small or the folder for temporary files cannot take it. Contents are
 * undefined. NULL if there is no memory either. */
E2vScratch *e2v_scratch_new (gsize size);
void e2v_scratch_free (E2vScratch * scratch);

gpointer e2v_scratch_data (const E2vScratch * scratch);

/* Takes what was read or written out of this process's memory; nothing is lost. */
void e2v_scratch_release_pages (E2vScratch * scratch);

G_END_DECLS

#endif
