/* format-emotionml.c - W3C EmotionML 1.0: one emotion a window, with all scores.
 *
 * (1) No published vocabulary has the classes of our models, so the document declares its own.
 * (2) A score says how sure the model is of a category, not how strong the emotion is: it is a confidence. That is also why
 *     there is no <trace>, which is a curve of strength.
 * (3) Names are XML name tokens. A label that is none gets a name like it, and is kept in an <info>.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats.h"

#include "formattext.h"
#include "textout.h"

#define NAMESPACE "http://www.w3.org/2009/10/emotionml"

/* Letters outside the first plane are name characters only since the fifth edition of XML 1.0. */
static gboolean
is_name_character (gunichar c)
{
  if (c < 0x80)
    return g_ascii_isalnum ((gchar) c) || c == '-' || c == '_' || c == '.';
  return c < 0x10000 && g_unichar_isalpha (c);
}

static char *
make_token (const char *label)
{
  GString *token = g_string_new (NULL);

  for (const char *p = label; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    g_string_append_unichar (token, is_name_character (c) ? c : '_');
  }
  if (token->len == 0)
    g_string_append_c (token, '_');
  return g_string_free (token, FALSE);
}

/* (transfer full) (element-type utf8): a name for each label, no two alike. */
static GPtrArray *
make_names (const Annotation * annotation)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < annotation->n_labels; i++) {
    g_autofree char *token = make_token (annotation->labels[i]);
    char *name = g_strdup (token);

    for (guint n = 2; g_ptr_array_find_with_equal_func (names, name,
            g_str_equal, NULL); n++) {
      g_free (name);
      name = g_strdup_printf ("%s-%u", token, n);
    }
    g_ptr_array_add (names, name);
  }
  return names;
}

static void
append_vocabulary (GString * text, const Annotation * annotation,
    const GPtrArray * names)
{
  g_string_append (text, "  <vocabulary type=\"category\" id=\"classes\">\n");
  for (guint i = 0; i < annotation->n_labels; i++) {
    const char *name = names->pdata[i];

    g_string_append_printf (text, "    <item name=\"%s\"", name);
    if (g_str_equal (name, annotation->labels[i])) {
      g_string_append (text, "/>\n");
      continue;
    }
    g_string_append (text, "><info>");
    format_append_xml (text, annotation->labels[i]);
    g_string_append (text, "</info></item>\n");
  }
  g_string_append (text, "  </vocabulary>\n");
}

static void
append_header (GString * text, const Annotation * annotation,
    const GPtrArray * names)
{
  g_autofree char *settings = format_settings (annotation);

  g_string_append (text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<emotionml version=\"1.0\" xmlns=\"" NAMESPACE "\"");
  if (names->len > 0)
    g_string_append (text, " category-set=\"#classes\"");
  g_string_append (text, ">\n  <info>");
  format_append_xml (text, settings);
  g_string_append (text, "</info>\n");
  if (names->len > 0)
    append_vocabulary (text, annotation, names);
}

/* The stretch of the file: a media fragment in seconds. */
static void
append_reference (GString * text, const Annotation * annotation,
    const AnnotationWindow * window)
{
  g_autoptr (GString) uri = g_string_new (NULL);

  format_append_uri (uri, annotation->name);
  g_string_append (uri, "#t=");
  format_append_seconds (uri, window->start);
  g_string_append_c (uri, ',');
  format_append_seconds (uri, window->start + window->duration);
  g_string_append (text, "    <reference uri=\"");
  format_append_xml (text, uri->str);
  if (annotation->media_type) {
    g_string_append (text, "\" media-type=\"");
    format_append_xml (text, annotation->media_type);
  }
  g_string_append (text, "\"/>\n");
}

static void
append_emotion (GString * text, const Annotation * annotation,
    const AnnotationWindow * window, guint id, const GPtrArray * names)
{
  const AnnotationTrack track = { window->channel, window->speech };
  const double *scores = annotation_scores (annotation, window);
  g_autoptr (GString) who = g_string_new (NULL);

  format_append_track (who, &track);
  g_string_append_printf (text,
      "  <emotion id=\"w%u\" expressed-through=\"voice\">\n", id);
  if (who->len > 0)
    g_string_append_printf (text, "    <info>%s</info>\n", who->str);
  for (guint i = 0; i < names->len; i++) {
    g_string_append_printf (text, "    <category name=\"%s\" confidence=\"",
        (const char *) names->pdata[i]);
    format_append_number (text, CLAMP (scores[i], 0, 1));
    g_string_append (text, "\"/>\n");
  }
  append_reference (text, annotation, window);
  g_string_append (text, "  </emotion>\n");
}

gboolean
format_emotionml_write (const Annotation * annotation, GOutputStream * out,
    GError ** error)
{
  g_autoptr (GPtrArray) names = make_names (annotation);
  TextOut file;

  text_out_init (&file, out);
  append_header (file.text, annotation, names);
  for (guint i = 0; i < annotation->windows->len; i++) {
    const AnnotationWindow *window =
        &g_array_index (annotation->windows, AnnotationWindow, i);

    if (window->label < 0)
      continue;
    append_emotion (file.text, annotation, window, i, names);
    text_out_row (&file);
  }
  g_string_append (file.text, "</emotionml>\n");
  return text_out_finish (&file, error);
}
