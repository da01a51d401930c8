/* gstemotion2vecvoices.h - who sounds how, when: results of any number of sources and channels, as spans of time that
 * follow each other.
 *
 * Each source, channel and trigger is a *voice* with a timeline of its own (gstemotion2vectimeline.h). The spans that come
 * out say what all voices are in them; where one of them changes, a span ends. A span comes out when it is certain, or when
 * it is as old as `delay`. Windows say what voices sound like only when the next one comes; a window that nothing
 * followed for its own length and an interval ended its stretch.
 * Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_VOICES_H
#define GST_EMOTION2VEC_VOICES_H

#include <gst/gst.h>

#include "gstemotion2vecreader.h"

G_BEGIN_DECLS

typedef enum
{
  GST_EMOTION2VEC_TEXT_TRIGGER_AUTO,    /* that of the first result; the other kind is left out */
  GST_EMOTION2VEC_TEXT_TRIGGER_INTERVAL,
  GST_EMOTION2VEC_TEXT_TRIGGER_SPEECH,
} GstEmotion2vecTextTrigger;

typedef struct
{
  gboolean arrival;             /* spans begin when results come, not with what they are about */
  GstEmotion2vecTextTrigger trigger;
  gint channel;                 /* -1: all */
  GstClockTime delay;           /* how far spans may lie behind the position; without effect with `arrival` */
} GstEmotion2vecVoicesSettings;

/* One voice in a span. */
typedef struct
{
  guint voice;                  /* number of the voice */
  GstClockTime origin;          /* start of its window, as it was added */
  GstStructure *fields;         /* of the result */
} GstEmotion2vecLine;

/* @start < @end. @lines: (transfer none) (element-type GstEmotion2vecLine): the voices that were heard, in order; empty if
 * none was. */
typedef void (*GstEmotion2vecSpanFunc) (GstClockTime start, GstClockTime end, const GArray * lines, gpointer data);

typedef struct _GstEmotion2vecVoices GstEmotion2vecVoices;

GstEmotion2vecVoices *gst_emotion2vec_voices_new (const GstEmotion2vecVoicesSettings * settings,
    GstEmotion2vecSpanFunc func, gpointer data);
void gst_emotion2vec_voices_free (GstEmotion2vecVoices * voices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecVoices, gst_emotion2vec_voices_free)

/* Adds a result about a window that begins at @start, which came when there was audio until @position. */
void gst_emotion2vec_voices_add (GstEmotion2vecVoices * voices, const GstEmotion2vecReading * reading,
    GstClockTime start, GstClockTime position);

/* There is audio until @position, and all results that came with it were added: hands out what is certain. The first call
 * says where spans begin: @start. */
void gst_emotion2vec_voices_advance (GstEmotion2vecVoices * voices, GstClockTime start, GstClockTime position);

/* The same, and nothing will follow: hands out everything up to @position. */
void gst_emotion2vec_voices_end (GstEmotion2vecVoices * voices, GstClockTime position);

G_END_DECLS

#endif
