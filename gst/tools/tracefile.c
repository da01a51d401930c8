/* tracefile.c - every stage of one window as a safetensors file.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracefile.h"

#include <string.h>

#include "files/e2vsafetensors.h"

static void
clear_tensor (gpointer data)
{
  E2vTensor *tensor = data;

  g_free (tensor->name);
  g_free ((gpointer) tensor->data);
}

static void
keep_stage (const char *name, const float *values, const guint64 * dims,
    guint n_dims, gpointer user_data)
{
  GArray *stages = user_data;
  E2vTensor tensor = { 0 };
  gsize n = 1;

  tensor.name = g_strdup (name);
  tensor.dtype = E2V_DTYPE_F32;
  tensor.n_dims = n_dims;
  for (guint i = 0; i < n_dims; i++) {
    tensor.dims[i] = dims[i];
    n *= (gsize) dims[i];
  }
  tensor.size = n * sizeof (float);
  tensor.data = g_memdup2 (values, tensor.size);
  g_array_append_val (stages, tensor);
}

gboolean
trace_file_write (E2vEncoder * encoder, const E2vWindow * window,
    const char *path, GError ** error)
{
  g_autoptr (GArray) stages = g_array_new (FALSE, FALSE, sizeof (E2vTensor));

  g_array_set_clear_func (stages, clear_tensor);
  if (!e2v_encoder_trace (encoder, window, keep_stage, stages, error))
    return FALSE;
  return e2v_safetensors_write (path, (const E2vTensor *) stages->data,
      stages->len, error);
}
