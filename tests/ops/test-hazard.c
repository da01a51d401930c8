/* test-hazard.c - a missing barrier and a wrong call, on purpose: does the setup "validation" see them?
 *
 *   test-hazard barrier | call
 *
 * Skipped (77) without that setup, which passes the test only if the layer complains (see with-validation.sh).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkmem.h"

#include <string.h>

#define BYTES 256

static void
forget_barrier (E2vVkDevice * d, VkCommandBuffer commands, VkBuffer buffer)
{
  d->vk.vkCmdFillBuffer (commands, buffer, 0, BYTES, 1);
  d->vk.vkCmdFillBuffer (commands, buffer, 0, BYTES, 2);
}

/* The offset has to be a multiple of four. */
static void
call_wrongly (E2vVkDevice * d, VkCommandBuffer commands, VkBuffer buffer)
{
  d->vk.vkCmdFillBuffer (commands, buffer, 2, 4, 1);
}

int
main (int argc, char **argv)
{
  E2vVkDevice device;
  E2vVkBuffer buffer;
  VkCommandBuffer commands;
  g_autoptr (GError) error = NULL;

  if (!g_getenv ("VK_INSTANCE_LAYERS") || argc != 2)
    return 77;
  e2v_vk_device_open (&device, "vulkan", &error);
  g_assert_no_error (error);
  e2v_vk_buffer_init (&buffer, &device, BYTES, E2V_VK_MEMORY_DEVICE, "a test",
      &error);
  g_assert_no_error (error);
  e2v_vk_command_begin (&device, &commands, &error);
  g_assert_no_error (error);
  if (!strcmp (argv[1], "barrier"))
    forget_barrier (&device, commands, buffer.buffer);
  else
    call_wrongly (&device, commands, buffer.buffer);
  e2v_vk_command_once (&device, commands, &error);
  g_assert_no_error (error);
  e2v_vk_buffer_clear (&buffer, &device);
  e2v_vk_device_clear (&device);
  return 0;
}
