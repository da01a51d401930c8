/* test-interface.c - properties, pads and class of each element, against a list that only a person changes.
 *
 * E2V_UPDATE_GOLDEN=1 writes the lists, interface.txt and interface-*.txt, anew.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <gst/gst.h>

static const struct
{
  guint flag;
  const char *name;
} flag_names[] = {
  {G_PARAM_READABLE, "readable"},
  {G_PARAM_WRITABLE, "writable"},
  {GST_PARAM_CONTROLLABLE, "controllable"},
  {GST_PARAM_MUTABLE_READY, "ready"},
  {GST_PARAM_MUTABLE_PAUSED, "paused"},
  {GST_PARAM_MUTABLE_PLAYING, "playing"},
};

static void
describe_choices (GString * text, GType type)
{
  gpointer klass = g_type_class_ref (type);

  if (G_IS_ENUM_CLASS (klass))
    for (guint i = 0; i < G_ENUM_CLASS (klass)->n_values; i++)
      g_string_append_printf (text, " %s",
          G_ENUM_CLASS (klass)->values[i].value_nick);
  if (G_IS_FLAGS_CLASS (klass))
    for (guint i = 0; i < G_FLAGS_CLASS (klass)->n_values; i++)
      g_string_append_printf (text, " %s",
          G_FLAGS_CLASS (klass)->values[i].value_nick);
  g_type_class_unref (klass);
}

static void
describe_range (GString * text, GParamSpec * spec)
{
  if (G_IS_PARAM_SPEC_UINT64 (spec))
    g_string_append_printf (text, " %" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT,
        G_PARAM_SPEC_UINT64 (spec)->minimum,
        G_PARAM_SPEC_UINT64 (spec)->maximum);
  else if (G_IS_PARAM_SPEC_UINT (spec))
    g_string_append_printf (text, " %u..%u", G_PARAM_SPEC_UINT (spec)->minimum,
        G_PARAM_SPEC_UINT (spec)->maximum);
  else if (G_IS_PARAM_SPEC_INT (spec))
    g_string_append_printf (text, " %d..%d", G_PARAM_SPEC_INT (spec)->minimum,
        G_PARAM_SPEC_INT (spec)->maximum);
  else if (G_IS_PARAM_SPEC_DOUBLE (spec))
    g_string_append_printf (text, " %g..%g",
        G_PARAM_SPEC_DOUBLE (spec)->minimum,
        G_PARAM_SPEC_DOUBLE (spec)->maximum);
  else if (G_TYPE_IS_ENUM (spec->value_type)
      || G_TYPE_IS_FLAGS (spec->value_type))
    describe_choices (text, spec->value_type);
}

static void
describe_property (GString * text, GParamSpec * spec)
{
  const GValue *initial = g_param_spec_get_default_value (spec);
  g_autofree char *value = spec->flags & G_PARAM_WRITABLE ?
      gst_value_serialize (initial) : NULL;

  g_string_append_printf (text, "%s: %s", g_param_spec_get_name (spec),
      g_type_name (spec->value_type));
  describe_range (text, spec);
  g_string_append_printf (text, ", default %s,", value ? value : "none");
  for (guint i = 0; i < G_N_ELEMENTS (flag_names); i++)
    if (spec->flags & flag_names[i].flag)
      g_string_append_printf (text, " %s", flag_names[i].name);
  g_string_append_c (text, '\n');
  /* the description tells when the property may change */
  if (spec->flags & G_PARAM_WRITABLE)
    g_assert_nonnull (strstr (g_param_spec_get_blurb (spec), "May change in"));
}

/* What comes out of elements that make another stream. */
static void
describe_output (GString * text, GstElement * element)
{
  GstPadTemplate *template = gst_element_get_pad_template (element, "src");
  g_autoptr (GstCaps) caps = gst_pad_template_get_caps (template);
  g_autofree char *caps_text = gst_caps_to_string (caps);

  g_string_append_printf (text, "src: %s\n", caps_text);
}

/* @data: name of the element. Its list is beside that of emotion2vec, which has no name in it. */
static void
test_interface (gconstpointer data)
{
  const char *name = data, *rest = name + strlen ("emotion2vec");
  g_autofree char *folder =
      g_path_get_dirname (g_getenv ("E2V_GOLDEN_INTERFACE"));
  g_autofree char *file = g_strdup_printf ("interface%s%s.txt",
      *rest ? "-" : "", rest);
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *expected = NULL;
  g_autofree GParamSpec **specs = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  GstElement *element = gst_element_factory_make (name, NULL);
  guint n;

  if (!element && strcmp (name, "emotion2vecscope") == 0) {
    g_test_skip ("built without cairo");
    return;
  }
  g_assert_nonnull (element);
  g_string_append_printf (text, "klass: %s\n",
      gst_element_get_metadata (element, GST_ELEMENT_METADATA_KLASS));
  if (*rest)
    describe_output (text, element);
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);
  for (guint i = 0; i < n; i++)
    if (g_str_has_prefix (g_type_name (specs[i]->owner_type), "GstEmotion2vec"))
      describe_property (text, specs[i]);
  gst_object_unref (element);
  if (g_getenv ("E2V_UPDATE_GOLDEN"))
    g_file_set_contents (path, text->str, -1, NULL);
  g_assert_true (g_file_get_contents (path, &expected, NULL, NULL));
  g_assert_cmpstr (text->str, ==, expected);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/interface/filter", "emotion2vec", test_interface);
  g_test_add_data_func ("/interface/text", "emotion2vectext", test_interface);
  g_test_add_data_func ("/interface/json", "emotion2vecjson", test_interface);
  g_test_add_data_func ("/interface/scope", "emotion2vecscope", test_interface);
  return g_test_run ();
}
