/* e2vvkpipeline.c - compute pipelines, made when first asked for and kept.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkpipeline.h"

#include "e2vvkdispatch.h"
#include "e2vvkresult.h"

#include <string.h>

typedef struct
{
  E2vVkVariant variant;
  VkPipeline handle;
} Entry;

static gboolean
create_set_layout (E2vVkPipelines * p, E2vVkDevice * d, GError ** error)
{
  VkDescriptorSetLayoutBinding bindings[E2V_VK_N_OPERANDS];
  const VkDescriptorSetLayoutCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
    .bindingCount = E2V_VK_N_OPERANDS,
    .pBindings = bindings,
  };

  memset (bindings, 0, sizeof bindings);
  for (guint i = 0; i < E2V_VK_N_OPERANDS; i++) {
    bindings[i].binding = i;
    bindings[i].descriptorType = p->family->descriptor;
    bindings[i].descriptorCount = 1;
    bindings[i].stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
  }
  return e2v_vk_check (d->vk.vkCreateDescriptorSetLayout (d->device, &info,
          NULL, &p->set_layout), "vkCreateDescriptorSetLayout", NULL, error);
}

static gboolean
create_layout (E2vVkPipelines * p, E2vVkDevice * d, GError ** error)
{
  const VkPushConstantRange range = {
    .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
    .size = sizeof (E2vVkPush),
  };
  const VkPipelineLayoutCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
    .setLayoutCount = 1,
    .pSetLayouts = &p->set_layout,
    .pushConstantRangeCount = 1,
    .pPushConstantRanges = &range,
  };

  return e2v_vk_check (d->vk.vkCreatePipelineLayout (d->device, &info, NULL,
          &p->layout), "vkCreatePipelineLayout", NULL, error);
}

gboolean
e2v_vk_pipelines_init (E2vVkPipelines * p, E2vVkDevice * d,
    const E2vVkFamily * family, const char *cache_path, GError ** error)
{
  memset (p, 0, sizeof *p);
  p->family = family;
  p->pipelines = g_array_new (FALSE, FALSE, sizeof (Entry));
  e2v_vk_cache_open (&p->cache, d, cache_path);
  return create_set_layout (p, d, error) && create_layout (p, d, error);
}

void
e2v_vk_pipelines_clear (E2vVkPipelines * p, E2vVkDevice * d)
{
  for (guint i = 0; p->pipelines && i < p->pipelines->len; i++)
    d->vk.vkDestroyPipeline (d->device,
        g_array_index (p->pipelines, Entry, i).handle, NULL);
  g_clear_pointer (&p->pipelines, g_array_unref);
  e2v_vk_cache_close (&p->cache, d);
  if (p->layout)
    d->vk.vkDestroyPipelineLayout (d->device, p->layout, NULL);
  if (p->set_layout)
    d->vk.vkDestroyDescriptorSetLayout (d->device, p->set_layout, NULL);
  memset (p, 0, sizeof *p);
}

static gboolean
create_module (E2vVkPipelines * p, E2vVkDevice * d,
    const E2vVkVariant * variant, VkShaderModule * module, GError ** error)
{
  gsize size = 0;
  const guint32 *code = e2v_vk_family_code (p->family, variant->kind,
      variant->half, &size);
  const VkShaderModuleCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
    .codeSize = size,
    .pCode = code,
  };

  return e2v_vk_check (d->vk.vkCreateShaderModule (d->device, &info, NULL,
          module), "vkCreateShaderModule", e2v_op_name (variant->kind), error);
}

static VkResult
create_pipeline (E2vVkPipelines * p, E2vVkDevice * d, guint switches,
    VkShaderModule module, VkPipeline * handle)
{
  VkBool32 values[E2V_VK_N_SWITCHES];
  VkSpecializationMapEntry entries[E2V_VK_N_SWITCHES];
  const VkSpecializationInfo specialization = {
    .mapEntryCount = E2V_VK_N_SWITCHES,
    .pMapEntries = entries,
    .dataSize = sizeof values,
    .pData = values,
  };
  const VkPipelineShaderStageRequiredSubgroupSizeCreateInfoEXT lanes = {
    .sType =
        VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO_EXT,
    .requiredSubgroupSize = p->family->lanes,
  };
  VkComputePipelineCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
    .layout = p->layout,
  };

  for (guint i = 0; i < E2V_VK_N_SWITCHES; i++) {
    const VkSpecializationMapEntry entry = { i, i * sizeof (VkBool32),
      sizeof (VkBool32)
    };

    entries[i] = entry;
    values[i] = switches >> i & 1;
  }
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.module = module;
  info.stage.pName = "main";
  info.stage.pSpecializationInfo = &specialization;
  if (p->family->lanes && d->physical.can_choose_subgroup) {
    info.stage.flags =
        VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT_EXT;
    if (d->physical.subgroup_min != d->physical.subgroup_max)
      info.stage.pNext = &lanes;
  }
  return d->vk.vkCreateComputePipelines (d->device, p->cache.handle, 1, &info,
      NULL, handle);
}

static VkPipeline
create (E2vVkPipelines * p, E2vVkDevice * d, const E2vVkVariant * variant,
    GError ** error)
{
  VkShaderModule module;
  Entry entry = {.variant = *variant };
  gboolean ok;

  if (!create_module (p, d, variant, &module, error))
    return VK_NULL_HANDLE;
  ok = e2v_vk_check (create_pipeline (p, d, variant->switches, module,
          &entry.handle), "vkCreateComputePipelines",
      e2v_op_name (variant->kind), error);
  d->vk.vkDestroyShaderModule (d->device, module, NULL);
  if (!ok)
    return VK_NULL_HANDLE;
  g_array_append_val (p->pipelines, entry);
  return entry.handle;
}

VkPipeline
e2v_vk_pipelines_get (E2vVkPipelines * p, E2vVkDevice * d,
    const E2vVkVariant * variant, GError ** error)
{
  for (guint i = 0; i < p->pipelines->len; i++) {
    const Entry *entry = &g_array_index (p->pipelines, Entry, i);

    if (entry->variant.kind == variant->kind
        && entry->variant.half == variant->half
        && entry->variant.switches == variant->switches)
      return entry->handle;
  }
  return create (p, d, variant, error);
}
