/* cmd-doctor.c - "doctor": what is missing or wrong here, from the Vulkan loader to GStreamer's registry, and what to do.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/gst.h>
#include <string.h>

#include "commands.h"
#include "e2verror.h"
#include "e2vselftest.h"
#include "files/e2vmodelfile.h"
#include "gstemotion2vecmodelsearch.h"
#include "toolutil.h"
#ifdef HAVE_HOST
#include "host/e2vhost.h"
#endif
#ifdef HAVE_VULKAN
#include "vulkan/e2vvulkan.h"
#endif

#define SUMMARY \
    "Looks at everything that the element emotion2vec needs, in this order: " \
    "the Vulkan loader, a\ndriver with a device, the BLAS of device=cpu, the " \
    "model file that the element would load (or\nMODEL), the self-test of " \
    "that model on the CPU and on each device, and the plugin in\n" \
    "GStreamer's registry. Says of each whether it is ok, missing or wrong, and what to do."

#define EXAMPLES \
    "Examples:\n" \
    "  emotion2vec-model doctor\n" \
    "  EMOTION2VEC_MODEL=base.gguf emotion2vec-model doctor\n\n" \
    "Exit status: 0 the element runs here on a Vulkan device, 1 it does not, " \
    "or only on the\nCPU, 2 wrong usage."

typedef struct
{
  GPtrArray *devices;           /* of E2vVulkanDevice; NULL: none */
  E2vModel *model;              /* NULL: none */
  gboolean device_works, host_works, model_works, element_works;
} Doctor;

static void
say (const char *status, const char *part, const char *detail)
{
  g_print ("%-7s  %-15s  %s\n", status, part, detail);
}

static void
advise (const char *advice)
{
  g_print ("%-7s  %-15s  → %s\n", "", "", advice);
}

/* ---- Vulkan ----------------------------------------------------------------------------------------------------- */

#ifdef HAVE_VULKAN

static void
examine_vulkan (Doctor * doctor)
{
  g_autoptr (GError) error = NULL;

  if (!e2v_vulkan_open_loader (&error)) {
    say ("missing", "Vulkan loader", error->message);
    advise ("On Debian: apt install libvulkan1 mesa-vulkan-drivers. Until "
        "then only device=cpu works.");
    return;
  }
  say ("ok", "Vulkan loader", "libvulkan.so.1 can be opened");
  doctor->devices = e2v_vulkan_list_devices (&error);
  if (!doctor->devices) {
    say ("missing", "Vulkan driver", error->message);
    advise ("On Debian: apt install mesa-vulkan-drivers, or the driver of "
        "the GPU's maker. If one is installed, see that VK_ICD_FILENAMES and "
        "VK_DRIVER_FILES are not set.");
    return;
  }
  for (guint i = 0; i < doctor->devices->len; i++) {
    const E2vVulkanDevice *device = doctor->devices->pdata[i];
    g_autofree char *part = g_strdup_printf ("device %u", i);
    g_autofree char *detail = g_strdup_printf ("%s (%s; %s)", device->name,
        device->type, device->driver);

    say ("ok", part, detail);
  }
}

static E2vEncoder *
open_device (Doctor * doctor, guint index, GError ** error)
{
  g_autofree char *name = g_strdup_printf ("%u", index);
  E2vExecutor *executor = e2v_vulkan_new (doctor->model, name,
      E2V_PRECISION_AUTO, E2V_SHADERS_AUTO, error);

  return executor ? e2v_encoder_new_on (executor) : NULL;
}

#else

static void
examine_vulkan (Doctor * doctor)
{
  say ("missing", "Vulkan", "this program was built without it");
  advise ("Build with -Dvulkan=enabled. Until then only device=cpu works.");
}

static E2vEncoder *
open_device (Doctor * doctor, guint index, GError ** error)
{
  return NULL;
}

#endif

/* ---- the model -------------------------------------------------------------------------------------------------- */

static void
advise_on_model (gboolean missing)
{
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (),
      GST_EMOTION2VEC_MODEL_FOLDER, NULL);
  g_autofree char *advice = g_strdup_printf ("Set "
      GST_EMOTION2VEC_MODEL_VARIABLE " to a model file, or put one into %s; "
      "'emotion2vec-model convert' makes one from a public checkpoint.",
      folder);

  advise (missing ? advice : "Get the file again, or make it again with "
      "'emotion2vec-model convert'.");
}

static void
examine_model_file (Doctor * doctor, const char *wanted)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path =
      wanted ? g_strdup (wanted) : gst_emotion2vec_find_model (NULL, &error);
  g_autofree char *detail = NULL;
  const E2vModelInfo *info;

  if (path)
    doctor->model = e2v_model_load (path, &error);
  if (!doctor->model) {
    gboolean missing = g_error_matches (error, E2V_ERROR, E2V_ERROR_NOT_FOUND);

    say (missing ? "missing" : "wrong", "model file", error->message);
    advise_on_model (missing);
    return;
  }
  info = e2v_model_info (doctor->model);
  detail = info && info->name ? g_strdup_printf ("%s (%s)", path, info->name)
      : g_strdup (path);
  say ("ok", "model file", detail);
}

/* Asks the model's self-test; whether the answer is right. @encoder: NULL: @failure says why. */
static gboolean
examine_answer (E2vEncoder * encoder, const char *part, const GError * failure,
    const char *advice)
{
  g_autofree char *detail = NULL;
  g_autoptr (GError) error = NULL;
  E2vSelftestErrors errors;
  E2vPrecision precision;

  if (!encoder || !e2v_selftest_run (encoder, &errors, &error)) {
    say ("wrong", part, encoder ? error->message : failure->message);
    advise (advice);
    return FALSE;
  }
  precision = e2v_encoder_precision (encoder);
  detail = g_strdup_printf ("%s, %s: embedding off by %.1e, scores by %.1e, "
      "allowed %.0e", e2v_encoder_description (encoder),
      e2v_precision_name (precision), errors.embedding, errors.score,
      e2v_selftest_limit (precision));
  if (!e2v_selftest_passes (&errors, precision)) {
    say ("wrong", part, detail);
    advise (advice);
    return FALSE;
  }
  say ("ok", part, detail);
  return TRUE;
}

/* What the element would run in place of a device's first choice. */
static void
examine_instead (Doctor * doctor, guint index)
{
  g_autofree char *name = g_strdup_printf ("%u", index);
  g_autofree char *part = g_strdup_printf ("instead of %u", index);
  g_autofree char *detail = NULL;
  g_autoptr (E2vEncoder) encoder = e2v_encoder_new (doctor->model, name,
      E2V_PRECISION_AUTO, NULL, NULL);

  if (!encoder)
    return;
  detail = g_strdup_printf ("%s, %s: right", e2v_encoder_description (encoder),
      e2v_precision_name (e2v_encoder_precision (encoder)));
  say ("ok", part, detail);
  doctor->device_works = TRUE;
}

static void
examine_device (Doctor * doctor, guint index)
{
  g_autofree char *part = g_strdup_printf ("answer of %u", index);
  g_autoptr (GError) failure = NULL;
  g_autoptr (E2vEncoder) encoder = open_device (doctor, index, &failure);

  if (examine_answer (encoder, part, failure,
          "Update the driver. The element tries other shaders, fp32 and other "
          "devices by itself; 'emotion2vec-model selftest' shows which are "
          "right."))
    doctor->device_works = TRUE;
  else
    examine_instead (doctor, index);
}

#ifdef HAVE_HOST

static void
examine_blas (Doctor * doctor)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *host = e2v_host_describe (&error);

  if (host) {
    say ("ok", "BLAS", host);
    return;
  }
  say ("missing", "BLAS", error->message);
  advise ("On Debian: apt install libopenblas0. Until then device=cpu is the "
      "reference executor, right but slow.");
}

static void
examine_host (Doctor * doctor)
{
  g_autoptr (GError) failure = NULL;
  E2vExecutor *executor =
      e2v_host_new (doctor->model, E2V_PRECISION_FP32, &failure);
  g_autoptr (E2vEncoder) encoder =
      executor ? e2v_encoder_new_on (executor) : NULL;

  /* a BLAS that is missing was said to be */
  if (encoder || !g_error_matches (failure, E2V_ERROR, E2V_ERROR_NOT_FOUND))
    doctor->host_works = examine_answer (encoder, "answer of cpu", failure,
        "Update the BLAS, or choose another one with 'update-alternatives'. "
        "Until then device=cpu is the reference executor, right but slow.");
}

#else

static void
examine_blas (Doctor * doctor)
{
}

static void
examine_host (Doctor * doctor)
{
}

#endif

static void
examine_answers (Doctor * doctor)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vEncoder) ref =
      e2v_encoder_new (doctor->model, "ref", E2V_PRECISION_FP32, NULL, &error);

  doctor->model_works = examine_answer (ref, "answer of ref", error,
      "The file's weights and its self-test do not belong together: get it "
      "again, or make it again with 'emotion2vec-model convert'.");
  /* if the question is wrong, no device can be blamed */
  if (!doctor->model_works)
    return;
  examine_host (doctor);
  for (guint i = 0; doctor->devices && i < doctor->devices->len; i++)
    examine_device (doctor, i);
}

static void
examine_model (Doctor * doctor, const char *wanted)
{
  examine_model_file (doctor, wanted);
  if (!doctor->model)
    return;
  if (e2v_model_selftest (doctor->model)) {
    examine_answers (doctor);
    return;
  }
  say ("missing", "self-test", "the model file carries none, so no device can "
      "prove itself");
  advise ("Make the file again with 'emotion2vec-model convert'.");
  doctor->model_works = TRUE;
  doctor->device_works = doctor->devices != NULL;
}

/* ---- GStreamer -------------------------------------------------------------------------------------------------- */

/* The file of our plugin that GStreamer refuses to load, or NULL. */
static char *
find_blacklisted (void)
{
  GList *plugins = gst_registry_get_plugin_list (gst_registry_get ());
  char *found = NULL;

  for (GList * item = plugins; item && !found; item = item->next) {
    const char *file = gst_plugin_get_filename (item->data);

    if (GST_OBJECT_FLAG_IS_SET (item->data, GST_PLUGIN_FLAG_BLACKLISTED)
        && file && strstr (file, "gstemotion2vec"))
      found = g_strdup (file);
  }
  gst_plugin_list_free (plugins);
  return found;
}

static void
report_no_element (void)
{
  g_autofree char *file = find_blacklisted ();
  g_autofree char *advice = NULL;

  if (!file) {
    say ("missing", "plugin", "GStreamer knows no element emotion2vec");
    advise ("Install it with 'meson install -C build', or set GST_PLUGIN_PATH "
        "to the folder that holds libgstemotion2vec.so.");
    return;
  }
  say ("wrong", "plugin", "GStreamer could not load the plugin and has it on "
      "its blacklist");
  advice = g_strdup_printf ("'ldd %s' may name a missing library. Then remove "
      "~/.cache/gstreamer-1.0/registry.*.bin, so that GStreamer tries again.",
      file);
  advise (advice);
}

static void
examine_element (Doctor * doctor)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElementFactory) factory = NULL;
  g_autoptr (GstPlugin) plugin = NULL;
  g_autofree char *detail = NULL;

  if (!gst_init_check (NULL, NULL, &error)) {
    say ("wrong", "GStreamer", error ? error->message : "it does not start");
    advise ("Install GStreamer 1.22 or newer.");
    return;
  }
  factory = gst_element_factory_find ("emotion2vec");
  if (!factory) {
    report_no_element ();
    return;
  }
  plugin = gst_plugin_feature_get_plugin (GST_PLUGIN_FEATURE (factory));
  detail = g_strdup_printf ("%s, version %s", gst_plugin_get_filename (plugin),
      gst_plugin_get_version (plugin));
  doctor->element_works =
      strcmp (gst_plugin_get_version (plugin), PACKAGE_VERSION) == 0;
  say (doctor->element_works ? "ok" : "wrong", "plugin", detail);
  if (!doctor->element_works)
    advise ("This tool has version " PACKAGE_VERSION ": another copy of the "
        "plugin is in the way, remove it or set GST_PLUGIN_PATH.");
}

/* ---- the verdict ------------------------------------------------------------------------------------------------ */

static int
give_verdict (const Doctor * doctor)
{
  gboolean runs = doctor->model_works && doctor->element_works;

  if (runs && doctor->device_works) {
    g_print ("\nThe element runs here.\n");
    return TOOL_OK;
  }
  if (!runs)
    g_print ("\nThe element does not run here yet.\n");
  else
    g_print ("\nThe element runs here, but %son the CPU, without Vulkan.\n",
        doctor->host_works ? "" : "slowly, ");
  return TOOL_FAILED;
}

int
cmd_doctor (int argc, char **argv)
{
  Doctor doctor = { NULL };
  const GOptionEntry entries[] = {
    {NULL}
  };

  if (!tool_parse ("doctor", "[MODEL]", SUMMARY, EXAMPLES, entries, &argc,
          &argv))
    return TOOL_USAGE;
  if (argc > 2)
    return tool_usage_error ("'doctor' takes at most one model file");
  examine_vulkan (&doctor);
  examine_blas (&doctor);
  examine_model (&doctor, argv[1]);
  examine_element (&doctor);
  g_clear_pointer (&doctor.model, e2v_model_unref);
  g_clear_pointer (&doctor.devices, g_ptr_array_unref);
  return give_verdict (&doctor);
}
