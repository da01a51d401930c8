/* test-triggers.c - results for stretches of speech, beside those of windows, and window=0.
 *
 * The speech is a buzz with the spectrum of a voice in faint noise, so its edges are known. Where exactly a stretch
 * begins and ends is the detector's affair (docs/speech-trigger.md): here it must be within 100 ms.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "slowrig.h"

#define INTERVAL 1
#define SPEECH 2

#define EDGE_MS 100

static const guint bursts[][2] = { {1000, 2000}, {3000, 3800}, {4600, 5900} };

#define N_BURSTS G_N_ELEMENTS (bursts)
#define LENGTH_MS 7000

/* Harmonics of a pitch that wanders around 140 Hz, in syllables, for [@start, @end) ms, 60 dB above the noise. */
static void
add_voice (float *samples, guint start, guint end)
{
  double phase = 0;

  for (guint i = start * 16; i < end * 16; i++) {
    double t = (double) (i - start * 16) / 16000;
    double swell = 0.6 - 0.4 * cos (2 * G_PI * 4 * t);

    phase += 2 * G_PI * (140 + 30 * sin (2 * G_PI * 3 * t)) / 16000;
    for (guint k = 1; k <= 40; k++)
      samples[i] += (float) (0.15 * swell * sin (k * phase) / k);
  }
}

static float *
quiet (guint ms)
{
  float *samples = slowrig_noise (ms, 1);

  for (guint i = 0; i < ms * 16; i++)
    samples[i] *= 1e-4f;
  return samples;
}

static float *
speech (void)
{
  float *samples = quiet (LENGTH_MS);

  for (guint b = 0; b < N_BURSTS; b++)
    add_voice (samples, bursts[b][0], bursts[b][1]);
  return samples;
}

static Rig *
new_rig (guint trigger)
{
  GstAudioInfo info = slowrig_audio ();

  slow_reset ();
  return rig_new (&info, NULL, "window", 1000 * MS, "interval", 500 * MS,
      "trigger", trigger, NULL);
}

static gboolean
is_speech (const GstStructure * fields)
{
  return g_strcmp0 (gst_structure_get_string (fields, "trigger"),
      "speech") == 0;
}

/* The result is about [@start, @end) ms. */
static void
assert_about (const GstStructure * fields, guint start, guint end)
{
  guint64 from = rig_u64 (fields, "timestamp") / MS;
  guint64 to = from + rig_u64 (fields, "duration") / MS;

  g_test_message ("[%u, %u): [%" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT ")",
      start, end, from, to);
  g_assert_cmpint (ABS ((gint) from - (gint) start), <=, EDGE_MS);
  g_assert_cmpint (ABS ((gint) to - (gint) end), <=, EDGE_MS);
}

/* How much audio had left the element when result number @k was posted, in ms. */
static guint
posted_at (Rig * rig, guint k)
{
  guint n_results = 0, n_buffers = 0;

  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    n_buffers += entry->kind == LOG_BUFFER;
    if (entry->kind == LOG_MESSAGE && entry->message == GST_MESSAGE_ELEMENT
        && n_results++ == k)
      return n_buffers * 10;
  }
  g_assert_not_reached ();
  return 0;
}

/* A result for each stretch, with its own span, less than half a second after its end. */
static void
test_speech (void)
{
  g_autofree float *samples = speech ();
  Rig *rig = new_rig (SPEECH);
  g_autoptr (GPtrArray) results = NULL, in_band = NULL;

  slowrig_push (rig, samples, LENGTH_MS, 0);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  in_band = rig_results_in_band (rig);
  g_assert_cmpuint (results->len, ==, N_BURSTS);
  g_assert_cmpuint (in_band->len, ==, N_BURSTS);
  for (guint b = 0; b < N_BURSTS; b++) {
    g_assert_true (is_speech (results->pdata[b]));
    g_assert_false (slowrig_truth (results->pdata[b], "partial"));
    g_assert_cmpuint (rig_u64 (results->pdata[b], "id"), ==, b);
    assert_about (results->pdata[b], bursts[b][0], bursts[b][1]);
    slowrig_assert_scores (results->pdata[b], rig_model (), samples);
    g_assert_cmpuint (posted_at (rig, b), <=, bursts[b][1] + 500);
  }
  rig_free (rig);
}

/* The end of the stream ends a stretch of speech. */
static void
test_speech_until_eos (void)
{
  g_autofree float *samples = speech ();
  Rig *rig = new_rig (SPEECH);
  g_autoptr (GPtrArray) results = NULL, events = NULL;

  slowrig_push (rig, samples, 1800, 0);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  events = rig_results (rig, LOG_EVENT);
  g_assert_cmpuint (results->len, ==, 1);
  g_assert_cmpuint (events->len, ==, 1);
  assert_about (results->pdata[0], 1000, 1800);
  slowrig_assert_scores (results->pdata[0], rig_model (), samples);
  rig_free (rig);
}

/* Nobody speaks, or for less than minimum-duration: nothing. */
static void
test_no_speech (void)
{
  g_autofree float *samples = quiet (3000);
  Rig *rig = new_rig (SPEECH);

  add_voice (samples, 2000, 2250);
  slowrig_push (rig, samples, 3000, 0);
  rig_send (rig, gst_event_new_eos ());
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 0);
  rig_free (rig);
}

/* Results for steady noise with louder noise at 2 s. Its buffers up to @meta_end ms have a GstAudioLevelMeta, which says
 * @voice from 2 s on. */
static guint
n_heard (gboolean voice, guint meta_end)
{
  g_autofree float *samples = slowrig_noise (4000, 1);
  Rig *rig = new_rig (SPEECH);
  guint n;

  for (guint i = 0; i < 4000 * 16; i++)
    samples[i] *= i >= 2000 * 16 && i < 3000 * 16 ? 0.03f : 0.01f;
  for (guint ms = 0; ms < 4000; ms += 10) {
    GstBuffer *buffer = rig_buffer (rig, (guint8 *) samples, 4000 * 16,
        ms * 16, 160, ms * MS);

    if (ms < meta_end)
      gst_buffer_add_audio_level_meta (buffer, 40, voice && ms >= 2000);
    g_assert_cmpint (gst_harness_push (rig->harness, buffer), ==, GST_FLOW_OK);
  }
  rig_send (rig, gst_event_new_eos ());
  n = rig_count_messages (rig, GST_MESSAGE_ELEMENT);
  rig_free (rig);
  return n;
}

/* What upstream says of the voice counts for the buffer that says it. */
static void
test_level_meta (void)
{
  g_assert_cmpuint (n_heard (FALSE, 0), ==, 0);
  g_assert_cmpuint (n_heard (FALSE, 4000), ==, 0);
  g_assert_cmpuint (n_heard (TRUE, 3000), ==, 1);
  g_assert_cmpuint (n_heard (TRUE, 2010), ==, 0);
}

/* A pause that is shorter than the hangover joins what is on both sides of it. */
static void
test_hangover (void)
{
  g_autofree float *samples = quiet (5000);
  Rig *rig = new_rig (SPEECH);
  g_autoptr (GPtrArray) results = NULL;

  add_voice (samples, 1000, 2000);
  add_voice (samples, 2400, 3400);
  g_object_set (rig->element, "speech-hangover", 700 * MS, NULL);
  slowrig_restart (rig);
  slowrig_push (rig, samples, 5000, 0);
  g_object_set (rig->element, "speech-hangover", 100 * MS, NULL);
  slowrig_restart (rig);
  slowrig_push (rig, samples, 5000, 0);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 3);
  assert_about (results->pdata[0], 1000, 3400);
  assert_about (results->pdata[1], 1000, 2000);
  assert_about (results->pdata[2], 2400, 3400);
  rig_free (rig);
}

/* Speech that is longer than max-window is cut, without a hole. */
static void
test_long_speech (void)
{
  g_autofree float *samples = quiet (6000);
  Rig *rig = new_rig (SPEECH);
  g_autoptr (GPtrArray) results = NULL;
  guint64 end = 0;

  add_voice (samples, 1000, 5000);
  g_object_set (rig->element, "max-window", 1500 * MS, "minimum-duration",
      50 * MS, NULL);
  slowrig_restart (rig);
  slowrig_push (rig, samples, 6000, 0);
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, >=, 3);
  for (guint k = 0; k < results->len; k++) {
    guint64 start = rig_u64 (results->pdata[k], "timestamp");

    g_assert_true (k == 0 || start == end);
    end = start + rig_u64 (results->pdata[k], "duration");
    g_assert_cmpuint (end - start, <=, 1500 * MS);
  }
  g_assert_cmpuint (rig_u64 (results->pdata[0], "timestamp"), <=,
      (1000 + EDGE_MS) * MS);
  g_assert_cmpuint (end, >=, (5000 - EDGE_MS) * MS);
  g_assert_cmpuint (end, <=, (5000 + EDGE_MS) * MS);
  rig_free (rig);
}

/* Both at once: the windows and the stretches that would be there alone, and one row of ids. Only windows are smoothed. */
static void
test_both (void)
{
  g_autofree float *samples = speech ();
  Rig *rig = new_rig (INTERVAL | SPEECH);
  g_autoptr (GPtrArray) results = NULL, in_band = NULL;
  guint n_windows = 0, n_stretches = 0;

  g_object_set (rig->element, "smoothing", 1.0, NULL);
  slowrig_push (rig, samples, LENGTH_MS, 0);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  in_band = rig_results_in_band (rig);
  g_assert_cmpuint (results->len, ==, 13 + N_BURSTS);
  g_assert_cmpuint (in_band->len, ==, results->len);
  for (guint k = 0; k < results->len; k++) {
    const GstStructure *fields = results->pdata[k];
    gboolean of_speech = is_speech (fields);

    g_assert_cmpuint (rig_u64 (fields, "id"), ==, k);
    g_assert_cmpuint (rig_u64 (in_band->pdata[k], "id"), ==, k);
    g_assert_true (gst_structure_has_field (fields, "raw-scores") != of_speech);
    if (!of_speech) {
      rig_assert_span (fields, 500 * n_windows++, 1000);
      continue;
    }
    assert_about (fields, bursts[n_stretches][0], bursts[n_stretches][1]);
    slowrig_assert_scores (fields, rig_model (), samples);
    n_stretches++;
  }
  g_assert_cmpuint (n_stretches, ==, N_BURSTS);
  rig_free (rig);
}

/* window=0: everything, cut every max-window; each piece is there when it ends. */
static void
test_whole (void)
{
  GstAudioInfo info = slowrig_audio ();
  g_autofree float *noise = slowrig_noise (3600, 1);
  Rig *rig;
  g_autoptr (GPtrArray) results = NULL;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", (guint64) 0, "interval", 100 * MS,
      "max-window", 1500 * MS, NULL);
  slowrig_push (rig, noise, 3600, 0);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results (rig, LOG_MESSAGE);
  g_assert_cmpuint (results->len, ==, 3);
  for (guint k = 0; k < 3; k++) {
    rig_assert_span (results->pdata[k], 1500 * k, k < 2 ? 1500 : 600);
    slowrig_assert_scores (results->pdata[k], rig_model (), noise);
    g_assert_cmpuint (posted_at (rig, k), ==, k < 2 ? 1500 * (k + 1) - 10 :
        3600);
  }
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  slowrig_install ();
  g_test_add_func ("/triggers/speech", test_speech);
  g_test_add_func ("/triggers/speech-until-eos", test_speech_until_eos);
  g_test_add_func ("/triggers/no-speech", test_no_speech);
  g_test_add_func ("/triggers/level-meta", test_level_meta);
  g_test_add_func ("/triggers/hangover", test_hangover);
  g_test_add_func ("/triggers/long-speech", test_long_speech);
  g_test_add_func ("/triggers/both", test_both);
  g_test_add_func ("/triggers/whole", test_whole);
  return g_test_run ();
}
