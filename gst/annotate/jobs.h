/* jobs.h - several inputs at once, and what is told about them on the way.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOBS_H
#define JOBS_H

#include "work.h"

G_BEGIN_DECLS

/* Works on the inputs in @todo (element-type Input) with @n_jobs threads, in order. After SIGINT nothing more is begun.
 * Tells on standard error how it goes unless @quiet; errors and warnings always. MT: main thread.
 * (transfer full) (element-type Outcome): one for each input, in the order of @todo. */
GPtrArray *jobs_run (const WorkPlan * plan, const GPtrArray * todo, guint n_jobs, gboolean quiet);

G_END_DECLS

#endif
