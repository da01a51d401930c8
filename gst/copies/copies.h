/* copies.h - copies of media files that say what was heard: in their tags, or as a subtitle track.
 *
 * Nothing is encoded again: what a demuxer gives out of the copy is, packet by packet, what it gives out of the original.
 * The original is only read. docs/copies.md has what is written into which container; decision 10 says how and why.
 *
 * Both functions write to @output, which is created or replaced. If they fail, no file is left there: the caller gives
 * a temporary name and renames. Errors: COPIES_ERROR; G_IO_ERROR where reading or writing failed, and
 * G_IO_ERROR_CANCELLED where the progress function said so.
 * MT: any thread, each file once at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COPIES_H
#define COPIES_H

#include <gst/gst.h>

#include "annotation.h"

G_BEGIN_DECLS

#define COPIES_ERROR (copies_error_quark ())
GQuark copies_error_quark (void);

typedef enum
{
  COPIES_ERROR_UNSUPPORTED,     /* the container, or something in it, cannot be copied like this */
  COPIES_ERROR_UNAVAILABLE,     /* this program was built without a library that it takes */
  COPIES_ERROR_BAD_FILE,        /* truncated or damaged */
  COPIES_ERROR_SAME_FILE        /* input and output are one file */
} CopiesError;

typedef enum
{
  COPIES_TAGS,
  COPIES_SUBTITLES
} CopiesKind;

/* @done: 0 to 1. Returns: FALSE to stop. */
typedef gboolean (*CopiesProgress) (double done, gpointer user_data);

/* Whether a copy of @kind can be made of @input, as far as its first bytes and its size tell: to be asked before hours of
 * work. */
gboolean copies_check (const char *input, CopiesKind kind, GError ** error);

/* @tags: as gst_emotion2vec_summary_to_tags() makes them and as the element sends them; of other tags only values that
 * begin with our names are taken. In the copy they replace what an earlier run has left; all else stays. A list without any
 * of ours takes them out.
 * @progress: (nullable) */
gboolean copies_write_tags (const char *input, const char *output, const GstTagList * tags, CopiesProgress progress,
    gpointer user_data, GError ** error);

/* One cue a segment of @annotation, which is finished, in a track named "emotions"; a subtitle track of that name is
 * taken for that of an earlier run and replaced. It comes behind the other tracks, and in Matroska it is not shown unless a
 * viewer asks for it.
 * @progress: (nullable) */
gboolean copies_write_subtitles (const char *input, const char *output, const Annotation * annotation,
    CopiesProgress progress, gpointer user_data, GError ** error);

G_END_DECLS

#endif
