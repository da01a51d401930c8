/* enginekit.h - engines, windows and listeners for tests of the shared engine.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ENGINE_KIT_H
#define ENGINE_KIT_H

#include "e2vencoder.h"
#include "gstemotion2vecstream.h"

/* A model of random weights with four classes; 400 samples give a frame, 320 more another. */
E2vModel *kit_model (guint64 seed);
void kit_save_model (const char *path, guint64 seed);

/* What engines without a gate run on: "ref", or what the environment variable KIT_DEVICE names. */
const char *kit_device (void);

/* Engines of their own, not in the registry: behind the gate of slowexecutor.h, and without one. The latter is NULL if
 * there is no such device. */
GstEmotion2vecEngine *kit_slow_engine (guint64 seed);
GstEmotion2vecEngine *kit_engine (guint64 seed);

/* A window of @n samples whose content follows from @id. */
GstEmotion2vecWindow *kit_window (guint64 id, guint n);

/* The encoder's own answer for that window. */
E2vResult *kit_expect (guint64 seed, guint64 id, guint n, E2vWant want);
/* Asserts that @result has exactly the scores of that window. */
void kit_assert_scores (const GstEmotion2vecResult * result, guint64 seed, guint64 id, guint n);

/* Submits it; TRUE if it is queued. */
gboolean kit_submit (GstEmotion2vecStream * stream, guint64 id, guint n);
gboolean kit_submit_silent (GstEmotion2vecStream * stream, guint64 id, guint n);
/* With a policy; @dropped: (out): the id of the window that was dropped, or -1. */
GstEmotion2vecSubmit kit_submit_policy (GstEmotion2vecStream * stream, guint64 id, guint n,
    GstEmotion2vecOverload overload, gint64 * dropped);

/* What done funcs were told, in order. */
typedef struct
{
  guint listener;
  guint64 id;
  gboolean failed;
} KitCall;

typedef struct _KitLog KitLog;

/* Called inside the done func, after the call was written down. */
typedef void (*KitHook) (const KitCall * call, gpointer data);

KitLog *kit_log_new (void);
void kit_log_free (KitLog * log);
void kit_log_set_hook (KitLog * log, KitHook hook, gpointer data);

/* A stream whose done func writes to @log as @listener (less than 64). Room for 1000 windows. */
GstEmotion2vecStream *kit_stream (GstEmotion2vecEngine * engine, KitLog * log, guint listener);

void kit_log_wait (KitLog * log, guint n_calls);
guint kit_log_count (KitLog * log);
KitCall kit_log_call (KitLog * log, guint index);
GError *kit_log_error (KitLog * log);   /* (transfer none): the last one */
/* Asserts that the calls were for these ids, in this order: "0 1 2". */
void kit_log_assert_ids (KitLog * log, const char *ids);

#endif
