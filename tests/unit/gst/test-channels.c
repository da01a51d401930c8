/* test-channels.c - the windower: what is cut from which channels, what is left out, how windows are marked.
 *
 * Expected levels are those of sines in closed form.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "windowkit.h"

#define MS GST_MSECOND

static double
amplitude (gint channel)
{
  return 0.5 / (channel + 1);
}

/* Channel c is a sine of 200 (c + 1) Hz. Interleaved or planar floats. */
static float *
sines (const GstAudioInfo * info, gsize n)
{
  gsize n_channels = (gsize) info->channels;
  gboolean planar = info->layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  float *data = g_new (float, n * n_channels);

  for (gsize c = 0; c < n_channels; c++)
    for (gsize i = 0; i < n; i++) {
      double phase = 2 * G_PI * 200 * (double) ((c + 1) * i) / info->rate;

      data[planar ? c * n + i : i * n_channels + c] =
          (float) (amplitude ((gint) c) * sin (phase));
    }
  return data;
}

static void
check_each (gint rate, gint channels, gboolean planar)
{
  GstAudioInfo info =
      window_audio (GST_AUDIO_FORMAT_F32, rate, channels, planar);
  GstEmotion2vecWindowSettings settings = window_defaults;
  gsize n = (gsize) rate * 5;
  g_autofree float *data = sines (&info, n);
  g_autoptr (GPtrArray) windows = NULL;

  settings.channel_mode = GST_EMOTION2VEC_CHANNEL_MODE_EACH;
  windows = window_cut_all (&info, &settings, (guint8 *) data, n, 999);
  g_assert_cmpuint (windows->len, ==, 3 * channels);
  for (guint k = 0; k < windows->len; k++) {
    const GstEmotion2vecWindow *window = windows->pdata[k];
    gint channel = (gint) k % channels;
    double level = 20 * log10 (amplitude (channel)) - 10 * log10 (2);

    g_assert_cmpint (window->channel, ==, channel);
    g_assert_cmpuint (window->start, ==, k / channels * (guint) rate);
    g_assert_cmpuint (window->trigger, ==, GST_EMOTION2VEC_TRIGGER_INTERVAL);
    g_assert_cmpfloat_with_epsilon (window->level, level, 0.02);
    g_assert_cmpfloat_with_epsilon (window->active_level, level, 0.1);
  }
}

static void
test_each (void)
{
  check_each (16000, 5, FALSE);
  check_each (16000, 5, TRUE);
  check_each (44100, 3, FALSE);
  check_each (48000, 2, TRUE);
  check_each (8000, 1, FALSE);
  check_each (16000, 20, FALSE);
}

/* At 16 kHz a channel keeps its bits, in any format. */
static void
test_bits (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 16000, 3, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;
  gsize n = 48000;
  g_autofree guint8 *data = window_noise (&info, n);
  const gint16 *values = (gint16 *) data;
  g_autoptr (GPtrArray) each = NULL, first = NULL;

  settings.channel_mode = GST_EMOTION2VEC_CHANNEL_MODE_EACH;
  each = window_cut_all (&info, &settings, data, n, 100);
  settings.channel_mode = GST_EMOTION2VEC_CHANNEL_MODE_FIRST;
  first = window_cut_all (&info, &settings, data, n, 100);
  g_assert_cmpuint (each->len, ==, 3);
  g_assert_cmpuint (first->len, ==, 1);
  g_assert_cmpint (((GstEmotion2vecWindow *) first->pdata[0])->channel, ==, -1);
  for (gsize i = 0; i < n; i++) {
    for (gsize c = 0; c < 3; c++)
      g_assert_true (((GstEmotion2vecWindow *) each->pdata[c])->samples[i] ==
          (float) (values[3 * i + c] / 32768.0));
    g_assert_true (((GstEmotion2vecWindow *) first->pdata[0])->samples[i] ==
        (float) (values[3 * i] / 32768.0));
  }
}

/* The first channel alone, whatever is in the others. */
static void
test_first (void)
{
  static const gint rates[] = { 16000, 44100 };

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++)
    for (guint planar = 0; planar < 2; planar++) {
      GstAudioInfo info =
          window_audio (GST_AUDIO_FORMAT_F32, rates[r], 4, planar);
      GstEmotion2vecWindowSettings settings = window_defaults;
      gsize n = (gsize) rates[r] * 3;
      g_autofree float *data = sines (&info, n);
      g_autoptr (GPtrArray) windows = NULL;

      settings.channel_mode = GST_EMOTION2VEC_CHANNEL_MODE_FIRST;
      windows = window_cut_all (&info, &settings, (guint8 *) data, n, 999);
      g_assert_cmpuint (windows->len, ==, 1);
      g_assert_cmpfloat_with_epsilon (
          ((GstEmotion2vecWindow *) windows->pdata[0])->level,
          20 * log10 (0.5) - 10 * log10 (2), 0.02);
    }
}

/* ---- which windows come out ------------------------------------------------------------------------------------- */

static void
push_silence (GstEmotion2vecWindower * windower, guint ms, GstClockTime time)
{
  g_autofree gint16 *silence = g_new0 (gint16, ms * 16);
  gpointer planes[1] = { silence };

  gst_emotion2vec_windower_push (windower, planes, ms * 16, time);
}

static void
check_starts (GstEmotion2vecWindower * windower, const gint * start_ms)
{
  g_autoptr (GPtrArray) windows = window_pop_all (windower);
  guint k;

  for (k = 0; start_ms[k] >= 0; k++) {
    g_assert_cmpuint (k, <, windows->len);
    g_assert_cmpuint (((GstEmotion2vecWindow *) windows->pdata[k])->start, ==,
        start_ms[k] * 16);
  }
  g_assert_cmpuint (windows->len, ==, k);
}

static void
test_stride (void)
{
  static const gint thinned[] = { 0, 3000, 6000, -1 };
  static const gint all[] = { 8000, 9000, 10000, -1 };
  static const gint tail[] = { 11500, -1 };
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 16000, 1, FALSE);
  g_autoptr (GstEmotion2vecWindower) windower =
      gst_emotion2vec_windower_new (&info, &window_defaults);

  gst_emotion2vec_windower_set_stride (windower, 3);
  push_silence (windower, 10500, 0);
  check_starts (windower, thinned);
  gst_emotion2vec_windower_set_stride (windower, 1);
  push_silence (windower, 2500, GST_CLOCK_TIME_NONE);
  check_starts (windower, all);
  gst_emotion2vec_windower_set_stride (windower, 100);
  push_silence (windower, 1500, GST_CLOCK_TIME_NONE);
  gst_emotion2vec_windower_drain (windower);
  check_starts (windower, tail);
}

static void
test_max_window (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;
  g_autoptr (GstEmotion2vecWindower) windower = NULL;
  g_autoptr (GPtrArray) windows = NULL;

  settings.window = 0;
  settings.max_window = 2 * GST_SECOND;
  windower = gst_emotion2vec_windower_new (&info, &settings);
  gst_emotion2vec_windower_set_stride (windower, 2);    /* without effect */
  push_silence (windower, 5000, 0);
  gst_emotion2vec_windower_drain (windower);
  windows = window_pop_all (windower);
  g_assert_cmpuint (windows->len, ==, 3);
  for (guint k = 0; k < 3; k++) {
    const GstEmotion2vecWindow *window = windows->pdata[k];

    g_assert_cmpuint (window->start, ==, k * 32000);
    g_assert_cmpuint (window->length, ==, k < 2 ? 32000 : 16000);
    g_assert_true (window->tail == (k == 2));
  }
}

static void
test_no_trigger (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;
  g_autoptr (GstEmotion2vecWindower) windower = NULL;

  settings.trigger = 0;
  windower = gst_emotion2vec_windower_new (&info, &settings);
  push_silence (windower, 10000, 0);
  gst_emotion2vec_windower_drain (windower);
  g_assert_null (gst_emotion2vec_windower_pop (windower));
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

static void
test_stretch_numbers (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 16000, 1, FALSE);
  g_autoptr (GstEmotion2vecWindower) windower =
      gst_emotion2vec_windower_new (&info, &window_defaults);
  g_autoptr (GPtrArray) windows = NULL;

  for (guint round = 0; round < 2; round++) {
    push_silence (windower, 3000, 0);
    push_silence (windower, 3000, 5 * GST_SECOND);      /* a jump */
    gst_emotion2vec_windower_push_gap (windower, 48000, 8 * GST_SECOND);
    gst_emotion2vec_windower_drain (windower);  /* of nothing */
    push_silence (windower, 3000, 11 * GST_SECOND);
    g_clear_pointer (&windows, g_ptr_array_unref);
    windows = window_pop_all (windower);
    g_assert_cmpuint (windows->len, ==, 3);
    for (guint k = 0; k < 3; k++)
      g_assert_cmpuint (((GstEmotion2vecWindow *) windows->pdata[k])->stretch,
          ==, k);
    gst_emotion2vec_windower_reset (windower);
  }
}

/* Three seconds of nothing but 200 ms of a sine at -20 dBFS. */
static void
push_burst (GstEmotion2vecWindower * windower)
{
  g_autofree float *data = g_new0 (float, 48000);
  gpointer planes[1] = { data };

  for (guint i = 0; i < 3200; i++)
    data[16000 + i] = (float) (0.1 * sqrt (2) * sin (2 * G_PI * i / 16));
  gst_emotion2vec_windower_push (windower, planes, 48000, GST_CLOCK_TIME_NONE);
}

static void
test_silence (void)
{
  static const double thresholds[] = { -INFINITY, -60, -20.1, -19.9, 0 };
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;
  g_autoptr (GstEmotion2vecWindower) windower = NULL;

  settings.interval = settings.window;
  windower = gst_emotion2vec_windower_new (&info, &settings);
  for (guint t = 0; t < G_N_ELEMENTS (thresholds); t++) {
    g_autoptr (GstEmotion2vecWindow) window = NULL;

    gst_emotion2vec_windower_set_silence_threshold (windower, thresholds[t]);
    push_burst (windower);
    window = gst_emotion2vec_windower_pop (windower);
    g_assert_cmpfloat_with_epsilon (window->active_level, -20, 0.001);
    g_assert_cmpfloat_with_epsilon (window->level, -20 - 10 * log10 (15),
        0.001);
    g_assert_true (window->silent == (thresholds[t] > -20));
    g_assert_cmpuint (window->n_samples, ==, 48000);
  }
}

/* The threshold of the settings; and nothing at all is silent unless nothing is asked for. */
static void
test_digital_silence (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_S16, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;

  for (guint t = 0; t < 2; t++) {
    g_autoptr (GstEmotion2vecWindower) windower = NULL;
    g_autoptr (GstEmotion2vecWindow) window = NULL;

    settings.silence_threshold = t ? -60 : -INFINITY;
    windower = gst_emotion2vec_windower_new (&info, &settings);
    push_silence (windower, 3000, 0);
    window = gst_emotion2vec_windower_pop (windower);
    g_assert_cmpfloat_with_epsilon (window->active_level, -350, 1e-9);
    g_assert_true (window->silent == (t == 1));
    g_assert_cmpfloat (window->speech, ==, 0);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/channels/each", test_each);
  g_test_add_func ("/channels/bits", test_bits);
  g_test_add_func ("/channels/first", test_first);
  g_test_add_func ("/windows/stride", test_stride);
  g_test_add_func ("/windows/max-window", test_max_window);
  g_test_add_func ("/windows/no-trigger", test_no_trigger);
  g_test_add_func ("/windows/stretch-numbers", test_stretch_numbers);
  g_test_add_func ("/windows/silence", test_silence);
  g_test_add_func ("/windows/digital-silence", test_digital_silence);
  return g_test_run ();
}
