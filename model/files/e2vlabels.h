/* e2vlabels.h - the names of a head's classes: files with one name a line, and the official nine.
 *
 * MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_LABELS_H
#define E2V_LABELS_H

#include <glib.h>

G_BEGIN_DECLS

#define E2V_N_OFFICIAL_LABELS 9

/* In the order of all public models with nine classes, and a NULL. */
extern const char *const e2v_official_labels[E2V_N_OFFICIAL_LABELS + 1];

/* UTF-8, as tokens.txt has it: spaces around a name, a byte order mark and empty lines at the end do not count. Free
 * with g_strfreev(). Errors: E2V_ERROR_NOT_FOUND, E2V_ERROR_IO, E2V_ERROR_FORMAT. */
char **e2v_labels_read (const char *path, GError ** error);

G_END_DECLS

#endif
