/* orderbench.c - an element between two pads of our own, which check that everything passes as it is and in order.
 *
 * (1) An item is written down before it is pushed and crossed out when it comes out. Items come out in order; one that
 *     was passed over must be lossy.
 * (2) An item is lossy if its push was refused, or if somebody flushed or stopped the element between its push and its
 *     coming out. Flushes and state changes mark all items before and after they act, since pushes go on meanwhile.
 * (3) Without held audio an item that was accepted is out when push returns.
 * (4) The lock guards the list and is never held while the element is called.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orderbench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct
{
  GstEventType event;           /* 0: a buffer */
  guint64 key;                  /* a buffer's offset, an event's seqnum */
  gboolean lossy;
  GstClockTime pts, dts, duration;
  guint64 offset_end;
  guint flags;
  guint n_memories;
  GstMemory *memories[16];      /* borrowed, to be compared only */
  guint8 *data;
  gsize size;
} Item;

struct _Bench
{
  GstElement *element;
  GstPad *src, *sink;           /* ours: the one above and the one below the element */
  GMutex lock;
  GQueue items;
  gboolean held;
  gboolean may_discont;         /* the base class flags the first buffer after a loss */
  GstFlowReturn answer;
  guint64 n_pushed, n_passed;
};

/* ---- faults ----------------------------------------------------------------------------------------------------- */

static struct
{
  GMutex lock;
  GCond moved;
  guint64 seed, step;
  const char *name;
} watch;

void
bench_fail (const char *format, ...)
{
  va_list arguments;

  fprintf (stderr, "seed %" G_GUINT64_FORMAT ", step %" G_GUINT64_FORMAT
      " (%s): ", watch.seed, watch.step, watch.name);
  va_start (arguments, format);
  vfprintf (stderr, format, arguments);
  va_end (arguments);
  fprintf (stderr, "\nAgain: EMOTION2VEC_FUZZ_SEED=%" G_GUINT64_FORMAT "\n",
      watch.seed);
  abort ();
}

/* Illegal streams make GStreamer itself warn; what it says is no fault of the element. */
static const char *const blameless[] = {
  "data flow before", "Sticky event misordering", "GstAudioMeta properties",
};

static void
on_log (const char *domain, GLogLevelFlags level, const char *text,
    gpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (blameless); i++)
    if (strstr (text, blameless[i]))
      return;
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
    bench_fail ("%s: %s", domain ? domain : "", text);
}

static gpointer
watch_over (gpointer data)
{
  gint64 seconds = GPOINTER_TO_INT (data);
  guint64 last = 0;

  g_mutex_lock (&watch.lock);
  for (;;) {
    gint64 end = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;

    last = watch.step;
    while (watch.step == last)
      if (!g_cond_wait_until (&watch.moved, &watch.lock, end))
        bench_fail ("hangs");
  }
  return NULL;
}

void
bench_watch (guint seconds)
{
  /* the handler decides what is fatal */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  g_log_set_default_handler (on_log, NULL);
  g_thread_unref (g_thread_new ("watchdog", watch_over,
          GINT_TO_POINTER (seconds)));
}

void
bench_begin_sequence (guint64 seed)
{
  g_mutex_lock (&watch.lock);
  watch.seed = seed;
  g_mutex_unlock (&watch.lock);
}

void
bench_step (const char *name)
{
  g_mutex_lock (&watch.lock);
  watch.step++;
  watch.name = name;
  g_cond_signal (&watch.moved);
  g_mutex_unlock (&watch.lock);
}

guint64
bench_n_steps (void)
{
  return watch.step;
}

/* ---- items ------------------------------------------------------------------------------------------------------ */

static void
item_free (Item * item)
{
  g_free (item->data);
  g_free (item);
}

/* Empty ones do not count: copies of headers leave them out. */
static void
note_memories (Item * item, GstBuffer * buffer)
{
  for (guint i = 0; i < gst_buffer_n_memory (buffer); i++) {
    GstMemory *memory = gst_buffer_peek_memory (buffer, i);

    if (memory->size > 0 && item->n_memories < G_N_ELEMENTS (item->memories))
      item->memories[item->n_memories++] = memory;
  }
}

static Item *
item_of_buffer (GstBuffer * buffer)
{
  Item *item = g_new0 (Item, 1);

  item->key = GST_BUFFER_OFFSET (buffer);
  item->pts = GST_BUFFER_PTS (buffer);
  item->dts = GST_BUFFER_DTS (buffer);
  item->duration = GST_BUFFER_DURATION (buffer);
  item->offset_end = GST_BUFFER_OFFSET_END (buffer);
  item->flags = GST_BUFFER_FLAGS (buffer);
  note_memories (item, buffer);
  item->size = gst_buffer_get_size (buffer);
  item->data = g_malloc (item->size + 1);
  gst_buffer_extract (buffer, 0, item->data, item->size);
  return item;
}

static Item *
item_of_event (GstEvent * event)
{
  Item *item = g_new0 (Item, 1);

  item->event = GST_EVENT_TYPE (event);
  item->key = gst_event_get_seqnum (event);
  return item;
}

static gboolean
same_memory (const Item * a, const Item * b)
{
  return a->n_memories == b->n_memories && a->size == b->size
      && memcmp (a->memories, b->memories, sizeof a->memories) == 0
      && memcmp (a->data, b->data, a->size) == 0;
}

/* The base class may add DISCONT to the first buffer after something was lost. */
static void
compare (const Item * in, const Item * out, gboolean may_discont)
{
  const guint of_memory = GST_BUFFER_FLAG_TAG_MEMORY;
  guint changed = (in->flags ^ out->flags) & ~of_memory;

  if (!same_memory (in, out))
    bench_fail ("buffer %" G_GUINT64_FORMAT " was changed or copied", in->key);
  if (in->pts != out->pts || in->dts != out->dts
      || in->duration != out->duration || in->offset_end != out->offset_end)
    bench_fail ("the times of buffer %" G_GUINT64_FORMAT " were changed",
        in->key);
  if (may_discont && (out->flags & GST_BUFFER_FLAG_DISCONT))
    changed &= ~(guint) GST_BUFFER_FLAG_DISCONT;
  if (changed)
    bench_fail ("buffer %" G_GUINT64_FORMAT " went in with flags %x and came "
        "out with %x", in->key, in->flags, out->flags);
}

static gint
is_item (gconstpointer a, gconstpointer b)
{
  const Item *item = a, *wanted = b;

  return item->event != wanted->event || item->key != wanted->key;
}

/* Crosses the item out that @out is. FALSE: it is not in the list. */
static gboolean
cross_out (Bench * bench, const Item * out)
{
  Item *in;

  if (!g_queue_find_custom (&bench->items, out, is_item))
    return FALSE;
  while (is_item (in = g_queue_pop_head (&bench->items), out) != 0) {
    if (!in->lossy)
      bench_fail ("%s %" G_GUINT64_FORMAT " is lost or was overtaken",
          in->event ? gst_event_type_get_name (in->event) : "buffer", in->key);
    bench->may_discont = TRUE;
    item_free (in);
  }
  if (!out->event) {
    compare (in, out, bench->may_discont);
    bench->may_discont = FALSE;
  }
  bench->n_passed++;
  item_free (in);
  return TRUE;
}

static void
mark_lossy (Bench * bench)
{
  g_mutex_lock (&bench->lock);
  bench->may_discont = TRUE;
  for (GList * l = bench->items.head; l; l = l->next)
    ((Item *) l->data)->lossy = TRUE;
  g_mutex_unlock (&bench->lock);
}

/* ---- the pad below ---------------------------------------------------------------------------------------------- */

static GstFlowReturn
on_buffer (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  Bench *bench = gst_pad_get_element_private (pad);
  Item *out = item_of_buffer (buffer);
  GstFlowReturn answer;

  g_mutex_lock (&bench->lock);
  if (!cross_out (bench, out))
    bench_fail ("buffer %" G_GUINT64_FORMAT " came out twice", out->key);
  answer = bench->answer;
  g_mutex_unlock (&bench->lock);
  /* who is told this need not send what it still holds */
  if (answer != GST_FLOW_OK)
    mark_lossy (bench);
  item_free (out);
  gst_buffer_unref (buffer);
  return answer;
}

/* The element's own, or sticky ones that pads send again. */
static gboolean
may_be_new (GstEvent * event)
{
  return GST_EVENT_IS_STICKY (event)
      || gst_event_has_name (event, "emotion2vec");
}

static gboolean
on_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  Bench *bench = gst_pad_get_element_private (pad);

  if (GST_EVENT_IS_SERIALIZED (event)
      && GST_EVENT_TYPE (event) != GST_EVENT_FLUSH_STOP) {
    Item *out = item_of_event (event);

    g_mutex_lock (&bench->lock);
    if (!cross_out (bench, out) && !may_be_new (event))
      bench_fail ("an event %s came out that did not go in",
          GST_EVENT_TYPE_NAME (event));
    g_mutex_unlock (&bench->lock);
    item_free (out);
  }
  gst_event_unref (event);
  return TRUE;
}

/* Both pads take all caps at any time. */
static gboolean
on_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstCaps *filter;

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_LATENCY:
      gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
      return TRUE;
    case GST_QUERY_CAPS:
      gst_query_parse_caps (query, &filter);
      filter = filter ? gst_caps_ref (filter) : gst_caps_new_any ();
      gst_query_set_caps_result (query, filter);
      gst_caps_unref (filter);
      return TRUE;
    case GST_QUERY_ACCEPT_CAPS:
      gst_query_set_accept_caps_result (query, TRUE);
      return TRUE;
    default:
      return gst_pad_query_default (pad, parent, query);
  }
}

/* ---- the pad above ---------------------------------------------------------------------------------------------- */

static gboolean
on_upstream_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  gst_event_unref (event);
  return TRUE;
}

static void
write_down (Bench * bench, Item * item)
{
  g_mutex_lock (&bench->lock);
  bench->n_pushed++;
  g_queue_push_tail (&bench->items, item);
  g_mutex_unlock (&bench->lock);
}

/* After a push: what was refused may be missing; what was accepted is out, unless the element holds audio back. */
static void
settle (Bench * bench, gboolean accepted)
{
  g_mutex_lock (&bench->lock);
  for (GList * l = bench->items.head; l; l = l->next) {
    Item *item = l->data;

    if (accepted && !bench->held && !item->lossy && !item->event)
      bench_fail ("buffer %" G_GUINT64_FORMAT " did not come out", item->key);
    item->lossy |= !accepted || item->event;
  }
  g_mutex_unlock (&bench->lock);
}

GstFlowReturn
bench_push (Bench * bench, GstBuffer * buffer)
{
  GstFlowReturn ret;

  write_down (bench, item_of_buffer (buffer));
  ret = gst_pad_push (bench->src, buffer);
  settle (bench, ret == GST_FLOW_OK);
  return ret;
}

GstFlowReturn
bench_push_list (Bench * bench, GstBufferList * list)
{
  GstFlowReturn ret;

  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    write_down (bench, item_of_buffer (gst_buffer_list_get (list, i)));
  ret = gst_pad_push_list (bench->src, list);
  settle (bench, ret == GST_FLOW_OK);
  return ret;
}

static void
check_nothing_held (Bench * bench)
{
  g_mutex_lock (&bench->lock);
  for (GList * l = bench->items.head; l; l = l->next) {
    const Item *item = l->data;

    if (!item->lossy && !item->event)
      bench_fail ("buffer %" G_GUINT64_FORMAT " is missing after EOS",
          item->key);
  }
  g_mutex_unlock (&bench->lock);
}

gboolean
bench_push_event (Bench * bench, GstEvent * event)
{
  gboolean eos = GST_EVENT_TYPE (event) == GST_EVENT_EOS, ret;

  /* the base class renders caps anew */
  if (GST_EVENT_IS_SERIALIZED (event)
      && GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    write_down (bench, item_of_event (event));
  ret = gst_pad_push_event (bench->src, event);
  /* a sticky event may be taken and not be sent yet: lossy from now on */
  settle (bench, TRUE);
  if (eos && ret)
    check_nothing_held (bench);
  return ret;
}

void
bench_flush (Bench * bench, gboolean reset_time)
{
  mark_lossy (bench);
  gst_pad_push_event (bench->src, gst_event_new_flush_start ());
  mark_lossy (bench);
  gst_pad_push_event (bench->src, gst_event_new_flush_stop (reset_time));
  mark_lossy (bench);
}

void
bench_set_state (Bench * bench, GstState state)
{
  mark_lossy (bench);
  gst_element_set_state (bench->element, state);
  mark_lossy (bench);
}

gboolean
bench_query (Bench * bench, GstQuery * query, gboolean from_below)
{
  gboolean ret = gst_pad_peer_query (from_below ? bench->sink : bench->src,
      query);

  gst_query_unref (query);
  return ret;
}

gboolean
bench_send_upstream (Bench * bench, GstEvent * event)
{
  return gst_pad_push_event (bench->sink, event);
}

/* ---- the bench -------------------------------------------------------------------------------------------------- */

static GstPad *
make_pad (Bench * bench, GstPadDirection direction, const char *peer_name)
{
  GstPad *pad = gst_pad_new (NULL, direction);
  GstPad *peer = gst_element_get_static_pad (bench->element, peer_name);
  GstPadLinkReturn linked;

  gst_object_ref_sink (pad);
  gst_pad_set_element_private (pad, bench);
  gst_pad_set_query_function (pad, on_query);
  if (direction == GST_PAD_SINK) {
    gst_pad_set_chain_function (pad, on_buffer);
    gst_pad_set_event_function (pad, on_event);
    linked = gst_pad_link (peer, pad);
  } else {
    gst_pad_set_event_function (pad, on_upstream_event);
    linked = gst_pad_link (pad, peer);
  }
  if (linked != GST_PAD_LINK_OK)
    bench_fail ("cannot link");
  gst_pad_set_active (pad, TRUE);
  gst_object_unref (peer);
  return pad;
}

Bench *
bench_new (GstElement * element)
{
  Bench *bench = g_new0 (Bench, 1);

  g_mutex_init (&bench->lock);
  g_queue_init (&bench->items);
  bench->element = gst_object_ref (element);
  bench->may_discont = TRUE;
  bench->src = make_pad (bench, GST_PAD_SRC, "sink");
  bench->sink = make_pad (bench, GST_PAD_SINK, "src");
  return bench;
}

static void
free_pad (GstPad * pad)
{
  GstPad *peer = gst_pad_get_peer (pad);

  gst_pad_set_active (pad, FALSE);
  if (GST_PAD_IS_SRC (pad))
    gst_pad_unlink (pad, peer);
  else
    gst_pad_unlink (peer, pad);
  gst_object_unref (peer);
  gst_object_unref (pad);
}

void
bench_free (Bench * bench)
{
  if (gst_element_set_state (bench->element, GST_STATE_NULL) !=
      GST_STATE_CHANGE_SUCCESS)
    bench_fail ("cannot go to NULL");
  free_pad (bench->src);
  free_pad (bench->sink);
  g_queue_clear_full (&bench->items, (GDestroyNotify) item_free);
  g_mutex_clear (&bench->lock);
  gst_object_unref (bench->element);
  g_free (bench);
}

void
bench_set_held (Bench * bench)
{
  g_mutex_lock (&bench->lock);
  bench->held = TRUE;
  g_mutex_unlock (&bench->lock);
}

void
bench_set_answer (Bench * bench, GstFlowReturn answer)
{
  g_mutex_lock (&bench->lock);
  bench->answer = answer;
  g_mutex_unlock (&bench->lock);
}

guint64
bench_n_pushed (const Bench * bench)
{
  return bench->n_pushed;
}

guint64
bench_n_passed (const Bench * bench)
{
  return bench->n_passed;
}
