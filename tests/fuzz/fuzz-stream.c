/* fuzz-stream.c - torch's older container, a stream of pickles and storages.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vtorchstream.h"

static void
use_storage (const E2vTorchStream * stream, const E2vValue * value)
{
  g_autoptr (GError) error = NULL;
  const guint8 *bytes;
  gsize length;

  if (value->type != E2V_VALUE_STORAGE)
    return;
  bytes = e2v_torch_stream_storage (stream, &value->v.storage, &length, &error);
  if (fuzz_check (bytes != NULL, &error))
    fuzz_touch (bytes, length);
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
  g_autoptr (E2vTorchStream) stream = NULL;

  e2v_torch_stream_is_one (data, size);
  stream = e2v_torch_stream_read (pool, data, size, &error);
  if (!fuzz_check (stream != NULL, &error))
    return 0;
  g_assert_nonnull (e2v_torch_stream_root (stream));
  fuzz_touch_values (pool);
  for (guint i = 0; i < e2v_value_pool_size (pool); i++)
    use_storage (stream, e2v_value_pool_get (pool, i));
  return 0;
}
