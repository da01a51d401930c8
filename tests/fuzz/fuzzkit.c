/* fuzzkit.c - what the fuzz targets share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE             /* memfd_create */
#include "fuzzkit.h"

#include "e2vcheckpoint.h"

#include <sys/mman.h>
#include <unistd.h>

gboolean
fuzz_check (gboolean ok, GError ** error)
{
  g_assert_true (!ok == (*error != NULL));
  if (*error)
    g_assert_true (g_utf8_validate ((*error)->message, -1, NULL));
  g_clear_error (error);
  return ok;
}

void
fuzz_touch (const void *data, gsize size)
{
  const volatile guint8 *bytes = data;

  for (gsize i = 0; i < size; i++)
    (void) bytes[i];
}

void
fuzz_touch_model (const E2vModel * model)
{
  for (guint i = 0; i < e2v_layout_size (e2v_model_layout (model)); i++) {
    const E2vTensor *tensor = e2v_model_tensor (model, i);

    fuzz_touch (tensor->data, tensor->size);
  }
}

static void
touch_view (const E2vView * view)
{
  g_autoptr (GError) error = NULL;
  gsize n;

  fuzz_check (e2v_view_check (view, &n, &error), &error);
}

static void
touch_value (const E2vValue * value)
{
  const E2vValue *key;

  g_free (e2v_value_to_text (value));
  e2v_value_get (value, "model");
  for (guint i = 0; i < e2v_value_length (value); i++) {
    if (value->type == E2V_VALUE_DICT)
      e2v_value_equals (e2v_value_pair (value, i, &key), "model");
    else
      e2v_value_equals (e2v_value_item (value, i), "model");
  }
  if (value->type == E2V_VALUE_STRING || value->type == E2V_VALUE_BYTES)
    fuzz_touch (value->v.text.data, value->v.text.size);
  if (value->type == E2V_VALUE_TENSOR)
    touch_view (value->v.view);
}

void
fuzz_touch_values (const E2vValuePool * pool)
{
  for (guint i = 0; i < e2v_value_pool_size (pool); i++)
    touch_value (e2v_value_pool_get (pool, i));
}

char *
fuzz_make_file (const guint8 * data, gsize size, int *fd)
{
  *fd = memfd_create ("input", MFD_CLOEXEC);
  g_assert_cmpint (*fd, >=, 0);
  for (gsize done = 0; done < size;) {
    gssize n = write (*fd, data + done, size - done);

    g_assert_cmpint (n, >, 0);
    done += (gsize) n;
  }
  return g_strdup_printf ("/proc/self/fd/%d", *fd);
}
