/* gstemotion2vecholdback.c - audio that waits for its results: a delay line of buffers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecholdback.h"

typedef struct
{
  GstBuffer *buffer;
  guint64 serial, n_frames;
} Item;

struct _GstEmotion2vecHoldback
{
  GQueue items;                 /* of Item, oldest first */
  guint64 n_frames;             /* in all items */
};

static void
item_free (Item * item)
{
  g_clear_pointer (&item->buffer, gst_buffer_unref);
  g_free (item);
}

GstEmotion2vecHoldback *
gst_emotion2vec_holdback_new (void)
{
  GstEmotion2vecHoldback *holdback = g_new0 (GstEmotion2vecHoldback, 1);

  g_queue_init (&holdback->items);
  return holdback;
}

void
gst_emotion2vec_holdback_free (GstEmotion2vecHoldback * holdback)
{
  gst_emotion2vec_holdback_clear (holdback);
  g_free (holdback);
}

void
gst_emotion2vec_holdback_push (GstEmotion2vecHoldback * holdback,
    GstBuffer * buffer, guint64 serial, guint64 n_frames)
{
  Item *item = g_new (Item, 1);

  item->buffer = buffer;
  item->serial = serial;
  item->n_frames = n_frames;
  holdback->n_frames += n_frames;
  g_queue_push_tail (&holdback->items, item);
}

GstBuffer *
gst_emotion2vec_holdback_pop (GstEmotion2vecHoldback * holdback,
    guint64 delay, guint64 * serial)
{
  Item *oldest = g_queue_peek_head (&holdback->items);
  const Item *newest = g_queue_peek_tail (&holdback->items);
  GstBuffer *buffer;

  if (!oldest)
    return NULL;
  if (delay > 0
      && holdback->n_frames - oldest->n_frames + newest->n_frames <= delay)
    return NULL;
  g_queue_pop_head (&holdback->items);
  holdback->n_frames -= oldest->n_frames;
  buffer = g_steal_pointer (&oldest->buffer);
  *serial = oldest->serial;
  item_free (oldest);
  return buffer;
}

void
gst_emotion2vec_holdback_clear (GstEmotion2vecHoldback * holdback)
{
  g_queue_clear_full (&holdback->items, (GDestroyNotify) item_free);
  holdback->n_frames = 0;
}
