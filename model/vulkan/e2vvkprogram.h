/* e2vvkprogram.h - a plan made ready on a device: its memory, its dispatches and their descriptors.
 *
 * Everything is made once; a run only fills the input, submits recorded command buffers and reads.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_PROGRAM_H
#define E2V_VK_PROGRAM_H

#include "e2vplanmem.h"
#include "e2vvkcanary.h"
#include "e2vvkdispatch.h"
#include "e2vvkpart.h"
#include "e2vvkweights.h"

G_BEGIN_DECLS

/* What all programs of an executor share. */
typedef struct
{
  E2vVkDevice device;
  E2vVkPipelines pipelines;
  E2vVkWeights *weights;
  E2vVkSpeed speed;
} E2vVkContext;

typedef struct
{
  E2vVkDispatch dispatch;
  VkPipeline pipeline;
  VkDescriptorSet set;
} E2vVkStep;

typedef struct
{
  E2vVkContext *context;
  const E2vPlan *plan;
  E2vLife *lives;               /* offset and size of each plan buffer in the arena */
  E2vVkBuffer arena;
  E2vVkBuffer upload;           /* only if the arena is not mapped */
  E2vVkBuffer readback;         /* an E2vVkCanary, then outputs */
  guint64 *readback_offsets;    /* by plan buffer; outputs only */
  VkBufferView *texels, *floats;        /* by plan buffer, made when first bound */
  VkDescriptorPool pool;
  E2vVkStep *steps;             /* one an operation */
  GArray *parts;                /* of E2vVkPart */
  VkQueryPool queries;
  gboolean timed;               /* the parts' buffers with time stamps are recorded */
  VkFence fence;
} E2vVkProgram;

/* Memory, pipelines and descriptors; not the command buffers. @program can be cleared however far it got. Errors:
 * E2V_ERROR_OUT_OF_MEMORY, E2V_ERROR_TOO_LARGE, E2V_ERROR_DEVICE. */
gboolean e2v_vk_program_init (E2vVkProgram * program, E2vVkContext * context, const E2vPlan * plan, GError ** error);
void e2v_vk_program_clear (E2vVkProgram * program);

/* How many seconds a part may take before the device counts as lost: far more than it is expected to take. */
double e2v_vk_program_timeout (const E2vVkProgram * program, const E2vVkPart * part);

G_END_DECLS

#endif
