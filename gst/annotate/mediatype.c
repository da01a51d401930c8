/* mediatype.c - what kind of file something is: media or not, and its MIME type.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mediatype.h"

#include <errno.h>
#include <fcntl.h>
#include <gst/base/gsttypefindhelper.h>
#include <string.h>
#include <unistd.h>

/* Enough for every type finder that looks at the beginning. */
#define BEGINNING (64 * 1024)

/* Whether a type that a type finder knows has sound in it, or may have. */
static gboolean
is_media_type (const char *name)
{
  static const char *const others[] = {
    "application/ogg", "application/x-id3", "application/x-apetag",
    "application/x-ape", "application/mxf", "application/vnd.rn-realmedia",
    "application/x-pn-realaudio", "application/x-3gp"
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (strcmp (name, others[i]) == 0)
      return TRUE;
  return g_str_has_prefix (name, "audio/") || g_str_has_prefix (name, "video/");
}

/* (transfer full) (element-type utf8): endings of names, lower case. */
static GHashTable *
list_endings (void)
{
  GHashTable *endings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      NULL);
  GList *factories = gst_type_find_factory_get_list ();

  for (GList * item = factories; item; item = item->next) {
    const char *const *known =
        gst_type_find_factory_get_extensions (item->data);
    GstCaps *caps = gst_type_find_factory_get_caps (item->data);

    if (!known || !caps || gst_caps_is_any (caps) || gst_caps_is_empty (caps)
        || !is_media_type (gst_structure_get_name (gst_caps_get_structure
                (caps, 0))))
      continue;
    for (guint i = 0; known[i]; i++)
      g_hash_table_add (endings, g_ascii_strdown (known[i], -1));
  }
  gst_plugin_feature_list_free (factories);
  return endings;
}

static gboolean
ends_as_media (const char *path)
{
  static gsize once;
  static GHashTable *endings;
  const char *dot = strrchr (path, '.');
  g_autofree char *ending = NULL;

  if (g_once_init_enter (&once)) {
    endings = list_endings ();
    g_once_init_leave (&once, 1);
  }
  if (!dot || strchr (dot, '/'))
    return FALSE;
  ending = g_ascii_strdown (dot + 1, -1);
  return g_hash_table_contains (endings, ending);
}

static gboolean
begins_as_media (const char *path)
{
  g_autofree guint8 *data = g_malloc (BEGINNING);
  g_autoptr (GstCaps) caps = NULL;
  int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gssize n;

  if (file < 0)
    return FALSE;
  n = read (file, data, BEGINNING);
  close (file);
  if (n > 0)
    caps = gst_type_find_helper_for_data (NULL, data, (gsize) n, NULL);
  return caps
      && is_media_type (gst_structure_get_name (gst_caps_get_structure (caps,
              0)));
}

gboolean
media_type_is_media (const char *path)
{
  return ends_as_media (path) || begins_as_media (path);
}

/* GStreamer's names and those that are registered or in common use. The first that matches counts. */
static const struct
{
  const char *caps, *ending, *mime;
} types[] = {
  {"audio/x-wav", NULL, "audio/wav"},
  {"audio/x-flac", NULL, "audio/flac"},
  {"audio/x-m4a", NULL, "audio/mp4"},
  {"audio/x-aiff", NULL, "audio/aiff"},
  {"application/x-id3", NULL, "audio/mpeg"},
  {"application/x-apetag", NULL, "audio/mpeg"},
  {"application/ogg", ".ogv", "video/ogg"},
  {"application/ogg", NULL, "audio/ogg"},
  {"audio/ogg", NULL, "audio/ogg"},
  {"video/ogg", NULL, "video/ogg"},
  {"video/webm", NULL, "video/webm"},
  {"audio/webm", NULL, "audio/webm"},
  {"video/x-matroska", ".mka", "audio/x-matroska"},
  {"video/x-matroska", NULL, "video/x-matroska"},
  {"video/quicktime", ".m4a", "audio/mp4"},
  {"video/quicktime", ".mp4", "video/mp4"},
  {"video/quicktime", ".m4v", "video/mp4"},
  {"video/mpegts", NULL, "video/mp2t"},
};

char *
media_type_to_mime (const GstCaps * caps, const char *leaf)
{
  const char *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  g_autofree char *lower = g_ascii_strdown (leaf ? leaf : "", -1);

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (name, types[i].caps) == 0
        && (!types[i].ending || g_str_has_suffix (lower, types[i].ending)))
      return g_strdup (types[i].mime);
  return g_strdup (name);
}
