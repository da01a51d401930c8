/* resultkit.h - an element that takes audio with results on a test bench: results made by hand go in, and all that comes out
 * is written down as text, in order.
 *
 * Times are in milliseconds.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RESULT_KIT_H
#define RESULT_KIT_H

#include <gst/check/gstharness.h>

typedef struct
{
  GstElement *element;
  GstHarness *harness;
  GstBus *bus;
  GString *log;                 /* see kit_take_log() */
  GstClockTime gap_start, gap_end;      /* a gap that may go on */
} Kit;

/* @launch: the element as in a launch line. Audio is 16 kHz mono in a TIME segment; the bench says that it is live if @live. */
Kit *kit_new (const char *launch, gboolean live);
/* With another segment, sent in place of the default one. */
Kit *kit_new_with_segment (const char *launch, gboolean live, const GstSegment * segment);
void kit_free (Kit * kit);

/* (transfer full): a result of the interval, one second between windows, as element "e" makes it. @label: NULL: silence. */
GstStructure *kit_result (guint64 id, guint start, guint duration, const char *label, double confidence);

/* Pushes silence in buffers of 100 ms over [@start, @end). */
void kit_push (Kit * kit, guint start, guint end);
/* One buffer of 100 ms at @start that carries @result. (transfer full) */
void kit_push_result (Kit * kit, guint start, GstStructure * result);
/* @result: (transfer full). */
void kit_send_result (Kit * kit, GstStructure * result);
void kit_send (Kit * kit, GstEvent * event);

/* (transfer full): what came out since the last call: "gap 0-1000|text 1000-2000 happy 50%|eos|". Gaps that touch are one;
 * empty ones at the start of a stream are left out. */
char *kit_take_log (Kit * kit);
void kit_assert_log (Kit * kit, const char *expected);

#endif
