/* e2vprograms.c - plans made ready to run, and which of them an encoder keeps.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vencoderpriv.h"

void
e2v_prepared_clear (E2vPrepared * prepared)
{
  g_clear_pointer (&prepared->program, e2v_program_free);
  g_clear_pointer (&prepared->plan, e2v_plan_free);
}

void
e2v_encoder_forget_programs (E2vEncoder * encoder)
{
  for (guint i = 0; i < E2V_ENCODER_MAX_PROGRAMS; i++)
    e2v_prepared_clear (&encoder->programs[i]);
  if (encoder->full)
    e2v_encoder_forget_programs (encoder->full);
}

gboolean
e2v_prepared_init (E2vPrepared * out, E2vEncoder * encoder,
    const E2vPlanRequest * request, GError ** error)
{
  g_autoptr (E2vPlan) plan =
      e2v_plan_new (e2v_model_hparams (encoder->model), request, error);

  if (!plan)
    return FALSE;
  out->program = e2v_executor_prepare (encoder->executor, plan, error);
  if (!out->program)
    return FALSE;
  out->plan = g_steal_pointer (&plan);
  return TRUE;
}

static gboolean
serves (const E2vPrepared * prepared, const E2vPlanRequest * request)
{
  const E2vPlanRequest *has;

  if (!prepared->program)
    return FALSE;
  has = e2v_plan_request (prepared->plan);
  return has->batch == request->batch && has->n_samples == request->n_samples
      && has->frames == request->frames;
}

E2vPrepared *
e2v_encoder_find_program (E2vEncoder * encoder, const E2vPlanRequest * request,
    GError ** error)
{
  E2vPrepared *oldest = &encoder->programs[0];

  for (guint i = 0; i < E2V_ENCODER_MAX_PROGRAMS; i++) {
    E2vPrepared *candidate = &encoder->programs[i];

    if (serves (candidate, request)) {
      candidate->last_use = ++encoder->clock;
      return candidate;
    }
    if (candidate->last_use < oldest->last_use)
      oldest = candidate;
  }
  e2v_prepared_clear (oldest);
  oldest->last_use = 0;
  if (!e2v_prepared_init (oldest, encoder, request, error))
    return NULL;
  oldest->last_use = ++encoder->clock;
  return oldest;
}
