/* glibedges.c - tells the thread sanitizer what GLib's locks and reference counts order.
 *
 * Debian's GLib is not instrumented, and its mutexes are futexes: without this the sanitizer sees no order between two
 * threads that lock properly, and reports all they share. Preloaded, this library stands in front of GLib and GStreamer:
 * each function here calls the one it stands for, between the sanitizer's annotations.
 *
 * (1) Not here, because the sanitizer sees the calls of libc below: GThread, GRecMutex, GRWLock, GPrivate, pipes.
 * (2) Calls inside of one library do not come through here. GLib's own use of its mutexes is thus unseen, and what is
 *     ordered by it needs its own function here: asynchronous queues, thread pools, the user's folders.
 * (3) The memory that GLib touches itself is unseen as well: g_atomic_*() is inline code in our objects, and seen.
 * (4) In a program without the sanitizer nothing is annotated.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE             /* RTLD_NEXT */
#include <dlfcn.h>
#include <gst/gst.h>
#include <sanitizer/tsan_interface.h>
#include <stdio.h>

#pragma weak __tsan_acquire
#pragma weak __tsan_release
#pragma weak __tsan_mutex_destroy
#pragma weak __tsan_mutex_pre_lock
#pragma weak __tsan_mutex_post_lock
#pragma weak __tsan_mutex_pre_unlock
#pragma weak __tsan_mutex_post_unlock

/* The function @name of the library behind this one. */
#define REAL(name) ({                                                         \
    static gpointer found;                                                    \
                                                                              \
    if (!found)                                                               \
      found = real (#name);                                                   \
    (__typeof__ (&name)) found;                                               \
  })

static gpointer
real (const char *name)
{
  gpointer function = dlsym (RTLD_NEXT, name);

  if (!function) {
    fprintf (stderr, "glibedges.c: %s() is in no library\n", name);
    abort ();
  }
  return function;
}

static void
acquire (gpointer address)
{
  if (__tsan_acquire)
    __tsan_acquire (address);
}

static void
release (gpointer address)
{
  if (__tsan_release)
    __tsan_release (address);
}

/* ---- mutexes and conditions ------------------------------------------------------------------------------------- */

static void
before_lock (GMutex * mutex, unsigned flags)
{
  if (__tsan_mutex_pre_lock)
    __tsan_mutex_pre_lock (mutex, flags);
}

static void
after_lock (GMutex * mutex, unsigned flags)
{
  if (__tsan_mutex_post_lock)
    __tsan_mutex_post_lock (mutex, flags, 0);
}

static void
before_unlock (GMutex * mutex)
{
  if (__tsan_mutex_pre_unlock)
    __tsan_mutex_pre_unlock (mutex, 0);
}

static void
after_unlock (GMutex * mutex)
{
  if (__tsan_mutex_post_unlock)
    __tsan_mutex_post_unlock (mutex, 0);
}

void
g_mutex_lock (GMutex * mutex)
{
  before_lock (mutex, 0);
  REAL (g_mutex_lock) (mutex);
  after_lock (mutex, 0);
}

gboolean
g_mutex_trylock (GMutex * mutex)
{
  gboolean locked;

  before_lock (mutex, __tsan_mutex_try_lock);
  locked = REAL (g_mutex_trylock) (mutex);
  after_lock (mutex, __tsan_mutex_try_lock | (locked ? 0
          : __tsan_mutex_try_lock_failed));
  return locked;
}

void
g_mutex_unlock (GMutex * mutex)
{
  before_unlock (mutex);
  REAL (g_mutex_unlock) (mutex);
  after_unlock (mutex);
}

void
g_mutex_clear (GMutex * mutex)
{
  if (__tsan_mutex_destroy)
    __tsan_mutex_destroy (mutex, 0);
  REAL (g_mutex_clear) (mutex);
}

void
g_cond_wait (GCond * cond, GMutex * mutex)
{
  before_unlock (mutex);
  after_unlock (mutex);
  REAL (g_cond_wait) (cond, mutex);
  before_lock (mutex, 0);
  after_lock (mutex, 0);
}

gboolean
g_cond_wait_until (GCond * cond, GMutex * mutex, gint64 end_time)
{
  gboolean signalled;

  before_unlock (mutex);
  after_unlock (mutex);
  signalled = REAL (g_cond_wait_until) (cond, mutex, end_time);
  before_lock (mutex, 0);
  after_lock (mutex, 0);
  return signalled;
}

/* (g_once_init_enter() reads the location in inline code) */
#undef g_once_init_leave
void
g_once_init_leave (volatile void *location, gsize result)
{
  release ((gpointer) location);
  REAL (g_once_init_leave) (location, result);
}

/* ---- folders ---------------------------------------------------------------------------------------------------- */

/* The first call makes the string, which all get. */
static const char *
ask_folder (const char *(*ask) (void))
{
  static GMutex one;
  const char *folder;

  g_mutex_lock (&one);
  folder = ask ();
  g_mutex_unlock (&one);
  return folder;
}

const char *
g_get_user_cache_dir (void)
{
  return ask_folder (REAL (g_get_user_cache_dir));
}

const char *
g_get_user_data_dir (void)
{
  return ask_folder (REAL (g_get_user_data_dir));
}

/* ---- queues and pools ------------------------------------------------------------------------------------------- */

typedef struct
{
  GFunc function;
  gpointer data;
} Pool;

void
g_async_queue_push (GAsyncQueue * queue, gpointer data)
{
  release (data);
  REAL (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue * queue)
{
  gpointer data = REAL (g_async_queue_pop) (queue);

  acquire (data);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue * queue)
{
  gpointer data = REAL (g_async_queue_try_pop) (queue);

  if (data)
    acquire (data);
  return data;
}

static void
run_job (gpointer job, gpointer data)
{
  const Pool *pool = data;

  acquire (job);
  pool->function (job, pool->data);
}

/* The small record lives as long as the program: the pool's threads may outlive the pool. */
GThreadPool *
g_thread_pool_new (GFunc function, gpointer data, gint max_threads,
    gboolean exclusive, GError ** error)
{
  Pool *pool = g_new (Pool, 1);

  pool->function = function;
  pool->data = data;
  return REAL (g_thread_pool_new) (run_job, pool, max_threads, exclusive,
      error);
}

gboolean
g_thread_pool_push (GThreadPool * pool, gpointer job, GError ** error)
{
  release (job);
  return REAL (g_thread_pool_push) (pool, job, error);
}

/* ---- reference counts ------------------------------------------------------------------------------------------- */

/* Whoever drops the last reference has seen what the others did before they dropped theirs. */
#define UNREF(name, Type)                                                     \
void                                                                          \
name (Type *instance)                                                         \
{                                                                             \
  release (instance);                                                         \
  acquire (instance);                                                         \
  REAL (name) (instance);                                                     \
}

UNREF (g_object_unref, void)
UNREF (g_bytes_unref, GBytes)
UNREF (g_array_unref, GArray)
UNREF (g_ptr_array_unref, GPtrArray)
UNREF (g_hash_table_unref, GHashTable)
UNREF (g_variant_unref, GVariant)
UNREF (gst_mini_object_unref, GstMiniObject)
/* ---- messages --------------------------------------------------------------------------------------------------- */
/* A bus drops its references inside of GStreamer: after a watch has seen the message, and after it was queued, which may
 * be the last of all. */
     static void (*free_message) (GstMiniObject * message);

     static void acquire_and_free_message (GstMiniObject * message)
{
  acquire (message);
  free_message (message);
}

GstMessage *
gst_message_new_element (GstObject * source, GstStructure * structure)
{
  GstMessage *message = REAL (gst_message_new_element) (source, structure);

  free_message = GST_MINI_OBJECT (message)->free;
  GST_MINI_OBJECT (message)->free = acquire_and_free_message;
  return message;
}

typedef struct
{
  GstBusFunc function;
  gpointer data;
} Watch;

static gboolean
call_watch (GstBus * bus, GstMessage * message, gpointer data)
{
  const Watch *watch = data;
  const gboolean keep = watch->function (bus, message, watch->data);

  release (message);
  return keep;
}

/* (The small record is never freed: there is one a program.) */
guint
gst_bus_add_watch (GstBus * bus, GstBusFunc function, gpointer data)
{
  Watch *watch = g_new (Watch, 1);

  watch->function = function;
  watch->data = data;
  return REAL (gst_bus_add_watch) (bus, call_watch, watch);
}
