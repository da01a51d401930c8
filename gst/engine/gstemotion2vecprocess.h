/* gstemotion2vecprocess.h - the one lock of all engines and streams of the process, and what fork() does to it.
 *
 * One lock for all, since a few operations a second are done under it, and since a stream can so move from engine to
 * engine without an order of locks. It is never held while a model loads, while an encoder runs or while a callback runs.
 * MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_PROCESS_H
#define GST_EMOTION2VEC_PROCESS_H

#include <glib.h>

G_BEGIN_DECLS

void gst_emotion2vec_lock (void);
void gst_emotion2vec_unlock (void);
/* Under the lock, which it releases meanwhile. */
void gst_emotion2vec_wait (GCond * cond);

/* To be called before the lock is used first: from then on a child of fork() finds the lock free, whoever held it in
 * the parent, and another number than its parent. */
void gst_emotion2vec_process_init (void);

/* Tells a process from its parent. What was made under another number belongs to another process: its threads do not
 * exist here, its conditions may be in any state, its device is not ours. */
guint gst_emotion2vec_process_number (void);

G_END_DECLS

#endif
