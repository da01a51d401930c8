/* test-audio.c - the stream is never harmed: bytes, times and memory of what goes in come out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rig.h"

#include <string.h>

static void
check_identical (GstAudioFormat format, gint rate, gint channels,
    gboolean planar, gboolean attach, gsize piece, const GstSegment * segment)
{
  GstAudioInfo info = rig_audio (format, rate, channels, planar);
  gsize n = (gsize) rate / 2;
  g_autofree guint8 *data = rig_noise (&info, n, 1);
  Rig *rig = rig_new (&info, segment, "window", 200 * GST_MSECOND,
      "interval", 50 * GST_MSECOND, "attach-meta", attach, NULL);
  gsize at = 0;

  rig_push (rig, data, n, piece, 0);
  rig_send (rig, gst_event_new_eos ());
  g_assert_cmpuint (rig->audio->len, ==, n * info.bpf);
  if (planar) {
    for (gsize i = 0; i < n; i += piece)
      for (gsize p = 0; p < (gsize) channels; p++) {
        gsize stride = (gsize) info.bpf / channels;
        gsize size = MIN (piece, n - i) * stride;

        g_assert_cmpmem (rig->audio->data + at, size,
            data + (p * n + i) * stride, size);
        at += size;
      }
  } else {
    g_assert_cmpmem (rig->audio->data, rig->audio->len, data, n * info.bpf);
  }
  for (guint i = 0, k = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    if (entry->kind == LOG_BUFFER)
      g_assert_cmpuint (entry->pts, ==,
          gst_util_uint64_scale (k++ * piece, GST_SECOND, rate));
  }
  rig_free (rig);
}

static void
test_formats (void)
{
  static const struct
  {
    GstAudioFormat format;
    gint rate, channels;
    gboolean planar;
  } cases[] = {
    {GST_AUDIO_FORMAT_S16LE, 44100, 2, FALSE},
    {GST_AUDIO_FORMAT_F64LE, 8000, 1, FALSE},
    {GST_AUDIO_FORMAT_F32LE, 48000, 3, TRUE},
    {GST_AUDIO_FORMAT_U8, 11025, 6, FALSE},
    {GST_AUDIO_FORMAT_S24BE, 16000, 2, TRUE},
    {GST_AUDIO_FORMAT_F32LE, 16000, 1, FALSE},
    {GST_AUDIO_FORMAT_U18BE, 22050, 1, FALSE},
    {GST_AUDIO_FORMAT_S8, 8000, 100, FALSE},
  };

  for (guint c = 0; c < G_N_ELEMENTS (cases); c++)
    for (gint attach = 0; attach < 2; attach++) {
      gsize pieces[] = { cases[c].rate / 100, 77, cases[c].rate };

      for (guint p = 0; p < G_N_ELEMENTS (pieces); p++)
        check_identical (cases[c].format, cases[c].rate, cases[c].channels,
            cases[c].planar, attach, pieces[p], NULL);
    }
  check_identical (GST_AUDIO_FORMAT_S16LE, 8000, 1, FALSE, TRUE, 1, NULL);
}

/* A segment that begins and ends inside buffers: not even then is a byte lost. */
static void
test_segment_inside_buffers (void)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 123456789;
  segment.stop = 345678901;
  check_identical (GST_AUDIO_FORMAT_S16LE, 44100, 2, FALSE, TRUE, 4410,
      &segment);
  check_identical (GST_AUDIO_FORMAT_S16LE, 44100, 2, FALSE, FALSE, 22050,
      &segment);
}

/* A buffer that others hold is not copied: the very same memory leaves, with the meta on a header of our own. */
static void
check_shared (gboolean attach)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_F32LE, 16000, 1, FALSE);
  g_autofree guint8 *data = rig_noise (&info, 1600, 1);
  Rig *rig = rig_new (&info, NULL, "window", 100 * GST_MSECOND,
      "interval", 100 * GST_MSECOND, NULL);

  if (!attach)                  /* TRUE is the default */
    g_object_set (rig->element, "attach-meta", FALSE, NULL);
  for (guint i = 0; i < 20; i++) {
    g_autoptr (GstBuffer) held =
        rig_buffer (rig, data, 1600, 0, 1600, i * 100 * GST_MSECOND);
    const LogEntry *last;

    gst_harness_push (rig->harness, gst_buffer_ref (held));
    last = rig->log->pdata[rig->log->len - 1];
    g_assert_true (last->kind == LOG_BUFFER);
    g_assert_true (last->memory == gst_buffer_peek_memory (held, 0));
    g_assert_cmpuint (last->metas->len, ==, attach ? 1 : 0);
    g_assert_null (gst_buffer_get_custom_meta (held, "GstEmotion2vecMeta"));
  }
  g_assert_cmpuint (rig_count_messages (rig, GST_MESSAGE_ELEMENT), ==, 20);
  rig_free (rig);
}

static void
test_shared (void)
{
  check_shared (TRUE);
  check_shared (FALSE);
}

/* Buffers that do not hold what they promise pass, and are not analysed beyond what they hold. */
static void
test_broken_buffers (void)
{
  GstAudioInfo planar = rig_audio (GST_AUDIO_FORMAT_F32LE, 16000, 2, TRUE);
  GstAudioInfo packed = rig_audio (GST_AUDIO_FORMAT_S24LE, 16000, 2, FALSE);
  Rig *rig = rig_new (&planar, NULL, NULL);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 800, NULL);

  gst_buffer_memset (buffer, 0, 0, 800);
  gst_buffer_add_audio_meta (buffer, &planar, 100, NULL);
  gst_buffer_set_size (buffer, 500);
  g_assert_cmpint (gst_harness_push (rig->harness, buffer), ==, GST_FLOW_OK);
  /* no meta to say where the planes are: taken as one after the other */
  buffer = gst_buffer_new_allocate (NULL, 801, NULL);
  gst_buffer_memset (buffer, 0, 0, 801);
  g_assert_cmpint (gst_harness_push (rig->harness, buffer), ==, GST_FLOW_OK);
  g_assert_cmpint (gst_harness_push (rig->harness, gst_buffer_new ()), ==,
      GST_FLOW_OK);
  g_assert_cmpuint (rig->audio->len, ==, 1301);
  rig_free (rig);

  rig = rig_new (&packed, NULL, NULL);
  buffer = gst_buffer_new_allocate (NULL, 601, NULL);
  gst_buffer_memset (buffer, 0, 0, 601);
  g_assert_cmpint (gst_harness_push (rig->harness, buffer), ==, GST_FLOW_OK);
  g_assert_cmpuint (rig->audio->len, ==, 601);
  rig_free (rig);
}

/* Caps whose frames do not fit any arithmetic are refused. */
static void
test_absurd_caps (void)
{
  static const gint channels[] = { 65537, 1 << 28, 1 << 29, 1 << 30,
    G_MAXINT
  };
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_F64LE, 16000, 1, FALSE);

  for (guint c = 0; c < G_N_ELEMENTS (channels); c++) {
    Rig *rig = rig_new (&info, NULL, NULL);
    GstCaps *caps = gst_audio_info_to_caps (&info);

    gst_caps_set_simple (caps, "channels", G_TYPE_INT, channels[c],
        "channel-mask", GST_TYPE_BITMASK, (guint64) 0, NULL);
    gst_harness_push_event (rig->harness, gst_event_new_caps (caps));
    gst_caps_unref (caps);
    g_assert_cmpint (gst_harness_push (rig->harness,
            gst_buffer_new_allocate (NULL, 64, NULL)), ==,
        GST_FLOW_NOT_NEGOTIATED);
    rig_free (rig);
  }
}

static void
test_latency (void)
{
  GstAudioInfo info = rig_audio (GST_AUDIO_FORMAT_F32LE, 44100, 1, FALSE);
  Rig *rig = rig_new (&info, NULL, NULL);

  gst_harness_set_upstream_latency (rig->harness, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (rig->harness), ==,
      40 * GST_MSECOND);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/audio/formats", test_formats);
  g_test_add_func ("/audio/segment-inside-buffers",
      test_segment_inside_buffers);
  g_test_add_func ("/audio/shared", test_shared);
  g_test_add_func ("/audio/broken-buffers", test_broken_buffers);
  g_test_add_func ("/audio/absurd-caps", test_absurd_caps);
  g_test_add_func ("/audio/latency", test_latency);
  return g_test_run ();
}
