/* cues.h - the segments of an annotation as subtitles that never overlap, since tracks in MP4 and many players want that.
 *
 * With several channels (or triggers) a cue has a line for each that is heard then, and a new cue begins whenever one of
 * them changes. Silence has no line.
 * Pure. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CUES_H
#define CUES_H

#include "annotation.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 start, end;           /* milliseconds */
  char *text;                   /* plain UTF-8: "happy 81%"; lines are separated by '\n' */
} Cue;

/* (transfer full) (element-type Cue): in order; g_array_unref() frees the texts too. */
GArray *cues_from_annotation (const Annotation * annotation);

G_END_DECLS

#endif
