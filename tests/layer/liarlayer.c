/* liarlayer.c - a Vulkan layer that makes any driver lie, so that whole programs meet one that answers wrongly without
 * an error, and several devices where there is one.
 *
 * Environment variables say what it does; without them it does nothing:
 *   LIAR_NAMES=A|B    renames the devices in the order of the loader
 *   LIAR_UUIDS=1      the devices of these digits get UUIDs of that digit only
 *   LIAR_GPUS=1       the devices of these digits say that they are discrete GPUs
 *   LIAR_REFUSE=01    the devices of these digits cannot be opened
 *   LIAR_DEVICES=02   only the devices of these digits lie; all, if it is not set
 *   LIAR_DROP=N       every Nth dispatch is not recorded
 *   LIAR_BREAK=simd   in shaders that shuffle lanes, additions become subtractions
 *   LIAR_NAN=N        the results of the Nth submission of the process become NaN on their way to the host
 *   LIAR_LOSE=N,M     the wait for these submissions says that the device is lost
 *   LIAR_LOG=FILE     gets a line for each NAN and LOSE that happened
 * Submissions are counted over all devices, from 1.
 *
 * Dispatchable handles begin with a pointer to the loader's table, which is the same for all objects of an instance or
 * device: that is the key of what is kept here (specification of the loader's layer interface).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#include "e2vvkcanary.h"

#define EXPORT __attribute__ ((visibility ("default")))
#define MAX_DEVICES 8

/* SPIR-V specification, 2.3, 3.31 and 3.49. */
#define HEADER_WORDS 5
#define OP_CAPABILITY 17u
#define OP_FADD 129u
#define OP_FSUB 131u
#define CAPABILITY_SHUFFLE 65u

typedef struct
{
  PFN_vkGetInstanceProcAddr get;
  PFN_vkDestroyInstance destroy;
  PFN_vkEnumeratePhysicalDevices enumerate;
  PFN_vkGetPhysicalDeviceProperties properties;
  PFN_vkGetPhysicalDeviceProperties2 properties2;
  VkPhysicalDevice handles[MAX_DEVICES];
} Instance;

typedef struct
{
  gboolean lies;
  guint n_dispatches;
  void *map;                    /* what was mapped last: a program's read-back buffer, when it runs */
  VkDeviceSize map_size;
  GHashTable *sizes;            /* of allocations */
  PFN_vkGetDeviceProcAddr get;
  PFN_vkDestroyDevice destroy;
  PFN_vkCmdDispatch dispatch;
  PFN_vkCreateShaderModule create_shader;
  PFN_vkAllocateMemory allocate;
  PFN_vkMapMemory map_memory;
  PFN_vkWaitForFences wait;
} Device;

static GMutex lock;
static GHashTable *objects;     /* dispatch key -> Instance or Device */
static guint n_waits;

/* ---- what is kept ----------------------------------------------------------------------------------------------- */

static gpointer
key_of (gpointer handle)
{
  return *(gpointer *) handle;
}

static void
keep (gpointer handle, gpointer object)
{
  g_mutex_lock (&lock);
  if (!objects)
    objects = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (objects, key_of (handle), object);
  g_mutex_unlock (&lock);
}

static gpointer
find (gpointer handle)
{
  gpointer object;

  g_mutex_lock (&lock);
  object = g_hash_table_lookup (objects, key_of (handle));
  g_mutex_unlock (&lock);
  return object;
}

static void
drop (gpointer key)
{
  g_mutex_lock (&lock);
  g_hash_table_remove (objects, key);
  g_mutex_unlock (&lock);
}

static guint
number (const char *variable)
{
  const char *text = g_getenv (variable);

  return text ? (guint) g_ascii_strtoull (text, NULL, 10) : 0;
}

/* Whether the comma-separated list has @wanted. */
static gboolean
list_has (const char *variable, guint wanted)
{
  const char *text = g_getenv (variable);
  g_auto (GStrv) items = g_strsplit (text ? text : "", ",", -1);
  g_autofree char *item = g_strdup_printf ("%u", wanted);

  return g_strv_contains ((const char *const *) items, item);
}

/* Whether the digits of the variable name the device; @otherwise if it is not set. */
static gboolean
digits_have (const char *variable, guint index, gboolean otherwise)
{
  const char *digits = g_getenv (variable);

  return digits ? strchr (digits, (int) ('0' + index)) != NULL : otherwise;
}

/* ---- instances and what devices are called ---------------------------------------------------------------------- */

static guint
device_index (const Instance * instance, VkPhysicalDevice handle)
{
  guint i = 0;

  while (i < MAX_DEVICES - 1 && instance->handles[i] != handle)
    i++;
  return i;
}

static void
rename_device (const Instance * instance, VkPhysicalDevice handle,
    VkPhysicalDeviceProperties * properties)
{
  const char *text = g_getenv ("LIAR_NAMES");
  g_auto (GStrv) names = g_strsplit (text ? text : "", "|", -1);
  const guint index = device_index (instance, handle);

  if (index < g_strv_length (names))
    g_strlcpy (properties->deviceName, names[index],
        sizeof properties->deviceName);
  if (digits_have ("LIAR_GPUS", index, FALSE))
    properties->deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

static VKAPI_ATTR VkResult VKAPI_CALL
enumerate (VkInstance handle, uint32_t * n, VkPhysicalDevice * devices)
{
  Instance *instance = find (handle);
  const VkResult result = instance->enumerate (handle, n, devices);

  for (guint i = 0; devices && i < MIN (*n, MAX_DEVICES); i++)
    instance->handles[i] = devices[i];
  return result;
}

static VKAPI_ATTR void VKAPI_CALL
get_properties (VkPhysicalDevice handle,
    VkPhysicalDeviceProperties * properties)
{
  Instance *instance = find (handle);

  instance->properties (handle, properties);
  rename_device (instance, handle, properties);
}

static VKAPI_ATTR void VKAPI_CALL
get_properties2 (VkPhysicalDevice handle,
    VkPhysicalDeviceProperties2 * properties)
{
  Instance *instance = find (handle);
  const guint index = device_index (instance, handle);

  instance->properties2 (handle, properties);
  rename_device (instance, handle, &properties->properties);
  for (VkBaseOutStructure * s = properties->pNext; s; s = s->pNext) {
    if (digits_have ("LIAR_UUIDS", index, FALSE)
        && s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES)
      memset (((VkPhysicalDeviceIDProperties *) s)->deviceUUID,
          (int) (0x11 * index), VK_UUID_SIZE);
  }
}

static VKAPI_ATTR void VKAPI_CALL
destroy_instance (VkInstance handle, const VkAllocationCallbacks * allocator)
{
  Instance *instance = find (handle);
  const gpointer key = key_of (handle);

  instance->destroy (handle, allocator);
  drop (key);
  g_free (instance);
}

/* The loader's chain hangs in the list of extensions; each layer moves it on to the next one. */
static VKAPI_ATTR VkResult VKAPI_CALL
create_instance (const VkInstanceCreateInfo * info,
    const VkAllocationCallbacks * allocator, VkInstance * handle)
{
  VkLayerInstanceCreateInfo *chain = (VkLayerInstanceCreateInfo *) info->pNext;
  PFN_vkCreateInstance create;
  Instance *instance;
  VkResult result;

  while (chain->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO
      || chain->function != VK_LAYER_LINK_INFO)
    chain = (VkLayerInstanceCreateInfo *) chain->pNext;
  instance = g_new0 (Instance, 1);
  instance->get = chain->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
  create = (PFN_vkCreateInstance) instance->get (NULL, "vkCreateInstance");
  result = create (info, allocator, handle);
  if (result != VK_SUCCESS) {
    g_free (instance);
    return result;
  }
#define LOAD(member, name) instance->member = (PFN_##name) instance->get (*handle, #name)
  LOAD (destroy, vkDestroyInstance);
  LOAD (enumerate, vkEnumeratePhysicalDevices);
  LOAD (properties, vkGetPhysicalDeviceProperties);
  LOAD (properties2, vkGetPhysicalDeviceProperties2);
#undef LOAD
  keep (*handle, instance);
  return VK_SUCCESS;
}

/* ---- devices and their lies ------------------------------------------------------------------------------------- */

static VKAPI_ATTR void VKAPI_CALL
cmd_dispatch (VkCommandBuffer commands, uint32_t x, uint32_t y, uint32_t z)
{
  Device *device = find (commands);
  const guint period = number ("LIAR_DROP");

  device->n_dispatches++;
  if (!device->lies || !period || device->n_dispatches % period)
    device->dispatch (commands, x, y, z);
}

/* Whether the module shuffles lanes; turns its additions round if so. */
static gboolean
break_module (guint32 * code, gsize n_words)
{
  gboolean shuffles = FALSE;

  for (gsize at = HEADER_WORDS; at < n_words; at += code[at] >> 16) {
    const guint32 op = code[at] & 0xffff;

    if (op == OP_CAPABILITY && code[at + 1] == CAPABILITY_SHUFFLE)
      shuffles = TRUE;
    if (shuffles && op == OP_FADD)
      code[at] = (code[at] & 0xffff0000u) | OP_FSUB;
  }
  return shuffles;
}

static VKAPI_ATTR VkResult VKAPI_CALL
create_shader (VkDevice handle, const VkShaderModuleCreateInfo * info,
    const VkAllocationCallbacks * allocator, VkShaderModule * module)
{
  Device *device = find (handle);
  g_autofree guint32 *code = g_memdup2 (info->pCode, info->codeSize);
  VkShaderModuleCreateInfo changed = *info;

  if (device->lies && g_strcmp0 (g_getenv ("LIAR_BREAK"), "simd") == 0
      && break_module (code, info->codeSize / 4))
    changed.pCode = code;
  return device->create_shader (handle, &changed, allocator, module);
}

static VKAPI_ATTR VkResult VKAPI_CALL
allocate_memory (VkDevice handle, const VkMemoryAllocateInfo * info,
    const VkAllocationCallbacks * allocator, VkDeviceMemory * memory)
{
  Device *device = find (handle);
  const VkResult result = device->allocate (handle, info, allocator, memory);

  if (result == VK_SUCCESS)
    g_hash_table_insert (device->sizes, *memory,
        GSIZE_TO_POINTER (info->allocationSize));
  return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL
map_memory (VkDevice handle, VkDeviceMemory memory, VkDeviceSize offset,
    VkDeviceSize size, VkMemoryMapFlags flags, void **map)
{
  Device *device = find (handle);
  const VkResult result = device->map_memory (handle, memory, offset, size,
      flags, map);

  device->map = *map;
  device->map_size =
      GPOINTER_TO_SIZE (g_hash_table_lookup (device->sizes, memory));
  return result;
}

/* All but the words that prove that the work was done. */
static void
write_nan (Device * device)
{
  memset ((guint8 *) device->map + sizeof (E2vVkCanary), 0xff,
      device->map_size - sizeof (E2vVkCanary));
}

static void
note (const char *what)
{
  const char *path = g_getenv ("LIAR_LOG");
  FILE *file = path ? fopen (path, "a") : NULL;

  if (!file)
    return;
  fprintf (file, "%s %u\n", what, n_waits);
  fclose (file);
}

static VKAPI_ATTR VkResult VKAPI_CALL
wait_for_fences (VkDevice handle, uint32_t n, const VkFence * fences,
    VkBool32 all, uint64_t timeout)
{
  Device *device = find (handle);
  const VkResult result = device->wait (handle, n, fences, all, timeout);

  n_waits++;
  if (device->lies && list_has ("LIAR_NAN", n_waits)) {
    write_nan (device);
    note ("NaN");
  }
  if (!device->lies || !list_has ("LIAR_LOSE", n_waits))
    return result;
  note ("lost");
  return VK_ERROR_DEVICE_LOST;
}

static VKAPI_ATTR void VKAPI_CALL
destroy_device (VkDevice handle, const VkAllocationCallbacks * allocator)
{
  Device *device = find (handle);
  const gpointer key = key_of (handle);

  device->destroy (handle, allocator);
  drop (key);
  g_hash_table_unref (device->sizes);
  g_free (device);
}

static void
load_device (Device * device, VkDevice handle)
{
#define LOAD(member, name) device->member = (PFN_##name) device->get (handle, #name)
  LOAD (destroy, vkDestroyDevice);
  LOAD (dispatch, vkCmdDispatch);
  LOAD (create_shader, vkCreateShaderModule);
  LOAD (allocate, vkAllocateMemory);
  LOAD (map_memory, vkMapMemory);
  LOAD (wait, vkWaitForFences);
#undef LOAD
}

static VKAPI_ATTR VkResult VKAPI_CALL
create_device (VkPhysicalDevice physical, const VkDeviceCreateInfo * info,
    const VkAllocationCallbacks * allocator, VkDevice * handle)
{
  VkLayerDeviceCreateInfo *chain = (VkLayerDeviceCreateInfo *) info->pNext;
  const guint index = device_index (find (physical), physical);
  PFN_vkGetInstanceProcAddr get_instance;
  PFN_vkCreateDevice create;
  Device *device;
  VkResult result;

  if (digits_have ("LIAR_REFUSE", index, FALSE))
    return VK_ERROR_INITIALIZATION_FAILED;
  while (chain->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO
      || chain->function != VK_LAYER_LINK_INFO)
    chain = (VkLayerDeviceCreateInfo *) chain->pNext;
  device = g_new0 (Device, 1);
  device->get = chain->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  get_instance = chain->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
  create = (PFN_vkCreateDevice) get_instance (NULL, "vkCreateDevice");
  result = create (physical, info, allocator, handle);
  if (result != VK_SUCCESS) {
    g_free (device);
    return result;
  }
  load_device (device, *handle);
  device->lies = digits_have ("LIAR_DEVICES", index, TRUE);
  device->sizes = g_hash_table_new (NULL, NULL);
  keep (*handle, device);
  return VK_SUCCESS;
}

/* ---- the loader's door ------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *name;
  PFN_vkVoidFunction function;
  gboolean of_device;
} Row;

static PFN_vkVoidFunction
find_function (const char *name, gboolean of_device)
{
  const Row rows[] = {
    {"vkCreateInstance", (PFN_vkVoidFunction) create_instance, FALSE},
    {"vkDestroyInstance", (PFN_vkVoidFunction) destroy_instance, FALSE},
    {"vkEnumeratePhysicalDevices", (PFN_vkVoidFunction) enumerate, FALSE},
    {"vkGetPhysicalDeviceProperties", (PFN_vkVoidFunction) get_properties,
        FALSE},
    {"vkGetPhysicalDeviceProperties2", (PFN_vkVoidFunction) get_properties2,
        FALSE},
    {"vkCreateDevice", (PFN_vkVoidFunction) create_device, FALSE},
    {"vkDestroyDevice", (PFN_vkVoidFunction) destroy_device, TRUE},
    {"vkCmdDispatch", (PFN_vkVoidFunction) cmd_dispatch, TRUE},
    {"vkCreateShaderModule", (PFN_vkVoidFunction) create_shader, TRUE},
    {"vkAllocateMemory", (PFN_vkVoidFunction) allocate_memory, TRUE},
    {"vkMapMemory", (PFN_vkVoidFunction) map_memory, TRUE},
    {"vkWaitForFences", (PFN_vkVoidFunction) wait_for_fences, TRUE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (g_str_equal (rows[i].name, name) && (rows[i].of_device || !of_device))
      return rows[i].function;
  }
  return NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
get_device_function (VkDevice device, const char *name)
{
  const PFN_vkVoidFunction ours = find_function (name, TRUE);

  if (g_str_equal (name, "vkGetDeviceProcAddr"))
    return (PFN_vkVoidFunction) get_device_function;
  return ours ? ours : ((Device *) find (device))->get (device, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
get_instance_function (VkInstance instance, const char *name)
{
  const PFN_vkVoidFunction ours = find_function (name, FALSE);

  if (g_str_equal (name, "vkGetInstanceProcAddr"))
    return (PFN_vkVoidFunction) get_instance_function;
  if (g_str_equal (name, "vkGetDeviceProcAddr"))
    return (PFN_vkVoidFunction) get_device_function;
  if (ours || !instance)
    return ours;
  return ((Instance *) find (instance))->get (instance, name);
}

EXPORT VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion (VkNegotiateLayerInterface * version)
{
  version->loaderLayerInterfaceVersion = 2;
  version->pfnGetInstanceProcAddr = get_instance_function;
  version->pfnGetDeviceProcAddr = get_device_function;
  version->pfnGetPhysicalDeviceProcAddr = NULL;
  return VK_SUCCESS;
}
