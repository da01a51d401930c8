/* windowkit.c - what the tests of the windower share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "windowkit.h"

#include <math.h>

const GstEmotion2vecWindowSettings window_defaults = {
  .window = 3 * GST_SECOND,
  .interval = GST_SECOND,
  .minimum_duration = GST_SECOND / 2,
  .max_window = 30 * GST_SECOND,
  .min_samples = 400,
  .trigger = GST_EMOTION2VEC_TRIGGER_INTERVAL,
  .speech_hangover = 300 * GST_MSECOND,
  .silence_threshold = -INFINITY,
};

GstAudioInfo
window_audio (GstAudioFormat format, gint rate, gint channels, gboolean planar)
{
  GstAudioInfo info;
  GstAudioChannelPosition none[64];

  for (gint c = 0; c < 64; c++)
    none[c] = GST_AUDIO_CHANNEL_POSITION_NONE;
  gst_audio_info_set_format (&info, format, rate, channels,
      channels > 2 && channels <= 64 ? none : NULL);
  if (planar)
    info.layout = GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  return info;
}

void
window_push_pieces (GstEmotion2vecWindower * windower,
    const GstAudioInfo * info, const guint8 * data, gsize n, gsize max_piece,
    GstClockTime start)
{
  gboolean planar = info->layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  gsize stride = planar ? (gsize) info->finfo->width / 8 : (gsize) info->bpf;
  gint n_planes = planar ? info->channels : 1;

  for (gsize at = 0, piece; at < n; at += piece) {
    gpointer planes[256];

    piece = max_piece ? (gsize) g_test_rand_int_range (1,
        (gint) max_piece + 1) : n;
    piece = MIN (piece, n - at);
    for (gint p = 0; p < n_planes; p++)
      planes[p] = (guint8 *) data + p * n * stride + at * stride;
    gst_emotion2vec_windower_push (windower, planes, piece,
        start + gst_util_uint64_scale (at, GST_SECOND, info->rate));
  }
}

GPtrArray *
window_pop_all (GstEmotion2vecWindower * windower)
{
  GPtrArray *windows = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_emotion2vec_window_free);
  GstEmotion2vecWindow *window;

  while ((window = gst_emotion2vec_windower_pop (windower)))
    g_ptr_array_add (windows, window);
  return windows;
}

GPtrArray *
window_cut_all (const GstAudioInfo * info,
    const GstEmotion2vecWindowSettings * settings, const guint8 * data,
    gsize n, gsize max_piece)
{
  g_autoptr (GstEmotion2vecWindower) windower =
      gst_emotion2vec_windower_new (info, settings);

  g_assert_nonnull (windower);
  window_push_pieces (windower, info, data, n, max_piece, 0);
  gst_emotion2vec_windower_drain (windower);
  return window_pop_all (windower);
}

guint8 *
window_noise (const GstAudioInfo * info, gsize n)
{
  gsize n_values = n * info->channels;
  guint8 *data = g_malloc (n * info->bpf);

  if (info->finfo->format == GST_AUDIO_FORMAT_F32)
    for (gsize i = 0; i < n_values; i++)
      ((float *) data)[i] = (float) g_test_rand_double_range (-1, 1);
  else if (info->finfo->format == GST_AUDIO_FORMAT_F64)
    for (gsize i = 0; i < n_values; i++)
      ((double *) data)[i] = g_test_rand_double_range (-1, 1);
  else
    for (gsize i = 0; i < n * info->bpf; i++)
      data[i] = (guint8) g_test_rand_int_range (0, 256);
  return data;
}
