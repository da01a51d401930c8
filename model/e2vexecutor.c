/* e2vexecutor.c - calls through the executor interface.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vexecutor.h"

static const char *const precision_names[] = { "auto", "fp64", "fp32", "fp16" };

const char *
e2v_precision_name (E2vPrecision precision)
{
  g_return_val_if_fail (precision < G_N_ELEMENTS (precision_names), "?");
  return precision_names[precision];
}

gboolean
e2v_precision_from_name (const char *name, E2vPrecision * precision)
{
  for (guint i = 0; i < G_N_ELEMENTS (precision_names); i++) {
    if (g_str_equal (name, precision_names[i])) {
      *precision = (E2vPrecision) i;
      return TRUE;
    }
  }
  return FALSE;
}

E2vProgram *
e2v_executor_prepare (E2vExecutor * executor, const E2vPlan * plan,
    GError ** error)
{
  return executor->klass->prepare (executor, plan, error);
}

E2vExecutor *
e2v_executor_reopen (const E2vExecutor * executor, E2vPrecision precision,
    GError ** error)
{
  return executor->klass->reopen (executor, precision, error);
}

void
e2v_executor_close (E2vExecutor * executor)
{
  if (executor->klass->close)
    executor->klass->close (executor);
}

void
e2v_executor_free (E2vExecutor * executor)
{
  if (executor)
    executor->klass->free (executor);
}

gboolean
e2v_program_run (E2vProgram * program, const float *waveforms, GError ** error)
{
  return program->executor->klass->run (program, waveforms, error);
}

gboolean
e2v_program_read (E2vProgram * program, guint buffer, float *values,
    GError ** error)
{
  g_return_val_if_fail (e2v_plan_buffer (program->plan, buffer)->use
      == E2V_BUFFER_OUTPUT, FALSE);
  return program->executor->klass->read (program, buffer, values, error);
}

gboolean
e2v_program_profile (E2vProgram * program, const float *waveforms,
    double *op_seconds, GError ** error)
{
  return program->executor->klass->profile (program, waveforms, op_seconds,
      error);
}

void
e2v_program_free (E2vProgram * program)
{
  if (program)
    program->executor->klass->program_free (program);
}
