/* overview.h - what one line of a summary says of a file.
 *
 * Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OVERVIEW_H
#define OVERVIEW_H

#include "annotation.h"

G_BEGIN_DECLS

typedef struct
{
  GstClockTime duration;        /* of the audio; with several tracks, of the longest */
  guint n_windows;
  char *label;                  /* heard longest; "silent" if nobody was heard, "none" without classes or windows */
  double share;                 /* of the time in which somebody was heard, 0 to 1 */
} Overview;

/* Of annotations of the tracks of one file. (element-type Annotation) */
void overview_init (Overview * overview, const GPtrArray * annotations);

void overview_copy (Overview * to, const Overview * from);
void overview_clear (Overview * overview);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Overview, overview_clear)

G_END_DECLS

#endif
