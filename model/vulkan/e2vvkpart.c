/* e2vvkpart.c - a plan cut into submissions that no driver takes for a hang.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vvkpart.h"

/* A tenth of the strictest limit: devices heat up, and are shared. */
#define PART_SECONDS 0.2

/* Any card, and any chip with a GPU in it, exceeds these. */
#define GUESS_DISCRETE 200e9
#define GUESS_OTHER 20e9

void
e2v_vk_speed_guess (E2vVkSpeed * speed, VkPhysicalDeviceType type)
{
  speed->part_seconds = type == VK_PHYSICAL_DEVICE_TYPE_CPU ? G_MAXDOUBLE
      : PART_SECONDS;
  speed->flops = type == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU ? GUESS_DISCRETE
      : GUESS_OTHER;
  speed->measured = FALSE;
}

/* The best run counts: small plans and first or disturbed runs look slower than the device is. That it is slower than
 * the guess is believed of a run that took as long as a part may: what is short is no danger. */
void
e2v_vk_speed_measure (E2vVkSpeed * speed, double flops, double seconds)
{
  if (flops <= 0 || seconds <= 0)
    return;
  if (flops / seconds <= speed->flops
      && (speed->measured || seconds < speed->part_seconds))
    return;
  speed->flops = flops / seconds;
  speed->measured = TRUE;
}

GArray *
e2v_vk_parts_new (const E2vPlan * plan, const E2vVkSpeed * speed)
{
  const double limit = speed->part_seconds * speed->flops;
  GArray *parts = g_array_new (FALSE, TRUE, sizeof (E2vVkPart));
  E2vVkPart part = { 0 };

  for (guint i = 0; i < e2v_plan_n_ops (plan); i++) {
    const double flops = e2v_op_flops (plan, e2v_plan_op (plan, i));

    if (part.flops > 0 && part.flops + flops > limit) {
      g_array_append_val (parts, part);
      part.first = i;
      part.flops = 0;
    }
    part.flops += flops;
    part.end = i + 1;
  }
  g_array_append_val (parts, part);
  return parts;
}
