/* textout.h - text that goes to a stream in large pieces, so that hours of audio do not take hours of memory.
 *
 * MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TEXT_OUT_H
#define TEXT_OUT_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GString *text;                /* append here */
  GOutputStream *out;           /* (transfer none) */
  GError *error;                /* the first one; what comes after it is dropped */
} TextOut;

void text_out_init (TextOut * text_out, GOutputStream * out);

/* To be called after each row: writes what was appended if it is enough for a piece. */
void text_out_row (TextOut * text_out);

/* Writes the rest and frees the memory, not the stream. Returns FALSE if anything could not be written. */
gboolean text_out_finish (TextOut * text_out, GError ** error);

G_END_DECLS

#endif
