/* listen.c - prints the stretches of speech that the windower finds in a file.
 *
 *   listen FILE [WEIGHTS]
 *
 * WEIGHTS are those of the network that finds speech; without them the rules decide. FILE holds mono 16 kHz samples as little-endian 32-bit floats. Prints a line for each stretch, in samples: its start, its end, and
 * how much of the file had been heard when it came out. The audio goes in as from a microphone, 10 ms at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecwindow.h"

#define PIECE 160

static void
print_windows (GstEmotion2vecWindower * windower, gsize n_heard)
{
  for (;;) {
    g_autoptr (GstEmotion2vecWindow) window =
        gst_emotion2vec_windower_pop (windower);

    if (!window)
      break;
    g_print ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %"
        G_GSIZE_FORMAT "\n", window->start, window->start + window->length,
        n_heard);
  }
}

static void
listen (float *samples, gsize n, GstEmotion2vecVadWeights * vad)
{
  const GstEmotion2vecWindowSettings settings = {
    .window = 3 * GST_SECOND,
    .minimum_duration = GST_SECOND / 2,
    .max_window = GST_EMOTION2VEC_MAX_WINDOW,
    .min_samples = 400,
    .trigger = GST_EMOTION2VEC_TRIGGER_SPEECH,
    .speech_hangover = 300 * GST_MSECOND,
    .silence_threshold = -60,
    .vad = vad,
  };
  g_autoptr (GstEmotion2vecWindower) windower = NULL;
  GstAudioInfo info;

  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_F32LE, 16000, 1, NULL);
  windower = gst_emotion2vec_windower_new (&info, &settings);
  for (gsize at = 0; at < n; at += PIECE) {
    gsize n_piece = MIN (PIECE, n - at);
    gpointer planes[1] = { samples + at };

    gst_emotion2vec_windower_push (windower, planes, n_piece,
        GST_CLOCK_TIME_NONE);
    print_windows (windower, at + n_piece);
  }
  gst_emotion2vec_windower_drain (windower);
  print_windows (windower, n);
}

int
main (int argc, char **argv)
{
  g_autoptr (GstEmotion2vecVadWeights) vad = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *bytes = NULL;
  gsize size;

  gst_init (&argc, &argv);
  if (argc != 2 && argc != 3) {
    g_printerr ("usage: listen FILE [WEIGHTS]\n");
    return 2;
  }
  if (argc == 3)
    vad = gst_emotion2vec_vad_weights_load (argv[2], &error);
  if (error || !g_file_get_contents (argv[1], &bytes, &size, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  listen ((float *) (gpointer) bytes, size / sizeof (float), vad);
  return 0;
}
