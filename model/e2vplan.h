/* e2vplan.h - what has to be computed for a batch of windows of one length, as plain data.
 *
 * A flat list of operations on numbered buffers, made once from (hyper-parameters, batch, length) and independent of
 * who runs it. Executors (e2vexecutor.h) only walk it: they decide how a buffer lies in memory, never what happens.
 *
 * A buffer is a logical array [planes][rows][groups * width] of float. Executors may pad `width`; `groups` says where
 * heads or convolution groups begin. Only transient buffers may share memory: each is written before it is read, and
 * between its first and its last operation its content matters.
 *
 * Long windows: the front end, whose activations are by far the largest, runs in stretches of frames, and attention in
 * stretches of query rows, so that no buffer exceeds E2V_PLAN_BUFFER_BYTES whatever the length. Stretches overlap
 * where a convolution needs it and give the same numbers, bit by bit, as one long one.
 *
 * MT: a plan is immutable.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_PLAN_H
#define E2V_PLAN_H

#include "e2vlayout.h"
#include "e2vop.h"

G_BEGIN_DECLS

/* No operation's buffer exceeds this: the smallest storage-buffer range that Vulkan devices of interest offer. */
#define E2V_PLAN_BUFFER_BYTES (G_GUINT64_CONSTANT (128) << 20)

/* Size aimed at for the buffers of one stretch of the front end or of attention, in bytes. */
#define E2V_PLAN_STRETCH_BYTES (G_GUINT64_CONSTANT (32) << 20)

#define E2V_NONE (-1)

typedef enum
{
  E2V_BUFFER_TRANSIENT,         /* may share memory with others whose time is another */
  E2V_BUFFER_INPUT,             /* the caller fills it: buffer 0, the normalised waveforms */
  E2V_BUFFER_OUTPUT,            /* readable after a run */
  E2V_BUFFER_ZERO,              /* all zeros and never written (a trace's probe) */
} E2vBufferUse;

typedef struct
{
  E2vBufferUse use;
  guint planes, rows, groups, width;
  char name[24];                /* of outputs and traced stages, "" for the others: "frames", "block.3" */
  guint first_row;              /* of outputs: rows before this one are not part of what the name means (extra tokens) */
} E2vBuffer;

typedef enum
{
  E2V_STAGE_FRONT_END,
  E2V_STAGE_PROJECTION,
  E2V_STAGE_POSITIONAL,
  E2V_STAGE_QKV,
  E2V_STAGE_ATTENTION,
  E2V_STAGE_ATTN_PROJ,
  E2V_STAGE_MLP,
  E2V_STAGE_NORMS,
  E2V_STAGE_HEAD,
  E2V_N_STAGES
} E2vStage;

const char *e2v_stage_name (E2vStage stage);

typedef struct
{
  E2vOpKind kind;
  E2vStage stage;               /* for profiles only */
  int x, x2, y;                 /* buffers; E2V_NONE where there is none */
  int residual;                 /* buffer of y's shape, or E2V_NONE */
  int w, b;                     /* tensors by layout index, or E2V_NONE */
  guint planes;                 /* the operation runs over planes p < planes of y */
  guint x_plane, y_plane;       /* added to p */
  guint rows;                   /* and over rows r < rows of each plane */
  guint x_row, y_row;           /* first row read and written */
  guint step, taps;             /* UNFOLD, MATMUL */
  guint weight_groups;          /* MATMUL: 1, or the groups of a grouped convolution */
  gboolean gelu;                /* MATMUL, NORM */
  double eps;                   /* NORM */
  guint pad;                    /* SPLIT_GROUPS: rows of zeros in front */
  guint n_extra;                /* TOKENS, SCORES */
  double scale;                 /* SCORES: 1 / sqrt (head width) */
  gboolean alibi;               /* SCORES */
  guint layer;                  /* SCORES: row of the ALiBi factors */
} E2vOp;

typedef struct _E2vPlan E2vPlan;

typedef struct
{
  guint batch;                  /* windows, >= 1 */
  guint n_samples;              /* of each, at 16 kHz */
  gboolean frames;              /* frame features are an output */
  gboolean trace;               /* every stage is an output of its own, under the names of tests/reference, with these
                                   exceptions: "pos_out" is the last "pos_conv", the last "block" is "frames" with all
                                   rows, "waveform" is the input. Needs batch 1. */
} E2vPlanRequest;

/* Errors: E2V_ERROR_ARGUMENT if a window is too short for one frame; E2V_ERROR_TOO_LARGE if it is longer than
 * E2V_MAX_WINDOW_SAMPLES or a buffer would exceed E2V_PLAN_BUFFER_BYTES (a batch above e2v_plan_max_batch(), or a
 * trace of a long window). */
E2vPlan *e2v_plan_new (const E2vHparams * hparams, const E2vPlanRequest * request, GError ** error);
void e2v_plan_free (E2vPlan * plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (E2vPlan, e2v_plan_free)

/* The largest batch of windows of @n_samples whose buffers stay within E2V_PLAN_BUFFER_BYTES, at most 64; 0 if not
 * even one does. */
guint e2v_plan_max_batch (const E2vHparams * hparams, guint n_samples);

const E2vPlanRequest *e2v_plan_request (const E2vPlan * plan);
const E2vHparams *e2v_plan_hparams (const E2vPlan * plan);
guint e2v_plan_n_frames (const E2vPlan * plan);
guint e2v_plan_n_ops (const E2vPlan * plan);
const E2vOp *e2v_plan_op (const E2vPlan * plan, guint index);
guint e2v_plan_n_buffers (const E2vPlan * plan);
const E2vBuffer *e2v_plan_buffer (const E2vPlan * plan, guint index);

/* Index of the output called @name ("utterance", "logits", "frames", "block.0"), or -1. */
int e2v_plan_find (const E2vPlan * plan, const char *name);

/* Floats of a buffer without any padding: planes * rows * groups * width. */
gsize e2v_buffer_n_floats (const E2vBuffer * buffer);

/* A plan written by hand, for tests of single operations: takes copies of buffers and operations. Buffer 0 is the
 * input, request->batch planes of it. Nothing is checked. */
E2vPlan *e2v_plan_new_raw (const E2vHparams * hparams, const E2vPlanRequest * request, const E2vBuffer * buffers,
    guint n_buffers, const E2vOp * ops, guint n_ops);

/* Operations, multiply and add counted as two. */
double e2v_op_flops (const E2vPlan * plan, const E2vOp * op);
double e2v_plan_flops (const E2vPlan * plan);

/* One line an operation and a buffer, for golden files and for people; free with g_free(). */
char *e2v_plan_to_string (const E2vPlan * plan);

G_END_DECLS

#endif
