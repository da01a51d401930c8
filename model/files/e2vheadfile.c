/* e2vheadfile.c - the file of a linear head: an E2vHead as GGUF version 3.
 *
 * Metadata are verified before they are believed, then the shapes of the two tensors, then their contents; files are
 * small, so that is done each time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vheadfile.h"

#include "e2vbytes.h"
#include "e2vchecksums.h"
#include "e2verror.h"
#include "e2vmodelkeys.h"

#include <string.h>

#define KEY(name) E2V_HEAD_ARCHITECTURE "." name
#define WEIGHT "head.weight"
#define BIAS "head.bias"

/* ggml's number for general.file_type: all F32 */
#define FILE_TYPE_F32 0

/* Texts that may be absent. */
static const struct
{
  const char *key;
  gsize offset;
} texts[] = {
  {"general.name", G_STRUCT_OFFSET (E2vHeadSpec, name)},
  {"general.license", G_STRUCT_OFFSET (E2vHeadSpec, licence)},
  {KEY ("training"), G_STRUCT_OFFSET (E2vHeadSpec, training)},
  {KEY ("model.name"), G_STRUCT_OFFSET (E2vHeadSpec, origin.name)},
  {KEY ("model.checksum"), G_STRUCT_OFFSET (E2vHeadSpec, origin.content_id)},
};

static void
spec_clear (E2vHeadSpec * spec)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (G_STRUCT_MEMBER (char *, spec, texts[i].offset));
  g_strfreev (spec->labels);
  g_free (spec->weight);
  g_free (spec->bias);
  g_free (spec->origin.utterance);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (E2vHeadSpec, spec_clear);

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void
write_keys (const E2vHeadSpec * spec, E2vGgufWriter * writer)
{
  const E2vHeadOrigin *origin = &spec->origin;

  e2v_gguf_writer_add_string (writer, "general.architecture",
      E2V_HEAD_ARCHITECTURE);
  e2v_gguf_writer_add_u32 (writer, "general.file_type", FILE_TYPE_F32);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    const char *text = G_STRUCT_MEMBER (char *, spec, texts[i].offset);

    if (text)
      e2v_gguf_writer_add_string (writer, texts[i].key, text);
  }
  e2v_gguf_writer_add_u32 (writer, KEY ("file_version"), E2V_HEAD_FILE_VERSION);
  e2v_gguf_writer_add_u32 (writer, KEY ("embedding_length"), spec->dim);
  e2v_gguf_writer_add_u32 (writer, KEY ("class_count"), spec->n_classes);
  e2v_gguf_writer_add_strings (writer, KEY ("labels"),
      (const char *const *) spec->labels, spec->n_classes);
  e2v_gguf_writer_add_f64 (writer, KEY ("temperature"), spec->temperature);
  if (!origin->utterance)
    return;
  e2v_gguf_writer_add_u32 (writer, KEY ("model.selftest.signal_version"),
      E2V_SELFTEST_SIGNAL_VERSION);
  e2v_gguf_writer_add_u32 (writer, KEY ("model.selftest.sample_count"),
      origin->n_samples);
  e2v_gguf_writer_add_f32s (writer, KEY ("model.selftest.utterance"),
      origin->utterance, spec->dim);
}

gboolean
e2v_head_save (const E2vHead * head, const char *path, GError ** error)
{
  g_autoptr (E2vGgufWriter) writer = e2v_gguf_writer_new ();
  const E2vHeadSpec *spec = e2v_head_spec (head);
  const E2vTensor weight = {.name = (char *) WEIGHT,.dtype = E2V_DTYPE_F32,
    .n_dims = 2,.dims = {spec->n_classes, spec->dim},
    .data = (const guint8 *) spec->weight,
    .size = (gsize) spec->n_classes * spec->dim * sizeof (float)
  };
  const E2vTensor bias = {.name = (char *) BIAS,.dtype = E2V_DTYPE_F32,
    .n_dims = 1,.dims = {spec->n_classes},
    .data = (const guint8 *) spec->bias,
    .size = spec->n_classes * sizeof (float)
  };
  const E2vTensor *tensors[] = { &weight, &bias };

  write_keys (spec, writer);
  e2v_checksums_add_tensors (writer, E2V_HEAD_ARCHITECTURE, tensors,
      G_N_ELEMENTS (tensors));
  e2v_checksums_add_metadata (writer, E2V_HEAD_ARCHITECTURE);
  return e2v_gguf_writer_write (writer, path, error);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static gboolean
check_kind (const E2vGguf * gguf, GError ** error)
{
  g_autofree char *architecture =
      e2v_gguf_get_string (gguf, "general.architecture", error);
  guint32 version;

  if (!architecture)
    return FALSE;
  if (strcmp (architecture, E2V_HEAD_ARCHITECTURE) != 0) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC, strcmp
        (architecture, E2V_MODEL_ARCHITECTURE) == 0 ?
        "a whole model ('%s'), not a head ('" E2V_HEAD_ARCHITECTURE "')" :
        "a file of the architecture '%s', not '" E2V_HEAD_ARCHITECTURE "'",
        architecture);
    return FALSE;
  }
  if (!e2v_gguf_get_u32 (gguf, KEY ("file_version"), &version, error))
    return FALSE;
  if (version != E2V_HEAD_FILE_VERSION)
    return e2v_bad_format (error, "version %u of the head file, this program "
        "reads version %u: train the head again", version,
        E2V_HEAD_FILE_VERSION);
  return TRUE;
}

static gboolean
read_texts (const E2vGguf * gguf, E2vHeadSpec * spec, GError ** error)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    char *text;

    if (!e2v_gguf_has (gguf, texts[i].key))
      continue;
    text = e2v_gguf_get_string (gguf, texts[i].key, error);
    if (!text)
      return FALSE;
    G_STRUCT_MEMBER (char *, spec, texts[i].offset) = text;
  }
  return TRUE;
}

/* Sizes are believed only when a tensor or an array of the file has them. */
static gboolean
read_numbers (const E2vGguf * gguf, E2vHeadSpec * spec, GError ** error)
{
  if (!e2v_gguf_get_u32 (gguf, KEY ("embedding_length"), &spec->dim, error)
      || !e2v_gguf_get_u32 (gguf, KEY ("class_count"), &spec->n_classes, error)
      || !e2v_gguf_get_f64 (gguf, KEY ("temperature"), &spec->temperature,
          error))
    return FALSE;
  spec->labels = e2v_gguf_get_strings (gguf, KEY ("labels"), error);
  if (!spec->labels)
    return FALSE;
  if (g_strv_length (spec->labels) != spec->n_classes)
    return e2v_bad_format (error, "%u labels for %u classes",
        g_strv_length (spec->labels), spec->n_classes);
  return TRUE;
}

/* The answer of the model to the self-test; one to another signal counts as none. */
static gboolean
read_origin (const E2vGguf * gguf, E2vHeadSpec * spec, GError ** error)
{
  g_autofree float *utterance = NULL;
  guint32 version, n_samples;
  gsize n;

  if (!e2v_gguf_has (gguf, KEY ("model.selftest.signal_version")))
    return TRUE;
  if (!e2v_gguf_get_u32 (gguf, KEY ("model.selftest.signal_version"), &version,
          error)
      || !e2v_gguf_get_u32 (gguf, KEY ("model.selftest.sample_count"),
          &n_samples, error))
    return FALSE;
  utterance = e2v_gguf_get_f32s (gguf, KEY ("model.selftest.utterance"), &n,
      error);
  if (!utterance)
    return FALSE;
  if (n != spec->dim)
    return e2v_bad_format (error, "the key '" KEY ("model.selftest.utterance")
        "' has %" G_GSIZE_FORMAT " values instead of %u", n, spec->dim);
  if (version != E2V_SELFTEST_SIGNAL_VERSION)
    return TRUE;
  spec->origin.n_samples = n_samples;
  spec->origin.utterance = g_steal_pointer (&utterance);
  return TRUE;
}

/* The values of a tensor of these dimensions; @n_dims is 1 or 2. */
static float *
read_tensor (const E2vGguf * gguf, const char *name, const guint64 * dims,
    guint n_dims, GError ** error)
{
  const E2vTensor *tensor = e2v_gguf_find (gguf, name);
  gsize n;
  float *values;

  if (!tensor) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
        "the tensor '%s' is missing", name);
    return NULL;
  }
  if (tensor->n_dims != n_dims || tensor->dtype != E2V_DTYPE_F32
      || memcmp (tensor->dims, dims, n_dims * sizeof *dims) != 0) {
    g_autofree char *is = e2v_shape_to_string (tensor->dims, tensor->n_dims);
    g_autofree char *wanted = e2v_shape_to_string (dims, n_dims);

    g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR, "the tensor '%s' is %s %s "
        "instead of F32 %s", name, e2v_dtype_name (tensor->dtype), is, wanted);
    return NULL;
  }
  n = e2v_tensor_n_elements (tensor);
  values = e2v_alloc (n, sizeof (float), error);
  if (values)
    e2v_tensor_read_f32 (tensor, 0, n, values);
  return values;
}

static gboolean
read_tensors (E2vGguf * gguf, E2vHeadSpec * spec, GError ** error)
{
  const guint64 dims[] = { spec->n_classes, spec->dim };

  for (guint i = 0; i < e2v_gguf_n_tensors (gguf); i++) {
    const char *name = e2v_gguf_tensor (gguf, i)->name;

    if (strcmp (name, WEIGHT) != 0 && strcmp (name, BIAS) != 0) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_TENSOR,
          "the tensor '%s' is surplus: a head has '" WEIGHT "' and '" BIAS "'",
          name);
      return FALSE;
    }
  }
  spec->weight = read_tensor (gguf, WEIGHT, dims, 2, error);
  spec->bias = spec->weight ? read_tensor (gguf, BIAS, dims, 1, error) : NULL;
  return spec->bias
      && e2v_checksums_verify_tensors (gguf, E2V_HEAD_ARCHITECTURE, error);
}

static E2vHead *
load_gguf (E2vGguf * gguf, GError ** error)
{
  g_auto (E2vHeadSpec) spec = { 0 };
  g_autofree char *checksum = NULL;

  if (!check_kind (gguf, error))
    return NULL;
  checksum = e2v_checksums_verify_metadata (gguf, E2V_HEAD_ARCHITECTURE, error);
  if (!checksum || !read_texts (gguf, &spec, error)
      || !read_numbers (gguf, &spec, error)
      || !read_origin (gguf, &spec, error)
      || !read_tensors (gguf, &spec, error))
    return NULL;
  return e2v_head_new (&spec, error);
}

E2vHead *
e2v_head_load_from_memory (const guint8 * data, gsize size, GError ** error)
{
  g_autoptr (E2vGguf) gguf = e2v_gguf_new_from_memory (data, size, error);

  return gguf ? load_gguf (gguf, error) : NULL;
}

E2vHead *
e2v_head_load (const char *path, GError ** error)
{
  g_autoptr (E2vGguf) gguf = e2v_gguf_open (path, error);
  E2vHead *head;

  if (!gguf)
    return NULL;
  head = load_gguf (gguf, error);
  if (!head)
    g_prefix_error (error, "%s: ", path);
  return head;
}
