/* gstemotion2vecmeta.c - results on buffers, as an untagged GstCustomMeta.
 *
 * No tags, no transform function: of all metas, these survive most converters and encoders.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecmeta.h"

void
gst_emotion2vec_meta_register (void)
{
  static const char *no_tags[] = { NULL };
  static GMutex lock;

  /* a second registration of a name is a critical, and another copy of this
   * plugin may have made the first */
  g_mutex_lock (&lock);
  if (!gst_meta_get_info (GST_EMOTION2VEC_META_NAME))
    gst_meta_register_custom (GST_EMOTION2VEC_META_NAME, no_tags, NULL, NULL,
        NULL);
  g_mutex_unlock (&lock);
}

static gboolean
copy_field (GQuark field, const GValue * value, gpointer structure)
{
  gst_structure_id_set_value (structure, field, value);
  return TRUE;
}

void
gst_emotion2vec_meta_attach (GstBuffer * buffer,
    const GstEmotion2vecResult * result)
{
  GstCustomMeta *meta =
      gst_buffer_add_custom_meta (buffer, GST_EMOTION2VEC_META_NAME);
  GstStructure *fields = gst_emotion2vec_result_to_structure (result,
      GST_EMOTION2VEC_META_NAME);

  gst_structure_foreach (fields, copy_field,
      gst_custom_meta_get_structure (meta));
  gst_structure_free (fields);
}
