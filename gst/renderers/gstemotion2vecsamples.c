/* gstemotion2vecsamples.c - the samples of a buffer of any raw format as numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecsamples.h"

/* Numbers that are unpacked at once. */
#define PIECE 4096

/* @n samples at @data, of a format that unpacks to 32-bit integers or to doubles. */
static void
unpack (const GstAudioFormatInfo * format, const guint8 * data, guint n,
    double *samples)
{
  gint32 integers[PIECE];

  if (format->unpack_format == GST_AUDIO_FORMAT_F64) {
    format->unpack_func (format, GST_AUDIO_PACK_FLAG_NONE, samples,
        (gpointer) data, (gint) n);
    return;
  }
  format->unpack_func (format, GST_AUDIO_PACK_FLAG_NONE, integers,
      (gpointer) data, (gint) n);
  for (guint i = 0; i < n; i++)
    samples[i] = integers[i] / 2147483648.0;
}

/* @n_frames frames of @channels samples at @data. */
static void
read_plane (const GstAudioFormatInfo * format, const guint8 * data,
    guint n_frames, guint channels, GstEmotion2vecSamplesFunc func,
    gpointer user_data)
{
  const guint most = PIECE / channels;
  const gsize width = (gsize) format->width / 8 * channels;
  double samples[PIECE];

  for (guint first = 0; first < n_frames; first += most) {
    guint n = MIN (most, n_frames - first);

    unpack (format, data + first * width, n * channels, samples);
    func (first, samples, n, channels, user_data);
  }
}

void
gst_emotion2vec_samples_foreach (const GstAudioInfo * info,
    GstBuffer * buffer, GstEmotion2vecSamplesFunc func, gpointer data)
{
  gboolean planar = info->layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  GstAudioBuffer audio;

  if (info->bpf <= 0 || info->channels > PIECE
      || (planar && !gst_buffer_get_audio_meta (buffer))
      || !gst_audio_buffer_map (&audio, info, buffer, GST_MAP_READ))
    return;
  for (gint p = 0; p < audio.n_planes; p++)
    read_plane (info->finfo, audio.planes[p], (guint) audio.n_samples,
        planar ? 1 : (guint) info->channels, func, data);
  gst_audio_buffer_unmap (&audio);
}
