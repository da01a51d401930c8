/* jsonwriter.c - writes one JSON value on one line.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jsonwriter.h"

#include <math.h>
#include <stdio.h>

void
json_writer_init (JsonWriter * json)
{
  json->text = g_string_new (NULL);
  json->need_comma = FALSE;
}

void
json_writer_print (JsonWriter * json)
{
  g_string_append_c (json->text, '\n');
  fwrite (json->text->str, 1, json->text->len, stdout);
  fflush (stdout);
  g_string_free (json->text, TRUE);
  json->text = NULL;
}

char *
json_writer_finish (JsonWriter * json)
{
  return g_string_free (g_steal_pointer (&json->text), FALSE);
}

static void
append_quoted (GString * text, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  g_string_append_c (text, '"');
  for (const char *p = valid; *p; p++) {
    guchar c = (guchar) * p;

    if (c == '"' || c == '\\')
      g_string_append_printf (text, "\\%c", c);
    else if (c == '\n')
      g_string_append (text, "\\n");
    else if (c < 0x20)
      g_string_append_printf (text, "\\u%04x", c);
    else
      g_string_append_c (text, (char) c);
  }
  g_string_append_c (text, '"');
}

/* The comma and the key in front of a value. */
static void
append_lead (JsonWriter * json, const char *key)
{
  if (json->need_comma)
    g_string_append (json->text, ", ");
  json->need_comma = TRUE;
  if (!key)
    return;
  append_quoted (json->text, key);
  g_string_append (json->text, ": ");
}

void
json_writer_begin (JsonWriter * json, const char *key, char bracket)
{
  append_lead (json, key);
  g_string_append_c (json->text, bracket);
  json->need_comma = FALSE;
}

void
json_writer_end (JsonWriter * json, char bracket)
{
  g_string_append_c (json->text, bracket);
  json->need_comma = TRUE;
}

void
json_writer_string (JsonWriter * json, const char *key, const char *value)
{
  append_lead (json, key);
  if (value)
    append_quoted (json->text, value);
  else
    g_string_append (json->text, "null");
}

void
json_writer_integer (JsonWriter * json, const char *key, guint64 value)
{
  append_lead (json, key);
  g_string_append_printf (json->text, "%" G_GUINT64_FORMAT, value);
}

void
json_writer_boolean (JsonWriter * json, const char *key, gboolean value)
{
  append_lead (json, key);
  g_string_append (json->text, value ? "true" : "false");
}

void
json_writer_double (JsonWriter * json, const char *key, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  append_lead (json, key);
  if (!isfinite (value)) {
    g_string_append (json->text, "null");
    return;
  }
  /* 15 digits are readable and enough for any value that was typed in */
  g_ascii_formatd (digits, sizeof digits, "%.15g", value);
  if (g_ascii_strtod (digits, NULL) < value
      || g_ascii_strtod (digits, NULL) > value)
    g_ascii_formatd (digits, sizeof digits, "%.17g", value);
  g_string_append (json->text, digits);
}

void
json_writer_float (JsonWriter * json, const char *key, float value)
{
  static const char *const formats[] = { "%.6g", "%.7g", "%.8g", "%.9g" };
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  append_lead (json, key);
  if (!isfinite (value)) {
    g_string_append (json->text, "null");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    float back;

    g_ascii_formatd (digits, sizeof digits, formats[i], (double) value);
    back = (float) g_ascii_strtod (digits, NULL);
    if (!(back < value) && !(back > value))
      break;
  }
  g_string_append (json->text, digits);
}

void
json_writer_floats (JsonWriter * json, const char *key, const float *values,
    gsize n)
{
  json_writer_begin (json, key, '[');
  for (gsize i = 0; i < n; i++)
    json_writer_float (json, NULL, values[i]);
  json_writer_end (json, ']');
}
