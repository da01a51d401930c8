/* killat.c - ends a program as a power cut would, before the Nth time that it changes what files there are.
 *
 * A library to preload. KILL_AT: N, from 1 on. Without it, and after fewer changes, nothing happens. KILL_COUNT: a file that
 * gets a byte for each change, so that a test knows how many there are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long n_changes;

static void
count (void)
{
  const char *at = getenv ("KILL_AT");
  const char *path = getenv ("KILL_COUNT");

  pthread_mutex_lock (&lock);
  n_changes++;
  if (path) {
    int file = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

    if (file < 0 || write (file, "x", 1) != 1)
      abort ();
    close (file);
  }
  if (at && n_changes == atol (at))
    kill (getpid (), SIGKILL);
  pthread_mutex_unlock (&lock);
}

int
fsync (int file)
{
  static int (*real) (int);

  if (!real)
    *(void **) &real = dlsym (RTLD_NEXT, "fsync");
  count ();
  return real (file);
}

int
rename (const char *from, const char *to)
{
  static int (*real) (const char *, const char *);

  if (!real)
    *(void **) &real = dlsym (RTLD_NEXT, "rename");
  count ();
  return real (from, to);
}

int
unlink (const char *path)
{
  static int (*real) (const char *);

  if (!real)
    *(void **) &real = dlsym (RTLD_NEXT, "unlink");
  count ();
  return real (path);
}

int
mkdir (const char *path, mode_t mode)
{
  static int (*real) (const char *, mode_t);

  if (!real)
    *(void **) &real = dlsym (RTLD_NEXT, "mkdir");
  count ();
  return real (path, mode);
}
