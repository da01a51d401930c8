/* gstemotion2vecpalette.h - how a label looks: its colour and its emoji, the same in every picture, page and text.
 *
 * The colours are for areas with a label beside them, on white and on nearly black. They were searched for, near Okabe and
 * Ito's, such that any two of the ten differ by 14 or more in CIEDE2000, for normal sight and for people without red, green
 * or blue cones (matrices of Machado et al. 2009, severity 1). What is no emotion is grey.
 * Colours are sRGB as 0xRRGGBB. Pure. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_PALETTE_H
#define GST_EMOTION2VEC_PALETTE_H

#include <glib.h>

G_BEGIN_DECLS

/* The nine official labels in their order, and `silent`. */
#define GST_EMOTION2VEC_PALETTE_SIZE 10

typedef struct
{
  const char *name;
  guint32 rgb;
  const char *emoji;
} GstEmotion2vecLook;

/* (transfer none): @i: below GST_EMOTION2VEC_PALETTE_SIZE. */
const GstEmotion2vecLook *gst_emotion2vec_palette_at (guint i);

/* Colour of @label. A label that is not in the palette, as of merged classes, gets one of the emotions' colours by
 * @index, its place among the classes; the first six are all different. */
guint32 gst_emotion2vec_palette_rgb (const char *label, guint index);

/* (nullable): NULL for a label that is not in the palette. */
const char *gst_emotion2vec_palette_emoji (const char *label);

/* Black or white, whichever is easier to read on @rgb (the higher contrast ratio by WCAG 2). */
guint32 gst_emotion2vec_palette_ink (guint32 rgb);

G_END_DECLS

#endif
