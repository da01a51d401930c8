/* test-pickle.c - pickles: what they mean, and what hostile ones cannot do.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vcheckpoint.h"
#include "e2verror.h"
#include "e2vpickle.h"
#include "e2vweights.h"
#include "filesutil.h"

#include <string.h>
#include <zip.h>

#define LENGTH(text) (sizeof (text) - 1)

static const E2vValue *
read_pickle (E2vValuePool * pool, const void *data, gsize size, GError ** error)
{
  return e2v_pickle_read (pool, data, size, NULL, error);
}

static void
test_values (void)
{
  /* {'a': (1, -2, 70000), 'b': [None, True, 2.5], 'c': b'xy', 'd': 2**31} */
  static const char text[] = "\x80\x02}(X\1\0\0\0aK\1J\xfe\xff\xff\xffJ"
      "\x70\x11\1\0\x87X\1\0\0\0b](N\x88G\x40\4\0\0\0\0\0\0eX\1\0\0\0c"
      "C\2xyX\1\0\0\0d\x8a\5\0\0\0\x80\0u.";
  g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
  g_autoptr (GError) error = NULL;
  const E2vValue *dict = read_pickle (pool, text, LENGTH (text), &error);
  const E2vValue *a, *b;

  g_assert_no_error (error);
  g_assert_cmpuint (e2v_value_length (dict), ==, 4);
  a = e2v_value_get (dict, "a");
  g_assert_cmpint (a->type, ==, E2V_VALUE_TUPLE);
  g_assert_cmpint (e2v_value_item (a, 0)->v.integer, ==, 1);
  g_assert_cmpint (e2v_value_item (a, 1)->v.integer, ==, -2);
  g_assert_cmpint (e2v_value_item (a, 2)->v.integer, ==, 70000);
  b = e2v_value_get (dict, "b");
  g_assert_cmpint (b->type, ==, E2V_VALUE_LIST);
  g_assert_cmpint (e2v_value_item (b, 0)->type, ==, E2V_VALUE_NONE);
  g_assert_cmpint (e2v_value_item (b, 1)->v.integer, ==, TRUE);
  g_assert_cmpfloat (e2v_value_item (b, 2)->v.real, ==, 2.5);
  g_assert_cmpint (e2v_value_get (dict, "c")->type, ==, E2V_VALUE_BYTES);
  g_assert_cmpint (e2v_value_get (dict, "d")->v.integer, ==,
      G_GINT64_CONSTANT (1) << 31);
  g_assert_null (e2v_value_get (dict, "e"));
}

/* A file that a command would leave behind if anything in here were executed. */
static void
test_system_is_data (void)
{
  static const char *const forms[] = {
    "cos\nsystem\n(S'touch %s'\ntR.", "cposix\nsystem\n(S'touch %s'\ntR.",
    "(S'touch %s'\nios\nsystem\n.", "(cos\nsystem\nS'touch %s'\no.",
    "c__builtin__\neval\n(S'open(\"%s\", \"w\")'\ntR."
  };
  g_autofree char *proof = files_test_path ("proof");

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_auto (GStrv) parts = g_strsplit (forms[i], "%s", 2);
    g_autofree char *text = g_strjoinv (proof, parts);
    g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
    g_autoptr (GError) error = NULL;
    const E2vValue *value = read_pickle (pool, text, strlen (text), &error);

    g_assert_no_error (error);
    g_assert_cmpint (value->type, ==, E2V_VALUE_OPAQUE);
    g_assert_true (strstr (value->v.object.name, "system")
        || strstr (value->v.object.name, "eval"));
  }
  g_assert_false (g_file_test (proof, G_FILE_TEST_EXISTS));
}

/* Opaque values swallow items and state. */
static void
test_opaque (void)
{
  static const char text[] = "\x80\x02" "cweird\nThing\n)\x81}(K\1K\2ub(K\3K\4u"
      "(K\5eK\6a.";
  g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
  g_autoptr (GError) error = NULL;
  const E2vValue *value = read_pickle (pool, text, LENGTH (text), &error);

  g_assert_no_error (error);
  g_assert_cmpint (value->type, ==, E2V_VALUE_OPAQUE);
  g_assert_cmpstr (value->v.object.name, ==, "weird.Thing");
  g_assert_cmpint (value->v.object.state->type, ==, E2V_VALUE_DICT);
}

/* A list in a list, a million times, in one pickle: no recursion may follow it. */
static void
test_deep_nesting (void)
{
  const guint depth = 900000;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
  g_autoptr (GError) error = NULL;

  g_byte_array_set_size (bytes, 2 * depth + 1);
  memset (bytes->data, ']', depth);
  memset (bytes->data + depth, 'a', depth - 1);
  bytes->data[2 * depth - 1] = '.';
  g_assert_nonnull (read_pickle (pool, bytes->data, 2 * depth, &error));
  g_assert_no_error (error);
}

/* Each level is a tuple of eight references to the one before: 8 ^ 10000 items if references were copied. */
static void
test_shared_references (void)
{
  static const char level[] = "(h\0h\0h\0h\0h\0h\0h\0h\0tq\0" "0";
  g_autoptr (GString) text = g_string_new ("]");
  g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
  g_autoptr (GError) error = NULL;
  const E2vValue *value;

  g_string_append_len (text, "q\0" "0", 3);
  for (guint i = 0; i < 10000; i++)
    g_string_append_len (text, level, LENGTH (level));
  g_string_append_len (text, "h\0.", 3);
  value = read_pickle (pool, text->str, text->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (e2v_value_length (value), ==, 8);
}

/* One long name of a class, made again and again from the memo. */
static void
test_long_names (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
  const guint8 head[] = { 'X', 0, 0, 16, 0 };
  GError *error = NULL;

  g_byte_array_append (bytes, head, sizeof head);
  g_byte_array_set_size (bytes, sizeof head + (16 << 16));
  memset (bytes->data + sizeof head, 'x', 16 << 16);
  g_byte_array_append (bytes, (const guint8 *) "\x94", 1);
  for (guint i = 0; i < 100000; i++)
    g_byte_array_append (bytes, (const guint8 *) "h\0h\0\x93", 5);
  g_assert_null (read_pickle (pool, bytes->data, bytes->len, &error));
  files_test_expect (error, E2V_ERROR_FORMAT, "a class with a name", NULL);
}

static void
test_damaged (void)
{
  static const struct
  {
    const char *text;
    gsize size;
    const char *word;
  } pickles[] = {
    {"", 0, "ends too early"},
    {".", 1, "0 values"},
    {"NN.", 3, "2 values"},
    {"(N.", 3, "1 open marks"},
    {"\x80\x09N.", 4, "protocol 9"},
    {"\xff.", 2, "unknown opcode 0xff"},
    {"R", 1, "more values"},
    {"N(R", 3, "more values"},
    {"0", 1, "mark"},
    {"t", 1, "mark"},
    {"}(K\1u.", 6, "without a value"},
    {"N(K\1K\2u.", 8, "holds none"},
    {"]K\1K\2s.", 7, "holds none"},
    {"h\7.", 3, "not there"},
    {"Nr\xff\xff\xff\x7f.", 7, "absurd number"},
    {"X\xff\xff\xff\xff" "abc.", 9, "ends too early"},
    {"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", 10, "ends too early"},
    {"\x8b\xff\xff\xff\xff.", 6, "ends too early"},
    {"I99999999999999999999999999999999999999\n.", 42, "digits"},
    {"K\1K\2\x93.", 6, "no string"},
    {"S'\n.", 4, "quotation"},
    {"cos\nsystem", 10, "ends too early"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (pickles); i++) {
    g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
    GError *error = NULL;

    g_assert_null (read_pickle (pool, pickles[i].text, pickles[i].size,
            &error));
    files_test_expect (error, E2V_ERROR_FORMAT, pickles[i].word, NULL);
  }
}

/* A zip archive like torch's: x/data.pkl, and x/data/0 with eight bytes. @stored: not compressed. */
static GByteArray *
make_zip (const void *pickle, gsize size, gboolean stored)
{
  static const float numbers[] = { 1, 2 };
  g_autofree char *path = files_test_path ("made.pt");
  zip_t *archive = zip_open (path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  zip_int64_t index;

  g_assert_nonnull (archive);
  index = zip_file_add (archive, "x/data.pkl",
      zip_source_buffer (archive, pickle, size, 0), 0);
  zip_set_file_compression (archive, (zip_uint64_t) index,
      stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE, 0);
  index = zip_file_add (archive, "x/data/0",
      zip_source_buffer (archive, numbers, sizeof numbers, 0), 0);
  zip_set_file_compression (archive, (zip_uint64_t) index, ZIP_CM_STORE, 0);
  g_assert_cmpint (zip_close (archive), ==, 0);
  return files_test_read (path);
}

static E2vWeights *
open_zip (GByteArray * bytes, GError ** error)
{
  return e2v_weights_new_from_memory (bytes->data, bytes->len, error);
}

static void
test_bomb (void)
{
  const gsize size = 32 << 20;
  g_autofree guint8 *zeros = g_malloc0 (size);
  g_autoptr (GByteArray) bytes = make_zip (zeros, size, FALSE);
  GError *error = NULL;

  g_assert_cmpuint (bytes->len, <, 1 << 20);
  g_assert_null (open_zip (bytes, &error));
  files_test_expect (error, E2V_ERROR_FORMAT, "x/data.pkl", "compressed", NULL);
}

#define TENSOR(offset, dims, strides) "\x80\2}X\1\0\0\0wctorch._utils\n" \
  "_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000" \
  "X\3\0\0\0cpuK\2tQ" offset dims strides "\x89" "Nt" "Rs."

/* Views of a storage of two numbers that leave it, or repeat it. */
static void
test_views (void)
{
  static const struct
  {
    const char *text;
    gsize size;
    const char *word;
  } views[] = {
#define VIEW(offset, dims, strides, word) \
  { TENSOR (offset, dims, strides), LENGTH (TENSOR (offset, dims, strides)), word }
    VIEW ("K\0", "K\2\x85", "K\1\x85", NULL),
    VIEW ("K\1", "K\1\x85", "K\1\x85", NULL),
    VIEW ("K\1", "K\2\x85", "K\1\x85", "leaves its storage"),
    VIEW ("K\0", "K\2\x85", "K\2\x85", "leaves its storage"),
    VIEW ("K\0", "K\xff\x85", "K\0\x85", "more elements than its storage"),
    VIEW ("K\0", "K\0\x85", "K\1\x85", "absurd"),
    VIEW ("K\0", "\x8a\7\xff\xff\xff\xff\xff\xff\x7f\x85",
        "\x8a\7\xff\xff\xff\xff\xff\xff\x7f\x85", "absurd"),
#undef VIEW
  };

  for (guint i = 0; i < G_N_ELEMENTS (views); i++) {
    g_autoptr (GByteArray) bytes =
        make_zip (views[i].text, views[i].size, TRUE);
    GError *error = NULL;
    g_autoptr (E2vWeights) weights = open_zip (bytes, &error);
    float numbers[2];
    gboolean ok;

    g_assert_no_error (error);
    ok = e2v_weights_read (weights, e2v_weights_find (weights, "w"), numbers,
        &error);
    if (views[i].word)
      files_test_expect (error, E2V_ERROR_FORMAT, "'w'", views[i].word, NULL);
    else
      g_assert_no_error (error);
    g_assert_cmpint (ok, ==, views[i].word == NULL);
  }
}

/* Where a tensor is needed, an object is refused by its name. */
static void
test_object_as_tensor (void)
{
  static const char text[] =
      "\x80\2}X\1\0\0\0wcos\nsystem\nX\4\0\0\0true\x85Rs.";
  g_autoptr (GByteArray) bytes = make_zip (text, LENGTH (text), TRUE);
  GError *error = NULL;
  g_autoptr (E2vWeights) weights = open_zip (bytes, &error);
  float number;

  g_assert_no_error (error);
  g_assert_false (e2v_weights_read (weights, e2v_weights_find (weights, "w"),
          &number, &error));
  files_test_expect (error, E2V_ERROR_TENSOR, "os.system", NULL);
}

static void
test_object_as_checkpoint (void)
{
  static const char text[] = "\x80\2cmy.nets\nNet\n)\x81}b.";
  g_autoptr (GByteArray) bytes = make_zip (text, LENGTH (text), TRUE);
  GError *error = NULL;

  g_assert_null (open_zip (bytes, &error));
  files_test_expect (error, E2V_ERROR_NOT_EMOTION2VEC, "my.nets.Net",
      "state_dict", NULL);
}

/* A storage's bytes are guarded by the archive's checksum. */
static void
test_flipped_storage (void)
{
  static const char text[] = TENSOR ("K\0", "K\2\x85", "K\1\x85");
  static const float numbers[] = { 1, 2 };
  g_autoptr (GByteArray) bytes = make_zip (text, LENGTH (text), TRUE);
  GError *error = NULL;
  g_autoptr (E2vWeights) weights = NULL;
  float read[2];

  for (guint i = 0; i + sizeof numbers <= bytes->len; i++) {
    if (memcmp (bytes->data + i, numbers, sizeof numbers) == 0)
      bytes->data[i + 5] ^= 1;
  }
  weights = open_zip (bytes, &error);
  g_assert_no_error (error);
  g_assert_false (e2v_weights_read (weights, e2v_weights_find (weights, "w"),
          read, &error));
  files_test_expect (error, E2V_ERROR_FORMAT, "x/data/0", "damaged", NULL);
}

/* Reads every usable weight of a checkpoint that may be damaged: an error or not, but never worse. */
static void
read_all (const GByteArray * bytes)
{
  g_autoptr (E2vWeights) weights =
      e2v_weights_new_from_memory (bytes->data, bytes->len, NULL);

  for (guint i = 0; weights && i < e2v_weights_n (weights); i++) {
    const E2vWeight *weight = e2v_weights_get (weights, i);
    gsize n;

    if (weight->usable && weight->view
        && e2v_view_check (weight->view, &n, NULL)) {
      g_autofree float *values = g_new (float, n);

      e2v_weights_read (weights, weight, values, NULL);
    }
  }
}

static void
test_truncated (gconstpointer name)
{
  g_autofree char *path = files_case_path (name, "checkpoint.pt");
  g_autoptr (GByteArray) bytes = files_test_read (path);
  guint full = bytes->len;

  for (guint i = 0; i < 300; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (E2vWeights) weights = NULL;

    bytes->len = i < 100 ? i : (guint) ((guint64) full * i / 300);
    weights = e2v_weights_new_from_memory (bytes->data, bytes->len, &error);
    g_assert_null (weights);
    g_assert_error (error, E2V_ERROR, E2V_ERROR_FORMAT);
  }
  bytes->len = full;
}

/* Seeded random bytes in random places; the sanitizers watch. */
static void
test_mutated (gconstpointer name)
{
  g_autofree char *path = files_case_path (name, "checkpoint.pt");
  g_autoptr (GByteArray) bytes = files_test_read (path);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < 200; i++) {
    guint32 at[4];
    guint8 before[4];

    for (guint j = 0; j < 4; j++) {
      /* mostly where the pickle is */
      at[j] = (guint32) g_rand_int_range (rand, 0,
          (gint32) (j ? MIN (bytes->len, 24000) : bytes->len));
      before[j] = bytes->data[at[j]];
      bytes->data[at[j]] = (guint8) g_rand_int_range (rand, 0, 256);
    }
    read_all (bytes);
    for (guint j = 4; j > 0; j--)
      bytes->data[at[j - 1]] = before[j - 1];
  }
}

int
main (int argc, char **argv)
{
  files_test_init (&argc, &argv);
  g_test_add_func ("/pickle/values", test_values);
  g_test_add_func ("/pickle/system-is-data", test_system_is_data);
  g_test_add_func ("/pickle/opaque", test_opaque);
  g_test_add_func ("/pickle/deep-nesting", test_deep_nesting);
  g_test_add_func ("/pickle/shared-references", test_shared_references);
  g_test_add_func ("/pickle/long-names", test_long_names);
  g_test_add_func ("/pickle/damaged", test_damaged);
  g_test_add_func ("/checkpoint/bomb", test_bomb);
  g_test_add_func ("/checkpoint/views", test_views);
  g_test_add_func ("/checkpoint/object-as-tensor", test_object_as_tensor);
  g_test_add_func ("/checkpoint/object-as-checkpoint",
      test_object_as_checkpoint);
  g_test_add_func ("/checkpoint/flipped-storage", test_flipped_storage);
  g_test_add_data_func ("/checkpoint/truncated/zip", "01-tiny", test_truncated);
  g_test_add_data_func ("/checkpoint/truncated/stream", "11-legacy-opaque",
      test_truncated);
  g_test_add_data_func ("/checkpoint/mutated/zip", "14-views-offset-optim",
      test_mutated);
  g_test_add_data_func ("/checkpoint/mutated/stream", "11-legacy-opaque",
      test_mutated);
  return files_test_run ();
}
