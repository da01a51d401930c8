/* e2vcheckpoint.c - the files that torch.save writes: a pickle and the storages it refers to.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vcheckpoint.h"

#include "e2vbytes.h"
#include "e2vpickle.h"
#include "e2vtorchstream.h"
#include "e2vtorchzip.h"

#include <string.h>

#define MAX_BYTE_ORDER 16

struct _E2vCheckpoint
{
  E2vValuePool *pool;
  const E2vValue *root;
  E2vTorchZip *zip;             /* one of these two */
  E2vTorchStream *stream;
  guint8 *pickle;               /* of the zip; the values point into it */
  /* The storage that was read last: views of one storage follow each other. */
  const E2vValue *cached_key;
  guint8 *cached;
  gsize cached_size;
};

static gboolean
is_zip (const guint8 * data, gsize size)
{
  return size >= 4 && memcmp (data, "PK\003\004", 4) == 0;
}

gboolean
e2v_checkpoint_is_one (const guint8 * data, gsize size)
{
  return is_zip (data, size) || e2v_torch_stream_is_one (data, size);
}

/* Newer versions of torch say in which order the bytes are. */
static gboolean
check_byte_order (E2vTorchZip * zip, GError ** error)
{
  g_autofree guint8 *order = NULL;
  gsize size;

  if (!e2v_torch_zip_has (zip, "byteorder"))
    return TRUE;
  order = e2v_torch_zip_read (zip, "byteorder", MAX_BYTE_ORDER, &size, error);
  if (!order)
    return FALSE;
  if (size != 6 || memcmp (order, "little", 6) != 0)
    return e2v_bad_format (error, "a checkpoint of a big-endian machine, which "
        "is not supported");
  return TRUE;
}

static gboolean
open_zip (E2vCheckpoint * checkpoint, const guint8 * data, gsize size,
    GError ** error)
{
  gsize pickle_size;

  checkpoint->zip = e2v_torch_zip_open (data, size, error);
  if (!checkpoint->zip || !check_byte_order (checkpoint->zip, error))
    return FALSE;
  checkpoint->pickle = e2v_torch_zip_read (checkpoint->zip, "data.pkl",
      E2V_PICKLE_MAX_SIZE, &pickle_size, error);
  if (!checkpoint->pickle)
    return FALSE;
  checkpoint->root = e2v_pickle_read (checkpoint->pool, checkpoint->pickle,
      pickle_size, NULL, error);
  return checkpoint->root != NULL;
}

static gboolean
open_stream (E2vCheckpoint * checkpoint, const guint8 * data, gsize size,
    GError ** error)
{
  checkpoint->stream = e2v_torch_stream_read (checkpoint->pool, data, size,
      error);
  if (!checkpoint->stream)
    return FALSE;
  checkpoint->root = e2v_torch_stream_root (checkpoint->stream);
  return TRUE;
}

E2vCheckpoint *
e2v_checkpoint_new (const guint8 * data, gsize size, GError ** error)
{
  g_autoptr (E2vCheckpoint) checkpoint = g_new0 (E2vCheckpoint, 1);
  gboolean ok;

  checkpoint->pool = e2v_value_pool_new ();
  if (is_zip (data, size))
    ok = open_zip (checkpoint, data, size, error);
  else if (e2v_torch_stream_is_one (data, size))
    ok = open_stream (checkpoint, data, size, error);
  else
    ok = e2v_bad_format (error, "not a file of torch.save");
  return ok ? g_steal_pointer (&checkpoint) : NULL;
}

void
e2v_checkpoint_free (E2vCheckpoint * checkpoint)
{
  if (!checkpoint)
    return;
  g_clear_pointer (&checkpoint->zip, e2v_torch_zip_close);
  g_clear_pointer (&checkpoint->stream, e2v_torch_stream_free);
  e2v_value_pool_free (checkpoint->pool);
  g_free (checkpoint->pickle);
  g_free (checkpoint->cached);
  g_free (checkpoint);
}

const E2vValue *
e2v_checkpoint_root (const E2vCheckpoint * checkpoint)
{
  return checkpoint->root;
}

gboolean
e2v_view_check (const E2vView * view, gsize * n_elements, GError ** error)
{
  const E2vStorage *storage = &view->storage->v.storage;
  guint64 last = view->offset;
  gsize n;

  if (!storage->has_dtype)
    return e2v_bad_format (error, "its numbers are of the type %s, not "
        "floating-point", storage->type_name);
  if (!e2v_shape_n_elements (view->dims, view->n_dims, &n) || n == 0)
    return e2v_bad_format (error, "its shape is absurd");
  for (guint i = 0; i < view->n_dims; i++) {
    guint64 reach;

    if (!g_uint64_checked_mul (&reach, view->dims[i] - 1, view->strides[i])
        || !g_uint64_checked_add (&last, last, reach))
      return e2v_bad_format (error, "its strides are absurd");
  }
  if (last >= storage->n_elements)
    return e2v_bad_format (error, "it leaves its storage of %" G_GUINT64_FORMAT
        " elements", storage->n_elements);
  if (n > storage->n_elements)
    return e2v_bad_format (error, "it has more elements than its storage");
  *n_elements = n;
  return TRUE;
}

/* The bytes of a storage; borrowed until the next call. */
static const guint8 *
load_storage (E2vCheckpoint * checkpoint, const E2vStorage * storage,
    gsize * size, GError ** error)
{
  g_autofree char *key = NULL, *path = NULL;

  if (checkpoint->stream)
    return e2v_torch_stream_storage (checkpoint->stream, storage, size, error);
  key = e2v_value_to_text (storage->key);
  if (!key || strchr (key, '/')) {
    e2v_bad_format (error, "its storage has no usable name");
    return NULL;
  }
  if (!checkpoint->cached || !e2v_value_equals (checkpoint->cached_key, key)) {
    g_clear_pointer (&checkpoint->cached, g_free);
    path = g_strconcat ("data/", key, NULL);
    checkpoint->cached = e2v_torch_zip_read (checkpoint->zip, path, G_MAXSIZE,
        &checkpoint->cached_size, error);
    checkpoint->cached_key = storage->key;
  }
  *size = checkpoint->cached_size;
  return checkpoint->cached;
}

/* Number of trailing dimensions that lie in one piece, and how many elements that is. */
static guint
contiguous_tail (const E2vView * view, gsize * n)
{
  guint kept = view->n_dims;

  *n = 1;
  while (kept > 0 && (view->strides[kept - 1] == *n
          || view->dims[kept - 1] == 1)) {
    kept--;
    *n *= (gsize) view->dims[kept];
  }
  return view->n_dims - kept;
}

/* Counts @index, one number for each of the first @n_dims dimensions, up by one; @position follows in elements. */
static void
advance (const E2vView * view, guint n_dims, guint64 * index,
    guint64 * position)
{
  for (guint i = n_dims; i > 0; i--) {
    *position += view->strides[i - 1];
    if (++index[i - 1] < view->dims[i - 1])
      return;
    *position -= view->dims[i - 1] * view->strides[i - 1];
    index[i - 1] = 0;
  }
}

static void
gather (const E2vView * view, const E2vTensor * numbers, gsize n_elements,
    float *dst)
{
  guint64 index[E2V_MAX_DIMS] = { 0 }, position = view->offset;
  gsize run;
  guint outer = view->n_dims - contiguous_tail (view, &run);

  for (gsize done = 0; done < n_elements; done += run) {
    e2v_tensor_read_f32 (numbers, (gsize) position, run, dst + done);
    advance (view, outer, index, &position);
  }
}

gboolean
e2v_checkpoint_read (E2vCheckpoint * checkpoint, const E2vView * view,
    float *dst, GError ** error)
{
  const E2vStorage *storage = &view->storage->v.storage;
  E2vTensor numbers = {.dtype = storage->dtype,.n_dims = 1 };
  gsize n_elements, size;

  if (!e2v_view_check (view, &n_elements, error))
    return FALSE;
  numbers.data = load_storage (checkpoint, storage, &size, error);
  if (!numbers.data)
    return FALSE;
  if (size / storage->element_size != storage->n_elements
      || size % storage->element_size != 0)
    return e2v_bad_format (error, "its storage has %" G_GSIZE_FORMAT " bytes "
        "instead of %" G_GUINT64_FORMAT " elements", size, storage->n_elements);
  numbers.dims[0] = storage->n_elements;
  numbers.size = size;
  gather (view, &numbers, n_elements, dst);
  return TRUE;
}
