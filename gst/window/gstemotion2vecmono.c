/* gstemotion2vecmono.c - raw audio of any kind as one line of mono 16 kHz samples.
 *
 * (1) The line is a function of the frames added: not of the pieces they came in, and not of what came after them.
 * (2) The resampler holds half its filter back, waiting for what comes next. A reader who wants the line up to the very
 *     last frame gets those samples from a second resampler (`ending`), which is fed the recent frames and then
 *     silence; the first goes on undisturbed.
 * (3) The second resampler starts at a multiple of `period_in`, where an output falls exactly on an input, so both
 *     agree on where the samples lie.
 * (4) GStreamer's resampler places samples exactly only when it computes its filters for each phase; the interpolated
 *     ones of its other modes are off by up to a quarter of an input sample (measured with sines on 1.22). And
 *     gst_audio_resampler_reset() leaves the phase where it was: so `ending` always gives whole periods, after which
 *     the phase is 0, and a new line gets a new resampler.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecmono.h"

#include <math.h>
#include <string.h>

/* Values converted at once: bounds the scratch memory whatever the size of a buffer. */
#define CHUNK 4096

/* Of 0 to 10: errors of a sine are below 1e-6. */
#define RESAMPLER_QUALITY 8

/* Rates with more phases than this are resampled with interpolated filters, as tables of all phases grow too big. Every
 * usual rate has fewer (11025 Hz: 640). */
#define MAX_PHASES 1000

/* Louder than any audio; keeps sums and squares of absurd float input finite. */
#define MAX_MAGNITUDE 1e15f

struct _GstEmotion2vecMono
{
  GstAudioInfo info;
  gint channel;                 /* the only one heard; -1: all */
  GstAudioConverter *converter;
  gint n_planes, n_interleaved; /* planes, channels in each */
  gsize chunk;                  /* frames converted at once */
  guint8 *picked;               /* [chunk] values of the one channel, in the input's format */
  double *values;               /* [chunk][n_interleaved] */
  double *sums;                 /* [chunk] */
  float *samples;               /* [chunk] */
  GstAudioResampler *resampler, *ending;        /* NULL at 16 kHz */
  guint64 period_in, period_out;        /* rate : 16000 in lowest terms */
  guint64 lookback;             /* frames that an ending needs before the last */
  guint64 n_frames;
  guint64 line_first;           /* position of line[0] */
  GArray *line;                 /* float, 16 kHz */
  guint64 needed_from;
  guint64 recent_first;         /* position of recent[0] */
  GArray *recent;               /* float, input's rate */
};

/* From one channel of @info to one of doubles. Channels are averaged here and not by GStreamer, whose default weighs them
 * by their positions, and whose mixer crashes beyond 64 of them (1.22). */
static GstAudioConverter *
converter_new (const GstAudioInfo * info)
{
  GstAudioInfo in, out;

  gst_audio_info_set_format (&in, info->finfo->format, info->rate, 1, NULL);
  gst_audio_info_set_format (&out, GST_AUDIO_FORMAT_F64, info->rate, 1, NULL);
  return gst_audio_converter_new (GST_AUDIO_CONVERTER_FLAG_NONE, &in, &out,
      NULL);
}

static GstAudioResampler *
resampler_new (const GstEmotion2vecMono * mono)
{
  const GstAudioResamplerMethod method = GST_AUDIO_RESAMPLER_METHOD_KAISER;
  gint rate = mono->info.rate;
  GstStructure *options = gst_structure_new_empty ("emotion2vec-resample");
  GstAudioResampler *resampler;

  gst_audio_resampler_options_set_quality (method, RESAMPLER_QUALITY, rate,
      GST_EMOTION2VEC_MONO_RATE, options);
  if (mono->period_out <= MAX_PHASES)
    gst_structure_set (options, GST_AUDIO_RESAMPLER_OPT_FILTER_INTERPOLATION,
        GST_TYPE_AUDIO_RESAMPLER_FILTER_INTERPOLATION,
        GST_AUDIO_RESAMPLER_FILTER_INTERPOLATION_NONE, NULL);
  resampler = gst_audio_resampler_new (method, GST_AUDIO_RESAMPLER_FLAG_NONE,
      GST_AUDIO_FORMAT_F32, 1, rate, GST_EMOTION2VEC_MONO_RATE, options);
  gst_structure_free (options);
  return resampler;
}

static void
open_resamplers (GstEmotion2vecMono * mono)
{
  gint rate = mono->info.rate;
  gint gcd = gst_util_greatest_common_divisor (rate, GST_EMOTION2VEC_MONO_RATE);

  mono->period_in = rate / gcd;
  mono->period_out = GST_EMOTION2VEC_MONO_RATE / gcd;
  mono->resampler = resampler_new (mono);
  mono->ending = resampler_new (mono);
  /* an output looks latency frames to both sides, and the first one that the
   * resampler held back lies up to one output before the last frame minus
   * latency */
  mono->lookback = 2 * gst_audio_resampler_get_max_latency (mono->resampler)
      + rate / GST_EMOTION2VEC_MONO_RATE + 4;
}

GstEmotion2vecMono *
gst_emotion2vec_mono_new (const GstAudioInfo * info, gint channel)
{
  GstAudioConverter *converter = converter_new (info);
  gboolean planar = info->layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  GstEmotion2vecMono *mono;

  if (!converter)
    return NULL;
  mono = g_new0 (GstEmotion2vecMono, 1);
  mono->info = *info;
  mono->channel = channel;
  mono->converter = converter;
  mono->n_planes = planar ? info->channels : 1;
  mono->n_interleaved = planar ? 1 : info->channels;
  mono->chunk = MAX (1, CHUNK / mono->n_interleaved);
  mono->picked = g_malloc (mono->chunk * (gsize) info->finfo->width / 8);
  mono->values = g_new (double, mono->chunk * mono->n_interleaved);
  mono->sums = g_new (double, mono->chunk);
  mono->samples = g_new (float, mono->chunk);
  mono->line = g_array_new (FALSE, FALSE, sizeof (float));
  mono->recent = g_array_new (FALSE, FALSE, sizeof (float));
  if (info->rate != GST_EMOTION2VEC_MONO_RATE)
    open_resamplers (mono);
  return mono;
}

void
gst_emotion2vec_mono_free (GstEmotion2vecMono * mono)
{
  if (!mono)
    return;
  gst_audio_converter_free (mono->converter);
  g_clear_pointer (&mono->resampler, gst_audio_resampler_free);
  g_clear_pointer (&mono->ending, gst_audio_resampler_free);
  g_array_unref (mono->line);
  g_array_unref (mono->recent);
  g_free (mono->picked);
  g_free (mono->values);
  g_free (mono->sums);
  g_free (mono->samples);
  g_free (mono);
}

void
gst_emotion2vec_mono_reset (GstEmotion2vecMono * mono)
{
  if (mono->resampler && mono->n_frames > 0) {
    gst_audio_resampler_free (mono->resampler);
    mono->resampler = resampler_new (mono);
  }
  g_array_set_size (mono->line, 0);
  g_array_set_size (mono->recent, 0);
  mono->n_frames = mono->line_first = mono->needed_from = 0;
  mono->recent_first = 0;
}

guint64
gst_emotion2vec_mono_n_frames (const GstEmotion2vecMono * mono)
{
  return mono->n_frames;
}

/* Float audio may hold anything; a NaN would spoil every later sample that the resampler's filter touches. */
static void
make_sane (float *samples, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (!isfinite (samples[i]))
      samples[i] = 0;
    else
      samples[i] = CLAMP (samples[i], -MAX_MAGNITUDE, MAX_MAGNITUDE);
  }
}

guint64
gst_emotion2vec_mono_delay (const GstEmotion2vecMono * mono)
{
  if (!mono->resampler)
    return 0;
  return gst_audio_resampler_get_max_latency (mono->resampler)
      + mono->info.rate / GST_EMOTION2VEC_MONO_RATE + 1;
}

/* Drops the first elements of an array that nobody needs, now and then, so that the cost of moving the rest is small. */
static void
trim (GArray * array, guint64 * first, guint64 needed_from)
{
  guint64 unneeded = needed_from > *first ? needed_from - *first : 0;

  unneeded = MIN (unneeded, array->len);
  if (unneeded < CHUNK || unneeded < array->len / 2)
    return;
  g_array_remove_range (array, 0, (guint) unneeded);
  *first += unneeded;
}

/* Feeds @n floats and appends what comes out to the line. */
static void
resample (GstEmotion2vecMono * mono, float *samples, gsize n)
{
  gsize n_out = gst_audio_resampler_get_out_frames (mono->resampler, n);
  guint before = mono->line->len;
  gpointer in[1] = { samples };
  gpointer out[1];

  g_array_set_size (mono->line, before + (guint) n_out);
  out[0] = &g_array_index (mono->line, float, before);
  gst_audio_resampler_resample (mono->resampler, in, n, out, n_out);
}

static void
append (GstEmotion2vecMono * mono, float *samples, gsize n)
{
  mono->n_frames += n;
  if (!mono->resampler) {
    g_array_append_vals (mono->line, samples, (guint) n);
  } else {
    guint64 recent_from = mono->lookback + mono->period_in;

    g_array_append_vals (mono->recent, samples, (guint) n);
    recent_from = mono->n_frames > recent_from ?
        mono->n_frames - recent_from : 0;
    trim (mono->recent, &mono->recent_first, recent_from);
    resample (mono, samples, n);
  }
  trim (mono->line, &mono->line_first, mono->needed_from);
}

/* One channel of @n frames, at most one chunk. */
static void
pick (GstEmotion2vecMono * mono, const gpointer * planes, gsize offset, gsize n)
{
  gboolean planar = mono->n_interleaved == 1;
  gsize channel = (gsize) mono->channel;
  gsize value = (gsize) mono->info.finfo->width / 8;
  gsize stride = (gsize) mono->n_interleaved * value;
  const guint8 *from = (const guint8 *) planes[planar ? channel : 0]
      + offset * stride + (planar ? 0 : channel * value);
  gpointer in[1] = { mono->picked };
  gpointer out[1] = { mono->values };

  for (gsize i = 0; i < n; i++)
    memcpy (mono->picked + i * value, from + i * stride, value);
  gst_audio_converter_samples (mono->converter, 0, in, n, out, n);
  for (gsize i = 0; i < n; i++)
    mono->samples[i] = (float) mono->values[i];
}

/* The mean of the channels of @n frames, at most one chunk. */
static void
mix (GstEmotion2vecMono * mono, const gpointer * planes, gsize offset, gsize n)
{
  gsize width = (gsize) mono->n_interleaved;
  gsize stride = width * ((gsize) mono->info.finfo->width / 8);

  memset (mono->sums, 0, n * sizeof (double));
  for (gint p = 0; p < mono->n_planes; p++) {
    gpointer in[1] = { (guint8 *) planes[p] + offset * stride };
    gpointer out[1] = { mono->values };

    gst_audio_converter_samples (mono->converter, 0, in, n * width, out,
        n * width);
    for (gsize i = 0; i < n; i++)
      for (gsize c = 0; c < width; c++)
        mono->sums[i] += mono->values[i * width + c];
  }
  for (gsize i = 0; i < n; i++)
    mono->samples[i] = (float) (mono->sums[i] / mono->info.channels);
}

static void
convert (GstEmotion2vecMono * mono, const gpointer * planes, gsize offset,
    gsize n)
{
  if (!planes)
    memset (mono->samples, 0, n * sizeof (float));
  else if (mono->channel >= 0)
    pick (mono, planes, offset, n);
  else
    mix (mono, planes, offset, n);
  make_sane (mono->samples, n);
}

void
gst_emotion2vec_mono_push (GstEmotion2vecMono * mono, const gpointer * planes,
    gsize offset, gsize n_frames)
{
  while (n_frames > 0) {
    gsize n = MIN (n_frames, mono->chunk);

    convert (mono, planes, offset, n);
    append (mono, mono->samples, n);
    offset += n;
    n_frames -= n;
  }
}

/* Samples [@first, @first + @n) of the line as if the audio ended here. */
static void
read_ending (GstEmotion2vecMono * mono, guint64 first, guint n, float *samples)
{
  guint64 period = mono->n_frames > mono->lookback ?
      (mono->n_frames - mono->lookback) / mono->period_in : 0;
  guint64 skip = first - period * mono->period_out;
  guint64 n_periods = (skip + n + mono->period_out - 1) / mono->period_out;
  gsize n_out = (gsize) (n_periods * mono->period_out);
  gsize n_in = (gsize) (n_periods * mono->period_in + mono->lookback);
  guint64 offset = period * mono->period_in - mono->recent_first;
  gsize n_recent = mono->recent->len - (gsize) offset;
  g_autofree float *frames = g_new0 (float, MAX (n_in, n_recent));
  g_autofree float *line = g_new (float, n_out);
  gpointer in[1] = { frames };
  gpointer out[1] = { line };

  memcpy (frames, &g_array_index (mono->recent, float, offset),
      n_recent * sizeof (float));
  gst_audio_resampler_reset (mono->ending);
  gst_audio_resampler_resample (mono->ending, in, MAX (n_in, n_recent), out,
      n_out);
  memcpy (samples, line + skip, n * sizeof (float));
}

void
gst_emotion2vec_mono_read (GstEmotion2vecMono * mono, guint64 first, guint n,
    float *samples)
{
  guint64 have = mono->line_first + mono->line->len;
  guint ready = first < have ? (guint) MIN (n, have - first) : 0;

  if (ready > 0)
    memcpy (samples, &g_array_index (mono->line, float,
            first - mono->line_first), ready * sizeof (float));
  if (ready < n && mono->resampler)
    read_ending (mono, first + ready, n - ready, samples + ready);
  make_sane (samples, n);
}

void
gst_emotion2vec_mono_forget (GstEmotion2vecMono * mono, guint64 first)
{
  mono->needed_from = MAX (mono->needed_from, first);
}
