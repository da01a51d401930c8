/* gstemotion2vecpriv.h - the inside of the emotion2vec element, shared by the files that it is made of.
 *
 * gstemotion2vec.c       the class: pads, properties, buffers and events as they come
 * gstemotion2vecstates.c engine and settings on the way to PAUSED, and back
 * gstemotion2vecinput.c  audio -> windows -> the engine's queue
 * gstemotion2vecoutput.c results -> messages, metas, events, tags
 * gstemotion2vecsummaries.c what is said of whole streams
 * gstemotion2veclatency.c live or not, and how long audio is held back
 * gstemotion2vecstats.c  labels and counts
 * gstemotion2vecswap.c   another model or head while it runs
 *
 * Threads: the streaming thread runs input and output; the engine's delivery thread completes results and posts messages;
 * a background thread swaps models and heads; anybody sets properties. State changes and the streaming thread exclude each other.
 * Locks, in the order in which they may be taken: `swapping`, `scoring`, the object lock, the engine's. None is held
 * while something is posted, pushed or waited for, except `swapping` while a stream moves.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_PRIV_H
#define GST_EMOTION2VEC_PRIV_H

#include "gstemotion2vec.h"
#include "gstemotion2vecclasses.h"
#include "gstemotion2vecholdback.h"
#include "gstemotion2vecresult.h"
#include "gstemotion2vecscorer.h"
#include "gstemotion2vecsettings.h"
#include "gstemotion2vecsummary.h"
#include "gstemotion2vectags.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_emotion2vec_debug);

struct _GstEmotion2vec
{
  GstBaseTransform parent;

  /* object lock */
  GstEmotion2vecSettings settings;
  GstEmotion2vecEngine *engine; /* from NULL->READY to READY->NULL, and ... */
  GstEmotion2vecStream *stream; /* ... its queue: the same object all the time */
  GstEmotion2vecHead *head;     /* (nullable): that of the queue, in place of the model's own */
  gboolean stopping;            /* PAUSED->READY has begun: keeps a FLUSH_STOP from undoing what it released */
  gboolean live;                /* upstream said so when it was asked last */
  GstClockTime delay;           /* how long audio is held back, as LATENCY was answered last ... */
  GstClockTime wanted_delay;    /* ... and as it will be answered next: the sum of what follows; only rises */
  GstClockTime result_delay, longest_buffer;
  guint64 n_late, n_reverse;    /* results that missed their buffer; buffers in reverse */
  gboolean failed;              /* on-error=fail: an error was posted */
  gboolean outage;              /* on-error=pass: the device failed, and is left alone until ... */
  gint64 retry_at;              /* ... then, monotonic time in us */
  gint64 backoff;               /* us */
  char *told_trouble;           /* (nullable): the last warning about a device that went on, since READY->PAUSED */
  guint swap_serial;            /* of the last change of model-file or head-file */

  /* scoring lock: streaming thread and delivery thread */
  GMutex scoring;
  GstEmotion2vecClasses *classes;       /* of the model in use, from READY->PAUSED on */
  GstEmotion2vecScorer *scorer;
  GstEmotion2vecSummary *summary;       /* of the stream stream_number */
  guint64 stream_number;        /* counts streams, whatever their ids; changed by the streaming thread only */
  guint64 last_told;            /* id of its last window that came back from the engine, and 1; 0: none */
  GQueue ended;                 /* earlier streams that more results are to come of: gstemotion2vecsummaries.c */

  GMutex swapping;              /* keeps `stream` alive while it moves */

  /* streaming thread, and state changes while it does not run */
  GstEmotion2vecWindowSettings window_settings; /* in force since READY->PAUSED */
  GstEmotion2vecMode mode;      /* the same */
  gboolean align_results;       /* the same */
  GstAudioInfo info;
  GstEmotion2vecWindower *windower;     /* NULL without caps */
  gpointer *planes;             /* room for one pointer a channel */
  char *stream_id;
  guint64 next_id;
  guint64 last_queued;          /* id of the stream's last window that went to the engine, and 1; 0: none */
  guint64 serial;               /* of the last buffer, counted from 1 */
  guint64 first_stretch;        /* number of the windower's first stretch */
  gboolean asked_live;          /* `live` is of this segment */
  gboolean told_reverse;
  gboolean was_enabled;
  guint stride, n_easy;         /* overload=stretch: see submit() */
  GstEmotion2vecHoldback *holdback;
  GQueue ready;                 /* of GstEmotion2vecResult: done, waiting for their buffer */
  GstFlowReturn flow;           /* of a buffer that an event pushed out */
  GstEmotion2vecTags *tags;
  gboolean upstream_toc;
};

/* Posts an error or a warning of the engine, which already is in GStreamer's words. @consequence: a sentence that says what
 * the element does about it. */
void gst_emotion2vec_post_error (GstEmotion2vec * self, const GError * error);
void gst_emotion2vec_post_warning (GstEmotion2vec * self, const GError * error, const char *consequence);

/* @code: of what is being done, "warm-up" or "model". */
void gst_emotion2vec_post_progress (GstEmotion2vec * self, GstProgressType type, const char *code, const char *text);

/* ---- gstemotion2veclatency.c ---- */

/* Streaming thread: whether upstream is live, asked once a segment. */
gboolean gst_emotion2vec_is_live (GstEmotion2vec * self);

/* Whether audio does not wait for results in this segment. */
gboolean gst_emotion2vec_is_async (GstEmotion2vec * self);

/* Streaming thread: frames that a buffer is held back. */
guint64 gst_emotion2vec_latency_frames (GstEmotion2vec * self);

/* Adds to a latency query what the element holds back, which from now on may be as much as this answer says. */
void gst_emotion2vec_latency_add (GstEmotion2vec * self, GstQuery * query);

/* ---- gstemotion2vecstats.c: under the object lock ---- */

/* Appends the labels of the model or head in use to @array; none before READY. */
void gst_emotion2vec_stats_get_labels (GstEmotion2vec * self, GValue * array);

/* The property `stats`. (transfer full) */
GstStructure *gst_emotion2vec_stats_new (GstEmotion2vec * self);

/* ---- gstemotion2vecstates.c ---- */

/* NULL -> READY: opens the engine. FALSE: an error was posted. */
gboolean gst_emotion2vec_states_open (GstEmotion2vec * self);

/* READY -> PAUSED: takes the settings over and prepares the model for windows of their length. FALSE: an error was
 * posted, or flushing. */
gboolean gst_emotion2vec_states_prepare (GstEmotion2vec * self);

/* (transfer full) (nullable): of that file, on the engine; without a name, NULL and no error. */
GstEmotion2vecHead *gst_emotion2vec_open_head (const char *head_file, const GstEmotion2vecEngine * engine,
    GError ** error);

/* PAUSED -> READY: the streaming thread may be waiting for the engine, with the lock that the base class needs. */
void gst_emotion2vec_states_release (GstEmotion2vec * self);

/* READY -> NULL. */
void gst_emotion2vec_states_close (GstEmotion2vec * self);

/* Any thread: while flushing nobody waits for the engine. */
void gst_emotion2vec_states_set_flushing (GstEmotion2vec * self, gboolean flushing);

/* ---- gstemotion2vecinput.c: streaming thread ---- */

/* Takes over the format. FALSE: not a format that can be heard. */
gboolean gst_emotion2vec_input_set_caps (GstEmotion2vec * self, GstCaps * caps);

/* Whether playback goes backwards; says so once. */
gboolean gst_emotion2vec_input_is_reverse (GstEmotion2vec * self);

/* Cuts windows and queues them. In sync mode their results are done when it returns. FLUSHING, ERROR: nothing more of
 * the stream is analysed. */
GstFlowReturn gst_emotion2vec_input_buffer (GstEmotion2vec * self, GstBuffer * buffer);
GstFlowReturn gst_emotion2vec_input_gap (GstEmotion2vec * self, GstClockTime time, GstClockTime duration);

/* Ends the stretch of audio, and queues its last windows. @wait: until they are done, as sync mode always does. */
GstFlowReturn gst_emotion2vec_input_end (GstEmotion2vec * self, gboolean wait);

/* Forgets all audio, windows and results; the numbering of results goes on. */
void gst_emotion2vec_input_forget (GstEmotion2vec * self);

/* ---- gstemotion2vecoutput.c ---- */

/* Delivery thread: completes a result and posts its message; or sees to the error. */
void gst_emotion2vec_output_done (GstEmotion2vecResult * result, const GError * error, gpointer self);

/* Streaming thread: the results that are due with buffer number @serial go out as events or ride on it.
 * @buffer: (transfer full). Returns: (transfer full): @buffer or its writable copy, which shares the memory. */
GstBuffer *gst_emotion2vec_output_carry (GstEmotion2vec * self, GstBuffer * buffer, guint64 serial);

/* Streaming thread: all results that are done go out as events, since no buffer is left for them. */
void gst_emotion2vec_output_rest (GstEmotion2vec * self);

/* Streaming thread: an upstream tag event, with ours in it. @event, result: (transfer full). */
GstEvent *gst_emotion2vec_output_merge_tags (GstEmotion2vec * self, GstEvent * event);

/* Streaming thread: sends a tag event of upstream's tags and these. @ours: (transfer full) (nullable). */
void gst_emotion2vec_output_push_tags (GstEmotion2vec * self, GstTagList * ours);

/* Any thread: the property. */
GstEmotion2vecTagMode gst_emotion2vec_output_tag_mode (GstEmotion2vec * self);

/* Any thread: on-error=pass and the device is left alone at the moment. */
gboolean gst_emotion2vec_output_is_out (GstEmotion2vec * self);

/* Any thread: results take @result, buffers are as long as @buffer; 0 is no news. Tells the pipeline if that asks for much
 * more delay. */
void gst_emotion2vec_output_want_delay (GstEmotion2vec * self, GstClockTime result, GstClockTime buffer);

/* Any thread: failure of the device or of the warm-up. */
void gst_emotion2vec_output_fail (GstEmotion2vec * self, const GError * error);

/* ---- gstemotion2vecsummaries.c ---- */

/* Name of the message about a stream whose last results came after it had given way to another. */
#define GST_EMOTION2VEC_SUMMARY_NAME "emotion2vec-summary"

/* Delivery thread, under the scoring lock: @result is part of the summary of its stream. */
void gst_emotion2vec_summaries_add (GstEmotion2vec * self, const GstEmotion2vecResult * result);

/* Delivery thread: @result is next to be told, so nothing is to come of earlier streams. */
void gst_emotion2vec_summaries_next (GstEmotion2vec * self, const GstEmotion2vecResult * result);

/* Delivery thread: @result has been told, or has failed. */
void gst_emotion2vec_summaries_told (GstEmotion2vec * self, const GstEmotion2vecResult * result);

/* Streaming thread: no result is to come any more. */
void gst_emotion2vec_summaries_all_told (GstEmotion2vec * self);

/* Streaming thread: tags and table of contents of the stream that ends now. */
void gst_emotion2vec_summaries_end (GstEmotion2vec * self);

/* Streaming thread, when the engine has forgotten all windows: none is to come of any stream. */
void gst_emotion2vec_summaries_forget (GstEmotion2vec * self);

/* Streaming thread: the results to come are about the same stream after a flush; what upstream said of it holds. */
void gst_emotion2vec_summaries_begin_again (GstEmotion2vec * self);

/* Streaming thread: the results to come are about another stream. */
void gst_emotion2vec_summaries_begin (GstEmotion2vec * self);

/* ---- gstemotion2vecswap.c ---- */

/* Loads the model and the head of the properties in the background and lets them take over. Any thread; NULL and stopped
 * elements do nothing. */
void gst_emotion2vec_swap_model (GstEmotion2vec * self);

G_END_DECLS

#endif
