/* e2vhead.c - a linear head by itself.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhead.h"

#include "e2verror.h"
#include "e2vscores.h"

#include <math.h>

struct _E2vHead
{
  gint ref_count;
  E2vHeadSpec spec;
  char **names;
};

/* ---- life ------------------------------------------------------------------------------------------------------- */

static gboolean
refuse (GError ** error, const char *format, ...)
G_GNUC_PRINTF (2, 3);

     static gboolean refuse (GError ** error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, E2V_ERROR, E2V_ERROR_FORMAT, text);
  return FALSE;
}

static gboolean
check_labels (const E2vHeadSpec * spec, GError ** error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint c = 0; c < spec->n_classes; c++) {
    if (spec->labels[c][0] == '\0')
      return refuse (error, "the label of class %u of the head is empty", c);
    if (!g_hash_table_add (seen, spec->labels[c]))
      return refuse (error, "two classes of the head have the label '%s'",
          spec->labels[c]);
  }
  return TRUE;
}

static gboolean
check_finite (const float *values, gsize n, const char *what, GError ** error)
{
  for (gsize i = 0; i < n; i++) {
    if (!isfinite (values[i]))
      return refuse (error, "the %s of the head has a value that is not finite "
          "at element %" G_GSIZE_FORMAT, what, i);
  }
  return TRUE;
}

static gboolean
check (const E2vHeadSpec * spec, GError ** error)
{
  if (spec->dim < 1)
    return refuse (error, "a head for features of width 0");
  if (spec->n_classes < 2)
    return refuse (error,
        "a head of %u classes: there is nothing to tell apart",
        spec->n_classes);
  if (!(spec->temperature > 0) || !isfinite (spec->temperature))
    return refuse (error, "the temperature of the head is %g, expected a "
        "positive number", spec->temperature);
  if (!check_labels (spec, error)
      || !check_finite (spec->weight, (gsize) spec->n_classes * spec->dim,
          "weight", error)
      || !check_finite (spec->bias, spec->n_classes, "bias", error))
    return FALSE;
  return !spec->origin.utterance
      || check_finite (spec->origin.utterance, spec->dim, "self-test", error);
}

E2vHead *
e2v_head_new (const E2vHeadSpec * spec, GError ** error)
{
  const E2vHeadOrigin *origin = &spec->origin;
  E2vHead *head;
  E2vHeadSpec *copy;

  if (!check (spec, error))
    return NULL;
  head = g_new0 (E2vHead, 1);
  head->ref_count = 1;
  copy = &head->spec;
  *copy = *spec;
  copy->labels = g_strdupv (spec->labels);
  copy->weight = g_memdup2 (spec->weight,
      (gsize) spec->n_classes * spec->dim * sizeof (float));
  copy->bias = g_memdup2 (spec->bias, spec->n_classes * sizeof (float));
  copy->name = g_strdup (spec->name);
  copy->licence = g_strdup (spec->licence);
  copy->training = g_strdup (spec->training);
  copy->origin.name = g_strdup (origin->name);
  copy->origin.content_id = g_strdup (origin->content_id);
  copy->origin.n_samples = origin->utterance ? origin->n_samples : 0;
  copy->origin.utterance = copy->origin.n_samples == 0 ? NULL
      : g_memdup2 (origin->utterance, spec->dim * sizeof (float));
  head->names = e2v_short_names ((const char *const *) copy->labels);
  return head;
}

E2vHead *
e2v_head_ref (E2vHead * head)
{
  g_atomic_int_inc (&head->ref_count);
  return head;
}

void
e2v_head_unref (E2vHead * head)
{
  E2vHeadSpec *spec;

  if (!head || !g_atomic_int_dec_and_test (&head->ref_count))
    return;
  spec = &head->spec;
  g_strfreev (spec->labels);
  g_free (spec->weight);
  g_free (spec->bias);
  g_free (spec->name);
  g_free (spec->licence);
  g_free (spec->training);
  g_free (spec->origin.name);
  g_free (spec->origin.content_id);
  g_free (spec->origin.utterance);
  g_strfreev (head->names);
  g_free (head);
}

/* The rows of the classes in use; the labels are borrowed. */
static void
copy_rows (E2vModel * model, E2vHeadSpec * spec)
{
  const E2vHparams *hparams = e2v_model_hparams (model);
  const guint w = (guint) e2v_layout_find (e2v_model_layout (model),
      E2V_ROLE_HEAD_WEIGHT, 0);
  guint n = 0;

  for (guint c = 0; c < hparams->n_classes; c++) {
    if (!e2v_label_in_use (model, c))
      continue;
    spec->labels[n] = (char *) e2v_model_labels (model)[c];
    e2v_tensor_read_f32 (e2v_model_tensor (model, w), (gsize) c * spec->dim,
        spec->dim, spec->weight + (gsize) n * spec->dim);
    e2v_tensor_read_f32 (e2v_model_tensor (model, w + 1), c, 1, spec->bias + n);
    n++;
  }
  spec->n_classes = n;
}

E2vHead *
e2v_head_new_from_model (E2vModel * model, GError ** error)
{
  const E2vHparams *hparams = e2v_model_hparams (model);
  const guint n = hparams->n_classes;
  const E2vModelInfo *info = e2v_model_info (model);
  g_autofree float *weight = g_new (float, (gsize) n * hparams->embed_dim + 1);
  g_autofree float *bias = g_new (float, n + 1);
  g_autofree char **labels = g_new0 (char *, n + 1);
  E2vHeadSpec spec = {.dim = hparams->embed_dim,.labels = labels,
    .weight = weight,.bias = bias,.temperature = info->temperature,
    .name = info->name,.licence = info->licence,
    .origin = e2v_head_origin_of (model)
  };

  if (n > 0)
    copy_rows (model, &spec);
  if (spec.n_classes >= 2)
    return e2v_head_new (&spec, error);
  g_set_error_literal (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
      "the model has no head of its own: give a head file");
  return NULL;
}

const E2vHeadSpec *
e2v_head_spec (const E2vHead * head)
{
  return &head->spec;
}

const char *const *
e2v_head_names (const E2vHead * head)
{
  return (const char *const *) head->names;
}

/* ---- whose features --------------------------------------------------------------------------------------------- */

E2vHeadOrigin
e2v_head_origin_of (E2vModel * model)
{
  const E2vSelftest *test = e2v_model_selftest (model);
  const E2vHeadOrigin origin = {
    .name = e2v_model_info (model)->name,
    .content_id = (char *) e2v_model_content_id (model),
    .n_samples = test ? test->n_samples : 0,
    .utterance = test ? test->utterance : NULL,
  };

  return origin;
}

/* Negative: they cannot be compared. */
static double
answers_differ_by (const E2vHeadOrigin * a, const E2vHeadOrigin * b, guint dim)
{
  double norm = 0, distance = 0;

  if (a->n_samples == 0 || a->n_samples != b->n_samples)
    return -1;
  for (guint i = 0; i < dim; i++) {
    double wanted = (double) b->utterance[i];
    double d = (double) a->utterance[i] - wanted;

    norm += wanted * wanted;
    distance += d * d;
  }
  return sqrt (distance / MAX (norm, 1e-30));
}

/* "'NAME' (0123456789ab)": enough of the checksum to tell files apart. */
static char *
describe (const E2vHeadOrigin * origin)
{
  return g_strdup_printf ("'%s' (%.12s)",
      origin->name ? origin->name : "a model without a name",
      origin->content_id ? origin->content_id : "no checksum");
}

gboolean
e2v_head_check_model (const E2vHead * head, E2vModel * model, GError ** error)
{
  const E2vHeadSpec *spec = &head->spec;
  const E2vHeadOrigin ours = e2v_head_origin_of (model);
  const guint dim = e2v_model_hparams (model)->embed_dim;
  g_autofree char *trained_on = describe (&spec->origin);
  g_autofree char *given = describe (&ours);
  double difference;

  if (spec->dim != dim) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
        "the head is for features of width %u, of the model %s, and the model "
        "%s gives %u: train a head on this model", spec->dim, trained_on,
        given, dim);
    return FALSE;
  }
  if (ours.content_id && g_strcmp0 (ours.content_id,
          spec->origin.content_id) == 0)
    return TRUE;
  difference = answers_differ_by (&spec->origin, &ours, dim);
  if (difference >= 0 && difference <= E2V_HEAD_TOLERANCE)
    return TRUE;
  g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC,
      "the head was trained on features of the model %s, and the model %s %s: "
      "train a head on this model", trained_on, given, difference < 0 ?
      "is another file and has no self-test to compare" : "gives others");
  return FALSE;
}

/* ---- scores ----------------------------------------------------------------------------------------------------- */

void
e2v_head_logits (const E2vHead * head, const float *embedding, double *logits)
{
  const E2vHeadSpec *spec = &head->spec;

  for (guint c = 0; c < spec->n_classes; c++) {
    const float *row = spec->weight + (gsize) c * spec->dim;
    double sum = (double) spec->bias[c];

    for (guint i = 0; i < spec->dim; i++)
      sum += (double) row[i] * (double) embedding[i];
    logits[c] = sum;
  }
}

void
e2v_head_scores (const E2vHead * head, const float *embedding, double *scores)
{
  const guint n = head->spec.n_classes;
  double top = (double) -INFINITY, sum = 0;

  e2v_head_logits (head, embedding, scores);
  for (guint c = 0; c < n; c++)
    top = MAX (top, scores[c]);
  for (guint c = 0; c < n; c++) {
    scores[c] = exp ((scores[c] - top) / head->spec.temperature);
    sum += scores[c];
  }
  for (guint c = 0; c < n; c++)
    scores[c] /= sum;
}

void
e2v_head_frame_scores (const E2vHead * head, const float *frames,
    guint n_frames, float *scores)
{
  const guint n = head->spec.n_classes;
  g_autofree double *row = g_new (double, n);

  for (gsize t = 0; t < n_frames; t++) {
    e2v_head_scores (head, frames + t * head->spec.dim, row);
    for (guint c = 0; c < n; c++)
      scores[t * n + c] = (float) row[c];
  }
}
