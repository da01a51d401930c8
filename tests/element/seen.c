/* seen.c - which results have come by at a pad: as metas on buffers, and as events.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seen.h"

static char *
name_of (const GstStructure * fields)
{
  guint64 id;

  g_assert_true (gst_structure_get_uint64 (fields, "id", &id));
  return g_strdup_printf ("%s %s %" G_GUINT64_FORMAT,
      gst_structure_get_string (fields, "element"),
      gst_structure_get_string (fields, "stream-id"), id);
}

static gboolean
see_meta (GstBuffer * buffer, GstMeta ** meta, gpointer data)
{
  Seen *seen = data;

  if (!gst_meta_info_is_custom ((*meta)->info)
      || !gst_custom_meta_has_name ((GstCustomMeta *) * meta,
          "GstEmotion2vecMeta"))
    return TRUE;
  seen->n_metas++;
  g_hash_table_add (seen->metas, name_of (gst_custom_meta_get_structure
          ((GstCustomMeta *) * meta)));
  return TRUE;
}

static void
see_buffer (Seen * seen, GstBuffer * buffer)
{
  GstClockTime time = GST_BUFFER_PTS (buffer);

  g_array_append_val (seen->times, time);
  gst_buffer_foreach_meta (buffer, see_meta, seen);
}

static gboolean
see_buffer_of_list (GstBuffer ** buffer, guint i, gpointer seen)
{
  see_buffer (seen, *buffer);
  return TRUE;
}

static GstPadProbeReturn
see (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Seen *seen = data;
  GstPadProbeType type = GST_PAD_PROBE_INFO_TYPE (info);

  g_mutex_lock (&seen->lock);
  if (type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    gst_buffer_list_foreach (GST_PAD_PROBE_INFO_BUFFER_LIST (info),
        see_buffer_of_list, seen);
  else if (type & GST_PAD_PROBE_TYPE_BUFFER)
    see_buffer (seen, GST_PAD_PROBE_INFO_BUFFER (info));
  else if (gst_event_has_name (GST_PAD_PROBE_INFO_EVENT (info), "emotion2vec"))
    g_hash_table_add (seen->events, name_of (gst_event_get_structure
            (GST_PAD_PROBE_INFO_EVENT (info))));
  g_mutex_unlock (&seen->lock);
  return GST_PAD_PROBE_OK;
}

static GHashTable *
new_set (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

Seen *
seen_watch (GstElement * pipeline, const char *element, const char *pad)
{
  GstElement *found = gst_bin_get_by_name (GST_BIN (pipeline), element);
  GstPad *found_pad = gst_element_get_static_pad (found, pad);
  Seen *seen = g_new0 (Seen, 1);

  g_mutex_init (&seen->lock);
  seen->metas = new_set ();
  seen->events = new_set ();
  seen->times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  gst_pad_add_probe (found_pad, GST_PAD_PROBE_TYPE_BUFFER |
      GST_PAD_PROBE_TYPE_BUFFER_LIST | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      see, seen, NULL);
  gst_object_unref (found_pad);
  gst_object_unref (found);
  return seen;
}

void
seen_free (Seen * seen)
{
  g_hash_table_unref (seen->metas);
  g_hash_table_unref (seen->events);
  g_array_unref (seen->times);
  g_mutex_clear (&seen->lock);
  g_free (seen);
}

void
seen_assert_same (GHashTable * left, GHashTable * arrived, const char *what)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, left);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (arrived, name)) {
      g_test_message ("the %s of result %s is lost", what, (char *) name);
      g_test_fail ();
    }
  g_assert_cmpuint (g_hash_table_size (arrived), <=, g_hash_table_size (left));
}
