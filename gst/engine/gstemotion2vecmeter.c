/* gstemotion2vecmeter.c - counts what became of a stream's windows, and how long it took.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecmeter.h"

#include <string.h>

/* Of the windows that the model takes. */
#define RATE 16000

static void
add_run (GstEmotion2vecMeter * meter, const GstEmotion2vecRequest * request,
    GstClockTime latency)
{
  meter->latencies[meter->n_latencies++ % GST_EMOTION2VEC_METER_SPAN] = latency;
  meter->stats.audio_time +=
      gst_util_uint64_scale (request->n_samples, GST_SECOND, RATE);
  meter->stats.inference_time += request->time;
  meter->stats.reruns += request->rerun ? 1 : 0;
}

void
gst_emotion2vec_meter_add (GstEmotion2vecMeter * meter,
    const GstEmotion2vecRequest * request, gint64 now)
{
  if (request->error) {
    meter->stats.failed++;
    return;
  }
  meter->stats.done++;
  if (request->window->silent)
    meter->stats.silent++;
  else
    add_run (meter, request,
        (GstClockTime) (now - request->submitted) * GST_USECOND);
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  GstClockTime x = *(const GstClockTime *) a, y = *(const GstClockTime *) b;

  return x < y ? -1 : x > y;
}

void
gst_emotion2vec_meter_read (const GstEmotion2vecMeter * meter,
    GstEmotion2vecStreamStats * stats)
{
  GstClockTime sorted[GST_EMOTION2VEC_METER_SPAN], sum = 0;
  guint n = (guint) MIN (meter->n_latencies, GST_EMOTION2VEC_METER_SPAN);

  *stats = meter->stats;
  stats->latency_mean = stats->latency_p95 = GST_CLOCK_TIME_NONE;
  if (n == 0)
    return;
  memcpy (sorted, meter->latencies, n * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare_times);
  for (guint i = 0; i < n; i++)
    sum += sorted[i];
  stats->latency_mean = sum / n;
  /* the least that 95 of 100 do not exceed */
  stats->latency_p95 = sorted[(n * 95 + 99) / 100 - 1];
}
