/* e2vvkphysical.c - the Vulkan loader, and which devices there are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#define VOLK_IMPLEMENTATION
#include "e2vvkphysical.h"

#include "e2verror.h"
#include "e2vvkresult.h"

#include <pthread.h>
#include <string.h>

/* Subgroup properties and *2 queries came with 1.1. */
#define MIN_API VK_API_VERSION_1_1

/* ---- one thread at a time --------------------------------------------------------------------------------------- */

static GMutex loader;

/* There is one thread then, and whoever held it is not here. */
static void
free_in_child (void)
{
  memset (&loader, 0, sizeof loader);
}

void
e2v_vk_loader_lock (void)
{
  static gsize once;

  if (g_once_init_enter (&once)) {
    pthread_atfork (NULL, NULL, free_in_child);
    g_once_init_leave (&once, 1);
  }
  g_mutex_lock (&loader);
}

void
e2v_vk_loader_unlock (void)
{
  g_mutex_unlock (&loader);
}

/* ---- loader and instance ---------------------------------------------------------------------------------------- */

/* Under the loader's lock. */
static gboolean
open_loader (GError ** error)
{
  VkResult result = VK_SUCCESS;

  if (!vkGetInstanceProcAddr)
    result = volkInitialize ();
  if (result != VK_SUCCESS) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_NO_DRIVER,
        "the Vulkan loader (libvulkan.so.1) was not found; install the package "
        "libvulkan1 and a driver such as mesa-vulkan-drivers");
    return FALSE;
  }
  if (!vkEnumerateInstanceVersion || volkGetInstanceVersion () < MIN_API) {
    g_set_error_literal (error, E2V_ERROR, E2V_ERROR_NO_DRIVER,
        "the Vulkan loader is older than version 1.1; install a newer "
        "libvulkan1");
    return FALSE;
  }
  return TRUE;
}

gboolean
e2v_vulkan_open_loader (GError ** error)
{
  gboolean opened;

  e2v_vk_loader_lock ();
  opened = open_loader (error);
  e2v_vk_loader_unlock ();
  return opened;
}

static gboolean
has_extension (const VkExtensionProperties * list, guint n, const char *name)
{
  for (guint i = 0; i < n; i++) {
    if (!strcmp (list[i].extensionName, name))
      return TRUE;
  }
  return FALSE;
}

static gboolean
instance_has_portability (void)
{
  g_autofree VkExtensionProperties *list = NULL;
  guint n = 0;

  vkEnumerateInstanceExtensionProperties (NULL, &n, NULL);
  list = g_new0 (VkExtensionProperties, n);
  vkEnumerateInstanceExtensionProperties (NULL, &n, list);
  return has_extension (list, n, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
}

static VkResult
create_instance (VkInstance * handle)
{
  const char *portability = VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME;
  const VkApplicationInfo app = {
    .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
    .pApplicationName = "gst-emotion2vec",
    .apiVersion = MIN_API,
  };
  VkInstanceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pApplicationInfo = &app,
  };

  if (instance_has_portability ()) {
    info.flags = VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
    info.enabledExtensionCount = 1;
    info.ppEnabledExtensionNames = &portability;
  }
  return vkCreateInstance (&info, NULL, handle);
}

static void
load_functions (E2vVkInstance * i)
{
#define LOAD(name) i->name = (PFN_##name) vkGetInstanceProcAddr (i->handle, #name)
  LOAD (vkDestroyInstance);
  LOAD (vkEnumeratePhysicalDevices);
  LOAD (vkGetPhysicalDeviceProperties);
  LOAD (vkGetPhysicalDeviceProperties2);
  LOAD (vkGetPhysicalDeviceFeatures2);
  LOAD (vkGetPhysicalDeviceMemoryProperties);
  LOAD (vkGetPhysicalDeviceQueueFamilyProperties);
  LOAD (vkEnumerateDeviceExtensionProperties);
  LOAD (vkCreateDevice);
  LOAD (vkGetDeviceProcAddr);
#undef LOAD
}

static gboolean
no_driver (GError ** error)
{
  g_set_error_literal (error, E2V_ERROR, E2V_ERROR_NO_DRIVER,
      "no Vulkan driver was found; install one, such as mesa-vulkan-drivers, "
      "which also brings a software device");
  return FALSE;
}

gboolean
e2v_vk_instance_open (E2vVkInstance * instance, GError ** error)
{
  VkResult result;

  memset (instance, 0, sizeof *instance);
  if (!open_loader (error))
    return FALSE;
  result = create_instance (&instance->handle);
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
    return no_driver (error);
  if (!e2v_vk_check (result, "vkCreateInstance", NULL, error))
    return FALSE;
  load_functions (instance);
  return TRUE;
}

void
e2v_vk_instance_clear (E2vVkInstance * instance)
{
  if (instance->handle)
    instance->vkDestroyInstance (instance->handle, NULL);
  memset (instance, 0, sizeof *instance);
}

/* ---- devices ---------------------------------------------------------------------------------------------------- */

/* A family for computing only leaves the graphics queue to the screen. */
static gboolean
find_queue_family (const E2vVkInstance * instance, E2vVkPhysical * d)
{
  g_autofree VkQueueFamilyProperties *families = NULL;
  gboolean found = FALSE;
  guint n = 0;

  instance->vkGetPhysicalDeviceQueueFamilyProperties (d->handle, &n, NULL);
  families = g_new0 (VkQueueFamilyProperties, n);
  instance->vkGetPhysicalDeviceQueueFamilyProperties (d->handle, &n, families);
  for (guint i = 0; i < n; i++) {
    gboolean graphics = families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT;

    if (!(families[i].queueFlags & VK_QUEUE_COMPUTE_BIT)
        || (found && graphics))
      continue;
    found = TRUE;
    d->queue_family = i;
    d->timestamps = families[i].timestampValidBits > 0;
    if (!graphics)
      break;
  }
  return found;
}

static gboolean
device_has_extension (const E2vVkInstance * instance, VkPhysicalDevice device,
    const char *name)
{
  g_autofree VkExtensionProperties *list = NULL;
  guint n = 0;

  instance->vkEnumerateDeviceExtensionProperties (device, NULL, &n, NULL);
  list = g_new0 (VkExtensionProperties, n);
  instance->vkEnumerateDeviceExtensionProperties (device, NULL, &n, list);
  return has_extension (list, n, name);
}

static void
read_properties (const E2vVkInstance * instance, E2vVkPhysical * d)
{
  const gboolean sizes = device_has_extension (instance, d->handle,
      VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);
  const gboolean has_driver = device_has_extension (instance, d->handle,
      VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME);
  VkPhysicalDeviceSubgroupSizeControlPropertiesEXT control = {
    .sType =
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES_EXT,
  };
  VkPhysicalDeviceDriverPropertiesKHR driver = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES_KHR,
  };
  VkPhysicalDeviceIDProperties id = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
  };
  VkPhysicalDeviceSubgroupProperties subgroup = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES,
    .pNext = &id,
  };
  VkPhysicalDeviceProperties2 all = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .pNext = &subgroup,
  };

  if (has_driver) {
    driver.pNext = all.pNext;
    all.pNext = &driver;
  }
  if (sizes) {
    control.pNext = all.pNext;
    all.pNext = &control;
  }
  instance->vkGetPhysicalDeviceProperties2 (d->handle, &all);
  d->properties = all.properties;
  g_strlcpy (d->name, all.properties.deviceName, sizeof d->name);
  g_snprintf (d->driver, sizeof d->driver, "%s, %s", driver.driverName,
      driver.driverInfo);
  d->subgroup_min = d->subgroup_max = subgroup.subgroupSize;
  d->can_choose_subgroup = sizes
      && control.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT;
  if (d->can_choose_subgroup) {
    d->subgroup_min = control.minSubgroupSize;
    d->subgroup_max = control.maxSubgroupSize;
  }
  d->shuffle = subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT
      && subgroup.supportedOperations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT;
  for (guint i = 0, at = 0; i < VK_UUID_SIZE; i++) {
    g_snprintf (d->uuid + at, 3, "%02x", id.deviceUUID[i]);
    at += 2;
    if (i == 3 || i == 5 || i == 7 || i == 9)
      d->uuid[at++] = '-';
  }
}

static void
read_features (const E2vVkInstance * instance, E2vVkPhysical * d)
{
  VkPhysicalDeviceSubgroupSizeControlFeaturesEXT control = {
    .sType =
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES_EXT,
  };
  VkPhysicalDevice16BitStorageFeatures half = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES,
    .pNext = d->can_choose_subgroup ? &control : NULL,
  };
  VkPhysicalDeviceFeatures2 all = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .pNext = &half,
  };

  instance->vkGetPhysicalDeviceFeatures2 (d->handle, &all);
  d->half_storage = half.storageBuffer16BitAccess;
  d->robust = all.features.robustBufferAccess;
  d->can_choose_subgroup &= control.subgroupSizeControl
      && control.computeFullSubgroups;
}

static gboolean
describe (const E2vVkInstance * instance, E2vVkPhysical * d)
{
  instance->vkGetPhysicalDeviceProperties (d->handle, &d->properties);
  if (d->properties.apiVersion < MIN_API || !find_queue_family (instance, d))
    return FALSE;
  read_properties (instance, d);
  read_features (instance, d);
  instance->vkGetPhysicalDeviceMemoryProperties (d->handle, &d->memory);
  return TRUE;
}

static int
rank (const E2vVkPhysical * d)
{
  switch (d->properties.deviceType) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return 0;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return 1;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return 2;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return 4;
    default:
      return 3;
  }
}

/* Keeps the loader's order within a rank. */
static void
insert_by_rank (GArray * list, const E2vVkPhysical * d)
{
  guint at = list->len;

  while (at > 0
      && rank (&g_array_index (list, E2vVkPhysical, at - 1)) > rank (d))
    at--;
  g_array_insert_vals (list, at, d, 1);
}

GArray *
e2v_vk_physical_list (const E2vVkInstance * instance, GError ** error)
{
  g_autofree VkPhysicalDevice *handles = NULL;
  GArray *list;
  guint n = 0;
  VkResult result;

  result = instance->vkEnumeratePhysicalDevices (instance->handle, &n, NULL);
  if (result == VK_SUCCESS) {
    handles = g_new0 (VkPhysicalDevice, n);
    result = instance->vkEnumeratePhysicalDevices (instance->handle, &n,
        handles);
  }
  if (result == VK_ERROR_INITIALIZATION_FAILED)
    n = 0;
  else if (!e2v_vk_check (result, "vkEnumeratePhysicalDevices", NULL, error))
    return NULL;

  list = g_array_new (FALSE, TRUE, sizeof (E2vVkPhysical));
  for (guint i = 0; i < n; i++) {
    E2vVkPhysical d = {.handle = handles[i] };

    if (describe (instance, &d))
      insert_by_rank (list, &d);
  }
  if (list->len == 0) {
    no_driver (error);
    g_clear_pointer (&list, g_array_unref);
  }
  return list;
}

static char *
list_names (GArray * list)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < list->len; i++)
    g_string_append_printf (names, "%s%u: %s", i ? ", " : "", i,
        g_array_index (list, E2vVkPhysical, i).name);
  return g_string_free (names, FALSE);
}

/* What an executor opens again, or a UUID: the same device of the same driver, or if that was updated the same device. */
static const E2vVkPhysical *
find_identity (GArray * list, const char *wanted)
{
  const E2vVkPhysical *found = NULL;

  for (guint i = 0; i < list->len; i++) {
    const E2vVkPhysical *d = &g_array_index (list, E2vVkPhysical, i);
    g_autofree char *identity = e2v_vk_physical_identity (d);
    const gsize n = strlen (d->uuid);

    if (g_str_equal (identity, wanted))
      return d;
    if (!found && g_ascii_strncasecmp (wanted, d->uuid, n) == 0
        && (wanted[n] == '\0' || wanted[n] == ' '))
      found = d;
  }
  return found;
}

/* The only device whose name has this part, or is all of it; NULL if there are none or more, with their number. */
static const E2vVkPhysical *
find_name (GArray * list, const char *wanted, guint * n_found)
{
  g_autofree char *part = g_utf8_casefold (wanted, -1);
  const E2vVkPhysical *found = NULL, *whole = NULL;
  guint n_whole = 0;

  *n_found = 0;
  for (guint i = 0; *wanted && i < list->len; i++) {
    const E2vVkPhysical *d = &g_array_index (list, E2vVkPhysical, i);
    g_autofree char *name = g_utf8_casefold (d->name, -1);

    if (!strstr (name, part))
      continue;
    (*n_found)++;
    found = d;
    if (g_str_equal (name, part)) {
      n_whole++;
      whole = d;
    }
  }
  if (n_whole == 1)
    return whole;
  return *n_found == 1 ? found : NULL;
}

const E2vVkPhysical *
e2v_vk_physical_find (GArray * list, const char *wanted, GError ** error)
{
  g_autofree char *names = NULL;
  const E2vVkPhysical *found;
  guint64 index;
  guint n_found;

  if (!g_ascii_strcasecmp (wanted, "vulkan"))
    return &g_array_index (list, E2vVkPhysical, 0);
  if (g_ascii_string_to_unsigned (wanted, 10, 0, list->len - 1, &index, NULL))
    return &g_array_index (list, E2vVkPhysical, index);
  found = find_identity (list, wanted);
  if (!found)
    found = find_name (list, wanted, &n_found);
  if (found)
    return found;
  names = list_names (list);
  if (n_found > 1)
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "the name \"%s\" fits %u Vulkan devices; choose one by more of its "
        "name, its index or its UUID; there is %s", wanted, n_found, names);
  else
    g_set_error (error, E2V_ERROR, E2V_ERROR_NOT_FOUND,
        "there is no Vulkan device \"%s\"; there is %s", wanted, names);
  return NULL;
}

/* The UUID of the pipeline cache should be the driver's own mark of its build, but is a constant on llvmpipe; there the
 * names hold the versions of Mesa and LLVM. */
char *
e2v_vk_physical_identity (const E2vVkPhysical * d)
{
  const VkPhysicalDeviceProperties *p = &d->properties;
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%s %04x:%04x %08x %08x ", d->uuid,
      p->vendorID, p->deviceID, p->driverVersion, p->apiVersion);
  for (guint i = 0; i < VK_UUID_SIZE; i++)
    g_string_append_printf (text, "%02x", p->pipelineCacheUUID[i]);
  g_string_append_printf (text, " %s; %s", d->name, d->driver);
  g_strdelimit (text->str, "\r\n", ' ');
  return g_string_free (text, FALSE);
}

guint
e2v_vk_physical_simd_lanes (const E2vVkPhysical * d)
{
  if (!d->shuffle)
    return 0;
  for (guint lanes = 16; lanes >= 4; lanes /= 2) {
    if (lanes >= d->subgroup_min && lanes <= d->subgroup_max)
      return lanes;
  }
  return 0;
}

E2vShaders
e2v_vk_physical_shaders (const E2vVkPhysical * d)
{
  gboolean simd = d->properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU
      && e2v_vk_physical_simd_lanes (d) > 0;

  return simd ? E2V_SHADERS_SIMD : E2V_SHADERS_SCALAR;
}

gboolean
e2v_vk_physical_gains_from_half (const E2vVkPhysical * d)
{
  return d->properties.deviceType != VK_PHYSICAL_DEVICE_TYPE_CPU;
}

/* ---- the public list -------------------------------------------------------------------------------------------- */

static const char *
type_name (VkPhysicalDeviceType type)
{
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return "discrete";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return "integrated";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return "virtual";
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return "cpu";
    default:
      return "other";
  }
}

static guint64
largest_heap (const VkPhysicalDeviceMemoryProperties * memory)
{
  guint64 largest = 0;

  for (guint i = 0; i < memory->memoryHeapCount; i++) {
    if (memory->memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT)
      largest = MAX (largest, memory->memoryHeaps[i].size);
  }
  return largest;
}

static void
device_info_free (gpointer data)
{
  E2vVulkanDevice *info = data;

  g_free (info->name);
  g_free (info->uuid);
  g_free (info->driver);
  g_free (info);
}

static E2vVulkanDevice *
device_info (const E2vVkPhysical * d, guint index)
{
  E2vVulkanDevice *info = g_new0 (E2vVulkanDevice, 1);

  info->index = index;
  info->name = g_strdup (d->name);
  info->uuid = g_strdup (d->uuid);
  info->type = type_name (d->properties.deviceType);
  info->driver = g_strdup (d->driver);
  info->vendor_id = d->properties.vendorID;
  info->device_id = d->properties.deviceID;
  info->subgroup_size = d->subgroup_max;
  info->heap_bytes = largest_heap (&d->memory);
  info->half_storage = d->half_storage;
  info->gains_from_half = e2v_vk_physical_gains_from_half (d);
  info->shaders = e2v_vk_physical_shaders (d);
  return info;
}

/* Under the loader's lock. */
static GPtrArray *
list_devices (GError ** error)
{
  GPtrArray *infos = NULL;
  g_autoptr (GArray) list = NULL;
  E2vVkInstance instance;

  if (!e2v_vk_instance_open (&instance, error))
    return NULL;
  list = e2v_vk_physical_list (&instance, error);
  if (list) {
    infos = g_ptr_array_new_with_free_func (device_info_free);
    for (guint i = 0; i < list->len; i++)
      g_ptr_array_add (infos,
          device_info (&g_array_index (list, E2vVkPhysical, i), i));
  }
  e2v_vk_instance_clear (&instance);
  return infos;
}

GPtrArray *
e2v_vulkan_list_devices (GError ** error)
{
  GPtrArray *infos;

  e2v_vk_loader_lock ();
  infos = list_devices (error);
  e2v_vk_loader_unlock ();
  return infos;
}
