/* e2vhostweights.c - finds or makes the float form of each weight.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vhostweights.h"

#include "e2verror.h"

struct _E2vHostWeights
{
  guint n;
  const float **values;         /* by layout index */
  float **owned;                /* those that are copies, else NULL */
};

static gboolean
load (E2vHostWeights * w, const E2vModel * model, guint index, gboolean half,
    GError ** error)
{
  const E2vTensor *tensor = e2v_model_tensor (model, index);
  const gsize n = e2v_tensor_n_elements (tensor);
  const gboolean rounded = half
      && e2v_role_is_matrix (e2v_layout_get (e2v_model_layout (model),
          index)->role);

  w->values[index] = rounded ? NULL : e2v_tensor_floats (tensor);
  if (w->values[index])
    return TRUE;
  w->values[index] = w->owned[index] = g_try_malloc_n (n, sizeof (float));
  if (!w->owned[index]) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_OUT_OF_MEMORY,
        "no memory for %" G_GSIZE_FORMAT " KiB of weights",
        n * sizeof (float) >> 10);
    return FALSE;
  }
  e2v_tensor_read_f32 (tensor, 0, n, w->owned[index]);
  if (rounded)
    e2v_half_round (w->owned[index], n);
  return TRUE;
}

E2vHostWeights *
e2v_host_weights_new (E2vModel * model, gboolean half, GError ** error)
{
  E2vHostWeights *w = g_new0 (E2vHostWeights, 1);
  gboolean any_copy = FALSE;

  w->n = e2v_layout_size (e2v_model_layout (model));
  w->values = g_new0 (const float *, w->n);
  w->owned = g_new0 (float *, w->n);
  for (guint i = 0; i < w->n; i++) {
    if (!load (w, model, i, half, error)) {
      e2v_host_weights_free (w);
      return NULL;
    }
    any_copy = any_copy || w->owned[i];
  }
  if (any_copy)
    e2v_model_release_pages (model);
  return w;
}

void
e2v_host_weights_free (E2vHostWeights * weights)
{
  if (!weights)
    return;
  for (guint i = 0; i < weights->n; i++)
    g_free (weights->owned[i]);
  g_free (weights->owned);
  g_free (weights->values);
  g_free (weights);
}

const float *
e2v_host_weights_get (const E2vHostWeights * weights, int index)
{
  return index < 0 ? NULL : weights->values[index];
}
