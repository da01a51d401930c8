/* e2vhead.h - a linear head by itself: what makes scores of a model's embeddings, trained apart from the model.
 *
 * Embedding and frame features go in, logits and scores come out, in double on the CPU. Mean and standard deviation of the
 * features that it was trained on are folded into weight and bias. Immutable and reference counted. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_HEAD_H
#define E2V_HEAD_H

#include "e2vmodel.h"

G_BEGIN_DECLS

/* The model whose features a head takes. */
typedef struct
{
  char *name;                   /* (nullable) */
  char *content_id;             /* (nullable): e2v_model_content_id() */
  guint n_samples;              /* of its self-test; 0: it has none */
  float *utterance;             /* [dim]: its answer to that, NULL without one */
} E2vHeadOrigin;

/* All of a head, as plain values. */
typedef struct
{
  guint dim, n_classes;         /* at least 1, at least 2 */
  char **labels;                /* n_classes and a NULL: not empty, no two alike */
  float *weight;                /* [n_classes][dim] */
  float *bias;                  /* [n_classes] */
  double temperature;           /* scores = softmax (logits / temperature) */
  char *name, *licence;         /* (nullable) */
  char *training;               /* (nullable): a line for people on how it was made */
  E2vHeadOrigin origin;
} E2vHeadSpec;

typedef struct _E2vHead E2vHead;

/* @spec: copied. Errors: E2V_ERROR_FORMAT for labels or numbers that cannot be, which it names. */
E2vHead *e2v_head_new (const E2vHeadSpec * spec, GError ** error);

/* The model's own head. Errors: E2V_ERROR_ARGUMENT if it has none, or less than two classes in use. */
E2vHead *e2v_head_new_from_model (E2vModel * model, GError ** error);

E2vHead *e2v_head_ref (E2vHead * head);
void e2v_head_unref (E2vHead * head);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vHead, e2v_head_unref)

const E2vHeadSpec *e2v_head_spec (const E2vHead * head);

/* Short names of the classes, as e2v_label_names() makes them, and a NULL. */
const char *const *e2v_head_names (const E2vHead * head);

/* Where features of @model come from; borrows from @model, nothing to free. */
E2vHeadOrigin e2v_head_origin_of (E2vModel * model);

/* Whether the head was trained on features as @model gives them: the width is the same, and so is the file, or else the
 * answer to the self-test to within E2V_HEAD_TOLERANCE, as that of the same weights in half precision is.
 * Errors: E2V_ERROR_NOT_EMOTION2VEC, with both names. */
gboolean e2v_head_check_model (const E2vHead * head, E2vModel * model, GError ** error);

/* ||a - b|| / ||b|| of two answers to the self-test: what a device may be off in half precision. Half precision of the
 * weights alone gives up to 3e-3 with the reference cases, another model 1 and more. */
#define E2V_HEAD_TOLERANCE 2e-2

/* logits[c] = weight[c] . embedding + bias[c]. @embedding: [dim], of an utterance or of a frame. */
void e2v_head_logits (const E2vHead * head, const float *embedding, double *logits);

/* softmax (logits / temperature). */
void e2v_head_scores (const E2vHead * head, const float *embedding, double *scores);

/* The same for each row of [n_frames][dim] into [n_frames][n_classes]. */
void e2v_head_frame_scores (const E2vHead * head, const float *frames, guint n_frames, float *scores);

G_END_DECLS

#endif
