/* e2vvkphysical.h - which Vulkan devices there are and what they can do: instance level only.
 *
 * MT: any thread; each list belongs to its caller.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_PHYSICAL_H
#define E2V_VK_PHYSICAL_H

#include <volk.h>

#include "e2vvulkan.h"

G_BEGIN_DECLS

/* Around whatever makes, asks or destroys an instance or a device. The loader changes its lists of them and unloads drivers without
 * a lock: vkGetDeviceProcAddr() in one thread beside vkEnumeratePhysicalDevices() on another instance in a second one crashed in
 * libvulkan 1.4.309. A fork while another thread holds it leaves it free in the child. */
void e2v_vk_loader_lock (void);
void e2v_vk_loader_unlock (void);

/* Functions of one instance: the loader promises pointers for the instance they were asked for, no other. */
typedef struct
{
  VkInstance handle;
  PFN_vkDestroyInstance vkDestroyInstance;
  PFN_vkEnumeratePhysicalDevices vkEnumeratePhysicalDevices;
  PFN_vkGetPhysicalDeviceProperties vkGetPhysicalDeviceProperties;
  PFN_vkGetPhysicalDeviceProperties2 vkGetPhysicalDeviceProperties2;
  PFN_vkGetPhysicalDeviceFeatures2 vkGetPhysicalDeviceFeatures2;
  PFN_vkGetPhysicalDeviceMemoryProperties vkGetPhysicalDeviceMemoryProperties;
  PFN_vkGetPhysicalDeviceQueueFamilyProperties vkGetPhysicalDeviceQueueFamilyProperties;
  PFN_vkEnumerateDeviceExtensionProperties vkEnumerateDeviceExtensionProperties;
  PFN_vkCreateDevice vkCreateDevice;
  PFN_vkGetDeviceProcAddr vkGetDeviceProcAddr;
} E2vVkInstance;

typedef struct
{
  VkPhysicalDevice handle;
  VkPhysicalDeviceProperties properties;
  VkPhysicalDeviceMemoryProperties memory;
  char name[VK_MAX_PHYSICAL_DEVICE_NAME_SIZE];
  char driver[VK_MAX_DRIVER_NAME_SIZE + VK_MAX_DRIVER_INFO_SIZE + 2];
  char uuid[37];
  guint queue_family;
  gboolean timestamps;
  guint subgroup_min, subgroup_max;
  gboolean shuffle;             /* in compute shaders */
  gboolean can_choose_subgroup; /* VK_EXT_subgroup_size_control */
  gboolean half_storage;
  gboolean robust;              /* robustBufferAccess, for which core 1.0 asks */
} E2vVkPhysical;

/* Under the loader's lock: opens the loader if need be. Errors: E2V_ERROR_NO_DRIVER. */
gboolean e2v_vk_instance_open (E2vVkInstance * instance, GError ** error);
void e2v_vk_instance_clear (E2vVkInstance * instance);

/* Array of E2vVkPhysical that have a compute queue, best first. Errors: E2V_ERROR_NO_DRIVER if there is none. */
GArray *e2v_vk_physical_list (const E2vVkInstance * instance, GError ** error);

/* The one that @wanted names (e2vvulkan.h), or whose e2v_vk_physical_identity() it is. Errors: E2V_ERROR_NOT_FOUND, or
 * E2V_ERROR_ARGUMENT for a part of several names; the message lists what there is. */
const E2vVkPhysical *e2v_vk_physical_find (GArray * list, const char *wanted, GError ** error);

/* One line that changes with the device or its driver; free with g_free(). */
char *e2v_vk_physical_identity (const E2vVkPhysical * physical);

/* Lanes of the simd shaders: 4, 8 or 16, or 0 if this device cannot run them. */
guint e2v_vk_physical_simd_lanes (const E2vVkPhysical * physical);

/* Whether precision AUTO means half precision here, for models that have it. */
gboolean e2v_vk_physical_gains_from_half (const E2vVkPhysical * physical);

/* What AUTO means: simd on CPU devices that can run it, else scalar. */
E2vShaders e2v_vk_physical_shaders (const E2vVkPhysical * physical);

G_END_DECLS

#endif
