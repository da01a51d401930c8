/* matroskatags.h - our tags in Matroska and WebM files, changed where they lie.
 *
 * All else in the file stays as and where it is. A failure may leave a damaged file: it is given copies only.
 * Private to gst/copies. MT: any thread, each file once at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MATROSKA_TAGS_H
#define MATROSKA_TAGS_H

#include "owntags.h"

G_BEGIN_DECLS

/* Replaces our tags in the file @path by @tags.
 * Returns: FALSE with COPIES_ERROR_UNSUPPORTED, and the file as it was, if it has no room for an entry in its table of
 * contents, as live recordings have none. */
gboolean matroska_tags_write (const char *path, const OwnTags * tags, GError ** error);

/* Gives @to, a copy of @from that another library has made, the tags of @from that are about the whole file, instead of
 * those that it has. */
gboolean matroska_tags_carry (const char *from, const char *to, GError ** error);

G_END_DECLS

#endif
