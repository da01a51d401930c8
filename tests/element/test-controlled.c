/* test-controlled.c - properties that a controller drives: exact to the buffer, in stream time.
 *
 * The segment begins at 100 s, so buffer times are not stream times.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>
#include <math.h>

#include "slowrig.h"

#define START (100 * GST_SECOND)

/* Windows of 250 ms, one after the other. */
static Rig *
new_rig (void)
{
  GstAudioInfo info = slowrig_audio ();
  GstSegment segment;

  slow_reset ();
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = START;
  return rig_new (&info, &segment, "window", 250 * MS, "interval",
      (guint64) 0, NULL);
}

typedef struct
{
  guint ms;                     /* stream time */
  double value;
} Point;

/* @property takes the values of @points, each until the time of the next. They are ended by one at time 0 that is not the
 * first. */
static void
control (Rig * rig, const char *property, const Point * points)
{
  GstControlSource *source = gst_interpolation_control_source_new ();

  g_object_set (source, "mode", GST_INTERPOLATION_MODE_NONE, NULL);
  for (guint i = 0; i == 0 || points[i].ms > 0; i++)
    g_assert_true (gst_timed_value_control_source_set
        (GST_TIMED_VALUE_CONTROL_SOURCE (source), points[i].ms * MS,
            points[i].value));
  g_assert_true (gst_object_add_control_binding (GST_OBJECT (rig->element),
          gst_direct_control_binding_new_absolute (GST_OBJECT (rig->element),
              property, source)));
  gst_object_unref (source);
}

static GPtrArray *
results_of (Rig * rig, const float *samples, guint ms)
{
  slowrig_push (rig, samples, ms, START);
  return rig_results (rig, LOG_MESSAGE);
}

/* Windows lie in [0 s, 1 s) and from 2.01 s on; the half second before 3 s is forgotten. */
static void
test_enabled (void)
{
  static const Point points[] = { {0, 1}, {1000, 0}, {2010, 1}, {2460, 0},
  {3000, 1}, {0, 0}
  };
  static const guint starts[] = { 0, 250, 500, 750, 2010, 3000, 3250, 3500,
    3750
  };
  g_autofree float *noise = slowrig_noise (4000, 1);
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;

  control (rig, "enabled", points);
  results = results_of (rig, noise, 4000);
  g_assert_cmpuint (results->len, ==, G_N_ELEMENTS (starts));
  for (guint k = 0; k < results->len; k++) {
    rig_assert_span (results->pdata[k], START / MS + starts[k], 250);
    g_assert_cmpuint (rig_u64 (results->pdata[k], "stream-time"), ==,
        starts[k] * MS);
  }
  g_assert_cmpuint (slowrig_n_buffers (rig), ==, 400);
  rig_free (rig);
}

/* Consent is withdrawn after the last buffer: there is no tail. */
static void
test_disabled_at_the_end (void)
{
  g_autofree float *noise = slowrig_noise (850, 1);
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;

  g_object_set (rig->element, "minimum-duration", 50 * MS, NULL);
  slowrig_restart (rig);
  slowrig_push (rig, noise, 850, 0);
  g_object_set (rig->element, "enabled", FALSE, NULL);
  rig_send (rig, gst_event_new_eos ());
  results = rig_results_in_band (rig);
  g_assert_cmpuint (results->len, ==, 3);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 3);
  rig_free (rig);
}

/* A window has what is in force at its last buffer. */
static void
test_threshold (void)
{
  static const Point points[] = { {0, 0}, {490, 1}, {740, 0}, {990, 1},
  {0, 0}
  };
  static const gboolean below[] = { FALSE, TRUE, FALSE, TRUE };
  g_autofree float *noise = slowrig_noise (1000, 1);
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;

  control (rig, "threshold", points);
  results = results_of (rig, noise, 1000);
  g_assert_cmpuint (results->len, ==, 4);
  /* the last buffers begin at 240, 490, 740 and 990 ms */
  for (guint k = 0; k < 4; k++)
    g_assert_cmpint (slowrig_truth (results->pdata[k], "below-threshold"), ==,
        below[k]);
  rig_free (rig);
}

static void
test_silence (void)
{
  static const Point points[] = { {0, -90}, {250, -20}, {740, -30}, {0, 0} };
  g_autofree float *noise = slowrig_noise (1000, 1);
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;

  /* uniform noise of a twentieth: -30.8 dBFS, in 100 ms of 1600 samples less than 0.5 dB off; -24.8 from 750 ms on */
  for (guint i = 0; i < 16000; i++)
    noise[i] *= i < 12000 ? 0.05f : 0.1f;
  control (rig, "silence-threshold", points);
  results = results_of (rig, noise, 1000);
  g_assert_cmpuint (results->len, ==, 4);
  g_assert_false (slowrig_truth (results->pdata[0], "silent"));
  g_assert_true (slowrig_truth (results->pdata[1], "silent"));
  g_assert_true (slowrig_truth (results->pdata[2], "silent"));
  g_assert_false (slowrig_truth (results->pdata[3], "silent"));
  rig_free (rig);
}

/* The time constant changes from window to window; 0 begins anew. */
static void
test_smoothing (void)
{
  static const Point points[] = { {0, 1}, {490, 0.1}, {740, 2}, {990, 0},
  {1240, 1}, {0, 0}
  };
  static const double constants[] = { 1, 0.1, 2, 0, 1 };
  g_autofree float *noise = slowrig_noise (1250, 1);
  Rig *rig = new_rig ();
  g_autoptr (GPtrArray) results = NULL;
  double mean[9];

  control (rig, "smoothing", points);
  results = results_of (rig, noise, 1250);
  g_assert_cmpuint (results->len, ==, 5);
  for (guint k = 0; k < 5; k++) {
    g_autoptr (E2vResult) output =
        slowrig_expect (rig_model (), noise + k * 4000, 4000);
    guint n;
    g_autofree double *scores =
        slowrig_doubles (results->pdata[k], "scores", &n);
    double keep = k == 0 || k >= 3 ? 0 : exp (-0.25 / constants[k]);

    g_assert_cmpuint (n, ==, 9);
    for (guint c = 0; c < 9; c++) {
      mean[c] = keep > 0 ? keep * mean[c]
          + (1 - keep) * (double) output->scores[c] :
          (double) output->scores[c];
      g_assert_cmpfloat_with_epsilon (scores[c], mean[c], 1e-9);
    }
    g_assert_true (gst_structure_has_field (results->pdata[k],
            "raw-scores") == (constants[k] > 0));
  }
  rig_free (rig);
}

/* These and no others say that they can be controlled. */
static void
test_which (void)
{
  static const char *const controllable[] = { "enabled", "threshold",
    "smoothing", "silence-threshold", NULL
  };
  GstElement *element = gst_element_factory_make ("emotion2vec", NULL);
  guint n;
  g_autofree GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  for (guint i = 0; i < n; i++)
    if (specs[i]->owner_type == G_OBJECT_TYPE (element))
      g_assert_cmpint ((specs[i]->flags & GST_PARAM_CONTROLLABLE) != 0, ==,
          g_strv_contains (controllable, specs[i]->name));
  gst_object_unref (element);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  slowrig_install ();
  g_test_add_func ("/controlled/enabled", test_enabled);
  g_test_add_func ("/controlled/disabled-at-the-end", test_disabled_at_the_end);
  g_test_add_func ("/controlled/threshold", test_threshold);
  g_test_add_func ("/controlled/silence", test_silence);
  g_test_add_func ("/controlled/smoothing", test_smoothing);
  g_test_add_func ("/controlled/which", test_which);
  return g_test_run ();
}
