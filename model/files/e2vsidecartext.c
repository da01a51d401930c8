/* e2vsidecartext.c - the fields of a sidecar out of YAML and JSON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vsidecar.h"

#include "e2vbytes.h"
#include "e2vjson.h"

#include <string.h>
#include <yaml.h>

#define MAX_NESTING 32
#define MAX_KEY 64
#define MAX_DIRECTIVES 16

/* Groups that may stand above a field. Others, such as a second modality or the optimiser, use the same names for
 * something else. */
static gboolean
is_group (const char *name)
{
  static const char *const groups[] = {
    "model", "model_conf", "cfg", "task", "modalities", "audio", "AUDIO", NULL
  };

  return g_strv_contains (groups, name);
}

/* One level of the document. */
typedef struct
{
  gboolean is_mapping;
  gboolean counts;              /* fields here are ours */
  gboolean has_key;             /* the next event is a value */
  char key[MAX_KEY];            /* "" if it is too long to be one of ours */
} Level;

typedef struct
{
  Level levels[MAX_NESTING];
  guint n;
} Walk;

static Level *
innermost (Walk * walk)
{
  return walk->n > 0 ? &walk->levels[walk->n - 1] : NULL;
}

static gboolean
enter (Walk * walk, gboolean is_mapping, GError ** error)
{
  Level *outer = innermost (walk);
  Level level = {.is_mapping = is_mapping };

  if (walk->n >= MAX_NESTING)
    return e2v_bad_format (error, "YAML that is nested more than %u deep",
        MAX_NESTING);
  level.counts = is_mapping && (!outer || (outer->counts && outer->has_key
          && is_group (outer->key)));
  walk->levels[walk->n++] = level;
  return TRUE;
}

/* A value is complete: the next scalar of a mapping is a key. */
static void
value_done (Walk * walk)
{
  Level *level = innermost (walk);

  if (level && level->is_mapping)
    level->has_key = !level->has_key;
}

static void
leave (Walk * walk)
{
  if (walk->n > 0)
    walk->n--;
  value_done (walk);
}

static gboolean
scalar (Walk * walk, const char *text, E2vSidecar * sidecar, GError ** error)
{
  Level *level = innermost (walk);

  if (level && level->is_mapping && !level->has_key) {
    if (g_strlcpy (level->key, text, MAX_KEY) >= MAX_KEY)
      level->key[0] = '\0';
  } else if (level && level->counts
      && !e2v_sidecar_set (sidecar, level->key, text, error)) {
    return FALSE;
  }
  value_done (walk);
  return TRUE;
}

/* Aliases are not followed, so no document unfolds into a larger one. */
static gboolean
handle (Walk * walk, const yaml_event_t * event, E2vSidecar * sidecar,
    GError ** error)
{
  switch (event->type) {
    case YAML_MAPPING_START_EVENT:
      return enter (walk, TRUE, error);
    case YAML_SEQUENCE_START_EVENT:
      return enter (walk, FALSE, error);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
      leave (walk);
      return TRUE;
    case YAML_ALIAS_EVENT:
      return scalar (walk, "", sidecar, error);
    case YAML_SCALAR_EVENT:
      return scalar (walk, (const char *) event->data.scalar.value, sidecar,
          error);
    default:
      return TRUE;
  }
}

static gboolean
walk_yaml (yaml_parser_t * parser, E2vSidecar * sidecar, GError ** error)
{
  Walk walk = {.n = 0 };
  gboolean ok = TRUE, ended = FALSE;

  while (ok && !ended) {
    yaml_event_t event;

    if (!yaml_parser_parse (parser, &event))
      return e2v_bad_format (error, "damaged YAML in line %" G_GSIZE_FORMAT
          ": %s", parser->problem_mark.line + 1,
          parser->problem ? parser->problem : "unknown problem");
    ok = handle (&walk, &event, sidecar, error);
    ended = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete (&event);
  }
  return ok;
}

/* libyaml compares each %TAG with all before it, which takes minutes for a file full of them. They are counted wherever
 * they stand: there are more ways to end a line in YAML than one would think. */
static gboolean
check_directives (const char *text, gsize size, GError ** error)
{
  const char *end = text + size, *at = text;

  for (guint n = 0; (at = g_strstr_len (at, end - at, "%TAG")); n++, at++) {
    if (n == MAX_DIRECTIVES)
      return e2v_bad_format (error, "YAML with more than %u %%TAG directives",
          MAX_DIRECTIVES);
  }
  return TRUE;
}

gboolean
e2v_sidecar_read_yaml (E2vSidecar * sidecar, const char *text, gsize size,
    GError ** error)
{
  yaml_parser_t parser;
  gboolean ok;

  if (!check_directives (text, size, error))
    return FALSE;
  if (!yaml_parser_initialize (&parser))
    return e2v_bad_format (error, "no memory for the YAML parser");
  yaml_parser_set_input_string (&parser, (const guint8 *) text, size);
  ok = walk_yaml (&parser, sidecar, error);
  yaml_parser_delete (&parser);
  return ok;
}

/* A scalar as it is written, an array as JSON: what e2v_sidecar_set() takes. */
static char *
node_to_text (JsonNode * node)
{
  if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_dup_string (node);
  return json_to_string (node, FALSE);
}

/* Recursion is bounded by the nesting that e2v_json_parse() allows. */
static gboolean
read_object (E2vSidecar * sidecar, JsonObject * object, GError ** error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &node)) {
    g_autofree char *text = NULL;

    if (JSON_NODE_HOLDS_OBJECT (node)) {
      if (is_group (name)
          && !read_object (sidecar, json_node_get_object (node), error))
        return FALSE;
      continue;
    }
    text = node_to_text (node);
    if (!e2v_sidecar_set (sidecar, name, text, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
e2v_sidecar_read_json (E2vSidecar * sidecar, const char *text, gsize size,
    GError ** error)
{
  g_autoptr (JsonNode) root = e2v_json_parse (text, size, error);

  return root && read_object (sidecar, json_node_get_object (root), error);
}
