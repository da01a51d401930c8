/* e2vvulkan.h - the Vulkan executor, seen from outside: no Vulkan types.
 *
 * The loader is opened with the first call, never before: nothing here happens at plugin registration. Instance and
 * devices are made anew by each call and shared by nobody. In a child of fork() all calls on what the parent opened give
 * E2V_ERROR_FORKED, and freeing it frees nothing on the device; what the child opens itself works.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VULKAN_H
#define E2V_VULKAN_H

#include "../e2vexecutor.h"

G_BEGIN_DECLS

typedef enum
{
  E2V_SHADERS_AUTO,             /* by the device's properties */
  E2V_SHADERS_SIMD,             /* CPU devices: texel buffers and lane shuffles */
  E2V_SHADERS_SCALAR,           /* any GPU: shared-memory tiles, no assumption on subgroups */
} E2vShaders;

typedef struct
{
  guint index;                  /* as the `device` property counts */
  char *name;
  char *uuid;                   /* lower-case hexadecimal with dashes */
  const char *type;             /* "discrete", "integrated", "virtual", "cpu", "other" */
  char *driver;                 /* name, version */
  guint32 vendor_id, device_id;
  guint subgroup_size;
  guint64 heap_bytes;           /* largest device-local heap */
  gboolean half_storage;        /* 16-bit storage buffers */
  gboolean gains_from_half;     /* precision AUTO means half precision for a model that has such weights, else fp32 */
  E2vShaders shaders;           /* what AUTO gives here */
} E2vVulkanDevice;

/* Whether there is a Vulkan loader that is new enough. Errors: E2V_ERROR_NO_DRIVER, as below. */
gboolean e2v_vulkan_open_loader (GError ** error);

/* Every device that can compute, in the order in which `vulkan` prefers them: discrete, integrated, virtual, cpu.
 * Errors: E2V_ERROR_NO_DRIVER with a message that names what to install. Free with g_ptr_array_unref(). */
GPtrArray *e2v_vulkan_list_devices (GError ** error);

/* @device: "vulkan" (the first of the list), an index, part of one device's name (any case), or a UUID.
 * @shaders: AUTO obeys the environment variable EMOTION2VEC_SHADERS=simd|scalar first.
 * A run that ends in E2V_ERROR_DEVICE_LOST is the executor's last: all others fail at once. A new one may work.
 * Errors: E2V_ERROR_NO_DRIVER, E2V_ERROR_NOT_FOUND (a device was asked for that is not there: the message lists those
 * that are), E2V_ERROR_ARGUMENT (FP64, or a part of several names), E2V_ERROR_OUT_OF_MEMORY, E2V_ERROR_DEVICE. */
E2vExecutor *e2v_vulkan_new (E2vModel * model, const char *device, E2vPrecision precision, E2vShaders shaders,
    GError ** error);

G_END_DECLS

#endif
