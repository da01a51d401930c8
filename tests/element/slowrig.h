/* slowrig.h - what tests of the element on the slow executor have in common.
 *
 * Audio is mono float at 16 kHz, so that 16 samples are a millisecond and windows hold the very samples that were pushed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLOWRIG_H
#define SLOWRIG_H

#include "e2vencoder.h"
#include "rig.h"
#include "slowexecutor.h"

#define MS GST_MSECOND

/* Values of the property `mode`. */
enum
{
  MODE_AUTO,
  MODE_SYNC,
  MODE_ASYNC,
};

/* Puts the elements of this program in place of those of the plugin: their engine takes the executor of the test. After
 * gst_init(). */
void slowrig_install (void);

GstAudioInfo slowrig_audio (void);

/* @ms of noise of that kind; same seed, same noise. */
float *slowrig_noise (guint ms, guint32 seed);

/* Pushes @ms of @samples in 10 ms buffers. */
void slowrig_push (Rig * rig, const float *samples, guint ms, GstClockTime start);
void slowrig_push_noise (Rig * rig, guint ms, GstClockTime start);

/* Until all windows are done. */
void slowrig_settle (const Rig * rig);

/* To READY and back, and what begins a stream again. */
void slowrig_restart (Rig * rig);
void slowrig_begin_stream (Rig * rig, const char *stream_id);

guint64 slowrig_stat (const Rig * rig, const char *name);
guint slowrig_n_pending (const Rig * rig);
guint slowrig_n_buffers (const Rig * rig);

/* (transfer full): what the encoder says to the same samples on the reference executor, without any GStreamer. */
E2vResult *slowrig_expect (const char *model, const float *samples, guint n_samples);

/* (transfer full): a field that is an array of numbers. @n: (out). */
double *slowrig_doubles (const GstStructure * fields, const char *name, guint * n);

/* The field @name is @expected, bit by bit. */
void slowrig_assert_doubles (const GstStructure * fields, const char *name, const double *expected, guint n);

/* The scores are those of the encoder for what was pushed from @samples on at time 0. */
void slowrig_assert_scores (const GstStructure * fields, const char *model, const float *samples);

gboolean slowrig_truth (const GstStructure * fields, const char *name);

/* Messages of @type with GError's @domain and @code so far. */
guint slowrig_n_errors (Rig * rig, GstMessageType type, GQuark domain, gint code);

#endif
