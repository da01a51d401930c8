/* e2vvkcanary.h - words that prove that a submission was carried out.
 *
 * A driver may give up on work and still report success: Intel's i915 cancels a request that waited for 20 s and
 * signals its fence as usual. What is then read back are results of an earlier run. So the last thing of each
 * submission is to copy a word that is new each time, and the last operation of a program has to replace a word that
 * was poisoned before it.
 *
 * The words lie at the start of a program's read-back buffer. Pure: no calls to Vulkan.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_CANARY_H
#define E2V_VK_CANARY_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint32 ticket;               /* the host's, new for each submission */
  guint32 answer;               /* the device copies the ticket here, last of all */
  guint32 witness;              /* the device copies a word that the last operation wrote */
  guint32 unused;
} E2vVkCanary;

/* What the witness is before the last operation: a NaN with a payload that no arithmetic gives. */
#define E2V_VK_POISON 0x7fe2cafeu

/* Before each submission. */
void e2v_vk_canary_arm (E2vVkCanary * canary);

/* After it. @last: the submission contained the last operation. FALSE: it was not carried out, or not to its end. */
gboolean e2v_vk_canary_alive (const E2vVkCanary * canary, gboolean last);

G_END_DECLS

#endif
