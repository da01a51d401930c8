/* gstemotion2vecdrawing.h - draws one picture of a scope.
 *
 * Time runs to the right and ends at the right edge of the plot. Above, the scores are stacked, one colour a class; below
 * lies the waveform in the colour of what was heard. To the right is the legend, top left the current label.
 * Pure. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_DRAWING_H
#define GST_EMOTION2VEC_DRAWING_H

#include <cairo.h>

#include "gstemotion2vechistory.h"

G_BEGIN_DECLS

typedef struct
{
  gint width, height;
  gboolean dark;
  GstClockTime now;             /* at the right edge, exclusive */
  GstClockTime span;            /* that the plot shows */
  GstClockTime stream_time;     /* of `now`, for the time axis; NONE: no numbers */
} GstEmotion2vecScene;

/* Pixels of the plot, which the legend leaves. At least 1. */
gint gst_emotion2vec_drawing_plot_width (gint width, gint height);

/* Paints over all of @cairo's surface. */
void gst_emotion2vec_drawing_paint (cairo_t * cairo, const GstEmotion2vecScene * scene,
    const GstEmotion2vecHistory * history);

G_END_DECLS

#endif
