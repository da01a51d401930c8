/* test-vulkan.c - opening devices: what is listed, what can be asked for, and what the errors say.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

#include "e2verror.h"
#include "e2vvulkan.h"

#include <string.h>

static E2vModel *
small_model (void)
{
  const E2vHparams hp = case_hparams (8, 8, 2);

  return e2v_model_new_random (&hp, 1, NULL);
}

static void
expect_error (const char *device, E2vPrecision precision, E2vError code,
    const char *part)
{
  g_autoptr (E2vModel) model = small_model ();
  g_autoptr (GError) error = NULL;

  g_assert_null (e2v_vulkan_new (model, device, precision, E2V_SHADERS_AUTO,
          &error));
  g_assert_error (error, E2V_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_list (void)
{
  GPtrArray *devices = e2v_vulkan_list_devices (NULL);
  const E2vVulkanDevice *first = g_ptr_array_index (devices, 0);

  for (guint i = 0; i < devices->len; i++) {
    const E2vVulkanDevice *d = g_ptr_array_index (devices, i);

    g_assert_cmpuint (d->index, ==, i);
    g_assert_cmpuint (strlen (d->name), >, 0);
    g_assert_cmpuint (strlen (d->uuid), ==, 36);
    g_assert_cmpuint (d->heap_bytes, >, 0);
    /* software comes last */
    if (!strcmp (first->type, "cpu"))
      g_assert_cmpstr (d->type, ==, "cpu");
  }
  g_ptr_array_unref (devices);
}

static void
test_choose (void)
{
  GPtrArray *devices = e2v_vulkan_list_devices (NULL);
  const E2vVulkanDevice *first = g_ptr_array_index (devices, 0);
  g_autoptr (E2vModel) model = small_model ();
  g_autofree char *shouted = g_ascii_strup (first->name, 5);
  const char *const wanted[] = { "vulkan", "0", first->uuid, shouted };

  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (E2vExecutor) executor = e2v_vulkan_new (model, wanted[i],
        E2V_PRECISION_AUTO, E2V_SHADERS_AUTO, &error);

    g_assert_no_error (error);
    g_assert_nonnull (strstr (executor->description, first->name));
    if (!strcmp (first->type, "cpu"))
      g_assert_cmpint (executor->precision, ==, E2V_PRECISION_FP32);
  }
  g_ptr_array_unref (devices);
}

/* The same device and shaders in another precision; each combination has an identity of its own. */
static void
test_reopen (void)
{
  const E2vShaders families[] = { E2V_SHADERS_AUTO, E2V_SHADERS_SCALAR };
  g_autoptr (E2vModel) model = small_model ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (E2vExecutor) half = e2v_vulkan_new (model, "vulkan",
        E2V_PRECISION_FP16, families[i], &error);
    g_autoptr (E2vExecutor) full =
        e2v_executor_reopen (half, E2V_PRECISION_FP32, &error);

    g_assert_no_error (error);
    g_assert_cmpint (full->precision, ==, E2V_PRECISION_FP32);
    g_assert_cmpstr (full->description, ==, half->description);
    g_assert_cmpstr (full->identity, ==, half->identity);
    g_assert_null (strchr (full->identity, '\n'));
    if (families[i] == E2V_SHADERS_SCALAR)
      g_assert_true (g_str_has_prefix (full->identity, "scalar"));
  }
}

static void
test_bad_requests (void)
{
  GPtrArray *devices = e2v_vulkan_list_devices (NULL);
  const E2vVulkanDevice *first = g_ptr_array_index (devices, 0);

  expect_error ("no such card", E2V_PRECISION_FP32, E2V_ERROR_NOT_FOUND,
      first->name);
  expect_error ("77", E2V_PRECISION_FP32, E2V_ERROR_NOT_FOUND, first->name);
  expect_error ("", E2V_PRECISION_FP32, E2V_ERROR_NOT_FOUND, first->name);
  expect_error ("vulkan", E2V_PRECISION_FP64, E2V_ERROR_ARGUMENT, "device=ref");
  g_ptr_array_unref (devices);
}

static void
test_environment (void)
{
  g_autofree char *before = g_strdup (g_getenv ("EMOTION2VEC_SHADERS"));

  g_setenv ("EMOTION2VEC_SHADERS", "quantum", TRUE);
  expect_error ("vulkan", E2V_PRECISION_FP32, E2V_ERROR_ARGUMENT, "quantum");
  if (before)
    g_setenv ("EMOTION2VEC_SHADERS", before, TRUE);
  else
    g_unsetenv ("EMOTION2VEC_SHADERS");
}

/* The loader reads the environment when an instance is made, so this works even after others were. */
static void
test_no_driver (void)
{
  if (g_test_subprocess ()) {
    g_autoptr (GError) error = NULL;

    g_setenv ("VK_ICD_FILENAMES", "/nonexistent.json", TRUE);
    g_setenv ("VK_DRIVER_FILES", "/nonexistent.json", TRUE);
    g_assert_null (e2v_vulkan_list_devices (&error));
    g_assert_error (error, E2V_ERROR, E2V_ERROR_NO_DRIVER);
    g_assert_nonnull (strstr (error->message, "mesa-vulkan-drivers"));
    return;
  }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

static E2vPlan *
small_plan (E2vModel * model, guint n_samples)
{
  const E2vPlanRequest request = {.batch = 1,.n_samples = n_samples };

  return e2v_plan_new (e2v_model_hparams (model), &request, NULL);
}

static void
test_profile (void)
{
  g_autoptr (E2vModel) model = small_model ();
  g_autoptr (E2vExecutor) executor = e2v_vulkan_new (model, "vulkan",
      E2V_PRECISION_FP32, E2V_SHADERS_AUTO, NULL);
  g_autoptr (E2vPlan) plan = small_plan (model, 1000);
  g_autoptr (E2vProgram) program = e2v_executor_prepare (executor, plan, NULL);
  const guint n = e2v_plan_n_ops (plan);
  g_autofree float *waveform = g_new0 (float, 1000);
  g_autofree double *seconds = g_new0 (double, n);
  g_autoptr (GError) error = NULL;
  double sum = 0;

  waveform[500] = 1;
  for (guint i = 0; i < 2; i++)
    e2v_program_profile (program, waveform, seconds, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n; i++) {
    g_assert_cmpfloat (seconds[i], >=, 0);
    sum += seconds[i];
  }
  g_assert_cmpfloat (sum, >, 0);
}

/* Two lengths on one executor share its weights; what one computes does not depend on the other. */
static void
test_two_programs (void)
{
  g_autoptr (E2vModel) model = small_model ();
  g_autoptr (E2vPlan) a = small_plan (model, 1000);
  g_autoptr (E2vPlan) b = small_plan (model, 700);
  g_autofree float *waveform = g_new0 (float, 1000);
  float results[3][8];

  waveform[300] = 1;
  waveform[600] = -0.5f;
  for (guint i = 0; i < 3; i++) {
    g_autoptr (E2vExecutor) executor = e2v_vulkan_new (model, "vulkan",
        E2V_PRECISION_FP32, E2V_SHADERS_AUTO, NULL);
    g_autoptr (E2vProgram) first = e2v_executor_prepare (executor,
        i == 1 ? b : a, NULL);
    g_autoptr (E2vProgram) second = e2v_executor_prepare (executor,
        i == 1 ? a : b, NULL);
    E2vProgram *wanted = i == 1 ? second : first;

    g_assert_true (e2v_program_run (first, waveform, NULL));
    g_assert_true (e2v_program_run (second, waveform, NULL));
    g_assert_true (e2v_program_run (wanted, waveform, NULL));
    e2v_program_read (wanted, (guint) e2v_plan_find (a, "utterance"),
        results[i], NULL);
  }
  g_assert_cmpmem (results[0], sizeof results[0], results[1],
      sizeof results[1]);
  g_assert_cmpmem (results[0], sizeof results[0], results[2],
      sizeof results[2]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!g_test_subprocess () && !case_have_device ())
    return 77;
  g_test_add_func ("/vulkan/list", test_list);
  g_test_add_func ("/vulkan/choose", test_choose);
  g_test_add_func ("/vulkan/reopen", test_reopen);
  g_test_add_func ("/vulkan/bad-requests", test_bad_requests);
  g_test_add_func ("/vulkan/environment", test_environment);
  g_test_add_func ("/vulkan/no-driver", test_no_driver);
  g_test_add_func ("/vulkan/profile", test_profile);
  g_test_add_func ("/vulkan/two-programs", test_two_programs);
  return g_test_run ();
}
