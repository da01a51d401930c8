/* gstemotion2vecprocess.c - the one lock of all engines and streams of the process, and what fork() does to it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecprocess.h"

#include <pthread.h>

static GMutex mutex;
static guint number;            /* written by fork() only, when there is one thread */

void
gst_emotion2vec_lock (void)
{
  g_mutex_lock (&mutex);
}

void
gst_emotion2vec_unlock (void)
{
  g_mutex_unlock (&mutex);
}

void
gst_emotion2vec_wait (GCond * cond)
{
  g_cond_wait (cond, &mutex);
}

/* Taken around fork() so that no other thread holds it, half-way through a change, in the copy. */
static void
before_fork (void)
{
  g_mutex_lock (&mutex);
}

static void
after_fork_in_parent (void)
{
  g_mutex_unlock (&mutex);
}

static void
after_fork_in_child (void)
{
  number++;
  g_mutex_unlock (&mutex);
}

void
gst_emotion2vec_process_init (void)
{
  static gsize once;

  if (g_once_init_enter (&once)) {
    pthread_atfork (before_fork, after_fork_in_parent, after_fork_in_child);
    g_once_init_leave (&once, 1);
  }
}

guint
gst_emotion2vec_process_number (void)
{
  return number;
}
