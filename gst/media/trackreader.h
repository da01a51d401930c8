/* trackreader.h - one audio track of one media file, decoded into an element of the caller's, and how that ends.
 *
 *     filesrc ! decodebin (or uridecodebin, or fdsrc ! decodebin) ! ELEMENT
 *
 * Only that track is decoded. A run ends when the caller says so, as a rule when the end of the stream has come through
 * ELEMENT, or with an error: of G_IO_ERROR, a sentence that names what is wrong with the file, not the file. NOT_FOUND:
 * there is no such track; INVALID_DATA: not media, damaged, or without audio; NOT_SUPPORTED: no decoder for it; FAILED:
 * ELEMENT, or something in between.
 * MT: one owner at a time, but for track_reader_post().
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TRACK_READER_H
#define TRACK_READER_H

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct
{
  const char *path, *uri;       /* one of them, or neither: standard input */
  guint track;                  /* audio track, counted from 0 */
  guint attempt;                /* 0, or what track_reader_may_try_again() was asked about before */
  gboolean whole;               /* what breaks off is of no use: the first error after the stream has begun ends the run */
} TrackSource;

typedef struct _TrackReader TrackReader;

/* Gets what the reader has no use for: element, warning and application messages. @message: NULL: nothing, now and then.
 * FALSE with @error ends the run. */
typedef gboolean (*TrackReaderFunc) (GstMessage * message, gpointer user_data, GError ** error);

/* Message of the application that ends a run without an error. */
#define TRACK_READER_END "end"

/* A clear word about a file that cannot be opened or is empty, which GStreamer would put otherwise. Errors: of G_IO_ERROR. */
gboolean track_reader_check_file (const char *path, GError ** error);

/* A sink that keeps nothing and waits for nothing, as long as no buffer gets to it. (transfer floating) */
GstElement *track_reader_make_sink (GError ** error);

/* @element: (transfer floating): with one sink pad, on which the caller may put probes; what is to come behind it has to be
 * put into track_reader_bin() and linked. @source: its strings have to live as long as the reader. */
TrackReader *track_reader_new (const TrackSource * source, GstElement * element, GError ** error);

/* Stops all threads. */
void track_reader_free (TrackReader * reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrackReader, track_reader_free)

/* (transfer none), both: the pipeline, and the sink pad of the element. */
GstBin *track_reader_bin (TrackReader * reader);
GstPad *track_reader_pad (TrackReader * reader);

/* Sends an application message of the name @what. MT: any thread. */
void track_reader_post (TrackReader * reader, const char *what);

/* Plays, once. @tick: @func is called without a message at least this often; GST_CLOCK_TIME_NONE: never. FALSE with an
 * error, or with TRUE track_reader_broken(). */
gboolean track_reader_run (TrackReader * reader, GstClockTime tick, TrackReaderFunc func, gpointer user_data,
    GError ** error);

/* Stops all threads: what they wrote belongs to the caller. */
void track_reader_stop (TrackReader * reader);

/* (nullable) (transfer none): why the streams ended before their end. */
const GError *track_reader_broken (const TrackReader * reader);

/* (nullable) (transfer none): name of a decoder for audio that is missing here. */
const char *track_reader_missing (const TrackReader * reader);

/* The most audio tracks that were there at a time. */
guint track_reader_n_tracks (TrackReader * reader);

/* Whether after a run that failed another attempt, by a new reader, is worth it. */
gboolean track_reader_may_try_again (const TrackReader * reader);

G_END_DECLS

#endif
