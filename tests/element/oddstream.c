/* oddstream.c - what a stream is made of, legal and illegal, at random.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oddstream.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

guint
odd_below (GRand * rand, guint n)
{
  return (guint) g_rand_int_range (rand, 0, (gint32) n);
}

gboolean
odd_chance (GRand * rand, guint percent)
{
  return odd_below (rand, 100) < percent;
}

guint64
odd_u64 (GRand * rand)
{
  static const guint64 borders[] = { 0, 1, G_MAXUINT64, G_MAXUINT64 - 1,
    G_MAXINT64, (guint64) G_MAXINT64 + 1, G_MAXUINT32
  };
  guint64 bits = (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);

  if (odd_chance (rand, 20))
    return borders[odd_below (rand, G_N_ELEMENTS (borders))];
  return bits >> odd_below (rand, 64);
}

GstClockTime
odd_time (Player * p)
{
  switch (odd_below (p->rand, 8)) {
    case 0:
      return odd_u64 (p->rand);
    case 1:
      return GST_CLOCK_TIME_NONE;
    case 2:
      return p->pts + odd_below (p->rand, 5000) * GST_MSECOND;
    case 3:
      return p->pts - MIN (p->pts, odd_below (p->rand, 5000) * GST_MSECOND);
    default:
      return p->pts + odd_below (p->rand, 100) * GST_MSECOND;
  }
}

/* ---- caps ------------------------------------------------------------------------------------------------------- */

void
odd_choose_info (Player * p)
{
  static const gint rates[] = { 8000, 11025, 16000, 22050, 44100, 48000 };
  GRand *rand = p->rand;
  GstAudioFormat format = (GstAudioFormat) g_rand_int_range (rand,
      GST_AUDIO_FORMAT_S8, GST_AUDIO_FORMAT_F64BE + 1);
  gint rate = rates[odd_below (rand, G_N_ELEMENTS (rates))];
  gint channels = g_rand_int_range (rand, 1, 4);

  if (odd_chance (rand, 10))
    rate = 256 << odd_below (rand, 11);
  if (odd_chance (rand, 5))
    channels = g_rand_int_range (rand, 1, 65);
  p->info = rig_audio (format, rate, channels, odd_chance (rand, 30));
}

GstEvent *
odd_good_caps (Player * p)
{
  g_autoptr (GstCaps) caps = NULL;

  if (!odd_chance (p->rand, 20))
    odd_choose_info (p);
  caps = gst_audio_info_to_caps (&p->info);
  return gst_event_new_caps (caps);
}

GstEvent *
odd_bad_caps (Player * p)
{
  static const char *const wrong[] = {
    "audio/x-raw", "video/x-raw, format=I420", "audio/x-opus",
    "audio/x-raw(memory:DMABuf), format=S16LE, rate=8000, channels=1",
    "audio/x-raw, format=S16LE, rate=0, channels=1, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=8000, channels=0, layout=interleaved",
    "audio/x-raw, format=F99LE, rate=8000, channels=1, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=-1, channels=-1, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=400000, channels=1, layout=interleaved",
    "audio/x-raw, format=F64LE, rate=8000, channels=2147483647, "
        "channel-mask=(bitmask)0, layout=interleaved",
    "audio/x-raw, format=F64LE, rate=8000, channels=536870912, "
        "channel-mask=(bitmask)0, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=8000, channels=3, layout=interleaved",
    "audio/x-raw, format=S16LE, rate=8000, channels=2, layout=sideways",
  };
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (wrong[odd_below (p->rand, G_N_ELEMENTS (wrong))]);

  return gst_event_new_caps (caps);
}

/* ---- buffers ---------------------------------------------------------------------------------------------------- */

static void
fill (Player * p, GstBuffer * buffer)
{
  GstMapInfo map;
  guint kind = odd_below (p->rand, 4);

  if (gst_buffer_get_size (buffer) == 0
      || !gst_buffer_map (buffer, &map, GST_MAP_WRITE))
    return;
  if (kind == 0)
    memset (map.data, 0, map.size);
  else if (kind == 1)           /* NaN in floating point */
    memset (map.data, 0xff, map.size);
  else
    for (gsize i = 0; i < map.size; i++)
      map.data[i] = (guint8) g_rand_int (p->rand);
  gst_buffer_unmap (buffer, &map);
}

/* In one piece, in several, out of the middle of a larger one, or read-only. */
static GstBuffer *
memory_of (Player * p, gsize size)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  fill (p, buffer);
  if (size > 2 && odd_chance (p->rand, 20)) {
    gsize cut = 1 + odd_below (p->rand, (guint) size - 1);
    GstBuffer *second = gst_buffer_copy_region (buffer,
        GST_BUFFER_COPY_MEMORY, cut, size - cut);

    gst_buffer_resize (buffer, 0, (gssize) cut);
    buffer = gst_buffer_append (buffer, second);
  }
  if (odd_chance (p->rand, 10)) {
    gpointer silence = g_malloc0 (8);

    gst_buffer_append_memory (buffer, gst_memory_new_wrapped
        (GST_MEMORY_FLAG_READONLY, silence, 8, 0, 8, silence, g_free));
  }
  if (size > 2 && odd_chance (p->rand, 10))
    gst_buffer_resize (buffer, 1, -1);
  return buffer;
}

static void
name_buffer (Player * p, GstBuffer * buffer)
{
  GST_BUFFER_OFFSET (buffer) = (*p->next_offset)++;
  if (odd_chance (p->rand, 10))
    GST_BUFFER_OFFSET_END (buffer) = odd_u64 (p->rand);
}

GstBuffer *
odd_good_buffer (Player * p, gsize n_frames)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL,
      n_frames * (gsize) p->info.bpf, NULL);

  fill (p, buffer);
  if (p->info.layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED && n_frames > 0)
    gst_buffer_add_audio_meta (buffer, &p->info, n_frames, NULL);
  GST_BUFFER_PTS (buffer) = p->pts;
  GST_BUFFER_DURATION (buffer) =
      gst_util_uint64_scale (n_frames, GST_SECOND, (guint64) p->info.rate);
  p->pts += GST_BUFFER_DURATION (buffer);
  name_buffer (p, buffer);
  return buffer;
}

gsize
odd_n_frames (Player * p)
{
  gsize most = MAX (1, (gsize) p->info.rate / 8);

  most = MIN (most, MAX (1, 40000 / (gsize) p->info.bpf));
  return odd_chance (p->rand, 20) ? 1 : 1 + odd_below (p->rand, (guint) most);
}

static void
add_meta (Player * p, GstBuffer * buffer)
{
  GstAudioInfo other = rig_audio (GST_AUDIO_FORMAT_S16LE, 8000, 2, TRUE);
  gsize size = gst_buffer_get_size (buffer), cut;

  if (size < 8)
    return;
  gst_buffer_add_audio_meta (buffer, &other, size / 4, NULL);
  cut = odd_below (p->rand, (guint) size);
  if (odd_chance (p->rand, 50))
    gst_buffer_set_size (buffer, (gssize) cut);
}

GstBuffer *
odd_buffer (Player * p)
{
  static const guint flags[] = { GST_BUFFER_FLAG_DISCONT,
    GST_BUFFER_FLAG_GAP, GST_BUFFER_FLAG_RESYNC, GST_BUFFER_FLAG_CORRUPTED,
    GST_BUFFER_FLAG_MARKER, GST_BUFFER_FLAG_HEADER, GST_BUFFER_FLAG_DROPPABLE,
    GST_BUFFER_FLAG_DELTA_UNIT, GST_BUFFER_FLAG_DECODE_ONLY
  };
  GstBuffer *buffer;

  if (odd_chance (p->rand, 10))
    buffer = gst_buffer_new ();
  else if (odd_chance (p->rand, 50))
    buffer = memory_of (p, odd_n_frames (p) * (gsize) p->info.bpf);
  else
    buffer = memory_of (p, odd_below (p->rand, 600));
  GST_BUFFER_PTS (buffer) = odd_time (p);
  GST_BUFFER_DTS (buffer) = odd_chance (p->rand, 20) ? odd_time (p) :
      GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = odd_time (p);
  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    if (odd_chance (p->rand, 20))
      GST_BUFFER_FLAG_SET (buffer, flags[i]);
  if (odd_chance (p->rand, 20))
    add_meta (p, buffer);
  name_buffer (p, buffer);
  return buffer;
}

/* ---- properties ------------------------------------------------------------------------------------------------- */

const char *
odd_device (void)
{
  const char *device = g_getenv ("EMOTION2VEC_FUZZ_DEVICE");

  return device ? device : "ref";
}

static char *second_path;

static void
remove_second_model (void)
{
  g_unlink (second_path);
  g_free (second_path);
}

/* The same model in another file: an engine of its own, and something to swap with. */
static const char *
second_model (void)
{
  g_autofree char *data = NULL;
  gsize size;

  if (second_path)
    return second_path;
  second_path = g_strconcat (rig_model (), ".second", NULL);
  if (!g_file_get_contents (rig_model (), &data, &size, NULL)
      || !g_file_set_contents (second_path, data, (gssize) size, NULL))
    bench_fail ("cannot copy the model");
  atexit (remove_second_model);
  return second_path;
}

static const char *
some_string (Player * p, const char *name)
{
  static const char *const strings[] = { NULL, "", "ref", "angry,sad",
    "good=happy+neutral,bad=angry+sad", "no such thing", "=,+=", "\xc3\xa4"
  };

  if (strcmp (name, "device") == 0)
    return odd_chance (p->rand, 90) ? odd_device () : "no such device";
  if (strcmp (name, "model-file") == 0)
    return odd_chance (p->rand, 20) ? "/nonexistent.gguf" :
        odd_chance (p->rand, 50) ? second_model () : rig_model ();
  return strings[odd_below (p->rand, G_N_ELEMENTS (strings))];
}

/* A value that the property can take; long windows would only make the test wait. */
static void
set_some_value (Player * p, GParamSpec * spec, GValue * value)
{
  GRand *rand = p->rand;

  if (G_VALUE_HOLDS_BOOLEAN (value)) {
    g_value_set_boolean (value, odd_chance (rand, 50));
  } else if (G_VALUE_HOLDS_ENUM (value)) {
    GEnumClass *klass = G_PARAM_SPEC_ENUM (spec)->enum_class;

    g_value_set_enum (value, klass->values[odd_below (rand,
                klass->n_values)].value);
  } else if (G_VALUE_HOLDS_FLAGS (value)) {
    g_value_set_flags (value, g_rand_int (rand)
        & G_PARAM_SPEC_FLAGS (spec)->flags_class->mask);
  } else if (G_VALUE_HOLDS_UINT64 (value)) {
    g_value_set_uint64 (value, odd_chance (rand, 10) ? odd_u64 (rand) :
        (20 + odd_below (rand, 300)) * GST_MSECOND);
  } else if (G_VALUE_HOLDS_UINT (value)) {
    g_value_set_uint (value, 1 + odd_below (rand, 20));
  } else if (G_VALUE_HOLDS_DOUBLE (value)) {
    g_value_set_double (value, odd_chance (rand, 50) ? g_rand_double (rand) :
        -100 * g_rand_double (rand));
  } else if (G_VALUE_HOLDS_STRING (value)) {
    g_value_set_string (value, some_string (p, spec->name));
  }
  g_param_value_validate (spec, value);
}

GParamSpec *
odd_property (Player * p, GValue * value)
{
  guint n;
  g_autofree GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (p->element), &n);
  GParamSpec *spec = specs[odd_below (p->rand, n)];

  if (!(spec->flags & G_PARAM_WRITABLE) || strcmp (spec->name, "name") == 0
      || strcmp (spec->name, "parent") == 0 || strcmp (spec->name, "qos") == 0)
    return NULL;
  g_value_init (value, spec->value_type);
  set_some_value (p, spec, value);
  return spec;
}
