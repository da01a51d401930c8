/* filetags.h - the door to TagLib: our tags in FLAC, Ogg, MP3, WAV and MP4 files, changed where they lie.
 *
 * What is no tag stays as it is, byte by byte, and so do tags that are not ours. A failure may leave a damaged file: it is
 * given copies only.
 * Private to gst/copies. Plain C; filetags.cc is C++, as TagLib is. MT: any thread, each file once at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FILE_TAGS_H
#define FILE_TAGS_H

#include "container.h"
#include "owntags.h"

G_BEGIN_DECLS

/* Replaces our tags in the file @path by @tags. */
gboolean file_tags_write (const char *path, ContainerKind kind, const OwnTags * tags, GError ** error);

/* Gives the MP4 file @to all tags and pictures of the MP4 file @from, instead of those that it has. */
gboolean file_tags_carry_mp4 (const char *from, const char *to, GError ** error);

G_END_DECLS

#endif
