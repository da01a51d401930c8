/* test-speech.c - the windower: windows of stretches of speech.
 *
 * The voice is a buzz of 120 Hz in syllables, so that its edges are known exactly. How well real speech is found is measured by the suite "speech".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "gstemotion2vecspeech.h"
#include "windowkit.h"

#define MS GST_MSECOND

/* A stretch found may be off by this much on both sides, in ms. */
#define NEAR_MS 100

/* Milliseconds: from, to; ends with 0, 0. */
typedef gint Bursts[8][2];

static const Bursts single = { {1000, 2000} };
static const Bursts three = { {1000, 2000}, {3000, 3800}, {5000, 7000} };

static GstEmotion2vecWindowSettings
speech_settings (void)
{
  GstEmotion2vecWindowSettings settings = window_defaults;

  settings.trigger = GST_EMOTION2VEC_TRIGGER_SPEECH;
  settings.silence_threshold = -60;
  return settings;
}

/* Syllables of 280 ms, 120 ms of a thirtieth between them: what does not change for seconds is no voice. */
static double
syllable (double t)
{
  return fmod (t, 0.4) < 0.28 ? 1 : 1.0 / 30;
}

/* Adds the bursts to channel @channel of interleaved floats. */
static void
add_voice (float *data, const GstAudioInfo * info, gint channel,
    const Bursts bursts, double amplitude)
{
  for (guint b = 0; bursts[b][1] > 0; b++)
    for (gsize i = (gsize) bursts[b][0] * info->rate / 1000;
        i < (gsize) bursts[b][1] * info->rate / 1000; i++) {
      double t = (double) i / info->rate, sum = 0;

      for (gint h = 1; h <= 30; h++)
        sum += sin (2 * G_PI * 120 * h * t + h * h) / h;
      sum *= syllable (t - bursts[b][0] / 1000.0);
      data[i * info->channels + channel] += (float) (amplitude * sum);
    }
}

static float *
voice (const GstAudioInfo * info, gsize n, const Bursts bursts)
{
  float *data = g_new0 (float, n * info->channels);

  for (gint c = 0; c < info->channels; c++)
    add_voice (data, info, c, bursts, 0.1);
  return data;
}

static GPtrArray *
find (gint rate, guint length_ms, const Bursts bursts,
    const GstEmotion2vecWindowSettings * settings)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, rate, 1, FALSE);
  gsize n = (gsize) length_ms * rate / 1000;
  g_autofree float *data = voice (&info, n, bursts);

  return window_cut_all (&info, settings, (guint8 *) data, n, 1000);
}

static void
check_near (const GstEmotion2vecWindow * window, gint from_ms, gint to_ms)
{
  gint64 from = (gint64) window->position / MS;
  gint64 to = (gint64) (window->position + window->duration) / MS;

  g_assert_cmpint (ABS (from - from_ms), <=, NEAR_MS);
  g_assert_cmpint (ABS (to - to_ms), <=, NEAR_MS);
}

static void
check_found (const GPtrArray * windows, const Bursts bursts)
{
  guint k;

  for (k = 0; bursts[k][1] > 0; k++) {
    g_assert_cmpuint (k, <, windows->len);
    check_near (windows->pdata[k], bursts[k][0], bursts[k][1]);
  }
  g_assert_cmpuint (windows->len, ==, k);
}

static void
test_spans (void)
{
  static const gint rates[] = { 8000, 11025, 16000, 44100, 48000, 96000 };
  GstEmotion2vecWindowSettings settings = speech_settings ();

  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    guint64 rate = (guint64) rates[r];
    g_autoptr (GPtrArray) windows = find (rates[r], 8000, three, &settings);

    check_found (windows, three);
    for (guint k = 0; k < windows->len; k++) {
      const GstEmotion2vecWindow *window = windows->pdata[k];

      g_assert_cmpuint (window->trigger, ==, GST_EMOTION2VEC_TRIGGER_SPEECH);
      g_assert_false (window->partial || window->tail || window->silent);
      g_assert_cmpint (window->channel, ==, -1);
      g_assert_cmpfloat_with_epsilon (window->speech, 1, 0.001);
      g_assert_cmpuint (window->position, ==,
          window->start * GST_SECOND / rate);
      g_assert_cmpuint (window->duration, ==,
          window->length * GST_SECOND / rate);
      g_assert_cmpuint (window->n_samples, ==,
          (2 * window->length * 16000 + rate) / (2 * rate));
    }
  }
}

/* At 16 kHz the samples are those of the span. */
static void
test_samples (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = speech_settings ();
  gsize n = 8 * 16000;
  g_autofree float *data = voice (&info, n, three);
  g_autoptr (GPtrArray) windows =
      window_cut_all (&info, &settings, (guint8 *) data, n, 77);

  check_found (windows, three);
  for (guint k = 0; k < windows->len; k++) {
    const GstEmotion2vecWindow *window = windows->pdata[k];

    g_assert_cmpmem (window->samples, window->n_samples * sizeof (float),
        data + window->start, window->length * sizeof (float));
  }
}

/* Steady noise, in it a hiss of 0.36 s that is 12 dB louder, and right after it, at 1 s, the voice. */
static float *
hiss_and_voice (gsize n, const Bursts bursts)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 16000, 1, FALSE);
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  float *data = voice (&info, n, bursts);

  for (gsize i = 0; i < n; i++) {
    double loud = i >= 16 * 640 && i < 16 * 1000 ? 0.012 : 0.003;

    data[i] += (float) g_rand_double_range (random, -loud, loud);
  }
  return data;
}

/* The hiss is part of the stretch, though it begins farther before the voice than the detector looks back when it hears the
 * voice, and the noise after the voice is not. All samples are there. */
static void
test_second_look (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = speech_settings ();
  gsize n = 3 * 16000;
  g_autofree float *data = hiss_and_voice (n, single);
  g_autoptr (GPtrArray) windows =
      window_cut_all (&info, &settings, (guint8 *) data, n, 100);
  const GstEmotion2vecWindow *window;

  g_assert_cmpuint (windows->len, ==, 1);
  window = windows->pdata[0];
  check_near (window, 640, 2000);
  g_assert_cmpuint (window->start + window->length, <=, 16 * (2000 + 30));
  g_assert_cmpmem (window->samples, window->n_samples * sizeof (float),
      data + window->start, window->length * sizeof (float));
}

/* A start that lies back makes no stretch too long, though it may be cut in the pause after 1.18 s. */
static void
test_second_look_limit (void)
{
  static const Bursts parts = { {1000, 1180}, {1300, 2000} };
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = speech_settings ();
  gsize n = 3 * 16000;
  g_autofree float *data = hiss_and_voice (n, parts);

  settings.minimum_duration = 10 * MS;
  for (guint limit = 50; limit < 800; limit += 50) {
    g_autoptr (GPtrArray) windows = NULL;

    settings.max_window = limit * MS;
    windows = window_cut_all (&info, &settings, (guint8 *) data, n, 100);
    g_assert_cmpuint (windows->len, >, 0);
    for (guint k = 0; k < windows->len; k++)
      g_assert_cmpuint (((GstEmotion2vecWindow *) windows->pdata[k])->duration,
          <=, settings.max_window);
  }
}

/* No span begins before what was promised while it was waited for. */
static void
test_earliest (void)
{
  const GstEmotion2vecSpeechSettings settings = {
    .hangover = 30,.longest = 3000,.silence_threshold = -60
  };
  GstEmotion2vecSpeech *speech = gst_emotion2vec_speech_new (&settings);
  gsize n = 3 * 16000;
  g_autofree float *data = hiss_and_voice (n, single);
  GstEmotion2vecSpan span = { 0, 0 };
  guint64 promised = 0;

  for (gsize at = 0; at < n; at += GST_EMOTION2VEC_SPEECH_FRAME) {
    promised = MAX (promised, gst_emotion2vec_speech_earliest (speech));
    if (gst_emotion2vec_speech_push (speech, data + at, FALSE, &span))
      break;
  }
  g_assert_cmpuint (span.end, >, 0);
  g_assert_cmpuint (span.start, >=, promised);
  gst_emotion2vec_speech_free (speech);
}

static void
check_same (const GPtrArray * a, const GPtrArray * b)
{
  g_assert_cmpuint (a->len, ==, b->len);
  for (guint k = 0; k < a->len; k++) {
    const GstEmotion2vecWindow *one = a->pdata[k], *two = b->pdata[k];

    g_assert_cmpuint (one->trigger, ==, two->trigger);
    g_assert_cmpint (one->channel, ==, two->channel);
    g_assert_cmpuint (one->start, ==, two->start);
    g_assert_cmpuint (one->length, ==, two->length);
    g_assert_cmpfloat (one->speech, ==, two->speech);
    g_assert_cmpmem (one->samples, one->n_samples * sizeof (float),
        two->samples, two->n_samples * sizeof (float));
  }
}

/* Both triggers, two channels that speak in turn, noise: the same windows in the same order for any buffer size. */
static void
check_splits (gint rate)
{
  static const Bursts left = { {500, 1500}, {3000, 3900} };
  static const Bursts right = { {1700, 2600}, {4000, 5000} };
  const gsize pieces[] = { 1, 3, 441, 4096, (gsize) rate };
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, rate, 2, FALSE);
  GstEmotion2vecWindowSettings settings = speech_settings ();
  gsize n = (gsize) rate * 5 + 77;
  g_autofree float *data = g_new (float, 2 * n);
  g_autoptr (GPtrArray) whole = NULL;

  for (gsize i = 0; i < 2 * n; i++)
    data[i] = (float) g_test_rand_double_range (-0.003, 0.003);
  add_voice (data, &info, 0, left, 0.1);
  add_voice (data, &info, 1, right, 0.1);
  settings.trigger |= GST_EMOTION2VEC_TRIGGER_INTERVAL;
  settings.channel_mode = GST_EMOTION2VEC_CHANNEL_MODE_EACH;
  whole = window_cut_all (&info, &settings, (guint8 *) data, n, 0);
  /* 3 of the grid and 2 of speech, for each channel */
  g_assert_cmpuint (whole->len, ==, 2 * (3 + 2));
  for (guint p = 0; p < G_N_ELEMENTS (pieces); p++) {
    g_autoptr (GPtrArray) split = window_cut_all (&info, &settings,
        (guint8 *) data, n, pieces[p]);

    check_same (whole, split);
  }
}

static void
test_splits (void)
{
  check_splits (8000);
  check_splits (16000);
  check_splits (44100);
}

/* Each channel has a detector of its own. */
static void
test_each (void)
{
  static const Bursts left = { {500, 1500}, {3000, 3900} };
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 16000, 3, FALSE);
  GstEmotion2vecWindowSettings settings = speech_settings ();
  gsize n = 5 * 16000;
  g_autofree float *data = g_new0 (float, 3 * n);
  g_autoptr (GPtrArray) windows = NULL;

  add_voice (data, &info, 2, left, 0.1);
  settings.channel_mode = GST_EMOTION2VEC_CHANNEL_MODE_EACH;
  windows = window_cut_all (&info, &settings, (guint8 *) data, n, 100);
  check_found (windows, left);
  for (guint k = 0; k < windows->len; k++)
    g_assert_cmpint (((GstEmotion2vecWindow *) windows->pdata[k])->channel, ==,
        2);
}

/* ---- settings --------------------------------------------------------------------------------------------------- */

static void
test_minimum_duration (void)
{
  static const Bursts bursts = { {1000, 1300}, {2000, 2900} };
  static const Bursts longer = { {2000, 2900} };
  GstEmotion2vecWindowSettings settings = speech_settings ();
  g_autoptr (GPtrArray) some = find (16000, 4000, bursts, &settings);
  g_autoptr (GPtrArray) all = NULL;

  check_found (some, longer);
  settings.minimum_duration = 200 * MS;
  all = find (16000, 4000, bursts, &settings);
  check_found (all, bursts);
}

static void
test_hangover (void)
{
  static const Bursts bursts = { {1000, 2000}, {2200, 3000}, {3600, 4500} };
  static const Bursts at_300 = { {1000, 3000}, {3600, 4500} };
  static const Bursts at_800 = { {1000, 4500} };
  GstEmotion2vecWindowSettings settings = speech_settings ();
  g_autoptr (GPtrArray) usual = find (16000, 6000, bursts, &settings);
  g_autoptr (GPtrArray) shortest = NULL, longest = NULL;

  check_found (usual, at_300);
  settings.speech_hangover = 100 * MS;
  shortest = find (16000, 6000, bursts, &settings);
  check_found (shortest, bursts);
  settings.speech_hangover = 800 * MS;
  longest = find (16000, 6000, bursts, &settings);
  check_found (longest, at_800);
}

/* Too long a stretch is cut where it is quiet, without a hole. */
static void
test_max_window (void)
{
  static const Bursts loud = { {1000, 3500}, {3550, 6000}, {6050, 7000} };
  GstEmotion2vecWindowSettings settings = speech_settings ();
  g_autoptr (GPtrArray) windows = NULL;

  settings.max_window = 3 * GST_SECOND;
  windows = find (16000, 9000, loud, &settings);
  check_found (windows, loud);
  for (guint k = 0; k + 1 < windows->len; k++) {
    const GstEmotion2vecWindow *a = windows->pdata[k];
    const GstEmotion2vecWindow *b = windows->pdata[k + 1];

    g_assert_cmpuint (a->start + a->length, ==, b->start);
    g_assert_cmpuint (a->duration, <=, settings.max_window);
  }
}

/* A voice that never stops comes in pieces. */
static void
test_endless (void)
{
  static const Bursts endless = { {100, 60000} };
  GstEmotion2vecWindowSettings settings = speech_settings ();
  g_autoptr (GPtrArray) windows = NULL;
  guint64 end = 0;

  settings.max_window = 5 * GST_SECOND;
  settings.minimum_duration = 10 * MS;
  windows = find (16000, 60000, endless, &settings);
  g_assert_cmpuint (windows->len, >=, 60 / 5);
  for (guint k = 0; k < windows->len; k++) {
    const GstEmotion2vecWindow *window = windows->pdata[k];

    g_assert_cmpuint (window->duration, <=, settings.max_window);
    g_assert_true (k == 0 || window->start == end);
    end = window->start + window->length;
  }
  g_assert_cmpuint (end, ==, 60 * 16000);
}

static void
test_silence_threshold (void)
{
  GstEmotion2vecWindowSettings settings = speech_settings ();
  g_autoptr (GPtrArray) windows = NULL;

  settings.silence_threshold = -10;
  windows = find (16000, 8000, three, &settings);
  g_assert_cmpuint (windows->len, ==, 0);
}

/* ---- what else is told ------------------------------------------------------------------------------------------ */

/* Half of a window is speech, up to the edges. */
static void
test_share (void)
{
  static const Bursts bursts = { {500, 2000} };
  GstEmotion2vecWindowSettings settings = window_defaults;
  g_autoptr (GPtrArray) windows = find (16000, 3000, bursts, &settings);

  g_assert_cmpuint (windows->len, ==, 1);
  g_assert_cmpfloat_with_epsilon (
      ((GstEmotion2vecWindow *) windows->pdata[0])->speech, 0.5, 0.04);
}

/* Speech that is cut off by the end of its stretch of audio. */
static void
test_tail (void)
{
  static const Bursts bursts = { {1000, 2000}, {3000, 4000} };
  GstEmotion2vecWindowSettings settings = speech_settings ();
  g_autoptr (GPtrArray) windows = find (16000, 4000, bursts, &settings);

  check_found (windows, bursts);
  g_assert_false (((GstEmotion2vecWindow *) windows->pdata[0])->tail);
  g_assert_true (((GstEmotion2vecWindow *) windows->pdata[1])->tail);
}

/* A result is known at most 0.5 s after the voice ended, and windows come out in the order of their completion. */
static void
test_order (void)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 48000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = speech_settings ();
  gsize n = 8 * 48000;
  g_autofree float *data = voice (&info, n, three);
  g_autoptr (GstEmotion2vecWindower) windower = NULL;
  guint n_speech = 0, n_grid = 0;

  settings.trigger |= GST_EMOTION2VEC_TRIGGER_INTERVAL;
  windower = gst_emotion2vec_windower_new (&info, &settings);
  for (gsize at = 0; at < n; at += 48) {
    gint now_ms = (gint) (at / 48) + 1;
    gpointer planes[1] = { data + at };
    GstEmotion2vecWindow *window;

    gst_emotion2vec_windower_push (windower, planes, 48, GST_CLOCK_TIME_NONE);
    while ((window = gst_emotion2vec_windower_pop (windower))) {
      if (window->trigger == GST_EMOTION2VEC_TRIGGER_INTERVAL)
        g_assert_cmpint (now_ms, ==, 3000 + 1000 * (gint) n_grid++);
      else
        g_assert_cmpint (now_ms - three[n_speech++][1], <=, 500);
      gst_emotion2vec_window_free (window);
    }
  }
  g_assert_cmpuint (n_speech, ==, 3);
  g_assert_cmpuint (n_grid, ==, 6);
}

/* ---- votes ------------------------------------------------------------------------------------------------------ */

/* Steady noise with a second of louder noise at 3 s, of which the first @voted_ms are voted for; nothing is said of the
 * rest. */
static GPtrArray *
hiss (guint voted_ms, gsize piece)
{
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = speech_settings ();
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  g_autoptr (GstEmotion2vecWindower) windower =
      gst_emotion2vec_windower_new (&info, &settings);
  gsize n = 6 * 16000;
  g_autofree float *data = g_new (float, n);

  for (gsize i = 0; i < n; i++) {
    double loud = i / 16000 == 3 ? 0.03 : 0.01;

    data[i] = (float) g_rand_double_range (random, -loud, loud);
  }
  for (gsize at = 0; at < n; at += piece) {
    gpointer planes[1] = { data + at };

    if (at >= 48000 && at < 48000 + voted_ms * 16)
      gst_emotion2vec_windower_vote (windower, TRUE);
    gst_emotion2vec_windower_push (windower, planes, piece,
        at * GST_SECOND / 16000);
  }
  gst_emotion2vec_windower_drain (windower);
  return window_pop_all (windower);
}

static void
test_vote (void)
{
  static const Bursts voted = { {3000, 4000} };
  g_autoptr (GPtrArray) without = hiss (0, 160);
  g_autoptr (GPtrArray) with = hiss (1000, 160);
  g_autoptr (GPtrArray) split = hiss (1000, 1);

  g_assert_cmpuint (without->len, ==, 0);
  check_found (with, voted);
  check_same (with, split);
}

/* A vote is for one push: too little of the louder noise, which without any vote is none. */
static void
test_vote_ends (void)
{
  g_autoptr (GPtrArray) brief = hiss (10, 160);
  g_autoptr (GPtrArray) split = hiss (10, 1);

  g_assert_cmpuint (brief->len, ==, 0);
  g_assert_cmpuint (split->len, ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/speech/spans", test_spans);
  g_test_add_func ("/speech/samples", test_samples);
  g_test_add_func ("/speech/second-look", test_second_look);
  g_test_add_func ("/speech/second-look-limit", test_second_look_limit);
  g_test_add_func ("/speech/earliest", test_earliest);
  g_test_add_func ("/speech/splits", test_splits);
  g_test_add_func ("/speech/each", test_each);
  g_test_add_func ("/speech/minimum-duration", test_minimum_duration);
  g_test_add_func ("/speech/hangover", test_hangover);
  g_test_add_func ("/speech/max-window", test_max_window);
  g_test_add_func ("/speech/endless", test_endless);
  g_test_add_func ("/speech/silence-threshold", test_silence_threshold);
  g_test_add_func ("/speech/share", test_share);
  g_test_add_func ("/speech/tail", test_tail);
  g_test_add_func ("/speech/order", test_order);
  g_test_add_func ("/speech/vote", test_vote);
  g_test_add_func ("/speech/vote-ends", test_vote_ends);
  return g_test_run ();
}
