/* copying.h - copies of an input with tags or a subtitle track, among its other outputs.
 *
 * talk.mp3 becomes talk.tagged.mp3, and film.mkv film.subtitled.mkv. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COPYING_H
#define COPYING_H

#include "annotation.h"
#include "inputs.h"
#include "store.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean tags, subtitles;     /* which copies are wanted */
} Copying;

/* Appends the names of the copies of @input. (element-type filename) */
void copying_add_names (const Copying * copying, const Input * input, GPtrArray * names);

/* Whether the copies can be made, as far as the beginning of the file tells. Errors: those of copies_check(), and
 * G_IO_ERROR_NOT_SUPPORTED for what is no file. */
gboolean copying_check (const Copying * copying, const Input * input, GError ** error);

/* Adds the copies to @store. Of several tracks, @annotation is the first. */
gboolean copying_write (const Copying * copying, const Input * input, Store * store, const Annotation * annotation,
    GError ** error);

G_END_DECLS

#endif
