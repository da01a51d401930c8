/* test-stalled.c - a device that never answers, under a lossy stream: no buffer waits for it.
 *
 * While the gate is closed no batch ends. That each buffer is out when its push returns, then, proves that nothing of
 * what loss does to the stream waits for inference.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/app/gstappsrc.h>

#include "gstemotion2vec.h"
#include "gstemotion2vecmeta.h"
#include "orderbench.h"
#include "rig.h"
#include "slowexecutor.h"

#define MS GST_MSECOND
#define N_BUFFERS 1000

/* Whoever waits for the gate waits for ever: only to tell a failure from a long wait. */
#define HANG_SECONDS 60

/* Settings: of the element, besides those of new_rig(). */
typedef struct
{
  const char *name, *settings;
} Case;

static const Case cases[] = {
  {"drop-oldest", "overload=drop-oldest"},
  {"drop-newest", "overload=drop-newest"},
  {"stretch", "overload=stretch"},
  {"speech", "trigger=interval+speech silence-threshold=-90"},
  {"whole-stretches", "window=0 max-window=1000000000"},
  {"channels", "channel-mode=each smoothing=2"},
  {"everything", "send-events=true granularity=utterance+frame "
        "embedding=utterance+frame tag-mode=summary+changes"},
};

static void
set_all (GstElement * element, const char *settings)
{
  g_auto (GStrv) pairs = g_strsplit (settings, " ", -1);

  for (guint i = 0; pairs[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (pairs[i], "=", 2);

    gst_util_set_object_arg (G_OBJECT (element), pair[0], pair[1]);
  }
}

static Rig *
new_rig (const Case * row)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_S16LE, 16000, 2, FALSE);
  Rig *rig;

  slow_reset ();
  rig = rig_new (&info, NULL, "window", 300 * MS, "interval", 100 * MS,
      "minimum-duration", 200 * MS, NULL);
  gst_util_set_object_arg (G_OBJECT (rig->element), "mode", "async");
  /* some may not change later than in READY; the harness sends caps and segment once more by itself */
  gst_element_set_state (rig->element, GST_STATE_READY);
  set_all (rig->element, row->settings);
  gst_element_set_state (rig->element, GST_STATE_PLAYING);
  return rig;
}

static guint
count_buffers (const Rig * rig, guint from)
{
  guint n = 0;

  for (guint i = from; i < rig->log->len; i++)
    n += ((LogEntry *) rig->log->pdata[i])->kind == LOG_BUFFER;
  return n;
}

/* The next 10 ms after @time, and what a receiver makes of loss before them: a GAP event and a buffer with DISCONT, that
 * flag alone, or a buffer of concealed audio with GAP. Returns the time after them. */
static GstClockTime
push_next (Rig * rig, GRand * rand, const guint8 * noise, GstClockTime time)
{
  GstBuffer *buffer;
  guint die = (guint) g_rand_int_range (rand, 0, 40);
  GstClockTime lost = 10 * MS * (die == 0 ? 100 : 1 + die);

  if (die < 3)
    rig_send (rig, gst_event_new_gap (time, lost));
  if (die < 5)
    time += lost;
  buffer = rig_buffer (rig, noise, 16000,
      (gsize) g_rand_int_range (rand, 0, 15000), 160, time);
  if (die < 5)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  else if (die == 5)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  g_assert_cmpint (gst_harness_push (rig->harness, buffer), ==, GST_FLOW_OK);
  return time + 10 * MS;
}

static void
check_order (Rig * rig)
{
  g_autoptr (GPtrArray) results = rig_results (rig, LOG_MESSAGE);

  g_assert_cmpuint (results->len, >, 0);
  for (guint i = 1; i < results->len; i++)
    g_assert_cmpuint (rig_u64 (results->pdata[i - 1], "id"), <,
        rig_u64 (results->pdata[i], "id"));
}

static void
test_loss (gconstpointer data)
{
  Rig *rig = new_rig (data);
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  g_autofree guint8 *noise = rig_noise (&rig->info, 16000, 3);
  GstClockTime time = 0;

  slow_close ();
  for (guint i = 0; i < N_BUFFERS; i++) {
    guint before = rig->log->len;

    bench_step ("buffer");
    time = push_next (rig, rand, noise, time);
    g_assert_cmpuint (count_buffers (rig, before), ==, 1);
  }
  g_assert_cmpuint (rig->audio->len, ==, N_BUFFERS * 640);
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 0);
  g_assert_cmpuint (slow_n_runs (), >, 0);
  slow_open ();
  rig_send (rig, gst_event_new_eos ());
  check_order (rig);
  rig_free (rig);
}

/* A live source that stops sending, as with DTX: what was heard before is told at once. There is no EOS in this test. */
static void
test_source_stops (void)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_S16LE, 16000, 1, FALSE);
  g_autofree guint8 *noise = rig_noise (&info, 16000, 3);
  g_autofree char *line = g_strdup_printf ("appsrc name=a is-live=true "
      "format=time caps=audio/x-raw,format=S16LE,rate=16000,channels=1,"
      "layout=interleaved ! emotion2vec window=500000000 interval=250000000 "
      "model-file=%s device=ref ! fakesink sync=true", rig_model ());
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error), *source;
  GstBus *bus;

  g_assert_no_error (error);
  slow_reset ();
  source = gst_bin_get_by_name (GST_BIN (pipeline), "a");
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < 100; i++) {
    GstBuffer *buffer = gst_buffer_new_memdup (noise + i * 320, 320);

    GST_BUFFER_PTS (buffer) = i * 10 * MS;
    GST_BUFFER_DURATION (buffer) = 10 * MS;
    gst_app_src_push_buffer (GST_APP_SRC (source), buffer);
  }
  for (guint k = 0; k < 3; k++) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (bus,
        GST_CLOCK_TIME_NONE, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);

    g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_ELEMENT);
    rig_assert_span (gst_message_get_structure (message), k * 250, 500);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (source);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  bench_watch (HANG_SECONDS);
  /* the elements of this program, not those of the plugin: their engine takes the executor of the test */
  gst_emotion2vec_meta_register ();
  g_assert_true (GST_ELEMENT_REGISTER (emotion2vec, NULL));
  slow_install ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/stalled/%s", cases[i].name);

    g_test_add_data_func (path, &cases[i], test_loss);
  }
  g_test_add_func ("/stalled/source-stops", test_source_stops);
  return g_test_run ();
}
