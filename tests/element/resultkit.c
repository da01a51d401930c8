/* resultkit.c - an element that takes audio with results on a test bench.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resultkit.h"

#define RATE 16000

static void
end_gap (Kit * kit)
{
  if (GST_CLOCK_TIME_IS_VALID (kit->gap_start)
      && kit->gap_end > kit->gap_start)
    g_string_append_printf (kit->log, "gap %g-%g|",
        (double) kit->gap_start / GST_MSECOND,
        (double) kit->gap_end / GST_MSECOND);
  kit->gap_start = GST_CLOCK_TIME_NONE;
}

static void
log_gap (Kit * kit, GstEvent * event)
{
  GstClockTime start, duration;

  gst_event_parse_gap (event, &start, &duration);
  if (GST_CLOCK_TIME_IS_VALID (kit->gap_start) && kit->gap_end == start) {
    kit->gap_end += duration;
    return;
  }
  end_gap (kit);
  kit->gap_start = start;
  kit->gap_end = start + duration;
}

static void
log_event (Kit * kit, GstEvent * event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_GAP:
      log_gap (kit, event);
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_CAPS:
    case GST_EVENT_SEGMENT:
      end_gap (kit);
      break;
    default:
      end_gap (kit);
      g_string_append_printf (kit->log, "%s|", GST_EVENT_TYPE_NAME (event));
  }
}

static void
log_buffer (Kit * kit, GstBuffer * buffer)
{
  GstMapInfo map;

  end_gap (kit);
  g_string_append (kit->log, "text ");
  if (GST_BUFFER_PTS_IS_VALID (buffer))
    g_string_append_printf (kit->log, "%g-%g",
        (double) GST_BUFFER_PTS (buffer) / GST_MSECOND,
        (double) (GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer)) /
        GST_MSECOND);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_assert_true (g_utf8_validate ((char *) map.data, (gssize) map.size, NULL));
  g_string_append_printf (kit->log, " %.*s|", (int) map.size,
      (char *) map.data);
  gst_buffer_unmap (buffer, &map);
}

static GstPadProbeReturn
on_output (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER)
    log_buffer (data, GST_PAD_PROBE_INFO_BUFFER (info));
  else
    log_event (data, GST_PAD_PROBE_INFO_EVENT (info));
  return GST_PAD_PROBE_OK;
}

Kit *
kit_new_with_segment (const char *launch, gboolean live,
    const GstSegment * segment)
{
  Kit *kit = g_new0 (Kit, 1);
  GstPad *src;

  kit->log = g_string_new (NULL);
  kit->gap_start = GST_CLOCK_TIME_NONE;
  kit->element = gst_parse_launch (launch, NULL);
  g_assert_nonnull (kit->element);
  gst_object_ref_sink (kit->element);
  kit->bus = gst_bus_new ();
  gst_element_set_bus (kit->element, kit->bus);
  src = gst_element_get_static_pad (kit->element, "src");
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      on_output, kit, NULL);
  gst_object_unref (src);
  kit->harness = gst_harness_new_with_element (kit->element, "sink", "src");
  gst_harness_set_live (kit->harness, live);
  gst_harness_set_drop_buffers (kit->harness, TRUE);
  gst_harness_set_src_caps_str (kit->harness, "audio/x-raw, format=S16LE, "
      "rate=16000, channels=1, layout=interleaved");
  if (segment)
    kit_send (kit, gst_event_new_segment (segment));
  return kit;
}

Kit *
kit_new (const char *launch, gboolean live)
{
  return kit_new_with_segment (launch, live, NULL);
}

void
kit_free (Kit * kit)
{
  gst_element_set_bus (kit->element, NULL);
  gst_harness_teardown (kit->harness);
  gst_object_unref (kit->element);
  gst_object_unref (kit->bus);
  g_string_free (kit->log, TRUE);
  g_free (kit);
}

GstStructure *
kit_result (guint64 id, guint start, guint duration, const char *label,
    double confidence)
{
  guint64 time = start * GST_MSECOND, length = duration * GST_MSECOND;
  GstStructure *fields = gst_structure_new ("emotion2vec",
      "element", G_TYPE_STRING, "e", "stream-id", G_TYPE_STRING, "s",
      "id", G_TYPE_UINT64, id,
      "timestamp", G_TYPE_UINT64, time, "duration", G_TYPE_UINT64, length,
      "stream-time", G_TYPE_UINT64, time, "running-time", G_TYPE_UINT64, time,
      "endtime", G_TYPE_UINT64, time + length,
      "trigger", G_TYPE_STRING, "interval",
      "interval", G_TYPE_UINT64, (guint64) GST_SECOND,
      "level", G_TYPE_DOUBLE, -20.0,
      "silent", G_TYPE_BOOLEAN, label == NULL,
      "partial", G_TYPE_BOOLEAN, FALSE, NULL);

  if (label)
    gst_structure_set (fields, "label", G_TYPE_STRING, label,
        "confidence", G_TYPE_DOUBLE, confidence,
        "below-threshold", G_TYPE_BOOLEAN, FALSE, NULL);
  return fields;
}

static gboolean
copy_field (GQuark field, const GValue * value, gpointer structure)
{
  gst_structure_id_set_value (structure, field, value);
  return TRUE;
}

static GstBuffer *
make_buffer (guint start, guint duration)
{
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, duration * RATE / 1000 * 2, NULL);

  gst_buffer_memset (buffer, 0, 0, gst_buffer_get_size (buffer));
  GST_BUFFER_PTS (buffer) = start * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = duration * GST_MSECOND;
  return buffer;
}

void
kit_push (Kit * kit, guint start, guint end)
{
  for (; start < end; start += 100)
    g_assert_cmpint (gst_harness_push (kit->harness, make_buffer (start,
                MIN (100, end - start))), ==, GST_FLOW_OK);
}

void
kit_push_result (Kit * kit, guint start, GstStructure * result)
{
  GstBuffer *buffer = make_buffer (start, 100);
  GstCustomMeta *meta =
      gst_buffer_add_custom_meta (buffer, "GstEmotion2vecMeta");

  g_assert_nonnull (meta);
  gst_structure_foreach (result, copy_field,
      gst_custom_meta_get_structure (meta));
  gst_structure_free (result);
  g_assert_cmpint (gst_harness_push (kit->harness, buffer), ==, GST_FLOW_OK);
}

void
kit_send (Kit * kit, GstEvent * event)
{
  g_assert_true (gst_harness_push_event (kit->harness, event));
}

void
kit_send_result (Kit * kit, GstStructure * result)
{
  kit_send (kit, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, result));
}

char *
kit_take_log (Kit * kit)
{
  char *log;

  end_gap (kit);
  log = g_strdup (kit->log->str);
  g_string_truncate (kit->log, 0);
  return log;
}

void
kit_assert_log (Kit * kit, const char *expected)
{
  g_autofree char *log = kit_take_log (kit);

  g_assert_cmpstr (log, ==, expected);
}
