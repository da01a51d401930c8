/* gstemotion2vecreader.c - finds results in a stream, each one once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecreader.h"

#include <math.h>

#include "gstemotion2vecmeta.h"

/* More people than this do not talk in one stream. */
#define MAX_SOURCES 64

/* Longer times than this are nonsense; sums of a few of them do not overflow. */
#define LONGEST (G_MAXINT64 / 4)

/* The ids of one element and stream: bit i of `seen` is id highest - i. */
typedef struct
{
  char *name;
  guint64 highest, seen;
} Source;

struct _GstEmotion2vecReader
{
  GQueue sources;               /* of Source, the last one heard first */
  char *stream_id;              /* (nullable): of the stream that comes in */
};

static void
free_source (gpointer data)
{
  Source *source = data;

  g_free (source->name);
  g_free (source);
}

GstEmotion2vecReader *
gst_emotion2vec_reader_new (void)
{
  return g_new0 (GstEmotion2vecReader, 1);
}

void
gst_emotion2vec_reader_forget (GstEmotion2vecReader * reader)
{
  g_queue_clear_full (&reader->sources, free_source);
  g_clear_pointer (&reader->stream_id, g_free);
}

void
gst_emotion2vec_reader_free (GstEmotion2vecReader * reader)
{
  if (!reader)
    return;
  gst_emotion2vec_reader_forget (reader);
  g_free (reader);
}

/* ---- doubles ---------------------------------------------------------------------------------------------------- */

static gint
compare_names (gconstpointer source, gconstpointer name)
{
  return g_strcmp0 (((const Source *) source)->name, name);
}

/* The source of that name, now the first; NULL if it is new. */
static Source *
find_source (GstEmotion2vecReader * reader, const char *name)
{
  GList *link =
      g_queue_find_custom (&reader->sources, (gpointer) name, compare_names);

  if (!link)
    return NULL;
  g_queue_unlink (&reader->sources, link);
  g_queue_push_head_link (&reader->sources, link);
  return link->data;
}

static void
add_source (GstEmotion2vecReader * reader, const char *name, guint64 id)
{
  Source *source = g_new0 (Source, 1);

  source->name = g_strdup (name);
  source->highest = id;
  source->seen = 1;
  g_queue_push_head (&reader->sources, source);
  if (reader->sources.length > MAX_SOURCES)
    free_source (g_queue_pop_tail (&reader->sources));
}

/* Whether @id is new; it is not from now on. */
static gboolean
note_id (Source * source, guint64 id)
{
  guint64 bit;

  if (id > source->highest) {
    guint64 step = id - source->highest;

    source->seen = (step < 64 ? source->seen << step : 0) | 1;
    source->highest = id;
    return TRUE;
  }
  if (source->highest - id >= 64)
    return FALSE;
  bit = G_GUINT64_CONSTANT (1) << (source->highest - id);
  if (source->seen & bit)
    return FALSE;
  source->seen |= bit;
  return TRUE;
}

/* What has no id cannot be told from others, and is taken as new. */
static gboolean
is_new (GstEmotion2vecReader * reader, const GstEmotion2vecReading * reading)
{
  g_autofree char *name = g_strdup_printf ("%s\n%s",
      reading->element ? reading->element : "",
      reading->stream_id ? reading->stream_id : "");
  Source *source;
  guint64 id;

  if (!gst_structure_get_uint64 (reading->fields, "id", &id))
    return TRUE;
  source = find_source (reader, name);
  if (source)
    return note_id (source, id);
  add_source (reader, name, id);
  return TRUE;
}

/* ---- results ---------------------------------------------------------------------------------------------------- */

static GstClockTime
get_time (const GstStructure * fields, const char *name)
{
  guint64 time;

  return gst_structure_get_uint64 (fields, name, &time) && time < LONGEST
      ? time : GST_CLOCK_TIME_NONE;
}

static const char *
get_label (const GstStructure * fields, double *confidence)
{
  const char *label = gst_structure_get_string (fields, "label");
  gboolean silent = FALSE;

  *confidence = 0;
  gst_structure_get_boolean (fields, "silent", &silent);
  if (silent || !label || !*label || !g_utf8_validate (label, -1, NULL))
    return NULL;
  if (!gst_structure_get_double (fields, "confidence", confidence)
      || !isfinite (*confidence))
    *confidence = 0;
  return label;
}

/* FALSE: it is about no time. */
static gboolean
parse (const GstStructure * fields, GstEmotion2vecReading * reading)
{
  reading->fields = fields;
  reading->element = gst_structure_get_string (fields, "element");
  reading->stream_id = gst_structure_get_string (fields, "stream-id");
  reading->label = get_label (fields, &reading->confidence);
  reading->speech = g_strcmp0 (gst_structure_get_string (fields, "trigger"),
      "speech") == 0;
  if (!gst_structure_get_int (fields, "channel", &reading->channel))
    reading->channel = -1;
  reading->timestamp = get_time (fields, "timestamp");
  reading->running_time = get_time (fields, "running-time");
  reading->duration = get_time (fields, "duration");
  reading->interval = get_time (fields, "interval");
  if (reading->interval == 0)
    reading->interval = GST_CLOCK_TIME_NONE;
  return GST_CLOCK_TIME_IS_VALID (reading->duration) && reading->duration > 0;
}

static void
read_result (GstEmotion2vecReader * reader, const GstStructure * fields,
    GstEmotion2vecReaderFunc func, gpointer data)
{
  GstEmotion2vecReading reading;

  if (parse (fields, &reading) && is_new (reader, &reading))
    func (&reading, data);
}

void
gst_emotion2vec_reader_buffer (GstEmotion2vecReader * reader,
    GstBuffer * buffer, GstEmotion2vecReaderFunc func, gpointer data)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (buffer, &state))) {
    GstCustomMeta *custom = (GstCustomMeta *) meta;

    if (gst_meta_info_is_custom (meta->info)
        && gst_custom_meta_has_name (custom, GST_EMOTION2VEC_META_NAME))
      read_result (reader, gst_custom_meta_get_structure (custom), func, data);
  }
}

static void
see_stream (GstEmotion2vecReader * reader, GstEvent * event)
{
  const char *stream_id;

  gst_event_parse_stream_start (event, &stream_id);
  if (g_strcmp0 (stream_id, reader->stream_id) == 0)
    return;
  gst_emotion2vec_reader_forget (reader);
  reader->stream_id = g_strdup (stream_id);
}

gboolean
gst_emotion2vec_reader_event (GstEmotion2vecReader * reader, GstEvent * event,
    GstEmotion2vecReaderFunc func, gpointer data)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
    see_stream (reader, event);
  if (GST_EVENT_TYPE (event) != GST_EVENT_CUSTOM_DOWNSTREAM
      || !gst_event_has_name (event, GST_EMOTION2VEC_STRUCTURE_NAME))
    return FALSE;
  read_result (reader, gst_event_get_structure (event), func, data);
  return TRUE;
}
