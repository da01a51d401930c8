/* orderbench.h - an element between two pads of our own, which check that everything passes as it is and in order.
 *
 * What goes in is written down first; what comes out must be the next thing in the list: the same memory, bytes, times
 * and flags. Only what was refused, or was on its way when somebody flushed or stopped the element, may be missing.
 * A fault, a critical of GLib and a hang end the program and name seed and step.
 * MT: push and push_event one caller at a time; everything else any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ORDERBENCH_H
#define ORDERBENCH_H

#include <gst/gst.h>

typedef struct _Bench Bench;

/* Once a program: takes over GLib's log and starts the watchdog, which barks when no step was made for @seconds. */
void bench_watch (guint seconds);

/* What the watchdog and all faults name. */
void bench_begin_sequence (guint64 seed);
void bench_step (const char *name);
guint64 bench_n_steps (void);
void bench_fail (const char *format, ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;

/* Keeps @element (transfer none), which is in NULL and has a bus. */
Bench *bench_new (GstElement * element);
/* Sets the element to NULL. */
void bench_free (Bench * bench);

/* Whether the element may hold audio back; then things need not be out when push returns. */
void bench_set_held (Bench * bench);

GstFlowReturn bench_push (Bench * bench, GstBuffer * buffer);
/* The buffers one after the other, in a list if that is TRUE. */
GstFlowReturn bench_push_list (Bench * bench, GstBufferList * list);
/* After EOS nothing may be missing any more. */
gboolean bench_push_event (Bench * bench, GstEvent * event);

/* Flushes from above. */
void bench_flush (Bench * bench, gboolean reset_time);
void bench_set_state (Bench * bench, GstState state);

/* From the element's sink pad or source pad. */
gboolean bench_query (Bench * bench, GstQuery * query, gboolean from_below);
gboolean bench_send_upstream (Bench * bench, GstEvent * event);

/* What the pad below answers to buffers from now on. */
void bench_set_answer (Bench * bench, GstFlowReturn answer);

/* Buffers and serialized events that went in, and that came out and were compared. */
guint64 bench_n_pushed (const Bench * bench);
guint64 bench_n_passed (const Bench * bench);

#endif
