/* seen.h - which results have come by at a pad: as metas on buffers, and as events.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SEEN_H
#define SEEN_H

#include <gst/gst.h>

typedef struct
{
  GMutex lock;                  /* of the fields below while the pipeline runs */
  GHashTable *metas, *events;   /* sets of "element stream-id id" */
  guint n_metas;                /* with doubles */
  GArray *times;                /* of GstClockTime: buffers that came by */
} Seen;

/* Looks at that pad from now on. Free it after the pipeline has gone to NULL. */
Seen *seen_watch (GstElement * pipeline, const char *element, const char *pad);
void seen_free (Seen * seen);

/* Fails the test, and names what is missing, if not all of @left is in @arrived and nothing else. */
void seen_assert_same (GHashTable * left, GHashTable * arrived, const char *what);

#endif
