/* e2vvkprogram.c - a plan made ready on a device: its memory, its dispatches and their descriptors.
 *
 * (1) All plan buffers lie in one arena, at offsets where each can be bound by itself.
 * (2) The arena is zeroed once. Kernels write whole texels and keep padding zero, so it never has to be again.
 * (3) Every operand is bound with the exact range of its plan buffer: a kernel can reach nothing else.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkprogram.h"

#include "e2verror.h"
#include "e2vvkresult.h"

#include <string.h>

/* Mesa 22.3's software device counts the rounds of all loops of an invocation together and ends every loop at the
 * 65536th, quietly. Kernels of CPU devices must stay below. */
#define MAX_CPU_ROUNDS 65000

/* Speed that any device of a kind exceeds, for the limit of a wait: FLOP/s. (CPUs that run the scalar shaders.) */
#define SLOWEST_CPU 1e9
#define SLOWEST_GPU 50e9
/* Seconds that a first run may take besides. Software devices compile each kernel when it first runs: with Mesa
 * 25.0, 9 s of processor time for the scalar ones of attention. */
#define START_CPU 60
#define START_GPU 10

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static guint64
arena_alignment (const E2vVkDevice * d)
{
  const VkPhysicalDeviceLimits *limits = &d->physical.properties.limits;

  return MAX (16, MAX (limits->minStorageBufferOffsetAlignment,
          limits->minTexelBufferOffsetAlignment));
}

static gboolean
check_sizes (E2vVkProgram * p, GError ** error)
{
  const E2vVkDevice *d = &p->context->device;
  const guint32 limit = d->physical.properties.limits.maxStorageBufferRange;

  for (guint i = 0; i < e2v_plan_n_buffers (p->plan); i++) {
    if (p->lives[i].size > limit) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
          "an array of %.1f MiB is more than the %.1f MiB that %s can bind; "
          "use fewer or shorter windows",
          (double) p->lives[i].size / (1 << 20), (double) limit / (1 << 20),
          d->physical.name);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
create_arena (E2vVkProgram * p, GError ** error)
{
  E2vVkDevice *d = &p->context->device;
  const guint n = e2v_plan_n_buffers (p->plan);
  guint64 size = 0;

  p->lives = e2v_plan_lives (p->plan);
  for (guint i = 0; i < n; i++)
    p->lives[i].size = e2v_vk_buffer_bytes (e2v_plan_buffer (p->plan, i));
  return check_sizes (p, error)
      && e2v_plan_mem_place (p->lives, n, arena_alignment (d), G_MAXUINT64,
      &size, error)
      && e2v_vk_buffer_init (&p->arena, d, size, E2V_VK_MEMORY_DEVICE,
      "activations", error)
      && e2v_vk_buffer_zero (&p->arena, d, error);
}

/* The input's way in, if the arena is out of the host's reach. */
static gboolean
create_upload (E2vVkProgram * p, GError ** error)
{
  return p->arena.map || e2v_vk_buffer_init (&p->upload, &p->context->device,
      p->lives[0].size, E2V_VK_MEMORY_UPLOAD, "input", error);
}

static gboolean
create_readback (E2vVkProgram * p, GError ** error)
{
  const guint n = e2v_plan_n_buffers (p->plan);
  guint64 size = sizeof (E2vVkCanary);

  p->readback_offsets = g_new0 (guint64, n);
  for (guint i = 0; i < n; i++) {
    if (e2v_plan_buffer (p->plan, i)->use != E2V_BUFFER_OUTPUT)
      continue;
    p->readback_offsets[i] = size;
    size += p->lives[i].size;
  }
  if (!e2v_vk_buffer_init (&p->readback, &p->context->device, size,
          E2V_VK_MEMORY_READBACK, "results", error))
    return FALSE;
  memset (p->readback.map, 0, sizeof (E2vVkCanary));
  return TRUE;
}

static gboolean
create_fence (E2vVkProgram * p, GError ** error)
{
  E2vVkDevice *d = &p->context->device;
  const VkFenceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO,
  };

  return e2v_vk_check (d->vk.vkCreateFence (d->device, &info, NULL, &p->fence),
      "vkCreateFence", NULL, error);
}

double
e2v_vk_program_timeout (const E2vVkProgram * p, const E2vVkPart * part)
{
  const gboolean cpu = p->context->device.physical.properties.deviceType
      == VK_PHYSICAL_DEVICE_TYPE_CPU;

  return (cpu ? START_CPU : START_GPU)
      + 20 * part->flops / (cpu ? SLOWEST_CPU : SLOWEST_GPU);
}

/* ---- descriptors ------------------------------------------------------------------------------------------------ */

static gboolean
create_pool (E2vVkProgram * p, GError ** error)
{
  E2vVkDevice *d = &p->context->device;
  const guint n = e2v_plan_n_ops (p->plan);
  const VkDescriptorPoolSize size = {
    .type = p->context->pipelines.family->descriptor,
    .descriptorCount = n * E2V_VK_N_OPERANDS,
  };
  const VkDescriptorPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
    .maxSets = n,
    .poolSizeCount = 1,
    .pPoolSizes = &size,
  };

  return e2v_vk_check (d->vk.vkCreateDescriptorPool (d->device, &info, NULL,
          &p->pool), "vkCreateDescriptorPool", NULL, error);
}

static gboolean
buffer_range (E2vVkProgram * p, guint index, gboolean floats,
    E2vVkOperandRange * range, GError ** error)
{
  VkBufferView *view = floats ? &p->floats[index] : &p->texels[index];
  const VkFormat format = floats ? VK_FORMAT_R32_SFLOAT
      : VK_FORMAT_R32G32B32A32_SFLOAT;

  range->buffer = p->arena.buffer;
  range->offset = p->lives[index].offset;
  range->size = p->lives[index].size;
  if (p->context->pipelines.family->descriptor
      == VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER && !*view
      && !e2v_vk_view_new (&p->context->device, &p->arena, format,
          range->offset, range->size, view, error))
    return FALSE;
  range->view = *view;
  return TRUE;
}

static gboolean
operand_range (E2vVkProgram * p, const E2vVkBinding * binding,
    E2vVkOperandRange * range, GError ** error)
{
  const E2vVkWeights *weights = p->context->weights;

  switch (binding->source) {
    case E2V_VK_BUFFER:
    case E2V_VK_FLOATS:
      return buffer_range (p, binding->index,
          binding->source == E2V_VK_FLOATS, range, error);
    case E2V_VK_WEIGHT:
      *range = *e2v_vk_weights_range (weights, binding->index);
      return TRUE;
    case E2V_VK_FACTORS:
      *range = *e2v_vk_weights_alibi (weights);
      return TRUE;
    default:
      *range = *e2v_vk_weights_zeros (weights);
      return TRUE;
  }
}

static gboolean
write_set (E2vVkProgram * p, const E2vVkStep * step, GError ** error)
{
  E2vVkDevice *d = &p->context->device;
  VkWriteDescriptorSet writes[E2V_VK_N_OPERANDS];
  VkDescriptorBufferInfo buffers[E2V_VK_N_OPERANDS];
  VkBufferView views[E2V_VK_N_OPERANDS];

  memset (writes, 0, sizeof writes);
  for (guint i = 0; i < E2V_VK_N_OPERANDS; i++) {
    E2vVkOperandRange range;

    if (!operand_range (p, &step->dispatch.bindings[i], &range, error))
      return FALSE;
    buffers[i].buffer = range.buffer;
    buffers[i].offset = range.offset;
    buffers[i].range = range.size;
    views[i] = range.view;
    writes[i].sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
    writes[i].dstSet = step->set;
    writes[i].dstBinding = i;
    writes[i].descriptorCount = 1;
    writes[i].descriptorType = p->context->pipelines.family->descriptor;
    writes[i].pBufferInfo = &buffers[i];
    writes[i].pTexelBufferView = &views[i];
  }
  d->vk.vkUpdateDescriptorSets (d->device, E2V_VK_N_OPERANDS, writes, 0, NULL);
  return TRUE;
}

/* Rounds of the loops of one invocation: eight k a round in sums, three passes over a row in norms and softmax. */
static guint64
loop_rounds (const E2vVkDispatch * d)
{
  switch (d->variant.kind) {
    case E2V_OP_NORM:
    case E2V_OP_SOFTMAX:
      return (guint64) 3 *d->push.n4 + 2 * d->push.groups;
    case E2V_OP_MEAN:
      return d->push.total;
    default:
      return d->push.k4 / 2;
  }
}

static gboolean
check_rounds (const E2vVkProgram * p, const E2vVkDispatch * d, GError ** error)
{
  const E2vVkPhysical *physical = &p->context->device.physical;

  if (physical->properties.deviceType != VK_PHYSICAL_DEVICE_TYPE_CPU
      || loop_rounds (d) <= MAX_CPU_ROUNDS)
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
      "a %s of this model sums over more than %s can count to; use device=ref",
      e2v_op_name (d->variant.kind), physical->name);
  return FALSE;
}

static gboolean
create_step (E2vVkProgram * p, guint index, GError ** error)
{
  E2vVkContext *context = p->context;
  E2vVkDevice *d = &context->device;
  const E2vOp *op = e2v_plan_op (p->plan, index);
  E2vVkStep *step = &p->steps[index];
  const VkDescriptorSetAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
    .descriptorPool = p->pool,
    .descriptorSetCount = 1,
    .pSetLayouts = &context->pipelines.set_layout,
  };

  e2v_vk_dispatch_init (&step->dispatch, context->pipelines.family, p->plan,
      op, op->kind == E2V_OP_MATMUL
      ? e2v_vk_weights_matrix (context->weights, (guint) op->w) : NULL);
  if (!check_rounds (p, &step->dispatch, error))
    return FALSE;
  step->pipeline = e2v_vk_pipelines_get (&context->pipelines, d,
      &step->dispatch.variant, error);
  return step->pipeline != VK_NULL_HANDLE
      && e2v_vk_check (d->vk.vkAllocateDescriptorSets (d->device, &info,
          &step->set), "vkAllocateDescriptorSets", NULL, error)
      && write_set (p, step, error);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

gboolean
e2v_vk_program_init (E2vVkProgram * p, E2vVkContext * context,
    const E2vPlan * plan, GError ** error)
{
  const guint n_ops = e2v_plan_n_ops (plan);

  memset (p, 0, sizeof *p);
  p->context = context;
  p->plan = plan;
  p->texels = g_new0 (VkBufferView, e2v_plan_n_buffers (plan));
  p->floats = g_new0 (VkBufferView, e2v_plan_n_buffers (plan));
  p->steps = g_new0 (E2vVkStep, n_ops);
  p->parts = e2v_vk_parts_new (plan, &context->speed);
  if (!e2v_vk_weights_prepare (context->weights, &context->device, plan, error)
      || !create_arena (p, error) || !create_upload (p, error)
      || !create_readback (p, error) || !create_fence (p, error)
      || !create_pool (p, error))
    return FALSE;
  for (guint i = 0; i < n_ops; i++) {
    if (!create_step (p, i, error))
      return FALSE;
  }
  return TRUE;
}

static void
destroy_views (E2vVkDevice * d, VkBufferView * views, guint n)
{
  for (guint i = 0; i < n; i++) {
    if (views[i])
      d->vk.vkDestroyBufferView (d->device, views[i], NULL);
  }
  g_free (views);
}

static void
free_commands (E2vVkDevice * d, VkCommandBuffer commands)
{
  if (commands)
    d->vk.vkFreeCommandBuffers (d->device, d->command_pool, 1, &commands);
}

void
e2v_vk_program_clear (E2vVkProgram * p)
{
  E2vVkDevice *d = &p->context->device;
  const guint n = e2v_plan_n_buffers (p->plan);

  /* a run that failed may still be at work: then it keeps everything; so does a device of the process before fork() */
  if (!e2v_vk_device_settle (d))
    return;
  for (guint i = 0; i < p->parts->len; i++) {
    free_commands (d, g_array_index (p->parts, E2vVkPart, i).commands);
    free_commands (d, g_array_index (p->parts, E2vVkPart, i).timed);
  }
  g_array_unref (p->parts);
  if (p->queries)
    d->vk.vkDestroyQueryPool (d->device, p->queries, NULL);
  if (p->fence)
    d->vk.vkDestroyFence (d->device, p->fence, NULL);
  if (p->pool)
    d->vk.vkDestroyDescriptorPool (d->device, p->pool, NULL);
  destroy_views (d, p->texels, n);
  destroy_views (d, p->floats, n);
  e2v_vk_buffer_clear (&p->readback, d);
  e2v_vk_buffer_clear (&p->upload, d);
  e2v_vk_buffer_clear (&p->arena, d);
  g_free (p->readback_offsets);
  g_free (p->lives);
  g_free (p->steps);
}
