/* test-sidecar.c - configurations in their forms: YAML, JSON, inside a checkpoint, and the list of convolutions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vconvspec.h"
#include "e2verror.h"
#include "e2vpickle.h"
#include "e2vsidecar.h"
#include "filesutil.h"

#include <string.h>

/* The form of the official template, with values that differ from all defaults. */
static const char template[] =
    "# comment\n"
    "optimizer: {num_heads: 76}\n"
    "model: Emotion2vec\n"
    "model_conf:\n"
    "    loss_beta: 0.0\n"
    "    depth: 9\n"
    "    embed_dim: 960\n"
    "    num_heads: 15\n"
    "    norm_eps: 1e-06\n"
    "    calibration_temperature: 1.523\n"
    "    layer_norm_first: false\n"
    "    normalize: False\n"
    "    modalities:\n"
    "        image: {prenet_depth: 44, num_extra_tokens: 45}\n"
    "        audio:\n"
    "            type: AUDIO\n"
    "            prenet_depth: 3\n"
    "            num_extra_tokens: 7\n"
    "            num_alibi_heads: 15\n"
    "            use_alibi_encoder: true\n"
    "            decoder: {decoder_dim: 384, num_heads: 99}\n"
    "            feature_encoder_spec: '[(512, 10, 5)] + [(512, 3, 2)] * 4 + "
    "[(512,2,2)] + [(512,2,2)]'\n"
    "            conv_pos_width: 95\n"
    "            conv_pos_depth: 5\n"
    "            conv_pos_groups: 16\n"
    "train_conf: {num_heads: 77}\n" "list: [num_heads, {num_heads: 78}]\n";

static void
check_template (const E2vSidecar * sidecar)
{
  g_assert_cmpint (sidecar->depth, ==, 9);
  g_assert_cmpint (sidecar->embed_dim, ==, 960);
  g_assert_cmpint (sidecar->num_heads, ==, 15);
  g_assert_cmpfloat (sidecar->norm_eps, ==, 1e-6);
  g_assert_cmpfloat (sidecar->calibration_temperature, ==, 1.523);
  g_assert_cmpint (sidecar->normalize, ==, FALSE);
  g_assert_cmpint (sidecar->layer_norm_first, ==, FALSE);
  g_assert_cmpint (sidecar->use_alibi_encoder, ==, TRUE);
  g_assert_cmpint (sidecar->prenet_depth, ==, 3);
  g_assert_cmpint (sidecar->num_extra_tokens, ==, 7);
  g_assert_cmpint (sidecar->num_alibi_heads, ==, 15);
  g_assert_cmpint (sidecar->conv_pos_width, ==, 95);
  g_assert_cmpint (sidecar->conv_pos_depth, ==, 5);
  g_assert_cmpint (sidecar->conv_pos_groups, ==, 16);
  g_assert_cmpuint (sidecar->n_conv, ==, 7);
  g_assert_cmpuint (sidecar->conv[0].kernel, ==, 10);
  g_assert_cmpuint (sidecar->conv[0].stride, ==, 5);
  g_assert_cmpuint (sidecar->conv[4].kernel, ==, 3);
  g_assert_cmpuint (sidecar->conv[6].kernel, ==, 2);
}

static void
test_yaml (void)
{
  g_autoptr (GError) error = NULL;
  E2vSidecar sidecar;

  e2v_sidecar_init (&sidecar);
  e2v_sidecar_read_yaml (&sidecar, template, strlen (template), &error);
  g_assert_no_error (error);
  check_template (&sidecar);
}

/* Without the level of model_conf, as some copies have it. */
static void
test_flat_yaml (void)
{
  static const char text[] = "num_heads: 6\nmodalities:\n  audio:\n"
      "    num_extra_tokens: 0\nnorm_eps: null\nnormalize: ${task.normalize}\n";
  g_autoptr (GError) error = NULL;
  E2vSidecar sidecar;

  e2v_sidecar_init (&sidecar);
  e2v_sidecar_read_yaml (&sidecar, text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_cmpint (sidecar.num_heads, ==, 6);
  g_assert_cmpint (sidecar.num_extra_tokens, ==, 0);
  g_assert_cmpfloat (sidecar.norm_eps, <, 0);
  g_assert_cmpfloat (sidecar.calibration_temperature, <, 0);
  g_assert_cmpint (sidecar.normalize, ==, E2V_UNSET);
}

static void
test_bad_yaml (void)
{
  static const char *const texts[][2] = {
    {"a: [1\nb: }", "damaged YAML in line"},
    {"num_heads: twelve", "num_heads = 'twelve'"},
    {"num_heads: -3", "num_heads = '-3'"},
    {"num_heads: 99999999999999999999", "num_heads"},
    {"norm_eps: nan", "norm_eps"}, {"normalize: 7", "normalize"},
    {"calibration_temperature: 0", "calibration_temperature"},
    {"calibration_temperature: 1e9", "calibration_temperature"},
    {"feature_encoder_spec: '__import__(\"os\").system(\"true\")'",
        "feature_encoder_spec"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    GError *error = NULL;
    E2vSidecar sidecar;

    e2v_sidecar_init (&sidecar);
    g_assert_false (e2v_sidecar_read_yaml (&sidecar, texts[i][0],
            strlen (texts[i][0]), &error));
    files_test_expect (error, E2V_ERROR_FORMAT, texts[i][1], NULL);
  }
}

/* A "billion laughs" document, a very deep one, and one that compares each of its lines with all others. */
static void
test_hostile_yaml (void)
{
  g_autoptr (GString) text = g_string_new ("a0: &a0 [x]\n");
  GError *error = NULL;
  E2vSidecar sidecar;

  e2v_sidecar_init (&sidecar);
  for (guint i = 1; i < 60; i++)
    g_string_append_printf (text, "a%u: &a%u [*a%u, *a%u, *a%u]\n", i, i, i - 1,
        i - 1, i - 1);
  g_assert_true (e2v_sidecar_read_yaml (&sidecar, text->str, text->len, NULL));
  g_string_assign (text, "a: ");
  for (guint i = 0; i < 1000; i++)
    g_string_append_c (text, '[');
  g_assert_false (e2v_sidecar_read_yaml (&sidecar, text->str, text->len,
          &error));
  files_test_expect (error, E2V_ERROR_FORMAT, "nested", NULL);
  error = NULL;
  g_string_truncate (text, 0);
  for (guint i = 0; i < 75000; i++)
    g_string_append_printf (text, "%%TAG !%u! a\xc2\x85", i);
  g_string_append (text, "--- a\n");
  g_assert_false (e2v_sidecar_read_yaml (&sidecar, text->str, text->len,
          &error));
  files_test_expect (error, E2V_ERROR_FORMAT, "directives", NULL);
}

static void
test_json (void)
{
  static const char text[] =
      "{\"model\": {\"num_heads\": 5, \"norm_eps\": 1e-5,"
      "\"normalize\": true, \"conv_layers\": [[16, 10, 5], [24, 8, 4]],"
      "\"mlp_ratio\": 4.0}, \"audio\": {\"samples\": 6007}, \"seed\": 1,"
      "\"labels\": [\"a\"]}";
  g_autoptr (GError) error = NULL;
  E2vSidecar sidecar;

  e2v_sidecar_init (&sidecar);
  e2v_sidecar_read_json (&sidecar, text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_cmpint (sidecar.num_heads, ==, 5);
  g_assert_cmpfloat (sidecar.norm_eps, ==, 1e-5);
  g_assert_cmpint (sidecar.normalize, ==, TRUE);
  g_assert_cmpuint (sidecar.n_conv, ==, 2);
  g_assert_cmpuint (sidecar.conv[1].channels, ==, 24);
  g_assert_cmpuint (sidecar.conv[1].stride, ==, 4);
}

/* What json-glib takes beyond JSON. Half a million brackets behind a quote that only one side sees as one would end in a
 * stack overflow; of several values all but the last would leak. */
static void
test_hostile_json (void)
{
  static const struct
  {
    const char *start;
    guint n_brackets;
    const char *word;
  } texts[] = {
    {"{\"a\":", 500000, "nested"}, {"/*\"*/", 500000, "no object"},
    {"{/*\"*/\"a\":", 500000, "code 47"}, {"{'\"':1,\"a\":", 500000, "code 39"},
    {"{\"a\": 1}{\"b\": {}}", 0, "behind its end"}, {"8{\"a\": {}}", 0,
        "no object"},
    {"{}}", 0, "behind its end"}, {"{\"a\": \"\\", 0, "backslash"},
    {"{\"\\255\": 1}", 0, "backslash"}, {"{\"\\ud800\": 1}", 0, "backslash"},
    {"{\"\\u0000\": 1}", 0, "backslash"},
    {"{\"\\udc00\": 1}", 0, "backslash"}, {"{\"\\ud800\\u0041\": 1}", 0,
        "backslash"}, {"{\"\\u12", 0, "backslash"},
    {"{\"a\": [}", 0, "damaged JSON"}, {"[1]", 0, "no object"}, {"", 0,
        "no object"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GString) text = g_string_new (texts[i].start);
    GError *error = NULL;
    E2vSidecar sidecar;

    for (guint j = 0; j < texts[i].n_brackets; j++)
      g_string_append_c (text, '[');
    e2v_sidecar_init (&sidecar);
    g_assert_false (e2v_sidecar_read_json (&sidecar, text->str, text->len,
            &error));
    files_test_expect (error, E2V_ERROR_FORMAT, texts[i].word, NULL);
  }
}

static void
test_first_wins (void)
{
  static const char *const settings[] = { "num_heads=3", NULL };
  static const char text[] = "num_heads: 4\nnorm_eps: 1e-3\n";
  E2vSidecar sidecar;

  e2v_sidecar_init (&sidecar);
  g_assert_true (e2v_sidecar_read_settings (&sidecar, settings, NULL));
  g_assert_true (e2v_sidecar_read_yaml (&sidecar, text, strlen (text), NULL));
  g_assert_cmpint (sidecar.num_heads, ==, 3);
  g_assert_cmpfloat (sidecar.norm_eps, ==, 1e-3);
}

/* cfg as a dictionary, and as an object of omegaconf with a node for each value. */
static void
test_config_in_checkpoint (void)
{
  static const char plain[] = "}(X\5\0\0\0model}X\11\0\0\0num_headsK\7s"
      "X\4\0\0\0task}X\11\0\0\0normalize\x89su.";
  static const char omega[] = "comegaconf\nDictConfig\n)\x81}X\10\0\0\0_content"
      "}X\5\0\0\0modelcomegaconf\nDictConfig\n)\x81}X\10\0\0\0_content"
      "}X\11\0\0\0num_headscomegaconf\nAnyNode\n)\x81}X\4\0\0\0_valK\7sbssbssb.";
  const struct
  {
    const char *text;
    gsize size;
  } forms[] = { {plain, sizeof plain - 1}, {omega, sizeof omega - 1}
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_autoptr (E2vValuePool) pool = e2v_value_pool_new ();
    g_autoptr (GError) error = NULL;
    const E2vValue *config = e2v_pickle_read (pool,
        (const guint8 *) forms[i].text, forms[i].size, NULL, &error);
    E2vSidecar sidecar;

    g_assert_no_error (error);
    e2v_sidecar_init (&sidecar);
    g_assert_true (e2v_sidecar_read_config (&sidecar, config, NULL));
    g_assert_cmpint (sidecar.num_heads, ==, 7);
  }
}

static void
test_conv_spec (void)
{
  static const char *const wrong[] = {
    "", "[]", "(512,10,5)", "[(512,10)]", "[(512,10,5)", "[(512,10,5)] *",
    "[(512,10,5)] * 17", "[(1,1,1)] * 4 * 4", "[(1,1,1)] +", "[(1,1,1)] x",
    "[(1,1,1)] * 99999999999", "[(9999999999,1,1)]", "[(1,1,1)] - [(1,1,1)]",
    "[(1,1,1]]", "[(-1,1,1)]"
  };
  E2vConvLayer layers[E2V_MAX_CONV_LAYERS];
  guint n;

  g_assert_true (e2v_conv_spec_parse ("[(1,2,3),(4,5,6),]*2+[[7,8,9]] * 12",
          layers, &n));
  g_assert_cmpuint (n, ==, 16);
  g_assert_cmpuint (layers[3].kernel, ==, 5);
  g_assert_cmpuint (layers[15].stride, ==, 9);
  g_assert_true (e2v_conv_spec_parse ("[(1,1,1)] * 0 + [(2,2,2)]", layers, &n));
  g_assert_cmpuint (n, ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (e2v_conv_spec_parse (wrong[i], layers, &n));
}

int
main (int argc, char **argv)
{
  files_test_init (&argc, &argv);
  g_test_add_func ("/sidecar/yaml", test_yaml);
  g_test_add_func ("/sidecar/flat-yaml", test_flat_yaml);
  g_test_add_func ("/sidecar/bad-yaml", test_bad_yaml);
  g_test_add_func ("/sidecar/hostile-yaml", test_hostile_yaml);
  g_test_add_func ("/sidecar/json", test_json);
  g_test_add_func ("/sidecar/hostile-json", test_hostile_json);
  g_test_add_func ("/sidecar/first-wins", test_first_wins);
  g_test_add_func ("/sidecar/config-in-checkpoint", test_config_in_checkpoint);
  g_test_add_func ("/sidecar/conv-spec", test_conv_spec);
  return files_test_run ();
}
