/* e2vjson.c - JSON that is not trusted.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vjson.h"

#include "e2vbytes.h"

#include <string.h>

#define MAX_SIZE (1 << 20)
#define MAX_NESTING 32
/* A safetensors header of that size has 75000, a configuration a few hundred; each costs the parser a hundred bytes. */
#define MAX_VALUES 100000

/* What may stand outside strings, apart from brackets. json-glib also takes comments and strings in single quotes, in
 * which a quote or bracket means something else to it than to us. */
static gboolean
is_plain (char c)
{
  return c && strchr (" \t\r\n:,+-.0123456789Etruefalsn", c);
}

/* The four hexadecimal digits at @i, G_MAXUINT if there are none. */
static guint
read_unit (const char *text, gsize size, gsize i)
{
  guint unit = 0;

  if (size < 4 || i > size - 4)
    return G_MAXUINT;
  for (gsize end = i + 4; i < end; i++) {
    if (!g_ascii_isxdigit (text[i]))
      return G_MAXUINT;
    unit = 16 * unit + (guint) g_ascii_xdigit_value (text[i]);
  }
  return unit;
}

/* From the backslash to the last character of the escape. json-glib knows octal escapes too and does not mind half a
 * surrogate pair; both make strings that are not UTF-8. */
static gboolean
skip_escape (const char *text, gsize size, gsize * i)
{
  guint unit;

  if (++*i >= size)
    return FALSE;
  if (text[*i] != 'u')
    return strchr ("\"\\/bfnrt", text[*i]) != NULL;
  unit = read_unit (text, size, *i + 1);
  if (unit == 0 || unit > 0xffff || (unit >= 0xdc00 && unit <= 0xdfff))
    return FALSE;
  *i += 4;
  if (unit < 0xd800 || unit > 0xdbff)
    return TRUE;
  if (size - *i < 3 || text[*i + 1] != '\\' || text[*i + 2] != 'u')
    return FALSE;
  unit = read_unit (text, size, *i + 3);
  *i += 6;
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/* From the first quote to the last; the parser says so if there is none. */
static gboolean
skip_string (const char *text, gsize size, gsize * i, GError ** error)
{
  for (++*i; *i < size && text[*i] != '"'; ++*i) {
    if (text[*i] == '\\' && !skip_escape (text, size, i))
      return e2v_bad_format (error,
          "JSON with a backslash that makes no character");
  }
  return TRUE;
}

/* @depth: of the brackets around the character. @n_values: commas so far. */
static gboolean
check_character (char c, guint * depth, guint * n_values, GError ** error)
{
  if (c == ',' && ++*n_values >= MAX_VALUES)
    return e2v_bad_format (error, "JSON with more than %u values", MAX_VALUES);
  if (c == '{' || c == '[') {
    if (++*depth > MAX_NESTING)
      return e2v_bad_format (error, "JSON that is nested more than %u deep",
          MAX_NESTING);
  } else if (c == '}' || c == ']') {
    --*depth;
  } else if (!is_plain (c)) {
    return e2v_bad_format (error, "JSON with a character outside its strings "
        "that JSON does not know (code %u)", (guint8) c);
  }
  return TRUE;
}

static gsize
skip_space (const char *text, gsize size, gsize i)
{
  while (i < size && g_ascii_isspace (text[i]))
    i++;
  return i;
}

/* Whether the text is one value in brackets, nested no deeper than allowed. Of several values json-glib keeps the last
 * and leaks the others. */
static gboolean
check_structure (const char *text, gsize size, GError ** error)
{
  gsize i = skip_space (text, size, 0);
  guint depth = 0, n_values = 0;

  if (i == size || (text[i] != '{' && text[i] != '['))
    return e2v_bad_format (error, "JSON that is no object");
  do {
    if (text[i] == '"' ? !skip_string (text, size, &i, error)
        : !check_character (text[i], &depth, &n_values, error))
      return FALSE;
    i++;
  } while (i < size && depth > 0);
  if (i < size && skip_space (text, size, i) < size)
    return e2v_bad_format (error, "JSON with more behind its end");
  return TRUE;
}

JsonNode *
e2v_json_parse (const char *text, gsize size, GError ** error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) cause = NULL;
  JsonNode *root;

  if (size > MAX_SIZE) {
    e2v_bad_format (error, "JSON of %" G_GSIZE_FORMAT " bytes, at most %u make "
        "sense", size, MAX_SIZE);
    return NULL;
  }
  if (!g_utf8_validate_len (text, size, NULL)) {
    e2v_bad_format (error, "JSON that is not UTF-8 text");
    return NULL;
  }
  if (!check_structure (text, size, error))
    return NULL;
  if (!json_parser_load_from_data (parser, text, (gssize) size, &cause)) {
    g_autofree char *message = g_utf8_make_valid (cause->message, -1);

    e2v_bad_format (error, "damaged JSON: %s", message);
    return NULL;
  }
  root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
    e2v_bad_format (error, "JSON that is no object");
    return NULL;
  }
  return json_node_ref (root);
}
