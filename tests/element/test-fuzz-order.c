/* test-fuzz-order.c - random streams, legal and illegal, with a second thread that interferes: nothing breaks.
 *
 * A sequence is made from its seed alone: an element, some 40 things done to it by a streaming thread, and in half of
 * the sequences a thread that changes properties, asks, flushes and changes states meanwhile. orderbench.h tells what is
 * held against what. In the environment:
 *   EMOTION2VEC_FUZZ_SECONDS   go on for so long, with new seeds, instead of the fixed ones
 *   EMOTION2VEC_FUZZ_SEED      only this one (with SECONDS: from this one on)
 *   EMOTION2VEC_FUZZ_DEVICE    instead of ref
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "oddstream.h"
#include "rig.h"

#define N_SEQUENCES 80
#define N_STEPS 40

/* Longer than anything takes under a sanitizer on a busy machine. */
#define HANG_SECONDS 400

static guint64 n_events, n_buffers, n_passed, n_results;

/* ---- what the streaming thread does ----------------------------------------------------------------------------- */

static void
send (Player * p, GstEvent * event)
{
  n_events++;
  bench_push_event (p->bench, event);
}

static void
push (Player * p, GstBuffer * buffer, gboolean shared)
{
  n_buffers++;
  if (shared)
    gst_buffer_ref (buffer);
  bench_push (p->bench, buffer);
  if (shared)
    gst_buffer_unref (buffer);
}

static void
do_run (Player * p)
{
  guint n = 1 + odd_below (p->rand, 12);
  gsize n_frames = odd_n_frames (p);
  gboolean shared = odd_chance (p->rand, 30);

  for (guint i = 0; i < n; i++)
    push (p, odd_good_buffer (p, n_frames), shared);
}

static void
do_odd (Player * p)
{
  push (p, odd_buffer (p), odd_chance (p->rand, 30));
}

static void
do_list (Player * p)
{
  guint n = odd_below (p->rand, 6);
  GstBufferList *list = gst_buffer_list_new ();

  n_buffers += n;
  for (guint i = 0; i < n; i++)
    gst_buffer_list_add (list, odd_good_buffer (p, odd_n_frames (p)));
  bench_push_list (p->bench, list);
}

static void
do_caps (Player * p)
{
  if (odd_chance (p->rand, 30)) {
    send (p, odd_bad_caps (p));
    if (odd_chance (p->rand, 30))
      return;
  }
  send (p, odd_good_caps (p));
}

static void
do_segment (Player * p)
{
  static const double rates[] = { 1, 1, 1, 2, -1, 0.5, 1e-3, 1e3 };
  GstSegment segment;

  gst_segment_init (&segment, odd_chance (p->rand, 85) ? GST_FORMAT_TIME :
      odd_chance (p->rand, 50) ? GST_FORMAT_BYTES : GST_FORMAT_DEFAULT);
  segment.rate = rates[odd_below (p->rand, G_N_ELEMENTS (rates))];
  segment.applied_rate = odd_chance (p->rand, 80) ? 1 :
      rates[odd_below (p->rand, G_N_ELEMENTS (rates))];
  if (odd_chance (p->rand, 50)) {
    segment.base = odd_time (p);
    segment.start = odd_time (p);
    segment.stop = odd_time (p);
    segment.time = odd_time (p);
    segment.offset = odd_chance (p->rand, 20) ? odd_time (p) : 0;
  }
  if (!odd_chance (p->rand, 20) && segment.base == GST_CLOCK_TIME_NONE)
    segment.base = 0;
  if (!odd_chance (p->rand, 20) && segment.start == GST_CLOCK_TIME_NONE)
    segment.start = 0;
  send (p, gst_event_new_segment (&segment));
  /* the same mapping once more, perhaps with another end */
  if (odd_chance (p->rand, 30)) {
    segment.stop = odd_time (p);
    send (p, gst_event_new_segment (&segment));
  }
}

static void
do_gap (Player * p)
{
  GstClockTime start = odd_time (p), duration = odd_time (p);

  if (start == GST_CLOCK_TIME_NONE)
    start = 0;
  send (p, gst_event_new_gap (start, duration));
}

static void
do_flush (Player * p)
{
  bench_flush (p->bench, odd_chance (p->rand, 80));
  if (odd_chance (p->rand, 80)) {
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    send (p, gst_event_new_segment (&segment));
  }
}

static void
do_start (Player * p)
{
  char id[] = { 's', (char) ('0' + odd_below (p->rand, 3)), 0 };

  send (p, gst_event_new_stream_start (id));
}

static void
do_begin (Player * p)
{
  GstSegment segment;

  if (odd_chance (p->rand, 95))
    do_start (p);
  if (odd_chance (p->rand, 95))
    send (p, odd_good_caps (p));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  if (odd_chance (p->rand, 95))
    send (p, gst_event_new_segment (&segment));
}

static void
do_end (Player * p)
{
  if (odd_chance (p->rand, 50))
    send (p, gst_event_new_segment_done (GST_FORMAT_TIME, (gint64) p->pts));
  else
    send (p, gst_event_new_eos ());
  if (odd_chance (p->rand, 80))
    do_flush (p);
  else if (odd_chance (p->rand, 80))
    do_begin (p);
}

static void
do_tags (Player * p)
{
  GstTagList *tags = gst_tag_list_new (GST_TAG_TITLE, "a title",
      GST_TAG_COMMENT, "of others", GST_TAG_EXTENDED_COMMENT,
      "emotion2vec-label=of others", NULL);

  if (odd_chance (p->rand, 30))
    gst_tag_list_set_scope (tags, GST_TAG_SCOPE_GLOBAL);
  send (p, gst_event_new_tag (tags));
}

static void
do_toc (Player * p)
{
  GstToc *toc = gst_toc_new (GST_TOC_SCOPE_GLOBAL);
  GstTocEntry *entry = gst_toc_entry_new (GST_TOC_ENTRY_TYPE_CHAPTER, "1");

  gst_toc_entry_set_start_stop_times (entry, 0, 1000);
  gst_toc_append_entry (toc, entry);
  send (p, gst_event_new_toc (toc, odd_chance (p->rand, 50)));
  gst_toc_unref (toc);
}

static void
do_custom (Player * p)
{
  static const GstEventType types[] = { GST_EVENT_CUSTOM_DOWNSTREAM,
    GST_EVENT_CUSTOM_DOWNSTREAM_OOB, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
    GST_EVENT_CUSTOM_BOTH, GST_EVENT_CUSTOM_BOTH_OOB
  };

  send (p, gst_event_new_custom (types[odd_below (p->rand,
                  G_N_ELEMENTS (types))],
          gst_structure_new_empty (odd_chance (p->rand, 50) ? "emotion2vec" :
              "something")));
}

static void
do_answer (Player * p)
{
  static const GstFlowReturn answers[] = { GST_FLOW_FLUSHING, GST_FLOW_EOS,
    GST_FLOW_NOT_LINKED, GST_FLOW_ERROR, GST_FLOW_NOT_NEGOTIATED
  };

  bench_set_answer (p->bench, answers[odd_below (p->rand,
              G_N_ELEMENTS (answers))]);
  do_odd (p);
  bench_set_answer (p->bench, GST_FLOW_OK);
}

/* ---- what any thread does --------------------------------------------------------------------------------------- */

static void
do_ask (Player * p)
{
  gboolean from_below = odd_chance (p->rand, 50);
  g_autoptr (GstCaps) caps = gst_audio_info_to_caps (&p->info);
  GValue value = G_VALUE_INIT;
  GstStructure *stats;

  bench_query (p->bench, gst_query_new_latency (), from_below);
  bench_query (p->bench, gst_query_new_position (GST_FORMAT_TIME), from_below);
  bench_query (p->bench, gst_query_new_caps (caps), from_below);
  bench_query (p->bench, gst_query_new_accept_caps (caps), from_below);
  bench_query (p->bench, gst_query_new_segment (GST_FORMAT_TIME), from_below);
  g_object_get (p->element, "stats", &stats, NULL);
  gst_structure_free (stats);
  g_object_get_property (G_OBJECT (p->element), "labels", &value);
  g_value_unset (&value);
}

static void
do_upstream (Player * p)
{
  switch (odd_below (p->rand, 4)) {
    case 0:
      bench_send_upstream (p->bench, gst_event_new_reconfigure ());
      break;
    case 1:
      bench_send_upstream (p->bench, gst_event_new_latency (odd_u64 (p->rand)
              / 2));
      break;
    case 2:
      bench_send_upstream (p->bench, gst_event_new_qos
          (GST_QOS_TYPE_UNDERFLOW, 1.5,
              (GstClockTimeDiff) (odd_u64 (p->rand) / 2),
              odd_u64 (p->rand) / 2));
      break;
    default:
      bench_send_upstream (p->bench, gst_event_new_seek (1, GST_FORMAT_TIME,
              GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE,
              0));
      break;
  }
}

/* Any property, also one that the docs say not to touch now: that must be without effect, not a crash. */
static void
do_property (Player * p)
{
  GValue value = G_VALUE_INIT;
  GParamSpec *spec = odd_property (p, &value);

  if (!spec)
    return;
  if (strcmp (spec->name, "align-results") == 0)
    bench_set_held (p->bench);
  g_object_set_property (G_OBJECT (p->element), spec->name, &value);
  g_value_unset (&value);
}

/* The one mode in which audio does not leave at once. */
static void
hold_audio (Player * p)
{
  bench_set_held (p->bench);
  gst_util_set_object_arg (G_OBJECT (p->element), "mode", "async");
  gst_util_set_object_arg (G_OBJECT (p->element), "align-results", "true");
}

static void
do_state (Player * p)
{
  bench_set_state (p->bench, (GstState) (GST_STATE_NULL + odd_below (p->rand,
              4)));
  bench_set_state (p->bench, GST_STATE_PLAYING);
}

static void
do_restart (Player * p)
{
  do_state (p);
  if (odd_chance (p->rand, 80))
    do_begin (p);
}

/* ---- sequences -------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  void (*act) (Player * p);
  guint weight, weight_beside;  /* in the streaming thread, in the other one */
} Action;

static const Action actions[] = {
  {"run", do_run, 40, 0},
  {"odd buffer", do_odd, 12, 0},
  {"list", do_list, 4, 0},
  {"caps", do_caps, 7, 0},
  {"segment", do_segment, 6, 0},
  {"gap", do_gap, 5, 0},
  {"flush", do_flush, 3, 0},
  {"begin", do_begin, 3, 0},
  {"end", do_end, 4, 0},
  {"tags", do_tags, 3, 0},
  {"toc", do_toc, 1, 0},
  {"custom event", do_custom, 3, 0},
  {"answer", do_answer, 2, 0},
  {"ask", do_ask, 2, 20},
  {"upstream event", do_upstream, 2, 10},
  {"property", do_property, 5, 50},
  {"state", do_state, 0, 2},
  {"restart", do_restart, 2, 0},
};

static void
do_flush_beside (Player * p)
{
  bench_flush (p->bench, odd_chance (p->rand, 80));
}

static void
act (Player * p, gboolean beside)
{
  guint total = 0, at;

  if (beside && odd_chance (p->rand, 5)) {
    bench_step ("flush beside");
    do_flush_beside (p);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    total += beside ? actions[i].weight_beside : actions[i].weight;
  at = odd_below (p->rand, total);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++) {
    guint weight = beside ? actions[i].weight_beside : actions[i].weight;

    if (at < weight) {
      bench_step (actions[i].name);
      actions[i].act (p);
      return;
    }
    at -= weight;
  }
}

static gpointer
play_beside (gpointer data)
{
  for (guint i = 0; i < N_STEPS; i++)
    act (data, TRUE);
  return NULL;
}

static void
check_finite (const GstStructure * fields, const char *name)
{
  double value;

  if (gst_structure_get_double (fields, name, &value) && !isfinite (value))
    bench_fail ("%s is %g", name, value);
}

static void
count_results (GstBus * bus)
{
  GstMessage *message;

  while ((message = gst_bus_pop (bus))) {
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
      n_results++;
      check_finite (gst_message_get_structure (message), "confidence");
      check_finite (gst_message_get_structure (message), "level");
    }
    gst_message_unref (message);
  }
}

static void
play (Player * p)
{
  Player beside = *p;
  GThread *thread = NULL;

  bench_set_state (p->bench, GST_STATE_PLAYING);
  do_begin (p);
  if (odd_chance (p->rand, 50)) {
    beside.rand = g_rand_new_with_seed (g_rand_int (p->rand));
    thread = g_thread_new ("beside", play_beside, &beside);
  }
  for (guint i = 0; i < N_STEPS; i++)
    act (p, FALSE);
  if (odd_chance (p->rand, 50))
    send (p, gst_event_new_eos ());
  if (!thread)
    return;
  g_thread_join (thread);
  g_rand_free (beside.rand);
}

static GstElement *
new_element (void)
{
  GstElement *element = gst_element_factory_make ("emotion2vec", NULL);

  g_object_set (element, "model-file", rig_model (), "device",
      odd_device (), "window", 100 * GST_MSECOND,
      "interval", 50 * GST_MSECOND, "minimum-duration", 50 * GST_MSECOND, NULL);
  return element;
}

static void
run_sequence (guint64 seed)
{
  guint64 next_offset = 0;
  Player p = {.rand = g_rand_new_with_seed ((guint32) seed),
    .next_offset = &next_offset
  };
  GstBus *bus = gst_bus_new ();

  bench_begin_sequence (seed);
  bench_step ("new");
  p.element = gst_object_ref_sink (new_element ());
  gst_element_set_bus (p.element, bus);
  p.bench = bench_new (p.element);
  odd_choose_info (&p);
  for (guint i = odd_below (p.rand, 6); i > 0; i--)
    do_property (&p);
  if (odd_chance (p.rand, 25))
    hold_audio (&p);
  play (&p);
  n_passed += bench_n_passed (p.bench);
  bench_step ("free");
  bench_free (p.bench);
  count_results (bus);
  gst_element_set_bus (p.element, NULL);
  gst_object_unref (p.element);
  gst_object_unref (bus);
  g_rand_free (p.rand);
}

static void
test_sequences (void)
{
  const char *first = g_getenv ("EMOTION2VEC_FUZZ_SEED");
  const char *seconds = g_getenv ("EMOTION2VEC_FUZZ_SECONDS");
  guint64 seed = first ? g_ascii_strtoull (first, NULL, 10) : 1, n = 0;
  gint64 end = g_get_monotonic_time () + (seconds ?
      g_ascii_strtoll (seconds, NULL, 10) * G_TIME_SPAN_SECOND : 0);
  guint64 most = seconds ? G_MAXUINT32 : first ? 1 : N_SEQUENCES;
  GstElement *keeper = gst_object_ref_sink (new_element ());

  /* mostly the model is there already, as in a process with several elements */
  gst_element_set_state (keeper, GST_STATE_READY);
  do {
    if (n % 10 == 9)
      gst_element_set_state (keeper, GST_STATE_NULL);
    run_sequence (seed++);
    if (n % 10 == 9)
      gst_element_set_state (keeper, GST_STATE_READY);
  } while (++n < most && (!seconds || g_get_monotonic_time () < end));
  gst_element_set_state (keeper, GST_STATE_NULL);
  gst_object_unref (keeper);
  g_test_message ("%" G_GUINT64_FORMAT " sequences, %" G_GUINT64_FORMAT
      " steps, %" G_GUINT64_FORMAT " buffers and %" G_GUINT64_FORMAT
      " events in, %" G_GUINT64_FORMAT " of them out and the same, %"
      G_GUINT64_FORMAT " results", n, bench_n_steps (), n_buffers, n_events,
      n_passed, n_results);
  /* a generator that only makes rubbish would prove nothing */
  if (!first) {
    g_assert_cmpuint (n_passed, >, n_buffers / 3);
    g_assert_cmpuint (n_results, >, n);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  bench_watch (HANG_SECONDS);
  g_test_add_func ("/fuzz-order/sequences", test_sequences);
  return g_test_run ();
}
