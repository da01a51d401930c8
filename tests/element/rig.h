/* rig.h - an emotion2vec element on a test bench: audio goes in, and all that comes out is written down in order.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RIG_H
#define RIG_H

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>

typedef enum
{
  LOG_MESSAGE,                  /* on the bus, written down before what left the element next */
  LOG_BUFFER,
  LOG_EVENT,
} LogKind;

typedef struct
{
  LogKind kind;
  GstMessageType message;
  GstEventType event;
  GstStructure *fields;         /* of a message or of a custom event; else NULL */
  GPtrArray *metas;             /* of a buffer: GstStructure */
  GstClockTime pts;
  gsize size;
  GstMemory *memory;            /* of a buffer: borrowed, to be compared only */
} LogEntry;

typedef struct
{
  GstElement *element;
  GstHarness *harness;
  GstBus *bus;
  GstAudioInfo info;
  GByteArray *audio;            /* bytes that left the element; planes after one another for each buffer */
  GPtrArray *log;               /* of LogEntry */
} Rig;

/* A small model of random weights with nine classes, in a file that lives as long as the program. 400 samples give a
 * frame. */
const char *rig_model (void);

/* Others of the same kind. The one of rig_model() has seed 7, and a @kernel of 10: @kernel + 390 samples give a frame. With
 * nine classes they have the official labels, else "class 0" and so on. */
const char *rig_other_model (guint64 seed, guint n_classes, guint kernel);
void rig_save_model (const char *path, guint64 seed, guint n_classes, guint kernel);
/* Where another such file may be written. */
const char *rig_new_path (void);

GstAudioInfo rig_audio (GstAudioFormat format, gint rate, gint channels, gboolean planar);

/* An element with that model on the reference executor in sync mode, to which nothing is silent, playing, and the properties given (name, value, ..., NULL).
 * A TIME segment from 0 on is sent if @segment is NULL. */
Rig *rig_new (const GstAudioInfo * info, const GstSegment * segment, const char *first_property, ...);
void rig_free (Rig * rig);

/* A buffer of @n_frames of @data, which holds @total frames, from frame @at on. */
GstBuffer *rig_buffer (const Rig * rig, const guint8 * data, gsize total, gsize at, gsize n_frames, GstClockTime pts);

/* Pushes @n frames in buffers of @piece frames, the first at @start (NONE: without times). */
void rig_push (Rig * rig, const guint8 * data, gsize n, gsize piece, GstClockTime start);
void rig_send (Rig * rig, GstEvent * event);

/* Pushes @ms milliseconds of silence (rates that are multiples of 1000 only) in 10 ms buffers. */
void rig_push_silence (Rig * rig, guint ms, GstClockTime start);

/* Writes down the messages that no buffer or event followed. */
void rig_flush_bus (Rig * rig);

/* (transfer none): waits for a message of @type that is not yet written down. */
const LogEntry *rig_wait_for (Rig * rig, GstMessageType type);

/* (transfer container) The results so far: of messages, of metas, or of custom events. */
GPtrArray *rig_results (Rig * rig, LogKind kind);
/* Of metas and events together, in order. */
GPtrArray *rig_results_in_band (Rig * rig);
guint rig_count_messages (Rig * rig, GstMessageType type);
guint rig_index_of_event (Rig * rig, GstEventType type);

guint64 rig_u64 (const GstStructure * fields, const char *name);
/* Asserts that the result begins at @ms and is @length_ms long. */
void rig_assert_span (const GstStructure * fields, guint64 ms, guint64 length_ms);

/* Uniform noise of full scale in the format of @info; same @seed, same noise. */
guint8 *rig_noise (const GstAudioInfo * info, gsize n_frames, guint32 seed);

/* Waits until another model or head is in place, or is not. Returns how it ended: a GstProgressType. */
gint rig_wait_for_swap (Rig * rig);

#endif
