/* windowkit.h - what the tests of the windower share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WINDOWKIT_H
#define WINDOWKIT_H

#include "gstemotion2vecwindow.h"

G_BEGIN_DECLS

/* Windows of 3 s every second, of all channels, nothing silent. */
extern const GstEmotion2vecWindowSettings window_defaults;

GstAudioInfo window_audio (GstAudioFormat format, gint rate, gint channels, gboolean planar);

/* Pushes @n frames in pieces of random size; @max_piece 0: at once. */
void window_push_pieces (GstEmotion2vecWindower * windower, const GstAudioInfo * info, const guint8 * data, gsize n,
    gsize max_piece, GstClockTime start);

/* Returns: (transfer full): all complete windows. */
GPtrArray *window_pop_all (GstEmotion2vecWindower * windower);

/* Returns: (transfer full): all windows of @n frames, in pieces as above. */
GPtrArray *window_cut_all (const GstAudioInfo * info, const GstEmotion2vecWindowSettings * settings,
    const guint8 * data, gsize n, gsize max_piece);

/* Returns: (transfer full): @n frames of white noise at full scale. */
guint8 *window_noise (const GstAudioInfo * info, gsize n);

G_END_DECLS

#endif
