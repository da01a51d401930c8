/* gstemotion2vecclasses.h - restricts or merges the classes of a model, as the property `classes` says.
 *
 * Pure and immutable. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_EMOTION2VEC_CLASSES_H
#define GST_EMOTION2VEC_CLASSES_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstEmotion2vecClasses GstEmotion2vecClasses;

/* @names: short names of the model's classes in use, NULL-terminated, none twice; may be empty.
 * @spec: (nullable): classes to keep, in the order wanted, with commas between them: "angry,happy". Several become one
 * with "negative=angry+sad,positive=happy,neutral". NULL or blank: all, as they are.
 * Fails with GST_RESOURCE_ERROR_SETTINGS and a message that is ready to be posted: an unknown class (the known ones
 * are listed), a class used twice, a name given twice, an empty item. */
GstEmotion2vecClasses *gst_emotion2vec_classes_new (const char *const *names, const char *spec, GError ** error);
void gst_emotion2vec_classes_free (GstEmotion2vecClasses * classes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEmotion2vecClasses, gst_emotion2vec_classes_free)

/* Classes after restricting and merging, and before. */
guint gst_emotion2vec_classes_count (const GstEmotion2vecClasses * classes);
guint gst_emotion2vec_classes_model_count (const GstEmotion2vecClasses * classes);

/* (transfer none): count names and a NULL, living as long as @classes. */
const char *const *gst_emotion2vec_classes_names (const GstEmotion2vecClasses * classes);

/* Sums up what is merged, leaves out what is not kept, and scales to sum 1. With all classes kept as they are, every bit
 * stays. If all that is kept is 0, or anything in it is not a number, all shares are equal.
 * @model_scores: [model_count]. @scores: (out): [count]. */
void gst_emotion2vec_classes_apply (const GstEmotion2vecClasses * classes, const double *model_scores, double *scores);

/* The same for every row of [n_frames][model_count] into [n_frames][count]. */
void gst_emotion2vec_classes_apply_frames (const GstEmotion2vecClasses * classes, const float *model_scores,
    guint n_frames, float *scores);

G_END_DECLS

#endif
