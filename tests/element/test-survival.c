/* test-survival.c - which elements keep the results that ride on buffers, and that all of them let events pass.
 *
 * What left the element is held against what came to the end of each chain: the metas, told apart by element, stream-id
 * and id, since elements that cut buffers anew double them; and the events. What each chain is expected to keep was
 * measured with a meta of no tags on GStreamer 1.22, 1.26 and 1.28, before there was this element. Chains with an
 * element that is not installed are skipped by name.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "rig.h"
#include "seen.h"

typedef enum
{
  ALL,
  NONE,
} Kept;

typedef struct
{
  const char *chain;
  Kept kept;
} Row;

static const Row rows[] = {
  {"identity ! capsfilter ! queue ! queue2", ALL},
  {"multiqueue", ALL},
  {"tee name=t ! queue ! fakesink t. ! queue", ALL},
  {"valve ! concat ! funnel ! input-selector ! clocksync", ALL},
  {"taginject tags=\"title=\\\"a\\ title\\\"\"", ALL},
  {"volume volume=0.5 ! level ! spectrum ! cutter", ALL},
  {"audioconvert ! audioamplify ! audiocheblimit cutoff=4000 ! audioecho ! "
        "equalizer-3bands ! audiodynamic", ALL},
  {"rganalysis ! rgvolume ! audioconvert ! stereo", ALL},
  {"scaletempo", ALL},
  {"audioconvert ! removesilence", ALL},
  {"rawaudioparse use-sink-caps=true", ALL},
  {"deinterleave", ALL},
  {"webrtcdsp echo-cancel=false", ALL},
  {"audioconvert ! audio/x-raw,format=F32LE", ALL},
  {"audioconvert ! audio/x-raw,channels=1", ALL},
  {"audioresample ! audio/x-raw,rate=44100", ALL},
  {"audioconvert ! audioresample ! audio/x-raw,rate=16000,channels=1,"
        "format=F32LE", ALL},
  {"audiorate", ALL},
  {"audioconvert ! audiowsinclimit cutoff=4000", ALL},
  {"audiopanorama panorama=0.5", ALL},
  {"freeverb", ALL},
  {"audiomixmatrix mode=first-channels in-channels=2 out-channels=2", ALL},
  {"audiobuffersplit output-buffer-duration=1/50", ALL},
  {"audiobuffersplit output-buffer-duration=1/200", ALL},
  {"mulawenc ! mulawdec", ALL},
  {"opusenc ! opusdec", ALL},
  {"opusenc ! rtpopuspay ! rtpjitterbuffer ! rtpopusdepay ! opusdec", ALL},
  {"audioconvert ! rtpL16pay ! rtpL16depay", ALL},
  {"flacenc ! flacparse ! flacdec", ALL},
  {"audioconvert ! vorbisenc ! vorbisdec", ALL},
  {"lamemp3enc", ALL},
  {"voaacenc", ALL},
  {"audioconvert ! avenc_aac ! aacparse ! avdec_aac", ALL},
  {"opusenc ! matroskamux", ALL},
  {"audioconvert ! avenc_aac ! mp4mux", ALL},
  {"lamemp3enc ! mpegaudioparse ! mp4mux", ALL},
  {"matroskamux ! matroskademux", ALL},
  {"wavenc ! wavparse", ALL},
  {"opusenc ! oggmux", NONE},
  {"voaacenc ! aacparse ! mpegtsmux", NONE},
  {"audiomixer", NONE},
  {"liveadder", NONE},
  {"audioconvert ! audio/x-raw,channels=1 ! interleave", NONE},
  {"audioconvert ! audio/x-raw,channels=1 ! audiointerleave", NONE},
  {"audioconvert ! pitch", NONE},
  {"audioconvert ! speed", NONE},
  {"gdppay ! gdpdepay", NONE},
};

/* (nullable): the first element of @chain that is not installed. */
static char *
find_missing (const char *chain)
{
  g_auto (GStrv) links = g_strsplit (chain, "!", -1);

  for (guint i = 0; links[i]; i++) {
    g_auto (GStrv) words = g_strsplit (g_strstrip (links[i]), " ", 2);
    GstElementFactory *factory;

    if (strchr (words[0], '/') || g_str_has_suffix (words[0], "."))
      continue;
    factory = gst_element_factory_find (words[0]);
    if (!factory)
      return g_strdup (words[0]);
    gst_object_unref (factory);
  }
  return NULL;
}

static void
run_to_the_end (GstElement * pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *detail = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, &detail);
  if (error)
    g_test_message ("%s", detail);
  g_assert_no_error (error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autofree char *missing = find_missing (row->chain);
  g_autofree char *line = g_strdup_printf ("audiotestsrc num-buffers=75 "
      "samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=48000,channels=2 ! emotion2vec name=e "
      "window=200000000 interval=100000000 minimum-duration=10000000 "
      "model-file=%s device=ref ! %s ! fakesink name=end", rig_model (),
      row->chain);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline, *element;
  Seen *left, *arrived;

  if (missing) {
    g_autofree char *why = g_strdup_printf ("no element %s", missing);

    g_test_skip (why);
    return;
  }
  pipeline = gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS,
      &error);
  g_assert_no_error (error);
  element = gst_bin_get_by_name (GST_BIN (pipeline), "e");
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (element),
          "send-events"))
    g_object_set (element, "send-events", TRUE, NULL);
  gst_object_unref (element);
  left = seen_watch (pipeline, "e", "src");
  arrived = seen_watch (pipeline, "end", "sink");
  run_to_the_end (pipeline);
  g_test_message ("%u metas left on buffers, %u of them arrived, with doubles "
      "%u; %u events left, %u arrived", g_hash_table_size (left->metas),
      g_hash_table_size (arrived->metas), arrived->n_metas,
      g_hash_table_size (left->events), g_hash_table_size (arrived->events));
  /* windows end at 0.2, 0.3 ... 0.7 s; the tail at 0.75 s has no buffer */
  g_assert_cmpuint (g_hash_table_size (left->metas), ==, 6);
  g_assert_cmpuint (g_hash_table_size (left->events), >=, 1);
  if (row->kept == ALL)
    seen_assert_same (left->metas, arrived->metas, "meta");
  else
    g_assert_cmpuint (g_hash_table_size (arrived->metas), ==, 0);
  seen_assert_same (left->events, arrived->events, "event");
  seen_free (left);
  seen_free (arrived);
  gst_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strdup_printf ("/survival/%s", rows[i].chain);

    /* slashes would make folders of tests */
    g_strdelimit (path + strlen ("/survival/"), "/", ':');
    g_test_add_data_func (path, &rows[i], test_row);
  }
  return g_test_run ();
}
