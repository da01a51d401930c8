/* gstemotion2vecanalytics.c - results as GStreamer's own analytics metas.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecanalytics.h"

#ifdef HAVE_ANALYTICS

#include <gst/analytics/analytics.h>

static gboolean
add_classes (GstAnalyticsRelationMeta * meta,
    const GstEmotion2vecResult * result, GstAnalyticsClsMtd * classes)
{
  g_autofree GQuark *quarks = g_new (GQuark, result->n_classes);
  g_autofree float *levels = g_new (float, result->n_classes);

  for (guint c = 0; c < result->n_classes; c++) {
    quarks[c] = g_quark_from_string (result->labels[c]);
    levels[c] = (float) result->scores[c];
  }
  return gst_analytics_relation_meta_add_cls_mtd (meta, result->n_classes,
      levels, quarks, classes);
}

/* The only analytics data with times: from when to when something was seen. */
static gboolean
add_window (GstAnalyticsRelationMeta * meta,
    const GstEmotion2vecResult * result, GstAnalyticsTrackingMtd * window)
{
  return gst_analytics_relation_meta_add_tracking_mtd (meta, result->id,
      result->running_time, window)
      && gst_analytics_tracking_mtd_update_last_seen (window,
      result->running_time + result->duration);
}

static void
attach_relations (GstBuffer * buffer, const GstEmotion2vecResult * result)
{
  const GstAnalyticsRelTypes relate = GST_ANALYTICS_REL_TYPE_RELATE_TO;
  /* a second one would be lost where buffers are joined */
  GstAnalyticsRelationMeta *meta =
      gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsTrackingMtd window;
  GstAnalyticsClsMtd classes;

  if (!meta)
    meta = gst_buffer_add_analytics_relation_meta (buffer);
  if (!add_classes (meta, result, &classes)
      || !add_window (meta, result, &window)
      || !gst_analytics_relation_meta_set_relation (meta, relate, classes.id,
          window.id)
      || !gst_analytics_relation_meta_set_relation (meta, relate, window.id,
          classes.id))
    GST_WARNING ("no room for a result among the analytics of %"
        GST_PTR_FORMAT, buffer);
}

#if GST_CHECK_VERSION (1, 26, 0)

/* @n_rows: 0 for one vector. */
static GstTensor *
make_tensor (const char *name, const float *values, guint n_rows, guint width)
{
  gsize dims[] = { n_rows, width };
  gsize size = (gsize) MAX (n_rows, 1) * width * sizeof (float);
  guint skip = n_rows == 0 ? 1 : 0;

  return gst_tensor_new_simple (g_quark_from_static_string (name),
      GST_TENSOR_DATA_TYPE_FLOAT32, gst_buffer_new_memdup (values, size),
      GST_TENSOR_DIM_ORDER_ROW_MAJOR, G_N_ELEMENTS (dims) - skip, dims + skip);
}

static void
attach_tensors (GstBuffer * buffer, const GstEmotion2vecResult * result)
{
  GstTensor *tensors[2];
  guint n = 0;

  if (result->utterance && result->dim > 0)
    tensors[n++] = make_tensor (GST_EMOTION2VEC_TENSOR_UTTERANCE,
        result->utterance, 0, result->dim);
  if (result->frames && result->dim > 0 && result->n_frames > 0)
    tensors[n++] = make_tensor (GST_EMOTION2VEC_TENSOR_FRAMES,
        result->frames, result->n_frames, result->dim);
  if (n > 0)
    gst_tensor_meta_set (gst_buffer_add_tensor_meta (buffer), n,
        g_memdup2 (tensors, n * sizeof *tensors));
}

#else

static void
attach_tensors (GstBuffer * buffer, const GstEmotion2vecResult * result)
{
}

#endif

void
gst_emotion2vec_analytics_attach (GstBuffer * buffer,
    const GstEmotion2vecResult * result)
{
  if (result->n_classes > 0 && GST_CLOCK_TIME_IS_VALID (result->running_time))
    attach_relations (buffer, result);
  attach_tensors (buffer, result);
}

#else

void
gst_emotion2vec_analytics_attach (GstBuffer * buffer,
    const GstEmotion2vecResult * result)
{
}

#endif
