/* test-vad.c - the network that finds speech: its file, its edges, and what is made of what it says.
 *
 * The weights are made by hand, so that what comes out is known: a frame says +4 if it is voiced, else -4. That the layers are
 * computed as PyTorch does is for tests/speech/test_vad.py.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "gstemotion2vecvad.h"
#include "gstemotion2vecspeech.h"
#include "windowkit.h"

#define N_FRAME GST_EMOTION2VEC_SPEECH_FRAME
#define N_HEADER 12
#define N_FILE (N_HEADER + sizeof (GstEmotion2vecVadWeights))
#define VOICING 21

/* Added to an end. */
#define MARGIN 3

/* The voice is in the frames [FROM, TO). */
#define FROM 200
#define TO 300

/* ---- weights ---------------------------------------------------------------------------------------------------- */

/* State 0 is tanh (10 * voicing), the others are 0; each head looks at its last moment, the frame that it judges. */
static void
set_by_hand (GstEmotion2vecVadWeights * weights)
{
  memset (weights, 0, sizeof *weights);
  weights->conv[0][VOICING][GST_EMOTION2VEC_VAD_KERNEL - 1] = 10;
  weights->in[GST_EMOTION2VEC_VAD_NEW][0][0] = 1;
  for (guint i = 0; i < GST_EMOTION2VEC_VAD_WIDTH; i++)
    weights->in_bias[GST_EMOTION2VEC_VAD_UPDATE][i] = -50;
  for (guint h = 0; h < GST_EMOTION2VEC_VAD_HEADS; h++) {
    GstEmotion2vecVadHidden *hidden = &weights->hidden[h];

    hidden->weight[0][(GST_EMOTION2VEC_VAD_TAPS -
            1) * GST_EMOTION2VEC_VAD_WIDTH] = 8;
    weights->last[h].weight[0] = 1;
    weights->last[h].bias = -4;
  }
}

/* The file of @weights. */
static gchar *
make_file (const GstEmotion2vecVadWeights * weights)
{
  gchar *bytes = g_malloc (N_FILE);
  guint32 count = GUINT32_TO_LE (sizeof *weights / sizeof (float));

  memcpy (bytes, "E2VEAR01", 8);
  memcpy (bytes + 8, &count, sizeof count);
  for (gsize i = 0; i < sizeof *weights / sizeof (float); i++) {
    guint32 word;

    memcpy (&word, (const float *) weights + i, sizeof word);
    word = GUINT32_TO_LE (word);
    memcpy (bytes + N_HEADER + i * sizeof word, &word, sizeof word);
  }
  return bytes;
}

static GstEmotion2vecVadWeights *
load (const gchar * bytes, gsize n, GError ** error)
{
  g_autofree gchar *path = NULL;
  GstEmotion2vecVadWeights *weights;
  gint file = g_file_open_tmp ("vad-XXXXXX.bin", &path, NULL);

  g_assert_cmpint (file, >=, 0);
  g_close (file, NULL);
  g_assert_true (g_file_set_contents (path, bytes, (gssize) n, NULL));
  weights = gst_emotion2vec_vad_weights_load (path, error);
  if (error && *error)
    g_assert_nonnull (strstr ((*error)->message, path));
  g_unlink (path);
  return weights;
}

static GstEmotion2vecVadWeights *
by_hand (void)
{
  GstEmotion2vecVadWeights weights;
  GstEmotion2vecVadWeights *loaded;
  g_autofree gchar *bytes = NULL;

  set_by_hand (&weights);
  bytes = make_file (&weights);
  loaded = load (bytes, N_FILE, NULL);
  g_assert_nonnull (loaded);
  g_assert_cmpmem (loaded, sizeof weights, &weights, sizeof weights);
  return loaded;
}

static void
check_damaged (const gchar * bytes, gsize n)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (load (bytes, n, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
}

static void
test_damaged (void)
{
  GstEmotion2vecVadWeights weights;
  g_autofree gchar *bytes = NULL;
  const float bad[] = { NAN, INFINITY, -INFINITY, 1e30f };
  static const gsize sizes[] = { 0, 4, N_HEADER, N_FILE - 4, N_FILE - 1 };

  set_by_hand (&weights);
  bytes = make_file (&weights);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    check_damaged (bytes, sizes[i]);
  bytes[7] = '2';
  check_damaged (bytes, N_FILE);
  bytes[7] = '1';
  bytes[8] ^= 1;
  check_damaged (bytes, N_FILE);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *worse = NULL;

    weights.state[1][2][3] = bad[i];
    worse = make_file (&weights);
    check_damaged (worse, N_FILE);
  }
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_emotion2vec_vad_weights_load ("/nowhere/weights.bin",
          &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, "/nowhere/weights.bin"));
}

/* ---- evidence and edges ----------------------------------------------------------------------------------------- */

static void
push (GstEmotion2vecVad * vad, double voicing, gboolean audible, gboolean vote)
{
  static const float samples[N_FRAME];

  gst_emotion2vec_vad_push (vad, samples, voicing, audible, vote);
}

/* The frames [0, @n). */
static GstEmotion2vecVad *
hear (guint n)
{
  g_autoptr (GstEmotion2vecVadWeights) weights = by_hand ();
  GstEmotion2vecVad *vad = gst_emotion2vec_vad_new (weights);

  for (guint k = 0; k < n; k++)
    push (vad, k >= FROM && k < TO, TRUE, FALSE);
  return vad;
}

static void
check_evidence (const GstEmotion2vecVad * vad, guint64 k, double expected)
{
  g_assert_cmpfloat_with_epsilon (gst_emotion2vec_vad_evidence (vad, k),
      expected, 1e-5);
}

/* Nothing is said of a frame until 8 have followed; then the same, whichever head is asked. */
static void
test_evidence (void)
{
  GstEmotion2vecVad *vad = hear (TO);

  check_evidence (vad, TO - 1, 0);
  check_evidence (vad, TO - 8, 0);
  check_evidence (vad, TO - 9, 4);
  check_evidence (vad, TO - 16, 4);
  check_evidence (vad, TO - 31, 4);
  check_evidence (vad, FROM, 4);
  check_evidence (vad, FROM - 1, -4);
  gst_emotion2vec_vad_reset (vad);
  for (guint k = 0; k < 9; k++)
    push (vad, k == 0, TRUE, FALSE);
  check_evidence (vad, 0, 4);
  gst_emotion2vec_vad_free (vad);
}

/* Not voiced: a vote adds 3. What is not audible is not speech, whoever says so. */
static void
test_vote (void)
{
  g_autoptr (GstEmotion2vecVadWeights) weights = by_hand ();
  GstEmotion2vecVad *vad = gst_emotion2vec_vad_new (weights);

  for (guint k = 0; k < 20; k++)
    push (vad, k == 2, k != 2 && k != 3, k == 1 || k == 2);
  check_evidence (vad, 0, -4);
  check_evidence (vad, 1, -1);
  check_evidence (vad, 2, -4);
  check_evidence (vad, 3, -4);
  gst_emotion2vec_vad_free (vad);
}

static guint64
start_of (guint64 start, guint64 earliest)
{
  GstEmotion2vecVad *vad = hear (TO);
  guint64 found = gst_emotion2vec_vad_start (vad, start, TO, earliest);

  gst_emotion2vec_vad_free (vad);
  return found;
}

static guint64
end_of (guint n, guint64 end)
{
  GstEmotion2vecVad *vad = hear (n);
  guint64 found = gst_emotion2vec_vad_end (vad, FROM, end);

  gst_emotion2vec_vad_free (vad);
  return found;
}

/* From wherever the edge was looked for, but no farther than 42 frames back and 30 on. */
static void
test_edges (void)
{
  g_assert_cmpuint (start_of (FROM, 0), ==, FROM);
  g_assert_cmpuint (start_of (FROM - 29, 0), ==, FROM);
  g_assert_cmpuint (start_of (FROM - 30, 0), ==, FROM - 30);
  g_assert_cmpuint (start_of (FROM + 42, 0), ==, FROM);
  g_assert_cmpuint (start_of (FROM + 45, 0), ==, FROM + 3);
  g_assert_cmpuint (start_of (FROM + 34, FROM + 4), ==, FROM + 4);
  g_assert_cmpuint (end_of (TO + 90, TO), ==, TO + MARGIN);
  g_assert_cmpuint (end_of (TO + 90, TO - 30), ==, TO + MARGIN);
  g_assert_cmpuint (end_of (TO + 90, TO - 40), ==, TO - 10 + MARGIN);
  g_assert_cmpuint (end_of (TO + 90, TO + 41), ==, TO + MARGIN);
  g_assert_cmpuint (end_of (TO + 90, TO + 42), ==, TO + 42);
  /* still unjudged */
  g_assert_cmpuint (end_of (TO, TO - 8), ==, TO);
  g_assert_cmpuint (end_of (TO + 4, TO - 4), ==, TO + 4);
}

/* ---- spans ------------------------------------------------------------------------------------------------------ */

/* A voice of 125 Hz, whose period is a frame and a quarter, in [@from, @to) ms, and silence around it. */
static void
add_voice (float *data, guint from, guint to)
{
  for (guint i = from * 16; i < to * 16; i++)
    data[i] = i % 128 < 40 ? 0.3f : -0.1f;
}

/* Returns: how many frames had been heard when the only span of @n frames came out. */
static guint64
find_span (const float *data, guint n, guint hangover,
    GstEmotion2vecSpan * span)
{
  g_autoptr (GstEmotion2vecVadWeights) weights = by_hand ();
  const GstEmotion2vecSpeechSettings settings = {
    .hangover = hangover,.longest = 1000,.silence_threshold = -60,
    .vad = weights
  };
  GstEmotion2vecSpeech *speech = gst_emotion2vec_speech_new (&settings);
  guint64 known = 0;

  for (guint k = 0; k < n; k++) {
    guint64 earliest = gst_emotion2vec_speech_earliest (speech);

    if (!gst_emotion2vec_speech_push (speech, data + k * N_FRAME, FALSE, span))
      continue;
    g_assert_cmpuint (known, ==, 0);
    g_assert_cmpuint (span->start, >=, earliest);
    known = k + 1;
  }
  if (gst_emotion2vec_speech_finish (speech, span))
    known = n;
  gst_emotion2vec_speech_free (speech);
  return known;
}

static void
assert_near (guint64 found, guint64 expected)
{
  g_assert_cmpuint (found, >=, expected - 4);
  g_assert_cmpuint (found, <=, expected + 4);
}

/* A pause is over when it is as long as the hangover; of one that is shorter than 0.15 s the last 150 ms have to be judged. */
static void
test_spans (void)
{
  static const guint hangovers[] = { 10, 30, 80 };
  static const guint after[] = { 25, 30, 80 };
  g_autofree float *data = g_new0 (float, 400 * N_FRAME);
  GstEmotion2vecSpan span;

  add_voice (data, 1000, 2000);
  for (guint i = 0; i < G_N_ELEMENTS (hangovers); i++) {
    guint64 known = find_span (data, 400, hangovers[i], &span);

    assert_near (span.start, 100);
    assert_near (span.end, 200);
    assert_near (known - span.end, after[i]);
  }
}

/* What is said after a pause that is shorter than the hangover belongs to the span, though it is judged after the hangover. */
static void
test_pause (void)
{
  static const guint pauses[] = { 100, 200, 250 };

  for (guint i = 0; i < G_N_ELEMENTS (pauses); i++) {
    g_autofree float *data = g_new0 (float, 400 * N_FRAME);
    GstEmotion2vecSpan span;

    add_voice (data, 1000, 2000);
    add_voice (data, 2000 + pauses[i], 2150 + pauses[i]);
    assert_near (find_span (data, 400, 30, &span), 245 + pauses[i] / 10);
    assert_near (span.start, 100);
    assert_near (span.end, 215 + pauses[i] / 10);
  }
}

/* A burst that opens a span, but that says too little for it when all is known, comes to nothing; a longer one does not. */
static void
test_doubtful (void)
{
  g_autofree float *data = g_new0 (float, 400 * N_FRAME);
  GstEmotion2vecSpan span;

  add_voice (data, 3000, 3070);
  g_assert_cmpuint (find_span (data, 400, 30, &span), ==, 0);
  add_voice (data, 3070, 3170);
  g_assert_cmpuint (find_span (data, 400, 30, &span), >, 0);
}

/* The audio ends in the middle of speech: so does the span. */
static void
test_cut_off (void)
{
  g_autofree float *data = g_new0 (float, 200 * N_FRAME);
  GstEmotion2vecSpan span;

  add_voice (data, 1000, 2000);
  g_assert_cmpuint (find_span (data, 200, 30, &span), ==, 200);
  g_assert_cmpuint (span.end, ==, 200);
  g_assert_cmpuint (find_span (data, 150, 30, &span), ==, 150);
  g_assert_cmpuint (span.end, ==, 150);
}

/* A click opens nothing, and does not hold a span open. */
static void
test_click (void)
{
  g_autofree float *data = g_new0 (float, 400 * N_FRAME);
  GstEmotion2vecSpan span;

  add_voice (data, 3000, 3010);
  g_assert_cmpuint (find_span (data, 400, 30, &span), ==, 0);
  add_voice (data, 1000, 2000);
  add_voice (data, 2200, 2210);
  assert_near (find_span (data, 400, 30, &span), 230);
  assert_near (span.end, 200);
}

/* ---- through the windower --------------------------------------------------------------------------------------- */

static GPtrArray *
cut (float *data, guint n, gsize max_piece)
{
  g_autoptr (GstEmotion2vecVadWeights) weights = by_hand ();
  GstAudioInfo info = window_audio (GST_AUDIO_FORMAT_F32, 16000, 1, FALSE);
  GstEmotion2vecWindowSettings settings = window_defaults;

  settings.trigger = GST_EMOTION2VEC_TRIGGER_SPEECH;
  settings.speech_hangover = 300 * GST_MSECOND;
  settings.silence_threshold = -60;
  settings.vad = weights;
  return window_cut_all (&info, &settings, (const guint8 *) data, n, max_piece);
}

/* However it is cut into buffers, and whatever is in it that is no number. */
static void
test_splits (void)
{
  guint n = 6 * 16000;
  g_autofree float *data = g_new0 (float, n);
  g_autoptr (GPtrArray) whole = NULL;

  add_voice (data, 1000, 2000);
  add_voice (data, 3000, 3700);
  data[500] = NAN;
  data[20000] = INFINITY;
  data[60000] = -INFINITY;
  whole = cut (data, n, 0);
  g_assert_cmpuint (whole->len, ==, 2);
  for (gsize piece = 1; piece < 4000; piece = piece * 3 + 4) {
    g_autoptr (GPtrArray) split = cut (data, n, piece);

    g_assert_cmpuint (split->len, ==, whole->len);
    for (guint i = 0; i < whole->len; i++) {
      const GstEmotion2vecWindow *a = whole->pdata[i], *b = split->pdata[i];

      g_assert_cmpuint (a->start, ==, b->start);
      g_assert_cmpuint (a->length, ==, b->length);
      g_assert_cmpmem (a->samples, a->n_samples * sizeof (float), b->samples,
          b->n_samples * sizeof (float));
    }
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vad/damaged", test_damaged);
  g_test_add_func ("/vad/missing", test_missing);
  g_test_add_func ("/vad/evidence", test_evidence);
  g_test_add_func ("/vad/vote", test_vote);
  g_test_add_func ("/vad/edges", test_edges);
  g_test_add_func ("/vad/spans", test_spans);
  g_test_add_func ("/vad/pause", test_pause);
  g_test_add_func ("/vad/doubtful", test_doubtful);
  g_test_add_func ("/vad/cut-off", test_cut_off);
  g_test_add_func ("/vad/click", test_click);
  g_test_add_func ("/vad/splits", test_splits);
  return g_test_run ();
}
