/* inputs.c - from the paths of a command line to the list of files, and what their outputs are called.
 *
 * talk.mp3 gives talk.vtt. Where talk.wav is beside it, both keep their whole names: talk.mp3.vtt and talk.wav.vtt. That
 * looks at the whole list, so that each shard calls things the same.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inputs.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <glob.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>

#include "mediatype.h"

/* Names of files that are not media, before "and N more". */
#define MAX_NAMES 3

typedef struct
{
  Inputs *inputs;
  GHashTable *seen;             /* places of files that are in the list */
  GHashTable *folders;          /* "device inode" of folders that were looked into */
  gboolean recursive;
  const char *output_dir;
} Collector;

static void
input_free (gpointer data)
{
  Input *input = data;

  g_free (input->name);
  g_free (input->path);
  g_free (input->uri);
  g_free (input->leaf);
  g_free (input->folder);
  g_free (input->base);
  g_free (input->problem);
  g_free (input);
}

void
inputs_free (Inputs * inputs)
{
  if (!inputs)
    return;
  g_ptr_array_unref (inputs->all);
  g_ptr_array_unref (inputs->skipped);
  g_hash_table_unref (inputs->files);
  g_free (inputs);
}

static char *
identity_of (const GStatBuf * status)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
      (guint64) status->st_dev, (guint64) status->st_ino);
}

gboolean
inputs_have_file (const Inputs * inputs, const GStatBuf * status)
{
  g_autofree char *identity = identity_of (status);

  return g_hash_table_contains (inputs->files, identity);
}

/* ---- one input -------------------------------------------------------------------------------------------------- */

/* @folder without links in it, and @leaf: the same for all ways to write a path. */
static char *
place_of (const char *folder, const char *leaf)
{
  char *real = realpath (folder, NULL);
  char *place = g_build_filename (real ? real : folder, leaf, NULL);

  free (real);
  return place;
}

/* @below: folders between the one that was named and the file, "" if none. @problem: (nullable) (transfer full) */
static void
add_file (Collector * self, const char *path, const char *below, char *problem)
{
  Input *input = g_new0 (Input, 1);
  g_autofree char *folder = g_path_get_dirname (path);
  GStatBuf status;
  char *place;

  input->path = g_strdup (path);
  input->name = g_filename_display_name (path);
  input->leaf = g_path_get_basename (path);
  input->folder = self->output_dir
      ? g_build_filename (self->output_dir, below, NULL) : g_strdup (folder);
  input->problem = problem;
  if (g_stat (path, &status) == 0) {
    if (S_ISREG (status.st_mode))
      input->size = (guint64) status.st_size;
    g_hash_table_add (self->inputs->files, identity_of (&status));
  }
  place = place_of (folder, input->leaf);
  if (g_hash_table_add (self->seen, place))
    g_ptr_array_add (self->inputs->all, input);
  else
    input_free (input);
}

/* What has no place in the file system. @uri: (nullable): NULL for standard input. */
static void
add_stream (Collector * self, const char *uri)
{
  Input *input = g_new0 (Input, 1);
  g_autoptr (GUri) parts = uri
      ? g_uri_parse (uri, G_URI_FLAGS_NON_DNS | G_URI_FLAGS_PARSE_RELAXED, NULL)
      : NULL;

  input->uri = g_strdup (uri);
  input->name = g_strdup (uri ? uri : "standard input");
  if (parts && *g_uri_get_path (parts))
    input->leaf = g_path_get_basename (g_uri_get_path (parts));
  if (!input->leaf || strchr (input->leaf, '/') || input->leaf[0] == '.') {
    g_free (input->leaf);
    input->leaf = g_strdup (uri ? "stream" : "stdin");
  }
  input->folder = g_strdup (self->output_dir ? self->output_dir : ".");
  if (g_hash_table_add (self->seen, g_strdup (input->name)))
    g_ptr_array_add (self->inputs->all, input);
  else
    input_free (input);
}

/* ---- folders ---------------------------------------------------------------------------------------------------- */

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* (transfer full) (nullable): names in @path, sorted, less hidden ones. */
static GPtrArray *
list_folder (const char *path, GError ** error)
{
  GDir *folder = g_dir_open (path, 0, error);
  GPtrArray *names;
  const char *name;

  if (!folder)
    return NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (folder)))
    if (name[0] != '.')
      g_ptr_array_add (names, g_strdup (name));
  g_dir_close (folder);
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* FALSE if the folder was looked into before, as links can make it. */
static gboolean
is_new_folder (Collector * self, const char *path)
{
  GStatBuf status;

  if (g_stat (path, &status) != 0)
    return TRUE;
  return g_hash_table_add (self->folders, identity_of (&status));
}

static void
tell_skipped (Collector * self, const char *path, const GPtrArray * others)
{
  g_autofree char *name = g_filename_display_name (path);
  GString *line;

  if (others->len == 0)
    return;
  line = g_string_new (NULL);
  g_string_append_printf (line, "%s: not media, left out: ", name);
  for (guint i = 0; i < MIN (others->len, MAX_NAMES); i++) {
    g_autofree char *other = g_filename_display_name (others->pdata[i]);

    g_string_append_printf (line, "%s%s", i > 0 ? ", " : "", other);
  }
  if (others->len > MAX_NAMES)
    g_string_append_printf (line, " and %u more", others->len - MAX_NAMES);
  g_ptr_array_add (self->inputs->skipped, g_string_free (line, FALSE));
}

static void
add_folder (Collector * self, const char *path, const char *below)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) names = NULL, others = NULL;
  const guint n_before = self->inputs->all->len;

  if (!is_new_folder (self, path))
    return;
  names = list_folder (path, &error);
  if (!names) {
    add_file (self, path, below, g_strdup (error->message));
    return;
  }
  others = g_ptr_array_new ();
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    g_autofree char *inner = g_build_filename (path, name, NULL);
    g_autofree char *deeper = g_build_filename (below, name, NULL);

    if (g_file_test (inner, G_FILE_TEST_IS_DIR)) {
      if (self->recursive)
        add_folder (self, inner, deeper);
    } else if (g_file_test (inner, G_FILE_TEST_IS_REGULAR)) {
      if (media_type_is_media (inner))
        add_file (self, inner, below, NULL);
      else
        g_ptr_array_add (others, (gpointer) name);
    }
  }
  tell_skipped (self, path, others);
  if (*below == '\0' && self->inputs->all->len == n_before)
    add_file (self, path, below, g_strdup (self->recursive
            ? "there is no media file in this folder"
            : "there is no media file in this folder "
            "(--recursive looks into its sub-folders)"));
}

/* ---- paths ------------------------------------------------------------------------------------------------------ */

static void
add_existing (Collector * self, const char *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    add_folder (self, path, "");
  else
    add_file (self, path, "", NULL);
}

/* FALSE if nothing matches. */
static gboolean
add_pattern (Collector * self, const char *pattern)
{
  glob_t found;

  if (!strpbrk (pattern, "*?[") || glob (pattern, 0, NULL, &found) != 0)
    return FALSE;
  for (gsize i = 0; i < found.gl_pathc; i++)
    add_existing (self, found.gl_pathv[i]);
  globfree (&found);
  return TRUE;
}

static void
add_path (Collector * self, const char *path)
{
  g_autofree char *file = NULL;

  if (strcmp (path, "-") == 0) {
    add_stream (self, NULL);
    return;
  }
  /* a file that exists is a file, even if its name has a colon or a star */
  if (g_file_test (path, G_FILE_TEST_EXISTS)) {
    add_existing (self, path);
    return;
  }
  if (g_str_has_prefix (path, "file:"))
    file = g_filename_from_uri (path, NULL, NULL);
  if (file)
    add_existing (self, file);
  else if (g_utf8_validate (path, -1, NULL) && gst_uri_is_valid (path))
    add_stream (self, path);
  else if (!add_pattern (self, path))
    add_file (self, path, "", strpbrk (path, "*?[")
        ? g_strdup ("no file has such a name") : NULL);
}

/* ---- the list --------------------------------------------------------------------------------------------------- */

static const char *
sort_key (const Input * input)
{
  if (input->path)
    return input->path;
  return input->uri ? input->uri : "-";
}

static gint
compare_inputs (gconstpointer a, gconstpointer b)
{
  const Input *one = *(Input * const *) a, *other = *(Input * const *) b;

  return strcmp (sort_key (one), sort_key (other));
}

/* "talk" of "talk.mp3". */
static char *
stem_of (const char *leaf)
{
  const char *dot = strrchr (leaf, '.');

  return dot && dot > leaf ? g_strndup (leaf, (gsize) (dot - leaf))
      : g_strdup (leaf);
}

/* One more whose outputs go to one folder with those of @input has @name. */
static void
count (GHashTable * counts, const Input * input, const char *name)
{
  char *place = place_of (input->folder, name);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, place)) + 1;

  g_hash_table_replace (counts, place, GUINT_TO_POINTER (n));
}

static guint
count_of (GHashTable * counts, const Input * input, const char *name)
{
  g_autofree char *place = place_of (input->folder, name);

  return GPOINTER_TO_UINT (g_hash_table_lookup (counts, place));
}

static GHashTable *
new_set (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

/* A stem that is another's stem, or another's whole name, is not enough. */
static void
name_outputs (GPtrArray * all)
{
  g_autoptr (GHashTable) counts = new_set ();

  for (guint i = 0; i < all->len; i++) {
    const Input *input = all->pdata[i];
    g_autofree char *stem = stem_of (input->leaf);

    count (counts, input, stem);
    if (strcmp (stem, input->leaf) != 0)
      count (counts, input, input->leaf);
  }
  for (guint i = 0; i < all->len; i++) {
    Input *input = all->pdata[i];
    g_autofree char *stem = stem_of (input->leaf);

    input->base = count_of (counts, input, stem) > 1 ? g_strdup (input->leaf)
        : g_steal_pointer (&stem);
  }
}

/* Files of the same name from several folders go to one with --output-dir. */
static gboolean
check_names (GPtrArray * all, GError ** error)
{
  g_autoptr (GHashTable) owners = new_set ();

  for (guint i = 0; i < all->len; i++) {
    Input *input = all->pdata[i];
    char *place = place_of (input->folder, input->base);
    const Input *other = g_hash_table_lookup (owners, place);

    if (other) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
          "'%s' and '%s' would have the same outputs: name the folder above "
          "them with --recursive, or run once for each", other->name,
          input->name);
      g_free (place);
      return FALSE;
    }
    g_hash_table_insert (owners, place, input);
  }
  return TRUE;
}

Inputs *
inputs_new (const char *const *paths, gboolean recursive,
    const char *output_dir, GError ** error)
{
  g_autoptr (Inputs) inputs = g_new0 (Inputs, 1);
  g_autoptr (GHashTable) seen = new_set ();
  g_autoptr (GHashTable) folders = new_set ();
  Collector collector = { inputs, seen, folders, recursive, output_dir };

  inputs->all = g_ptr_array_new_with_free_func (input_free);
  inputs->files = new_set ();
  inputs->skipped = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; paths[i]; i++)
    add_path (&collector, paths[i]);
  g_ptr_array_sort (inputs->all, compare_inputs);
  name_outputs (inputs->all);
  if (!check_names (inputs->all, error))
    return NULL;
  return g_steal_pointer (&inputs);
}
