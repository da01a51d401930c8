/* opscase.h - plans of a few operations on random numbers, run by two executors and compared.
 *
 * Truth is the reference executor in double, which has tests of its own. Buffer 0 is a noise "waveform"; case_fill()
 * makes operands of any shape out of it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OPS_CASE_H
#define OPS_CASE_H

#include "e2vexecutor.h"
#include "e2vlayout.h"

typedef struct
{
  E2vHparams hparams;
  E2vModel *model;
  E2vLayout *layout;
  guint planes;                 /* of the input */
  guint n_samples;              /* of the input so far */
  GArray *buffers, *ops;
  E2vPrecision precision;       /* of the device; FP32 unless set */
  double tolerance;             /* relative to the largest value of an output; 1e-5 unless set */
} Case;

/* Hyper-parameters of a small model, to be changed before case_init(). */
E2vHparams case_hparams (guint channels, guint width, guint heads);

void case_init (Case * c, const E2vHparams * hparams, guint planes);

/* A transient or (@output) an output buffer. Returns its index. */
int case_buffer (Case * c, guint planes, guint rows, guint groups, guint width, gboolean output);

/* A buffer of noise. planes must not exceed those of the input. */
int case_fill (Case * c, guint planes, guint rows, guint groups, guint width);

/* An operation over all of @y, to be changed and added with case_add(). */
E2vOp case_op (const Case * c, E2vOpKind kind, int x, int y);
void case_add (Case * c, const E2vOp * op);

/* Layout index of a tensor, which must exist. */
int case_weight (const Case * c, E2vRole role, guint layer);

/* Runs on both executors, twice on the device, and compares every output; then frees the case. Outputs are compared
 * whole: rows that no operation wrote must still be zero. */
void case_check (Case * c);

/* Whether there is the device that OPS_DEVICE in the environment names: "cpu" is the host executor, else the best Vulkan
 * device. FALSE means the test program has to skip (77). */
gboolean case_have_device (void);

/* The relative difference of two executors on one plan of a model, over all outputs. */
double case_compare_plan (E2vModel * model, const E2vPlan * plan, E2vPrecision precision);

#endif
