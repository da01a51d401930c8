/* e2vmodel.h - a model in memory: hyper-parameters, labels, weights, and where they came from.
 *
 * Immutable and reference counted: one model serves any number of executors and threads. Made by the readers in files/
 * (from a model file or a checkpoint) or from a seed. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_MODEL_H
#define E2V_MODEL_H

#include "e2vhparams.h"
#include "e2vlayout.h"

G_BEGIN_DECLS

/* What is known about a model beside its numbers. All strings may be NULL. */
typedef struct
{
  char *name;                   /* "emotion2vec+ base" */
  char *licence;                /* SPDX expression or a short name */
  char *licence_text;
  char *source;                 /* file name of the checkpoint it was converted from */
  char *source_sha256;          /* hexadecimal */
  double temperature;           /* of a calibrated head: scores = softmax (logits / temperature); 1: none */
} E2vModelInfo;

/* The answer that the reference executor gave in double for a fixed signal (e2vselftest.h), kept in the model file. */
typedef struct
{
  guint n_samples;              /* length of the signal; 0: there is no self-test */
  float *utterance;             /* [D] */
  float *scores;                /* [classes], NULL without a head */
} E2vSelftest;

/* What the data of a model's tensors lie in. */
typedef struct
{
  gpointer data;
  GDestroyNotify free;
  void (*release_pages) (gpointer data);        /* see e2v_model_release_pages(); NULL: nothing can be given back */
} E2vModelStorage;

typedef struct _E2vModel E2vModel;

/* Takes over what @storage describes and frees it with the model (NULL: the data is static or otherwise outlives it).
 * @tensors: one for each entry of the layout of @hparams, in that order; only
 * the names' memory is copied, the data is not. @labels: n_classes strings as the checkpoint's makers wrote them
 * (bilingual), copied; NULL for a feature model. @info: copied, may be NULL.
 * Errors: E2V_ERROR_NOT_EMOTION2VEC for bad hyper-parameters, E2V_ERROR_TENSOR for a shape that does not fit or a
 * weight that is not finite; the storage is freed then too. */
E2vModel *e2v_model_new (const E2vHparams * hparams, const char *const *labels, const E2vTensor * tensors,
    const E2vModelInfo * info, const E2vModelStorage * storage, GError ** error);

/* Seeded random weights of any shape, so that speed can be measured and shapes tested without a file (the recipe is in
 * docs/numerics.md). Large ones lie in a temporary file, like those of a model file. Labels are the nine official ones
 * if n_classes is 9, else "class 0" and so on. */
E2vModel *e2v_model_new_random (const E2vHparams * hparams, guint64 seed, GError ** error);

E2vModel *e2v_model_ref (E2vModel * model);
void e2v_model_unref (E2vModel * model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vModel, e2v_model_unref)

const E2vHparams *e2v_model_hparams (const E2vModel * model);
const E2vLayout *e2v_model_layout (const E2vModel * model);
const E2vModelInfo *e2v_model_info (const E2vModel * model);
const E2vTensor *e2v_model_tensor (const E2vModel * model, guint index);

/* For who has read a tensor and will not need it again soon, such as an executor with a copy on a device: takes the
 * weights out of this process's memory if they lie in a file, from which they come back when someone reads them. */
void e2v_model_release_pages (const E2vModel * model);

/* Labels in checkpoint order, n_classes of them and a NULL. */
const char *const *e2v_model_labels (const E2vModel * model);

/* (nullable): the self-test that the model file carries. */
const E2vSelftest *e2v_model_selftest (const E2vModel * model);

/* Sets the self-test of a model that nobody else uses yet (converter and reader). Takes copies. */
void e2v_model_set_selftest (E2vModel * model, guint n_samples, const float *utterance, const float *scores);

/* (nullable): one word that changes with any weight, label or hyper-parameter; NULL if the model is not from a model
 * file. The setter (reader only) takes a copy. */
const char *e2v_model_content_id (const E2vModel * model);
void e2v_model_set_content_id (E2vModel * model, const char *id);

/* ALiBi distance factors a >= 0, [alibi_layers][H] (NULL without ALiBi): slope of the head times the learned scale,
 * negative scales clamped to 0. The bias of query frame i and key frame j is -a * |i - j|. */
const float *e2v_model_alibi (const E2vModel * model);

/* Number of parameters of the tensors in use. */
guint64 e2v_model_n_parameters (const E2vModel * model);

/* Hyper-parameters of the public shapes: "base" (768-d), "large" (1024-d), "mini" (the bundled one).
 * Returns FALSE for another name. */
gboolean e2v_hparams_for_shape (const char *shape, E2vHparams * hparams);

G_END_DECLS

#endif
