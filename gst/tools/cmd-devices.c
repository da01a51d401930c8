/* cmd-devices.c - "devices": what can run a model here, and what `auto` would choose there.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "commands.h"
#include "e2vencoder.h"
#include "e2verror.h"
#include "jsonwriter.h"
#include "toolutil.h"
#ifdef HAVE_HOST
#include "host/e2vhost.h"
#endif
#ifdef HAVE_VULKAN
#include "vulkan/e2vvulkan.h"
#endif

#define SUMMARY \
    "Lists the devices that can run a model, best first. The index, a part " \
    "of the name or the\nUUID is what --device and the element's property " \
    "device take; 'cpu' is the\nprocessor through a BLAS, 'ref' the reference executor, slow and always there.\n" \
    "The precision is what 'auto' means there for a model with\n" \
    "half-precision weights. No device is opened: 'doctor' sees whether they " \
    "work."

#define EXAMPLES \
    "Examples:\n" \
    "  emotion2vec-model devices\n" \
    "  emotion2vec-model run base.gguf speech.wav --device 1"

#ifdef HAVE_VULKAN

static const char *
shaders_name (E2vShaders shaders)
{
  switch (shaders) {
    case E2V_SHADERS_SIMD:
      return "simd";
    case E2V_SHADERS_SCALAR:
      return "scalar";
    default:
      return "auto";
  }
}

/* For a model with half-precision weights. */
static const char *
precision_name (const E2vVulkanDevice * device)
{
  return e2v_precision_name (device->gains_from_half ? E2V_PRECISION_FP16
      : E2V_PRECISION_FP32);
}

static void
print_json_device (const E2vVulkanDevice * device)
{
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_integer (&json, "index", device->index);
  json_writer_string (&json, "name", device->name);
  json_writer_string (&json, "uuid", device->uuid);
  json_writer_string (&json, "type", device->type);
  json_writer_string (&json, "driver", device->driver);
  json_writer_integer (&json, "vendor_id", device->vendor_id);
  json_writer_integer (&json, "device_id", device->device_id);
  json_writer_integer (&json, "subgroup_size", device->subgroup_size);
  json_writer_integer (&json, "heap_bytes", device->heap_bytes);
  json_writer_boolean (&json, "half_storage", device->half_storage);
  json_writer_string (&json, "shaders", shaders_name (device->shaders));
  json_writer_string (&json, "precision", precision_name (device));
  json_writer_end (&json, '}');
  json_writer_print (&json);
}

static void
add_device (ToolTable * table, const E2vVulkanDevice * device)
{
  tool_table_add (table, g_strdup_printf ("%u", device->index),
      g_strdup (device->name), g_strdup (device->type),
      g_strdup (device->driver), tool_format_bytes (device->heap_bytes),
      g_strdup (shaders_name (device->shaders)),
      g_strdup (precision_name (device)), g_strdup (device->uuid));
}

static GPtrArray *
list_devices (GError ** error)
{
  return e2v_vulkan_list_devices (error);
}

#else

typedef gpointer E2vVulkanDevice;

static void
print_json_device (const E2vVulkanDevice * device)
{
}

static void
add_device (ToolTable * table, const E2vVulkanDevice * device)
{
}

static GPtrArray *
list_devices (GError ** error)
{
  g_set_error (error, E2V_ERROR, E2V_ERROR_NO_DRIVER,
      "this program was built without Vulkan");
  return NULL;
}

#endif

#ifdef HAVE_HOST

/* What "cpu" would be here, for people; (nullable): nothing but the reference executor. */
static char *
describe_host (void)
{
  return e2v_host_describe (NULL);
}

#else

static char *
describe_host (void)
{
  return NULL;
}

#endif

static void
add_processor (ToolTable * table, const char *index, const char *name,
    const char *driver)
{
  tool_table_add (table, g_strdup (index), g_strdup (name), g_strdup ("cpu"),
      g_strdup (driver), g_strdup ("-"), g_strdup ("-"), g_strdup ("fp32"),
      g_strdup ("-"));
}

static void
print_table (GPtrArray * devices)
{
  g_autofree char *host = describe_host ();
  static const char *const headings[] = { "index", "name", "type", "driver",
    "memory", "shaders", "precision", "UUID", NULL
  };
  g_autoptr (ToolTable) table = tool_table_new ("rlllrlll", headings);

  for (guint i = 0; devices && i < devices->len; i++)
    add_device (table, g_ptr_array_index (devices, i));
  if (host)
    add_processor (table, "cpu", host, "BLAS");
  add_processor (table, "ref", "reference executor", "plain C");
  tool_table_print (table, 0);
}

static void
print_json_processor (const char *index, const char *name)
{
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_string (&json, "index", index);
  json_writer_string (&json, "name", name);
  json_writer_string (&json, "type", "cpu");
  json_writer_string (&json, "precision", "fp32");
  json_writer_end (&json, '}');
  json_writer_print (&json);
}

static void
print_json (GPtrArray * devices)
{
  g_autofree char *host = describe_host ();

  for (guint i = 0; devices && i < devices->len; i++)
    print_json_device (g_ptr_array_index (devices, i));
  if (host)
    print_json_processor ("cpu", host);
  print_json_processor ("ref", "reference executor");
}

int
cmd_devices (int argc, char **argv)
{
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (GError) error = NULL;
  gboolean as_json = FALSE;
  const GOptionEntry entries[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &as_json,
        "Print one JSON object a device and line", NULL},
    {NULL}
  };

  if (!tool_parse ("devices", NULL, SUMMARY, EXAMPLES, entries, &argc, &argv))
    return TOOL_USAGE;
  if (argc != 1)
    return tool_usage_error ("'devices' takes no arguments");
  devices = list_devices (&error);
  if (as_json)
    print_json (devices);
  else
    print_table (devices);
  if (!devices)
    tool_warning ("no Vulkan device: %s", error->message);
  return TOOL_OK;
}
