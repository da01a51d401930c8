/* gstemotion2vectags.h - our tags, beside those that come from upstream.
 *
 * A tag event replaces the one before it of the same scope, so ours must carry upstream's tags too, and what comes from
 * upstream later must carry ours. Only values that begin with our names are ever replaced or taken out.
 * Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_TAGS_H
#define GST_EMOTION2VEC_TAGS_H

#include <gst/gst.h>

#include "gstemotion2vecresult.h"

G_BEGIN_DECLS

/* A list of stream scope that says @label: extended-comment "emotion2vec-label=LABEL" and comment
 * "emotion2vec:LABEL:CONFIDENCE". All our values keep to A-Z a-z 0-9 _ + - / : . and '=' behind a key, since Matroska
 * escapes everything else; other characters of labels become '-'. */
GstTagList *gst_emotion2vec_tags_for_label (const char *label, double confidence);

/* Appends extended-comment "emotion2vec-KEY=LABEL:NUMBER/LABEL:NUMBER...", highest number first, three decimals.
 * @labels, @numbers: @n each; numbers that would read 0.000 are left out, but not all. */
void gst_emotion2vec_tags_add_numbers (GstTagList * list, const char *key, const char *const *labels,
    const double *numbers, guint n);

typedef struct _GstEmotion2vecTags GstEmotion2vecTags;

GstEmotion2vecTags *gst_emotion2vec_tags_new (void);
void gst_emotion2vec_tags_free (GstEmotion2vecTags * tags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecTags, gst_emotion2vec_tags_free)

/* (transfer full): the list to send in place of @upstream, which is remembered for its scope: @upstream itself as long as
 * there is nothing of ours for that scope. */
GstTagList *gst_emotion2vec_tags_merge_upstream (GstEmotion2vecTags * tags, const GstTagList * upstream);

/* Remembers what we have to say, instead of what we said before. @ours: (nullable): nothing any more.
 * Returns: (transfer full) (nullable): the list to send now. */
GstTagList *gst_emotion2vec_tags_set_ours (GstEmotion2vecTags * tags, const GstTagList * ours);

/* Hysteresis for tags while running. A label is news if it differs from what was told last and either two results in
 * a row say so, or one about at least a second that shares no audio with the window before; and if the last news is at
 * least a second of running time old. Results without a label or below the threshold are passed over, and so are
 * channels other than the first.
 * Returns: (transfer none) (nullable): the label that is news after @result, until the next call. */
const char *gst_emotion2vec_tags_news (GstEmotion2vecTags * tags, const GstEmotion2vecResult * result);

/* The same stream from another place on: forgets what we said and have to say, not what upstream said. */
void gst_emotion2vec_tags_forget_ours (GstEmotion2vecTags * tags);

/* Another stream: forgets everything. */
void gst_emotion2vec_tags_reset (GstEmotion2vecTags * tags);

G_END_DECLS

#endif
