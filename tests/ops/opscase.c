/* opscase.c - plans of a few operations on random numbers, run by two executors and compared.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "opscase.h"

#include "e2verror.h"
#include "e2vref.h"
#ifdef HAVE_HOST
#include "e2vhost.h"
#endif
#ifdef HAVE_VULKAN
#include "e2vvulkan.h"
#endif

#include <math.h>
#include <string.h>

E2vHparams
case_hparams (guint channels, guint width, guint heads)
{
  const E2vConvLayer first = { channels, 10, 5 }, second = { channels, 3, 2 };
  E2vHparams hp = {
    .n_conv = 2,
    .embed_dim = width,
    .n_heads = heads,
    .n_prenet = 1,
    .n_main = 1,
    .mlp_dim = 2 * width,
    .n_extra = 2,
    .pos_depth = 1,
    .pos_kernel = 5,
    .pos_groups = 1,
    .alibi_layers = 2,
    .alibi_heads = heads,
    .n_classes = 3,
    .norm_eps = 1e-5,
    .normalize = TRUE,
  };

  hp.conv[0] = first;
  hp.conv[1] = second;
  return hp;
}

void
case_init (Case * c, const E2vHparams * hparams, guint planes)
{
  GError *error = NULL;

  memset (c, 0, sizeof *c);
  c->hparams = *hparams;
  c->model = e2v_model_new_random (hparams, 7, &error);
  g_assert_no_error (error);
  c->layout = e2v_layout_new (hparams);
  c->planes = planes;
  c->buffers = g_array_new (FALSE, TRUE, sizeof (E2vBuffer));
  c->ops = g_array_new (FALSE, TRUE, sizeof (E2vOp));
  c->precision = E2V_PRECISION_FP32;
  c->tolerance = 1e-5;
  case_buffer (c, planes, 0, 1, 1, FALSE);
  g_array_index (c->buffers, E2vBuffer, 0).use = E2V_BUFFER_INPUT;
}

static void
case_clear (Case * c)
{
  e2v_model_unref (c->model);
  e2v_layout_free (c->layout);
  g_array_unref (c->buffers);
  g_array_unref (c->ops);
}

int
case_buffer (Case * c, guint planes, guint rows, guint groups, guint width,
    gboolean output)
{
  E2vBuffer buffer = {
    .use = output ? E2V_BUFFER_OUTPUT : E2V_BUFFER_TRANSIENT,
    .planes = planes,
    .rows = rows,
    .groups = groups,
    .width = width,
  };

  g_snprintf (buffer.name, sizeof buffer.name, output ? "out.%u" : "",
      c->buffers->len);
  g_array_append_val (c->buffers, buffer);
  return (int) c->buffers->len - 1;
}

E2vOp
case_op (const Case * c, E2vOpKind kind, int x, int y)
{
  const E2vBuffer *b = &g_array_index (c->buffers, E2vBuffer, y);
  E2vOp op = {
    .kind = kind,
    .x = x,
    .x2 = E2V_NONE,
    .y = y,
    .residual = E2V_NONE,
    .w = E2V_NONE,
    .b = E2V_NONE,
    .planes = b->planes,
    .rows = b->rows,
    .step = 1,
    .taps = 1,
    .weight_groups = 1,
    .eps = 1e-5,
  };

  return op;
}

void
case_add (Case * c, const E2vOp * op)
{
  g_array_append_vals (c->ops, op, 1);
}

int
case_fill (Case * c, guint planes, guint rows, guint groups, guint width)
{
  const int y = case_buffer (c, planes, rows, groups, width, FALSE);
  E2vOp op = case_op (c, E2V_OP_UNFOLD, 0, y);

  g_assert_cmpuint (planes, <=, c->planes);
  op.x_row = c->n_samples;
  op.step = op.taps = groups * width;
  c->n_samples += rows * groups * width;
  case_add (c, &op);
  return y;
}

int
case_weight (const Case * c, E2vRole role, guint layer)
{
  const int index = e2v_layout_find (c->layout, role, layer);

  g_assert_cmpint (index, >=, 0);
  return index;
}

#ifdef HAVE_HOST

static E2vExecutor *
open_host (E2vModel * model, E2vPrecision precision, GError ** error)
{
  return e2v_host_new (model, precision, error);
}

#else

static E2vExecutor *
open_host (E2vModel * model, E2vPrecision precision, GError ** error)
{
  g_set_error_literal (error, E2V_ERROR, E2V_ERROR_NOT_FOUND, "not built");
  return NULL;
}

#endif

#ifdef HAVE_VULKAN

static E2vExecutor *
open_vulkan (E2vModel * model, E2vPrecision precision, GError ** error)
{
  return e2v_vulkan_new (model, "vulkan", precision, E2V_SHADERS_AUTO, error);
}

#else

static E2vExecutor *
open_vulkan (E2vModel * model, E2vPrecision precision, GError ** error)
{
  g_set_error_literal (error, E2V_ERROR, E2V_ERROR_NO_DRIVER, "not built");
  return NULL;
}

#endif

/* What the environment asks for. */
static E2vExecutor *
open_device (E2vModel * model, E2vPrecision precision, GError ** error)
{
  const char *device = g_getenv ("OPS_DEVICE");

  return device && g_str_equal (device, "cpu")
      ? open_host (model, precision, error)
      : open_vulkan (model, precision, error);
}

/* An executor that lives as long as the test program: it keeps the loader from unloading the driver after each case,
 * which takes time and hides from the leak checker what the driver itself keeps. */
static E2vExecutor *keeper;

gboolean
case_have_device (void)
{
  const E2vHparams hp = case_hparams (4, 4, 1);
  g_autoptr (E2vModel) model = e2v_model_new_random (&hp, 1, NULL);
  g_autoptr (GError) error = NULL;

  keeper = open_device (model, E2V_PRECISION_FP32, &error);
  if (!keeper && !g_error_matches (error, E2V_ERROR, E2V_ERROR_NOT_FOUND))
    g_assert_error (error, E2V_ERROR, E2V_ERROR_NO_DRIVER);
  return keeper != NULL;
}

/* Uniform noise in [-1, 1), the same on every run. */
static float *
noise (gsize n)
{
  float *values = g_new (float, n);
  guint32 state = 12345;

  for (gsize i = 0; i < n; i++) {
    state = state * 1664525u + 1013904223u;
    values[i] = (float) ((gint32) state / 2147483648.0);
  }
  return values;
}

static float *
read_buffer (E2vProgram * program, guint buffer)
{
  const E2vBuffer *b = e2v_plan_buffer (program->plan, buffer);
  float *values = g_new0 (float, e2v_buffer_n_floats (b));
  GError *error = NULL;

  e2v_program_read (program, buffer, values, &error);
  g_assert_no_error (error);
  return values;
}

/* Difference of two runs of an output, relative to its largest value. */
static double
difference (const E2vBuffer * buffer, const float *got, const float *expected)
{
  const gsize n = e2v_buffer_n_floats (buffer);
  double largest = 0, worst = 0;

  for (gsize i = 0; i < n; i++) {
    g_assert_true (isfinite (got[i]));
    largest = MAX (largest, fabs ((double) expected[i]));
    worst = MAX (worst, fabs ((double) got[i] - (double) expected[i]));
  }
  g_assert_cmpfloat (largest, >, 0);
  return worst / largest;
}

static void
run (E2vProgram * program, const float *waveforms)
{
  GError *error = NULL;

  e2v_program_run (program, waveforms, &error);
  g_assert_no_error (error);
}

/* All outputs one after the other; free with g_free(). */
static float *
read_outputs (E2vProgram * program, gsize * n)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (float));

  for (guint i = 0; i < e2v_plan_n_buffers (program->plan); i++) {
    const E2vBuffer *b = e2v_plan_buffer (program->plan, i);
    g_autofree float *values = NULL;

    if (b->use != E2V_BUFFER_OUTPUT)
      continue;
    values = read_buffer (program, i);
    g_array_append_vals (all, values, (guint) e2v_buffer_n_floats (b));
  }
  *n = all->len;
  return (float *) g_array_free (all, FALSE);
}

static double
compare_outputs (E2vProgram * device, E2vProgram * ref)
{
  double worst = 0;

  for (guint i = 0; i < e2v_plan_n_buffers (device->plan); i++) {
    const E2vBuffer *b = e2v_plan_buffer (device->plan, i);
    g_autofree float *got = NULL, *expected = NULL;
    double d;

    if (b->use != E2V_BUFFER_OUTPUT)
      continue;
    got = read_buffer (device, i);
    expected = read_buffer (ref, i);
    d = difference (b, got, expected);
    g_test_message ("%s: %.2g", b->name, d);
    worst = MAX (worst, d);
  }
  return worst;
}

/* A missing barrier, or memory that nobody wrote, shows as two answers to one question. */
static void
check_repeatable (E2vProgram * device, const float *waveforms)
{
  gsize n, again;
  g_autofree float *first = read_outputs (device, &n);
  g_autofree float *second = NULL;

  run (device, waveforms);
  second = read_outputs (device, &again);
  g_assert_cmpmem (first, n * sizeof (float), second, again * sizeof (float));
}

double
case_compare_plan (E2vModel * model, const E2vPlan * plan,
    E2vPrecision precision)
{
  GError *error = NULL;
  g_autofree float *waveforms =
      noise (e2v_buffer_n_floats (e2v_plan_buffer (plan, 0)));
  g_autoptr (E2vExecutor) ref = e2v_ref_new (model,
      precision == E2V_PRECISION_FP16 ? precision : E2V_PRECISION_FP64);
  g_autoptr (E2vExecutor) device = open_device (model, precision, &error);
  E2vProgram *expected, *got;
  double worst;

  g_assert_no_error (error);
  expected = e2v_executor_prepare (ref, plan, &error);
  g_assert_no_error (error);
  got = e2v_executor_prepare (device, plan, &error);
  g_assert_no_error (error);
  run (expected, waveforms);
  run (got, waveforms);
  worst = compare_outputs (got, expected);
  check_repeatable (got, waveforms);
  e2v_program_free (got);
  e2v_program_free (expected);
  return worst;
}

void
case_check (Case * c)
{
  E2vBuffer *input = &g_array_index (c->buffers, E2vBuffer, 0);
  const E2vPlanRequest request = {.batch = c->planes,.n_samples = c->n_samples
  };
  g_autoptr (E2vPlan) plan = NULL;

  input->rows = c->n_samples;
  plan = e2v_plan_new_raw (&c->hparams, &request,
      (const E2vBuffer *) c->buffers->data, c->buffers->len,
      (const E2vOp *) c->ops->data, c->ops->len);
  g_assert_cmpfloat (case_compare_plan (c->model, plan, c->precision), <,
      c->tolerance);
  case_clear (c);
}
