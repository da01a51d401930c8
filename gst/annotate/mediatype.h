/* mediatype.h - what kind of file something is: media or not, and its MIME type.
 *
 * Needs gst_init(). MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEDIA_TYPE_H
#define MEDIA_TYPE_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Whether the file @path is to be annotated when it is found in a folder: its name ends as those of media files do, or it
 * begins as they do. Damaged media count, as their names tell what they ought to be. */
gboolean media_type_is_media (const char *path);

/* The MIME type of what GStreamer's type finder called @caps, as "audio/flac". @leaf: (nullable): the file's name; it tells
 * audio from video where the container does not. (transfer full) */
char *media_type_to_mime (const GstCaps * caps, const char *leaf);

G_END_DECLS

#endif
