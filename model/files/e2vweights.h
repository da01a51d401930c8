/* e2vweights.h - the weights of a checkpoint as one list of named tensors, whatever file they come from.
 *
 * Finds the state dict in a training checkpoint: 'state_dict', then 'model_state_dict', then 'model', each if it is
 * there, as the official loader does; dictionaries inside it ('_ema', the teacher) are not looked into. Takes off the
 * known prefixes of names. Nothing is read before it is asked for. MT: one thread at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_WEIGHTS_H
#define E2V_WEIGHTS_H

#include "e2vvalue.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;                   /* without prefix */
  char *stored_name;            /* as in the file */
  guint n_dims;
  guint64 dims[E2V_MAX_DIMS];
  gsize size;                   /* bytes in the file */
  gboolean usable;              /* a tensor of floating-point numbers */
  const char *type_name;        /* what stands there: an element type, or the class of an object */
  const E2vView *view;          /* where it is: one of these two */
  const E2vTensor *tensor;
} E2vWeight;

typedef struct _E2vWeights E2vWeights;

/* Maps the file. Errors: E2V_ERROR_NOT_FOUND, E2V_ERROR_IO, E2V_ERROR_FORMAT, E2V_ERROR_NOT_EMOTION2VEC. */
E2vWeights *e2v_weights_open (const char *path, GError ** error);

/* The same for a file in memory, which has to outlive the list. */
E2vWeights *e2v_weights_new_from_memory (const guint8 * data, gsize size, GError ** error);
void e2v_weights_free (E2vWeights * weights);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vWeights, e2v_weights_free)

guint e2v_weights_n (const E2vWeights * weights);
const E2vWeight *e2v_weights_get (const E2vWeights * weights, guint index);
const E2vWeight *e2v_weights_find (const E2vWeights * weights, const char *name);

/* Orders weights of one file by where they lie. In this order each part of the file is read once; in any other a zip archive
 * may be read anew for each weight. */
int e2v_weight_compare_places (const E2vWeight * a, const E2vWeight * b);

/* Writes all elements to @dst as float, in row-major order. Errors name the weight: E2V_ERROR_FORMAT, E2V_ERROR_TENSOR. */
gboolean e2v_weights_read (E2vWeights * weights, const E2vWeight * weight, float *dst, GError ** error);

/* What the training program was configured with: 'cfg' of the checkpoint, NULL if there is none. */
const E2vValue *e2v_weights_config (const E2vWeights * weights);

/* Lets the system take back what was read of the file so far: most of a training checkpoint is needed once, to be hashed. */
void e2v_weights_release_pages (const E2vWeights * weights);

/* The whole file. */
const guint8 *e2v_weights_file (const E2vWeights * weights, gsize * size);

G_END_DECLS

#endif
