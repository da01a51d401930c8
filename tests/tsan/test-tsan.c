/* test-tsan.c - two threads and a counter: does the thread sanitizer see a race, and nothing where there is none?
 *
 *   test-tsan race | mutex | condition | unref | folder
 *
 * "race" ends with the sanitizer's report; the others lock, wait, count references or ask for a folder with GLib and are
 * silent.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>
#include <string.h>

#define ROUNDS 1000

static GMutex lock;
static GCond turned;
static guint counter, turn;

static gpointer
count_without_lock (gpointer data)
{
  for (guint i = 0; i < ROUNDS; i++)
    counter++;
  return NULL;
}

static gpointer
count_with_lock (gpointer data)
{
  for (guint i = 0; i < ROUNDS; i++) {
    g_mutex_lock (&lock);
    counter++;
    g_mutex_unlock (&lock);
  }
  return NULL;
}

/* The threads take turns; whose turn it is says who may touch the counter, outside of the lock. */
static gpointer
count_in_turn (gpointer data)
{
  guint mine = GPOINTER_TO_UINT (data);

  for (guint i = 0; i < ROUNDS; i++) {
    g_mutex_lock (&lock);
    while (turn != mine)
      g_cond_wait (&turned, &lock);
    g_mutex_unlock (&lock);
    counter++;
    g_mutex_lock (&lock);
    turn = 1 - mine;
    g_cond_signal (&turned);
    g_mutex_unlock (&lock);
  }
  return NULL;
}

/* Each thread reads what the buffer wraps, then drops its reference; the last one frees it. */
static gpointer
read_and_unref (gpointer data)
{
  GstBuffer *buffer = data;
  guint8 byte;

  gst_buffer_extract (buffer, 0, &byte, 1);
  gst_buffer_unref (buffer);
  return GUINT_TO_POINTER (byte);
}

static gpointer
read_folder (gpointer data)
{
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "a", NULL);

  return GUINT_TO_POINTER (path != NULL);
}

static void
run (GThreadFunc function, gpointer first, gpointer second)
{
  GThread *a = g_thread_new ("a", function, first);
  GThread *b = g_thread_new ("b", function, second);

  g_thread_join (a);
  g_thread_join (b);
}

int
main (int argc, char **argv)
{
  const char *what = argc == 2 ? argv[1] : "";

  if (!strcmp (what, "race")) {
    run (count_without_lock, NULL, NULL);
  } else if (!strcmp (what, "mutex")) {
    run (count_with_lock, NULL, NULL);
  } else if (!strcmp (what, "condition")) {
    run (count_in_turn, GUINT_TO_POINTER (0), GUINT_TO_POINTER (1));
  } else if (!strcmp (what, "folder")) {
    run (read_folder, NULL, NULL);
  } else if (!strcmp (what, "unref")) {
    gst_init (NULL, NULL);
    for (guint i = 0; i < ROUNDS / 10; i++) {
      GstBuffer *buffer = gst_buffer_new_memdup ("audio", 5);

      run (read_and_unref, gst_buffer_ref (buffer), buffer);
    }
  } else {
    return 2;
  }
  return 0;
}
