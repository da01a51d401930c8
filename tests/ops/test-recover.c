/* test-recover.c - Vulkan devices that are lost or out of memory while an encoder uses them: opened again, same numbers.
 *
 * The encoder's executor gets a class of its own, so that what it reopens as can be made to fail as well.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

#include "e2vencoder.h"
#include "e2verror.h"
#include "e2vselftest.h"
#include "e2vvkexec.h"

#include <string.h>

#define LONG 4000
#define SHORT 2000

static PFN_vkWaitForFences real_wait;
static PFN_vkAllocateMemory real_allocate;
static PFN_vkDestroyDevice real_destroy;
static E2vExecutor *(*real_reopen) (const E2vExecutor *, E2vPrecision,
    GError **);
static guint n_losses, n_refusals, n_destroyed;

static VKAPI_ATTR VkResult VKAPI_CALL
wait_or_lose (VkDevice device, uint32_t n, const VkFence * fences, VkBool32 all,
    uint64_t timeout)
{
  const VkResult result = real_wait (device, n, fences, all, timeout);

  if (n_losses == 0)
    return result;
  n_losses--;
  return VK_ERROR_DEVICE_LOST;
}

static VKAPI_ATTR VkResult VKAPI_CALL
allocate_or_refuse (VkDevice device, const VkMemoryAllocateInfo * info,
    const VkAllocationCallbacks * allocator, VkDeviceMemory * memory)
{
  if (n_refusals == 0)
    return real_allocate (device, info, allocator, memory);
  n_refusals--;
  return VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

static VKAPI_ATTR void VKAPI_CALL
count_destroyed (VkDevice device, const VkAllocationCallbacks * allocator)
{
  n_destroyed++;
  real_destroy (device, allocator);
}

static E2vExecutorClass hooked_class;

static E2vExecutor *
hook (E2vExecutor * executor)
{
  struct VolkDeviceTable *vk = &e2v_vk_executor_context (executor)->device.vk;

  executor->klass = &hooked_class;
  real_wait = vk->vkWaitForFences;
  real_allocate = vk->vkAllocateMemory;
  real_destroy = vk->vkDestroyDevice;
  vk->vkWaitForFences = wait_or_lose;
  vk->vkAllocateMemory = allocate_or_refuse;
  vk->vkDestroyDevice = count_destroyed;
  return executor;
}

static E2vExecutor *
reopen_hooked (const E2vExecutor * executor, E2vPrecision precision,
    GError ** error)
{
  E2vExecutor *fresh = real_reopen (executor, precision, error);

  return fresh ? hook (fresh) : NULL;
}

typedef struct
{
  E2vEncoder *encoder;
  float samples[LONG];
  E2vResult *before;
} Rig;

static E2vResult *
run (Rig * r, GError ** error)
{
  const E2vWindow window = { r->samples, LONG };
  E2vResult *result = NULL;

  e2v_encoder_run (r->encoder, &window, 1, E2V_WANT_FRAMES, &result, error);
  return result;
}

static void
rig_init (Rig * r)
{
  const E2vHparams hp = case_hparams (8, 8, 2);
  g_autoptr (E2vModel) model = e2v_model_new_random (&hp, 1, NULL);
  g_autoptr (GError) error = NULL;
  E2vExecutor *executor;

  g_assert_true (e2v_selftest_make (model, NULL));
  executor = e2v_vulkan_new (model, "vulkan", E2V_PRECISION_FP32,
      E2V_SHADERS_AUTO, &error);
  g_assert_no_error (error);
  hooked_class = *executor->klass;
  real_reopen = hooked_class.reopen;
  hooked_class.reopen = reopen_hooked;
  n_losses = n_refusals = n_destroyed = 0;
  r->encoder = e2v_encoder_new_on (hook (executor));
  e2v_selftest_signal (r->samples, LONG);
  r->before = run (r, &error);
  g_assert_no_error (error);
}

/* Whatever was opened is closed again. */
static void
rig_clear (Rig * r)
{
  const guint n_opened = 1 + (guint) e2v_encoder_n_rebuilds (r->encoder);

  e2v_result_free (r->before);
  e2v_encoder_free (r->encoder);
  g_assert_cmpuint (n_destroyed, ==, n_opened);
}

static void
expect_same (Rig * r, guint n_rebuilds)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vResult) after = run (r, &error);
  const gsize n = r->before->n_classes, dim = r->before->dim;

  g_assert_no_error (error);
  g_assert_cmpmem (after->scores, n * 4, r->before->scores, n * 4);
  g_assert_cmpmem (after->frames, after->n_frames * dim * 4, r->before->frames,
      r->before->n_frames * dim * 4);
  g_assert_cmpuint (e2v_encoder_n_rebuilds (r->encoder), ==, n_rebuilds);
}

static void
expect_error (Rig * r, E2vError code, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (run (r, &error));
  g_assert_error (error, E2V_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, part));
  g_assert_nonnull (strstr (error->message, "opened again"));
}

static void
test_lost (void)
{
  Rig r;

  rig_init (&r);
  n_losses = 1;
  expect_same (&r, 1);
  g_assert_cmpuint (n_destroyed, ==, 1);
  expect_same (&r, 1);
  rig_clear (&r);
}

/* Lost again while it proves itself. */
static void
test_lost_twice (void)
{
  Rig r;

  rig_init (&r);
  n_losses = 2;
  expect_error (&r, E2V_ERROR_DEVICE_LOST, "VK_ERROR_DEVICE_LOST");
  g_assert_cmpuint (n_destroyed, ==, 2);
  expect_same (&r, 2);
  expect_same (&r, 2);
  rig_clear (&r);
}

static void
test_out_of_memory (void)
{
  Rig r;

  rig_init (&r);
  n_refusals = 1;
  g_assert_true (e2v_encoder_warm_up (r.encoder, SHORT, 1, NULL));
  g_assert_cmpuint (e2v_encoder_n_rebuilds (r.encoder), ==, 0);
  n_refusals = 2;
  expect_same (&r, 1);
  e2v_encoder_forget_programs (r.encoder);
  n_refusals = 3;
  expect_error (&r, E2V_ERROR_OUT_OF_MEMORY, "VK_ERROR_OUT_OF_DEVICE_MEMORY");
  expect_same (&r, 3);
  rig_clear (&r);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!case_have_device ())
    return 77;
  g_test_add_func ("/recover/lost", test_lost);
  g_test_add_func ("/recover/lost-twice", test_lost_twice);
  g_test_add_func ("/recover/out-of-memory", test_out_of_memory);
  return g_test_run ();
}
