/* peaks.c - the envelope of any length of audio in a fixed amount of memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peaks.h"

#include "annotation.h"

#define MAX_PEAKS 4000
#define FIRST_LENGTH GST_MSECOND

/* Samples that are unpacked at once. */
#define CHUNK 1024

struct _Peaks
{
  AnnotationPeak buckets[MAX_PEAKS];
  guint n;                      /* those that were touched, and all before them */
  GstClockTime length;          /* of one bucket */
};

Peaks *
peaks_new (void)
{
  Peaks *peaks = g_new0 (Peaks, 1);

  peaks->length = FIRST_LENGTH;
  return peaks;
}

void
peaks_free (Peaks * peaks)
{
  g_free (peaks);
}

static AnnotationPeak
join (const AnnotationPeak * one, const AnnotationPeak * other)
{
  const AnnotationPeak both = {
    MIN (one->low, other->low), MAX (one->high, other->high)
  };

  return both;
}

/* Makes one of every two buckets. */
static void
halve (Peaks * peaks)
{
  for (guint i = 0; i < MAX_PEAKS / 2; i++)
    peaks->buckets[i] =
        join (&peaks->buckets[2 * i], &peaks->buckets[2 * i + 1]);
  memset (peaks->buckets + MAX_PEAKS / 2, 0,
      MAX_PEAKS / 2 * sizeof *peaks->buckets);
  peaks->n = (peaks->n + 1) / 2;
  peaks->length *= 2;
}

static AnnotationPeak *
bucket_at (Peaks * peaks, GstClockTime time)
{
  while (time / peaks->length >= MAX_PEAKS)
    halve (peaks);
  peaks->n = MAX (peaks->n, (guint) (time / peaks->length) + 1);
  return &peaks->buckets[time / peaks->length];
}

/* How many of the @n frames from @start on end before the bucket of @start does; at least 1. */
static guint
frames_in_bucket (const Peaks * peaks, GstClockTime start, guint rate, guint n)
{
  GstClockTime rest = peaks->length - start % peaks->length;
  guint64 frames = gst_util_uint64_scale_ceil (rest, rate, GST_SECOND);

  return (guint) CLAMP (frames, 1, n);
}

static void
add_doubles (AnnotationPeak * bucket, const double *samples, guint n)
{
  for (guint i = 0; i < n; i++) {
    bucket->low = MIN (bucket->low, (float) samples[i]);
    bucket->high = MAX (bucket->high, (float) samples[i]);
  }
}

static void
add_integers (AnnotationPeak * bucket, const gint32 * samples, guint n)
{
  gint32 low = 0, high = 0;

  for (guint i = 0; i < n; i++) {
    low = MIN (low, samples[i]);
    high = MAX (high, samples[i]);
  }
  bucket->low = MIN (bucket->low, (float) low / 2147483648.f);
  bucket->high = MAX (bucket->high, (float) high / 2147483648.f);
}

/* @n samples of @plane from number @first on. */
static void
add_run (AnnotationPeak * bucket, const GstAudioInfo * info,
    const guint8 * plane, gsize first, gsize n)
{
  const GstAudioFormatInfo *format = info->finfo;
  guint8 unpacked[CHUNK * sizeof (double)];
  gsize width = (gsize) format->width / 8;

  while (n > 0) {
    guint some = (guint) MIN (n, CHUNK);

    format->unpack_func (format, GST_AUDIO_PACK_FLAG_NONE, unpacked,
        (gpointer) (plane + first * width), (gint) some);
    if (format->unpack_format == GST_AUDIO_FORMAT_F64)
      add_doubles (bucket, (const double *) unpacked, some);
    else
      add_integers (bucket, (const gint32 *) unpacked, some);
    first += some;
    n -= some;
  }
}

static void
add_frames (Peaks * peaks, const GstAudioBuffer * audio, GstClockTime start)
{
  const guint rate = (guint) audio->info.rate;
  const gsize stride = (gsize) (audio->info.channels / audio->n_planes);

  for (guint done = 0; done < audio->n_samples;) {
    GstClockTime time = start + gst_util_uint64_scale (done, GST_SECOND, rate);
    AnnotationPeak *bucket = bucket_at (peaks, time);
    guint n = frames_in_bucket (peaks, time, rate,
        (guint) audio->n_samples - done);

    for (gint plane = 0; plane < audio->n_planes; plane++)
      add_run (bucket, &audio->info, audio->planes[plane], done * stride,
          n * stride);
    done += n;
  }
}

void
peaks_add (Peaks * peaks, GstBuffer * buffer, const GstAudioInfo * info,
    GstClockTime start)
{
  GstAudioBuffer audio;

  if (!gst_audio_buffer_map (&audio, info, buffer, GST_MAP_READ))
    return;
  add_frames (peaks, &audio, start);
  gst_audio_buffer_unmap (&audio);
}

void
peaks_finish (const Peaks * peaks, GstClockTime duration, GArray * out)
{
  guint n = (guint) MIN (MAX_PEAKS,
      (duration + peaks->length - 1) / peaks->length);

  g_array_append_vals (out, peaks->buckets, n);
}
