/* gstemotion2vecstats.c - what the element tells of itself: the classes of its model, and counts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecpriv.h"

void
gst_emotion2vec_stats_get_labels (GstEmotion2vec * self, GValue * array)
{
  const char *const *labels = self->engine ?
      gst_emotion2vec_head_labels (self->head, self->engine) : NULL;

  for (guint i = 0; labels && labels[i]; i++) {
    GValue label = G_VALUE_INIT;

    g_value_init (&label, G_TYPE_STRING);
    g_value_set_string (&label, labels[i]);
    gst_value_array_append_and_take_value (array, &label);
  }
}

static void
add_stream_stats (GstStructure * stats, GstEmotion2vecStream * stream)
{
  GstEmotion2vecStreamStats counts;

  gst_emotion2vec_stream_get_stats (stream, &counts);
  gst_structure_set (stats,
      "windows", G_TYPE_UINT64, counts.windows,
      "results", G_TYPE_UINT64, counts.done,
      "dropped", G_TYPE_UINT64, counts.dropped,
      "silent", G_TYPE_UINT64, counts.silent,
      "failed", G_TYPE_UINT64, counts.failed,
      "re-run", G_TYPE_UINT64, counts.reruns,
      "pending", G_TYPE_UINT, counts.pending,
      "latency-mean", G_TYPE_UINT64, counts.latency_mean,
      "latency-p95", G_TYPE_UINT64, counts.latency_p95,
      "real-time-factor", G_TYPE_DOUBLE, counts.audio_time > 0 ?
      (double) counts.inference_time / (double) counts.audio_time : 0.0, NULL);
}

GstStructure *
gst_emotion2vec_stats_new (GstEmotion2vec * self)
{
  GstStructure *stats = gst_structure_new ("application/x-emotion2vec-stats",
      "late", G_TYPE_UINT64, self->n_late,
      "reverse", G_TYPE_UINT64, self->n_reverse,
      "delay", G_TYPE_UINT64, self->delay, NULL);

  if (!self->engine)
    return stats;
  add_stream_stats (stats, self->stream);
  gst_structure_set (stats,
      "model", G_TYPE_STRING,
      gst_emotion2vec_engine_model_name (self->engine),
      "device", G_TYPE_STRING,
      gst_emotion2vec_engine_device (self->engine), NULL);
  if (self->head)
    gst_structure_set (stats, "head", G_TYPE_STRING,
        gst_emotion2vec_head_name (self->head), NULL);
  return stats;
}
