/* e2vvkexec.h - the Vulkan executor seen from inside: for tests that make a driver lie.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_EXEC_H
#define E2V_VK_EXEC_H

#include "e2vvkprogram.h"
#include "e2vvulkan.h"

G_BEGIN_DECLS

/* Of what e2v_vulkan_new() and its prepare() returned. */
E2vVkContext *e2v_vk_executor_context (E2vExecutor * executor);
E2vVkProgram *e2v_vk_executor_program (E2vProgram * program);

G_END_DECLS

#endif
