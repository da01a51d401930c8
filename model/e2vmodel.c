/* e2vmodel.c - a model in memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vmodel.h"

#include "e2verror.h"

#include <math.h>
#include <string.h>

struct _E2vModel
{
  gint ref_count;
  E2vHparams hparams;
  E2vLayout *layout;
  E2vTensor *tensors;           /* in the layout's order; names are the layout's */
  char **labels;
  E2vModelInfo info;
  char *content_id;
  E2vSelftest selftest;
  float *alibi;
  E2vModelStorage storage;
};

static gboolean
check_finite (const E2vTensor * tensor, GError ** error)
{
  float chunk[1024];
  gsize n = e2v_tensor_n_elements (tensor);

  for (gsize first = 0; first < n; first += G_N_ELEMENTS (chunk)) {
    gsize m = MIN (n - first, G_N_ELEMENTS (chunk));

    e2v_tensor_read_f32 (tensor, first, m, chunk);
    for (gsize i = 0; i < m; i++) {
      if (!isfinite (chunk[i])) {
        g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
            "tensor %s has a value that is not finite at element %"
            G_GSIZE_FORMAT, tensor->name, first + i);
        return FALSE;
      }
    }
  }
  return TRUE;
}

static gboolean
check_shape (const E2vTensor * tensor, const E2vTensorSpec * spec,
    GError ** error)
{
  gsize n;

  if (tensor->n_dims == spec->n_dims
      && memcmp (tensor->dims, spec->dims,
          spec->n_dims * sizeof *spec->dims) == 0
      && e2v_shape_n_elements (tensor->dims, tensor->n_dims, &n)
      && tensor->size == n * e2v_dtype_size (tensor->dtype))
    return TRUE;

  g_autofree char *is = e2v_shape_to_string (tensor->dims, tensor->n_dims);
  g_autofree char *should = e2v_shape_to_string (spec->dims, spec->n_dims);

  g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
      "tensor %s has shape %s, expected %s", spec->name, is, should);
  return FALSE;
}

static gboolean
take_tensors (E2vModel * model, const E2vTensor * tensors, GError ** error)
{
  guint n = e2v_layout_size (model->layout);

  model->tensors = g_new0 (E2vTensor, n);
  for (guint i = 0; i < n; i++) {
    const E2vTensorSpec *spec = e2v_layout_get (model->layout, i);

    model->tensors[i] = tensors[i];
    model->tensors[i].name = (char *) spec->name;
    if (!check_shape (&model->tensors[i], spec, error)
        || !check_finite (&model->tensors[i], error))
      return FALSE;
    e2v_model_release_pages (model);
  }
  return TRUE;
}

/* a = slope * max (scale, 0) for every layer and head, see docs/numerics.md, step 7. */
static void
compute_alibi (E2vModel * model)
{
  const E2vHparams *hp = &model->hparams;
  int index = e2v_layout_find (model->layout, E2V_ROLE_ALIBI_SCALE, 0);

  if (index < 0)
    return;
  model->alibi = g_new (float, hp->alibi_layers * hp->n_heads);
  for (guint l = 0; l < hp->alibi_layers; l++) {
    for (guint h = 0; h < hp->n_heads; h++) {
      guint column = hp->alibi_heads == 1 ? 0 : h;
      double scale;

      e2v_tensor_read_f64 (&model->tensors[index],
          l * hp->alibi_heads + column, 1, &scale);
      model->alibi[l * hp->n_heads + h] =
          (float) (e2v_alibi_slope (h, hp->n_heads) * MAX (scale, 0));
    }
  }
}

static void
copy_info (E2vModelInfo * to, const E2vModelInfo * from)
{
  static const E2vModelInfo nothing = {.temperature = 1 };

  if (!from)
    from = &nothing;
  to->name = g_strdup (from->name);
  to->licence = g_strdup (from->licence);
  to->licence_text = g_strdup (from->licence_text);
  to->source = g_strdup (from->source);
  to->source_sha256 = g_strdup (from->source_sha256);
  to->temperature = from->temperature;
}

E2vModel *
e2v_model_new (const E2vHparams * hparams, const char *const *labels,
    const E2vTensor * tensors, const E2vModelInfo * info,
    const E2vModelStorage * storage, GError ** error)
{
  g_autoptr (E2vModel) model = g_new0 (E2vModel, 1);

  model->ref_count = 1;
  if (storage)
    model->storage = *storage;
  model->hparams = *hparams;
  if (!e2v_hparams_validate (hparams, error))
    return NULL;
  model->layout = e2v_layout_new (hparams);
  if (!take_tensors (model, tensors, error))
    return NULL;
  model->labels = g_new0 (char *, hparams->n_classes + 1);
  for (guint i = 0; i < hparams->n_classes; i++)
    model->labels[i] = g_strdup (labels[i]);
  copy_info (&model->info, info);
  if (!(model->info.temperature > 0 && isfinite (model->info.temperature))) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_FORMAT,
        "the temperature of the head is %g, expected a positive number",
        model->info.temperature);
    return NULL;
  }
  compute_alibi (model);
  return g_steal_pointer (&model);
}

E2vModel *
e2v_model_ref (E2vModel * model)
{
  g_atomic_int_inc (&model->ref_count);
  return model;
}

void
e2v_model_unref (E2vModel * model)
{
  if (!model || !g_atomic_int_dec_and_test (&model->ref_count))
    return;
  g_clear_pointer (&model->layout, e2v_layout_free);
  g_free (model->tensors);
  g_strfreev (model->labels);
  g_free (model->info.name);
  g_free (model->info.licence);
  g_free (model->info.licence_text);
  g_free (model->info.source);
  g_free (model->info.source_sha256);
  g_free (model->content_id);
  g_free (model->selftest.utterance);
  g_free (model->selftest.scores);
  g_free (model->alibi);
  if (model->storage.free)
    model->storage.free (model->storage.data);
  g_free (model);
}

const E2vHparams *
e2v_model_hparams (const E2vModel * model)
{
  return &model->hparams;
}

const E2vLayout *
e2v_model_layout (const E2vModel * model)
{
  return model->layout;
}

const E2vModelInfo *
e2v_model_info (const E2vModel * model)
{
  return &model->info;
}

const E2vTensor *
e2v_model_tensor (const E2vModel * model, guint index)
{
  g_return_val_if_fail (index < e2v_layout_size (model->layout), NULL);
  return &model->tensors[index];
}

void
e2v_model_release_pages (const E2vModel * model)
{
  if (model->storage.release_pages)
    model->storage.release_pages (model->storage.data);
}

const char *const *
e2v_model_labels (const E2vModel * model)
{
  return (const char *const *) model->labels;
}

const E2vSelftest *
e2v_model_selftest (const E2vModel * model)
{
  return model->selftest.n_samples ? &model->selftest : NULL;
}

void
e2v_model_set_selftest (E2vModel * model, guint n_samples,
    const float *utterance, const float *scores)
{
  const E2vHparams *hp = &model->hparams;
  E2vSelftest *test = &model->selftest;

  g_free (test->utterance);
  g_free (test->scores);
  test->n_samples = n_samples;
  test->utterance = g_memdup2 (utterance, hp->embed_dim * sizeof (float));
  test->scores = hp->n_classes && scores
      ? g_memdup2 (scores, hp->n_classes * sizeof (float)) : NULL;
}

const float *
e2v_model_alibi (const E2vModel * model)
{
  return model->alibi;
}

guint64
e2v_model_n_parameters (const E2vModel * model)
{
  guint64 n = 0;

  for (guint i = 0; i < e2v_layout_size (model->layout); i++)
    n += e2v_tensor_n_elements (&model->tensors[i]);
  return n;
}

const char *
e2v_model_content_id (const E2vModel * model)
{
  return model->content_id;
}

void
e2v_model_set_content_id (E2vModel * model, const char *id)
{
  g_free (model->content_id);
  model->content_id = g_strdup (id);
}
