/* e2vvkresult.c - Vulkan's result codes as errors of model/.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkresult.h"

#include "e2verror.h"

static const char *
result_name (VkResult result)
{
  switch (result) {
#define NAME(code) case code: return #code
      NAME (VK_NOT_READY);
      NAME (VK_TIMEOUT);
      NAME (VK_INCOMPLETE);
      NAME (VK_ERROR_OUT_OF_HOST_MEMORY);
      NAME (VK_ERROR_OUT_OF_DEVICE_MEMORY);
      NAME (VK_ERROR_INITIALIZATION_FAILED);
      NAME (VK_ERROR_DEVICE_LOST);
      NAME (VK_ERROR_MEMORY_MAP_FAILED);
      NAME (VK_ERROR_LAYER_NOT_PRESENT);
      NAME (VK_ERROR_EXTENSION_NOT_PRESENT);
      NAME (VK_ERROR_FEATURE_NOT_PRESENT);
      NAME (VK_ERROR_INCOMPATIBLE_DRIVER);
      NAME (VK_ERROR_TOO_MANY_OBJECTS);
      NAME (VK_ERROR_FRAGMENTED_POOL);
      NAME (VK_ERROR_OUT_OF_POOL_MEMORY);
      NAME (VK_ERROR_INVALID_SHADER_NV);
#undef NAME
    default:
      return "unknown result";
  }
}

static E2vError
error_code (VkResult result)
{
  switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
    case VK_ERROR_MEMORY_MAP_FAILED:
      return E2V_ERROR_OUT_OF_MEMORY;
    case VK_ERROR_DEVICE_LOST:
    case VK_TIMEOUT:
      return E2V_ERROR_DEVICE_LOST;
    default:
      return E2V_ERROR_DEVICE;
  }
}

gboolean
e2v_vk_check (VkResult result, const char *call, const char *what,
    GError ** error)
{
  if (result == VK_SUCCESS)
    return TRUE;
  g_set_error (error, E2V_ERROR, error_code (result),
      "%s failed with %s (%d)%s%s", call, result_name (result), result,
      what ? " for " : "", what ? what : "");
  return FALSE;
}
