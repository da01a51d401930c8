/* e2vjson.c - JSON that is not trusted.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vjson.h"

#include "e2vbytes.h"

#define MAX_SIZE (1 << 20)
#define MAX_NESTING 32

static gboolean
check_nesting (const char *text, gsize size, GError ** error)
{
  gboolean in_string = FALSE;
  guint depth = 0;

  for (gsize i = 0; i < size; i++) {
    if (in_string) {
      if (text[i] == '\\')
        i++;
      else if (text[i] == '"')
        in_string = FALSE;
    } else if (text[i] == '"') {
      in_string = TRUE;
    } else if (text[i] == '{' || text[i] == '[') {
      if (++depth > MAX_NESTING)
        return e2v_bad_format (error, "JSON that is nested more than %u deep",
            MAX_NESTING);
    } else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
      depth--;
    }
  }
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
  if (!check_nesting (text, size, error))
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
