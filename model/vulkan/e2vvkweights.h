/* e2vvkweights.h - the weights of a model on a device, packed for a shader family.
 *
 * A tensor is packed and uploaded when the first plan that uses it is prepared, and stays. The packing depends on the
 * columns of the buffers on both sides, which are the same in all plans of a model.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_WEIGHTS_H
#define E2V_VK_WEIGHTS_H

#include "e2vvkmem.h"
#include "e2vvkshaders.h"

G_BEGIN_DECLS

/* Where an operand lies. */
typedef struct
{
  VkBuffer buffer;
  VkDeviceSize offset, size;
  VkBufferView view;            /* VK_NULL_HANDLE if the family binds storage buffers */
} E2vVkOperandRange;

typedef struct _E2vVkWeights E2vVkWeights;

/* @half: matrices go in half precision, but for those that would not survive it (e2v_half_is_safe()). @model and
 * @family must outlive the result. */
E2vVkWeights *e2v_vk_weights_new (E2vModel * model, const E2vVkFamily * family, gboolean half);
void e2v_vk_weights_free (E2vVkWeights * weights, E2vVkDevice * device);

/* Brings everything that @plan needs to the device. Errors: E2V_ERROR_OUT_OF_MEMORY, E2V_ERROR_TOO_LARGE (a matrix
 * exceeds what the device can bind), E2V_ERROR_ARGUMENT (the plan wants another packing than plans before). */
gboolean e2v_vk_weights_prepare (E2vVkWeights * weights, E2vVkDevice * device, const E2vPlan * plan,
    GError ** error);

/* After e2v_vk_weights_prepare() of a plan that uses the tensor. */
const E2vVkOperandRange *e2v_vk_weights_range (const E2vVkWeights * weights, guint tensor);
const E2vVkMatrix *e2v_vk_weights_matrix (const E2vVkWeights * weights, guint tensor);
const E2vVkOperandRange *e2v_vk_weights_alibi (const E2vVkWeights * weights);

/* A few zeros, for operands that a kernel has but an operation has not. */
const E2vVkOperandRange *e2v_vk_weights_zeros (const E2vVkWeights * weights);

G_END_DECLS

#endif
