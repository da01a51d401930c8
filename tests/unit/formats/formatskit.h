/* formatskit.h - annotations made by hand, for the tests of the file formats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FORMATS_KIT_H
#define FORMATS_KIT_H

#include "annotation.h"

G_BEGIN_DECLS

typedef struct
{
  guint start, duration;        /* ms */
  gint label;                   /* of its highest score; GST_EMOTION2VEC_SILENT or ANNOTATION_NO_LABEL */
  double score;                 /* of that label; the others share the rest; 0: 0.8 */
  gint channel;                 /* counted from 1 here; 0: all channels */
  gboolean speech;
  gboolean partial;
} KitWindow;

/* (transfer full): the message of the element for @window. @labels: NULL at the end. */
GstStructure *kit_message (guint64 id, const KitWindow * window, const char *const *labels);

/* (transfer full): @window and @interval in ms; "talk.wav" of @duration ms, at least as long as its windows. */
Annotation *kit_annotation (guint window, guint interval, guint duration);

/* Adds the @windows, with ids from 0 on, and finishes. */
void kit_fill (Annotation * annotation, const KitWindow * windows, guint n, const char *const *labels);

/* (transfer full): what the format of that name makes of @annotation. */
char *kit_write (const Annotation * annotation, const char *format);

G_END_DECLS

#endif
