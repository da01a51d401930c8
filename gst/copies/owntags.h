/* owntags.h - our tags as any container can hold them: pairs of key and value, and a comment.
 *
 * Private to gst/copies. Pure. MT: any thread; an OwnTags has one owner at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OWN_TAGS_H
#define OWN_TAGS_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct
{
  char *key, *value;
} OwnTag;

typedef struct
{
  OwnTag *tags;
  guint n;
  char *comment;                /* (nullable) */
} OwnTags;

/* Takes what is ours out of @list: each key once, the first one. */
OwnTags *own_tags_new (const GstTagList * list);
void own_tags_free (OwnTags * tags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OwnTags, own_tags_free)

/* Whether we wrote it, now or in an earlier run. Some writers turn keys into capitals. */
gboolean own_tags_is_key (const char *key);
gboolean own_tags_is_comment (const char *value);

G_END_DECLS

#endif
