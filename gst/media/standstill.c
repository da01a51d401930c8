/* standstill.c - whether a pipeline that nothing has come out of yet is going to give something.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "standstill.h"

#include <string.h>

/* Whether a streaming thread of @element is at work. */
static gboolean
has_running_task (GstElement * element)
{
  gboolean running = FALSE;

  GST_OBJECT_LOCK (element);
  for (GList * item = element->pads; item && !running; item = item->next) {
    GstPad *pad = item->data;

    GST_OBJECT_LOCK (pad);
    running = GST_PAD_TASK (pad)
        && gst_task_get_state (GST_PAD_TASK (pad)) == GST_TASK_STARTED;
    GST_OBJECT_UNLOCK (pad);
  }
  GST_OBJECT_UNLOCK (element);
  return running;
}

typedef struct
{
  gboolean ignore_streams, alive;
} Look;

/* Whether streams may still come from @element, or through it. Queues do not count: their threads wait for ever. */
static gboolean
is_alive (GstElement * element, gboolean ignore_streams)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory ? GST_OBJECT_NAME (factory) : "";

  if (GST_IS_BIN (element) || strcmp (name, "multiqueue") == 0
      || strcmp (name, "queue") == 0 || strcmp (name, "queue2") == 0)
    return FALSE;
  if (!ignore_streams && factory && gst_element_factory_list_is_type (factory,
          GST_ELEMENT_FACTORY_TYPE_DEMUXER) && element->numsrcpads > 0)
    return TRUE;
  return has_running_task (element);
}

static void
note_alive (const GValue * item, gpointer user_data)
{
  Look *look = user_data;

  if (is_alive (g_value_get_object (item), look->ignore_streams))
    look->alive = TRUE;
}

gboolean
standstill_is_reached (GstBin * pipeline, gboolean ignore_streams)
{
  GstIterator *elements = gst_bin_iterate_recurse (pipeline);
  Look look = { ignore_streams, FALSE };
  GstIteratorResult result;

  while ((result = gst_iterator_foreach (elements, note_alive, &look))
      == GST_ITERATOR_RESYNC) {
    gst_iterator_resync (elements);
    look.alive = FALSE;
  }
  gst_iterator_free (elements);
  return result == GST_ITERATOR_DONE && !look.alive;
}
