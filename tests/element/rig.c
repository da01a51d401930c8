/* rig.c - an emotion2vec element on a test bench.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rig.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "e2vmodelfile.h"
#include "e2vselftest.h"

static char *model_folder;
static GPtrArray *model_paths;

static void
remove_models (void)
{
  for (guint i = 0; i < model_paths->len; i++)
    g_unlink (model_paths->pdata[i]);
  g_rmdir (model_folder);
  g_free (model_folder);
  g_ptr_array_unref (model_paths);
}

const char *
rig_new_path (void)
{
  g_autoptr (GError) error = NULL;
  char *path;

  if (!model_paths) {
    model_paths = g_ptr_array_new_with_free_func (g_free);
    model_folder = g_dir_make_tmp ("emotion2vec-test-XXXXXX", &error);
    g_assert_no_error (error);
    atexit (remove_models);
  }
  path = g_strdup_printf ("%s/tiny-%u.gguf", model_folder, model_paths->len);
  g_ptr_array_add (model_paths, path);
  return path;
}

void
rig_save_model (const char *path, guint64 seed, guint n_classes, guint kernel)
{
  const E2vHparams shape = {
    .conv = {{16, kernel, 5}, {16, 3, 2}, {16, 3, 2}, {16, 3, 2}, {16, 3, 2},
        {16, 2, 2}, {16, 2, 2}},
    .n_conv = 7,.embed_dim = 32,.n_heads = 2,.n_prenet = 1,.n_main = 1,
    .mlp_dim = 32,.n_extra = 2,.pos_depth = 1,.pos_kernel = 3,
    .pos_groups = 4,.alibi_layers = 1,.alibi_heads = 2,.n_classes = n_classes,
    .norm_eps = 1e-5,.normalize = TRUE
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) model = e2v_model_new_random (&shape, seed, &error);

  g_assert_no_error (error);
  e2v_selftest_make (model, &error);
  g_assert_no_error (error);
  e2v_model_save (model, path, &error);
  g_assert_no_error (error);
}

const char *
rig_other_model (guint64 seed, guint n_classes, guint kernel)
{
  const char *path = rig_new_path ();

  rig_save_model (path, seed, n_classes, kernel);
  return path;
}

const char *
rig_model (void)
{
  static const char *path;

  if (!path)
    path = rig_other_model (7, 9, 10);
  return path;
}

GstAudioInfo
rig_audio (GstAudioFormat format, gint rate, gint channels, gboolean planar)
{
  GstAudioInfo info;
  GstAudioChannelPosition none[64];

  for (gint c = 0; c < 64; c++)
    none[c] = GST_AUDIO_CHANNEL_POSITION_NONE;
  gst_audio_info_set_format (&info, format, rate, channels,
      channels > 2 && channels <= 64 ? none : NULL);
  if (planar)
    info.layout = GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  return info;
}

/* ---- the log ---------------------------------------------------------------------------------------------------- */

static void
log_entry_free (LogEntry * entry)
{
  g_clear_pointer (&entry->fields, gst_structure_free);
  g_clear_pointer (&entry->metas, g_ptr_array_unref);
  g_free (entry);
}

static LogEntry *
add_entry (Rig * rig, LogKind kind)
{
  LogEntry *entry = g_new0 (LogEntry, 1);

  entry->kind = kind;
  g_ptr_array_add (rig->log, entry);
  return entry;
}

/* @message: (transfer full). */
static const LogEntry *
log_message (Rig * rig, GstMessage * message)
{
  const GstStructure *fields = gst_message_get_structure (message);
  LogEntry *entry = add_entry (rig, LOG_MESSAGE);

  entry->message = GST_MESSAGE_TYPE (message);
  entry->fields = fields ? gst_structure_copy (fields) : NULL;
  gst_message_unref (message);
  return entry;
}

void
rig_flush_bus (Rig * rig)
{
  GstMessage *message;

  while ((message = gst_bus_pop (rig->bus)))
    log_message (rig, message);
}

const LogEntry *
rig_wait_for (Rig * rig, GstMessageType type)
{
  const LogEntry *entry;

  do
    entry = log_message (rig, gst_bus_timed_pop (rig->bus,
            GST_CLOCK_TIME_NONE));
  while (entry->message != type);
  return entry;
}

static gboolean
collect_meta (GstBuffer * buffer, GstMeta ** meta, gpointer metas)
{
  if (gst_meta_info_is_custom ((*meta)->info)
      && gst_custom_meta_has_name ((GstCustomMeta *) * meta,
          "GstEmotion2vecMeta"))
    g_ptr_array_add (metas, gst_structure_copy (gst_custom_meta_get_structure
            ((GstCustomMeta *) * meta)));
  return TRUE;
}

static void
log_buffer (Rig * rig, GstBuffer * buffer)
{
  LogEntry *entry = add_entry (rig, LOG_BUFFER);
  GstMapInfo map;

  entry->metas = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_structure_free);
  entry->pts = GST_BUFFER_PTS (buffer);
  if (gst_buffer_n_memory (buffer) > 0)
    entry->memory = gst_buffer_peek_memory (buffer, 0);
  gst_buffer_foreach_meta (buffer, collect_meta, entry->metas);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  entry->size = map.size;
  g_byte_array_append (rig->audio, map.data, (guint) map.size);
  gst_buffer_unmap (buffer, &map);
}

static GstPadProbeReturn
on_output (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Rig *rig = data;

  rig_flush_bus (rig);
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    log_buffer (rig, GST_PAD_PROBE_INFO_BUFFER (info));
  } else {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
    LogEntry *entry = add_entry (rig, LOG_EVENT);

    entry->event = GST_EVENT_TYPE (event);
    if (gst_event_has_name (event, "emotion2vec"))
      entry->fields = gst_structure_copy (gst_event_get_structure (event));
  }
  return GST_PAD_PROBE_OK;
}

/* ---- the bench -------------------------------------------------------------------------------------------------- */

Rig *
rig_new (const GstAudioInfo * info, const GstSegment * segment,
    const char *first_property, ...)
{
  Rig *rig = g_new0 (Rig, 1);
  GstCaps *caps = gst_audio_info_to_caps (info);
  GstPad *src;
  va_list properties;

  rig->info = *info;
  rig->audio = g_byte_array_new ();
  rig->log = g_ptr_array_new_with_free_func ((GDestroyNotify) log_entry_free);
  rig->element = gst_element_factory_make ("emotion2vec", NULL);
  g_assert_nonnull (rig->element);
  g_object_set (rig->element, "model-file", rig_model (), "device", "ref",
      "silence-threshold", -(double) INFINITY, NULL);
  /* a harness says that it is live */
  gst_util_set_object_arg (G_OBJECT (rig->element), "mode", "sync");
  va_start (properties, first_property);
  g_object_set_valist (G_OBJECT (rig->element), first_property, properties);
  va_end (properties);
  /* a harness gives its element no bus */
  rig->bus = gst_bus_new ();
  gst_element_set_bus (rig->element, rig->bus);
  src = gst_element_get_static_pad (rig->element, "src");
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER
      | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      on_output, rig, NULL);
  gst_object_unref (src);
  rig->harness = gst_harness_new_with_element (rig->element, "sink", "src");
  gst_harness_set_drop_buffers (rig->harness, TRUE);
  if (segment) {
    gst_harness_set_src_caps (rig->harness, caps);
    rig_send (rig, gst_event_new_segment (segment));
  } else {
    gst_harness_set_src_caps (rig->harness, caps);
  }
  return rig;
}

void
rig_free (Rig * rig)
{
  gst_element_set_bus (rig->element, NULL);
  gst_harness_teardown (rig->harness);
  gst_object_unref (rig->element);
  gst_object_unref (rig->bus);
  g_byte_array_unref (rig->audio);
  g_ptr_array_unref (rig->log);
  g_free (rig);
}

GstBuffer *
rig_buffer (const Rig * rig, const guint8 * data, gsize total, gsize at,
    gsize n_frames, GstClockTime pts)
{
  const GstAudioInfo *info = &rig->info;
  gboolean planar = info->layout == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
  gsize n_planes = planar ? (gsize) info->channels : 1;
  gsize stride = (gsize) info->bpf / n_planes;
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, n_frames * info->bpf, NULL);

  for (gsize p = 0; p < n_planes; p++)
    gst_buffer_fill (buffer, p * n_frames * stride,
        data + (p * total + at) * stride, n_frames * stride);
  if (planar)
    gst_buffer_add_audio_meta (buffer, info, n_frames, NULL);
  GST_BUFFER_PTS (buffer) = pts;
  if (GST_CLOCK_TIME_IS_VALID (pts))
    GST_BUFFER_DURATION (buffer) =
        gst_util_uint64_scale (n_frames, GST_SECOND, info->rate);
  return buffer;
}

void
rig_push (Rig * rig, const guint8 * data, gsize n, gsize piece,
    GstClockTime start)
{
  for (gsize at = 0; at < n; at += piece) {
    GstClockTime pts = GST_CLOCK_TIME_IS_VALID (start) ? start +
        gst_util_uint64_scale (at, GST_SECOND, rig->info.rate) : start;

    g_assert_cmpint (gst_harness_push (rig->harness, rig_buffer (rig, data, n,
                at, MIN (piece, n - at), pts)), ==, GST_FLOW_OK);
  }
}

void
rig_push_silence (Rig * rig, guint ms, GstClockTime start)
{
  gsize n = (gsize) ms * (gsize) (rig->info.rate / 1000);
  g_autofree guint8 *data = g_malloc0 (n * rig->info.bpf);

  rig_push (rig, data, n, (gsize) rig->info.rate / 100, start);
}

void
rig_send (Rig * rig, GstEvent * event)
{
  g_assert_true (gst_harness_push_event (rig->harness, event));
  rig_flush_bus (rig);
}

/* ---- reading the log -------------------------------------------------------------------------------------------- */

static void
add_results (GPtrArray * results, const LogEntry * entry)
{
  if (entry->fields && gst_structure_has_name (entry->fields, "emotion2vec"))
    g_ptr_array_add (results, entry->fields);
  for (guint m = 0; entry->metas && m < entry->metas->len; m++)
    g_ptr_array_add (results, entry->metas->pdata[m]);
}

GPtrArray *
rig_results (Rig * rig, LogKind kind)
{
  GPtrArray *results = g_ptr_array_new ();

  rig_flush_bus (rig);
  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    if (entry->kind == kind)
      add_results (results, entry);
  }
  return results;
}

GPtrArray *
rig_results_in_band (Rig * rig)
{
  GPtrArray *results = g_ptr_array_new ();

  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    if (entry->kind != LOG_MESSAGE)
      add_results (results, entry);
  }
  return results;
}

guint
rig_count_messages (Rig * rig, GstMessageType type)
{
  guint n = 0;

  rig_flush_bus (rig);
  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    n += entry->kind == LOG_MESSAGE && entry->message == type;
  }
  return n;
}

guint
rig_index_of_event (Rig * rig, GstEventType type)
{
  for (guint i = 0; i < rig->log->len; i++) {
    const LogEntry *entry = rig->log->pdata[i];

    if (entry->kind == LOG_EVENT && entry->event == type)
      return i;
  }
  g_assert_not_reached ();
  return 0;
}

guint64
rig_u64 (const GstStructure * fields, const char *name)
{
  guint64 value = 0;

  g_assert_true (gst_structure_get_uint64 (fields, name, &value));
  return value;
}

void
rig_assert_span (const GstStructure * fields, guint64 ms, guint64 length_ms)
{
  g_assert_cmpuint (rig_u64 (fields, "timestamp"), ==, ms * GST_MSECOND);
  g_assert_cmpuint (rig_u64 (fields, "duration"), ==, length_ms * GST_MSECOND);
}

guint8 *
rig_noise (const GstAudioInfo * info, gsize n_frames, guint32 seed)
{
  gsize n = n_frames * info->channels;
  guint8 *data = g_malloc (n_frames * info->bpf);
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  if (info->finfo->format == GST_AUDIO_FORMAT_F32)
    for (gsize i = 0; i < n; i++)
      ((float *) data)[i] = (float) g_rand_double_range (rand, -1, 1);
  else if (info->finfo->format == GST_AUDIO_FORMAT_F64)
    for (gsize i = 0; i < n; i++)
      ((double *) data)[i] = g_rand_double_range (rand, -1, 1);
  else
    for (gsize i = 0; i < n_frames * info->bpf; i++)
      data[i] = (guint8) g_rand_int_range (rand, 0, 256);
  return data;
}

gint
rig_wait_for_swap (Rig * rig)
{
  for (;;) {
    const LogEntry *entry = rig_wait_for (rig, GST_MESSAGE_PROGRESS);
    gint type;

    g_assert_true (gst_structure_get (entry->fields, "type",
            GST_TYPE_PROGRESS_TYPE, &type, NULL));
    if (g_str_equal (gst_structure_get_string (entry->fields, "code"), "model")
        && type != GST_PROGRESS_TYPE_START)
      return type;
  }
}
