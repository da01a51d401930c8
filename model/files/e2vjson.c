/* e2vjson.c - JSON that is not trusted.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vjson.h"

#include "e2vbytes.h"

#include <string.h>

#define MAX_SIZE (1 << 20)
#define MAX_NESTING 32

/* What may stand outside strings, apart from brackets. json-glib also takes comments and strings in single quotes, in
 * which a quote or bracket means something else to it than to us. */
static gboolean
is_plain (char c)
{
  return c && strchr (" \t\r\n:,+-.0123456789Etruefalsn", c);
}

/* Goes over one character; @in_string and @depth tell where it stands. */
static gboolean
check_character (char c, gboolean * in_string, guint * depth, GError ** error)
{
  if (*in_string) {
    *in_string = c != '"';
    return TRUE;
  }
  if (c == '"') {
    *in_string = TRUE;
  } else if (c == '{' || c == '[') {
    if (++*depth > MAX_NESTING)
      return e2v_bad_format (error, "JSON that is nested more than %u deep",
          MAX_NESTING);
  } else if (c == '}' || c == ']') {
    if ((*depth)-- == 0)
      return e2v_bad_format (error, "JSON with a bracket too many");
  } else if (!is_plain (c)) {
    return e2v_bad_format (error, "JSON with a character outside its strings "
        "that JSON does not know (code %u)", (guint8) c);
  }
  return TRUE;
}

/* Whether the text is one value in brackets, nested no deeper than allowed. Of several values json-glib keeps the last
 * and leaks the others. */
static gboolean
check_structure (const char *text, gsize size, GError ** error)
{
  gboolean in_string = FALSE;
  guint depth = 0;
  gsize i = 0;

  while (i < size && g_ascii_isspace (text[i]))
    i++;
  if (i == size || (text[i] != '{' && text[i] != '['))
    return e2v_bad_format (error, "JSON that is no object");
  do {
    if (!check_character (text[i], &in_string, &depth, error))
      return FALSE;
    i += in_string && text[i] == '\\' ? 2 : 1;
  } while (i < size && depth > 0);
  while (i < size && g_ascii_isspace (text[i]))
    i++;
  if (i < size)
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
    e2v_bad_format (error, "damaged JSON: %s", cause->message);
    return NULL;
  }
  root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
    e2v_bad_format (error, "JSON that is no object");
    return NULL;
  }
  return json_node_ref (root);
}
