/* e2vjson.h - JSON that is not trusted: bounded in size and nesting before the parser sees it.
 *
 * MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_JSON_H
#define E2V_JSON_H

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* json-glib recurses once for each level of nesting, so deeper text than any of ours is refused first, and so is what is
 * no JSON but a liberty of json-glib: comments, single quotes, several values. The root is an object. (transfer full).
 * Errors: E2V_ERROR_FORMAT. */
JsonNode *e2v_json_parse (const char *text, gsize size, GError ** error);

G_END_DECLS

#endif
