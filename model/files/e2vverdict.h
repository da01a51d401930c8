/* e2vverdict.h - remembers which model files were found sound, so that a large file is hashed once and not at each start.
 *
 * A file is known by device, inode, size, times of the last change, and the checksum of its metadata. Verdicts live in the
 * user's cache folder, gst-emotion2vec/verified; a cache that cannot be read or written is the same as an empty one.
 * MT: any thread, any process: the cache is replaced as a whole, a lost verdict only costs time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VERDICT_H
#define E2V_VERDICT_H

#include <glib.h>

G_BEGIN_DECLS

/* Identity of the file as one line of text, or NULL if there is none or the file changed within the last second: its
 * time stamps could not tell the next change apart then. */
char *e2v_verdict_identity (const char *path, const char *metadata_checksum);

gboolean e2v_verdict_known (const char *identity);
void e2v_verdict_remember (const char *identity);

G_END_DECLS

#endif
