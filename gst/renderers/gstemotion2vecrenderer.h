/* gstemotion2vecrenderer.h - what elements have in common that take audio with results and make another stream of them.
 *
 * An abstract class. It reads results (gstemotion2vecreader), keeps segment and position, makes the events of the other
 * stream, and asks the subclass to do the rest. All virtual functions but `latency` are called by the streaming thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_RENDERER_H
#define GST_EMOTION2VEC_RENDERER_H

#include <gst/audio/audio.h>
#include <gst/gst.h>

#include "gstemotion2vecreader.h"

G_BEGIN_DECLS

#define GST_TYPE_EMOTION2VEC_RENDERER (gst_emotion2vec_renderer_get_type ())
G_DECLARE_DERIVABLE_TYPE (GstEmotion2vecRenderer, gst_emotion2vec_renderer, GST, EMOTION2VEC_RENDERER, GstElement)

struct _GstEmotion2vecRendererClass
{
  GstElementClass parent_class;

  const char *suffix;           /* of the stream's id: upstream's, a slash, and this */
  GstStreamFlags flags;         /* besides upstream's */

  /* Chooses among what downstream takes. @allowed: (transfer full): not empty. Returns: (transfer full): fixed. */
  GstCaps *(*choose_caps) (GstEmotion2vecRenderer * self, GstCaps * allowed);

  /* A new result. @start: of its window, in the buffers' times under the segment, as well as that can be told; NONE: before
   * all that the segment is about, as of audio before a seek. */
  GstFlowReturn (*result) (GstEmotion2vecRenderer * self, const GstEmotion2vecReading * reading, GstClockTime start);

  /* Audio, whose results were told before. It begins at @start; position is its end. @buffer: (nullable): NULL for a gap. */
  GstFlowReturn (*audio) (GstEmotion2vecRenderer * self, GstBuffer * buffer, GstClockTime start);

  /* What follows does not continue what came: all that waits has to go out. */
  GstFlowReturn (*drain) (GstEmotion2vecRenderer * self);

  /* All that waits is forgotten. */
  void (*reset) (GstEmotion2vecRenderer * self);

  /* Any thread: how much later than the audio the stream is. @live: upstream is. */
  GstClockTime (*latency) (GstEmotion2vecRenderer * self, gboolean live);
};

/* The pads of a subclass, of its class's templates `sink` and `src`. */
void gst_emotion2vec_renderer_add_sink_template (GstElementClass * klass);

/* (transfer none): for pushing. */
GstPad *gst_emotion2vec_renderer_src (GstEmotion2vecRenderer * self);

/* Streaming thread. The segment in force; always in TIME format. */
const GstSegment *gst_emotion2vec_renderer_segment (GstEmotion2vecRenderer * self);
/* Streaming thread. Up to where there was audio; NONE before the first. */
GstClockTime gst_emotion2vec_renderer_position (GstEmotion2vecRenderer * self);
/* Streaming thread. Format of the audio. */
const GstAudioInfo *gst_emotion2vec_renderer_audio_info (GstEmotion2vecRenderer * self);
/* Streaming thread. Whether upstream is live, asked once a segment. */
gboolean gst_emotion2vec_renderer_is_live (GstEmotion2vecRenderer * self);

/* Streaming thread. Pushes a GAP event over [@start, @end). */
void gst_emotion2vec_renderer_push_gap (GstEmotion2vecRenderer * self, GstClockTime start, GstClockTime end);

G_END_DECLS

#endif
