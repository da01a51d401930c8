/* test-fork.c - a child process with what its parent opened: clear errors and not one Vulkan call; what it opens itself
 * works, and the parent goes on.
 *
 * In the child, every function of the parent's tables is replaced by one that ends the process.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

#include "e2vencoder.h"
#include "e2verror.h"
#include "e2vselftest.h"
#include "e2vvkexec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_SAMPLES 4000

/* Exit statuses of a child. */
#define GOOD 0
#define VULKAN_WAS_CALLED 3
#define BAD 4

typedef struct
{
  E2vModel *model;
  E2vExecutor *executor;        /* the encoder's */
  E2vEncoder *encoder;
  E2vPlan *plan;
  E2vProgram *program;          /* another one on that executor */
  float samples[N_SAMPLES];
  E2vResult *result;
} Rig;

static void
forbidden (void)
{
  _exit (VULKAN_WAS_CALLED);
}

static void
forbid_all (void *table, gsize size)
{
  void (**functions) (void) = table;

  for (gsize i = 0; i < size / sizeof *functions; i++)
    functions[i] = forbidden;
}

static void
forbid_vulkan (E2vVkDevice * d)
{
  const VkInstance handle = d->instance.handle;

  forbid_all (&d->vk, sizeof d->vk);
  forbid_all (&d->instance, sizeof d->instance);
  d->instance.handle = handle;
}

/* Ends the child if something is not as it should be. */
static void
expect (gboolean condition, const char *what)
{
  if (condition)
    return;
  fprintf (stderr, "in the child: %s\n", what);
  _exit (BAD);
}

static E2vResult *
run (E2vEncoder * encoder, const float *samples, GError ** error)
{
  const E2vWindow window = { samples, N_SAMPLES };
  E2vResult *result = NULL;

  e2v_encoder_run (encoder, &window, 1, 0, &result, error);
  return result;
}

static E2vExecutor *
open_executor (E2vModel * model)
{
  g_autoptr (GError) error = NULL;
  E2vExecutor *executor = e2v_vulkan_new (model, "vulkan", E2V_PRECISION_FP32,
      E2V_SHADERS_AUTO, &error);

  g_assert_no_error (error);
  return executor;
}

static void
rig_init (Rig * r)
{
  const E2vHparams hp = case_hparams (8, 8, 2);
  const E2vPlanRequest request = {.batch = 1,.n_samples = N_SAMPLES };

  r->model = e2v_model_new_random (&hp, 1, NULL);
  r->executor = open_executor (r->model);
  r->encoder = e2v_encoder_new_on (r->executor);
  r->plan = e2v_plan_new (&hp, &request, NULL);
  r->program = e2v_executor_prepare (r->executor, r->plan, NULL);
  g_assert_nonnull (r->program);
  e2v_selftest_signal (r->samples, N_SAMPLES);
  g_assert_true (e2v_program_run (r->program, r->samples, NULL));
  r->result = run (r->encoder, r->samples, NULL);
  g_assert_nonnull (r->result);
}

static void
rig_clear (Rig * r)
{
  e2v_program_free (r->program);
  e2v_encoder_free (r->encoder);
  e2v_plan_free (r->plan);
  e2v_result_free (r->result);
  e2v_model_unref (r->model);
}

static gboolean
same_scores (const Rig * r, const E2vResult * result)
{
  return result && !memcmp (result->scores, r->result->scores,
      r->result->n_classes * sizeof (float));
}

/* Runs @body in a child and expects a good end of it. */
static void
in_child (void (*body) (Rig *), Rig * r)
{
  int status = 0;
  const pid_t child = fork ();

  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    body (r);
    _exit (GOOD);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, GOOD);
}

static void
expect_forked (gboolean failed, GError ** error, const char *call)
{
  expect (failed, call);
  expect (g_error_matches (*error, E2V_ERROR, E2V_ERROR_FORKED), call);
  expect (strstr ((*error)->message, "open a new one in this process") != NULL,
      (*error)->message);
  g_clear_error (error);
}

static void
call_everything (Rig * r)
{
  g_autofree double *seconds = g_new0 (double, e2v_plan_n_ops (r->plan));
  GError *error = NULL;
  gint output = e2v_plan_find (r->plan, "utterance");

  expect_forked (!e2v_executor_prepare (r->executor, r->plan, &error), &error,
      "prepare");
  expect_forked (!e2v_program_run (r->program, r->samples, &error), &error,
      "run");
  expect_forked (!e2v_program_read (r->program, (guint) output,
          g_new (float, 1000), &error), &error, "read");
  expect_forked (!e2v_program_profile (r->program, r->samples, seconds,
          &error), &error, "profile");
  expect_forked (!e2v_executor_reopen (r->executor, E2V_PRECISION_FP32,
          &error), &error, "reopen");
  expect_forked (!run (r->encoder, r->samples, &error), &error, "encoder");
  expect_forked (!e2v_encoder_warm_up (r->encoder, 2000, 1, &error), &error,
      "warm up");
  expect (e2v_encoder_n_rebuilds (r->encoder) == 0, "the device was opened");
}

static void
use_and_free (Rig * r)
{
  forbid_vulkan (&e2v_vk_executor_context (r->executor)->device);
  call_everything (r);
  rig_clear (r);
}

/* Work that was given up is not waited for either. */
static void
free_pending (Rig * r)
{
  E2vVkDevice *d = &e2v_vk_executor_context (r->executor)->device;

  forbid_vulkan (d);
  d->pending = e2v_vk_executor_program (r->program)->fence;
  e2v_encoder_forget_programs (r->encoder);
  rig_clear (r);
}

static void
open_another (Rig * r)
{
  g_autoptr (E2vEncoder) fresh = NULL;
  g_autoptr (E2vResult) result = NULL;
  g_autoptr (GError) error = NULL;

  forbid_vulkan (&e2v_vk_executor_context (r->executor)->device);
  fresh = e2v_encoder_new (r->model, "vulkan", E2V_PRECISION_FP32, NULL,
      &error);
  expect (fresh != NULL, error ? error->message : "");
  result = run (fresh, r->samples, &error);
  expect (result != NULL, error ? error->message : "");
  expect (same_scores (r, result), "other scores than in the parent");
}

/* The parent's device is none the worse for it. */
static void
check (void (*body) (Rig *))
{
  g_autoptr (E2vResult) after = NULL;
  Rig r;

  rig_init (&r);
  in_child (body, &r);
  after = run (r.encoder, r.samples, NULL);
  g_assert_true (same_scores (&r, after));
  rig_clear (&r);
}

static void
test_use_and_free (void)
{
  check (use_and_free);
}

static void
test_free_pending (void)
{
  check (free_pending);
}

static void
test_open_another (void)
{
  check (open_another);
}

/* A fork of a fork knows its parents as well. */
static void
fork_again (Rig * r)
{
  open_another (r);
  in_child (use_and_free, r);
}

static void
test_grandchild (void)
{
  check (fork_again);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!case_have_device ())
    return 77;
  g_test_add_func ("/fork/use-and-free", test_use_and_free);
  g_test_add_func ("/fork/free-pending", test_free_pending);
  g_test_add_func ("/fork/open-another", test_open_another);
  g_test_add_func ("/fork/grandchild", test_grandchild);
  return g_test_run ();
}
