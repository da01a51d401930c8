/* container.h - what kind of file this is, by its bytes, and whether all of it is there.
 *
 * Private to gst/copies. Pure but for reading. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONTAINER_H
#define CONTAINER_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  CONTAINER_FLAC,
  CONTAINER_VORBIS,             /* Ogg with one stream of it */
  CONTAINER_OPUS,
  CONTAINER_OGG_FLAC,
  CONTAINER_MP3,
  CONTAINER_WAV,
  CONTAINER_MP4,                /* and QuickTime, M4A, 3GP */
  CONTAINER_MATROSKA,
  CONTAINER_WEBM
} ContainerKind;

typedef struct
{
  ContainerKind kind;
  gboolean fragmented;          /* MP4: the media are in fragments */
  gboolean index_first;         /* MP4: "moov" lies before the media */
  char brand[5];                /* MP4: major brand; "qt  " without one */
} Container;

/* @container: untouched on failure.
 * Returns: FALSE with COPIES_ERROR_UNSUPPORTED if it is none of these, COPIES_ERROR_BAD_FILE if the file is shorter than
 * it says (FLAC, Ogg and MP3 do not say), or G_IO_ERROR. */
gboolean container_look (const char *path, Container * container, GError ** error);

G_END_DECLS

#endif
