/* remux.h - the door to libavformat: a copy of a media file with one more track, of subtitles.
 *
 * Packets are copied, none is decoded or encoded.
 * Private to gst/copies. MT: any thread, each file once at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REMUX_H
#define REMUX_H

#include "container.h"
#include "copiespriv.h"

G_BEGIN_DECLS

/* The name of our track, by which an earlier run's is known. */
#define REMUX_TRACK_NAME "emotions"

/* Writes @output, which stays there on failure.
 * @container: of @input: Matroska, WebM or MP4
 * @cues: (nullable) (element-type Cue): the new track, which replaces one of an earlier run; NULL: a copy without any change
 * @language: of the new track, ISO 639-2 */
gboolean remux (const char *input, const char *output, const Container * container, const GArray * cues,
    const char *language, const Progress * progress, GError ** error);

G_END_DECLS

#endif
