/* test-random.c - the seeded recipe against the values that an independent program wrote down.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vmodel.h"

#include <json-glib/json-glib.h>
#include <math.h>

static int
find_official (const E2vLayout * layout, const char *wanted)
{
  char name[E2V_OFFICIAL_NAME_SIZE];

  for (guint i = 0; i < e2v_layout_size (layout); i++) {
    e2v_layout_official_name (layout, i, name);
    if (g_str_equal (name, wanted))
      return (int) i;
  }
  return -1;
}

/* Element @index of the official order, [outputs][inputs][kernel] for convolutions. */
static double
official_element (const E2vTensor * t, guint64 index)
{
  double value;

  if (t->n_dims == 3) {
    guint64 kernel = t->dims[1], inputs = t->dims[2];
    guint64 k = index % kernel, c = index / kernel % inputs;

    index = (index / kernel / inputs * kernel + k) * inputs + c;
  }
  e2v_tensor_read_f64 (t, index, 1, &value);
  return value;
}

static JsonObject *
recipe_check (JsonParser * parser)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "15-base-shape", "config.json", NULL);

  g_assert_true (json_parser_load_from_file (parser, path, NULL));
  return json_object_get_object_member (json_node_get_object
      (json_parser_get_root (parser)), "recipe_check");
}

static void
test_recipe (void)
{
  E2vHparams hp;
  g_autoptr (E2vModel) model = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *values =
      json_object_get_object_member (recipe_check (parser), "first_values");
  g_autoptr (GList) names = json_object_get_members (values);

  g_assert_true (e2v_hparams_for_shape ("base", &hp));
  model = e2v_model_new_random (&hp, 115, NULL);
  g_assert_nonnull (model);
  g_assert_cmpuint (e2v_model_n_parameters (model), ==, 93178133);
  g_assert_nonnull (names);
  for (GList * l = names; l; l = l->next) {
    JsonArray *expected = json_object_get_array_member (values, l->data);
    int index = find_official (e2v_model_layout (model), l->data);

    g_assert_cmpint (index, >=, 0);
    for (guint i = 0; i < json_array_get_length (expected); i++)
      g_assert_cmpfloat (official_element (e2v_model_tensor (model,
                  (guint) index), i), ==,
          json_array_get_double_element (expected, i));
  }
}

static void
test_large (void)
{
  E2vHparams hp;
  g_autoptr (E2vModel) model = NULL;

  g_assert_true (e2v_hparams_for_shape ("large", &hp));
  model = e2v_model_new_random (&hp, 1, NULL);
  g_assert_cmpuint (e2v_model_n_parameters (model), ==, 162140185);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/random/recipe", test_recipe);
  g_test_add_func ("/random/large", test_large);
  return g_test_run ();
}
