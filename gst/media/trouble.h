/* trouble.h - what GStreamer says is wrong with a file, in words for a person.
 *
 * Errors are of G_IO_ERROR. MT: one owner at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TROUBLE_H
#define TROUBLE_H

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* Of a file in which a demuxer finds nothing, or a pipeline stands still. */
#define TROUBLE_NO_STREAM "it is damaged: no stream was found in it"

/* What was found missing so far; all zero at first. */
typedef struct
{
  char *missing_audio, *missing_other;  /* (nullable): decoders that are not installed */
} Trouble;

void trouble_clear (Trouble * trouble);

/* @message: one for which gst_is_missing_plugin_message() is TRUE. */
void trouble_note_missing (Trouble * trouble, GstMessage * message);

/* @message: an error message of anything that decodes. (transfer full) */
GError *trouble_explain (const Trouble * trouble, GstMessage * message);

/* There is no audio track number @track, counted from 0, but @n others. (transfer full) */
GError *trouble_no_track (const Trouble * trouble, guint track, guint n);

/* The words of @reason on one line, without a full stop. (transfer full) */
char *trouble_words (const GError * reason);

G_END_DECLS

#endif
