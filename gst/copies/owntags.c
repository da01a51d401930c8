/* owntags.c - our tags as any container can hold them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "owntags.h"

#include <string.h>

/* What gstemotion2vectags.c writes. */
#define KEY_PREFIX "emotion2vec-"
#define COMMENT_PREFIX "emotion2vec:"

gboolean
own_tags_is_key (const char *key)
{
  return g_ascii_strncasecmp (key, KEY_PREFIX, strlen (KEY_PREFIX)) == 0;
}

gboolean
own_tags_is_comment (const char *value)
{
  return g_ascii_strncasecmp (value, COMMENT_PREFIX,
      strlen (COMMENT_PREFIX)) == 0;
}

static gboolean
has_key (const OwnTags * tags, const char *key)
{
  for (guint i = 0; i < tags->n; i++)
    if (g_ascii_strcasecmp (tags->tags[i].key, key) == 0)
      return TRUE;
  return FALSE;
}

/* @text: "key=value" */
static void
add_extended (OwnTags * tags, const char *text)
{
  const char *equals = strchr (text, '=');
  g_autofree char *key = NULL;

  if (!equals || !equals[1] || !own_tags_is_key (text))
    return;
  key = g_ascii_strdown (text, equals - text);
  if (has_key (tags, key))
    return;
  tags->tags = g_renew (OwnTag, tags->tags, (gsize) tags->n + 1);
  tags->tags[tags->n].key = g_steal_pointer (&key);
  tags->tags[tags->n++].value = g_strdup (equals + 1);
}

OwnTags *
own_tags_new (const GstTagList * list)
{
  OwnTags *tags = g_new0 (OwnTags, 1);
  const char *text;

  for (guint i = 0; gst_tag_list_peek_string_index (list,
          GST_TAG_EXTENDED_COMMENT, i, &text); i++)
    add_extended (tags, text);
  for (guint i = 0; gst_tag_list_peek_string_index (list, GST_TAG_COMMENT, i,
          &text); i++)
    if (!tags->comment && own_tags_is_comment (text))
      tags->comment = g_strdup (text);
  return tags;
}

void
own_tags_free (OwnTags * tags)
{
  if (!tags)
    return;
  for (guint i = 0; i < tags->n; i++) {
    g_free (tags->tags[i].key);
    g_free (tags->tags[i].value);
  }
  g_free (tags->tags);
  g_free (tags->comment);
  g_free (tags);
}
