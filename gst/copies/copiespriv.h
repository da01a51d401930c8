/* copiespriv.h - what the files of this room share: progress, errors of the system.
 *
 * Private to gst/copies.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COPIES_PRIV_H
#define COPIES_PRIV_H

#include <gio/gio.h>

#include "copies.h"

G_BEGIN_DECLS

typedef struct
{
  CopiesProgress report;        /* (nullable) */
  gpointer user_data;
  double from, to;              /* what the step at hand is of the whole */
} Progress;

/* @done: of the step at hand. Returns: FALSE with G_IO_ERROR_CANCELLED if the caller wants to stop. */
gboolean progress_tell (const Progress * progress, double done, GError ** error);

/* Sets @error to "@what: " and the words for @code, an errno. Returns: FALSE. */
gboolean fail_with_errno (GError ** error, int code, const char *what);

/* Copies the bytes of @input to @output, which is created or replaced, and stays there on failure. */
gboolean copy_bytes (const char *input, const char *output, const Progress * progress, GError ** error);

G_END_DECLS

#endif
