/* test-holdback.c - the delay line: order, delay never above what was asked, and what leaves when.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecholdback.h"

static void
push (GstEmotion2vecHoldback * holdback, guint64 serial, guint64 n_frames)
{
  gst_emotion2vec_holdback_push (holdback, gst_buffer_new (), serial, n_frames);
}

/* Returns the number of the buffer that left, 0 for none. */
static guint64
pop (GstEmotion2vecHoldback * holdback, guint64 delay)
{
  guint64 serial = 0;
  GstBuffer *buffer = gst_emotion2vec_holdback_pop (holdback, delay, &serial);

  if (!buffer)
    return 0;
  gst_buffer_unref (buffer);
  return serial;
}

static void
test_no_delay (void)
{
  g_autoptr (GstEmotion2vecHoldback) holdback = gst_emotion2vec_holdback_new ();

  g_assert_cmpuint (pop (holdback, 0), ==, 0);
  push (holdback, 1, 160);
  g_assert_cmpuint (pop (holdback, 0), ==, 1);
  /* without a length too */
  push (holdback, 2, 0);
  g_assert_cmpuint (pop (holdback, 0), ==, 2);
  g_assert_cmpuint (pop (holdback, 0), ==, 0);
}

/* Buffers of n frames and a delay of d: floor (d / n) buffers follow one before it leaves. */
static void
test_delay (void)
{
  static const guint64 sizes[] = { 1, 7, 160, 480, 1000 };
  static const guint64 delays[] = { 1, 159, 160, 161, 479, 480, 5000 };

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    for (guint d = 0; d < G_N_ELEMENTS (delays); d++) {
      g_autoptr (GstEmotion2vecHoldback) holdback =
          gst_emotion2vec_holdback_new ();
      guint64 behind = delays[d] / sizes[s];

      for (guint64 i = 1; i <= behind; i++) {
        push (holdback, i, sizes[s]);
        g_assert_cmpuint (pop (holdback, delays[d]), ==, 0);
      }
      for (guint64 i = behind + 1; i < behind + 20; i++) {
        push (holdback, i, sizes[s]);
        g_assert_cmpuint (pop (holdback, delays[d]), ==, i - behind);
        g_assert_cmpuint (pop (holdback, delays[d]), ==, 0);
      }
    }
}

/* A smaller delay lets several go, in order. */
static void
test_less_delay (void)
{
  g_autoptr (GstEmotion2vecHoldback) holdback = gst_emotion2vec_holdback_new ();

  for (guint64 i = 1; i <= 10; i++)
    push (holdback, i, 100);
  g_assert_cmpuint (pop (holdback, 1000), ==, 0);
  for (guint64 i = 1; i <= 7; i++)
    g_assert_cmpuint (pop (holdback, 300), ==, i);
  g_assert_cmpuint (pop (holdback, 300), ==, 0);
  for (guint64 i = 8; i <= 10; i++)
    g_assert_cmpuint (pop (holdback, 0), ==, i);
  push (holdback, 11, 100);
  gst_emotion2vec_holdback_clear (holdback);
  g_assert_cmpuint (pop (holdback, 0), ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/holdback/no-delay", test_no_delay);
  g_test_add_func ("/holdback/delay", test_delay);
  g_test_add_func ("/holdback/less-delay", test_less_delay);
  return g_test_run ();
}
