/* test-headfile.c - a head gives back what was saved, goes with its model only, and no fault in its file passes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vchecksums.h"
#include "e2verror.h"
#include "e2vhead.h"
#include "e2vheadfile.h"
#include "e2vmodelfile.h"
#include "e2vscores.h"
#include "filesutil.h"

#include <math.h>
#include <string.h>

#define DIM 24
#define CLASSES 3

/* The head of a call centre, for files_test_model(). */
static E2vHeadSpec
make_spec (float *weight, float *bias, E2vModel * model)
{
  static const char *labels[] = { "customer/calm", "customer/angry", "无声",
    NULL
  };
  E2vHeadSpec spec = {.dim = DIM,.n_classes = CLASSES,
    .labels = (char **) labels,.weight = weight,.bias = bias,
    .temperature = 1.25,.name = (char *) "calls",.licence = (char *) "MIT",
    .training = (char *) "3 clips of 2 speakers"
  };

  for (guint i = 0; i < CLASSES * DIM; i++)
    weight[i] = (float) sin (i);
  for (guint c = 0; c < CLASSES; c++)
    bias[c] = (float) c - 1;
  if (model)
    spec.origin = e2v_head_origin_of (model);
  return spec;
}

static E2vHead *
make_head (E2vModel * model)
{
  float weight[CLASSES * DIM], bias[CLASSES];
  const E2vHeadSpec spec = make_spec (weight, bias, model);
  E2vHead *head = e2v_head_new (&spec, NULL);

  g_assert_nonnull (head);
  return head;
}

/* files_test_model() as a model file has it: with a checksum. */
static E2vModel *
load_model (void)
{
  g_autoptr (E2vModel) model = files_test_model ();
  g_autofree char *path = files_test_path ("model.gguf");
  E2vModel *loaded;

  g_assert_true (e2v_model_save (model, path, NULL));
  loaded = e2v_model_load (path, NULL);
  g_assert_nonnull (loaded);
  return loaded;
}

static void
test_round_trip (void)
{
  g_autoptr (E2vModel) model = load_model ();
  g_autoptr (E2vHead) head = make_head (model), back = NULL;
  g_autofree char *path = files_test_path ("head.gguf");
  const E2vHeadSpec *a = e2v_head_spec (head), *b;
  g_autoptr (GError) error = NULL;

  e2v_head_save (head, path, &error);
  g_assert_no_error (error);
  back = e2v_head_load (path, &error);
  g_assert_no_error (error);
  b = e2v_head_spec (back);
  g_assert_cmpuint (b->dim, ==, DIM);
  g_assert_cmpuint (b->n_classes, ==, CLASSES);
  g_assert_true (g_strv_equal ((const char *const *) a->labels,
          (const char *const *) b->labels));
  g_assert_cmpmem (a->weight, CLASSES * DIM * sizeof (float), b->weight,
      CLASSES * DIM * sizeof (float));
  g_assert_cmpmem (a->bias, CLASSES * sizeof (float), b->bias,
      CLASSES * sizeof (float));
  g_assert_cmpfloat (b->temperature, ==, 1.25);
  g_assert_cmpstr (b->name, ==, "calls");
  g_assert_cmpstr (b->licence, ==, "MIT");
  g_assert_cmpstr (b->training, ==, "3 clips of 2 speakers");
  g_assert_cmpstr (b->origin.content_id, ==, e2v_model_content_id (model));
  g_assert_cmpuint (b->origin.n_samples, ==, 500);
  g_assert_cmpmem (b->origin.utterance, DIM * sizeof (float),
      e2v_model_selftest (model)->utterance, DIM * sizeof (float));
  g_assert_cmpstr (e2v_head_names (back)[0], ==, "calm");
  g_assert_cmpstr (e2v_head_names (back)[1], ==, "angry");
  g_assert_cmpstr (e2v_head_names (back)[2], ==, "class");
  g_assert_true (e2v_head_check_model (back, model, NULL));
}

/* softmax ((W x + b) / temperature), written down once more. */
static void
test_scores (void)
{
  g_autoptr (E2vHead) head = make_head (NULL);
  float x[2 * DIM], frames[2 * CLASSES];
  double logits[CLASSES], scores[CLASSES], expected[CLASSES];

  for (guint i = 0; i < 2 * DIM; i++)
    x[i] = (float) cos (3 * i);
  for (guint t = 0; t < 2; t++) {
    double sum = 0;

    for (guint c = 0; c < CLASSES; c++) {
      double z = (double) c - 1;

      for (guint i = 0; i < DIM; i++)
        z += (double) (float) sin (c * DIM + i) * (double) x[t * DIM + i];
      e2v_head_logits (head, x + t * DIM, logits);
      g_assert_cmpfloat_with_epsilon (logits[c], z, 1e-12);
      expected[c] = exp (z / 1.25);
      sum += expected[c];
    }
    e2v_head_scores (head, x + t * DIM, scores);
    e2v_head_frame_scores (head, x, 2, frames);
    for (guint c = 0; c < CLASSES; c++) {
      g_assert_cmpfloat_with_epsilon (scores[c], expected[c] / sum, 1e-14);
      g_assert_cmpfloat (frames[t * CLASSES + c], ==, (float) scores[c]);
    }
  }
}

/* Logits that no exponential holds. */
static void
test_large_logits (void)
{
  float weight[CLASSES * DIM], bias[CLASSES], x[DIM];
  E2vHeadSpec spec = make_spec (weight, bias, NULL);
  g_autoptr (E2vHead) head = NULL;
  double scores[CLASSES];

  for (guint i = 0; i < DIM; i++)
    x[i] = weight[DIM + i] = 1e18f;
  head = e2v_head_new (&spec, NULL);
  e2v_head_scores (head, x, scores);
  g_assert_cmpfloat (scores[0], ==, 0);
  g_assert_cmpfloat (scores[1], ==, 1);
}

/* The model's own head by itself says what the model says. */
static void
test_own_head (void)
{
  g_autoptr (E2vModel) model = load_model ();
  g_autoptr (E2vHead) head = e2v_head_new_from_model (model, NULL);
  float x[DIM], logits[9], scores[9];
  double ours[9];

  for (guint i = 0; i < DIM; i++)
    x[i] = (float) cos (5 * i);
  e2v_scores_head (model, x, logits);
  e2v_scores_from_logits (model, logits, scores);
  e2v_head_scores (head, x, ours);
  g_assert_cmpuint (e2v_head_spec (head)->n_classes, ==, 9);
  for (guint c = 0; c < 9; c++)
    g_assert_cmpfloat_with_epsilon (ours[c], (double) scores[c], 1e-6);
  g_assert_true (e2v_head_check_model (head, model, NULL));
}

/* ---- whose features --------------------------------------------------------------------------------------------- */

/* files_test_model(), of another width or with other answers to the self-test. */
static E2vModel *
make_model (guint dim, float change, guint n_samples)
{
  g_autoptr (E2vModel) base = files_test_model ();
  E2vHparams hparams = *e2v_model_hparams (base);
  g_autofree float *utterance = g_new (float, dim);
  E2vModel *model;

  hparams.embed_dim = dim;
  hparams.n_heads = hparams.alibi_heads = 4;
  hparams.pos_groups = 4;
  model = e2v_model_new_random (&hparams, 9, NULL);
  g_assert_nonnull (model);
  for (guint i = 0; i < dim; i++)
    utterance[i] = ((float) i / 7 - 1) * (1 + change);
  if (n_samples)
    e2v_model_set_selftest (model, n_samples, utterance, NULL);
  return model;
}

static void
refuse_model (const E2vHead * head, E2vModel * model, const char *words)
{
  GError *error = NULL;

  g_assert_false (e2v_head_check_model (head, model, &error));
  files_test_expect (error, E2V_ERROR_NOT_EMOTION2VEC, words, "train a head on "
      "this model", NULL);
}

/* Another file of the same features is the same model: half precision, other labels, another licence. */
static void
test_model (void)
{
  g_autoptr (E2vModel) model = load_model ();
  g_autoptr (E2vHead) head = make_head (model);
  g_autoptr (E2vModel) half = make_model (DIM, 1e-2f, 500);
  g_autoptr (E2vModel) other = make_model (DIM, 3e-2f, 500);
  g_autoptr (E2vModel) longer = make_model (DIM, 0, 501);
  g_autoptr (E2vModel) silent = make_model (DIM, 0, 0);
  g_autoptr (E2vModel) wide = make_model (32, 0, 500);
  g_autoptr (E2vHead) nowhere = make_head (NULL);

  g_assert_true (e2v_head_check_model (head, model, NULL));
  g_assert_true (e2v_head_check_model (head, half, NULL));
  refuse_model (head, other, "gives others");
  refuse_model (head, longer, "no self-test to compare");
  refuse_model (head, silent, "no self-test to compare");
  refuse_model (head, wide, "width 24");
  refuse_model (head, wide, "gives 32");
  refuse_model (head, other, "'random weights, seed 7' (");
  refuse_model (head, other, "'random weights, seed 9' (");
  refuse_model (nowhere, model, "'a model without a name' (no checksum)");
}

/* ---- faults ----------------------------------------------------------------------------------------------------- */

/* A file that may be wrong, but whose checksums are right. NULL and 0 leave out. */
typedef struct
{
  const char *architecture;
  guint32 version, dim, n_classes;
  const char *labels[5];
  double temperature;
  guint32 n_answer;             /* numbers of the self-test */
  guint64 weight_dims[2], bias_dims[1];
  E2vDtype dtype;               /* of the weight */
  const char *weight_name, *bias_name, *surplus;
  float number;                 /* one of the weight's */
} File;

static File
sound_file (void)
{
  const File file = { "emotion2vec-head", 1, DIM, CLASSES, {"a", "b", "c"}, 1,
  DIM, {CLASSES, DIM}, {CLASSES}, E2V_DTYPE_F32, "head.weight", "head.bias",
  NULL, 1
  };

  return file;
}

static void
add_tensor (GArray * tensors, const char *name, E2vDtype dtype,
    const guint64 * dims, guint n_dims, const float *data)
{
  E2vTensor tensor = {.name = (char *) name,.dtype = dtype,.n_dims = n_dims,
    .data = (const guint8 *) data
  };

  memcpy (tensor.dims, dims, n_dims * sizeof *dims);
  tensor.size = e2v_tensor_n_elements (&tensor) * e2v_dtype_size (dtype);
  if (name)
    g_array_append_val (tensors, tensor);
}

static void
write_keys (const File * file, E2vGgufWriter * writer)
{
  const float answer[64] = { 0 };

  e2v_gguf_writer_add_string (writer, "general.architecture",
      file->architecture);
  if (file->version)
    e2v_gguf_writer_add_u32 (writer, "emotion2vec-head.file_version",
        file->version);
  e2v_gguf_writer_add_u32 (writer, "emotion2vec-head.embedding_length",
      file->dim);
  e2v_gguf_writer_add_u32 (writer, "emotion2vec-head.class_count",
      file->n_classes);
  e2v_gguf_writer_add_strings (writer, "emotion2vec-head.labels",
      file->labels, g_strv_length ((char **) file->labels));
  e2v_gguf_writer_add_f64 (writer, "emotion2vec-head.temperature",
      file->temperature);
  e2v_gguf_writer_add_u32 (writer,
      "emotion2vec-head.model.selftest.signal_version", 1);
  e2v_gguf_writer_add_u32 (writer,
      "emotion2vec-head.model.selftest.sample_count", 500);
  e2v_gguf_writer_add_f32s (writer, "emotion2vec-head.model.selftest.utterance",
      answer, file->n_answer);
}

static char *
write_file (const File * file)
{
  g_autoptr (E2vGgufWriter) writer = e2v_gguf_writer_new ();
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (E2vTensor));
  const guint64 one[] = { 1 };
  float data[128] = { 0 };
  const E2vTensor *list[3];
  char *path = files_test_path ("faulty.gguf");

  data[5] = file->number;
  write_keys (file, writer);
  add_tensor (tensors, file->weight_name, file->dtype, file->weight_dims, 2,
      data);
  add_tensor (tensors, file->bias_name, E2V_DTYPE_F32, file->bias_dims, 1,
      data + 100);
  add_tensor (tensors, file->surplus, E2V_DTYPE_F32, one, 1, data);
  for (guint i = 0; i < tensors->len; i++)
    list[i] = &g_array_index (tensors, E2vTensor, i);
  e2v_checksums_add_tensors (writer, "emotion2vec-head", list, tensors->len);
  e2v_checksums_add_metadata (writer, "emotion2vec-head");
  g_assert_true (e2v_gguf_writer_write (writer, path, NULL));
  return path;
}

static void
refuse (const File * file, int code, const char *words)
{
  g_autofree char *path = write_file (file);
  GError *error = NULL;

  g_assert_null (e2v_head_load (path, &error));
  files_test_expect (error, code, words, path, NULL);
}

/* What @change makes of a sound file is refused. */
#define REFUSE(change, code, words) \
G_STMT_START { \
  File file = sound_file (); \
\
  change; \
  refuse (&file, code, words); \
} G_STMT_END

static void
test_faulty_keys (void)
{
  const File sound = sound_file ();
  g_autofree char *path = write_file (&sound);
  g_autoptr (E2vHead) head = e2v_head_load (path, NULL);

  g_assert_nonnull (head);
  REFUSE (file.architecture = "emotion2vec", E2V_ERROR_NOT_EMOTION2VEC,
      "a whole model");
  REFUSE (file.architecture = "llama", E2V_ERROR_NOT_EMOTION2VEC,
      "of the architecture 'llama'");
  REFUSE (file.version = 2, E2V_ERROR_FORMAT, "version 2 of the head file");
  REFUSE (file.version = 0, E2V_ERROR_FORMAT, "emotion2vec-head.file_version");
  REFUSE (file.n_classes = 4, E2V_ERROR_FORMAT, "3 labels for 4 classes");
  REFUSE (file.n_classes = G_MAXUINT32, E2V_ERROR_FORMAT, "3 labels for");
  REFUSE (file.labels[1] =
      "", E2V_ERROR_FORMAT, "class 1 of the head is empty");
  REFUSE (file.labels[2] = "a", E2V_ERROR_FORMAT, "have the label 'a'");
  REFUSE (file.temperature = 0, E2V_ERROR_FORMAT, "temperature");
  REFUSE (file.temperature = (double) NAN, E2V_ERROR_FORMAT, "temperature");
  REFUSE (file.n_answer = DIM + 1, E2V_ERROR_FORMAT, "25 values instead of 24");
  REFUSE (file.dim = 0, E2V_ERROR_FORMAT, "24 values instead of 0");
  REFUSE (file.dim = G_MAXUINT32, E2V_ERROR_FORMAT, "24 values instead of");
}

static void
one_class (File * file)
{
  file->n_classes = 1;
  file->labels[1] = NULL;
  file->weight_dims[0] = file->bias_dims[0] = 1;
}

static void
test_faulty_tensors (void)
{
  REFUSE (file.weight_name =
      NULL, E2V_ERROR_TENSOR, "'head.weight' is missing");
  REFUSE (file.bias_name = NULL, E2V_ERROR_TENSOR, "'head.bias' is missing");
  REFUSE (file.surplus = "head.extra", E2V_ERROR_TENSOR,
      "'head.extra' is surplus");
  REFUSE (file.weight_dims[1] = 25, E2V_ERROR_TENSOR,
      "'head.weight' is F32 [3, 25] instead of F32 [3, 24]");
  REFUSE (file.bias_dims[0] = 2, E2V_ERROR_TENSOR,
      "'head.bias' is F32 [2] instead of F32 [3]");
  REFUSE (file.dtype = E2V_DTYPE_F16, E2V_ERROR_TENSOR,
      "'head.weight' is F16 [3, 24] instead of F32 [3, 24]");
  REFUSE (file.number = INFINITY, E2V_ERROR_FORMAT,
      "weight of the head has a value that is not finite at element 5");
  REFUSE (one_class (&file), E2V_ERROR_FORMAT, "a head of 1 classes");
}

/* Each byte of the file in turn. What is changed in names of keys that are not needed may pass only if the checksum is
 * changed too, which it is not. */
static void
test_flipped (void)
{
  g_autoptr (E2vHead) head = make_head (NULL);
  g_autofree char *path = files_test_path ("flipped.gguf");
  g_autoptr (GByteArray) bytes = NULL;
  guint n_sound = 0;

  g_assert_true (e2v_head_save (head, path, NULL));
  bytes = files_test_read (path);
  for (guint i = 0; i < bytes->len; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (E2vHead) changed = NULL;

    bytes->data[i] ^= 4;
    changed = e2v_head_load_from_memory (bytes->data, bytes->len, &error);
    g_assert_true ((changed == NULL) == (error != NULL));
    n_sound += changed != NULL;
    bytes->data[i] ^= 4;
  }
  /* zeros between the parts are not looked at */
  g_assert_cmpuint (n_sound, <, 64);
}

static void
test_truncated (void)
{
  g_autoptr (E2vHead) head = make_head (NULL);
  g_autofree char *path = files_test_path ("short.gguf");
  g_autoptr (GByteArray) bytes = NULL;

  g_assert_true (e2v_head_save (head, path, NULL));
  bytes = files_test_read (path);
  /* what fills the last tensor up to 32 bytes may be missing */
  for (guint i = 0; i < bytes->len - (32 - CLASSES * sizeof (float)); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (e2v_head_load_from_memory (bytes->data, i, &error));
    g_assert_error (error, E2V_ERROR, E2V_ERROR_FORMAT);
  }
}

static void
test_other_files (void)
{
  g_autoptr (E2vModel) model = load_model ();
  g_autoptr (E2vHead) head = make_head (model);
  g_autofree char *none = files_test_path ("none.gguf");
  g_autofree char *a_model = files_test_path ("model.gguf");
  g_autofree char *a_head = files_test_path ("head.gguf");
  g_autofree char *nowhere = files_test_path ("no/such/folder.gguf");
  GError *error = NULL;

  g_assert_null (e2v_head_load (none, &error));
  files_test_expect (error, E2V_ERROR_NOT_FOUND, none, NULL);
  error = NULL;
  g_assert_null (e2v_head_load (a_model, &error));
  files_test_expect (error, E2V_ERROR_NOT_EMOTION2VEC, a_model, "whole model",
      NULL);
  error = NULL;
  g_assert_true (e2v_head_save (head, a_head, NULL));
  g_assert_null (e2v_model_load (a_head, &error));
  files_test_expect (error, E2V_ERROR_NOT_EMOTION2VEC, a_head, "head-file",
      NULL);
  error = NULL;
  g_assert_false (e2v_head_save (head, nowhere, &error));
  files_test_expect (error, E2V_ERROR_IO, "folder.gguf", NULL);
}

int
main (int argc, char **argv)
{
  files_test_init (&argc, &argv);
  g_test_add_func ("/headfile/round-trip", test_round_trip);
  g_test_add_func ("/headfile/scores", test_scores);
  g_test_add_func ("/headfile/large-logits", test_large_logits);
  g_test_add_func ("/headfile/own-head", test_own_head);
  g_test_add_func ("/headfile/model", test_model);
  g_test_add_func ("/headfile/faulty-keys", test_faulty_keys);
  g_test_add_func ("/headfile/faulty-tensors", test_faulty_tensors);
  g_test_add_func ("/headfile/flipped", test_flipped);
  g_test_add_func ("/headfile/truncated", test_truncated);
  g_test_add_func ("/headfile/other-files", test_other_files);
  return files_test_run ();
}
