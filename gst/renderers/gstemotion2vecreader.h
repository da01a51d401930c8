/* gstemotion2vecreader.h - finds results in a stream: in metas of buffers and in custom events, each one once.
 *
 * Elements that cut buffers anew duplicate metas, and an event may tell what a meta told before: results are the same if
 * element, stream-id and id are. Memory is bounded: of each element and stream the reader knows the last 64 ids, of at
 * most 64 of them; anything older counts as known. Order is kept. Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_READER_H
#define GST_EMOTION2VEC_READER_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* One result. Strings belong to `fields`. Whoever made it, its times add up to less than 2^63 ns and its numbers are
 * finite. */
typedef struct
{
  const GstStructure *fields;   /* all of it, as docs/metadata.md has it */
  const char *element, *stream_id;      /* (nullable) */
  const char *label;            /* (nullable): nobody was heard, or the model has no classes */
  double confidence;            /* 0 without label */
  gboolean speech;              /* about a stretch of speech, not about a window of the interval */
  gint channel;                 /* -1: of all channels */
  GstClockTime timestamp, running_time; /* start of the window; NONE if unknown */
  GstClockTime duration;        /* above 0 */
  GstClockTime interval;        /* between windows; NONE if unknown */
} GstEmotion2vecReading;

typedef void (*GstEmotion2vecReaderFunc) (const GstEmotion2vecReading * reading, gpointer data);

typedef struct _GstEmotion2vecReader GstEmotion2vecReader;

GstEmotion2vecReader *gst_emotion2vec_reader_new (void);
void gst_emotion2vec_reader_free (GstEmotion2vecReader * reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecReader, gst_emotion2vec_reader_free)

/* Calls @func for every result on @buffer that was not there before. */
void gst_emotion2vec_reader_buffer (GstEmotion2vecReader * reader, GstBuffer * buffer, GstEmotion2vecReaderFunc func,
    gpointer data);

/* The same for an event. Returns: whether it is a result, new or not. A STREAM_START of another stream makes all ids new:
 * counting begins anew with a stream. */
gboolean gst_emotion2vec_reader_event (GstEmotion2vecReader * reader, GstEvent * event, GstEmotion2vecReaderFunc func,
    gpointer data);

/* As new. */
void gst_emotion2vec_reader_forget (GstEmotion2vecReader * reader);

G_END_DECLS

#endif
