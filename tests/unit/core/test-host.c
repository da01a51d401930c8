/* test-host.c - the loops of the host executor, for each instruction set of this machine, against double and libm; and what a
 * fork() does to it. Operations and whole models: tests/ops.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2verror.h"
#include "e2vhost.h"
#include "e2vhostloops.h"

#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGEST 70
#define GUARD 20
#define MARK 12345.0f

/* Rows of every length, at an address that no vector is aligned to, with marks behind them that must stay. */
typedef struct
{
  float values[1 + LONGEST + GUARD];
} Row;

static float *
row_init (Row * row, guint n, float scale)
{
  static guint32 state = 12345;
  float *x = row->values + 1;

  for (guint i = 0; i < LONGEST + GUARD; i++) {
    state = state * 1664525u + 1013904223u;
    x[i] = i < n ? scale * (float) ((gint32) state / 2147483648.0) : MARK;
  }
  return x;
}

static void
check_guard (const float *x, guint n)
{
  for (guint i = n; i < LONGEST + GUARD; i++)
    g_assert_cmpfloat (x[i], ==, MARK);
}

static void
check_close (float got, double expected, double tolerance)
{
  g_assert_cmpfloat (fabs ((double) got - expected), <=, tolerance);
}

static double
gelu (double x)
{
  return 0.5 * x * (1 + erf (x * M_SQRT1_2));
}

static void
check_gelu (const E2vHostLoops * loops)
{
  double worst = 0;

  for (double start = -12; start < 12; start += 0.01) {
    float x[LONGEST];

    for (guint i = 0; i < LONGEST; i++)
      x[i] = (float) (start + 0.01 * i / LONGEST);
    loops->gelu (x, LONGEST);
    for (guint i = 0; i < LONGEST; i++) {
      const double at = (double) (float) (start + 0.01 * i / LONGEST);

      worst =
          MAX (worst, fabs ((double) x[i] - gelu (at)) / MAX (1, fabs (at)));
    }
  }
  g_test_message ("%s: gelu within %.2g", loops->name, worst);
  g_assert_cmpfloat (worst, <, 3e-7);
}

static void
check_gelu_edges (const E2vHostLoops * loops)
{
  float x[] = { 0, -0.0f, INFINITY, -INFINITY, NAN, 1e30f, -1e30f };

  loops->gelu (x, G_N_ELEMENTS (x));
  g_assert_true (x[0] == 0 && x[1] == 0);
  g_assert_true (isinf (x[2]) && x[3] == 0 && isnan (x[4]));
  g_assert_true (x[5] > 9.9e29f && x[6] == 0);
}

static void
check_sums (const E2vHostLoops * loops, guint n)
{
  Row rows[3];
  float *a = row_init (&rows[0], n, 1), *b = row_init (&rows[1], n, 1);
  float *y = row_init (&rows[2], n, 1);

  loops->sum (a, b, y, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat (y[i], ==, a[i] + b[i]);
  loops->add (a, y, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpfloat (y[i], ==, a[i] + b[i] + a[i]);
  check_guard (y, n);
}

static void
check_norm (const E2vHostLoops * loops, guint n, gboolean affine, gboolean act)
{
  Row rows[4];
  float *x = row_init (&rows[0], n, 30), *y = row_init (&rows[1], n, 1);
  float *gain = row_init (&rows[2], n, 1), *bias = row_init (&rows[3], n, 1);
  double mean = 0, variance = 0;

  for (guint i = 0; i < n; i++)
    mean += (double) x[i] / n;
  for (guint i = 0; i < n; i++)
    variance += ((double) x[i] - mean) * ((double) x[i] - mean) / n;
  loops->norm (x, y, affine ? gain : NULL, affine ? bias : NULL, 1e-5f, act, n);
  for (guint i = 0; i < n; i++) {
    double expected = ((double) x[i] - mean) / sqrt (variance + 1e-5);

    if (affine)
      expected = expected * (double) gain[i] + (double) bias[i];
    check_close (y[i], act ? gelu (expected) : expected, 1e-5);
  }
  check_guard (y, n);
  loops->norm (x, x, affine ? gain : NULL, affine ? bias : NULL, 1e-5f, act, n);
  g_assert_cmpmem (x, n * sizeof (float), y, n * sizeof (float));
}

static void
check_softmax (const E2vHostLoops * loops, guint n, float scale)
{
  Row row, copy;
  float *x = row_init (&row, n, scale), *before = copy.values + 1;
  double top = -INFINITY, sum = 0;

  copy = row;
  for (guint i = 0; i < n; i++)
    top = MAX (top, (double) before[i]);
  for (guint i = 0; i < n; i++)
    sum += exp ((double) before[i] - top);
  loops->softmax (x, n);
  for (guint i = 0; i < n; i++)
    check_close (x[i], exp ((double) before[i] - top) / sum, 1e-6);
  check_guard (x, n);
}

/* Where a value is not finite, no sum may hide it. */
static void
check_not_finite (const E2vHostLoops * loops, guint n, guint at)
{
  Row row;
  float *x = row_init (&row, n, 1);

  x[at] = NAN;
  loops->softmax (x, n);
  g_assert_true (isnan (x[at]));
  x = row_init (&row, n, 1);
  x[at] = NAN;
  loops->norm (x, x, NULL, NULL, 1e-5f, TRUE, n);
  g_assert_true (isnan (x[0]) && isnan (x[n - 1]));
}

static void
check_distances (const E2vHostLoops * loops, guint n)
{
  for (guint first = 0; first <= n; first += 5) {
    Row row;
    float *y = row_init (&row, n, 1);

    loops->distances (y, 0.25f, 11, first, n);
    for (guint j = 0; j < n; j++)
      g_assert_cmpfloat (y[j], ==,
          j < first ? 0 : -0.25f * fabsf (11 - (float) j));
    check_guard (y, n);
  }
}

static void
test_loops (gconstpointer data)
{
  const E2vHostLoops *loops = data;

  check_gelu (loops);
  check_gelu_edges (loops);
  for (guint n = 1; n <= LONGEST; n++) {
    check_sums (loops, n);
    for (guint i = 0; i < 4; i++)
      check_norm (loops, n, i & 1, i >> 1);
    check_softmax (loops, n, 5);
    check_softmax (loops, n, 500);
    check_not_finite (loops, n, n / 2);
    check_not_finite (loops, n, n - 1);
    check_distances (loops, n);
  }
}

/* ---- fork ------------------------------------------------------------------------------------------------------- */

/* What a child says: 0 if all is as it should be. */
static int
try_in_child (E2vModel * model, E2vExecutor * parents, const E2vPlan * plan)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vExecutor) own = NULL;
  E2vProgram *program = e2v_executor_prepare (parents, plan, &error);

  if (program || !g_error_matches (error, E2V_ERROR, E2V_ERROR_FORKED))
    return 1;
  g_clear_error (&error);
  own = e2v_host_new (model, E2V_PRECISION_FP32, &error);
  if (!own)
    return g_error_matches (error, E2V_ERROR, E2V_ERROR_FORKED) ? 0 : 2;
  program = e2v_executor_prepare (own, plan, &error);
  if (!program)
    return 3;
  {
    g_autofree float *samples = g_new0 (float, 16000);
    const gboolean ok = e2v_program_run (program, samples, &error);

    e2v_program_free (program);
    return ok ? 0 : 4;
  }
}

/* The child of a process that used the BLAS has an error or an answer; it does not wait for threads that are not there. */
static void
test_fork (void)
{
  E2vHparams hp;
  const E2vPlanRequest request = {.batch = 1,.n_samples = 16000 };
  g_autofree float *samples = g_new0 (float, 16000);
  g_autoptr (E2vModel) model = NULL;
  g_autoptr (E2vPlan) plan = NULL;
  g_autoptr (E2vExecutor) executor = NULL;
  g_autoptr (GError) error = NULL;
  E2vProgram *program;
  int status;
  pid_t child;

  g_assert_true (e2v_hparams_for_shape ("mini", &hp));
  model = e2v_model_new_random (&hp, 1, &error);
  plan = e2v_plan_new (&hp, &request, &error);
  executor = e2v_host_new (model, E2V_PRECISION_FP32, &error);
  if (!executor) {
    g_assert_error (error, E2V_ERROR, E2V_ERROR_NOT_FOUND);
    g_test_skip ("no BLAS");
    return;
  }
  program = e2v_executor_prepare (executor, plan, &error);
  g_assert_no_error (error);
  g_assert_true (e2v_program_run (program, samples, &error));
  child = fork ();
  if (child == 0)
    _exit (try_in_child (model, executor, plan));
  g_assert_cmpint (child, >, 0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  e2v_program_free (program);
}

static void
test_precisions (void)
{
  E2vHparams hp;
  g_autoptr (E2vModel) model = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (e2v_hparams_for_shape ("mini", &hp));
  model = e2v_model_new_random (&hp, 1, NULL);
  g_assert_null (e2v_host_new (model, E2V_PRECISION_FP64, &error));
  g_assert_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const E2vHostLoops * const *loops = e2v_host_loops_list (); *loops;
      loops++) {
    g_autofree char *path = g_strdup_printf ("/host/loops/%s", (*loops)->name);

    g_test_add_data_func (path, *loops, test_loops);
  }
  g_test_add_func ("/host/precisions", test_precisions);
  g_test_add_func ("/host/fork", test_fork);
  return g_test_run ();
}
