/* gstemotion2vecformat.h - writes a number, a time or a text as a format string of Python's kind says.
 *
 * The same in every locale. Pure. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_FORMAT_H
#define GST_EMOTION2VEC_FORMAT_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gunichar fill;                /* 0: a blank */
  char align;                   /* '<', '>', '^'; 0: texts left, numbers right; '=': zeros behind the sign */
  gboolean plus;                /* a sign on numbers that are not negative too */
  gint width;                   /* at least this many letters */
  gint digits;                  /* -1: as the type likes */
  char type;                    /* 0: as the value likes */
} GstEmotion2vecFormat;

/* @text: what stands after the colon; NULL or "" is the default. @types: the type letters that the value takes.
 * Returns: (transfer full) (nullable): what is wrong with it, NULL if nothing is. */
char *gst_emotion2vec_format_parse (const char *text, const char *types, GstEmotion2vecFormat * format);

/* Append to @out. Numbers: types f, e, g, %, d; 0: as short as can be without losing a bit. Times: in ns; types t, f, d. */
void gst_emotion2vec_format_number (const GstEmotion2vecFormat * format, double value, GString * out);
void gst_emotion2vec_format_integer (const GstEmotion2vecFormat * format, guint64 value, GString * out);
void gst_emotion2vec_format_time (const GstEmotion2vecFormat * format, guint64 time, GString * out);
void gst_emotion2vec_format_text (const GstEmotion2vecFormat * format, const char *value, GString * out);

G_END_DECLS

#endif
