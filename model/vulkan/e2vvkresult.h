/* e2vvkresult.h - Vulkan's result codes as errors of model/.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_RESULT_H
#define E2V_VK_RESULT_H

#include <glib.h>
#include <volk.h>

G_BEGIN_DECLS

/* TRUE for a success. Else FALSE, and @error names the call, the code and @what (may be NULL), such as "256 MiB of
 * weights": E2V_ERROR_OUT_OF_MEMORY, E2V_ERROR_DEVICE_LOST, or E2V_ERROR_DEVICE for the rest. */
gboolean e2v_vk_check (VkResult result, const char *call, const char *what, GError ** error);

G_END_DECLS

#endif
