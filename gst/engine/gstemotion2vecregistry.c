/* gstemotion2vecregistry.c - the engines of the process, by file, device and precision.
 *
 * (1) An entry is there from the moment that an engine begins to open until its last user goes. Who asks for the same
 *     meanwhile waits, and then shares it, or tries by itself if it failed.
 * (2) The lock is not held while a model loads.
 * (3) A user is counted, and the last one's entry removed, under the same lock: nobody gets an engine that is going.
 * (4) A child of fork() finds no entries: those of its parent are left where they are, as their engines are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecregistry.h"

#include <errno.h>
#include <sys/stat.h>

#include "e2verror.h"
#include "e2vmodelfile.h"
#include "gstemotion2vecenginepriv.h"
#include "gstemotion2vecerrors.h"
#include "gstemotion2vecmodelsearch.h"
#include "gstemotion2vecprocess.h"

/* What makes two elements share an engine. A replaced file is another model. */
typedef struct
{
  guint64 device_id, inode, size, seconds, nanoseconds;
  char *device;
  GstEmotion2vecPrecision precision;
} Key;

typedef struct
{
  Key key;
  GstEmotion2vecEngine *engine; /* NULL while it opens */
} Entry;

static struct
{
  GCond changed;                /* an engine is open or failed to open */
  GList *entries;
  guint process;                /* that they belong to */
} registry;

static GstEmotion2vecEncoderFunc make_encoder = e2v_encoder_new;

void
gst_emotion2vec_registry_set_encoder_func (GstEmotion2vecEncoderFunc func)
{
  make_encoder = func ? func : e2v_encoder_new;
}

/* ---- keys and entries ------------------------------------------------------------------------------------------- */

static gboolean
key_init (Key * key, const char *path, const char *device,
    GstEmotion2vecPrecision precision, GError ** error)
{
  struct stat identity;

  if (stat (path, &identity) != 0) {
    int code = errno;

    g_set_error (error, E2V_ERROR, code == ENOENT ? E2V_ERROR_NOT_FOUND :
        E2V_ERROR_IO, "cannot look at the model file \"%s\": %s", path,
        g_strerror (code));
    return FALSE;
  }
  key->device_id = (guint64) identity.st_dev;
  key->inode = (guint64) identity.st_ino;
  key->size = (guint64) identity.st_size;
  key->seconds = (guint64) identity.st_mtim.tv_sec;
  key->nanoseconds = (guint64) identity.st_mtim.tv_nsec;
  key->device = g_strdup (device && *device ? device : "auto");
  key->precision = precision;
  return TRUE;
}

static gboolean
key_equal (const Key * a, const Key * b)
{
  return a->device_id == b->device_id && a->inode == b->inode
      && a->size == b->size && a->seconds == b->seconds
      && a->nanoseconds == b->nanoseconds
      && g_str_equal (a->device, b->device) && a->precision == b->precision;
}

/* Takes over @key. */
static Entry *
add_entry (const Key * key)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->key = *key;
  registry.entries = g_list_prepend (registry.entries, entry);
  return entry;
}

static void
remove_entry (Entry * entry)
{
  registry.entries = g_list_remove (registry.entries, entry);
  g_free (entry->key.device);
  g_free (entry);
}

static Entry *
find_entry (const Key * key)
{
  for (GList * item = registry.entries; item; item = item->next) {
    Entry *entry = item->data;

    if (key_equal (&entry->key, key))
      return entry;
  }
  return NULL;
}

/* Under the lock. */
static void
leave_entries_of_parent (void)
{
  if (registry.process == gst_emotion2vec_process_number ())
    return;
  registry.process = gst_emotion2vec_process_number ();
  registry.entries = NULL;
  g_cond_init (&registry.changed);
}

void
gst_emotion2vec_registry_remove (const GstEmotion2vecEngine * engine)
{
  for (GList * item = registry.entries; item; item = item->next) {
    Entry *entry = item->data;

    if (entry->engine == engine) {
      remove_entry (entry);
      return;
    }
  }
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static E2vPrecision
e2v_precision (GstEmotion2vecPrecision precision)
{
  switch (precision) {
    case GST_EMOTION2VEC_PRECISION_FP32:
      return E2V_PRECISION_FP32;
    case GST_EMOTION2VEC_PRECISION_FP16:
      return E2V_PRECISION_FP16;
    default:
      return E2V_PRECISION_AUTO;
  }
}

/* Loads the model and opens the device. */
static GstEmotion2vecEngine *
load (const char *path, const char *device, GstEmotion2vecPrecision precision,
    GError ** error)
{
  g_autoptr (E2vModel) model = e2v_model_load (path, error);
  g_autofree char *name = g_path_get_basename (path);
  E2vEncoder *encoder;
  char *warning = NULL;

  if (!model)
    return NULL;
  encoder = make_encoder (model, device, e2v_precision (precision), &warning,
      error);
  if (!encoder)
    return NULL;
  return gst_emotion2vec_engine_new_on (encoder, name, warning);
}

/* An open engine for @key with a user more, or NULL. Waits while it is opened by another. Under the lock. */
static GstEmotion2vecEngine *
join (const Key * key)
{
  Entry *entry;

  while ((entry = find_entry (key)) && !entry->engine)
    gst_emotion2vec_wait (&registry.changed);
  if (!entry)
    return NULL;
  entry->engine->n_users++;
  return entry->engine;
}

/* Takes over @key. */
static GstEmotion2vecEngine *
join_or_load (const char *path, Key * key, GError ** error)
{
  GstEmotion2vecEngine *engine;
  Entry *entry;

  gst_emotion2vec_lock ();
  leave_entries_of_parent ();
  engine = join (key);
  entry = engine ? NULL : add_entry (key);
  gst_emotion2vec_unlock ();
  if (engine) {
    g_free (key->device);
    return engine;
  }
  engine = load (path, key->device, key->precision, error);
  gst_emotion2vec_lock ();
  entry->engine = engine;
  if (!engine)
    remove_entry (entry);
  g_cond_broadcast (&registry.changed);
  gst_emotion2vec_unlock ();
  return engine;
}

/* @cause: (out): in the words of model/. */
static GstEmotion2vecEngine *
open_engine (const char *model_file, const char *device,
    GstEmotion2vecPrecision precision, GError ** cause)
{
  g_autofree char *path = NULL;
  Key key;

  gst_emotion2vec_process_init ();
  path = gst_emotion2vec_find_model (model_file, cause);
  if (!path || !key_init (&key, path, device, precision, cause))
    return NULL;
  return join_or_load (path, &key, cause);
}

GstEmotion2vecEngine *
gst_emotion2vec_engine_open (const char *model_file, const char *device,
    GstEmotion2vecPrecision precision, GError ** error)
{
  g_autoptr (GError) cause = NULL;
  GstEmotion2vecEngine *engine =
      open_engine (model_file, device, precision, &cause);

  if (!engine)
    g_propagate_error (error, gst_emotion2vec_error_new (cause));
  return engine;
}

GstEmotion2vecEngine *
gst_emotion2vec_engine_open_by_options (const char *model_file,
    const char *device, GstEmotion2vecPrecision precision, GError ** error)
{
  g_autoptr (GError) cause = NULL;
  GstEmotion2vecEngine *engine =
      open_engine (model_file, device, precision, &cause);

  if (!engine)
    g_propagate_error (error, gst_emotion2vec_error_new_for_options (cause));
  return engine;
}
