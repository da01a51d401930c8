/* e2vvkpipeline.h - compute pipelines, made when first asked for and kept.
 *
 * All kernels of a family share one descriptor set layout, five operands in the order of E2vVkOperand, and one push
 * constant block (e2vvkdispatch.h).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_PIPELINE_H
#define E2V_VK_PIPELINE_H

#include "e2vvkcache.h"
#include "e2vvkshaders.h"

G_BEGIN_DECLS

/* Bindings: sources first, the destination last. */
typedef enum
{
  E2V_VK_X,
  E2V_VK_W,                     /* weights, or the second source */
  E2V_VK_B,                     /* bias, or a table */
  E2V_VK_R,                     /* residual */
  E2V_VK_Y,
  E2V_VK_N_OPERANDS
} E2vVkOperand;

/* What a kernel is specialised for; switch i of its constants is bit i. */
typedef struct
{
  E2vOpKind kind;
  gboolean half;
  guint switches;               /* E2V_VK_GELU ... */
} E2vVkVariant;

enum
{
  E2V_VK_GELU = 1 << 0,         /* matmul, norm */
  E2V_VK_RESIDUAL = 1 << 1,     /* matmul */
  E2V_VK_AFFINE = 1 << 1,       /* norm */
  E2V_VK_ALIBI = 1 << 0,        /* scores */
  E2V_VK_N_SWITCHES = 2
};

typedef struct
{
  const E2vVkFamily *family;
  VkDescriptorSetLayout set_layout;
  VkPipelineLayout layout;
  E2vVkCache cache;
  GArray *pipelines;            /* of a private type: variant and handle */
} E2vVkPipelines;

/* @cache_path: where compiled pipelines are kept, or NULL. @pipelines can be cleared however far it got. */
gboolean e2v_vk_pipelines_init (E2vVkPipelines * pipelines, E2vVkDevice * device, const E2vVkFamily * family,
    const char *cache_path, GError ** error);
void e2v_vk_pipelines_clear (E2vVkPipelines * pipelines, E2vVkDevice * device);

/* The pipeline of a variant, VK_NULL_HANDLE with @error set on failure. */
VkPipeline e2v_vk_pipelines_get (E2vVkPipelines * pipelines, E2vVkDevice * device, const E2vVkVariant * variant,
    GError ** error);

G_END_DECLS

#endif
