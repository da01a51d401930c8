/* formats.h - the file formats that an annotation can be written in.
 *
 * A writer gets a finished annotation and writes a whole file: the same annotation gives the same bytes. Pure. MT: any
 * thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FORMATS_H
#define FORMATS_H

#include <gio/gio.h>

#include "annotation.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name;             /* on the command line */
  const char *suffix;           /* of the file name, with the dot */
  const char *summary;          /* one line for --help */
  /* Writes @annotation to @out, which stays open. Errors are those of the stream. */
  gboolean (*write) (const Annotation * annotation, GOutputStream * out, GError ** error);
} Format;

/* All formats, as --help lists them. */
const Format *formats_all (guint * n);

/* NULL if there is none of that name. */
const Format *formats_find (const char *name);

/* The writers of the table. */
gboolean format_jsonl_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_csv_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_segments_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_vtt_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_srt_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_textgrid_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_eaf_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_audacity_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_emotionml_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_labelstudio_write (const Annotation * annotation, GOutputStream * out, GError ** error);
gboolean format_html_write (const Annotation * annotation, GOutputStream * out, GError ** error);

G_END_DECLS

#endif
