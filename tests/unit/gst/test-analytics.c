/* test-analytics.c - results in GStreamer's analytics metas, read back with its own functions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecanalytics.h"

static GstEmotion2vecResult *
make_result (guint64 id)
{
  static const char *const labels[] = { "angry", "happy", "so-so", NULL };
  static const double scores[] = { 0.125, 0.25, 0.625 };
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->id = id;
  result->running_time = 5 * GST_SECOND + id;
  result->duration = 3 * GST_SECOND;
  gst_emotion2vec_result_set_scores (result, labels, scores, 3);
  return result;
}

static void
attach (GstBuffer * buffer, GstEmotion2vecResult * result)
{
  gst_emotion2vec_analytics_attach (buffer, result);
  gst_emotion2vec_result_free (result);
}

#ifdef HAVE_ANALYTICS

#include <gst/analytics/analytics.h>

/* Goes from a window to its classes, as a reader does. Returns: the result's id. */
static guint64
check_window (GstAnalyticsRelationMeta * meta, GstAnalyticsTrackingMtd * window)
{
  static const char *const labels[] = { "angry", "happy", "so-so" };
  static const float scores[] = { 0.125f, 0.25f, 0.625f };
  GstAnalyticsMtdType type = gst_analytics_cls_mtd_get_mtd_type ();
  GstClockTime first, last;
  GstAnalyticsClsMtd classes;
  gpointer state = NULL;
  gboolean lost;
  guint64 id;

  g_assert_true (gst_analytics_tracking_mtd_get_info (window, &id, &first,
          &last, &lost));
  g_assert_false (lost);
  g_assert_cmpuint (first, ==, 5 * GST_SECOND + id);
  g_assert_cmpuint (last, ==, 8 * GST_SECOND + id);
  g_assert_true (gst_analytics_relation_meta_get_direct_related (meta,
          window->id, GST_ANALYTICS_REL_TYPE_RELATE_TO, type, &state,
          &classes));
  g_assert_cmpuint (gst_analytics_cls_mtd_get_length (&classes), ==, 3);
  for (guint c = 0; c < 3; c++) {
    gint index = gst_analytics_cls_mtd_get_index_by_quark (&classes,
        g_quark_from_string (labels[c]));

    g_assert_cmpint (index, ==, c);
    g_assert_cmpfloat (gst_analytics_cls_mtd_get_level (&classes, c), ==,
        scores[c]);
  }
  g_assert_cmpint (gst_analytics_relation_meta_get_relation (meta, classes.id,
          window->id), ==, GST_ANALYTICS_REL_TYPE_RELATE_TO);
  return id;
}

static void
check_windows (GstBuffer * buffer, guint n)
{
  GstAnalyticsRelationMeta *meta =
      gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsMtdType type = gst_analytics_tracking_mtd_get_mtd_type ();
  GstAnalyticsTrackingMtd window;
  gpointer state = NULL;
  guint found = 0;

  g_assert_nonnull (meta);
  g_assert_cmpuint (gst_buffer_get_n_meta (buffer,
          GST_ANALYTICS_RELATION_META_API_TYPE), ==, 1);
  while (gst_analytics_relation_meta_iterate (meta, &state, type, &window))
    g_assert_cmpuint (check_window (meta, &window), ==, found++);
  g_assert_cmpuint (found, ==, n);
}

static void
test_classes (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 8, NULL);
  g_autoptr (GstBuffer) copy = NULL;

  attach (buffer, make_result (0));
  check_windows (buffer, 1);
  copy = gst_buffer_copy (buffer);
  check_windows (copy, 1);
}

/* More of them than a relation meta has room for at first. */
static void
test_many (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 8, NULL);

  for (guint id = 0; id < 40; id++)
    attach (buffer, make_result (id));
  check_windows (buffer, 40);
}

/* What others wrote stays. */
static void
test_beside_others (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 8, NULL);
  GstAnalyticsRelationMeta *meta =
      gst_buffer_add_analytics_relation_meta (buffer);
  GstAnalyticsClsMtd mine;

  g_assert_true (gst_analytics_relation_meta_add_one_cls_mtd (meta, 0.5f,
          g_quark_from_static_string ("music"), &mine));
  attach (buffer, make_result (0));
  check_windows (buffer, 1);
  g_assert_true (gst_analytics_relation_meta_get_cls_mtd (meta, mine.id,
          &mine));
  g_assert_cmpstr (g_quark_to_string (gst_analytics_cls_mtd_get_quark (&mine,
              0)), ==, "music");
}

static void
test_nothing_to_say (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 8, NULL);
  GstEmotion2vecResult *silent = gst_emotion2vec_result_new ();
  GstEmotion2vecResult *timeless = make_result (0);

  silent->running_time = 0;
  silent->silent = TRUE;
  timeless->running_time = GST_CLOCK_TIME_NONE;
  attach (buffer, silent);
  attach (buffer, timeless);
  g_assert_null (gst_buffer_get_analytics_relation_meta (buffer));
}

#if GST_CHECK_VERSION (1, 26, 0)
static void
check_tensor (GstTensorMeta * meta, const char *name, gsize n_dims,
    const gsize * dims, const float *values)
{
  gint index = gst_tensor_meta_get_index_from_id (meta,
      g_quark_from_string (name));
  const GstTensor *tensor;
  gsize n = 1;

  g_assert_cmpint (index, >=, 0);
  tensor = meta->tensors[index];
  g_assert_cmpint (tensor->data_type, ==, GST_TENSOR_DATA_TYPE_FLOAT32);
  g_assert_cmpint (tensor->dims_order, ==, GST_TENSOR_DIM_ORDER_ROW_MAJOR);
  g_assert_cmpmem (tensor->dims, tensor->num_dims * sizeof (gsize), dims,
      n_dims * sizeof (gsize));
  for (gsize i = 0; i < n_dims; i++)
    n *= dims[i];
  g_assert_cmpuint (gst_buffer_get_size (tensor->data), ==, n * sizeof (float));
  g_assert_cmpint (gst_buffer_memcmp (tensor->data, 0, values,
          n * sizeof (float)), ==, 0);
}

static void
test_tensors (void)
{
  static const float utterance[] = { 1.5f, -0.1f };
  static const float frames[] = { 1, 2, 3, 4, 5, 6.25f };
  static const gsize dims[] = { 3, 2 };
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 8, NULL);
  g_autoptr (GstBuffer) bare = gst_buffer_new_allocate (NULL, 8, NULL);
  GstEmotion2vecResult *result = make_result (0);

  attach (bare, make_result (0));
  g_assert_null (gst_buffer_get_tensor_meta (bare));
  result->dim = 2;
  result->n_frames = 3;
  result->utterance = g_memdup2 (utterance, sizeof utterance);
  result->frames = g_memdup2 (frames, sizeof frames);
  attach (buffer, result);
  check_tensor (gst_buffer_get_tensor_meta (buffer),
      "emotion2vec-utterance-embedding", 1, dims + 1, utterance);
  check_tensor (gst_buffer_get_tensor_meta (buffer),
      "emotion2vec-frame-embedding", 2, dims, frames);
}
#endif

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/analytics/classes", test_classes);
  g_test_add_func ("/analytics/many", test_many);
  g_test_add_func ("/analytics/beside-others", test_beside_others);
  g_test_add_func ("/analytics/nothing-to-say", test_nothing_to_say);
#if GST_CHECK_VERSION (1, 26, 0)
  g_test_add_func ("/analytics/tensors", test_tensors);
#endif
  return g_test_run ();
}

#else

static void
test_without (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 8, NULL);
  gpointer state = NULL;

  attach (buffer, make_result (0));
  g_assert_null (gst_buffer_iterate_meta (buffer, &state));
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/analytics/without", test_without);
  return g_test_run ();
}

#endif
