/* e2vcache.h - short lists of lines in the user's cache folder: what was found right before and need not be proved again.
 *
 * A list is a file in gst-emotion2vec/ below g_get_user_cache_dir(). The newest 64 lines are kept. A list that cannot be
 * read or written is the same as an empty one. MT: any thread, any process: a list is replaced as a whole, a line that
 * gets lost only costs time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_CACHE_H
#define E2V_CACHE_H

#include <glib.h>

G_BEGIN_DECLS

/* @list: the file's name. @line: without a line end. */
gboolean e2v_cache_has (const char *list, const char *line);
void e2v_cache_add (const char *list, const char *line);

G_END_DECLS

#endif
