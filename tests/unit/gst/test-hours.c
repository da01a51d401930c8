/* test-hours.c - the windower: times stay exact over hours of 44.1 kHz audio in buffers of odd sizes.
 *
 *   test-gst-hours HOURS
 *
 * Every buffer has a time stamp, rounded down as sources do. Expected are floor (k * interval * rate / 10^9) and times from
 * it by 128-bit arithmetic; nothing is slept.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "windowkit.h"

#define RATE 44100
#define LONGEST_PIECE 50021

typedef unsigned __int128 Wide;

static guint64 n_hours = 1;

static guint64
scale (guint64 value, guint64 num, guint64 den)
{
  return (guint64) ((Wide) value * num / den);
}

/* Takes the windows that are complete and compares them. @n: of those before */
static guint64
check_windows (GstEmotion2vecWindower * windower, GstClockTime interval,
    GstClockTime length, guint64 n)
{
  for (;; n++) {
    g_autoptr (GstEmotion2vecWindow) window =
        gst_emotion2vec_windower_pop (windower);
    guint64 start = scale (n * interval, RATE, GST_SECOND);

    if (!window)
      return n;
    g_assert_cmpuint (window->start, ==, start);
    g_assert_cmpuint (window->position, ==, scale (start, GST_SECOND, RATE));
    g_assert_cmpuint (window->length, ==, scale (length, RATE, GST_SECOND));
    g_assert_cmpuint (window->stretch, ==, 0);
  }
}

static void
test_hours (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, RATE, 1, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;
  g_autofree gint16 *silence = g_new0 (gint16, LONGEST_PIECE);
  g_autoptr (GstEmotion2vecWindower) windower = NULL;
  gpointer planes[1] = { silence };
  guint64 total = n_hours * 3600 * RATE, n = 0;
  guint64 window;

  settings.window = 100 * GST_MSECOND;
  settings.interval = 7 * GST_SECOND + 123456789;
  windower = gst_emotion2vec_windower_new (&info, &settings);
  for (guint64 at = 0, piece; at < total; at += piece) {
    piece = MIN ((guint64) g_test_rand_int_range (1, LONGEST_PIECE + 1),
        total - at);
    gst_emotion2vec_windower_push (windower, planes, (gsize) piece,
        scale (at, GST_SECOND, RATE));
    n = check_windows (windower, settings.interval, settings.window, n);
  }
  window = scale (settings.window, RATE, GST_SECOND);
  /* all that fit, and no more */
  g_assert_cmpuint (scale ((n - 1) * settings.interval, RATE, GST_SECOND)
      + window, <=, total);
  g_assert_cmpuint (scale (n * settings.interval, RATE, GST_SECOND) + window,
      >, total);
  g_test_message ("%" G_GUINT64_FORMAT " windows in %" G_GUINT64_FORMAT
      " hours", n, n_hours);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  if (argc > 1)
    n_hours = MAX (1, strtoull (argv[1], NULL, 10));
  g_test_add_func ("/window/hours", test_hours);
  return g_test_run ();
}
