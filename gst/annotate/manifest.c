/* manifest.c - a list of utterances to label.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manifest.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#include "e2vjson.h"

/* Seconds; what is longer than a year is a mistake of units. */
#define LATEST (366 * 86400.0)

struct _Manifest
{
  GDataInputStream *lines;
  char *folder;                 /* what paths are relative to */
  char *identity;
  guint64 n_items, number;
};

void
manifest_item_free (ManifestItem * item)
{
  if (!item)
    return;
  g_free (item->object);
  g_free (item->utterance);
  g_free (item->written);
  g_free (item->path);
  g_free (item->problem);
  g_free (item);
}

void
manifest_free (Manifest * manifest)
{
  if (!manifest)
    return;
  g_clear_object (&manifest->lines);
  g_free (manifest->folder);
  g_free (manifest->identity);
  g_free (manifest);
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static GDataInputStream *
open_lines (const char *path, GError ** error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) raw = g_file_read (file, NULL, error);
  GDataInputStream *lines;

  if (!raw)
    return NULL;
  lines = g_data_input_stream_new (G_INPUT_STREAM (raw));
  g_data_input_stream_set_newline_type (lines, G_DATA_STREAM_NEWLINE_TYPE_LF);
  return lines;
}

static gboolean
is_blank (const char *line)
{
  return line[strspn (line, " \t\r")] == '\0';
}

/* Counts the lines and sums up the bytes. */
static gboolean
survey (Manifest * manifest, const char *path, GError ** error)
{
  g_autoptr (GDataInputStream) lines = open_lines (path, error);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GError) failed = NULL;

  if (!lines)
    return FALSE;
  for (;;) {
    gsize size;
    g_autofree char *line =
        g_data_input_stream_read_line (lines, &size, NULL, &failed);

    if (!line)
      break;
    g_checksum_update (sum, (const guchar *) line, (gssize) size);
    g_checksum_update (sum, (const guchar *) "\n", 1);
    manifest->n_items += !is_blank (line);
  }
  if (failed) {
    g_propagate_error (error, g_steal_pointer (&failed));
    return FALSE;
  }
  manifest->identity = g_strdup (g_checksum_get_string (sum));
  return TRUE;
}

Manifest *
manifest_open (const char *path, GError ** error)
{
  g_autoptr (Manifest) manifest = g_new0 (Manifest, 1);

  manifest->folder = g_path_get_dirname (path);
  if (!survey (manifest, path, error))
    return NULL;
  manifest->lines = open_lines (path, error);
  return manifest->lines ? g_steal_pointer (&manifest) : NULL;
}

guint64
manifest_n_items (const Manifest * manifest)
{
  return manifest->n_items;
}

const char *
manifest_identity (const Manifest * manifest)
{
  return manifest->identity;
}

/* ---- items ------------------------------------------------------------------------------------------------------ */

static void
set_path (ManifestItem * item, const Manifest * manifest, const char *path)
{
  item->written = g_strdup (path);
  item->path = g_path_is_absolute (path) ? g_strdup (path)
      : g_build_filename (manifest->folder, path, NULL);
}

/* "utterance-1 folder/a file.flac" */
static void
read_scp (ManifestItem * item, const Manifest * manifest, const char *line)
{
  gsize name = strcspn (line, " \t");
  const char *path = line + name + strspn (line + name, " \t");

  item->utterance = g_strndup (line, name);
  if (*path == '\0') {
    item->problem = g_strdup ("there is no path behind the name");
    return;
  }
  if (g_str_has_suffix (path, "|")) {
    item->written = g_strdup (path);
    item->problem = g_strdup ("it is a command, and commands are not run: "
        "write its audio to a file first");
    return;
  }
  set_path (item, manifest, path);
}

/* Seconds to nanoseconds. FALSE for what is no time. @name need not be there. */
static gboolean
read_time (JsonObject * object, const char *name, GstClockTime * time)
{
  JsonNode *node = json_object_get_member (object, name);
  double seconds;

  if (!node || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node)
      || (json_node_get_value_type (node) != G_TYPE_DOUBLE
          && json_node_get_value_type (node) != G_TYPE_INT64))
    return FALSE;
  seconds = json_node_get_double (node);
  if (!(seconds >= 0 && seconds <= LATEST))
    return FALSE;
  *time = (GstClockTime) llround (seconds * 1e9);
  return TRUE;
}

static const char *
string_member (JsonObject * object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (!node || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

/* Where the part begins and ends. */
static gboolean
read_part (ManifestItem * item, JsonObject * object, gboolean nemo)
{
  GstClockTime duration = GST_CLOCK_TIME_NONE;

  if (!nemo)
    return read_time (object, "start", &item->start)
        && read_time (object, "end", &item->end) && item->start < item->end;
  if (!read_time (object, "offset", &item->start)
      || !read_time (object, "duration", &duration) || duration == 0)
    return FALSE;
  /* alone, a duration tells the length of the file, rounded */
  if (GST_CLOCK_TIME_IS_VALID (duration)
      && json_object_has_member (object, "offset"))
    item->end = item->start + duration;
  return TRUE;
}

static gboolean
is_ours (const char *member)
{
  return g_str_has_prefix (member, "emotion2vec_");
}

/* The text of the object without what an earlier run added. (transfer full) */
static char *
text_without_ours (JsonNode * root)
{
  JsonObject *object = json_node_get_object (root);
  g_autoptr (GList) members = json_object_get_members (object);
  g_autoptr (JsonGenerator) generator = json_generator_new ();

  for (GList * l = members; l; l = l->next)
    if (is_ours (l->data))
      json_object_remove_member (object, l->data);
  json_generator_set_root (generator, root);
  return json_generator_to_data (generator, NULL);
}

static gboolean
has_ours (JsonObject * object)
{
  g_autoptr (GList) members = json_object_get_members (object);

  for (GList * l = members; l; l = l->next)
    if (is_ours (l->data))
      return TRUE;
  return FALSE;
}

/* Keeps the text as it is, so that numbers stay as they were written. */
static void
keep_object (ManifestItem * item, JsonNode * root, const char *line)
{
  item->object = has_ours (json_node_get_object (root))
      ? text_without_ours (root) : g_strdup (line);
  *strrchr (item->object, '}') = '\0';
  g_strchomp (item->object);
}

static void
read_json (ManifestItem * item, const Manifest * manifest, const char *line)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = e2v_json_parse (line, strlen (line), &error);
  JsonObject *object;
  const char *path, *nemo;

  if (!root) {
    item->problem = g_strdup_printf ("it is no JSON object: %s",
        error->message);
    return;
  }
  keep_object (item, root, line);
  object = json_node_get_object (root);
  path = string_member (object, "path");
  nemo = string_member (object, "audio_filepath");
  if (!path && !nemo) {
    item->problem = g_strdup ("it has neither \"path\" nor "
        "\"audio_filepath\"");
    return;
  }
  set_path (item, manifest, path ? path : nemo);
  if (!read_part (item, object, !path))
    item->problem = g_strdup_printf ("%s are no part of a file: they must be "
        "seconds, and not end before they begin",
        path ? "\"start\" and \"end\"" : "\"offset\" and \"duration\"");
}

ManifestItem *
manifest_next (Manifest * manifest, GError ** error)
{
  g_autoptr (ManifestItem) item = g_new0 (ManifestItem, 1);
  g_autofree char *line = NULL;

  do {
    g_free (line);
    line = g_data_input_stream_read_line (manifest->lines, NULL, NULL, error);
    if (!line)
      return NULL;
    manifest->number++;
  } while (is_blank (line));
  g_strstrip (line);
  item->number = manifest->number;
  item->end = GST_CLOCK_TIME_NONE;
  if (!g_utf8_validate (line, -1, NULL))
    item->problem = g_strdup ("it is not UTF-8");
  else if (*line == '{')
    read_json (item, manifest, line);
  else
    read_scp (item, manifest, line);
  return g_steal_pointer (&item);
}
