/* e2vvkexec.c - the Vulkan executor: plans in, numbers out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkexec.h"

#include "e2verror.h"
#include "e2vvkrecord.h"
#include "e2vvkresult.h"

#include <string.h>

typedef struct
{
  E2vExecutor parent;
  E2vVkContext context;
  /* what to open again when the device is closed */
  char *identity;               /* e2v_vk_physical_identity() */
  E2vShaders shaders;
} VulkanExecutor;

typedef struct
{
  E2vProgram parent;
  E2vVkProgram program;
} VulkanProgram;

/* ---- programs --------------------------------------------------------------------------------------------------- */

static void
vulkan_program_free (E2vProgram * program)
{
  VulkanProgram *p = (VulkanProgram *) program;

  e2v_vk_program_clear (&p->program);
  g_free (p);
}

static E2vProgram *
vulkan_prepare (E2vExecutor * executor, const E2vPlan * plan, GError ** error)
{
  VulkanExecutor *e = (VulkanExecutor *) executor;
  VulkanProgram *p;

  if (!e2v_vk_device_is_ours (&e->context.device, error))
    return NULL;
  p = g_new0 (VulkanProgram, 1);
  p->parent.executor = executor;
  p->parent.plan = plan;
  if (!e2v_vk_program_init (&p->program, &e->context, plan, error)
      || !e2v_vk_record (&p->program, error)) {
    vulkan_program_free (&p->parent);
    return NULL;
  }
  e2v_vk_cache_save (&e->context.pipelines.cache, &e->context.device);
  return &p->parent;
}

static void
fill_input (E2vVkProgram * p, const float *waveforms)
{
  guint8 *to = p->arena.map ? (guint8 *) p->arena.map + p->lives[0].offset
      : p->upload.map;

  e2v_vk_pack_rows (e2v_plan_buffer (p->plan, 0), waveforms, (float *) to);
}

static gboolean
run_part (E2vVkProgram * p, const E2vVkPart * part, gboolean timed,
    GError ** error)
{
  E2vVkDevice *d = &p->context->device;
  E2vVkCanary *canary = p->readback.map;
  const gboolean last = part->end == e2v_plan_n_ops (p->plan);

  e2v_vk_canary_arm (canary);
  if (!e2v_vk_submit (d, timed ? part->timed : part->commands, p->fence,
          e2v_vk_program_timeout (p, part), error))
    return FALSE;
  if (e2v_vk_canary_alive (canary, last))
    return TRUE;
  e2v_vk_device_lose (d, "dropped the work and reported success; try "
      "shorter windows or smaller batches", error);
  return FALSE;
}

static gboolean
run_parts (E2vVkProgram * p, gboolean timed, GError ** error)
{
  const gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < p->parts->len; i++) {
    if (!run_part (p, &g_array_index (p->parts, E2vVkPart, i), timed, error))
      return FALSE;
  }
  e2v_vk_speed_measure (&p->context->speed, e2v_plan_flops (p->plan),
      (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  return TRUE;
}

static gboolean
vulkan_run (E2vProgram * program, const float *waveforms, GError ** error)
{
  E2vVkProgram *p = &((VulkanProgram *) program)->program;

  if (!e2v_vk_device_is_ours (&p->context->device, error))
    return FALSE;
  fill_input (p, waveforms);
  return run_parts (p, FALSE, error);
}

static gboolean
vulkan_read (E2vProgram * program, guint buffer, float *values, GError ** error)
{
  const E2vVkProgram *p = &((VulkanProgram *) program)->program;
  const E2vBuffer *b = e2v_plan_buffer (p->plan, buffer);

  if (!e2v_vk_device_is_ours (&p->context->device, error))
    return FALSE;
  if (b->use != E2V_BUFFER_OUTPUT) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "buffer %u is no output and cannot be read", buffer);
    return FALSE;
  }
  e2v_vk_unpack_rows (b, (const float *) ((const guint8 *) p->readback.map
          + p->readback_offsets[buffer]), values);
  return TRUE;
}

static gboolean
read_times (E2vVkProgram * p, double *op_seconds, GError ** error)
{
  E2vVkDevice *d = &p->context->device;
  const guint n = e2v_plan_n_ops (p->plan);
  const double period =
      1e-9 * (double) d->physical.properties.limits.timestampPeriod;
  g_autofree guint64 *ticks = g_new0 (guint64, n + 1);

  if (!e2v_vk_check (d->vk.vkGetQueryPoolResults (d->device, p->queries, 0,
              n + 1, (n + 1) * sizeof *ticks, ticks, sizeof *ticks,
              VK_QUERY_RESULT_64_BIT), "vkGetQueryPoolResults", NULL, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    op_seconds[i] = (double) (ticks[i + 1] - ticks[i]) * period;
  return TRUE;
}

static gboolean
vulkan_profile (E2vProgram * program, const float *waveforms,
    double *op_seconds, GError ** error)
{
  E2vVkProgram *p = &((VulkanProgram *) program)->program;

  if (!e2v_vk_device_is_ours (&p->context->device, error)
      || (!p->timed && !e2v_vk_record_timed (p, error)))
    return FALSE;
  fill_input (p, waveforms);
  return run_parts (p, TRUE, error) && read_times (p, op_seconds, error);
}

/* ---- the executor ----------------------------------------------------------------------------------------------- */

/* What may still be in use, or belongs to the process before a fork(), is leaked on purpose. */
static void
vulkan_close (E2vExecutor * executor)
{
  E2vVkContext *c = &((VulkanExecutor *) executor)->context;

  if (e2v_vk_device_settle (&c->device)) {
    e2v_vk_weights_free (c->weights, &c->device);
    if (c->pipelines.family)
      e2v_vk_pipelines_clear (&c->pipelines, &c->device);
    e2v_vk_device_clear (&c->device);
  }
  memset (c, 0, sizeof *c);
}

static void
vulkan_free (E2vExecutor * executor)
{
  VulkanExecutor *e = (VulkanExecutor *) executor;

  vulkan_close (executor);
  e2v_model_unref (e->parent.model);
  g_free (e->parent.description);
  g_free (e->parent.identity);
  g_free (e->identity);
  g_free (e);
}

static E2vExecutor *
vulkan_reopen (const E2vExecutor * executor, E2vPrecision precision,
    GError ** error)
{
  const VulkanExecutor *e = (const VulkanExecutor *) executor;

  if (!e2v_vk_device_is_ours (&e->context.device, error))
    return NULL;
  return e2v_vulkan_new (executor->model, e->identity, precision, e->shaders,
      error);
}

static const E2vExecutorClass vulkan_class = {
  .name = "vulkan",
  .prepare = vulkan_prepare,
  .run = vulkan_run,
  .read = vulkan_read,
  .profile = vulkan_profile,
  .program_free = vulkan_program_free,
  .reopen = vulkan_reopen,
  .close = vulkan_close,
  .free = vulkan_free,
};

/* AUTO obeys the environment, then the device. */
static gboolean
resolve_shaders (const E2vVkPhysical * physical, E2vShaders * shaders,
    GError ** error)
{
  const char *forced = g_getenv ("EMOTION2VEC_SHADERS");

  if (*shaders != E2V_SHADERS_AUTO)
    return TRUE;
  if (!forced || !*forced)
    *shaders = e2v_vk_physical_shaders (physical);
  else if (g_str_equal (forced, "simd"))
    *shaders = E2V_SHADERS_SIMD;
  else if (g_str_equal (forced, "scalar"))
    *shaders = E2V_SHADERS_SCALAR;
  else {
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "EMOTION2VEC_SHADERS is \"%s\"; it can be simd or scalar", forced);
    return FALSE;
  }
  return TRUE;
}

static const E2vVkFamily *
choose_family (const E2vVkPhysical * physical, E2vShaders shaders,
    GError ** error)
{
  const guint lanes = e2v_vk_physical_simd_lanes (physical);

  if (!resolve_shaders (physical, &shaders, error))
    return NULL;
  if (shaders == E2V_SHADERS_SCALAR)
    return e2v_vk_family_scalar ();
  if (lanes == 0) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "the simd shaders need subgroups of 4, 8 or 16 lanes with shuffles; "
        "%s has %u lanes: use the scalar shaders", physical->name,
        physical->subgroup_max);
    return NULL;
  }
  return e2v_vk_family_simd (lanes);
}

static gboolean
has_half_matrix (E2vModel * model)
{
  const E2vLayout *layout = e2v_model_layout (model);

  for (guint i = 0; i < e2v_layout_size (layout); i++) {
    if (e2v_role_is_matrix (e2v_layout_get (layout, i)->role)
        && e2v_model_tensor (model, i)->dtype == E2V_DTYPE_F16)
      return TRUE;
  }
  return FALSE;
}

/* Half precision saves memory traffic, of which GPUs gain, and costs nothing where the file has no more to give; CPU
 * devices gain nothing in time. */
static E2vPrecision
resolve_precision (const E2vVkPhysical * physical, E2vModel * model,
    E2vPrecision precision)
{
  if (precision != E2V_PRECISION_AUTO)
    return precision;
  if (e2v_vk_physical_gains_from_half (physical) && has_half_matrix (model))
    return E2V_PRECISION_FP16;
  return E2V_PRECISION_FP32;
}

static char *
identify (const E2vVkPhysical * physical, const E2vVkFamily * family)
{
  g_autofree char *device = e2v_vk_physical_identity (physical);
  g_autofree char *shaders = e2v_vk_family_digest (family);

  return g_strdup_printf ("%s%u %.16s %s", family->name, family->lanes,
      shaders, device);
}

static gboolean
open_executor (VulkanExecutor * e, const char *device, E2vPrecision precision,
    E2vShaders shaders, GError ** error)
{
  E2vVkContext *c = &e->context;
  const E2vVkPhysical *physical = &c->device.physical;
  const E2vVkFamily *family;
  g_autofree char *cache_path = NULL;

  if (!e2v_vk_device_open (&c->device, device, error))
    return FALSE;
  e2v_vk_speed_guess (&c->speed, physical->properties.deviceType);
  family = choose_family (physical, shaders, error);
  cache_path = e2v_vk_cache_path (&physical->properties);
  if (!family || !e2v_vk_pipelines_init (&c->pipelines, &c->device, family,
          cache_path, error))
    return FALSE;
  e->parent.precision = resolve_precision (physical, e->parent.model,
      precision);
  c->weights = e2v_vk_weights_new (e->parent.model, family,
      e->parent.precision == E2V_PRECISION_FP16);
  e->parent.description = g_strdup_printf ("%s, %s shaders", physical->name,
      family->name);
  e->parent.identity = identify (physical, family);
  e->parent.is_software = physical->properties.deviceType
      == VK_PHYSICAL_DEVICE_TYPE_CPU;
  e->identity = e2v_vk_physical_identity (physical);
  e->shaders = family == e2v_vk_family_scalar ()? E2V_SHADERS_SCALAR
      : E2V_SHADERS_SIMD;
  return TRUE;
}

E2vExecutor *
e2v_vulkan_new (E2vModel * model, const char *device, E2vPrecision precision,
    E2vShaders shaders, GError ** error)
{
  VulkanExecutor *e;

  if (precision == E2V_PRECISION_FP64) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "the Vulkan executor computes in float; double precision is for the "
        "reference executor (device=ref)");
    return NULL;
  }
  e = g_new0 (VulkanExecutor, 1);
  e->parent.klass = &vulkan_class;
  e->parent.model = e2v_model_ref (model);
  if (!open_executor (e, device, precision, shaders, error)) {
    vulkan_free (&e->parent);
    return NULL;
  }
  return &e->parent;
}

E2vVkContext *
e2v_vk_executor_context (E2vExecutor * executor)
{
  return &((VulkanExecutor *) executor)->context;
}

E2vVkProgram *
e2v_vk_executor_program (E2vProgram * program)
{
  return &((VulkanProgram *) program)->program;
}
