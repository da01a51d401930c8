/* work.h - one input from beginning to end: heard, written, put in place.
 *
 * MT: any thread, each with an outcome of its own.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WORK_H
#define WORK_H

#include "copying.h"
#include "formats.h"
#include "inputs.h"
#include "listen.h"
#include "overview.h"

G_BEGIN_DECLS

/* What is the same for all inputs; immutable while anyone works. */
typedef struct
{
  const Inputs *inputs;
  ListenSettings listen;
  const char *model_name, *device_name, *version;       /* for the outputs; MODEL and DEVICE as people know them */
  const char *head_name;        /* (nullable): of the head in place of the model's own */
  char *settings;               /* one line: all that the content of outputs depends on, but for the input */
  GPtrArray *formats;           /* of const Format */
  Copying copying;
  gboolean all_tracks;          /* of the file, each with outputs of its own */
  guint track;                  /* otherwise this one, counted from 0 */
  gboolean resume, force;
} WorkPlan;

typedef enum
{
  OUTCOME_ANNOTATED,
  OUTCOME_DONE_BEFORE,
  OUTCOME_FAILED,
  OUTCOME_LEFT,                 /* not begun */
  OUTCOME_TO_DO,                /* of work_preview(): would be annotated */
} OutcomeStatus;

typedef struct
{
  const Input *input;
  OutcomeStatus status;
  Overview overview;            /* if annotated, now or before */
  double seconds;               /* that the work took */
  char *error;                  /* if failed, a sentence without the name of the input */
  GPtrArray *warnings;          /* of char * */
  GPtrArray *outputs;           /* of char *: UTF-8 paths */
} Outcome;

Outcome *outcome_new (const Input * input);
void outcome_free (Outcome * outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Outcome, outcome_free)

/* (transfer full). @progress: as in ListenSource; with several tracks it begins anew with each. */
Outcome *work_on (const WorkPlan * plan, const Input * input,
    void (*progress) (GstClockTime position, GstClockTime duration, gpointer user_data), gpointer user_data);

/* (transfer full): what work_on() would do, as far as can be told from looking at names. */
Outcome *work_preview (const WorkPlan * plan, const Input * input);

G_END_DECLS

#endif
