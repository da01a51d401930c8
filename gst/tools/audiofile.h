/* audiofile.h - a media file, decoded by GStreamer, as the one window that an encoder takes.
 *
 * The samples go through the element's own window code, so the tool sees the very numbers that the element sees. Needs
 * gst_init(). MT: main thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIO_FILE_H
#define AUDIO_FILE_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  float *samples;               /* mono, 16 kHz, full scale +-1 */
  guint n_samples;
} AudioFile;

/* @name: a path, a URI, or "-" for standard input; the first audio stream of it.
 * Errors (domain E2V_ERROR): NOT_FOUND, IO (what GStreamer said), FORMAT (damaged, no audio in it, or no decoder for it),
 * TOO_LARGE (longer than E2V_MAX_WINDOW_SAMPLES: reading stops there), ARGUMENT (interrupted). */
gboolean audio_file_read (AudioFile * audio, const char *name, GError ** error);

/* The same for what lies between @start and @end, in seconds of the file; @end may be INFINITY. Cut at the file's own rate,
 * before anything is resampled. FORMAT if there is nothing in between. */
gboolean audio_file_read_range (AudioFile * audio, const char *name, double start, double end, GError ** error);

void audio_file_clear (AudioFile * audio);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AudioFile, audio_file_clear)

G_END_DECLS

#endif
