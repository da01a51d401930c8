/* test-lies.c - shaders with a fault in them: the self-check sees it, each time, and something that is right runs instead.
 *
 * The fault is put into the SPIR-V on its way to the driver: in one kernel, additions become subtractions, or
 * multiplications additions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

#include "e2verror.h"
#include "e2vref.h"
#include "e2vselfcheck.h"
#include "e2vselftest.h"
#include "e2vvkexec.h"

#include <string.h>

/* The header of a module, and operations of two sources (SPIR-V specification, 2.3 and 3.49.13). */
#define HEADER_WORDS 5
#define OP_FADD 129u
#define OP_FSUB 131u
#define OP_FMUL 133u

static PFN_vkCreateShaderModule real_create;
static guint n_modules, broken_module;
static gboolean was_broken;

/* Whether there was an instruction @from. */
static gboolean
exchange (guint32 * code, gsize n_words, guint32 from, guint32 to)
{
  gboolean found = FALSE;

  for (gsize at = HEADER_WORDS; at < n_words; at += code[at] >> 16) {
    if ((code[at] & 0xffff) != from)
      continue;
    code[at] = (code[at] & 0xffff0000u) | to;
    found = TRUE;
  }
  return found;
}

static VKAPI_ATTR VkResult VKAPI_CALL
create_broken (VkDevice device, const VkShaderModuleCreateInfo * info,
    const VkAllocationCallbacks * allocator, VkShaderModule * module)
{
  g_autofree guint32 *code = g_memdup2 (info->pCode, info->codeSize);
  VkShaderModuleCreateInfo changed = *info;
  gsize n_words = info->codeSize / 4;

  if (n_modules++ == broken_module)
    was_broken = exchange (code, n_words, OP_FADD, OP_FSUB)
        || exchange (code, n_words, OP_FMUL, OP_FADD);
  changed.pCode = code;
  return real_create (device, &changed, allocator, module);
}

static E2vExecutor *
open_step (guint step, gpointer user_data, GError ** error)
{
  E2vModel *model = user_data;
  E2vExecutor *executor;
  struct VolkDeviceTable *vk;

  if (step == 1)
    return e2v_ref_new (model, E2V_PRECISION_FP32);
  executor = e2v_vulkan_new (model, "vulkan", E2V_PRECISION_FP32,
      E2V_SHADERS_AUTO, error);
  g_assert_nonnull (executor);
  vk = &e2v_vk_executor_context (executor)->device.vk;
  real_create = vk->vkCreateShaderModule;
  vk->vkCreateShaderModule = create_broken;
  n_modules = 0;
  was_broken = FALSE;
  return executor;
}

/* Breaks module @index if it has something to break; checks what is said and what runs. */
static void
check_module (E2vModel * model, guint index)
{
  g_autofree char *warning = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vEncoder) encoder = NULL;
  E2vSelftestErrors errors;

  broken_module = index;
  encoder = e2v_selfcheck_open (open_step, model, &warning, &error);
  g_assert_no_error (error);
  g_test_message ("kernel %u %s: %s", index, was_broken ? "broken" : "whole",
      warning ? warning : "right");
  g_assert_cmpstr (e2v_encoder_executor_name (encoder), ==,
      was_broken ? "ref" : "vulkan");
  g_assert_true ((warning != NULL) == was_broken);
  if (was_broken)
    g_assert_nonnull (strstr (warning, "self-test"));
  g_assert_true (e2v_selftest_run (encoder, &errors, NULL));
  g_assert_true (e2v_selftest_passes (&errors, E2V_PRECISION_FP32));
}

static void
test_broken_shader (void)
{
  const E2vHparams hp = case_hparams (8, 8, 2);
  g_autoptr (E2vModel) model = e2v_model_new_random (&hp, 1, NULL);
  guint n_broken = 0, index = 0;

  g_assert_true (e2v_selftest_make (model, NULL));
  do {
    check_module (model, index++);
    n_broken += was_broken;
  } while (index < n_modules);
  /* matmul, norm, softmax at least */
  g_assert_cmpuint (n_broken, >=, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!case_have_device ())
    return 77;
  g_test_add_func ("/lies/broken-shader", test_broken_shader);
  return g_test_run ();
}
