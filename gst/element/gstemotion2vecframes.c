/* gstemotion2vecframes.c - where the samples of a raw audio buffer lie, and which of them the segment wants.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecframes.h"

static gboolean
is_planar (const GstAudioInfo * info)
{
  return info->layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
}

/* The buffer's audio meta, which says where planes begin; NULL if there is none or if it describes other audio. */
static const GstAudioMeta *
find_meta (GstBuffer * buffer, const GstAudioInfo * info)
{
  const GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);

  if (!meta || meta->info.finfo != info->finfo
      || meta->info.channels != info->channels
      || meta->info.layout != info->layout)
    return NULL;
  return meta;
}

gsize
gst_emotion2vec_frames_count (GstBuffer * buffer, const GstAudioInfo * info)
{
  const GstAudioMeta *meta = find_meta (buffer, info);

  return meta ? meta->samples : gst_buffer_get_size (buffer) / info->bpf;
}

gboolean
gst_emotion2vec_frames_map (GstBuffer * buffer, const GstAudioInfo * info,
    gsize skip, gsize n, GstMapInfo * map, gpointer * planes)
{
  const GstAudioMeta *meta = find_meta (buffer, info);
  gsize n_frames = gst_emotion2vec_frames_count (buffer, info);
  gsize stride = is_planar (info) ? info->finfo->width / 8 : info->bpf;
  gint n_planes = is_planar (info) ? info->channels : 1;
  gboolean mapped;

  /* of a buffer that we alone hold, several memories would be merged for good: that would copy the audio that passes */
  gst_buffer_ref (buffer);
  mapped = gst_buffer_map (buffer, map, GST_MAP_READ);
  gst_buffer_unref (buffer);
  if (!mapped)
    return FALSE;
  for (gint p = 0; p < n_planes; p++) {
    gsize begin = meta && meta->offsets ? meta->offsets[p] :
        (gsize) p * n_frames * stride;

    if (begin > map->size || skip + n > (map->size - begin) / stride) {
      gst_buffer_unmap (buffer, map);
      return FALSE;
    }
    planes[p] = map->data + begin + skip * stride;
  }
  return TRUE;
}

GstClockTime
gst_emotion2vec_frames_clip (const GstSegment * segment, gint rate,
    GstClockTime time, guint64 n_frames, guint64 * skip, guint64 * n)
{
  GstClockTime begin, end, stop;
  guint64 last;

  *skip = 0;
  *n = n_frames;
  if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (time))
    return GST_CLOCK_TIME_NONE;
  stop = time + gst_util_uint64_scale (n_frames, GST_SECOND, (guint64) rate);
  if (!gst_segment_clip (segment, GST_FORMAT_TIME, time, stop, &begin, &end)) {
    *n = 0;
    return time;
  }
  /* to the nearest frame: time stamps are rounded themselves */
  *skip = gst_util_uint64_scale_round (begin - time, (guint64) rate,
      GST_SECOND);
  last = gst_util_uint64_scale_round (end - time, (guint64) rate, GST_SECOND);
  last = MIN (last, n_frames);
  *n = last > *skip ? last - *skip : 0;
  time += gst_util_uint64_scale (*skip, GST_SECOND, (guint64) rate);
  return MAX (time, begin);
}
