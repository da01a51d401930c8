/* e2vselfcheck.c - an executor proves itself before it is believed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vselfcheck.h"

#include "e2vcache.h"
#include "e2verror.h"
#include "e2vselftest.h"

#define LIST "selfcheck"

/* ---- one executor ----------------------------------------------------------------------------------------------- */

/* What the verdict is about, as one line; NULL if it cannot be told apart from others. */
static char *
verdict_key (E2vEncoder * encoder)
{
  const char *model = e2v_model_content_id (e2v_encoder_model (encoder));
  const char *identity = e2v_encoder_identity (encoder);

  if (!model || !identity)
    return NULL;
  return g_strdup_printf ("%s %s %s", model,
      e2v_precision_name (e2v_encoder_precision (encoder)), identity);
}

static gboolean
ask (E2vEncoder * encoder, GError ** error)
{
  const E2vPrecision precision = e2v_encoder_precision (encoder);
  const char *name = e2v_encoder_description (encoder);
  E2vSelftestErrors errors;

  if (!e2v_selftest_run (encoder, &errors, error)) {
    g_prefix_error (error, "%s, %s, failed the model's self-test: ", name,
        e2v_precision_name (precision));
    return FALSE;
  }
  if (e2v_selftest_passes (&errors, precision))
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_DEVICE,
      "%s, %s, answered the model's self-test wrongly: the embedding is off by "
      "%.1e and a score by %.1e, where %.0e is allowed", name,
      e2v_precision_name (precision), errors.embedding, errors.score,
      e2v_selftest_limit (precision));
  return FALSE;
}

gboolean
e2v_selfcheck (E2vEncoder * encoder, GError ** error)
{
  g_autofree char *key = NULL;

  if (!e2v_encoder_identity (encoder)
      || !e2v_model_selftest (e2v_encoder_model (encoder)))
    return TRUE;
  key = verdict_key (encoder);
  if (key && e2v_cache_has (LIST, key))
    return TRUE;
  if (!ask (encoder, error))
    return FALSE;
  /* the self-test's length is none that a stream uses */
  e2v_encoder_forget_programs (encoder);
  if (key)
    e2v_cache_add (LIST, key);
  return TRUE;
}

/* ---- one after the other ---------------------------------------------------------------------------------------- */

typedef struct
{
  GHashTable *tried;            /* identity and precision of executors that failed */
  GPtrArray *failures;          /* char *, each text once */
  GError *first;                /* the error of the first step */
  gboolean answered_wrongly;
} Steps;

static gboolean
has_text (GPtrArray * texts, const char *text)
{
  for (guint i = 0; i < texts->len; i++) {
    if (g_str_equal (texts->pdata[i], text))
      return TRUE;
  }
  return FALSE;
}

/* Takes over @failure. */
static void
note_failure (Steps * steps, GError * failure)
{
  if (!has_text (steps->failures, failure->message))
    g_ptr_array_add (steps->failures, g_strdup (failure->message));
  if (steps->first)
    g_error_free (failure);
  else
    steps->first = failure;
}

/* An encoder on @executor, which it takes over, or NULL if it was tried before or fails now. */
static E2vEncoder *
try_executor (Steps * steps, E2vExecutor * executor)
{
  g_autoptr (E2vEncoder) encoder = e2v_encoder_new_on (executor);
  g_autofree char *key = g_strdup_printf ("%s %s",
      e2v_precision_name (executor->precision),
      executor->identity ? executor->identity : executor->klass->name);
  GError *failure = NULL;

  if (g_hash_table_contains (steps->tried, key))
    return NULL;
  if (e2v_selfcheck (encoder, &failure))
    return g_steal_pointer (&encoder);
  g_hash_table_add (steps->tried, g_steal_pointer (&key));
  steps->answered_wrongly = TRUE;
  note_failure (steps, failure);
  return NULL;
}

static E2vEncoder *
take_steps (Steps * steps, E2vOpenFunc open, gpointer user_data)
{
  for (guint step = 0;; step++) {
    GError *failure = NULL;
    E2vExecutor *executor = open (step, user_data, &failure);
    E2vEncoder *encoder;

    if (!executor && !failure)
      return NULL;
    if (!executor) {
      note_failure (steps, failure);
      continue;
    }
    encoder = try_executor (steps, executor);
    if (encoder)
      return encoder;
  }
}

static char *
join_failures (const Steps * steps)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < steps->failures->len; i++)
    g_string_append_printf (text, "%s%s", i ? "; " : "",
        (const char *) steps->failures->pdata[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
warning_text (const Steps * steps, E2vEncoder * encoder)
{
  g_autofree char *failures = join_failures (steps);

  if (g_str_equal (e2v_encoder_executor_name (encoder), "ref"))
    return g_strdup_printf ("%s. Running on the CPU instead, without Vulkan: "
        "right, but many times slower", failures);
  if (g_str_equal (e2v_encoder_executor_name (encoder), "host"))
    return g_strdup_printf ("%s. Running on the CPU instead, without Vulkan, "
        "with %s", failures, e2v_encoder_description (encoder));
  return g_strdup_printf ("%s. Running with %s, %s, instead", failures,
      e2v_encoder_description (encoder),
      e2v_precision_name (e2v_encoder_precision (encoder)));
}

static void
set_final_error (Steps * steps, GError ** error)
{
  g_autofree char *failures = join_failures (steps);

  if (steps->answered_wrongly)
    g_set_error (error, E2V_ERROR, E2V_ERROR_DEVICE, "%s", failures);
  else
    g_propagate_error (error, g_steal_pointer (&steps->first));
}

E2vEncoder *
e2v_selfcheck_open (E2vOpenFunc open, gpointer user_data, char **warning,
    GError ** error)
{
  Steps steps = { 0 };
  E2vEncoder *encoder;

  steps.tried = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  steps.failures = g_ptr_array_new_with_free_func (g_free);
  encoder = take_steps (&steps, open, user_data);
  if (!encoder)
    set_final_error (&steps, error);
  else if (steps.failures->len > 0 && warning)
    *warning = warning_text (&steps, encoder);
  g_hash_table_unref (steps.tried);
  g_ptr_array_unref (steps.failures);
  g_clear_error (&steps.first);
  return encoder;
}
