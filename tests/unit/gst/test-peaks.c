/* test-peaks.c - the envelope of audio, against the loudness that each second of it was given.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peaks.h"

#include <math.h>

#include "annotation.h"

#define RATE 8000

/* Full scale is 1: what second @second swings to, on both sides. */
static double
loudness (guint second)
{
  return (second * 7 % 100) / 128.0;
}

/* One channel of stream sample @index: up and down in turn. The second channel is half as loud. */
static double
sample_at (guint64 index, gint channel)
{
  double value = loudness ((guint) (index / RATE)) / (channel + 1);

  return index % 2 == 0 ? value : -value;
}

/* @n frames from @first on, as @info wants them. */
static GstBuffer *
make_buffer (const GstAudioInfo * info, guint64 first, guint n)
{
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, n * (gsize) info->bpf, NULL);
  GstAudioBuffer audio;

  if (info->layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED)
    gst_buffer_add_audio_meta (buffer, info, n, NULL);
  g_assert_true (gst_audio_buffer_map (&audio, info, buffer, GST_MAP_WRITE));
  for (gint c = 0; c < info->channels; c++)
    for (guint i = 0; i < n; i++) {
      double value = sample_at (first + i, c);
      gpointer plane = audio.planes[audio.n_planes > 1 ? c : 0];
      gsize at =
          audio.n_planes > 1 ? i : i * (gsize) info->channels + (gsize) c;
      double f64 = value;
      gint32 s32 = (gint32) (value * 2147483648.0);

      info->finfo->pack_func (info->finfo, GST_AUDIO_PACK_FLAG_NONE,
          info->finfo->unpack_format == GST_AUDIO_FORMAT_F64
          ? (gpointer) & f64 : (gpointer) & s32,
          (guint8 *) plane + at * (gsize) info->finfo->width / 8, 1);
    }
  gst_audio_buffer_unmap (&audio);
  return buffer;
}

/* The loudest second that the bucket touches; both ends in samples. */
static double
expected (guint64 from, guint64 to)
{
  double loudest = 0;

  for (guint64 second = from / RATE; second <= (to - 1) / RATE; second++)
    loudest = MAX (loudest, loudness ((guint) second));
  return loudest;
}

static void
check (GArray * found, guint seconds, double tolerance)
{
  /* the length doubles from 1 ms on until there are at most 4000 */
  guint64 length = RATE / 1000;

  while ((guint64) seconds * RATE > 4000 * length)
    length *= 2;
  g_assert_cmpuint (found->len, ==,
      ((guint64) seconds * RATE + length - 1) / length);
  for (guint i = 0; i < found->len; i++) {
    const AnnotationPeak *peak = &g_array_index (found, AnnotationPeak, i);
    double loud = expected (i * length,
        MIN ((i + 1) * length, (guint64) seconds * RATE));

    g_assert_cmpfloat_with_epsilon ((double) peak->high, loud, tolerance);
    g_assert_cmpfloat_with_epsilon ((double) peak->low, -loud, tolerance);
  }
}

static void
test_format (gconstpointer name)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  static const guint lengths[] = { 1, 3, 4, 5, 100, 1000 };

  for (guint l = 0; l < G_N_ELEMENTS (lengths); l++)
    for (gint planar = 0; planar < 2; planar++) {
      g_autoptr (Peaks) peaks = peaks_new ();
      g_autoptr (GArray) found =
          g_array_new (FALSE, FALSE, sizeof (AnnotationPeak));
      guint64 total = (guint64) lengths[l] * RATE;
      GstAudioInfo info;

      gst_audio_info_set_format (&info, gst_audio_format_from_string (name),
          RATE, 2, NULL);
      info.layout = planar ? GST_AUDIO_LAYOUT_NON_INTERLEAVED
          : GST_AUDIO_LAYOUT_INTERLEAVED;
      for (guint64 done = 0; done < total;) {
        const guint64 some = (guint64) g_rand_int_range (rand, 1, 4000);
        const guint n = (guint) MIN (total - done, some);
        GstBuffer *buffer = make_buffer (&info, done, n);

        peaks_add (peaks, buffer, &info,
            gst_util_uint64_scale (done, GST_SECOND, RATE));
        gst_buffer_unref (buffer);
        done += n;
      }
      peaks_finish (peaks, lengths[l] * GST_SECOND, found);
      /* a step of eight bits, or far more than one of 16 */
      check (found, lengths[l], g_str_equal (name, "U8") ? 1 / 127.0 : 1e-4);
    }
}

/* What is left out is silent. */
static void
test_gap (void)
{
  g_autoptr (Peaks) peaks = peaks_new ();
  g_autoptr (GArray) found =
      g_array_new (FALSE, FALSE, sizeof (AnnotationPeak));
  GstAudioInfo info;
  GstBuffer *buffer;

  gst_audio_info_set_format (&info, GST_AUDIO_FORMAT_F32, RATE, 1, NULL);
  buffer = make_buffer (&info, RATE, RATE);
  peaks_add (peaks, buffer, &info, GST_SECOND);
  peaks_add (peaks, buffer, &info, 3 * GST_SECOND);
  gst_buffer_unref (buffer);
  peaks_finish (peaks, 4 * GST_SECOND, found);
  g_assert_cmpuint (found->len, ==, 4000);
  for (guint i = 0; i < found->len; i++)
    g_assert_cmpfloat_with_epsilon ((double) g_array_index (found,
            AnnotationPeak, i).high, i / 1000 % 2 == 1 ? loudness (1) : 0,
        1e-4);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/peaks/S16LE", "S16LE", test_format);
  g_test_add_data_func ("/peaks/S24BE", "S24BE", test_format);
  g_test_add_data_func ("/peaks/U8", "U8", test_format);
  g_test_add_data_func ("/peaks/F32LE", "F32LE", test_format);
  g_test_add_data_func ("/peaks/F64BE", "F64BE", test_format);
  g_test_add_func ("/peaks/gap", test_gap);
  return g_test_run ();
}
