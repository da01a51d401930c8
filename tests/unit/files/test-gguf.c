/* test-gguf.c - the container: values and tensors come back, and faults are named.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2verror.h"
#include "e2vgguf.h"
#include "e2vggufwriter.h"
#include "filesutil.h"

#include <string.h>

static void
put_u32 (GByteArray * bytes, guint32 value)
{
  guint32 le = GUINT32_TO_LE (value);

  g_byte_array_append (bytes, (const guint8 *) &le, 4);
}

static void
put_u64 (GByteArray * bytes, guint64 value)
{
  guint64 le = GUINT64_TO_LE (value);

  g_byte_array_append (bytes, (const guint8 *) &le, 8);
}

static void
put_string (GByteArray * bytes, const char *text)
{
  put_u64 (bytes, strlen (text));
  g_byte_array_append (bytes, (const guint8 *) text, (guint) strlen (text));
}

static GByteArray *
header (guint64 n_tensors, guint64 n_keys)
{
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) "GGUF", 4);
  put_u32 (bytes, 3);
  put_u64 (bytes, n_tensors);
  put_u64 (bytes, n_keys);
  return bytes;
}

/* A vector's description. */
static void
put_tensor (GByteArray * bytes, const char *name, guint64 n, guint32 type,
    guint64 offset)
{
  put_string (bytes, name);
  put_u32 (bytes, 1);
  put_u64 (bytes, n);
  put_u32 (bytes, type);
  put_u64 (bytes, offset);
}

/* Padding to 32 bytes and then @size bytes of data. */
static void
put_data (GByteArray * bytes, guint size)
{
  guint start = (bytes->len + 31) / 32 * 32, before = bytes->len;

  g_byte_array_set_size (bytes, start + size);
  memset (bytes->data + before, 0, start + size - before);
}

/* Consumes @bytes. */
static void
expect (GByteArray * bytes, const char *word)
{
  GError *error = NULL;

  g_assert_null (e2v_gguf_new_from_memory (bytes->data, bytes->len, &error));
  files_test_expect (error, E2V_ERROR_FORMAT, word, NULL);
  g_byte_array_unref (bytes);
}

static E2vGgufWriter *
writer_with_keys (void)
{
  static const char *const strings[] = { "ä", "", "b" };
  static const guint32 numbers[] = { 1, 2, G_MAXUINT32 };
  static const float reals[] = { 0.5f, -1 };
  E2vGgufWriter *writer = e2v_gguf_writer_new ();

  e2v_gguf_writer_add_u32 (writer, "u32", 7);
  e2v_gguf_writer_add_f64 (writer, "f64", 0.1);
  e2v_gguf_writer_add_bool (writer, "bool", TRUE);
  e2v_gguf_writer_add_string (writer, "string", "text");
  e2v_gguf_writer_add_strings (writer, "strings", strings, 3);
  e2v_gguf_writer_add_u32s (writer, "u32s", numbers, 3);
  e2v_gguf_writer_add_f32s (writer, "f32s", reals, 2);
  return writer;
}

static void
check_keys (const E2vGguf * gguf)
{
  g_auto (GStrv) strings = e2v_gguf_get_strings (gguf, "strings", NULL);
  g_autofree char *string = e2v_gguf_get_string (gguf, "string", NULL);
  g_autofree guint32 *numbers = NULL;
  g_autofree float *reals = NULL;
  gboolean truth = FALSE;
  guint32 number = 0;
  double real = 0;
  gsize n;

  g_assert_true (e2v_gguf_get_u32 (gguf, "u32", &number, NULL));
  g_assert_cmpuint (number, ==, 7);
  g_assert_true (e2v_gguf_get_f64 (gguf, "f64", &real, NULL));
  g_assert_cmpfloat (real, ==, 0.1);
  g_assert_true (e2v_gguf_get_bool (gguf, "bool", &truth, NULL));
  g_assert_true (truth);
  g_assert_cmpstr (string, ==, "text");
  g_assert_cmpuint (g_strv_length (strings), ==, 3);
  g_assert_cmpstr (strings[0], ==, "ä");
  numbers = e2v_gguf_get_u32s (gguf, "u32s", &n, NULL);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (numbers[2], ==, G_MAXUINT32);
  reals = e2v_gguf_get_f32s (gguf, "f32s", &n, NULL);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpfloat (reals[1], ==, -1);
}

/* A wrong type or a missing key is an error with the key's name, never a crash. */
static void
check_wrong_gets (const E2vGguf * gguf)
{
  GError *error = NULL;
  guint32 number;
  double real;
  gsize n;

  g_assert_false (e2v_gguf_get_u32 (gguf, "string", &number, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_FORMAT, "'string'",
      "not an integer", NULL);
  g_assert_false (e2v_gguf_get_u32 (gguf, "none", &number, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_FORMAT, "'none'",
      "missing", NULL);
  g_assert_false (e2v_gguf_get_f64 (gguf, "u32", &real, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_FORMAT, "'u32'", NULL);
  g_assert_null (e2v_gguf_get_string (gguf, "strings", &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_FORMAT,
      "array of STRING", NULL);
  g_assert_null (e2v_gguf_get_strings (gguf, "u32s", &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_FORMAT, "'u32s'",
      NULL);
  g_assert_null (e2v_gguf_get_f32s (gguf, "u32s", &n, &error));
  files_test_expect (g_steal_pointer (&error), E2V_ERROR_FORMAT, "'u32s'",
      NULL);
}

static void
test_round_trip (void)
{
  static const float values[] = { 1, 2, 3, 4, 5, 6 };
  const E2vTensor tensor = {.name = (char *) "t",.n_dims = 2,.dims = {2, 3},
  .data = (const guint8 *) values,.size = sizeof values
  };
  g_autoptr (E2vGgufWriter) writer = writer_with_keys ();
  g_autofree char *path = files_test_path ("trip.gguf");
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vGguf) gguf = NULL;
  const E2vTensor *back;

  e2v_gguf_writer_add_tensor (writer, &tensor);
  e2v_gguf_writer_write (writer, path, &error);
  g_assert_no_error (error);
  gguf = e2v_gguf_open (path, &error);
  g_assert_no_error (error);
  check_keys (gguf);
  check_wrong_gets (gguf);
  back = e2v_gguf_find (gguf, "t");
  g_assert_nonnull (back);
  g_assert_cmpuint (back->dims[0], ==, 2);
  g_assert_cmpuint (back->dims[1], ==, 3);
  g_assert_cmpmem (back->data, back->size, values, sizeof values);
  g_assert_null (e2v_gguf_find (gguf, "u"));
}

/* Every integer type, and their limits. */
static void
test_integers (void)
{
  static const struct
  {
    guint32 type, size;
    guint64 bits;
    gboolean fits;
    guint32 value;
  } rows[] = {
    {E2V_GGUF_U8, 1, 255, TRUE, 255}, {E2V_GGUF_I8, 1, 127, TRUE, 127},
    {E2V_GGUF_I8, 1, 255, FALSE}, {E2V_GGUF_U16, 2, 65535, TRUE, 65535},
    {E2V_GGUF_I16, 2, 65535, FALSE}, {E2V_GGUF_I32, 4, G_MAXUINT32, FALSE},
    {E2V_GGUF_I32, 4, 5, TRUE, 5}, {E2V_GGUF_U64, 8, 1, TRUE, 1},
    {E2V_GGUF_U64, 8, G_GUINT64_CONSTANT (1) << 32, FALSE},
    {E2V_GGUF_I64, 8, G_MAXUINT64, FALSE}
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) bytes = header (0, 1);
    guint64 bits = GUINT64_TO_LE (rows[i].bits);
    g_autoptr (E2vGguf) gguf = NULL;
    guint32 value = 0;

    put_string (bytes, "k");
    put_u32 (bytes, rows[i].type);
    g_byte_array_append (bytes, (const guint8 *) &bits, rows[i].size);
    gguf = e2v_gguf_new_from_memory (bytes->data, bytes->len, NULL);
    g_assert_nonnull (gguf);
    g_assert_cmpint (e2v_gguf_get_u32 (gguf, "k", &value, NULL), ==,
        rows[i].fits);
    g_assert_cmpuint (value, ==, rows[i].value);
  }
}

static GByteArray *
one_key (guint32 type)
{
  GByteArray *bytes = header (0, 1);

  put_string (bytes, "k");
  put_u32 (bytes, type);
  return bytes;
}

static void
test_bad_headers (void)
{
  GByteArray *bytes = header (0, 0);

  bytes->data[0] = 'X';
  expect (bytes, "not a GGUF file");
  bytes = header (0, 0);
  bytes->data[4] = 2;
  expect (bytes, "version 2");
  bytes = header (0, 0);
  bytes->data[4] = 0;
  bytes->data[7] = 3;
  expect (bytes, "big-endian");
  bytes = header (0, 0);
  g_byte_array_set_size (bytes, 20);
  expect (bytes, "within its header");
  expect (header (G_MAXUINT64, 0), "absurd count of 18446744073709551615");
  expect (header (0, G_MAXUINT64), "absurd count of 18446744073709551615");
  expect (header (0, 1), "too short for 1 keys");
}

static void
test_bad_keys (void)
{
  GByteArray *bytes = header (0, 2);

  for (guint i = 0; i < 2; i++) {
    put_string (bytes, "same");
    put_u32 (bytes, E2V_GGUF_U32);
    put_u32 (bytes, 1);
  }
  expect (bytes, "'same' is there twice");
  bytes = header (0, 1);
  put_string (bytes, "\xff\xfe");
  put_u64 (bytes, 0);
  expect (bytes, "UTF-8");
  bytes = header (0, 1);
  put_u64 (bytes, G_MAXUINT64);
  put_u64 (bytes, 0);
  expect (bytes, "the name of a key runs past");
  bytes = one_key (99);
  put_u32 (bytes, 1);
  expect (bytes, "'k' has the unknown type 99");
  bytes = one_key (E2V_GGUF_BOOL);
  put_u32 (bytes, 2);
  expect (bytes, "a bool has the value 2");
  bytes = one_key (E2V_GGUF_STRING);
  put_string (bytes, "a\xc3");
  expect (bytes, "'k'");
}

static void
test_bad_arrays (void)
{
  GByteArray *bytes = one_key (E2V_GGUF_ARRAY);

  put_u32 (bytes, E2V_GGUF_ARRAY);
  put_u64 (bytes, 1);
  expect (bytes, "array of arrays");
  bytes = one_key (E2V_GGUF_ARRAY);
  put_u32 (bytes, E2V_GGUF_F64);
  put_u64 (bytes, G_MAXUINT64 / 8 + 2);
  expect (bytes, "absurd length");
  bytes = one_key (E2V_GGUF_ARRAY);
  put_u32 (bytes, E2V_GGUF_STRING);
  put_u64 (bytes, 1000);
  expect (bytes, "absurd length");
  bytes = one_key (E2V_GGUF_ARRAY);
  put_u32 (bytes, 77);
  put_u64 (bytes, 0);
  expect (bytes, "unknown type 77");
}

static void
test_bad_tensors (void)
{
  static const struct
  {
    guint64 n;
    guint32 type;
    guint64 offset;
    guint size;
    const char *word;
  } rows[] = {
    {8, 0, 0, 31, "past the end"}, {8, 0, 32, 32, "past the end"},
    {8, 0, G_MAXUINT64 - 31, 32, "past the end"},
    {8, 0, 8, 64, "'t' is not aligned"}, {8, 0, 32, 64, "hole"},
    {8, 8, 0, 32, "Q8_0"}, {8, 28, 0, 64, "F64"}, {8, 999, 0, 32, "type 999"},
    {0, 0, 0, 32, "dimension of 0"}, {G_MAXUINT64 / 2, 0, 0, 32, "larger"},
    {G_MAXUINT64 / 4 + 2, 0, 0, 32, "larger"}, {8, 0, 0, 64, "32 bytes without"}
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GByteArray *bytes = header (1, 0);

    put_tensor (bytes, "t", rows[i].n, rows[i].type, rows[i].offset);
    put_data (bytes, rows[i].size);
    expect (bytes, rows[i].word);
  }
}

static void
test_bad_neighbours (void)
{
  GByteArray *bytes = header (2, 0);

  put_tensor (bytes, "a", 16, 0, 0);
  put_tensor (bytes, "b", 8, 0, 32);
  put_data (bytes, 64);
  expect (bytes, "'b' overlaps");
  bytes = header (2, 0);
  put_tensor (bytes, "a", 8, 0, 0);
  put_tensor (bytes, "a", 8, 0, 32);
  put_data (bytes, 64);
  expect (bytes, "'a' is there twice");
  bytes = header (2, 0);
  put_tensor (bytes, "a", 1, 0, 0);
  put_tensor (bytes, "b", 8, 0, 32);
  put_data (bytes, 64);
  bytes->data[bytes->len - 40] = 1;
  expect (bytes, "padding in front of tensor 'b'");
  bytes = header (1, 0);
  put_string (bytes, "five");
  put_u32 (bytes, 5);
  put_data (bytes, 64);
  expect (bytes, "5 dimensions");
}

static void
test_alignment (void)
{
  static const guint32 wrong[] = { 0, 1, 24, 1 << 20 };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    GByteArray *bytes = header (0, 1);

    put_string (bytes, "general.alignment");
    put_u32 (bytes, E2V_GGUF_U32);
    put_u32 (bytes, wrong[i]);
    expect (bytes, "alignment");
  }
}

int
main (int argc, char **argv)
{
  files_test_init (&argc, &argv);
  g_test_add_func ("/gguf/round-trip", test_round_trip);
  g_test_add_func ("/gguf/integers", test_integers);
  g_test_add_func ("/gguf/bad-headers", test_bad_headers);
  g_test_add_func ("/gguf/bad-keys", test_bad_keys);
  g_test_add_func ("/gguf/bad-arrays", test_bad_arrays);
  g_test_add_func ("/gguf/bad-tensors", test_bad_tensors);
  g_test_add_func ("/gguf/bad-neighbours", test_bad_neighbours);
  g_test_add_func ("/gguf/alignment", test_alignment);
  return files_test_run ();
}
