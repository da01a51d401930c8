/* test-lost.c - drivers that drop work, by functions of the device's table that are replaced by liars.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

#include "e2verror.h"
#include "e2vvkexec.h"
#include "e2vvkrecord.h"

#include <string.h>

#define N_SAMPLES 1000

typedef struct
{
  E2vModel *model;
  E2vPlan *plan;
  E2vExecutor *executor;
  E2vProgram *program;
  E2vVkContext *context;
  float waveform[N_SAMPLES];
} Rig;

static void
rig_init_parts (Rig * r, double part_seconds)
{
  const E2vHparams hp = case_hparams (8, 8, 2);
  const E2vPlanRequest request = {.batch = 1,.n_samples = N_SAMPLES };
  GError *error = NULL;

  memset (r, 0, sizeof *r);
  r->model = e2v_model_new_random (&hp, 1, NULL);
  r->plan = e2v_plan_new (&hp, &request, NULL);
  r->executor = e2v_vulkan_new (r->model, "vulkan", E2V_PRECISION_FP32,
      E2V_SHADERS_AUTO, &error);
  g_assert_no_error (error);
  r->context = e2v_vk_executor_context (r->executor);
  r->context->speed.part_seconds = part_seconds;
  r->program = e2v_executor_prepare (r->executor, r->plan, &error);
  g_assert_no_error (error);
  r->waveform[300] = 1;
}

static void
rig_init (Rig * r)
{
  rig_init_parts (r, 1e9);
}

static void
rig_clear (Rig * r)
{
  e2v_program_free (r->program);
  e2v_executor_free (r->executor);
  e2v_plan_free (r->plan);
  e2v_model_unref (r->model);
}

static void
expect_good (Rig * r)
{
  GError *error = NULL;

  e2v_program_run (r->program, r->waveform, &error);
  g_assert_no_error (error);
}

static void
expect_lost (Rig * r, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (e2v_program_run (r->program, r->waveform, &error));
  g_assert_error (error, E2V_ERROR, E2V_ERROR_DEVICE_LOST);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, part));
}

static PFN_vkQueueSubmit real_submit;
static guint n_submits;

/* As i915 does with a request that waited for too long: the fence is signalled, nothing else happens. */
static VKAPI_ATTR VkResult VKAPI_CALL
submit_nothing (VkQueue queue, uint32_t n, const VkSubmitInfo * infos,
    VkFence fence)
{
  return real_submit (queue, 0, NULL, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL
submit_all_but_third (VkQueue queue, uint32_t n, const VkSubmitInfo * infos,
    VkFence fence)
{
  return real_submit (queue, ++n_submits == 3 ? 0 : n, infos, fence);
}

static void
test_dropped (void)
{
  Rig r;

  rig_init (&r);
  real_submit = r.context->device.vk.vkQueueSubmit;
  expect_good (&r);
  r.context->device.vk.vkQueueSubmit = submit_nothing;
  expect_lost (&r, "reported success");
  r.context->device.vk.vkQueueSubmit = real_submit;
  expect_lost (&r, "lost earlier");
  rig_clear (&r);
}

static void
test_dropped_first (void)
{
  Rig r;

  rig_init (&r);
  real_submit = r.context->device.vk.vkQueueSubmit;
  r.context->device.vk.vkQueueSubmit = submit_nothing;
  expect_lost (&r, "reported success");
  rig_clear (&r);
}

/* One of many submissions, neither the first nor the last. */
static void
test_dropped_middle (void)
{
  Rig r;

  rig_init_parts (&r, 1e-15);
  real_submit = r.context->device.vk.vkQueueSubmit;
  expect_good (&r);
  r.context->device.vk.vkQueueSubmit = submit_all_but_third;
  expect_lost (&r, "reported success");
  g_assert_cmpuint (n_submits, ==, 3);
  rig_clear (&r);
}

/* The copies happen, the last operation does not: the results of the run before would be read. */
static void
test_last_operation (void)
{
  E2vVkProgram *program;
  E2vVkDispatch *last;
  Rig r;

  rig_init (&r);
  expect_good (&r);
  program = e2v_vk_executor_program (r.program);
  last = &program->steps[e2v_plan_n_ops (r.plan) - 1].dispatch;
  last->planes = 0;
  g_assert_true (e2v_vk_record (program, NULL));
  expect_lost (&r, "reported success");
  rig_clear (&r);
}

/* ---- devices that are lost, or never answer --------------------------------------------------------------------- */

static PFN_vkWaitForFences real_wait;
static PFN_vkDestroyDevice real_destroy;
static guint n_waits, n_destroyed;

static VKAPI_ATTR VkResult VKAPI_CALL
wait_too_long (VkDevice device, uint32_t n, const VkFence * fences,
    VkBool32 all, uint64_t timeout)
{
  n_waits++;
  return VK_TIMEOUT;
}

static VKAPI_ATTR VkResult VKAPI_CALL
wait_and_lose (VkDevice device, uint32_t n, const VkFence * fences,
    VkBool32 all, uint64_t timeout)
{
  real_wait (device, n, fences, all, timeout);
  n_waits++;
  return VK_ERROR_DEVICE_LOST;
}

/* On a device that hangs it would not return. */
static VKAPI_ATTR VkResult VKAPI_CALL
wait_idle (VkDevice device)
{
  g_assert_not_reached ();
}

static VKAPI_ATTR void VKAPI_CALL
count_destroyed (VkDevice device, const VkAllocationCallbacks * allocator)
{
  n_destroyed++;
  real_destroy (device, allocator);
}

static void
rig_break (Rig * r, PFN_vkWaitForFences wait)
{
  struct VolkDeviceTable *vk;

  rig_init (r);
  vk = &r->context->device.vk;
  real_wait = vk->vkWaitForFences;
  real_destroy = vk->vkDestroyDevice;
  vk->vkWaitForFences = wait;
  vk->vkDeviceWaitIdle = wait_idle;
  vk->vkDestroyDevice = count_destroyed;
  n_waits = n_destroyed = 0;
}

static void
test_device_lost (void)
{
  Rig r;

  rig_break (&r, wait_and_lose);
  expect_lost (&r, "VK_ERROR_DEVICE_LOST");
  expect_lost (&r, "lost earlier");
  g_assert_cmpuint (n_waits, ==, 1);
  rig_clear (&r);
  g_assert_cmpuint (n_destroyed, ==, 1);
}

/* No second wait of many seconds for each run, and nothing is freed under work that goes on after all. */
static void
test_late (void)
{
  Rig r;

  rig_break (&r, wait_too_long);
  expect_lost (&r, "did not finish");
  expect_lost (&r, "lost earlier");
  g_assert_cmpuint (n_waits, ==, 1);
  r.context->device.vk.vkWaitForFences = real_wait;
  rig_clear (&r);
  g_assert_cmpuint (n_destroyed, ==, 1);
}

static void
test_never (void)
{
  E2vVkDevice device;
  VkFence fence;
  Rig r;

  rig_break (&r, wait_too_long);
  expect_lost (&r, "did not finish");
  device = r.context->device;
  fence = e2v_vk_executor_program (r.program)->fence;
  rig_clear (&r);
  g_assert_cmpuint (n_waits, ==, 2);
  g_assert_cmpuint (n_destroyed, ==, 0);
  /* the work was real, and must have found its memory */
  g_assert_cmpint (real_wait (device.device, 1, &fence, VK_TRUE, G_MAXUINT64),
      ==, VK_SUCCESS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!case_have_device ())
    return 77;
  g_test_add_func ("/lost/dropped", test_dropped);
  g_test_add_func ("/lost/dropped/first", test_dropped_first);
  g_test_add_func ("/lost/dropped/middle", test_dropped_middle);
  g_test_add_func ("/lost/last-operation", test_last_operation);
  g_test_add_func ("/lost/device", test_device_lost);
  g_test_add_func ("/lost/late", test_late);
  g_test_add_func ("/lost/never", test_never);
  return g_test_run ();
}
