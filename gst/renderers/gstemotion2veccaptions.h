/* gstemotion2veccaptions.h - from spans (gstemotion2vecvoices.h) to texts: joins equal neighbours, leaves out what is too
 * short to be read.
 *
 * A joined text has the fields of its first result, but: `confidence`, `level`, `scores` and `raw-scores` are means over
 * time; the times are the text's own (`timestamp`, `duration`, and the others with the same offset).
 * Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_CAPTIONS_H
#define GST_EMOTION2VEC_CAPTIONS_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean merge;               /* join equal neighbours */
  GstClockTime minimum;         /* shorter texts go to the text before, or else away */
  GstClockTime maximum;         /* joined texts are not longer */
} GstEmotion2vecCaptionsSettings;

/* @start < @end. @lines: (transfer none) (element-type GstEmotion2vecLine): empty if there is no text in this time. */
typedef void (*GstEmotion2vecCaptionFunc) (GstClockTime start, GstClockTime end, const GArray * lines, gpointer data);

typedef struct _GstEmotion2vecCaptions GstEmotion2vecCaptions;

GstEmotion2vecCaptions *gst_emotion2vec_captions_new (const GstEmotion2vecCaptionsSettings * settings,
    GstEmotion2vecCaptionFunc func, gpointer data);
void gst_emotion2vec_captions_free (GstEmotion2vecCaptions * captions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecCaptions, gst_emotion2vec_captions_free)

/* The next span: begins where the last one ended. Its lines are copied. */
void gst_emotion2vec_captions_add (GstEmotion2vecCaptions * captions, GstClockTime start, GstClockTime end,
    const GArray * lines);

/* Hands out texts that begin before @time, whatever may still join them. NONE: all. */
void gst_emotion2vec_captions_flush (GstEmotion2vecCaptions * captions, GstClockTime time);

G_END_DECLS

#endif
