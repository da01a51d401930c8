/* write-formats.c - writes a description of what was heard in a file in every format, for tests that read them.
 *
 *     write-formats FOLDER < DESCRIPTION
 *
 * Each line of the description is a GstStructure: first "annotation" with a name and, if wanted, media-type, model,
 * version, duration, window and interval, then the messages of the element. The files are called FOLDER/out.SUFFIX.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "formats.h"

static void
fill_in (Annotation * annotation, const GstStructure * line)
{
  annotation->name = g_strdup (gst_structure_get_string (line, "name"));
  annotation->media_type =
      g_strdup (gst_structure_get_string (line, "media-type"));
  annotation->model = g_strdup (gst_structure_get_string (line, "model"));
  annotation->version = g_strdup (gst_structure_get_string (line, "version"));
  gst_structure_get_uint64 (line, "duration", &annotation->duration);
  gst_structure_get_uint64 (line, "window", &annotation->window);
  gst_structure_get_uint64 (line, "interval", &annotation->interval);
}

static void
add_line (Annotation * annotation, const char *text, guint number)
{
  g_autoptr (GstStructure) line = gst_structure_from_string (text, NULL);

  if (line && gst_structure_has_name (line, "annotation"))
    fill_in (annotation, line);
  else if (!line || !annotation_add (annotation, line))
    g_error ("line %u makes no sense: %s", number, text);
}

static Annotation *
read_description (void)
{
  Annotation *annotation = annotation_new ();
  g_autoptr (GIOChannel) in = g_io_channel_unix_new (0);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  g_io_channel_read_to_end (in, &text, NULL, NULL);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    if (*lines[i])
      add_line (annotation, lines[i], i + 1);
  annotation_finish (annotation);
  return annotation;
}

static void
write_file (const Annotation * annotation, const Format * format,
    const char *folder)
{
  g_autofree char *path = g_strconcat (folder, "/out", format->suffix, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileOutputStream) out =
      g_file_replace (file, NULL, FALSE, 0, NULL, &error);

  if (!out || !format->write (annotation, G_OUTPUT_STREAM (out), &error)
      || !g_output_stream_close (G_OUTPUT_STREAM (out), NULL, &error))
    g_error ("%s: %s", path, error->message);
}

int
main (int argc, char **argv)
{
  g_autoptr (Annotation) annotation = NULL;
  const Format *formats;
  guint n;

  gst_init (NULL, NULL);
  if (argc != 2)
    g_error ("usage: write-formats FOLDER < DESCRIPTION");
  annotation = read_description ();
  formats = formats_all (&n);
  for (guint i = 0; i < n; i++)
    write_file (annotation, &formats[i], argv[1]);
  return EXIT_SUCCESS;
}
