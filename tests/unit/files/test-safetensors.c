/* test-safetensors.c - the container: what others wrote is read, what is written comes back, faults are named.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2verror.h"
#include "e2vsafetensors.h"
#include "filesutil.h"

#include <string.h>

/* Stages of a reference case, which another program wrote. */
static void
test_reference (void)
{
  g_autofree char *path = files_case_path ("01-tiny", "expected.safetensors");
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vSafetensors) file = e2v_safetensors_open (path, &error);
  const E2vTensor *waveform, *scores;
  double sum = 0;

  g_assert_no_error (error);
  waveform = e2v_safetensors_find (file, "waveform");
  g_assert_cmpuint (waveform->n_dims, ==, 1);
  g_assert_cmpuint (waveform->dims[0], ==, 8000);
  scores = e2v_safetensors_find (file, "scores");
  g_assert_cmpuint (scores->dims[0], ==, 9);
  for (guint i = 0; i < 9; i++) {
    double score;

    e2v_tensor_read_f64 (scores, i, 1, &score);
    sum += score;
  }
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-6);
  g_assert_null (e2v_safetensors_find (file, "none"));
}

/* Written again, in the reverse order, it holds the same tensors in the same order. */
static void
test_rewritten (void)
{
  g_autofree char *path = files_case_path ("01-tiny", "expected.safetensors");
  g_autofree char *copy = files_test_path ("copy.safetensors");
  g_autoptr (E2vSafetensors) file = e2v_safetensors_open (path, NULL);
  guint n = e2v_safetensors_n_tensors (file);
  g_autofree E2vTensor *tensors = g_new (E2vTensor, n);
  g_autoptr (E2vSafetensors) back = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    tensors[i] = *e2v_safetensors_get (file, n - 1 - i);
  e2v_safetensors_write (copy, tensors, n, &error);
  g_assert_no_error (error);
  back = e2v_safetensors_open (copy, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (e2v_safetensors_n_tensors (back), ==, n);
  for (guint i = 0; i < n; i++) {
    const E2vTensor *a = e2v_safetensors_get (file, i);
    const E2vTensor *b = e2v_safetensors_get (back, i);

    g_assert_cmpstr (a->name, ==, b->name);
    g_assert_cmpuint (a->n_dims, ==, b->n_dims);
    g_assert_cmpmem (a->dims, sizeof a->dims, b->dims, sizeof b->dims);
    g_assert_cmpmem (a->data, a->size, b->data, b->size);
  }
}

/* The file's parts: a header and @size bytes of data. */
static GByteArray *
make (const char *header, guint size)
{
  GByteArray *bytes = g_byte_array_new ();
  guint64 length = GUINT64_TO_LE (strlen (header));
  guint start;

  g_byte_array_append (bytes, (const guint8 *) &length, 8);
  g_byte_array_append (bytes, (const guint8 *) header, (guint) strlen (header));
  start = bytes->len;
  g_byte_array_set_size (bytes, start + size);
  memset (bytes->data + start, 0, size);
  return bytes;
}

#define ENTRY(name, dtype, shape, begin, end) "\"" name "\":{\"dtype\":\"" dtype \
  "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static void
test_faults (void)
{
  static const struct
  {
    const char *header;
    guint size;
    const char *word;
  } rows[] = {
    {"[]", 0, "not a safetensors file"},
    {"{", 0, "JSON"},
    {"{" ENTRY ("a", "F32", "[2]", "0", "8") "}", 4, "'a' leaves the file"},
    {"{" ENTRY ("a", "F32", "[2]", "0", "4") "}", 4, "'a' has 4 bytes"},
    {"{" ENTRY ("a", "F32", "[2]", "8", "0") "}", 8, "'a' leaves"},
    {"{" ENTRY ("a", "F32", "[2]", "-8", "0") "}", 8, "'a' leaves"},
    {"{" ENTRY ("a", "F32", "[2.0]", "0", "8") "}", 8, "absurd shape"},
    {"{" ENTRY ("a", "F32", "[4611686018427387904,4]", "0", "8") "}", 8,
        "absurd shape"},
    {"{" ENTRY ("a", "F32", "[1,1,1,1,1,1]", "0", "4") "}", 4, "absurd shape"},
    {"{" ENTRY ("a", "X9", "[2]", "0", "8") "}", 8, "unknown type"},
    {"{" ENTRY ("a", "F32", "[1]", "0", "4") "," ENTRY ("b", "F32", "[1]", "0",
            "4") "}", 4, "overlaps"},
    {"{" ENTRY ("a", "F32", "[1]", "4", "8") "}", 8, "hole"},
    {"{" ENTRY ("a", "F32", "[1]", "0", "4") "}", 9, "5 bytes without meaning"},
    {"{\"a\":[]}", 0, "not described"},
    {"{\"a\":{\"dtype\":[],\"shape\":[],\"data_offsets\":[0,4]}}", 4,
        "unknown type"},
    {"{\"a\":{\"dtype\":\"F32\"}}", 4, "absurd shape"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) bytes = make (rows[i].header, rows[i].size);
    GError *error = NULL;

    g_assert_null (e2v_safetensors_new_from_memory (bytes->data, bytes->len,
            &error));
    files_test_expect (error, E2V_ERROR_FORMAT, rows[i].word, NULL);
  }
}

static void
test_integers_left_out (void)
{
  g_autoptr (GByteArray) bytes =
      make ("{" ENTRY ("i", "I64", "[1]", "0", "8") "," ENTRY ("s", "F64", "[]",
          "8", "16") ",\"__metadata__\":{\"format\":\"pt\"}}", 16);
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vSafetensors) file =
      e2v_safetensors_new_from_memory (bytes->data, bytes->len, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (e2v_safetensors_n_tensors (file), ==, 1);
  g_assert_cmpuint (e2v_safetensors_find (file, "s")->n_dims, ==, 0);
}

static void
test_hostile (void)
{
  g_autoptr (GString) deep = g_string_new ("{\"a\":");
  g_autoptr (GByteArray) bytes = NULL;
  GError *error = NULL;

  for (guint i = 0; i < 500000; i++)
    g_string_append_c (deep, '[');
  bytes = make (deep->str, 0);
  g_assert_null (e2v_safetensors_new_from_memory (bytes->data, bytes->len,
          &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_FORMAT, "nested",
      NULL);
  memset (bytes->data, 0xff, 8);
  g_assert_null (e2v_safetensors_new_from_memory (bytes->data, bytes->len,
          &error));
  files_test_expect (error, E2V_ERROR_FORMAT, "not a safetensors file", NULL);
}

static void
test_truncated (void)
{
  g_autofree char *path = files_case_path ("03-minimum-400",
      "expected.safetensors");
  g_autoptr (GByteArray) bytes = files_test_read (path);

  for (guint i = 0; i < bytes->len; i += 1 + i / 50) {
    g_autoptr (GError) error = NULL;

    g_assert_null (e2v_safetensors_new_from_memory (bytes->data, i, &error));
    g_assert_error (error, E2V_ERROR, E2V_ERROR_FORMAT);
  }
}

int
main (int argc, char **argv)
{
  files_test_init (&argc, &argv);
  g_test_add_func ("/safetensors/reference", test_reference);
  g_test_add_func ("/safetensors/rewritten", test_rewritten);
  g_test_add_func ("/safetensors/faults", test_faults);
  g_test_add_func ("/safetensors/integers-left-out", test_integers_left_out);
  g_test_add_func ("/safetensors/hostile", test_hostile);
  g_test_add_func ("/safetensors/truncated", test_truncated);
  return files_test_run ();
}
