/* e2vtorchstream.c - the stream container of torch.save before 1.6.
 *
 * The pickles: a magic number, the protocol's number 1001, facts about the system, the object, and the list of storage
 * keys. Then for each key in that order: the number of elements in 8 bytes, and the elements. Their size is only known
 * from the object's persistent ids.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vtorchstream.h"

#include "e2vbytes.h"
#include "e2vpickle.h"

#include <string.h>

#define PROTOCOL 1001
#define MAX_STORAGES (1 << 16)

/* The pickle of 0x1950a86a20f9469cfc6c without its first two bytes, which give the pickle protocol. */
static const guint8 magic[] = {
  0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'
};

typedef struct
{
  const E2vValue *key;
  guint order;                  /* in the file */
  gsize element_size;
  const guint8 *data;
  gsize size;
} Storage;

struct _E2vTorchStream
{
  const E2vValue *root;
  GArray *storages;             /* of Storage, sorted by key */
};

gboolean
e2v_torch_stream_is_one (const guint8 * data, gsize size)
{
  return size >= 2 + sizeof magic && data[0] == 0x80
      && memcmp (data + 2, magic, sizeof magic) == 0;
}

static const E2vValue *
next_pickle (E2vValuePool * pool, E2vBytes * bytes, GError ** error)
{
  gsize used;
  const E2vValue *value = e2v_pickle_read (pool, bytes->data + bytes->pos,
      e2v_bytes_left (bytes), &used, error);

  if (value)
    bytes->pos += used;
  return value;
}

static int
compare_storages (gconstpointer a, gconstpointer b)
{
  return e2v_value_compare_texts (((const Storage *) a)->key,
      ((const Storage *) b)->key);
}

static Storage *
find_storage (const E2vTorchStream * stream, const E2vValue * key)
{
  Storage wanted = {.key = key };

  if (stream->storages->len == 0)
    return NULL;
  return bsearch (&wanted, stream->storages->data, stream->storages->len,
      sizeof wanted, compare_storages);
}

/* The facts about the system: only the order of bytes matters. */
static gboolean
check_system (const E2vValue * system, GError ** error)
{
  const E2vValue *little = e2v_value_get (system, "little_endian");

  if (little && little->type == E2V_VALUE_BOOL && !little->v.integer)
    return e2v_bad_format (error, "a checkpoint of a big-endian machine, which "
        "is not supported");
  return TRUE;
}

/* Finds the object and returns the list of keys. */
static const E2vValue *
read_pickles (E2vTorchStream * stream, E2vValuePool * pool, E2vBytes * bytes,
    GError ** error)
{
  const E2vValue *number = next_pickle (pool, bytes, error), *version, *system;

  version = number ? next_pickle (pool, bytes, error) : NULL;
  if (!version)
    return NULL;
  if (version->type != E2V_VALUE_INT || version->v.integer != PROTOCOL) {
    e2v_bad_format (error, "a stream of torch.save of an unknown version");
    return NULL;
  }
  system = next_pickle (pool, bytes, error);
  if (!system || !check_system (system, error))
    return NULL;
  stream->root = next_pickle (pool, bytes, error);
  return stream->root ? next_pickle (pool, bytes, error) : NULL;
}

static gboolean
list_storages (E2vTorchStream * stream, const E2vValue * keys, GError ** error)
{
  guint n = e2v_value_length (keys);

  if (keys->type != E2V_VALUE_LIST || n > MAX_STORAGES)
    return e2v_bad_format (error, "the stream has no sound list of storages");
  for (guint i = 0; i < n; i++) {
    Storage storage = {.key = e2v_value_item (keys, i),.order = i };

    if (storage.key->type != E2V_VALUE_STRING)
      return e2v_bad_format (error, "the stream has a storage without a name");
    g_array_append_val (stream->storages, storage);
  }
  g_array_sort (stream->storages, compare_storages);
  for (guint i = 1; i < n; i++) {
    if (compare_storages (&g_array_index (stream->storages, Storage, i - 1),
            &g_array_index (stream->storages, Storage, i)) == 0)
      return e2v_bad_format (error, "the stream has a storage twice");
  }
  return TRUE;
}

static void
learn_element_sizes (E2vTorchStream * stream, const E2vValuePool * pool)
{
  for (guint i = 0; i < e2v_value_pool_size (pool); i++) {
    const E2vValue *value = e2v_value_pool_get (pool, i);
    Storage *storage;

    if (value->type != E2V_VALUE_STORAGE)
      continue;
    storage = find_storage (stream, value->v.storage.key);
    if (storage)
      storage->element_size = value->v.storage.element_size;
  }
}

static gboolean
place_storage (Storage * storage, E2vBytes * bytes, GError ** error)
{
  guint64 n;

  if (storage->element_size == 0)
    return e2v_bad_format (error, "the stream has a storage that no tensor "
        "uses");
  if (!e2v_bytes_u64 (bytes, &n)
      || n > e2v_bytes_left (bytes) / storage->element_size
      || !e2v_bytes_take (bytes, n * storage->element_size, &storage->data))
    return e2v_bad_format (error, "the stream ends within storage '%.*s'",
        (int) MIN (storage->key->v.text.size, 40),
        (const char *) storage->key->v.text.data);
  storage->size = (gsize) n *storage->element_size;

  return TRUE;
}

static gboolean
place_storages (E2vTorchStream * stream, E2vBytes * bytes, GError ** error)
{
  guint n = stream->storages->len;
  g_autofree Storage **in_order = g_new (Storage *, n + 1);

  for (guint i = 0; i < n; i++) {
    Storage *storage = &g_array_index (stream->storages, Storage, i);

    in_order[storage->order] = storage;
  }
  for (guint i = 0; i < n; i++) {
    if (!place_storage (in_order[i], bytes, error))
      return FALSE;
  }
  if (e2v_bytes_left (bytes) > 0)
    return e2v_bad_format (error, "%" G_GSIZE_FORMAT " bytes without meaning "
        "after the last storage", e2v_bytes_left (bytes));
  return TRUE;
}

E2vTorchStream *
e2v_torch_stream_read (E2vValuePool * pool, const guint8 * data, gsize size,
    GError ** error)
{
  g_autoptr (E2vTorchStream) stream = g_new0 (E2vTorchStream, 1);
  const E2vValue *keys;
  E2vBytes bytes;

  stream->storages = g_array_new (FALSE, FALSE, sizeof (Storage));
  e2v_bytes_init (&bytes, data, size);
  keys = read_pickles (stream, pool, &bytes, error);
  if (!keys || !list_storages (stream, keys, error))
    return NULL;
  learn_element_sizes (stream, pool);
  if (!place_storages (stream, &bytes, error))
    return NULL;
  return g_steal_pointer (&stream);
}

void
e2v_torch_stream_free (E2vTorchStream * stream)
{
  if (!stream)
    return;
  g_array_unref (stream->storages);
  g_free (stream);
}

const E2vValue *
e2v_torch_stream_root (const E2vTorchStream * stream)
{
  return stream->root;
}

const guint8 *
e2v_torch_stream_storage (const E2vTorchStream * stream,
    const E2vStorage * storage, gsize * size, GError ** error)
{
  const Storage *found = find_storage (stream, storage->key);

  if (!found) {
    e2v_bad_format (error, "the stream has no storage for a tensor");
    return NULL;
  }
  *size = found->size;
  return found->data;
}
