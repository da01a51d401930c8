/* peaks.h - the envelope of any length of audio in a fixed amount of memory.
 *
 * Buckets of equal time keep the loudest and the softest sample. When there are too many, neighbours become one, so that
 * at the end there are between MAX_PEAKS / 2 and MAX_PEAKS of them (fewer for audio of less than four seconds).
 * MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PEAKS_H
#define PEAKS_H

#include <gst/audio/audio.h>

G_BEGIN_DECLS

typedef struct _Peaks Peaks;

Peaks *peaks_new (void);
void peaks_free (Peaks * peaks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peaks, peaks_free)

/* Adds the samples of all channels of @buffer, whose first is at @start. Time that was left out is silent; what is
 * before the start of the file (a negative time) does not come here. A buffer that cannot be mapped is left out. */
void peaks_add (Peaks * peaks, GstBuffer * buffer, const GstAudioInfo * info, GstClockTime start);

/* Appends AnnotationPeaks up to @duration to @out. */
void peaks_finish (const Peaks * peaks, GstClockTime duration, GArray * out);

G_END_DECLS

#endif
