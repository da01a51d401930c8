/* copying.c - copies of an input with tags or a subtitle track, among its other outputs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copying.h"

#include <gio/gio.h>
#include <string.h>

#include "copies.h"

static const struct
{
  CopiesKind kind;
  const char *mark;             /* in front of the extension */
} kinds[] = {
  {COPIES_TAGS, ".tagged"},
  {COPIES_SUBTITLES, ".subtitled"},
};

static gboolean
is_wanted (const Copying * copying, CopiesKind kind)
{
  return kind == COPIES_TAGS ? copying->tags : copying->subtitles;
}

/* (transfer full) */
static char *
name_of_copy (const Input * input, const char *mark)
{
  const char *extension = strrchr (input->leaf, '.');

  return g_strconcat (input->base, mark, extension ? extension : "", NULL);
}

void
copying_add_names (const Copying * copying, const Input * input,
    GPtrArray * names)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (is_wanted (copying, kinds[i].kind))
      g_ptr_array_add (names, name_of_copy (input, kinds[i].mark));
}

gboolean
copying_check (const Copying * copying, const Input * input, GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (!is_wanted (copying, kinds[i].kind))
      continue;
    if (!input->path) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
          "only files can be copied: leave out --tag-copy and "
          "--subtitle-copy");
      return FALSE;
    }
    if (!copies_check (input->path, kinds[i].kind, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_copy (CopiesKind kind, const char *input, const char *output,
    const Annotation * annotation, GError ** error)
{
  g_autoptr (GstTagList) tags = NULL;

  if (kind == COPIES_SUBTITLES)
    return copies_write_subtitles (input, output, annotation, NULL, NULL,
        error);
  /* without any of ours, those of an earlier run are taken out */
  tags = annotation->tags ? gst_tag_list_ref (annotation->tags)
      : gst_tag_list_new_empty ();
  return copies_write_tags (input, output, tags, NULL, NULL, error);
}

gboolean
copying_write (const Copying * copying, const Input * input, Store * store,
    const Annotation * annotation, GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *name = name_of_copy (input, kinds[i].mark);

    if (!is_wanted (copying, kinds[i].kind))
      continue;
    store_add (store, name);
    if (!write_copy (kinds[i].kind, input->path, store_path (store),
            annotation, error))
      return FALSE;
  }
  return TRUE;
}
