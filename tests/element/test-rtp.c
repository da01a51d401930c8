/* test-rtp.c - in the middle of a call: RTP comes in over a network that loses and reorders packets, and goes out again.
 *
 *   sender -> UDP -> relay -> UDP -> jitter buffer, decoder -> emotion2vec -> encoder, RTP -> UDP -> far side
 *                                                          `-> identity                `-> decoder, same process
 *
 * The element must do to the audio what identity does: nothing. The audio is sent in real time, as RTP is.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>

#include "rig.h"
#include "seen.h"

#define N_PACKETS 200
#define CAPS "caps=\"application/x-rtp,media=audio,encoding-name=OPUS," \
    "clock-rate=48000,payload=96\""

/* ---- the network ------------------------------------------------------------------------------------------------ */

typedef struct
{
  GSocket *in, *out;
  guint16 in_port, out_port;
  GThread *thread;
  guint n_packets, n_dropped, n_swapped;
} Relay;

static GSocket *
new_socket (guint16 * port)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) local =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (local, 0);
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4,
      G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);

  g_assert_no_error (error);
  g_socket_bind (socket, address, FALSE, &error);
  g_assert_no_error (error);
  g_clear_object (&address);
  address = g_socket_get_local_address (socket, &error);
  g_assert_no_error (error);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  return socket;
}

/* A port that nobody has. */
static guint16
free_port (void)
{
  guint16 port;

  g_object_unref (new_socket (&port));
  return port;
}

static void
send_to (GSocket * socket, guint16 port, const char *data, gsize size)
{
  g_autoptr (GInetAddress) local =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (local, port);

  g_socket_send_to (socket, address, data, size, NULL, NULL);
}

/* Drops one of 20, and lets one of 20 be overtaken by the one behind it. A datagram of one byte ends it. */
static gpointer
relay_packets (gpointer data)
{
  Relay *relay = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  char packet[2048], late[2048];
  gssize size, late_size = 0;

  while ((size = g_socket_receive (relay->in, packet, sizeof packet, NULL,
              NULL)) > 1) {
    guint die = (guint) g_rand_int_range (rand, 0, 20);

    relay->n_packets++;
    if (die == 0) {
      relay->n_dropped++;
    } else if (die == 1 && late_size == 0) {
      relay->n_swapped++;
      memcpy (late, packet, (gsize) size);
      late_size = size;
    } else {
      send_to (relay->out, relay->out_port, packet, (gsize) size);
      if (late_size > 0)
        send_to (relay->out, relay->out_port, late, (gsize) late_size);
      late_size = 0;
    }
  }
  return NULL;
}

static Relay *
relay_start (void)
{
  Relay *relay = g_new0 (Relay, 1);
  guint16 unused;

  relay->in = new_socket (&relay->in_port);
  relay->out = new_socket (&unused);
  relay->out_port = free_port ();
  relay->thread = g_thread_new ("relay", relay_packets, relay);
  return relay;
}

static void
relay_stop (Relay * relay)
{
  send_to (relay->out, relay->in_port, "", 1);
  g_thread_join (relay->thread);
}

static void
relay_free (Relay * relay)
{
  g_object_unref (relay->in);
  g_object_unref (relay->out);
  g_free (relay);
}

/* ---- the time between two pads ---------------------------------------------------------------------------------- */

typedef struct
{
  guint n_in, n_out, most_inside;
  gint64 entered, longest, total;       /* us */
} Passage;

static GstPadProbeReturn
on_enter (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Passage *passage = data;

  passage->n_in++;
  passage->most_inside = MAX (passage->most_inside,
      passage->n_in - passage->n_out);
  passage->entered = g_get_monotonic_time ();
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_leave (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Passage *passage = data;
  gint64 took = g_get_monotonic_time () - passage->entered;

  passage->n_out++;
  passage->longest = MAX (passage->longest, took);
  passage->total += took;
  return GST_PAD_PROBE_OK;
}

static void
time_passage (GstElement * pipeline, const char *name, Passage * passage)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstPad *sink = gst_element_get_static_pad (element, "sink");
  GstPad *src = gst_element_get_static_pad (element, "src");

  memset (passage, 0, sizeof *passage);
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, on_enter, passage, NULL);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, on_leave, passage, NULL);
  gst_object_unref (sink);
  gst_object_unref (src);
  gst_object_unref (element);
}

static GstClockTime
latency_after (GstElement * pipeline, const char *name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstPad *src = gst_element_get_static_pad (element, "src");
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  GstClockTime least = 0;
  gboolean live;

  g_assert_true (gst_pad_query (src, query));
  gst_query_parse_latency (query, &live, &least, NULL);
  g_assert_true (live);
  gst_object_unref (src);
  gst_object_unref (element);
  return least;
}

/* ---- pipelines -------------------------------------------------------------------------------------------------- */

static GstElement *
launch (char *line)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error);

  g_assert_no_error (error);
  g_free (line);
  return pipeline;
}

static GstElement *
new_sender (guint16 port)
{
  return launch (g_strdup_printf ("audiotestsrc wave=ticks num-buffers=%d "
          "samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=1 ! opusenc "
          "frame-size=20 ! rtpopuspay pt=96 ! udpsink host=127.0.0.1 port=%u "
          "sync=true", N_PACKETS, port));
}

static GstElement *
new_middle (guint16 port, guint16 far_port)
{
  return launch (g_strdup_printf ("udpsrc address=127.0.0.1 port=%u " CAPS " ! "
          "rtpjitterbuffer latency=60 do-lost=true ! rtpopusdepay ! opusdec ! "
          "tee name=t ! emotion2vec name=e window=500000000 "
          "interval=100000000 minimum-duration=100000000 model-file=%s "
          "device=ref ! opusenc ! rtpopuspay pt=96 ! tee name=u ! queue ! "
          "udpsink host=127.0.0.1 port=%u sync=false async=false "
          "u. ! queue ! rtpopusdepay ! opusdec ! fakesink name=near "
          "async=false "
          "t. ! queue ! identity name=i ! fakesink async=false",
          port, rig_model (), far_port));
}

static GstElement *
new_far_side (guint16 port)
{
  return launch (g_strdup_printf ("udpsrc address=127.0.0.1 port=%u " CAPS " ! "
          "rtpjitterbuffer latency=60 ! rtpopusdepay ! opusdec ! "
          "fakesink name=far async=false", port));
}

/* Until EOS; the results of all messages go into @results. */
static void
wait_for_end (GstElement * pipeline, GPtrArray * results)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  gboolean ended = FALSE;

  while (!ended) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (bus,
        GST_CLOCK_TIME_NONE,
        GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

    g_assert_cmpint (GST_MESSAGE_TYPE (message), !=, GST_MESSAGE_ERROR);
    ended = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    if (!ended && gst_message_has_name (message, "emotion2vec"))
      g_ptr_array_add (results, gst_structure_copy (gst_message_get_structure
              (message)));
  }
  gst_object_unref (bus);
}

static void
check_order (GPtrArray * results)
{
  g_assert_cmpuint (results->len, >, 20);
  for (guint i = 0; i < results->len; i++) {
    g_assert_cmpuint (rig_u64 (results->pdata[i], "id"), ==, i);
    if (i > 0)
      g_assert_cmpuint (rig_u64 (results->pdata[i], "timestamp"), >,
          rig_u64 (results->pdata[i - 1], "timestamp"));
  }
}

static void
check_passage (const char *name, const Passage * passage)
{
  g_test_message ("%s: %u buffers, from pad to pad %.3f ms in the mean, %.3f "
      "at most", name, passage->n_out,
      (double) passage->total / passage->n_out / 1e3,
      (double) passage->longest / 1e3);
  g_assert_cmpuint (passage->n_in, ==, passage->n_out);
  g_assert_cmpuint (passage->most_inside, ==, 1);
}

static void
check_same_times (const Seen * a, const Seen * b)
{
  g_assert_cmpmem (a->times->data, a->times->len * sizeof (GstClockTime),
      b->times->data, b->times->len * sizeof (GstClockTime));
}

typedef struct
{
  GstElement *sender, *middle, *far_side;
  Relay *relay;
  Seen *in, *out, *other, *near, *far;
  Passage passage, other_passage;
  GPtrArray *results;
} Call;

static void
call_begin (Call * call)
{
  guint16 far_port = free_port ();

  call->relay = relay_start ();
  call->sender = new_sender (call->relay->in_port);
  call->middle = new_middle (call->relay->out_port, far_port);
  call->far_side = new_far_side (far_port);
  call->results =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_structure_free);
  call->in = seen_watch (call->middle, "e", "sink");
  call->out = seen_watch (call->middle, "e", "src");
  call->other = seen_watch (call->middle, "i", "src");
  call->near = seen_watch (call->middle, "near", "sink");
  call->far = seen_watch (call->far_side, "far", "sink");
  time_passage (call->middle, "e", &call->passage);
  time_passage (call->middle, "i", &call->other_passage);
}

/* EOS crosses no network: each pipeline is told when the one before it has ended. */
static void
call_run (Call * call)
{
  gst_element_set_state (call->far_side, GST_STATE_PLAYING);
  gst_element_set_state (call->middle, GST_STATE_PLAYING);
  gst_element_get_state (call->middle, NULL, NULL, GST_CLOCK_TIME_NONE);
  gst_element_set_state (call->sender, GST_STATE_PLAYING);
  wait_for_end (call->sender, call->results);
  relay_stop (call->relay);
  g_assert_cmpuint (latency_after (call->middle, "e"), ==,
      latency_after (call->middle, "i"));
  gst_element_send_event (call->middle, gst_event_new_eos ());
  wait_for_end (call->middle, call->results);
  gst_element_send_event (call->far_side, gst_event_new_eos ());
  wait_for_end (call->far_side, call->results);
  gst_element_set_state (call->sender, GST_STATE_NULL);
  gst_element_set_state (call->middle, GST_STATE_NULL);
  gst_element_set_state (call->far_side, GST_STATE_NULL);
}

static void
call_end (Call * call)
{
  gst_object_unref (call->sender);
  gst_object_unref (call->middle);
  gst_object_unref (call->far_side);
  seen_free (call->in);
  seen_free (call->out);
  seen_free (call->other);
  seen_free (call->near);
  seen_free (call->far);
  g_ptr_array_unref (call->results);
  relay_free (call->relay);
}

static void
test_call (void)
{
  Call call;

  call_begin (&call);
  call_run (&call);
  g_test_message ("%u packets, %u dropped, %u overtaken; %u buffers on the "
      "far side", call.relay->n_packets, call.relay->n_dropped,
      call.relay->n_swapped, call.far->times->len);
  g_assert_cmpuint (call.relay->n_dropped, >=, 5);
  g_assert_cmpuint (call.relay->n_swapped, >=, 5);
  check_passage ("identity", &call.other_passage);
  check_passage ("emotion2vec", &call.passage);
  check_same_times (call.in, call.out);
  check_same_times (call.in, call.other);
  check_order (call.results);
  /* each is in band exactly once, and comes out behind encoder and decoder */
  g_test_message ("%u results; %u metas and %u events", call.results->len,
      g_hash_table_size (call.out->metas),
      g_hash_table_size (call.out->events));
  g_assert_cmpuint (g_hash_table_size (call.out->metas)
      + g_hash_table_size (call.out->events), ==, call.results->len);
  seen_assert_same (call.out->metas, call.near->metas, "meta");
  seen_assert_same (call.out->events, call.near->events, "event");
  /* no network carries them */
  g_assert_cmpuint (call.far->times->len, >, N_PACKETS / 2);
  g_assert_cmpuint (call.far->n_metas, ==, 0);
  call_end (&call);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtp/call", test_call);
  return g_test_run ();
}
