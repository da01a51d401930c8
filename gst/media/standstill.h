/* standstill.h - whether a pipeline that nothing has come out of yet is going to give something.
 *
 * MT: any thread but the streaming threads.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STANDSTILL_H
#define STANDSTILL_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* TRUE: all threads that read and demux have stopped. @ignore_streams: FALSE: and no demuxer has streams, whose ends
 * would tell. */
gboolean standstill_is_reached (GstBin * pipeline, gboolean ignore_streams);

G_END_DECLS

#endif
