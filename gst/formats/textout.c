/* textout.c - text that goes to a stream in large pieces.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "textout.h"

/* Bytes of a piece: enough that the calls cost nothing. */
#define PIECE 65536

void
text_out_init (TextOut * text_out, GOutputStream * out)
{
  text_out->text = g_string_sized_new (PIECE + PIECE / 4);
  text_out->out = out;
  text_out->error = NULL;
}

static void
write_piece (TextOut * text_out)
{
  if (!text_out->error)
    g_output_stream_write_all (text_out->out, text_out->text->str,
        text_out->text->len, NULL, NULL, &text_out->error);
  g_string_truncate (text_out->text, 0);
}

void
text_out_row (TextOut * text_out)
{
  if (text_out->text->len >= PIECE)
    write_piece (text_out);
}

gboolean
text_out_finish (TextOut * text_out, GError ** error)
{
  gboolean ok;

  write_piece (text_out);
  ok = text_out->error == NULL;
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&text_out->error));
  g_string_free (text_out->text, TRUE);
  text_out->text = NULL;
  return ok;
}
