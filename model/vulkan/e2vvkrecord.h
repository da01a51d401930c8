/* e2vvkrecord.h - a program as command buffers, one a part.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_VK_RECORD_H
#define E2V_VK_RECORD_H

#include "e2vvkprogram.h"

G_BEGIN_DECLS

/* Records each part's `commands`: input in, operations, outputs to the read-back buffer. */
gboolean e2v_vk_record (E2vVkProgram * program, GError ** error);

/* Records each part's `timed`: the same with a time stamp before the first and after each operation, in program->queries.
 * E2V_ERROR_DEVICE if the queue has no time stamps. */
gboolean e2v_vk_record_timed (E2vVkProgram * program, GError ** error);

G_END_DECLS

#endif
