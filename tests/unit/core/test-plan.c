/* test-plan.c - plans: cost against the published table, bounds of every operation, memory, golden text.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2verror.h"
#include "e2vmodel.h"
#include "e2vplan.h"
#include "e2vplanmem.h"

#include <string.h>

static E2vHparams
shape (const char *name)
{
  E2vHparams hp;

  g_assert_true (e2v_hparams_for_shape (name, &hp));
  return hp;
}

static E2vPlan *
plan_for (const E2vHparams * hp, guint batch, guint n_samples, gboolean traced)
{
  const E2vPlanRequest request = { batch, n_samples, TRUE, traced };
  g_autoptr (GError) error = NULL;
  E2vPlan *plan = e2v_plan_new (hp, &request, &error);

  g_assert_no_error (error);
  return plan;
}

static void
assert_gflops (const char *name, guint seconds, double gflops)
{
  E2vHparams hp = shape (name);
  g_autoptr (E2vPlan) plan = plan_for (&hp, 1, seconds * 16000, FALSE);

  /* stretches of the front end overlap by a few rows: up to 1 % more work */
  g_assert_cmpfloat (e2v_plan_flops (plan) * 1e-9, >, gflops * 0.995);
  g_assert_cmpfloat (e2v_plan_flops (plan) * 1e-9, <, gflops * 1.015);
}

/* Counted from the list of layers, multiply and add as two; docs/performance.md. */
static void
test_flops (void)
{
  assert_gflops ("base", 1, 15.4);
  assert_gflops ("base", 4, 58.3);
  assert_gflops ("base", 16, 246.3);
  assert_gflops ("base", 30, 499.2);
  assert_gflops ("large", 4, 87.6);
  assert_gflops ("large", 30, 735.1);
}

static void
check_rows (const E2vBuffer * buffer, guint first_plane, guint planes,
    guint first_row, guint rows)
{
  g_assert_cmpuint (first_plane + planes, <=, buffer->planes);
  g_assert_cmpuint (first_row + rows, <=, buffer->rows);
}

/* No operation reads or writes outside of its buffers. */
static void
check_op (const E2vPlan * plan, const E2vOp * op)
{
  const E2vBuffer *x = e2v_plan_buffer (plan, (guint) op->x);
  const E2vBuffer *y = e2v_plan_buffer (plan, (guint) op->y);
  guint span = (op->rows - 1) * op->step + op->taps;

  g_assert_cmpuint (op->rows, >, 0);
  switch (op->kind) {
    case E2V_OP_MATMUL:
    case E2V_OP_UNFOLD:
      check_rows (x, op->x_plane, op->planes, op->x_row, span);
      check_rows (y, op->y_plane, op->planes, op->y_row, op->rows);
      break;
    case E2V_OP_SPLIT_GROUPS:
      check_rows (x, 0, op->planes, 0, op->rows);
      g_assert_cmpuint (op->pad + op->rows, <=, y->rows);
      break;
    case E2V_OP_TOKENS:
      check_rows (x, 0, op->planes, 0, op->rows - op->n_extra);
      check_rows (y, 0, op->planes, 0, op->rows);
      break;
    case E2V_OP_SCORES:
      check_rows (x, 0, op->planes / (x->groups / 3), op->x_row, op->rows);
      check_rows (y, 0, op->planes, 0, op->rows);
      break;
    case E2V_OP_MIX:
      check_rows (x, 0, op->planes * y->groups, 0, op->rows);
      check_rows (y, 0, op->planes, op->y_row, op->rows);
      break;
    case E2V_OP_MEAN:
      check_rows (x, 0, op->planes, op->x_row, op->rows);
      break;
    default:
      check_rows (y, op->y_plane, op->planes, op->y_row, op->rows);
      break;
  }
}

/* A transient buffer is written before it is read, in the order of operations. */
static void
check_order (const E2vPlan * plan)
{
  g_autofree gboolean *written = g_new0 (gboolean, e2v_plan_n_buffers (plan));

  for (guint i = 0; i < e2v_plan_n_buffers (plan); i++) {
    E2vBufferUse use = e2v_plan_buffer (plan, i)->use;

    written[i] = use == E2V_BUFFER_INPUT || use == E2V_BUFFER_ZERO;
  }
  for (guint i = 0; i < e2v_plan_n_ops (plan); i++) {
    const E2vOp *op = e2v_plan_op (plan, i);

    g_assert_true (written[op->x]);
    g_assert_true (op->x2 == E2V_NONE || written[op->x2]);
    g_assert_true (op->residual == E2V_NONE || written[op->residual]);
    written[op->y] = TRUE;
  }
}

static void
check_plan (const E2vHparams * hp, guint batch, guint n_samples,
    gboolean traced)
{
  g_autoptr (E2vPlan) plan = plan_for (hp, batch, n_samples, traced);

  for (guint i = 0; i < e2v_plan_n_ops (plan); i++)
    check_op (plan, e2v_plan_op (plan, i));
  check_order (plan);
}

static void
test_bounds (void)
{
  static const char *const shapes[] = { "mini", "base", "large" };
  static const guint lengths[] = { 400, 719, 8000, 48000, 64001, 480000 };

  for (guint s = 0; s < G_N_ELEMENTS (shapes); s++) {
    E2vHparams hp = shape (shapes[s]);

    for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
      guint n = MAX (lengths[i], e2v_hparams_n_samples_for (&hp, 1));

      check_plan (&hp, 1, n, FALSE);
      check_plan (&hp, e2v_plan_max_batch (&hp, n), n, FALSE);
    }
    check_plan (&hp, 1, 16000, TRUE);
  }
}

static void
test_refusals (void)
{
  E2vHparams hp = shape ("base");
  g_autoptr (GError) error = NULL;
  E2vPlanRequest request = { 1, 399, FALSE, FALSE };

  g_assert_null (e2v_plan_new (&hp, &request, &error));
  g_assert_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT);
  g_clear_error (&error);
  request.n_samples = E2V_MAX_WINDOW_SAMPLES + 1;
  g_assert_null (e2v_plan_new (&hp, &request, &error));
  g_assert_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE);
  g_clear_error (&error);
  request.n_samples = 480000;
  request.batch = e2v_plan_max_batch (&hp, 480000) + 1;
  g_assert_null (e2v_plan_new (&hp, &request, &error));
  g_assert_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE);
}

/* Lives that overlap in time never overlap in space, for random lives and for a real plan. */
static void
check_places (E2vLife * lives, guint n)
{
  guint64 size = 0;

  g_assert_true (e2v_plan_mem_place (lives, n, 64, G_MAXUINT64, &size, NULL));
  for (guint i = 0; i < n; i++) {
    g_assert_cmpuint (lives[i].offset % 64, ==, 0);
    g_assert_cmpuint (lives[i].offset + lives[i].size, <=, size);
    for (guint j = 0; j < i; j++) {
      const E2vLife *a = &lives[i], *b = &lives[j];
      gboolean in_time = a->first_op <= b->last_op && b->first_op <= a->last_op;
      gboolean in_space = a->offset < b->offset + b->size
          && b->offset < a->offset + a->size;

      g_assert_false (in_time && in_space);
    }
  }
}

static void
test_places (void)
{
  for (guint round = 0; round < 50; round++) {
    E2vLife lives[40] = { {0}
    };

    for (guint i = 0; i < G_N_ELEMENTS (lives); i++) {
      lives[i].size = (guint64) g_test_rand_int_range (1, 5000);
      lives[i].first_op = (guint) g_test_rand_int_range (0, 100);
      lives[i].last_op = lives[i].first_op
          + (guint) g_test_rand_int_range (0, 20);
    }
    check_places (lives, G_N_ELEMENTS (lives));
  }
}

/* Base, 4 s: all buffers together take 800 MB, the arena little more than the two largest that meet. */
static void
test_arena (void)
{
  E2vHparams hp = shape ("base");
  g_autoptr (E2vPlan) plan = plan_for (&hp, 1, 64000, FALSE);
  g_autofree E2vLife *lives = e2v_plan_lives (plan);
  guint n = e2v_plan_n_buffers (plan);
  guint64 sum = 0, size = 0;

  for (guint i = 0; i < n; i++) {
    lives[i].size = e2v_buffer_n_floats (e2v_plan_buffer (plan, i)) * 4;
    sum += lives[i].size;
  }
  check_places (lives, n);
  g_assert_true (e2v_plan_mem_place (lives, n, 64, G_MAXUINT64, &size, NULL));
  g_assert_cmpuint (size, <, G_GUINT64_CONSTANT (48) << 20);
  g_assert_cmpuint (sum, >, 3 * size);
  g_assert_false (e2v_plan_mem_place (lives, n, 64, size - 1, &size, NULL));
}

static void
test_golden (void)
{
  E2vHparams hp = shape ("mini");
  g_autoptr (E2vPlan) plan = plan_for (&hp, 2, 16000, FALSE);
  g_autofree char *text = e2v_plan_to_string (plan);
  g_autofree char *golden = NULL;
  const char *path = g_getenv ("E2V_GOLDEN_PLAN");

  if (g_getenv ("E2V_UPDATE_GOLDEN"))
    g_file_set_contents (path, text, -1, NULL);
  g_assert_true (g_file_get_contents (path, &golden, NULL, NULL));
  g_assert_cmpstr (text, ==, golden);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/flops", test_flops);
  g_test_add_func ("/plan/bounds", test_bounds);
  g_test_add_func ("/plan/refusals", test_refusals);
  g_test_add_func ("/plan/places", test_places);
  g_test_add_func ("/plan/arena", test_arena);
  g_test_add_func ("/plan/golden", test_golden);
  return g_test_run ();
}
