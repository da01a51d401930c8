/* e2vmodelfile.c - our model file: an E2vModel as GGUF version 3.
 *
 * (1) The last key of the file is a SHA-256 over all other keys; among them are the SHA-256 of each tensor. A wrong
 *     label, hyper-parameter or weight cannot pass.
 * (2) What is wrong is named: metadata are verified before they are believed, then names and shapes of the tensors are
 *     compared with what the hyper-parameters ask for, then their contents are verified.
 * (3) Contents are verified when a file is met for the first time (e2vverdict.h); the metadata always.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vmodelfile.h"

#include "e2vchecksums.h"
#include "e2verror.h"
#include "e2vgguf.h"
#include "e2vggufwriter.h"
#include "e2vmodelkeys.h"
#include "e2vverdict.h"

#include <string.h>

/* A tensor of the file that the layout does not know, or NULL. */
static const char *
find_surplus (const E2vGguf * gguf, const E2vLayout * layout)
{
  for (guint i = 0; i < e2v_gguf_n_tensors (gguf); i++) {
    const char *name = e2v_gguf_tensor (gguf, i)->name;

    if (e2v_layout_find_name (layout, name) < 0)
      return name;
  }
  return NULL;
}

static gboolean
has_shape (const E2vTensor * tensor, const E2vTensorSpec * spec)
{
  return tensor->n_dims == spec->n_dims
      && memcmp (tensor->dims, spec->dims,
      spec->n_dims * sizeof *spec->dims) == 0;
}

static gboolean
check_tensor (const E2vTensor * tensor, const E2vTensorSpec * spec,
    const char *surplus, GError ** error)
{
  if (!tensor) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
        "the tensor '%s' is missing%s%s%s", spec->name,
        surplus ? " (and '" : "", surplus ? surplus : "",
        surplus ? "' has no meaning)" : "");
    return FALSE;
  }
  if (!has_shape (tensor, spec)) {
    g_autofree char *is = e2v_shape_to_string (tensor->dims, tensor->n_dims);
    g_autofree char *wanted = e2v_shape_to_string (spec->dims, spec->n_dims);

    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
        "the tensor '%s' has the shape %s instead of %s", spec->name, is,
        wanted);
    return FALSE;
  }
  if (tensor->dtype != E2V_DTYPE_F32 && !e2v_role_is_matrix (spec->role)) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
        "the tensor '%s' has the type %s; only matrices may be stored in less "
        "than F32", spec->name, e2v_dtype_name (tensor->dtype));
    return FALSE;
  }
  return TRUE;
}

/* The file's tensors in the order of the layout, neither more nor less; free with g_free(). */
static E2vTensor *
collect_tensors (const E2vGguf * gguf, const E2vLayout * layout,
    GError ** error)
{
  guint n = e2v_layout_size (layout);
  g_autofree E2vTensor *tensors = g_new (E2vTensor, n);
  const char *surplus = find_surplus (gguf, layout);

  for (guint i = 0; i < n; i++) {
    const E2vTensorSpec *spec = e2v_layout_get (layout, i);
    const E2vTensor *tensor = e2v_gguf_find (gguf, spec->name);

    if (!check_tensor (tensor, spec, surplus, error))
      return NULL;
    tensors[i] = *tensor;
  }
  if (surplus) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
        "the tensor '%s' is surplus: no model of these hyper-parameters has it",
        surplus);
    return NULL;
  }
  return g_steal_pointer (&tensors);
}

/* @identity: of the file (e2vverdict.h), NULL to verify without asking or remembering. */
static gboolean
verify_tensors_once (E2vGguf * gguf, const char *identity, GError ** error)
{
  if (identity && e2v_verdict_known (identity))
    return TRUE;
  if (!e2v_checksums_verify_tensors (gguf, E2V_MODEL_ARCHITECTURE, error))
    return FALSE;
  if (identity)
    e2v_verdict_remember (identity);
  return TRUE;
}

/* Takes over @gguf. */
static E2vModel *
model_from_gguf (E2vGguf * gguf, const E2vHparams * hparams,
    const E2vTensor * tensors, GError ** error)
{
  g_autoptr (E2vGguf) owned = gguf;
  g_auto (GStrv) labels =
      e2v_model_keys_read_labels (gguf, hparams->n_classes, error);
  g_autoptr (E2vModel) model = NULL;
  E2vModelInfo info = { NULL };
  E2vModelStorage storage = {
    .free = (GDestroyNotify) e2v_gguf_free,
    .release_pages = (void (*)(gpointer)) e2v_gguf_release_pages,
  };

  if (!labels || !e2v_model_keys_read_info (gguf, &info, error))
    return NULL;
  storage.data = g_steal_pointer (&owned);
  model = e2v_model_new (hparams, (const char *const *) labels, tensors, &info,
      &storage, error);
  e2v_model_info_clear (&info);
  if (!model || !e2v_model_keys_read_selftest (gguf, model, error))
    return NULL;
  return g_steal_pointer (&model);
}

static E2vModel *
load_gguf (E2vGguf * gguf, const char *path, GError ** error)
{
  g_autoptr (E2vGguf) owned = gguf;
  g_autoptr (E2vLayout) layout = NULL;
  g_autofree E2vTensor *tensors = NULL;
  g_autofree char *checksum = NULL, *identity = NULL;
  E2vHparams hparams;
  E2vModel *model;

  if (!e2v_model_keys_check (gguf, error))
    return NULL;
  checksum = e2v_checksums_verify_metadata (gguf, E2V_MODEL_ARCHITECTURE,
      error);
  if (!checksum || !e2v_model_keys_read_hparams (gguf, &hparams, error))
    return NULL;
  layout = e2v_layout_new (&hparams);
  tensors = collect_tensors (gguf, layout, error);
  if (!tensors)
    return NULL;
  if (path)
    identity = e2v_verdict_identity (path, checksum);
  if (!verify_tensors_once (gguf, identity, error))
    return NULL;
  model = model_from_gguf (g_steal_pointer (&owned), &hparams, tensors, error);
  /* the metadata hold a checksum of each tensor, so theirs is one of everything */
  if (model)
    e2v_model_set_content_id (model, checksum);
  return model;
}

E2vModel *
e2v_model_load_from_memory (const guint8 * data, gsize size, GError ** error)
{
  E2vGguf *gguf = e2v_gguf_new_from_memory (data, size, error);

  return gguf ? load_gguf (gguf, NULL, error) : NULL;
}

E2vModel *
e2v_model_load (const char *path, GError ** error)
{
  E2vGguf *gguf = e2v_gguf_open (path, error);
  E2vModel *model;

  if (!gguf)
    return NULL;
  model = load_gguf (gguf, path, error);
  if (!model)
    g_prefix_error (error, "%s: ", path);
  return model;
}

/* Adds all tensors, as the model holds them. */
static void
add_tensors (E2vModel * model, E2vGgufWriter * writer)
{
  const guint n = e2v_layout_size (e2v_model_layout (model));
  g_autofree const E2vTensor **tensors = g_new (const E2vTensor *, n);

  for (guint i = 0; i < n; i++)
    tensors[i] = e2v_model_tensor (model, i);
  e2v_checksums_add_tensors (writer, E2V_MODEL_ARCHITECTURE, tensors, n);
}

gboolean
e2v_model_save (E2vModel * model, const char *path, GError ** error)
{
  g_autoptr (E2vGgufWriter) writer = e2v_gguf_writer_new ();

  e2v_model_keys_write (model, writer);
  add_tensors (model, writer);
  e2v_checksums_add_metadata (writer, E2V_MODEL_ARCHITECTURE);
  return e2v_gguf_writer_write (writer, path, error);
}
