/* formattext.c - how times, numbers and labels look in text files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formattext.h"

#include <math.h>
#include <string.h>

guint64
format_milliseconds (GstClockTime time)
{
  return time / GST_MSECOND + (time % GST_MSECOND >= GST_MSECOND / 2);
}

void
format_append_seconds (GString * text, GstClockTime time)
{
  g_string_append_printf (text, "%" G_GUINT64_FORMAT ".%09u",
      time / GST_SECOND, (guint) (time % GST_SECOND));
  for (guint spare = 6; spare > 0 && text->str[text->len - 1] == '0'; spare--)
    g_string_truncate (text, text->len - 1);
}

void
format_append_clock (GString * text, guint64 milliseconds, char point)
{
  guint64 seconds = milliseconds / 1000;

  g_string_append_printf (text, "%02" G_GUINT64_FORMAT ":%02u:%02u%c%03u",
      seconds / 3600, (guint) (seconds / 60 % 60), (guint) (seconds % 60),
      point, (guint) (milliseconds % 1000));
}

void
format_append_number (GString * text, double number)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (number)) {
    g_string_append (text, isnan (number) ? "nan" : number < 0 ? "-inf" :
        "inf");
    return;
  }
  /* 15 digits are readable and enough for any value that was typed in */
  g_ascii_formatd (digits, sizeof digits, "%.15g", number);
  if (g_ascii_strtod (digits, NULL) < number
      || g_ascii_strtod (digits, NULL) > number)
    g_ascii_dtostr (digits, sizeof digits, number);
  g_string_append (text, digits);
}

void
format_append_percent (GString * text, double confidence)
{
  g_string_append_printf (text, "%d%%", (gint) lround (100 * confidence));
}

/* What Unicode keeps for a program's own use: FFmpeg refuses a whole text that has one. */
static gboolean
is_no_character (gunichar c)
{
  return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

void
format_append_line (GString * text, const char *words)
{
  g_autofree char *valid = g_utf8_make_valid (words, -1);

  for (const char *p = valid; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    GUnicodeType type = g_unichar_type (c);

    if (type == G_UNICODE_CONTROL || type == G_UNICODE_LINE_SEPARATOR
        || type == G_UNICODE_PARAGRAPH_SEPARATOR)
      c = ' ';
    else if (is_no_character (c))
      c = 0xfffd;
    g_string_append_unichar (text, c);
  }
}

/* XML 1.0, 2.2: what a document may hold. */
static gboolean
is_xml_character (gunichar c)
{
  if (c < 0x20)
    return c == '\t' || c == '\n' || c == '\r';
  return c != 0xfffe && c != 0xffff;
}

void
format_append_xml (GString * text, const char *words)
{
  g_autofree char *valid = g_utf8_make_valid (words, -1);

  for (const char *p = valid; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (!is_xml_character (c))
      g_string_append_unichar (text, 0xfffd);
    else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028
        || (c < 0x80 && strchr ("<>&\"'", (int) c)))
      /* readers make blanks of line ends and tabs in attributes, but not if they are written like this */
      g_string_append_printf (text, "&#%u;", c);
    else
      g_string_append_unichar (text, c);
  }
}

void
format_append_track (GString * text, const AnnotationTrack * track)
{
  if (track->channel >= 0)
    g_string_append_printf (text, "channel %" G_GINT64_FORMAT,
        (gint64) track->channel + 1);
  if (track->speech)
    g_string_append (text, track->channel >= 0 ? " speech" : "speech");
}

char *
format_tier_name (const AnnotationTrack * track)
{
  GString *text = g_string_new ("emotion");
  gsize before;

  g_string_append_c (text, ' ');
  before = text->len;
  format_append_track (text, track);
  if (text->len == before)
    g_string_truncate (text, before - 1);
  return g_string_free (text, FALSE);
}

gboolean
format_is_uri (const char *name)
{
  const char *scheme = g_uri_peek_scheme (name);

  return scheme && g_str_has_prefix (name + strlen (scheme), "://");
}

void
format_append_uri (GString * text, const char *name)
{
  if (format_is_uri (name))
    g_string_append (text, name);
  else
    g_string_append_uri_escaped (text, name, "/", TRUE);
}

char *
format_settings (const Annotation * annotation)
{
  GString *text = g_string_new ("emotion2vec-annotate");
  GstClockTime interval =
      annotation->interval > 0 ? annotation->interval : annotation->window;

  if (annotation->version)
    g_string_append_printf (text, " %s", annotation->version);
  if (annotation->model)
    g_string_append_printf (text, ", model %s", annotation->model);
  if (annotation->head)
    g_string_append_printf (text, ", head %s", annotation->head);
  if (annotation->window == 0) {
    g_string_append (text, ", one window");
    return g_string_free (text, FALSE);
  }
  g_string_append (text, ", window ");
  format_append_seconds (text, annotation->window);
  g_string_append (text, " s, interval ");
  format_append_seconds (text, interval);
  g_string_append (text, " s");
  return g_string_free (text, FALSE);
}
