/* standstill.c - whether a pipeline whose decodebin has shown no stream yet ever will.
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

/* Whether streams may still come from @element, or through it. Queues do not count: their threads wait for ever. */
static gboolean
is_alive (GstElement * element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory ? GST_OBJECT_NAME (factory) : "";

  if (GST_IS_BIN (element) || strcmp (name, "multiqueue") == 0
      || strcmp (name, "queue") == 0 || strcmp (name, "queue2") == 0)
    return FALSE;
  if (factory && gst_element_factory_list_is_type (factory,
          GST_ELEMENT_FACTORY_TYPE_DEMUXER) && element->numsrcpads > 0)
    return TRUE;
  return has_running_task (element);
}

static void
note_alive (const GValue * item, gpointer alive)
{
  if (is_alive (g_value_get_object (item)))
    *(gboolean *) alive = TRUE;
}

gboolean
standstill_is_reached (GstBin * pipeline)
{
  GstIterator *elements = gst_bin_iterate_recurse (pipeline);
  gboolean alive = FALSE;
  GstIteratorResult result;

  while ((result = gst_iterator_foreach (elements, note_alive, &alive))
      == GST_ITERATOR_RESYNC) {
    gst_iterator_resync (elements);
    alive = FALSE;
  }
  gst_iterator_free (elements);
  return result == GST_ITERATOR_DONE && !alive;
}
