/* test-parts.c - programs cut into submissions: where they are cut, and that the numbers do not depend on it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

#include "e2vvkexec.h"

#include <string.h>

#define N_SAMPLES 1500
#define BATCH 2

static E2vPlan *
new_plan (const E2vHparams * hp)
{
  const E2vPlanRequest request = {.batch = BATCH,.n_samples = N_SAMPLES,
    .frames = TRUE
  };
  GError *error = NULL;
  E2vPlan *plan = e2v_plan_new (hp, &request, &error);

  g_assert_no_error (error);
  return plan;
}

/* Every operation is in one part, in order, and no part of several exceeds the limit. */
static void
check_cover (const E2vPlan * plan, GArray * parts, double limit)
{
  guint at = 0;

  for (guint i = 0; i < parts->len; i++) {
    const E2vVkPart *part = &g_array_index (parts, E2vVkPart, i);
    double flops = 0;
    guint counted = 0;

    g_assert_cmpuint (part->first, ==, at);
    g_assert_cmpuint (part->end, >, at);
    for (; at < part->end; at++) {
      const double one = e2v_op_flops (plan, e2v_plan_op (plan, at));

      flops += one;
      counted += one > 0;
    }
    g_assert_cmpfloat (part->flops, ==, flops);
    if (counted > 1)
      g_assert_cmpfloat (flops, <=, limit);
  }
  g_assert_cmpuint (at, ==, e2v_plan_n_ops (plan));
}

static void
test_cut (void)
{
  const E2vHparams hp = case_hparams (24, 32, 4);
  g_autoptr (E2vPlan) plan = new_plan (&hp);
  const double total = e2v_plan_flops (plan);
  const double limits[] = { 1, total / 5, total / 2, total, 10 * total };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++) {
    const E2vVkSpeed speed = {.part_seconds = 0.5,.flops = 2 * limits[i] };
    GArray *parts = e2v_vk_parts_new (plan, &speed);

    check_cover (plan, parts, limits[i]);
    if (limits[i] >= total)
      g_assert_cmpuint (parts->len, ==, 1);
    else
      g_assert_cmpuint (parts->len, >, 1);
    g_array_unref (parts);
  }
}

static void
test_speed (void)
{
  E2vVkSpeed speed;

  e2v_vk_speed_guess (&speed, VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU);
  g_assert_cmpfloat (speed.part_seconds, <=, 0.2);
  /* a short run says nothing of a device that seems slow */
  e2v_vk_speed_measure (&speed, 1e6, 0.01);
  g_assert_cmpfloat (speed.flops, >, 1e9);
  /* a long one does */
  e2v_vk_speed_measure (&speed, 1e9, 1);
  g_assert_cmpfloat (speed.flops, ==, 1e9);
  /* then the best run counts */
  e2v_vk_speed_measure (&speed, 6e9, 2);
  g_assert_cmpfloat (speed.flops, ==, 3e9);
  e2v_vk_speed_measure (&speed, 1e9, 1);
  e2v_vk_speed_measure (&speed, 0, 0);
  g_assert_cmpfloat (speed.flops, ==, 3e9);
}

/* Runs twice and reads the frames; returns the number of parts. */
static guint
run (E2vModel * model, const E2vPlan * plan, double part_seconds,
    const float *waveforms, float *frames)
{
  GError *error = NULL;
  g_autoptr (E2vExecutor) executor = e2v_vulkan_new (model, "vulkan",
      E2V_PRECISION_FP32, E2V_SHADERS_AUTO, &error);
  g_autofree double *seconds = g_new0 (double, e2v_plan_n_ops (plan));
  E2vProgram *program;
  guint n_parts;

  g_assert_no_error (error);
  e2v_vk_executor_context (executor)->speed.part_seconds = part_seconds;
  program = e2v_executor_prepare (executor, plan, &error);
  g_assert_no_error (error);
  n_parts = e2v_vk_executor_program (program)->parts->len;
  e2v_program_run (program, waveforms, &error);
  g_assert_no_error (error);
  e2v_program_profile (program, waveforms, seconds, &error);
  g_assert_no_error (error);
  e2v_program_read (program, (guint) e2v_plan_find (plan, "frames"), frames,
      &error);
  g_assert_no_error (error);
  e2v_program_free (program);
  return n_parts;
}

static void
test_same_numbers (void)
{
  const E2vHparams hp = case_hparams (24, 32, 4);
  g_autoptr (E2vModel) model = e2v_model_new_random (&hp, 3, NULL);
  g_autoptr (E2vPlan) plan = new_plan (&hp);
  const E2vBuffer *b = e2v_plan_buffer (plan,
      (guint) e2v_plan_find (plan, "frames"));
  const gsize bytes = e2v_buffer_n_floats (b) * sizeof (float);
  g_autofree float *waveforms = g_new0 (float, BATCH * N_SAMPLES);
  g_autofree float *whole = g_malloc (bytes), *cut = g_malloc (bytes);

  for (guint i = 0; i < BATCH * N_SAMPLES; i += 7)
    waveforms[i] = (float) (i % 13) - 6;
  g_assert_cmpuint (run (model, plan, 1e9, waveforms, whole), ==, 1);
  g_assert_cmpuint (run (model, plan, 1e-15, waveforms, cut), >, 10);
  g_assert_cmpmem (whole, bytes, cut, bytes);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/parts/cut", test_cut);
  g_test_add_func ("/parts/speed", test_speed);
  if (case_have_device ())
    g_test_add_func ("/parts/same-numbers", test_same_numbers);
  return g_test_run ();
}
