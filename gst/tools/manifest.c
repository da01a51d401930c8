/* manifest.c - a list of clips with label and speaker.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manifest.h"

#include <math.h>
#include <string.h>

#include "e2verror.h"
#include "e2vfile.h"

/* A million clips and more. */
#define MAX_SIZE (256 << 20)

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

enum
{
  COLUMN_PATH,
  COLUMN_LABEL,
  COLUMN_SPEAKER,
  COLUMN_SPLIT,
  COLUMN_START,
  COLUMN_END,
  N_COLUMNS
};

static const char *const column_names[] = { "path", "label", "speaker", "split",
  "start", "end"
};

typedef struct
{
  Manifest *manifest;
  const char *root;             /* where relative paths begin */
  int columns[N_COLUMNS];       /* where each is, -1: it is not */
  guint n_columns;              /* of a line */
  GHashTable *labels, *speakers, *splits;       /* text -> index + 1 */
} Reader;

static void
clear_clip (gpointer data)
{
  g_free (((ManifestClip *) data)->path);
}

static Manifest *
manifest_new (const char *file)
{
  Manifest *manifest = g_new0 (Manifest, 1);

  manifest->file = g_strdup (file);
  manifest->clips = g_array_new (FALSE, FALSE, sizeof (ManifestClip));
  g_array_set_clear_func (manifest->clips, clear_clip);
  manifest->labels = g_ptr_array_new_with_free_func (g_free);
  manifest->speakers = g_ptr_array_new_with_free_func (g_free);
  manifest->splits = g_ptr_array_new_with_free_func (g_free);
  return manifest;
}

void
manifest_free (Manifest * manifest)
{
  if (!manifest)
    return;
  g_free (manifest->file);
  g_array_unref (manifest->clips);
  g_ptr_array_unref (manifest->labels);
  g_ptr_array_unref (manifest->speakers);
  g_ptr_array_unref (manifest->splits);
  g_free (manifest);
}

const ManifestClip *
manifest_clip (const Manifest * manifest, guint index)
{
  return &g_array_index (manifest->clips, ManifestClip, index);
}

/* Index of @text in @list, which gets it if it is new. */
static guint
intern (GHashTable * table, GPtrArray * list, const char *text)
{
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (table, text));

  if (index > 0)
    return index - 1;
  g_ptr_array_add (list, g_strdup (text));
  g_hash_table_insert (table, list->pdata[list->len - 1],
      GUINT_TO_POINTER (list->len));
  return list->len - 1;
}

static gboolean
bad_line (GError ** error, const Reader * reader, guint line,
    const char *format, ...)
G_GNUC_PRINTF (4, 5);

     static gboolean bad_line (GError ** error, const Reader * reader,
    guint line, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, E2V_ERROR, E2V_ERROR_FORMAT, "%s, line %u: %s",
      reader->manifest->file, line, text);
  return FALSE;
}

static gboolean
read_header (Reader * reader, const char *line, GError ** error)
{
  g_auto (GStrv) fields = g_strsplit (line, "\t", -1);

  reader->n_columns = g_strv_length (fields);
  for (guint c = 0; c < N_COLUMNS; c++) {
    reader->columns[c] = -1;
    for (int i = (int)reader->n_columns - 1; i >= 0; i--)
      if (strcmp (g_strstrip (fields[i]), column_names[c]) == 0)
        reader->columns[c] = i;
    if (reader->columns[c] < 0 && c <= COLUMN_SPEAKER)
      return bad_line (error, reader, 1, "there is no column '%s': the first "
          "line names the columns, path, label and speaker among them, with "
          "tabs between", column_names[c]);
  }
  return TRUE;
}

/* NULL: there is no such column. */
static const char *
field_of (const Reader * reader, char **fields, guint column)
{
  return reader->columns[column] < 0 ? NULL : fields[reader->columns[column]];
}

/* An empty field is as none. */
static gboolean
read_seconds (const Reader * reader, char **fields, guint column, guint line,
    double *seconds, GError ** error)
{
  const char *text = field_of (reader, fields, column);
  char *end;

  if (!text || *text == '\0')
    return TRUE;
  *seconds = g_ascii_strtod (text, &end);
  if (*end == '\0' && isfinite (*seconds) && *seconds >= 0)
    return TRUE;
  return bad_line (error, reader, line, "%s is '%s', expected seconds",
      column_names[column], text);
}

static gboolean
add_clip (Reader * reader, char **fields, guint line, GError ** error)
{
  Manifest *manifest = reader->manifest;
  ManifestClip clip = {.line = line,.end = INFINITY };
  const char *path = field_of (reader, fields, COLUMN_PATH);
  const char *split = field_of (reader, fields, COLUMN_SPLIT);

  if (!read_seconds (reader, fields, COLUMN_START, line, &clip.start, error)
      || !read_seconds (reader, fields, COLUMN_END, line, &clip.end, error))
    return FALSE;
  if (clip.start >= clip.end)
    return bad_line (error, reader, line, "the clip ends at %g s, before it "
        "starts at %g s", clip.end, clip.start);
  clip.path = g_path_is_absolute (path) ? g_strdup (path)
      : g_build_filename (reader->root, path, NULL);
  clip.label = intern (reader->labels, manifest->labels,
      field_of (reader, fields, COLUMN_LABEL));
  clip.speaker = intern (reader->speakers, manifest->speakers,
      field_of (reader, fields, COLUMN_SPEAKER));
  if (split)
    clip.split = intern (reader->splits, manifest->splits, split);
  g_array_append_val (manifest->clips, clip);
  return TRUE;
}

/* @split: (nullable): the only one that counts. */
static gboolean
read_line (Reader * reader, const char *text, guint line, const char *split,
    GError ** error)
{
  g_auto (GStrv) fields = g_strsplit (text, "\t", -1);

  if (g_strv_length (fields) != reader->n_columns)
    return bad_line (error, reader, line, "%u columns, where the first line "
        "has %u", g_strv_length (fields), reader->n_columns);
  for (guint c = COLUMN_PATH; c <= COLUMN_SPEAKER; c++)
    if (*g_strstrip (fields[reader->columns[c]]) == '\0')
      return bad_line (error, reader, line, "the %s is empty", column_names[c]);
  if (split && g_strcmp0 (field_of (reader, fields, COLUMN_SPLIT), split) != 0)
    return TRUE;
  return add_clip (reader, fields, line, error);
}

static gboolean
has_split (const Reader * reader, char **lines, const char *split)
{
  if (reader->columns[COLUMN_SPLIT] < 0)
    return FALSE;
  for (guint i = 1; lines[i]; i++) {
    g_auto (GStrv) fields = g_strsplit (lines[i], "\t", -1);

    if (g_strv_length (fields) == reader->n_columns
        && strcmp (field_of (reader, fields, COLUMN_SPLIT), split) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
read_lines (Reader * reader, char **lines, const char *split, GError ** error)
{
  if (!read_header (reader, lines[0] ? lines[0] : "", error))
    return FALSE;
  if (split && *split == '\0')
    split = has_split (reader, lines, "train") ? "train" : NULL;
  for (guint i = 1; lines[i]; i++)
    if (lines[i][0] != '\0'
        && !read_line (reader, lines[i], i + 1, split, error))
      return FALSE;
  if (reader->manifest->clips->len > 0)
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT, "%s: there are no clips%s"
      "%s in it", reader->manifest->file, split ? " of the split " : "",
      split ? split : "");
  return FALSE;
}

Manifest *
manifest_read (const char *file, const char *root, const char *split,
    GError ** error)
{
  g_autoptr (Manifest) manifest = manifest_new (file);
  g_autofree char *text = e2v_file_read_text (file, MAX_SIZE, error);
  g_autofree char *folder = g_path_get_dirname (file);
  g_autoptr (GHashTable) labels = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) speakers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) splits = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (GStrv) lines = NULL;
  Reader reader = { manifest, root ? root : folder, {0}, 0, labels, speakers,
  splits
  };

  if (!text)
    return NULL;
  lines = g_strsplit (g_str_has_prefix (text, BYTE_ORDER_MARK) ? text + 3
      : text, "\n", -1);
  /* lines of other systems */
  for (guint i = 0; lines[i]; i++)
    if (g_str_has_suffix (lines[i], "\r"))
      lines[i][strlen (lines[i]) - 1] = '\0';
  if (!read_lines (&reader, lines, split, error))
    return NULL;
  return g_steal_pointer (&manifest);
}
