/* e2vrecover.c - the way back from a device that is lost, out of memory or gives values that are not finite.
 *
 * (1) What failed is done again once, on the same device opened anew. If that fails too, the error comes out.
 * (2) A device that is still lost or out of memory then is closed, so that nothing of it is held while the caller waits.
 *     The next call opens it. How long to wait is the caller's affair. One that gave values that are not finite stays
 *     open: they may be due to one window, and the next one runs at once.
 * (3) Everything of the old device is given back before the new one is opened: programs, the fp32 executor, weights.
 * (4) A device that was opened again proves itself like a new one.
 * (5) Runs of a self-test come here never: what fails there is stepped down from, not repaired.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vencoderpriv.h"

#include "e2verror.h"
#include "e2vselfcheck.h"

static gboolean
is_out_of_memory (const GError * error)
{
  return g_error_matches (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY);
}

/* Whether nothing more can be expected of the device as it is. */
static gboolean
is_gone (const GError * error)
{
  return is_out_of_memory (error)
      || g_error_matches (error, E2V_ERROR, E2V_ERROR_DEVICE_LOST);
}

/* @failure: why. */
static void
close_device (E2vEncoder * encoder, const GError * failure)
{
  g_free (encoder->rebuild_reason);
  encoder->rebuild_reason = g_strdup (failure->message);
  e2v_encoder_forget_programs (encoder);
  g_clear_pointer (&encoder->full, e2v_encoder_free);
  e2v_executor_close (encoder->executor);
  encoder->closed = TRUE;
}

static gboolean
open_device (E2vEncoder * encoder, GError ** error)
{
  g_autoptr (GError) failure = NULL;
  E2vExecutor *fresh = e2v_executor_reopen (encoder->executor,
      encoder->precision, error);

  if (!fresh)
    return FALSE;
  e2v_executor_free (encoder->executor);
  encoder->executor = fresh;
  encoder->closed = FALSE;
  encoder->n_rebuilds++;
  if (e2v_selfcheck (encoder, &failure))
    return TRUE;
  close_device (encoder, failure);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
e2v_encoder_ensure_open (E2vEncoder * encoder, GError ** error)
{
  if (!encoder->closed || open_device (encoder, error))
    return TRUE;
  g_prefix_error (error, "the device could not be opened again: ");
  return FALSE;
}

/* Programs of other lengths may hold the memory that is missing. */
static gboolean
try_with_more_memory (E2vEncoder * encoder, E2vAttempt attempt, gpointer work,
    GError ** error)
{
  g_autoptr (GError) failure = NULL;

  if (attempt (encoder, work, &failure))
    return TRUE;
  if (!is_out_of_memory (failure)) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  e2v_encoder_forget_programs (encoder);
  return attempt (encoder, work, error);
}

gboolean
e2v_encoder_attempt (E2vEncoder * encoder, E2vAttempt attempt, gpointer work,
    GError ** error)
{
  g_autoptr (GError) first = NULL;
  GError *second = NULL;

  if (!e2v_encoder_ensure_open (encoder, error))
    return FALSE;
  encoder->not_finite = FALSE;
  if (try_with_more_memory (encoder, attempt, work, &first))
    return TRUE;
  if (!is_gone (first) && !encoder->not_finite) {
    g_propagate_error (error, g_steal_pointer (&first));
    return FALSE;
  }
  close_device (encoder, first);
  if (open_device (encoder, &second) && attempt (encoder, work, &second))
    return TRUE;
  if (!encoder->closed && is_gone (second))
    close_device (encoder, second);
  g_propagate_prefixed_error (error, second,
      "%s; after the device was opened again: ", first->message);
  return FALSE;
}
