/* e2vvkpart.h - a plan cut into submissions that no driver takes for a hang.
 *
 * Drivers reset a device whose work takes longer than a limit of theirs, 2 s for the strictest, and the screen may
 * hang on the same queue. So a program is submitted in parts of whole operations, each expected to take a fraction of
 * that. What is expected follows from the speed that the executor has measured, before that from a careful guess.
 *
 * Pure: no calls to Vulkan. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_PART_H
#define E2V_VK_PART_H

#include <volk.h>

#include "e2vplan.h"

G_BEGIN_DECLS

typedef struct
{
  guint first, end;             /* operations [first, end) */
  double flops;
  VkCommandBuffer commands;
  VkCommandBuffer timed;        /* the same with time stamps, recorded when first asked for */
} E2vVkPart;

/* How fast a device is. */
typedef struct
{
  double part_seconds;          /* what a part may be expected to take */
  double flops;                 /* a second */
  gboolean measured;            /* else guessed */
} E2vVkSpeed;

/* CPU devices have no limit, so they get one part. */
void e2v_vk_speed_guess (E2vVkSpeed * speed, VkPhysicalDeviceType type);

/* A run has taken so long. */
void e2v_vk_speed_measure (E2vVkSpeed * speed, double flops, double seconds);

/* Array of E2vVkPart, in order, at least one; an operation that is too long for a part has one to itself. */
GArray *e2v_vk_parts_new (const E2vPlan * plan, const E2vVkSpeed * speed);

G_END_DECLS

#endif
