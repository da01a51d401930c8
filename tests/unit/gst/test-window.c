/* test-window.c - the windower: exact times, exact samples, the same for any buffer size.
 *
 * Expected starts and counts come from 128-bit arithmetic, expected samples from closed forms (ramps, sines).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "windowkit.h"

typedef unsigned __int128 Wide;

static guint64
scale (guint64 value, guint64 num, guint64 den)
{
  return (guint64) ((Wide) value * num / den);
}

/* ---- times and counts ------------------------------------------------------------------------------------------- */

static void
check_times (gint rate, GstClockTime length, GstClockTime interval, gsize n)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, rate, 1, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;
  g_autofree guint8 *data = g_malloc0 (n * 2);
  g_autoptr (GPtrArray) windows = NULL;
  guint64 w = scale (length, rate, GST_SECOND);
  guint k = 0;

  settings.window = length;
  settings.interval = interval;
  windows = window_cut_all (&info, &settings, data, n, rate / 10);
  for (guint64 end = 0;; k++) {
    guint64 start = scale (k * interval, rate, GST_SECOND);
    const GstEmotion2vecWindow *window;

    if (start + w > n) {
      guint64 least = (settings.minimum_duration * rate + GST_SECOND - 1)
          / GST_SECOND;
      gboolean tail = n - end >= least;

      g_assert_cmpuint (windows->len, ==, k + tail);
      if (tail) {
        window = windows->pdata[k];
        g_assert_true (window->tail);
        g_assert_cmpuint (window->start, ==, n - MIN (w, n));
        g_assert_true (window->partial == (n < w));
      }
      break;
    }
    window = windows->pdata[k];
    end = start + w;
    g_assert_cmpuint (window->start, ==, start);
    g_assert_cmpuint (window->length, ==, w);
    g_assert_cmpuint (window->position, ==, scale (start, GST_SECOND, rate));
    g_assert_cmpuint (window->duration, ==, scale (w, GST_SECOND, rate));
    g_assert_cmpuint (window->n_samples, ==,
        (2 * w * 16000 + rate) / (2 * (guint64) rate));
    g_assert_false (window->tail || window->partial);
  }
}

static void
test_times (void)
{
  static const gint rates[] = { 8000, 11025, 16000, 44100, 48000, 22050 };

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    gsize n = rates[r];

    check_times (rates[r], 3 * GST_SECOND, GST_SECOND, 10 * n + n / 2 + 7);
    check_times (rates[r], 3 * GST_SECOND, GST_SECOND, 10 * n + n / 2 - 1);
    check_times (rates[r], GST_SECOND + 1, 333333333, 5 * n);
    check_times (rates[r], 123456789, 700 * GST_MSECOND, 3 * n);
    check_times (rates[r], 2 * GST_SECOND, GST_SECOND, n);
  }
}

/* Ten hours: positions by formula, and really counted at the one rate where that costs little. */
static void
test_ten_hours (void)
{
  static const gint rates[] = { 8000, 11025, 16000, 44100, 48000, 384000 };
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;
  g_autoptr (GstEmotion2vecWindower) windower = NULL;
  g_autofree float *second = g_new0 (float, 16000);
  gpointer planes[1] = { second };
  guint n = 0;

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++)
    for (guint64 k = 35990; k < 36010; k++) {
      GstClockTime interval = GST_SECOND + 17;
      guint64 start = gst_emotion2vec_window_start (k, interval, rates[r]);

      g_assert_cmpuint (start, ==, scale (k * interval, rates[r], GST_SECOND));
      g_assert_cmpuint (gst_emotion2vec_window_to_16k (start, rates[r]), ==,
          (guint64) (((Wide) start * 32000 + rates[r]) / (2 * rates[r])));
    }

  settings.window = GST_SECOND / 10;
  settings.interval = 60 * GST_SECOND + 1;
  windower = gst_emotion2vec_windower_new (&info, &settings);
  for (guint s = 0; s < 36000; s++) {
    g_autoptr (GstEmotion2vecWindow) window = NULL;

    gst_emotion2vec_windower_push (windower, planes, 16000, s * GST_SECOND);
    window = gst_emotion2vec_windower_pop (windower);
    if (window) {
      guint64 start = scale (n++ * settings.interval, 16000, GST_SECOND);

      g_assert_cmpuint (window->start, ==, start);
      g_assert_cmpuint (window->position, ==, start * 62500);
    }
  }
  g_assert_cmpuint (n, ==, 600);
  g_assert_cmpuint (gst_emotion2vec_windower_position (windower), ==,
      36000 * GST_SECOND);
}

/* ---- the same windows for any buffer size ----------------------------------------------------------------------- */

static void
check_splits (GstAudioFormat format, gint rate, gint channels, gboolean planar)
{
  static const gsize pieces[] = { 1, 3, 480, 4096, 100000 };
  GstAudioInfo info = window_audio (format, rate, channels, planar);
  GstEmotion2vecWindowSettings settings = window_defaults;
  gsize n = (gsize) rate * 2 + (gsize) rate / 3 + 5;
  g_autofree guint8 *data = window_noise (&info, n);
  g_autoptr (GPtrArray) whole = NULL;

  settings.window = 700 * GST_MSECOND;
  settings.interval = 310 * GST_MSECOND;
  settings.minimum_duration = 50 * GST_MSECOND;
  whole = window_cut_all (&info, &settings, data, n, 0);
  g_assert_cmpuint (whole->len, >=, 7);
  for (guint p = 0; p < G_N_ELEMENTS (pieces); p++) {
    g_autoptr (GPtrArray) split =
        window_cut_all (&info, &settings, data, n, pieces[p]);

    g_assert_cmpuint (split->len, ==, whole->len);
    for (guint k = 0; k < whole->len; k++) {
      const GstEmotion2vecWindow *a = whole->pdata[k], *b = split->pdata[k];

      g_assert_cmpuint (a->start, ==, b->start);
      g_assert_cmpuint (a->length, ==, b->length);
      g_assert_cmpuint (a->position, ==, b->position);
      g_assert_cmpmem (a->samples, a->n_samples * sizeof (float),
          b->samples, b->n_samples * sizeof (float));
    }
  }
}

static void
test_splits (void)
{
  check_splits (GST_AUDIO_FORMAT_S16, 44100, 2, FALSE);
  check_splits (GST_AUDIO_FORMAT_F64, 8000, 1, FALSE);
  check_splits (GST_AUDIO_FORMAT_F32, 48000, 3, TRUE);
  check_splits (GST_AUDIO_FORMAT_U8, 11025, 1, FALSE);
  check_splits (GST_AUDIO_FORMAT_S24BE, 16000, 2, TRUE);
  check_splits (GST_AUDIO_FORMAT_S16, 44101, 1, FALSE);
  check_splits (GST_AUDIO_FORMAT_S16, 192000, 2, FALSE);
}

/* ---- samples ---------------------------------------------------------------------------------------------------- */

static void
test_bits_at_16k (void)
{
  GstAudioInfo f32 = window_audio (GST_AUDIO_FORMAT_F32, 16000, 1, FALSE);
  GstAudioInfo s16 = window_audio (GST_AUDIO_FORMAT_S16, 16000, 1, FALSE);
  gsize n = 70000;
  g_autofree guint8 *floats = window_noise (&f32, n), *shorts =
      window_noise (&s16, n);
  g_autoptr (GPtrArray) a =
      window_cut_all (&f32, &window_defaults, floats, n, 1000);
  g_autoptr (GPtrArray) b =
      window_cut_all (&s16, &window_defaults, shorts, n, 1000);

  g_assert_cmpuint (a->len, ==, 2);
  for (guint k = 0; k < a->len; k++) {
    const GstEmotion2vecWindow *wa = a->pdata[k], *wb = b->pdata[k];

    g_assert_cmpmem (wa->samples, wa->n_samples * sizeof (float),
        (float *) floats + wa->start, 48000 * sizeof (float));
    for (guint i = 0; i < 48000; i++)
      g_assert_true (wb->samples[i] ==
          (float) (((gint16 *) shorts)[wb->start + i] / 32768.0));
  }
}

/* The mean, whatever the channels' positions: 5.1 would be weighed by a downmix. */
static void
test_mean_of_channels (void)
{
  static const gint channels[] = { 2, 3, 6, 64, 65, 200 };

  for (guint t = 0; t < 2 * G_N_ELEMENTS (channels); t++) {
    gboolean planar = t % 2;
    gsize n_channels = (gsize) channels[t / 2];
    GstAudioInfo info =
        window_audio (GST_AUDIO_FORMAT_S16, 16000, (gint) n_channels, planar);
    gsize n = 20000;
    g_autofree guint8 *data = window_noise (&info, n);
    const gint16 *values = (gint16 *) data;
    g_autoptr (GPtrArray) windows =
        window_cut_all (&info, &window_defaults, data, n, 777);
    const GstEmotion2vecWindow *window;

    g_assert_cmpuint (windows->len, ==, 1);
    window = windows->pdata[0];
    g_assert_true (window->partial);
    for (gsize i = 0; i < n; i++) {
      double sum = 0;

      for (gsize c = 0; c < n_channels; c++)
        sum += values[planar ? c * n + i : i * n_channels + c];
      g_assert_cmpfloat (window->samples[i], ==,
          (float) (sum / (double) n_channels / 32768));
    }
  }
}

/* A sine comes out as the same sine at the same moments: neither delayed nor early, up to the window's end. */
static void
check_sine (gint rate, double hz, double tolerance)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, rate, 1, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;
  gsize n = (gsize) rate * 2 + 1;
  g_autofree float *data = g_new (float, n);
  g_autoptr (GPtrArray) windows = NULL;
  double worst = 0, worst_at_edge = 0;

  for (gsize i = 0; i < n; i++)
    data[i] = 0.5f * (float) sin (2 * G_PI * hz * (double) i / rate);
  settings.window = 500 * GST_MSECOND;
  settings.interval = 190 * GST_MSECOND;
  windows = window_cut_all (&info, &settings, (guint8 *) data, n, 1000);
  g_assert_cmpuint (windows->len, >=, 8);
  for (guint k = 1; k < 8; k++) {
    const GstEmotion2vecWindow *window = windows->pdata[k];
    guint64 first = (2 * window->start * 16000 + rate) / (2 * (guint64) rate);
    guint edge = 160;           /* 10 ms in which the cut is heard a little */

    for (guint i = 0; i < window->n_samples - 4; i++) {
      double want = 0.5 * sin (2 * G_PI * hz * (double) (first + i) / 16000);
      double *which = i < window->n_samples - edge ? &worst : &worst_at_edge;

      *which = MAX (*which, fabs ((double) window->samples[i] - want));
    }
    g_assert_cmpfloat_with_epsilon (window->level, 10 * log10 (0.125), 0.1);
  }
  g_test_message ("%d Hz: worst error %g, at the edge %g", rate, worst,
      worst_at_edge);
  g_assert_cmpfloat (worst, <, tolerance);
  g_assert_cmpfloat (worst_at_edge, <, 0.1);
}

static void
test_sine (void)
{
  check_sine (8000, 440, 2e-6);
  check_sine (11025, 1000, 2e-6);
  check_sine (16000, 1000, 1e-7);
  check_sine (44100, 1000, 2e-6);
  check_sine (48000, 3000, 2e-6);
  check_sine (44101, 1000, 2e-2);
  check_sine (384000, 1000, 2e-6);
}

/* What follows a window does not reach into it: it is complete when its last frame is there. */
static void
test_complete_at_end (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  g_autofree guint8 *data = window_noise (&info, 3 * 48000);
  g_autoptr (GstEmotion2vecWindower) windower =
      gst_emotion2vec_windower_new (&info, &window_defaults);
  gpointer last[1] = { (float *) data + 3 * 48000 - 1 };
  g_autoptr (GstEmotion2vecWindow) window = NULL;

  window_push_pieces (windower, &info, data, 3 * 48000 - 1, 480, 0);
  g_assert_null (gst_emotion2vec_windower_pop (windower));
  gst_emotion2vec_windower_push (windower, last, 1, GST_CLOCK_TIME_NONE);
  window = gst_emotion2vec_windower_pop (windower);
  g_assert_nonnull (window);
}

static void
test_not_finite (void)
{
  static const gint rates[] = { 16000, 44100 };

  for (guint r = 0; r < 2; r++) {
    GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F64, rates[r], 1, FALSE);
    gsize n = (gsize) rates[r];
    g_autofree double *data = (double *) window_noise (&info, n);
    g_autoptr (GPtrArray) windows = NULL;
    const GstEmotion2vecWindow *window;

    data[100] = NAN;
    data[200] = INFINITY;
    data[300] = -1e300;
    data[400] = 1e38;
    windows = window_cut_all (&info, &window_defaults, (guint8 *) data, n, 0);
    g_assert_cmpuint (windows->len, ==, 1);
    window = windows->pdata[0];
    for (guint i = 0; i < window->n_samples; i++)
      g_assert_true (isfinite (window->samples[i]));
    g_assert_true (isfinite (window->level));
  }
}

static void
test_odd_rates (void)
{
  static const gint rates[] = { 1, 7, 100, 383999, 384000 };

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, rates[r], 1, FALSE);
    gsize n = (gsize) rates[r] * 4;
    g_autofree guint8 *data = window_noise (&info, n);
    g_autoptr (GPtrArray) windows =
        window_cut_all (&info, &window_defaults, data, n, 0);

    g_assert_cmpuint (windows->len, ==, 2);
    g_assert_cmpuint (
        ((GstEmotion2vecWindow *) windows->pdata[1])->n_samples, ==, 48000);
  }
}

static void
test_level_of_silence (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 16000, 1, FALSE);
  g_autofree guint8 *data = g_malloc0 (32000);
  g_autoptr (GPtrArray) windows =
      window_cut_all (&info, &window_defaults, data, 16000, 0);

  g_assert_cmpfloat_with_epsilon (
      ((GstEmotion2vecWindow *) windows->pdata[0])->level, -350, 1e-9);
}

/* ---- ends of stretches ------------------------------------------------------------------------------------------ */

typedef struct
{
  GstClockTime window, interval, minimum;
  guint length_ms;
  /* expected: milliseconds of the windows, -1 ends the list */
  gint start[6], end[6];
  gboolean last_partial;
} TailCase;

#define MS GST_MSECOND

static const TailCase tail_cases[] = {
  {3000 * MS, 1000 * MS, 500 * MS, 5400, {0, 1000, 2000, -1},
      {3000, 4000, 5000}, FALSE},
  {3000 * MS, 1000 * MS, 500 * MS, 5500, {0, 1000, 2000, 2500, -1},
      {3000, 4000, 5000, 5500}, FALSE},
  {3000 * MS, 0, 500 * MS, 5900, {0, 2900, -1}, {3000, 5900}, FALSE},
  {3000 * MS, 1000 * MS, 500 * MS, 2999, {0, -1}, {2999}, TRUE},
  {3000 * MS, 1000 * MS, 500 * MS, 500, {0, -1}, {500}, TRUE},
  {3000 * MS, 1000 * MS, 500 * MS, 499, {-1}, {0}, FALSE},
  {1000 * MS, 2500 * MS, 500 * MS, 5000, {0, 2500, 4000, -1},
      {1000, 3500, 5000}, FALSE},
  {0, 1000 * MS, 500 * MS, 10000, {0, -1}, {10000}, FALSE},
  {0, 1000 * MS, 500 * MS, 30000, {0, -1}, {30000}, FALSE},
  {0, 0, 500 * MS, 65000, {0, 30000, 60000, -1}, {30000, 60000, 65000},
      FALSE},
  {0, 0, 500 * MS, 60400, {0, 30000, -1}, {30000, 60000}, FALSE},
  /* too short for the encoder (400 samples), whatever the minimum says */
  {3000 * MS, 1000 * MS, 0, 24, {-1}, {0}, FALSE},
  {3000 * MS, 1000 * MS, 0, 25, {0, -1}, {25}, TRUE},
};

static void
check_windows (const GPtrArray * windows, const gint * start, const gint * end)
{
  guint k;

  for (k = 0; start[k] >= 0; k++) {
    const GstEmotion2vecWindow *window;

    g_assert_cmpuint (k, <, windows->len);
    window = windows->pdata[k];
    g_assert_cmpuint (window->position, ==, start[k] * MS);
    g_assert_cmpuint (window->duration, ==, (end[k] - start[k]) * MS);
  }
  g_assert_cmpuint (windows->len, ==, k);
}

static void
test_tails (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 16000, 1, FALSE);

  for (guint c = 0; c < G_N_ELEMENTS (tail_cases); c++) {
    const TailCase *test = &tail_cases[c];
    GstEmotion2vecWindowSettings settings = window_defaults;
    gsize n = (gsize) test->length_ms * 16;
    g_autofree guint8 *data = g_malloc0 (n * 2);
    g_autoptr (GPtrArray) windows = NULL;

    g_test_message ("case %u", c);
    settings.window = test->window;
    settings.interval = test->interval;
    settings.minimum_duration = test->minimum;
    windows = window_cut_all (&info, &settings, data, n, 1600);
    check_windows (windows, test->start, test->end);
    for (guint k = 0; k < windows->len; k++) {
      const GstEmotion2vecWindow *window = windows->pdata[k];

      g_assert_true (window->partial ==
          (test->last_partial && k + 1 == windows->len));
    }
  }
}

/* Milliseconds of silence; @n_ms < 0: a gap of that length. Pieces of @piece_ms. */
static void
push_ms (GstEmotion2vecWindower * windower, gint n_ms, gint piece_ms,
    gint64 time_ms)
{
  static gint16 silence[16000];
  gpointer planes[1] = { silence };

  for (gint at = 0; at < ABS (n_ms); at += piece_ms) {
    gsize n = (gsize) MIN (piece_ms, ABS (n_ms) - at) * 16;
    GstClockTime time = time_ms < 0 ? GST_CLOCK_TIME_NONE :
        (GstClockTime) (time_ms + at) * MS;

    if (n_ms > 0)
      gst_emotion2vec_windower_push (windower, planes, n, time);
    else
      gst_emotion2vec_windower_push_gap (windower, n, time);
  }
}

typedef struct
{
  gint length_ms[4];            /* negative: a gap; 0 ends */
  gint time_ms[4];              /* negative: none */
  gint start[6], end[6];
} BreakCase;

static const BreakCase break_cases[] = {
  /* a jump of 40 ms is jitter, of 41 ms a break; backwards too */
  {{2000, 2000}, {0, 2040}, {0, 1000, -1}, {3000, 4000}},
  {{2000, 2000}, {0, 2041}, {0, 2041, -1}, {2000, 4041}},
  {{2000, 2000}, {1000, 2000}, {1000, 2000, -1}, {3000, 4000}},
  /* without times everything is contiguous */
  {{2000, 2000}, {5000, -1}, {5000, 6000, -1}, {8000, 9000}},
  /* a gap of the minimum duration is silence, a longer one a break */
  {{2000, -500, 1500}, {0, 2000, 2500}, {0, 1000, -1}, {3000, 4000}},
  {{2000, -501, 1500}, {0, 2000, 2501}, {0, 2501, -1}, {2000, 4001}},
  {{2000, -5000, 1500}, {0, 2000, -1}, {0, 7000, -1}, {2000, 8500}},
  /* a short gap at the end is silence, one before the beginning nothing */
  {{2000, -500}, {0, 2000}, {0, -1}, {2500}},
  {{-400, 2000}, {0, 400}, {400, -1}, {2400}},
};

static void
test_breaks (void)
{
  static const gint pieces[] = { 1, 7, 10, 1000 };
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 16000, 1, FALSE);

  for (guint c = 0; c < G_N_ELEMENTS (break_cases); c++)
    for (guint p = 0; p < G_N_ELEMENTS (pieces); p++) {
      const BreakCase *test = &break_cases[c];
      g_autoptr (GstEmotion2vecWindower) windower =
          gst_emotion2vec_windower_new (&info, &window_defaults);
      g_autoptr (GPtrArray) windows = NULL;

      g_test_message ("case %u, pieces of %d ms", c, pieces[p]);
      for (guint i = 0; i < 4 && test->length_ms[i]; i++)
        push_ms (windower, test->length_ms[i], pieces[p], test->time_ms[i]);
      gst_emotion2vec_windower_drain (windower);
      windows = window_pop_all (windower);
      check_windows (windows, test->start, test->end);
    }
}

static void
test_reset (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 44100, 1, FALSE);
  g_autoptr (GstEmotion2vecWindower) windower =
      gst_emotion2vec_windower_new (&info, &window_defaults);

  push_ms (windower, 9000, 1000, 0);
  gst_emotion2vec_windower_reset (windower);
  g_assert_null (gst_emotion2vec_windower_pop (windower));
  gst_emotion2vec_windower_drain (windower);
  g_assert_null (gst_emotion2vec_windower_pop (windower));
  g_assert_false (GST_CLOCK_TIME_IS_VALID (gst_emotion2vec_windower_position
          (windower)));
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/window/times", test_times);
  g_test_add_func ("/window/ten-hours", test_ten_hours);
  g_test_add_func ("/window/splits", test_splits);
  g_test_add_func ("/window/bits-at-16k", test_bits_at_16k);
  g_test_add_func ("/window/mean-of-channels", test_mean_of_channels);
  g_test_add_func ("/window/sine", test_sine);
  g_test_add_func ("/window/complete-at-end", test_complete_at_end);
  g_test_add_func ("/window/not-finite", test_not_finite);
  g_test_add_func ("/window/odd-rates", test_odd_rates);
  g_test_add_func ("/window/level-of-silence", test_level_of_silence);
  g_test_add_func ("/window/tails", test_tails);
  g_test_add_func ("/window/breaks", test_breaks);
  g_test_add_func ("/window/reset", test_reset);
  return g_test_run ();
}
