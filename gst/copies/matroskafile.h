/* matroskafile.h - where in a Matroska file its tables of contents and tags lie, and when it begins.
 *
 * A file is one Segment with elements in it, among them SeekHead (where the others begin), Tags and Clusters (media). Errors:
 * of COPIES_ERROR, and of G_IO_ERROR for those of the system.
 * Private to gst/copies. MT: one owner at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MATROSKA_FILE_H
#define MATROSKA_FILE_H

#include <glib.h>

G_BEGIN_DECLS

/* Names of elements. */
#define MATROSKA_SEEK_HEAD 0x114d9b74
#define MATROSKA_TAGS 0x1254c367
#define MATROSKA_CRC 0xbf

/* An element of the Segment. */
typedef struct
{
  guint32 id;
  guint64 at, size;             /* in the file, with its head */
  guint64 room;                 /* ... and with the Void that follows */
} MatroskaPart;

typedef struct
{
  int fd;
  guint64 segment;              /* where its size is written, in ... */
  guint size_length;            /* ... that many bytes */
  guint64 begin, end;           /* of what is in it */
  gboolean open_end;            /* its size is not known */
  GArray *parts;                /* MatroskaPart: SeekHeads and Tags */
  guint64 crc;                  /* where the Segment's own checksum is; 0: it has none */
  MatroskaPart info, cluster;           /* the first of each; id 0: there is none */
} MatroskaFile;

/* Finds the parts. @flags: as of open(). Whatever it returns, matroska_file_close() has to follow. */
gboolean matroska_file_open (MatroskaFile * file, const char *path, int flags, GError ** error);

/* @file: opened, or zero but for fd, which is -1. */
void matroska_file_close (MatroskaFile * file);

/* (transfer full) (nullable): the bytes of @part. */
GByteArray *matroska_file_load (const MatroskaFile * file, const MatroskaPart * part, GError ** error);

/* Sets @error to the one of a file that makes no sense. Returns: FALSE. */
gboolean matroska_fail_damaged (GError ** error);

/* @begin: (out): the time of the first Cluster in nanoseconds, which is where GStreamer's stream time is 0 */
gboolean matroska_begin (const char *path, guint64 * begin, GError ** error);

G_END_DECLS

#endif
