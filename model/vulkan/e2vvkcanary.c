/* e2vvkcanary.c - words that prove that a submission was carried out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkcanary.h"

void
e2v_vk_canary_arm (E2vVkCanary * canary)
{
  canary->ticket++;
  canary->answer = ~canary->ticket;
  canary->witness = E2V_VK_POISON;
}

gboolean
e2v_vk_canary_alive (const E2vVkCanary * canary, gboolean last)
{
  return canary->answer == canary->ticket
      && (!last || canary->witness != E2V_VK_POISON);
}
