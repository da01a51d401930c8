/* e2vlayout.h - which tensors a model has: role, name in the model file, and shape, all from the hyper-parameters.
 *
 * The one list that the reader, the converter, the plan and the executors agree on. Matrices are [outputs][inputs].
 * Convolution weights are [outputs][kernel][inputs]: a kernel that slides over rows [time][channels] then is a plain
 * matrix with kernel * inputs columns. (Checkpoints store [outputs][inputs][kernel]; the converter turns them.) Blocks
 * are numbered on: prenet blocks first, then main blocks.
 * MT: a layout is immutable.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_LAYOUT_H
#define E2V_LAYOUT_H

#include "e2vhparams.h"
#include "e2vtensor.h"

G_BEGIN_DECLS

typedef enum
{
  E2V_ROLE_CONV_WEIGHT,         /* layer = convolution: [channels][kernel][inputs] */
  E2V_ROLE_CONV_NORM_WEIGHT,
  E2V_ROLE_CONV_NORM_BIAS,
  E2V_ROLE_FEATURE_NORM_WEIGHT, /* over the last convolution's channels, before the projection */
  E2V_ROLE_FEATURE_NORM_BIAS,
  E2V_ROLE_PROJECTION_WEIGHT,   /* [D][channels] */
  E2V_ROLE_PROJECTION_BIAS,
  E2V_ROLE_POS_WEIGHT,          /* layer = positional convolution: [D][kernel][D / groups] */
  E2V_ROLE_POS_BIAS,
  E2V_ROLE_EXTRA_TOKENS,        /* [E][D] */
  E2V_ROLE_ALIBI_SCALE,         /* [1 or blocks][1 or H] */
  E2V_ROLE_PRENET_NORM_WEIGHT,  /* before the first block */
  E2V_ROLE_PRENET_NORM_BIAS,
  E2V_ROLE_QKV_WEIGHT,          /* layer = block from here on: [3 D][D], queries, keys, values, each head by head */
  E2V_ROLE_QKV_BIAS,
  E2V_ROLE_ATTN_PROJ_WEIGHT,
  E2V_ROLE_ATTN_PROJ_BIAS,
  E2V_ROLE_NORM1_WEIGHT,
  E2V_ROLE_NORM1_BIAS,
  E2V_ROLE_FC1_WEIGHT,
  E2V_ROLE_FC1_BIAS,
  E2V_ROLE_FC2_WEIGHT,
  E2V_ROLE_FC2_BIAS,
  E2V_ROLE_NORM2_WEIGHT,
  E2V_ROLE_NORM2_BIAS,
  E2V_ROLE_HEAD_WEIGHT,         /* [classes][D] */
  E2V_ROLE_HEAD_BIAS,
  E2V_N_ROLES
} E2vRole;

typedef struct
{
  E2vRole role;
  guint layer;                  /* 0 where the role has no layers */
  char name[48];                /* in the model file, e.g. "blk.3.qkv.weight" */
  guint n_dims;
  guint64 dims[E2V_MAX_DIMS];
} E2vTensorSpec;

#define E2V_OFFICIAL_NAME_SIZE 96

typedef struct _E2vLayout E2vLayout;

/* @hparams must be valid. */
E2vLayout *e2v_layout_new (const E2vHparams * hparams);
void e2v_layout_free (E2vLayout * layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vLayout, e2v_layout_free)

guint e2v_layout_size (const E2vLayout * layout);
const E2vTensorSpec *e2v_layout_get (const E2vLayout * layout, guint index);

/* Index of a tensor, or -1 if this model has none such. */
int e2v_layout_find (const E2vLayout * layout, E2vRole role, guint layer);
int e2v_layout_find_name (const E2vLayout * layout, const char *name);

/* Writes the tensor's name in public checkpoints, without any prefix, to @name. */
void e2v_layout_official_name (const E2vLayout * layout, guint index, char name[E2V_OFFICIAL_NAME_SIZE]);

/* Whether this is a matrix of a MATMUL operation, the only tensors that are ever stored or computed in half
 * precision; norms, biases, extra tokens and ALiBi scales stay in float. */
gboolean e2v_role_is_matrix (E2vRole role);

G_END_DECLS

#endif
