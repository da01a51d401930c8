/* utterancelist.c - a list of utterances to label.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "utterancelist.h"

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
utterance_list_item_free (UtteranceListItem * item)
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
utterance_list_free (UtteranceList * list)
{
  if (!list)
    return;
  g_clear_object (&list->lines);
  g_free (list->folder);
  g_free (list->identity);
  g_free (list);
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
survey (UtteranceList * list, const char *path, GError ** error)
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
    list->n_items += !is_blank (line);
  }
  if (failed) {
    g_propagate_error (error, g_steal_pointer (&failed));
    return FALSE;
  }
  list->identity = g_strdup (g_checksum_get_string (sum));
  return TRUE;
}

UtteranceList *
utterance_list_open (const char *path, GError ** error)
{
  g_autoptr (UtteranceList) list = g_new0 (UtteranceList, 1);

  list->folder = g_path_get_dirname (path);
  if (!survey (list, path, error))
    return NULL;
  list->lines = open_lines (path, error);
  return list->lines ? g_steal_pointer (&list) : NULL;
}

guint64
utterance_list_n_items (const UtteranceList * list)
{
  return list->n_items;
}

const char *
utterance_list_identity (const UtteranceList * list)
{
  return list->identity;
}

/* ---- items ------------------------------------------------------------------------------------------------------ */

static void
set_path (UtteranceListItem * item, const UtteranceList * list,
    const char *path)
{
  item->written = g_strdup (path);
  item->path = g_path_is_absolute (path) ? g_strdup (path)
      : g_build_filename (list->folder, path, NULL);
}

/* "utterance-1 folder/a file.flac" */
static void
read_scp (UtteranceListItem * item, const UtteranceList * list,
    const char *line)
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
  set_path (item, list, path);
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
read_part (UtteranceListItem * item, JsonObject * object, gboolean nemo)
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
keep_object (UtteranceListItem * item, JsonNode * root, const char *line)
{
  item->object = has_ours (json_node_get_object (root))
      ? text_without_ours (root) : g_strdup (line);
  *strrchr (item->object, '}') = '\0';
  g_strchomp (item->object);
}

static void
read_json (UtteranceListItem * item, const UtteranceList * list,
    const char *line)
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
  set_path (item, list, path ? path : nemo);
  if (!read_part (item, object, !path))
    item->problem = g_strdup_printf ("%s are no part of a file: they must be "
        "seconds, and not end before they begin",
        path ? "\"start\" and \"end\"" : "\"offset\" and \"duration\"");
}

UtteranceListItem *
utterance_list_next (UtteranceList * list, GError ** error)
{
  g_autoptr (UtteranceListItem) item = g_new0 (UtteranceListItem, 1);
  g_autofree char *line = NULL;

  do {
    g_free (line);
    line = g_data_input_stream_read_line (list->lines, NULL, NULL, error);
    if (!line)
      return NULL;
    list->number++;
  } while (is_blank (line));
  g_strstrip (line);
  item->number = list->number;
  item->end = GST_CLOCK_TIME_NONE;
  if (!g_utf8_validate (line, -1, NULL))
    item->problem = g_strdup ("it is not UTF-8");
  else if (*line == '{')
    read_json (item, list, line);
  else
    read_scp (item, list, line);
  return g_steal_pointer (&item);
}
