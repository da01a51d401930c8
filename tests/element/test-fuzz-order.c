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
#include <stdlib.h>
#include <string.h>

#include "orderbench.h"
#include "rig.h"

#define N_SEQUENCES 80
#define N_STEPS 40

/* Longer than anything takes under a sanitizer on a busy machine. */
#define HANG_SECONDS 120

typedef struct
{
  Bench *bench;
  GstElement *element;
  GRand *rand;
  GstAudioInfo info;            /* in force */
  GstClockTime pts;             /* where the audio is, as far as it is legal */
  guint64 *next_offset;         /* shared with nobody: names the buffers */
} Player;

static guint64 n_events, n_buffers, n_passed, n_results;

static guint
below (GRand * rand, guint n)
{
  return (guint) g_rand_int_range (rand, 0, (gint32) n);
}

static gboolean
chance (GRand * rand, guint percent)
{
  return below (rand, 100) < percent;
}

/* All magnitudes alike, with the borders now and then. */
static guint64
any_u64 (GRand * rand)
{
  static const guint64 borders[] = { 0, 1, G_MAXUINT64, G_MAXUINT64 - 1,
    G_MAXINT64, (guint64) G_MAXINT64 + 1, G_MAXUINT32
  };
  guint64 bits = (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);

  if (chance (rand, 20))
    return borders[below (rand, G_N_ELEMENTS (borders))];
  return bits >> below (rand, 64);
}

/* Mostly near where the stream is. */
static GstClockTime
some_time (Player * p)
{
  switch (below (p->rand, 8)) {
    case 0:
      return any_u64 (p->rand);
    case 1:
      return GST_CLOCK_TIME_NONE;
    case 2:
      return p->pts + below (p->rand, 5000) * GST_MSECOND;
    case 3:
      return p->pts - MIN (p->pts, below (p->rand, 5000) * GST_MSECOND);
    default:
      return p->pts + below (p->rand, 100) * GST_MSECOND;
  }
}

/* ---- caps ------------------------------------------------------------------------------------------------------- */

/* Not the lowest rates: a few bytes would be minutes of audio. */
static void
choose_info (Player * p)
{
  static const gint rates[] = { 8000, 11025, 16000, 22050, 44100, 48000 };
  GRand *rand = p->rand;
  GstAudioFormat format = (GstAudioFormat) g_rand_int_range (rand,
      GST_AUDIO_FORMAT_S8, GST_AUDIO_FORMAT_F64BE + 1);
  gint rate = rates[below (rand, G_N_ELEMENTS (rates))];
  gint channels = g_rand_int_range (rand, 1, 4);

  if (chance (rand, 10))
    rate = 256 << below (rand, 11);
  if (chance (rand, 5))
    channels = g_rand_int_range (rand, 1, 65);
  p->info = rig_audio (format, rate, channels, chance (rand, 30));
}

static GstEvent *
good_caps (Player * p)
{
  g_autoptr (GstCaps) caps = NULL;

  if (!chance (p->rand, 20))
    choose_info (p);
  caps = gst_audio_info_to_caps (&p->info);
  return gst_event_new_caps (caps);
}

static GstEvent *
bad_caps (Player * p)
{
  static const char *const wrong[] = {
    "audio/x-raw", "video/x-raw, format=I420", "audio/x-opus",
    "audio/x-raw(memory:DMABuf), format=S16LE, rate=8000, channels=1",
    "audio/x-raw, format=S16LE, rate=0, channels=1, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=8000, channels=0, layout=interleaved",
    "audio/x-raw, format=F99LE, rate=8000, channels=1, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=-1, channels=-1, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=400000, channels=1, layout=interleaved",
    "audio/x-raw, format=F64LE, rate=8000, channels=2147483647, "
        "channel-mask=(bitmask)0, layout=interleaved",
    "audio/x-raw, format=F64LE, rate=8000, channels=536870912, "
        "channel-mask=(bitmask)0, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=8000, channels=3, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=8000, channels=2, layout=sideways",
  };
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (wrong[below (p->rand, G_N_ELEMENTS (wrong))]);

  return gst_event_new_caps (caps);
}

/* ---- buffers ---------------------------------------------------------------------------------------------------- */

static void
fill (Player * p, GstBuffer * buffer)
{
  GstMapInfo map;
  guint kind = below (p->rand, 4);

  if (!gst_buffer_map (buffer, &map, GST_MAP_WRITE))
    return;
  if (kind == 0)
    memset (map.data, 0, map.size);
  else if (kind == 1)           /* NaN in floating point */
    memset (map.data, 0xff, map.size);
  else
    for (gsize i = 0; i < map.size; i++)
      map.data[i] = (guint8) g_rand_int (p->rand);
  gst_buffer_unmap (buffer, &map);
}

/* In one piece, in several, out of the middle of a larger one, or read-only. */
static GstBuffer *
memory_of (Player * p, gsize size)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  fill (p, buffer);
  if (size > 2 && chance (p->rand, 20)) {
    gsize cut = 1 + below (p->rand, (guint) size - 1);
    GstBuffer *second = gst_buffer_copy_region (buffer,
        GST_BUFFER_COPY_MEMORY, cut, size - cut);

    gst_buffer_resize (buffer, 0, (gssize) cut);
    buffer = gst_buffer_append (buffer, second);
  }
  if (chance (p->rand, 10))
    gst_buffer_append_memory (buffer, gst_memory_new_wrapped
        (GST_MEMORY_FLAG_READONLY, g_malloc0 (8), 8, 0, 8, NULL, g_free));
  if (size > 2 && chance (p->rand, 10))
    gst_buffer_resize (buffer, 1, -1);
  return buffer;
}

static void
name_buffer (Player * p, GstBuffer * buffer)
{
  GST_BUFFER_OFFSET (buffer) = (*p->next_offset)++;
  if (chance (p->rand, 10))
    GST_BUFFER_OFFSET_END (buffer) = any_u64 (p->rand);
}

/* As a source makes it: right after the last one. */
static GstBuffer *
good_buffer (Player * p, gsize n_frames)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL,
      n_frames * (gsize) p->info.bpf, NULL);

  fill (p, buffer);
  if (p->info.layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED && n_frames > 0)
    gst_buffer_add_audio_meta (buffer, &p->info, n_frames, NULL);
  GST_BUFFER_PTS (buffer) = p->pts;
  GST_BUFFER_DURATION (buffer) =
      gst_util_uint64_scale (n_frames, GST_SECOND, (guint64) p->info.rate);
  p->pts += GST_BUFFER_DURATION (buffer);
  name_buffer (p, buffer);
  return buffer;
}

static gsize
some_frames (Player * p)
{
  gsize most = MAX (1, (gsize) p->info.rate / 8);

  most = MIN (most, MAX (1, 40000 / (gsize) p->info.bpf));
  return chance (p->rand, 20) ? 1 : 1 + below (p->rand, (guint) most);
}

static void
add_meta (Player * p, GstBuffer * buffer)
{
  GstAudioInfo other = rig_audio (GST_AUDIO_FORMAT_S16LE, 8000, 2, TRUE);
  gsize size = gst_buffer_get_size (buffer), cut;

  if (size < 8)
    return;
  gst_buffer_add_audio_meta (buffer, &other, size / 4, NULL);
  cut = below (p->rand, (guint) size);
  if (chance (p->rand, 50))
    gst_buffer_set_size (buffer, (gssize) cut);
}

static GstBuffer *
odd_buffer (Player * p)
{
  static const guint flags[] = { GST_BUFFER_FLAG_DISCONT,
    GST_BUFFER_FLAG_GAP, GST_BUFFER_FLAG_RESYNC, GST_BUFFER_FLAG_CORRUPTED,
    GST_BUFFER_FLAG_MARKER, GST_BUFFER_FLAG_HEADER, GST_BUFFER_FLAG_DROPPABLE,
    GST_BUFFER_FLAG_DELTA_UNIT, GST_BUFFER_FLAG_DECODE_ONLY
  };
  GstBuffer *buffer;

  if (chance (p->rand, 10))
    buffer = gst_buffer_new ();
  else if (chance (p->rand, 50))
    buffer = memory_of (p, some_frames (p) * (gsize) p->info.bpf);
  else
    buffer = memory_of (p, below (p->rand, 600));
  GST_BUFFER_PTS (buffer) = some_time (p);
  GST_BUFFER_DTS (buffer) = chance (p->rand, 20) ? some_time (p) :
      GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = some_time (p);
  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    if (chance (p->rand, 20))
      GST_BUFFER_FLAG_SET (buffer, flags[i]);
  if (chance (p->rand, 20))
    add_meta (p, buffer);
  name_buffer (p, buffer);
  return buffer;
}

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
  guint n = 1 + below (p->rand, 12);
  gsize n_frames = some_frames (p);
  gboolean shared = chance (p->rand, 30);

  for (guint i = 0; i < n; i++)
    push (p, good_buffer (p, n_frames), shared);
}

static void
do_odd (Player * p)
{
  push (p, odd_buffer (p), chance (p->rand, 30));
}

static void
do_list (Player * p)
{
  guint n = below (p->rand, 6);
  GstBufferList *list = gst_buffer_list_new ();

  n_buffers += n;
  for (guint i = 0; i < n; i++)
    gst_buffer_list_add (list, good_buffer (p, some_frames (p)));
  bench_push_list (p->bench, list);
}

static void
do_caps (Player * p)
{
  if (chance (p->rand, 30)) {
    send (p, bad_caps (p));
    if (chance (p->rand, 30))
      return;
  }
  send (p, good_caps (p));
}

static void
do_segment (Player * p)
{
  static const double rates[] = { 1, 1, 1, 2, -1, 0.5, 1e-3, 1e3 };
  GstSegment segment;

  gst_segment_init (&segment, chance (p->rand, 85) ? GST_FORMAT_TIME :
      chance (p->rand, 50) ? GST_FORMAT_BYTES : GST_FORMAT_DEFAULT);
  segment.rate = rates[below (p->rand, G_N_ELEMENTS (rates))];
  segment.applied_rate = chance (p->rand, 80) ? 1 :
      rates[below (p->rand, G_N_ELEMENTS (rates))];
  if (chance (p->rand, 50)) {
    segment.base = some_time (p);
    segment.start = some_time (p);
    segment.stop = some_time (p);
    segment.time = some_time (p);
    segment.offset = chance (p->rand, 20) ? some_time (p) : 0;
  }
  if (!chance (p->rand, 20) && segment.base == GST_CLOCK_TIME_NONE)
    segment.base = 0;
  if (!chance (p->rand, 20) && segment.start == GST_CLOCK_TIME_NONE)
    segment.start = 0;
  send (p, gst_event_new_segment (&segment));
}

static void
do_gap (Player * p)
{
  GstClockTime start = some_time (p), duration = some_time (p);

  if (start == GST_CLOCK_TIME_NONE)
    start = 0;
  send (p, gst_event_new_gap (start, duration));
}

static void
do_flush (Player * p)
{
  bench_flush (p->bench, chance (p->rand, 80));
  if (chance (p->rand, 80)) {
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    send (p, gst_event_new_segment (&segment));
  }
}

static void
do_start (Player * p)
{
  char id[] = { 's', (char) ('0' + below (p->rand, 3)), 0 };

  send (p, gst_event_new_stream_start (id));
}

static void
do_begin (Player * p)
{
  GstSegment segment;

  if (chance (p->rand, 95))
    do_start (p);
  if (chance (p->rand, 95))
    send (p, good_caps (p));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  if (chance (p->rand, 95))
    send (p, gst_event_new_segment (&segment));
}

static void
do_end (Player * p)
{
  if (chance (p->rand, 50))
    send (p, gst_event_new_segment_done (GST_FORMAT_TIME, (gint64) p->pts));
  else
    send (p, gst_event_new_eos ());
  if (chance (p->rand, 80))
    do_flush (p);
  else if (chance (p->rand, 80))
    do_begin (p);
}

static void
do_tags (Player * p)
{
  GstTagList *tags = gst_tag_list_new (GST_TAG_TITLE, "a title",
      GST_TAG_COMMENT, "of others", GST_TAG_EXTENDED_COMMENT,
      "emotion2vec-label=of others", NULL);

  if (chance (p->rand, 30))
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
  send (p, gst_event_new_toc (toc, chance (p->rand, 50)));
  gst_toc_unref (toc);
}

static void
do_custom (Player * p)
{
  static const GstEventType types[] = { GST_EVENT_CUSTOM_DOWNSTREAM,
    GST_EVENT_CUSTOM_DOWNSTREAM_OOB, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
    GST_EVENT_CUSTOM_BOTH, GST_EVENT_CUSTOM_BOTH_OOB
  };

  send (p, gst_event_new_custom (types[below (p->rand,
                  G_N_ELEMENTS (types))],
          gst_structure_new_empty (chance (p->rand, 50) ? "emotion2vec" :
              "something")));
}

static void
do_answer (Player * p)
{
  static const GstFlowReturn answers[] = { GST_FLOW_FLUSHING, GST_FLOW_EOS,
    GST_FLOW_NOT_LINKED, GST_FLOW_ERROR, GST_FLOW_NOT_NEGOTIATED
  };

  bench_set_answer (p->bench, answers[below (p->rand, G_N_ELEMENTS (answers))]);
  do_odd (p);
  bench_set_answer (p->bench, GST_FLOW_OK);
}

/* ---- what any thread does --------------------------------------------------------------------------------------- */

static void
do_ask (Player * p)
{
  gboolean from_below = chance (p->rand, 50);
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
  switch (below (p->rand, 4)) {
    case 0:
      bench_send_upstream (p->bench, gst_event_new_reconfigure ());
      break;
    case 1:
      bench_send_upstream (p->bench, gst_event_new_latency (any_u64 (p->rand)
              / 2));
      break;
    case 2:
      bench_send_upstream (p->bench, gst_event_new_qos
          (GST_QOS_TYPE_UNDERFLOW, 1.5,
              (GstClockTimeDiff) (any_u64 (p->rand) / 2),
              any_u64 (p->rand) / 2));
      break;
    default:
      bench_send_upstream (p->bench, gst_event_new_seek (1, GST_FORMAT_TIME,
              GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE,
              0));
      break;
  }
}

static const char *
some_string (Player * p, const char *name)
{
  static const char *const strings[] = { NULL, "", "ref", "angry,sad",
    "good=happy+neutral,bad=angry+sad", "no such thing", "=,+=", "\xc3\xa4"
  };

  if (strcmp (name, "device") == 0)
    return chance (p->rand, 90) ? "ref" : "no such device";
  if (strcmp (name, "model-file") == 0)
    return chance (p->rand, 80) ? rig_model () : "/nonexistent.gguf";
  return strings[below (p->rand, G_N_ELEMENTS (strings))];
}

/* A value that the property can take; long windows would only make the test wait. */
static void
set_some_value (Player * p, GParamSpec * spec, GValue * value)
{
  GRand *rand = p->rand;

  if (G_VALUE_HOLDS_BOOLEAN (value)) {
    g_value_set_boolean (value, chance (rand, 50));
  } else if (G_VALUE_HOLDS_ENUM (value)) {
    GEnumClass *klass = G_PARAM_SPEC_ENUM (spec)->enum_class;

    g_value_set_enum (value, klass->values[below (rand,
                klass->n_values)].value);
  } else if (G_VALUE_HOLDS_FLAGS (value)) {
    g_value_set_flags (value, g_rand_int (rand)
        & G_PARAM_SPEC_FLAGS (spec)->flags_class->mask);
  } else if (G_VALUE_HOLDS_UINT64 (value)) {
    g_value_set_uint64 (value, chance (rand, 10) ? any_u64 (rand) :
        (20 + below (rand, 300)) * GST_MSECOND);
  } else if (G_VALUE_HOLDS_UINT (value)) {
    g_value_set_uint (value, 1 + below (rand, 20));
  } else if (G_VALUE_HOLDS_DOUBLE (value)) {
    g_value_set_double (value, chance (rand, 50) ? g_rand_double (rand) :
        -100 * g_rand_double (rand));
  } else if (G_VALUE_HOLDS_STRING (value)) {
    g_value_set_string (value, some_string (p, spec->name));
  }
  g_param_value_validate (spec, value);
}

/* Any property, also one that the docs say not to touch now: that must be without effect, not a crash. */
static void
do_property (Player * p)
{
  guint n;
  g_autofree GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (p->element), &n);
  GParamSpec *spec = specs[below (p->rand, n)];
  GValue value = G_VALUE_INIT;

  if (!(spec->flags & G_PARAM_WRITABLE) || strcmp (spec->name, "name") == 0
      || strcmp (spec->name, "parent") == 0 || strcmp (spec->name, "qos") == 0)
    return;
  g_value_init (&value, spec->value_type);
  set_some_value (p, spec, &value);
  if (strcmp (spec->name, "align-results") == 0)
    bench_set_held (p->bench);
  g_object_set_property (G_OBJECT (p->element), spec->name, &value);
  g_value_unset (&value);
}

static void
do_state (Player * p)
{
  bench_set_state (p->bench, (GstState) (GST_STATE_NULL + below (p->rand, 4)));
  bench_set_state (p->bench, GST_STATE_PLAYING);
}

static void
do_restart (Player * p)
{
  do_state (p);
  if (chance (p->rand, 80))
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
  bench_flush (p->bench, chance (p->rand, 80));
}

static void
act (Player * p, gboolean beside)
{
  guint total = 0, at;

  if (beside && chance (p->rand, 5)) {
    bench_step ("flush beside");
    do_flush_beside (p);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    total += beside ? actions[i].weight_beside : actions[i].weight;
  at = below (p->rand, total);
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
  if (chance (p->rand, 50)) {
    beside.rand = g_rand_new_with_seed (g_rand_int (p->rand));
    thread = g_thread_new ("beside", play_beside, &beside);
  }
  for (guint i = 0; i < N_STEPS; i++)
    act (p, FALSE);
  if (chance (p->rand, 50))
    send (p, gst_event_new_eos ());
  if (!thread)
    return;
  g_thread_join (thread);
  g_rand_free (beside.rand);
}

static GstElement *
new_element (void)
{
  const char *device = g_getenv ("EMOTION2VEC_FUZZ_DEVICE");
  GstElement *element = gst_element_factory_make ("emotion2vec", NULL);

  g_object_set (element, "model-file", rig_model (), "device",
      device ? device : "ref", "window", 100 * GST_MSECOND,
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
  choose_info (&p);
  for (guint i = below (p.rand, 6); i > 0; i--)
    do_property (&p);
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
