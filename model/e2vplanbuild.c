/* e2vplanbuild.c - writes the operations of an encoder run.
 *
 * One function a part of the network, in the order of docs/numerics.md: front end, projection,
 * positional stack, tokens, blocks, outputs. B: windows, T: frames, N: tokens (T + extra), D, H as there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vplanpriv.h"

#include "e2verror.h"

#include <math.h>
#include <string.h>

/* More tokens than any window of 30 s gives at a sane frame rate; bounds what a hostile model can ask for. */
#define MAX_TOKENS 16384
#define MAX_BATCH 64

typedef struct
{
  E2vPlan *plan;
  const E2vHparams *hp;
  E2vLayout *layout;
  guint batch, n_samples, n_frames, n_tokens;
  gboolean trace, frames;
} Builder;

static guint
pad4 (guint n)
{
  return (n + 3) / 4 * 4;
}

/* ---- buffers and operations ------------------------------------------------------------------------------------- */

static int
add_buffer (Builder * b, guint planes, guint rows, guint groups, guint width)
{
  E2vBuffer buffer = {.planes = planes,.rows = rows,.groups = groups,
    .width = width
  };

  g_array_append_val (b->plan->buffers, buffer);
  return (int) b->plan->buffers->len - 1;
}

static E2vBuffer *
buffer_at (Builder * b, int index)
{
  return &g_array_index (b->plan->buffers, E2vBuffer, index);
}

static void
set_output (Builder * b, int index, const char *name, int number)
{
  E2vBuffer *buffer = buffer_at (b, index);

  buffer->use = E2V_BUFFER_OUTPUT;
  if (number < 0)
    g_strlcpy (buffer->name, name, sizeof buffer->name);
  else
    g_snprintf (buffer->name, sizeof buffer->name, "%s.%d", name, number);
}

static void
trace (Builder * b, int index, const char *name, int number)
{
  if (b->trace)
    set_output (b, index, name, number);
}

/* An operation over all rows and planes of @y, from row 0 of @x on; the caller appends it when the rest is set. */
static E2vOp
new_op (Builder * b, E2vOpKind kind, E2vStage stage, int x, int y)
{
  E2vOp op = {.kind = kind,.stage = stage,.x = x,.x2 = E2V_NONE,.y = y,
    .residual = E2V_NONE,.w = E2V_NONE,.b = E2V_NONE,.step = 1,.taps = 1,
    .weight_groups = 1
  };

  op.planes = buffer_at (b, y)->planes;
  op.rows = buffer_at (b, y)->rows;
  return op;
}

static void
append (Builder * b, const E2vOp * op)
{
  g_array_append_vals (b->plan->ops, op, 1);
}

static int
weight (Builder * b, E2vRole role, guint layer)
{
  return e2v_layout_find (b->layout, role, layer);
}

/* y = act (x W + bias) + residual over whole buffers. */
static void
add_linear (Builder * b, E2vStage stage, int x, int y, E2vRole role,
    guint layer, gboolean gelu, int residual)
{
  E2vOp op = new_op (b, E2V_OP_MATMUL, stage, x, y);

  op.w = weight (b, role, layer);
  op.b = weight (b, role + 1, layer);
  op.gelu = gelu;
  op.residual = residual;
  append (b, &op);
}

/* @role: gain, followed by the bias in the enumeration; E2V_N_ROLES for a norm without either. */
static void
add_norm (Builder * b, E2vStage stage, int x, int y, E2vRole role, guint layer,
    double eps, gboolean gelu)
{
  E2vOp op = new_op (b, E2V_OP_NORM, stage, x, y);

  if (role != E2V_N_ROLES) {
    op.w = weight (b, role, layer);
    op.b = weight (b, role + 1, layer);
  }
  op.eps = eps;
  op.gelu = gelu;
  append (b, &op);
}

/* ---- front end and projection ----------------------------------------------------------------------------------- */

/* Some windows' frames [first_frame, first_frame + n_frames): what one pass through the front end computes. */
typedef struct
{
  guint first_plane, planes;
  guint first_frame, frames;
} Stretch;

/* Rows of convolution @layer that @frames frames need. */
static guint
rows_for (const E2vHparams * hp, guint layer, guint frames)
{
  guint rows = frames;

  for (guint i = hp->n_conv - 1; i > layer; i--)
    rows = (rows - 1) * hp->conv[i].stride + hp->conv[i].kernel;
  return rows;
}

/* Rows of convolution @layer that a stretch computes: a trace shows also the few at the end that no frame needs. */
static guint
layer_rows (Builder * b, const Stretch * s, guint layer)
{
  return b->trace ? e2v_hparams_conv_length (b->hp, layer, b->n_samples)
      : rows_for (b->hp, layer, s->frames);
}

/* Bytes of the largest buffer that one window's @frames frames need in the front end. */
static guint64
stretch_bytes (const E2vHparams * hp, guint frames)
{
  guint64 largest =
      (guint64) rows_for (hp, 0, frames) * pad4 (hp->conv[0].kernel);

  for (guint i = 0; i < hp->n_conv; i++)
    largest = MAX (largest,
        (guint64) rows_for (hp, i, frames) * pad4 (hp->conv[i].channels));
  return largest * sizeof (float);
}

/* How many windows and frames a stretch has: whole windows if one fits, else a part of one. */
static void
choose_stretch (Builder * b, guint * planes, guint * frames)
{
  guint64 whole = stretch_bytes (b->hp, b->n_frames);

  *planes = b->batch;
  *frames = b->n_frames;
  if (b->trace || whole * b->batch <= E2V_PLAN_STRETCH_BYTES)
    return;
  *planes = (guint) MAX (E2V_PLAN_STRETCH_BYTES / whole, 1);
  while (*frames > 1 && stretch_bytes (b->hp, *frames) > E2V_PLAN_STRETCH_BYTES)
    *frames = (*frames + 1) / 2;
}

/* Convolution, norm and GELU of layer 1 and on; layer 0 works on the unfolded waveform. Returns its output. */
static int
add_conv_layer (Builder * b, const Stretch * s, guint i, int x)
{
  const E2vConvLayer *conv = &b->hp->conv[i];
  int y = add_buffer (b, s->planes, layer_rows (b, s, i), 1,
      conv->channels);
  E2vOp op = new_op (b, E2V_OP_MATMUL, E2V_STAGE_FRONT_END, x, y);

  op.w = weight (b, E2V_ROLE_CONV_WEIGHT, i);
  if (i > 0) {
    op.taps = conv->kernel;
    op.step = conv->stride;
  }
  append (b, &op);
  add_norm (b, E2V_STAGE_FRONT_END, y, y, E2V_ROLE_CONV_NORM_WEIGHT, i,
      E2V_FIXED_EPS, TRUE);
  trace (b, y, "conv", (int) i);
  return y;
}

static int
add_unfold (Builder * b, const Stretch * s, int waveform)
{
  const E2vConvLayer *conv = &b->hp->conv[0];
  int y = add_buffer (b, s->planes, layer_rows (b, s, 0), 1,
      conv->kernel);
  E2vOp op = new_op (b, E2V_OP_UNFOLD, E2V_STAGE_FRONT_END, waveform, y);

  op.x_plane = s->first_plane;
  op.x_row = s->first_frame * e2v_hparams_hop (b->hp);
  op.step = conv->stride;
  op.taps = conv->kernel;
  append (b, &op);
  return y;
}

static void
add_stretch (Builder * b, const Stretch * s, int waveform, int projection)
{
  int x = add_unfold (b, s, waveform);
  int normed;
  E2vOp op;

  for (guint i = 0; i < b->hp->n_conv; i++)
    x = add_conv_layer (b, s, i, x);
  normed = add_buffer (b, s->planes, s->frames, 1, buffer_at (b, x)->width);
  add_norm (b, E2V_STAGE_PROJECTION, x, normed, E2V_ROLE_FEATURE_NORM_WEIGHT,
      0, E2V_FIXED_EPS, FALSE);
  op = new_op (b, E2V_OP_MATMUL, E2V_STAGE_PROJECTION, normed, projection);
  op.planes = s->planes;
  op.y_plane = s->first_plane;
  op.rows = s->frames;
  op.y_row = s->first_frame;
  op.w = weight (b, E2V_ROLE_PROJECTION_WEIGHT, 0);
  op.b = weight (b, E2V_ROLE_PROJECTION_BIAS, 0);
  append (b, &op);
}

static int
add_front_end (Builder * b, int waveform)
{
  int projection = add_buffer (b, b->batch, b->n_frames, 1, b->hp->embed_dim);
  guint planes, frames;

  choose_stretch (b, &planes, &frames);
  for (guint p = 0; p < b->batch; p += planes) {
    for (guint f = 0; f < b->n_frames; f += frames) {
      const Stretch s = { p, MIN (planes, b->batch - p), f,
        MIN (frames, b->n_frames - f)
      };

      add_stretch (b, &s, waveform, projection);
    }
  }
  trace (b, projection, "projection", -1);
  return projection;
}

/* ---- positional stack and tokens -------------------------------------------------------------------------------- */

/* Grouped convolution with zero padding kernel / 2 on both sides, of which an even kernel drops the last output row:
 * T + kernel - 1 padded rows give T outputs in either case. */
static int
add_pos_layer (Builder * b, guint i, int x)
{
  const E2vHparams *hp = b->hp;
  guint groups = hp->pos_groups, width = hp->embed_dim / groups;
  int split = add_buffer (b, b->batch * groups,
      b->n_frames + hp->pos_kernel - 1, 1, width);
  int conv = add_buffer (b, b->batch * groups, b->n_frames, 1, width);
  int y = add_buffer (b, b->batch, b->n_frames, 1, hp->embed_dim);
  E2vOp op = new_op (b, E2V_OP_SPLIT_GROUPS, E2V_STAGE_POSITIONAL, x, split);

  op.planes = b->batch;
  op.rows = b->n_frames;
  op.pad = hp->pos_kernel / 2;
  append (b, &op);
  op = new_op (b, E2V_OP_MATMUL, E2V_STAGE_POSITIONAL, split, conv);
  op.taps = hp->pos_kernel;
  op.weight_groups = groups;
  op.w = weight (b, E2V_ROLE_POS_WEIGHT, i);
  op.b = weight (b, E2V_ROLE_POS_BIAS, i);
  append (b, &op);
  op = new_op (b, E2V_OP_JOIN_GROUPS, E2V_STAGE_POSITIONAL, conv, y);
  append (b, &op);
  add_norm (b, E2V_STAGE_POSITIONAL, y, y, E2V_N_ROLES, 0, E2V_FIXED_EPS, TRUE);
  trace (b, y, "pos_conv", (int) i);
  return y;
}

static int
add_tokens (Builder * b, int projection)
{
  int x = projection, y, normed;
  E2vOp op;

  for (guint i = 0; i < b->hp->pos_depth; i++)
    x = add_pos_layer (b, i, x);
  y = add_buffer (b, b->batch, b->n_tokens, 1, b->hp->embed_dim);
  op = new_op (b, E2V_OP_TOKENS, E2V_STAGE_POSITIONAL, projection, y);
  op.x2 = x;
  op.n_extra = b->hp->n_extra;
  op.w = weight (b, E2V_ROLE_EXTRA_TOKENS, 0);
  append (b, &op);
  trace (b, y, "tokens_in", -1);

  normed = add_buffer (b, b->batch, b->n_tokens, 1, b->hp->embed_dim);
  add_norm (b, E2V_STAGE_NORMS, y, normed, E2V_ROLE_PRENET_NORM_WEIGHT, 0,
      b->hp->norm_eps, FALSE);
  trace (b, normed, "prenet_norm", -1);
  return normed;
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

static E2vOp
scores_op (Builder * b, int qkv, int scores, guint layer)
{
  const E2vHparams *hp = b->hp;
  E2vOp op = new_op (b, E2V_OP_SCORES, E2V_STAGE_ATTENTION, qkv, scores);

  op.n_extra = hp->n_extra;
  op.scale = 1 / sqrt ((double) hp->embed_dim / hp->n_heads);
  op.alibi = hp->alibi_layers > 0;
  op.layer = hp->alibi_layers > 1 ? layer : 0;
  return op;
}

/* Attention of query rows [first, first + rows) to all tokens. */
static void
add_attention_rows (Builder * b, int qkv, int y, guint layer, guint first,
    guint rows)
{
  int scores = add_buffer (b, b->batch * b->hp->n_heads, rows, 1, b->n_tokens);
  E2vOp op = scores_op (b, qkv, scores, layer);

  op.x_row = first;
  append (b, &op);
  op = new_op (b, E2V_OP_SOFTMAX, E2V_STAGE_ATTENTION, scores, scores);
  append (b, &op);
  op = new_op (b, E2V_OP_MIX, E2V_STAGE_ATTENTION, scores, y);
  op.x2 = qkv;
  op.rows = rows;
  op.y_row = first;
  append (b, &op);
}

static int
add_attention (Builder * b, int x, guint layer)
{
  const E2vHparams *hp = b->hp;
  guint heads = hp->n_heads, width = hp->embed_dim / heads;
  int qkv = add_buffer (b, b->batch, b->n_tokens, 3 * heads, width);
  int y = add_buffer (b, b->batch, b->n_tokens, heads, width);
  guint64 row_bytes =
      (guint64) b->batch * heads * pad4 (b->n_tokens) * sizeof (float);
  guint rows = (guint) CLAMP (E2V_PLAN_STRETCH_BYTES / row_bytes, 1,
      b->n_tokens);

  add_linear (b, E2V_STAGE_QKV, x, qkv, E2V_ROLE_QKV_WEIGHT, layer, FALSE,
      E2V_NONE);
  for (guint first = 0; first < b->n_tokens; first += rows)
    add_attention_rows (b, qkv, y, layer, first,
        MIN (rows, b->n_tokens - first));
  return y;
}

/* Post-norm block: u = LN1 (x + Attn (x)), output LN2 (u + MLP (u)). */
static int
add_block (Builder * b, int x, guint layer)
{
  const E2vHparams *hp = b->hp;
  guint d = hp->embed_dim;
  int attended = add_attention (b, x, layer);
  int u = add_buffer (b, b->batch, b->n_tokens, 1, d);
  int hidden = add_buffer (b, b->batch, b->n_tokens, 1, hp->mlp_dim);
  int y = add_buffer (b, b->batch, b->n_tokens, 1, d);

  add_linear (b, E2V_STAGE_ATTN_PROJ, attended, u, E2V_ROLE_ATTN_PROJ_WEIGHT,
      layer, FALSE, x);
  add_norm (b, E2V_STAGE_NORMS, u, u, E2V_ROLE_NORM1_WEIGHT, layer,
      hp->norm_eps, FALSE);
  add_linear (b, E2V_STAGE_MLP, u, hidden, E2V_ROLE_FC1_WEIGHT, layer, TRUE,
      E2V_NONE);
  add_linear (b, E2V_STAGE_MLP, hidden, y, E2V_ROLE_FC2_WEIGHT, layer, FALSE,
      u);
  add_norm (b, E2V_STAGE_NORMS, y, y, E2V_ROLE_NORM2_WEIGHT, layer,
      hp->norm_eps, FALSE);
  trace (b, y, "block", (int) layer);
  return y;
}

/* ---- outputs ---------------------------------------------------------------------------------------------------- */

static void
add_outputs (Builder * b, int x)
{
  const E2vHparams *hp = b->hp;
  int utterance = add_buffer (b, b->batch, 1, 1, hp->embed_dim);
  E2vOp op = new_op (b, E2V_OP_MEAN, E2V_STAGE_HEAD, x, utterance);

  op.x_row = hp->n_extra;
  op.rows = b->n_frames;
  append (b, &op);
  set_output (b, utterance, "utterance", -1);
  if (hp->n_classes) {
    int logits = add_buffer (b, b->batch, 1, 1, hp->n_classes);

    add_linear (b, E2V_STAGE_HEAD, utterance, logits, E2V_ROLE_HEAD_WEIGHT, 0,
        FALSE, E2V_NONE);
    set_output (b, logits, "logits", -1);
  }
  if (b->frames || b->trace) {
    set_output (b, x, "frames", -1);
    buffer_at (b, x)->first_row = hp->n_extra;
  }
}

/* The bias that the SCORES operation itself adds, made visible: attention scores of zeros. */
static void
add_alibi_probes (Builder * b)
{
  const E2vHparams *hp = b->hp;
  int zero = add_buffer (b, 1, b->n_tokens, 3 * hp->n_heads,
      hp->embed_dim / hp->n_heads);

  buffer_at (b, zero)->use = E2V_BUFFER_ZERO;
  for (guint l = 0; l < hp->alibi_layers; l++) {
    int bias = add_buffer (b, hp->n_heads, b->n_tokens, 1, b->n_tokens);
    E2vOp op = scores_op (b, zero, bias, l);

    append (b, &op);
    set_output (b, bias, "alibi_bias", hp->alibi_layers > 1 ? (int) l : -1);
  }
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

/* Bytes of the largest buffer that grows with the batch, for one window. */
static guint64
largest_window_bytes (const E2vHparams * hp, guint n_samples)
{
  guint64 frames = e2v_hparams_n_frames (hp, n_samples);
  guint64 tokens = frames + hp->n_extra, d = hp->embed_dim;
  guint64 head = pad4 (hp->embed_dim / hp->n_heads);
  guint64 group = pad4 (hp->embed_dim / hp->pos_groups);
  guint64 largest = MAX (n_samples, tokens * 3 * hp->n_heads * head);

  largest = MAX (largest, tokens * pad4 (MAX (hp->mlp_dim, (guint) d)));
  largest = MAX (largest,
      (frames + hp->pos_kernel - 1) * hp->pos_groups * group);
  largest = MAX (largest, hp->n_heads * pad4 ((guint) tokens));
  return largest * sizeof (float);
}

guint
e2v_plan_max_batch (const E2vHparams * hp, guint n_samples)
{
  guint64 bytes = largest_window_bytes (hp, n_samples);

  return (guint) MIN (E2V_PLAN_BUFFER_BYTES / bytes, MAX_BATCH);
}

static gboolean
check_request (const E2vHparams * hp, const E2vPlanRequest * request,
    GError ** error)
{
  guint frames = e2v_hparams_n_frames (hp, request->n_samples);

  if (request->n_samples > E2V_MAX_WINDOW_SAMPLES) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
        "a window of %.2f s is longer than the limit of %d s",
        (double) request->n_samples / E2V_SAMPLE_RATE,
        E2V_MAX_WINDOW_SAMPLES / E2V_SAMPLE_RATE);
    return FALSE;
  }
  if (frames == 0) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "a window of %u samples is too short: this model needs %u at 16 kHz",
        request->n_samples, e2v_hparams_n_samples_for (hp, 1));
    return FALSE;
  }
  if (frames + hp->n_extra > MAX_TOKENS) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
        "a window of %u samples gives %u frames with this model, more than %d",
        request->n_samples, frames, MAX_TOKENS);
    return FALSE;
  }
  if (request->batch == 0 || (request->trace && request->batch != 1)) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "a batch of %u windows cannot be run", request->batch);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_buffers (const E2vPlan * plan, GError ** error)
{
  for (guint i = 0; i < plan->buffers->len; i++) {
    const E2vBuffer *buffer = &g_array_index (plan->buffers, E2vBuffer, i);
    guint64 bytes = (guint64) buffer->planes * buffer->rows * buffer->groups
        * pad4 (buffer->width) * sizeof (float);

    if (buffer->use == E2V_BUFFER_INPUT)
      bytes /= 4;               /* the waveform is not padded */
    if (bytes > E2V_PLAN_BUFFER_BYTES) {
      g_set_error (error, E2V_ERROR, E2V_ERROR_TOO_LARGE,
          "buffer %u (%ux%ux%ux%u) of a batch of %u windows of %.2f s would "
          "need %" G_GUINT64_FORMAT " MiB, the limit is %" G_GUINT64_FORMAT, i,
          buffer->planes, buffer->rows, buffer->groups, buffer->width,
          plan->request.batch,
          (double) plan->request.n_samples / E2V_SAMPLE_RATE, bytes >> 20,
          E2V_PLAN_BUFFER_BYTES >> 20);
      return FALSE;
    }
  }
  return TRUE;
}

static void
build (Builder * b)
{
  int x, waveform = add_buffer (b, b->batch, b->n_samples, 1, 1);

  buffer_at (b, waveform)->use = E2V_BUFFER_INPUT;
  x = add_tokens (b, add_front_end (b, waveform));
  for (guint l = 0; l < e2v_hparams_n_blocks (b->hp); l++)
    x = add_block (b, x, l);
  add_outputs (b, x);
  if (b->trace)
    add_alibi_probes (b);
}

E2vPlan *
e2v_plan_new (const E2vHparams * hparams, const E2vPlanRequest * request,
    GError ** error)
{
  g_autoptr (E2vPlan) plan = NULL;
  g_autoptr (E2vLayout) layout = NULL;

  if (!e2v_hparams_validate (hparams, error)
      || !check_request (hparams, request, error))
    return NULL;
  plan = e2v_plan_alloc (hparams, request);
  layout = e2v_layout_new (hparams);

  Builder b = {.plan = plan,.hp = &plan->hparams,.layout = layout,
    .batch = request->batch,.n_samples = request->n_samples,
    .n_frames = plan->n_frames,
    .n_tokens = plan->n_frames + hparams->n_extra,
    .trace = request->trace,.frames = request->frames
  };

  build (&b);
  if (!check_buffers (plan, error))
    return NULL;
  return g_steal_pointer (&plan);
}
