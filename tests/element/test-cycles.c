/* test-cycles.c - pipelines are started, stopped, flushed and sought in, at random and side by side: nothing is left.
 *
 * The pipelines run in a child process under GStreamer's leak tracer, which lists what is alive after gst_deinit(). A
 * second child leaks on purpose, so that a silent tracer cannot pass for a clean run. In the environment:
 *   EMOTION2VEC_FUZZ_SEED      instead of 1
 *   EMOTION2VEC_FUZZ_CYCLES    instead of 500
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "orderbench.h"
#include "rig.h"

/* Longer than anything takes under a sanitizer on a busy machine. */
#define HANG_SECONDS 400

#define N_PIPELINES 4

/* The one whose source is live. */
#define LIVE 1

/* The pauses give time to interfere while audio flows. */
static const char *const lines[N_PIPELINES] = {
  "audiotestsrc num-buffers=300 ! audio/x-raw,rate=16000 ! "
      "identity sleep-time=1000 ! emotion2vec name=e0 mode=async "
      "align-results=true send-events=true %s ! fakesink",
  "audiotestsrc is-live=true samplesperbuffer=160 ! audio/x-raw,rate=16000 ! "
      "emotion2vec name=e1 %s ! opusenc ! opusdec ! fakesink",
  "audiotestsrc num-buffers=40 samplesperbuffer=4410 ! tee name=t ! queue ! "
      "emotion2vec name=e2 %s ! fakesink t. ! queue ! "
      "emotion2vec name=e4 mode=async overload=block %s ! fakesink",
  "audiotestsrc num-buffers=600 samplesperbuffer=80 ! "
      "audio/x-raw,rate=8000,channels=2 ! identity sleep-time=500 ! "
      "emotion2vec name=e3 trigger=interval+speech tag-mode=summary+changes "
      "channel-mode=each granularity=utterance+frame %s ! audioconvert ! audioresample ! fakesink",
};

static guint n_results, n_ended;
static gboolean flushed;

static GstElement *
make_pipeline (guint i, const char *device)
{
  g_autofree char *settings = g_strdup_printf ("model-file=%s device=%s "
      "window=100000000 interval=50000000 minimum-duration=50000000",
      rig_model (), device);
  g_auto (GStrv) parts = g_strsplit (lines[i], "%s", -1);
  g_autofree char *line = g_strjoinv (settings, parts);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error);

  if (error)
    bench_fail ("%s", error->message);
  return pipeline;
}

/* A flush in the middle takes the segment from those below, who may refuse what comes next. Their errors are none of ours:
 * the pipeline starts anew. */
static void
check_error (GstElement * pipeline, GstMessage * message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_error (message, &error, NULL);
  if (GST_MESSAGE_SRC_NAME (message)[0] == 'e' || !flushed)
    bench_fail ("%s", error->message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* What the bus has, and no error of the element among it. */
static void
read_bus (GstElement * pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;

  while ((message = gst_bus_pop (bus))) {
    n_results += GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT;
    n_ended += GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      check_error (pipeline, message);
    gst_message_unref (message);
  }
  gst_object_unref (bus);
}

static void
wait_for (GstElement * pipeline, GstMessageType types)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      types | GST_MESSAGE_ERROR);

  gst_bus_post (bus, message);
  gst_object_unref (bus);
  read_bus (pipeline);
}

/* In PAUSED a source waits in the sink's preroll with the lock that these events need: GStreamer has it so. */
static gboolean
plays (GstElement * pipeline)
{
  GstState state;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return gst_element_get_state (pipeline, &state, NULL, 50 * GST_MSECOND) ==
      GST_STATE_CHANGE_SUCCESS && state == GST_STATE_PLAYING;
}

/* A seek without a flush makes a live source push a segment with the lock that it needs for the way to PLAYING. The encoder
 * then pushes what it has, and in PAUSED that waits in the sink for PLAYING: GStreamer has it so. */
static void
seek (GstElement * pipeline, guint i, GRand * rand)
{
  static const double rates[] = { 1, 1, 1, 2, 0.5, -1 };
  GstSeekFlags flags = GST_SEEK_FLAG_NONE;
  gint64 start = g_rand_int_range (rand, 0, 3000) * (gint64) GST_MSECOND;

  if (g_rand_boolean (rand) || i == LIVE || !plays (pipeline))
    flags |= GST_SEEK_FLAG_FLUSH;
  if (g_rand_boolean (rand))
    flags |= GST_SEEK_FLAG_SEGMENT;
  gst_element_seek (pipeline, rates[g_rand_int_range (rand, 0,
              G_N_ELEMENTS (rates))], GST_FORMAT_TIME, flags,
      GST_SEEK_TYPE_SET, start, GST_SEEK_TYPE_SET,
      start + g_rand_int_range (rand, 1, 500) * (gint64) GST_MSECOND);
}

/* Not beside a thread that goes on with a change of state: it holds the lock that the pipeline takes to tell of a new latency
 * while the flushed sink, which posted that, holds the one that the thread waits for: GStreamer has it so. */
static void
flush (GstElement * pipeline, guint i)
{
  char name[] = { 'e', (char) ('0' + i), 0 };
  GstElement *element;

  if (gst_element_get_state (pipeline, NULL, NULL, 50 * GST_MSECOND)
      == GST_STATE_CHANGE_ASYNC)
    return;
  element = gst_bin_get_by_name (GST_BIN (pipeline), name);
  flushed = TRUE;
  gst_element_send_event (element, gst_event_new_flush_start ());
  gst_element_send_event (element, gst_event_new_flush_stop (TRUE));
  gst_object_unref (element);
}

static void
change_state (GstElement * pipeline, GRand * rand, gboolean wait)
{
  gst_element_set_state (pipeline,
      (GstState) g_rand_int_range (rand, GST_STATE_NULL,
          GST_STATE_PLAYING + 1));
  /* preroll of a live or a flushed pipeline may never end */
  if (wait)
    gst_element_get_state (pipeline, NULL, NULL, 20 * GST_MSECOND);
}

static void
cycle (GstElement * pipeline, guint i, GRand * rand)
{
  switch (g_rand_int_range (rand, 0, 10)) {
    case 0:
    case 1:
      bench_step ("seek");
      seek (pipeline, i, rand);
      break;
    case 2:
      bench_step ("flush");
      flush (pipeline, i);
      break;
    case 3:
      bench_step ("end");
      if (plays (pipeline))
        gst_element_send_event (pipeline, gst_event_new_eos ());
      break;
    case 4:
      bench_step ("results");
      gst_element_set_state (pipeline, GST_STATE_NULL);
      gst_element_set_state (pipeline, GST_STATE_PLAYING);
      wait_for (pipeline, GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS
          | GST_MESSAGE_SEGMENT_DONE);
      break;
    case 5:
      bench_step ("stop at once");
      gst_element_set_state (pipeline, GST_STATE_PLAYING);
      gst_element_set_state (pipeline, GST_STATE_NULL);
      break;
    case 6:
      bench_step ("restart");
      gst_element_set_state (pipeline, GST_STATE_READY);
      gst_element_set_state (pipeline, GST_STATE_PLAYING);
      break;
    default:
      bench_step ("state");
      change_state (pipeline, rand, g_rand_boolean (rand));
      break;
  }
  read_bus (pipeline);
}

static void
play_to_the_end (GstElement * pipeline)
{
  bench_step ("to the end");
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  wait_for (pipeline, GST_MESSAGE_EOS);
}

static guint64
number (const char *name, guint64 otherwise)
{
  const char *text = g_getenv (name);

  return text ? g_ascii_strtoull (text, NULL, 10) : otherwise;
}

static void
run_cycles (const char *device)
{
  guint64 seed = number ("EMOTION2VEC_FUZZ_SEED", 1);
  guint64 n = number ("EMOTION2VEC_FUZZ_CYCLES", 500);
  GRand *rand = g_rand_new_with_seed ((guint32) seed);
  GstElement *pipelines[N_PIPELINES];

  bench_watch (HANG_SECONDS);
  bench_begin_sequence (seed);
  for (guint i = 0; i < N_PIPELINES; i++)
    pipelines[i] = make_pipeline (i, device);
  while (n--) {
    guint i = (guint) g_rand_int_range (rand, 0, N_PIPELINES);

    cycle (pipelines[i], i, rand);
  }
  /* under valgrind nothing else may have lasted until its end */
  play_to_the_end (pipelines[2]);
  for (guint i = 0; i < N_PIPELINES; i++) {
    bench_step ("free");
    gst_element_set_state (pipelines[i], GST_STATE_NULL);
    read_bus (pipelines[i]);
    gst_object_unref (pipelines[i]);
  }
  g_rand_free (rand);
  g_print ("%u results, %u times EOS\n", n_results, n_ended);
  if (n_results == 0 || n_ended == 0)
    bench_fail ("nothing happened");
}

static int
be_a_child (const char *what)
{
  if (strcmp (what, "leak") == 0)
    gst_object_ref_sink (gst_element_factory_make ("emotion2vec", NULL));
  else
    run_cycles (what);
  gst_deinit ();
  return 0;
}

/* (transfer full): what runs this program once more. @watched: by whoever watches this one and asked for its children. */
static char **
child_arguments (const char *what, gboolean watched)
{
  const char *wrapper = watched ? g_getenv ("EMOTION2VEC_WRAPPER") : NULL;
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *quoted = g_shell_quote (program);
  g_autofree char *line = g_strdup_printf ("%s %s child %s",
      wrapper ? wrapper : "", quoted, what);
  g_autoptr (GError) error = NULL;
  char **arguments = NULL;

  g_shell_parse_argv (line, NULL, &arguments, &error);
  g_assert_no_error (error);
  return arguments;
}

/* Returns whether the child left something alive. */
static gboolean
child_leaks (const char *what, gboolean watched)
{
  g_auto (GStrv) arguments = child_arguments (what, watched);
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *output = NULL, *errors = NULL;
  g_autoptr (GError) error = NULL;
  gint status;

  environment = g_environ_setenv (environment, "GST_TRACERS", "leaks", TRUE);
  environment = g_environ_setenv (environment, "GST_DEBUG",
      "GST_TRACER:7", TRUE);
  environment = g_environ_setenv (environment, "GST_DEBUG_NO_COLOR", "1", TRUE);
  g_spawn_sync (NULL, arguments, environment,
      G_SPAWN_LEAVE_DESCRIPTORS_OPEN | G_SPAWN_SEARCH_PATH, NULL, NULL, &output,
      &errors, &status, &error);
  g_assert_no_error (error);
  g_test_message ("%s", output);
  if (status != 0 || strstr (errors, "Leaks detected"))
    g_test_message ("%s", errors);
  g_assert_cmpint (status, ==, 0);
  /* of the Vulkan validation layer, where it is on */
  g_assert_null (strstr (output, "VUID-"));
  return strstr (errors, "Leaks detected") != NULL;
}

static void
test_tracer (void)
{
  g_assert_true (child_leaks ("leak", FALSE));
}

static void
test_cycles (void)
{
  g_assert_false (child_leaks ("ref", TRUE));
}

/* On a Vulkan device, where there is one. Such engines take long to open. */
static void
test_auto (void)
{
  g_setenv ("EMOTION2VEC_FUZZ_CYCLES", "100", FALSE);
  g_assert_false (child_leaks ("auto", TRUE));
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  if (argc == 3 && strcmp (argv[1], "child") == 0)
    return be_a_child (argv[2]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cycles/tracer-sees-a-leak", test_tracer);
  g_test_add_func ("/cycles/cycles", test_cycles);
  g_test_add_func ("/cycles/auto", test_auto);
  return g_test_run ();
}
