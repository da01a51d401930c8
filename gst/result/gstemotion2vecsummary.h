/* gstemotion2vecsummary.h - what a whole stream sounded like: mean scores, shares of time, table of contents.
 *
 * Takes every result of a stream once, in order. Its memory does not grow with the length of the stream.
 * Pure. MT: one caller at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_SUMMARY_H
#define GST_EMOTION2VEC_SUMMARY_H

#include <gst/gst.h>

#include "gstemotion2vecresult.h"

G_BEGIN_DECLS

/* Entries of a table of contents for one channel. */
#define GST_EMOTION2VEC_SUMMARY_MAX_ENTRIES 1000

typedef struct _GstEmotion2vecSummary GstEmotion2vecSummary;

/* @interval: between windows; 0: windows follow each other. */
GstEmotion2vecSummary *gst_emotion2vec_summary_new (GstClockTime interval);
void gst_emotion2vec_summary_free (GstEmotion2vecSummary * summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecSummary, gst_emotion2vec_summary_free)

/* Keeps nothing of @result. */
void gst_emotion2vec_summary_add (GstEmotion2vecSummary * summary, const GstEmotion2vecResult * result);

/* TRUE as long as no result had scores. */
gboolean gst_emotion2vec_summary_is_empty (const GstEmotion2vecSummary * summary);

void gst_emotion2vec_summary_reset (GstEmotion2vecSummary * summary);

/* The functions below use the results that the interval made, or those of stretches of speech if there are no others.
 *
 * Means: of the scores, each window weighted by its share of speech times the time that it speaks for; all alike if there
 * was no speech. Shares: of the time in which anything was heard, from the timeline; of all channels together. */

/* (transfer full) (nullable): stream scope; NULL if empty. Label and confidence are the highest mean:
 *   extended-comment emotion2vec-label=happy, emotion2vec-share=happy:0.750/sad:0.250, emotion2vec-scores=happy:0.810/...
 *   comment          emotion2vec:happy:0.81 */
GstTagList *gst_emotion2vec_summary_to_tags (const GstEmotion2vecSummary * summary);

/* (transfer full) (nullable): the timeline in stream time; NULL if empty. Global scope; one edition a channel with a chapter
 * a segment: numeric uids, start and stop, and the label as title; "silent" where nobody was heard. At most
 * GST_EMOTION2VEC_SUMMARY_MAX_ENTRIES chapters: of more, the shortest are given to their neighbours. */
GstToc *gst_emotion2vec_summary_to_toc (const GstEmotion2vecSummary * summary);

G_END_DECLS

#endif
