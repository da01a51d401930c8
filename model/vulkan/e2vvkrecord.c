/* e2vvkrecord.c - a program as command buffers, one a part.
 *
 * (1) Operations run one after the other: after each stands a barrier that makes its writes visible to all later ones.
 *     Dispatches of one operation write different rows and need none between them.
 * (2) The host writes the input before a submission, which makes it visible; a staged input is copied first.
 * (3) Outputs are copied last, then the words of the canary (e2vvkcanary.h), and a barrier hands them to the host.
 * (4) The command buffers are submitted again and again, one after the other: the host waits for the fence in between.
 *     Barriers reach over submissions of one queue, so that it does not matter where parts begin.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkrecord.h"

#include "e2verror.h"
#include "e2vvkresult.h"

#include <stddef.h>

#define COMPUTE VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT
#define TRANSFER VK_PIPELINE_STAGE_TRANSFER_BIT
#define SHADER_ACCESS (VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT)

static void
record_input (E2vVkProgram * p, VkCommandBuffer commands)
{
  E2vVkDevice *d = &p->context->device;
  const VkBufferCopy region = {
    .dstOffset = p->lives[0].offset,
    .size = p->lives[0].size,
  };

  if (p->arena.map)
    return;
  d->vk.vkCmdCopyBuffer (commands, p->upload.buffer, p->arena.buffer, 1,
      &region);
  e2v_vk_barrier (d, commands, TRANSFER, VK_ACCESS_TRANSFER_WRITE_BIT, COMPUTE,
      SHADER_ACCESS);
}

/* A grid longer than the device allows goes in several dispatches. */
static void
record_dispatch (E2vVkProgram * p, VkCommandBuffer commands,
    const E2vVkStep * step)
{
  E2vVkDevice *d = &p->context->device;
  const E2vVkDispatch *s = &step->dispatch;
  const guint32 *limit = d->physical.properties.limits.maxComputeWorkGroupCount;
  const guint max_rows = limit[0] < G_MAXUINT32 / s->tile_rows
      ? limit[0] * s->tile_rows : G_MAXUINT32;
  E2vVkPush push = s->push;
  guint rows, planes;

  for (guint row = 0; row < s->push.rows; row += rows) {
    rows = MIN (s->push.rows - row, max_rows);
    for (guint plane = 0; plane < s->planes; plane += planes) {
      planes = MIN (s->planes - plane, limit[2]);
      push.row0 = row;
      push.plane0 = plane;
      d->vk.vkCmdPushConstants (commands, p->context->pipelines.layout,
          VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof push, &push);
      d->vk.vkCmdDispatch (commands, (rows + s->tile_rows - 1) / s->tile_rows,
          s->columns, planes);
    }
  }
}

static void
record_step (E2vVkProgram * p, VkCommandBuffer commands, const E2vVkStep * step)
{
  E2vVkDevice *d = &p->context->device;

  d->vk.vkCmdBindPipeline (commands, VK_PIPELINE_BIND_POINT_COMPUTE,
      step->pipeline);
  d->vk.vkCmdBindDescriptorSets (commands, VK_PIPELINE_BIND_POINT_COMPUTE,
      p->context->pipelines.layout, 0, 1, &step->set, 0, NULL);
  record_dispatch (p, commands, step);
  e2v_vk_barrier (d, commands, COMPUTE, VK_ACCESS_SHADER_WRITE_BIT,
      COMPUTE | TRANSFER, SHADER_ACCESS | VK_ACCESS_TRANSFER_READ_BIT);
}

/* The first word that the last operation writes. */
static VkDeviceSize
witness_offset (const E2vVkProgram * p)
{
  const guint last = e2v_plan_n_ops (p->plan) - 1;
  const E2vOp *op = e2v_plan_op (p->plan, last);

  return p->lives[op->y].offset
      + (VkDeviceSize) p->steps[last].dispatch.push.y_first * 4 *
      sizeof (float);
}

/* Before the last operation. One that works in place reads the word, which then has to stay. */
static void
record_poison (E2vVkProgram * p, VkCommandBuffer commands)
{
  E2vVkDevice *d = &p->context->device;
  const E2vOp *op = e2v_plan_op (p->plan, e2v_plan_n_ops (p->plan) - 1);

  if (op->x == op->y || op->x2 == op->y || op->residual == op->y)
    return;
  e2v_vk_barrier (d, commands, COMPUTE, VK_ACCESS_SHADER_WRITE_BIT, TRANSFER,
      VK_ACCESS_TRANSFER_WRITE_BIT);
  d->vk.vkCmdFillBuffer (commands, p->arena.buffer, witness_offset (p),
      sizeof (guint32), E2V_VK_POISON);
  e2v_vk_barrier (d, commands, TRANSFER, VK_ACCESS_TRANSFER_WRITE_BIT, COMPUTE,
      SHADER_ACCESS);
}

static void
record_canary (E2vVkProgram * p, VkCommandBuffer commands)
{
  E2vVkDevice *d = &p->context->device;
  const VkBufferCopy witness = {
    .srcOffset = witness_offset (p),
    .dstOffset = offsetof (E2vVkCanary, witness),
    .size = sizeof (guint32),
  };
  const VkBufferCopy ticket = {
    .srcOffset = offsetof (E2vVkCanary, ticket),
    .dstOffset = offsetof (E2vVkCanary, answer),
    .size = sizeof (guint32),
  };

  d->vk.vkCmdCopyBuffer (commands, p->arena.buffer, p->readback.buffer, 1,
      &witness);
  d->vk.vkCmdCopyBuffer (commands, p->readback.buffer, p->readback.buffer, 1,
      &ticket);
  e2v_vk_barrier (d, commands, TRANSFER, VK_ACCESS_TRANSFER_WRITE_BIT,
      VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
}

static void
record_outputs (E2vVkProgram * p, VkCommandBuffer commands)
{
  E2vVkDevice *d = &p->context->device;

  for (guint i = 0; i < e2v_plan_n_buffers (p->plan); i++) {
    const VkBufferCopy region = {
      .srcOffset = p->lives[i].offset,
      .dstOffset = p->readback_offsets[i],
      .size = p->lives[i].size,
    };

    if (e2v_plan_buffer (p->plan, i)->use == E2V_BUFFER_OUTPUT)
      d->vk.vkCmdCopyBuffer (commands, p->arena.buffer, p->readback.buffer, 1,
          &region);
  }
}

static void
stamp (E2vVkProgram * p, VkCommandBuffer commands, gboolean timed, guint query)
{
  E2vVkDevice *d = &p->context->device;

  if (timed)
    d->vk.vkCmdWriteTimestamp (commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT,
        p->queries, query);
}

static gboolean
record_part (E2vVkProgram * p, const E2vVkPart * part, gboolean timed,
    VkCommandBuffer * commands, GError ** error)
{
  E2vVkDevice *d = &p->context->device;
  const guint n = e2v_plan_n_ops (p->plan);

  if (!e2v_vk_command_begin (d, commands, error))
    return FALSE;
  if (part->first == 0) {
    if (timed)
      d->vk.vkCmdResetQueryPool (*commands, p->queries, 0, n + 1);
    record_input (p, *commands);
    stamp (p, *commands, timed, 0);
  }
  for (guint i = part->first; i < part->end; i++) {
    if (i == n - 1)
      record_poison (p, *commands);
    record_step (p, *commands, &p->steps[i]);
    stamp (p, *commands, timed, i + 1);
  }
  if (part->end == n)
    record_outputs (p, *commands);
  record_canary (p, *commands);
  return e2v_vk_check (d->vk.vkEndCommandBuffer (*commands),
      "vkEndCommandBuffer", NULL, error);
}

gboolean
e2v_vk_record (E2vVkProgram * p, GError ** error)
{
  for (guint i = 0; i < p->parts->len; i++) {
    E2vVkPart *part = &g_array_index (p->parts, E2vVkPart, i);

    if (!record_part (p, part, FALSE, &part->commands, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
create_queries (E2vVkProgram * p, GError ** error)
{
  E2vVkDevice *d = &p->context->device;
  const VkQueryPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
    .queryType = VK_QUERY_TYPE_TIMESTAMP,
    .queryCount = e2v_plan_n_ops (p->plan) + 1,
  };

  if (!d->physical.timestamps) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_DEVICE,
        "%s cannot tell how long operations take", d->physical.name);
    return FALSE;
  }
  return p->queries
      || e2v_vk_check (d->vk.vkCreateQueryPool (d->device, &info, NULL,
          &p->queries), "vkCreateQueryPool", NULL, error);
}

gboolean
e2v_vk_record_timed (E2vVkProgram * p, GError ** error)
{
  if (!create_queries (p, error))
    return FALSE;
  for (guint i = 0; i < p->parts->len; i++) {
    E2vVkPart *part = &g_array_index (p->parts, E2vVkPart, i);

    if (!record_part (p, part, TRUE, &part->timed, error))
      return FALSE;
  }
  p->timed = TRUE;
  return TRUE;
}
