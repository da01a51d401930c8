/* test-modelfile.c - a model file gives back what was saved, and no fault in it passes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE             /* memmem */
#include "e2vbytes.h"
#include "e2verror.h"
#include "e2vgguf.h"
#include "e2vggufwriter.h"
#include "e2vmodelfile.h"
#include "filesutil.h"

#include <string.h>

/* @model with its matrices in half precision, and with its self-test. */
static E2vModel *
half_of (E2vModel * model)
{
  const E2vLayout *layout = e2v_model_layout (model);
  const guint n = e2v_layout_size (layout);
  const E2vSelftest *test = e2v_model_selftest (model);
  g_autofree E2vTensor *tensors = g_new (E2vTensor, n);
  E2vModelStorage storage = {.free = (GDestroyNotify) g_ptr_array_unref };
  GPtrArray *copies = g_ptr_array_new_with_free_func (g_free);
  E2vModel *half;

  for (guint i = 0; i < n; i++) {
    const E2vTensor *tensor = e2v_model_tensor (model, i);
    float *copy = g_memdup2 (tensor->data, tensor->size);

    tensors[i] = *tensor;
    if (e2v_role_is_matrix (e2v_layout_get (layout, i)->role))
      e2v_tensor_round_to_half (&tensors[i], copy);
    tensors[i].data = (const guint8 *) copy;
    g_ptr_array_add (copies, copy);
  }
  storage.data = copies;
  half = e2v_model_new (e2v_model_hparams (model), e2v_model_labels (model),
      tensors, e2v_model_info (model), &storage, NULL);
  g_assert_nonnull (half);
  e2v_model_set_selftest (half, test->n_samples, test->utterance, test->scores);
  return half;
}

static GByteArray *
saved_bytes (gboolean half)
{
  g_autoptr (E2vModel) plain = files_test_model ();
  g_autoptr (E2vModel) model = half ? half_of (plain) : e2v_model_ref (plain);
  g_autofree char *path = files_test_path ("saved.gguf");
  g_autoptr (GError) error = NULL;

  e2v_model_save (model, path, &error);
  g_assert_no_error (error);
  return files_test_read (path);
}

/* Loads a file in memory that has to be refused. */
static GError *
refusal (const GByteArray * bytes)
{
  GError *error = NULL;
  E2vModel *model = e2v_model_load_from_memory (bytes->data, bytes->len,
      &error);

  g_assert_null (model);
  return error;
}

static void
compare_values (E2vModel * a, E2vModel * b, gboolean half)
{
  const E2vLayout *layout = e2v_model_layout (a);

  for (guint i = 0; i < e2v_layout_size (layout); i++) {
    const E2vTensor *x = e2v_model_tensor (a, i), *y = e2v_model_tensor (b, i);
    gsize n = e2v_tensor_n_elements (x);
    gboolean rounded = half
        && e2v_role_is_matrix (e2v_layout_get (layout, i)->role);

    g_assert_cmpint (y->dtype, ==, rounded ? E2V_DTYPE_F16 : E2V_DTYPE_F32);
    g_assert_cmpuint (e2v_tensor_n_elements (y), ==, n);
    for (gsize j = 0; j < n; j++) {
      float u, v;

      e2v_tensor_read_f32 (x, j, 1, &u);
      e2v_tensor_read_f32 (y, j, 1, &v);
      g_assert_cmpfloat (v, ==,
          rounded ? files_round ((double) u, 10, -14) : (double) u);
    }
  }
}

static void
compare_selftest (E2vModel * a, E2vModel * b)
{
  const E2vSelftest *x = e2v_model_selftest (a), *y = e2v_model_selftest (b);

  g_assert_nonnull (y);
  g_assert_cmpuint (x->n_samples, ==, y->n_samples);
  g_assert_cmpmem (x->utterance, 24 * sizeof (float), y->utterance,
      24 * sizeof (float));
  g_assert_cmpmem (x->scores, 9 * sizeof (float), y->scores,
      9 * sizeof (float));
}

static void
test_round_trip (gconstpointer data)
{
  gboolean half = GPOINTER_TO_INT (data);
  g_autoptr (E2vModel) model = files_test_model ();
  g_autoptr (E2vModel) saved = half ? half_of (model) : e2v_model_ref (model);
  g_autofree char *path = files_test_path ("trip.gguf");
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vModel) back = NULL;

  e2v_model_save (saved, path, &error);
  g_assert_no_error (error);
  back = e2v_model_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (e2v_model_hparams (model), sizeof (E2vHparams),
      e2v_model_hparams (back), sizeof (E2vHparams));
  g_assert_true (g_strv_equal (e2v_model_labels (model),
          e2v_model_labels (back)));
  compare_values (model, back, half);
  compare_selftest (model, back);
}

/* Half precision is refused to weights that it cannot hold. */
static void
test_half_where_safe (void)
{
  g_autoptr (E2vModel) model = files_test_model ();
  int index = e2v_layout_find (e2v_model_layout (model), E2V_ROLE_FC1_WEIGHT,
      1);
  const E2vTensor *tensor = e2v_model_tensor (model, (guint) index);
  g_autofree char *path = files_test_path ("safe.gguf");
  g_autoptr (E2vModel) half = NULL, back = NULL;
  const float huge = 1e6f;

  memcpy ((guint8 *) tensor->data, &huge, sizeof huge);
  half = half_of (model);
  g_assert_true (e2v_model_save (half, path, NULL));
  back = e2v_model_load (path, NULL);
  g_assert_nonnull (back);
  g_assert_cmpint (e2v_model_tensor (back, (guint) index)->dtype, ==,
      E2V_DTYPE_F32);
  g_assert_cmpint (e2v_model_tensor (back, (guint) index + 2)->dtype, ==,
      E2V_DTYPE_F16);
}

static void
test_info (void)
{
  const E2vModelInfo info = {.name = (char *) "näme",.licence = (char *) "MIT",
    .licence_text = (char *) "line\nline\n",.source = (char *) "model.pt",
    .source_sha256 = (char *) "abc",.temperature = 1.5
  };
  g_autoptr (E2vModel) plain = files_test_model (), model = NULL, back = NULL;
  guint n = e2v_layout_size (e2v_model_layout (plain));
  g_autofree E2vTensor *tensors = g_new (E2vTensor, n);
  g_autofree char *path = files_test_path ("info.gguf");

  for (guint i = 0; i < n; i++)
    tensors[i] = *e2v_model_tensor (plain, i);
  model = e2v_model_new (e2v_model_hparams (plain), e2v_model_labels (plain),
      tensors, &info, NULL, NULL);
  g_assert_nonnull (model);
  g_assert_true (e2v_model_save (model, path, NULL));
  back = e2v_model_load (path, NULL);
  g_assert_nonnull (back);
  g_assert_cmpstr (e2v_model_info (back)->name, ==, info.name);
  g_assert_cmpstr (e2v_model_info (back)->licence, ==, info.licence);
  g_assert_cmpstr (e2v_model_info (back)->licence_text, ==, info.licence_text);
  g_assert_cmpstr (e2v_model_info (back)->source, ==, info.source);
  g_assert_cmpstr (e2v_model_info (back)->source_sha256, ==, "abc");
  g_assert_cmpfloat (e2v_model_info (back)->temperature, ==, 1.5);
  g_assert_null (e2v_model_selftest (back));
}

/* Writes the parts of a file again after @edit had its way with each tensor (FALSE: leave it out). Keys stay, and with
 * them the checksum of the metadata. */
typedef gboolean (*Edit) (E2vTensor * tensor);

static GByteArray *
rewritten (Edit edit, const E2vTensor * surplus)
{
  g_autoptr (GByteArray) bytes = saved_bytes (FALSE);
  g_autoptr (E2vGguf) gguf =
      e2v_gguf_new_from_memory (bytes->data, bytes->len, NULL);
  g_autoptr (E2vGgufWriter) writer = e2v_gguf_writer_new ();
  g_autofree char *path = files_test_path ("rewritten.gguf");

  g_assert_nonnull (gguf);
  for (guint i = 0; i < e2v_gguf_n_keys (gguf); i++) {
    gsize size;
    const guint8 *entry = e2v_gguf_entry (gguf, i, &size);

    e2v_gguf_writer_add_entry (writer, entry, size);
  }
  for (guint i = 0; i < e2v_gguf_n_tensors (gguf); i++) {
    E2vTensor tensor = *e2v_gguf_tensor (gguf, i);

    if (!edit || edit (&tensor))
      e2v_gguf_writer_add_tensor (writer, &tensor);
  }
  if (surplus)
    e2v_gguf_writer_add_tensor (writer, surplus);
  g_assert_true (e2v_gguf_writer_write (writer, path, NULL));
  return files_test_read (path);
}

static gboolean
drop_fc2 (E2vTensor * tensor)
{
  return strcmp (tensor->name, "blk.1.fc2.weight") != 0;
}

static gboolean
rename_fc2 (E2vTensor * tensor)
{
  if (!drop_fc2 (tensor))
    tensor->name = (char *) "blk.1.fc9.weight";
  return TRUE;
}

static gboolean
shrink_fc2 (E2vTensor * tensor)
{
  if (!drop_fc2 (tensor)) {
    tensor->dims[0] -= 1;
    tensor->size -= tensor->dims[1] * sizeof (float);
  }
  return TRUE;
}

/* The same number of elements in another order. */
static gboolean
turn_fc2 (E2vTensor * tensor)
{
  guint64 rows = tensor->dims[0];

  if (!drop_fc2 (tensor)) {
    tensor->dims[0] = tensor->dims[1];
    tensor->dims[1] = rows;
  }
  return TRUE;
}

/* Two tensors of the same shape change places. */
static gboolean
swap_norms (E2vTensor * tensor)
{
  if (strcmp (tensor->name, "blk.1.norm1.weight") == 0)
    tensor->name = (char *) "blk.1.norm2.weight";
  else if (strcmp (tensor->name, "blk.1.norm2.weight") == 0)
    tensor->name = (char *) "blk.1.norm1.weight";
  return TRUE;
}

static void
test_wrong_tensors (void)
{
  const float number = 1;
  E2vTensor surplus = {.name = (char *) "blk.1.extra",.n_dims = 1,
    .dims = {1},.data = (const guint8 *) &number,.size = sizeof number
  };
  const struct
  {
    Edit edit;
    const E2vTensor *surplus;
    const char *words[2];
  } faults[] = {
    {drop_fc2, NULL, {"blk.1.fc2.weight", "missing"}},
    {rename_fc2, NULL, {"blk.1.fc2.weight", "blk.1.fc9.weight"}},
    {shrink_fc2, NULL, {"blk.1.fc2.weight", "[23, 40] instead of [24, 40]"}},
    {turn_fc2, NULL, {"blk.1.fc2.weight", "[40, 24] instead of [24, 40]"}},
    {NULL, &surplus, {"blk.1.extra", "surplus"}},
    {swap_norms, NULL, {"blk.1.norm", "checksum"}},
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autoptr (GByteArray) bytes = rewritten (faults[i].edit,
        faults[i].surplus);

    files_test_expect (refusal (bytes), E2V_ERROR_TENSOR, faults[i].words[0],
        faults[i].words[1], NULL);
  }
}

/* Each tensor's first and last byte in turn. */
static void
test_flipped_weights (void)
{
  g_autoptr (GByteArray) bytes = saved_bytes (TRUE);
  g_autoptr (E2vGguf) gguf =
      e2v_gguf_new_from_memory (bytes->data, bytes->len, NULL);

  for (guint i = 0; i < e2v_gguf_n_tensors (gguf); i++) {
    const E2vTensor *tensor = e2v_gguf_tensor (gguf, i);

    for (guint end = 0; end < 2; end++) {
      guint8 *byte = (guint8 *) tensor->data + (end ? tensor->size - 1 : 0);

      *byte ^= 1;
      files_test_expect (refusal (bytes), E2V_ERROR_TENSOR, tensor->name,
          "checksum", NULL);
      *byte ^= 1;
    }
  }
}

/* Each byte of all keys in turn: refused by the checksum, or because the file makes no sense any more. */
static void
test_flipped_metadata (void)
{
  g_autoptr (GByteArray) bytes = saved_bytes (FALSE);
  g_autoptr (E2vGguf) gguf =
      e2v_gguf_new_from_memory (bytes->data, bytes->len, NULL);
  gsize size;
  const guint8 *last = e2v_gguf_entry (gguf, e2v_gguf_n_keys (gguf) - 1, &size);
  gsize end = (gsize) (last - bytes->data) + size;

  for (gsize i = 24; i < end; i++) {
    g_autoptr (GError) error = NULL;

    bytes->data[i] ^= 4;
    error = refusal (bytes);
    g_assert_nonnull (error);
    g_assert_true (error->code == E2V_ERROR_FORMAT
        || error->code == E2V_ERROR_NOT_EMOTION2VEC);
    bytes->data[i] ^= 4;
  }
}

static guint8 *
find_bytes (GByteArray * bytes, const char *text)
{
  guint8 *found = memmem (bytes->data, bytes->len, text, strlen (text));

  g_assert_nonnull (found);
  return found;
}

static void
test_exchanged_labels (void)
{
  g_autoptr (GByteArray) bytes = saved_bytes (FALSE);
  guint8 *happy = find_bytes (bytes, "开心/happy"), *other;

  /* as long as happy */
  other = find_bytes (bytes, "生气/angry");
  memcpy (happy, "生气/angry", strlen ("生气/angry"));
  memcpy (other, "开心/happy", strlen ("开心/happy"));
  files_test_expect (refusal (bytes), E2V_ERROR_FORMAT, "metadata", "labels",
      NULL);
}

static void
test_truncated (void)
{
  g_autoptr (GByteArray) bytes = saved_bytes (FALSE);
  guint full = bytes->len;

  for (guint i = 0; i < full; i += i < 4000 ? 1 : 97) {
    g_autoptr (GError) error = NULL;

    bytes->len = i;
    error = refusal (bytes);
    g_assert_error (error, E2V_ERROR, E2V_ERROR_FORMAT);
  }
  bytes->len = full;
  g_byte_array_append (bytes, (const guint8 *) "nonsense", 8);
  files_test_expect (refusal (bytes), E2V_ERROR_FORMAT, "after the last tensor",
      NULL);
}

/* The verdict on a sound file is kept, and a changed file is another one. */
static void
test_verdict (void)
{
  g_autoptr (E2vModel) saved = files_test_model (), model = NULL;
  g_autofree char *path = files_test_path ("verdict.gguf");
  g_autofree char *cache = files_test_path ("cache/gst-emotion2vec/verified");
  g_autoptr (GByteArray) bytes = NULL;
  GError *error = NULL;

  g_assert_true (e2v_model_save (saved, path, NULL));
  model = e2v_model_load (path, NULL);
  g_assert_nonnull (model);
  g_assert_false (g_file_test (cache, G_FILE_TEST_EXISTS));
  g_clear_pointer (&model, e2v_model_unref);

  g_usleep (1100 * 1000);
  model = e2v_model_load (path, NULL);
  g_assert_nonnull (model);
  g_assert_true (g_file_test (cache, G_FILE_TEST_EXISTS));
  g_clear_pointer (&model, e2v_model_unref);
  model = e2v_model_load (path, NULL);
  g_assert_nonnull (model);
  g_clear_pointer (&model, e2v_model_unref);

  bytes = files_test_read (path);
  bytes->data[bytes->len - 33] ^= 1;
  g_assert_true (g_file_set_contents (path, (const char *) bytes->data,
          bytes->len, NULL));
  g_assert_null (e2v_model_load (path, &error));
  files_test_expect (error, E2V_ERROR_TENSOR, "checksum", path, NULL);
}

static void
test_other_files (void)
{
  g_autofree char *none = files_test_path ("none.gguf");
  g_autofree char *empty = files_test_write ("empty.gguf", "", 0);
  g_autofree char *folder = files_test_path ("");
  g_autoptr (E2vGgufWriter) writer = e2v_gguf_writer_new ();
  g_autofree char *llama = files_test_path ("llama.gguf");
  g_autofree char *nowhere = files_test_path ("no/such/folder.gguf");
  g_autoptr (E2vModel) model = files_test_model ();
  GError *error = NULL;

  g_assert_null (e2v_model_load (none, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_NOT_FOUND, none, NULL);
  g_assert_null (e2v_model_load (empty, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_FORMAT, empty,
      "not a GGUF file", NULL);
  g_assert_null (e2v_model_load (folder, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_IO, folder, NULL);
  e2v_gguf_writer_add_string (writer, "general.architecture", "llama");
  g_assert_true (e2v_gguf_writer_write (writer, llama, NULL));
  g_assert_null (e2v_model_load (llama, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_NOT_EMOTION2VEC,
      "llama", NULL);
  g_assert_false (e2v_model_save (model, nowhere, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_IO, nowhere, NULL);
}

int
main (int argc, char **argv)
{
  files_test_init (&argc, &argv);
  g_test_add_data_func ("/modelfile/round-trip/f32", GINT_TO_POINTER (FALSE),
      test_round_trip);
  g_test_add_data_func ("/modelfile/round-trip/f16", GINT_TO_POINTER (TRUE),
      test_round_trip);
  g_test_add_func ("/modelfile/half-where-safe", test_half_where_safe);
  g_test_add_func ("/modelfile/info", test_info);
  g_test_add_func ("/modelfile/wrong-tensors", test_wrong_tensors);
  g_test_add_func ("/modelfile/flipped-weights", test_flipped_weights);
  g_test_add_func ("/modelfile/flipped-metadata", test_flipped_metadata);
  g_test_add_func ("/modelfile/exchanged-labels", test_exchanged_labels);
  g_test_add_func ("/modelfile/truncated", test_truncated);
  g_test_add_func ("/modelfile/verdict", test_verdict);
  g_test_add_func ("/modelfile/other-files", test_other_files);
  return files_test_run ();
}
