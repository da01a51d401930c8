/* e2vhparams.h - the hyper-parameters of an emotion2vec encoder, as plain values.
 *
 * Everything else is derived from these: the tensors of a model (e2vlayout.h), the operations of a run (e2vplan.h), the
 * number of frames of a window. MT: any thread, all functions are pure.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_HPARAMS_H
#define E2V_HPARAMS_H

#include <glib.h>

G_BEGIN_DECLS

#define E2V_SAMPLE_RATE 16000
#define E2V_MAX_CONV_LAYERS 16
#define E2V_MAX_WINDOW_SAMPLES (30 * E2V_SAMPLE_RATE)

typedef struct
{
  guint channels, kernel, stride;
} E2vConvLayer;

typedef struct
{
  E2vConvLayer conv[E2V_MAX_CONV_LAYERS];       /* the front end, from raw samples on */
  guint n_conv;
  guint embed_dim;              /* D */
  guint n_heads;                /* H, divides D */
  guint n_prenet, n_main;       /* transformer blocks: prenet first, then main */
  guint mlp_dim;                /* width of the hidden layer of a block's MLP */
  guint n_extra;                /* E, learned tokens in front of the frames; may be 0 */
  guint pos_depth, pos_kernel, pos_groups;      /* positional convolutions; groups divide D */
  guint alibi_layers;           /* rows of the ALiBi scale: 0 no ALiBi, 1 shared, else n_prenet + n_main */
  guint alibi_heads;            /* columns of it: 1 shared, or H */
  guint n_classes;              /* of the linear head; 0: a feature model */
  double norm_eps;              /* of the norms of the blocks and the one in front of them */
  gboolean normalize;           /* the waveform is normalised to zero mean and unit variance */
} E2vHparams;

/* Epsilon of every other norm of the model (front end, projection, positional stack, waveform): fixed in the
 * official code. */
#define E2V_FIXED_EPS 1e-5

/* Refuses what no encoder can be (zeros, heads that do not divide, absurd sizes) with E2V_ERROR_NOT_EMOTION2VEC and a
 * message that names the field. */
gboolean e2v_hparams_validate (const E2vHparams * hparams, GError ** error);

/* Blocks in all: n_prenet + n_main. */
guint e2v_hparams_n_blocks (const E2vHparams * hparams);

/* Output length of convolution layer @layer for @n_samples input samples; 0 if too short. */
guint e2v_hparams_conv_length (const E2vHparams * hparams, guint layer, guint n_samples);

/* T: frames that a window of @n_samples gives; 0 if it is too short for one. */
guint e2v_hparams_n_frames (const E2vHparams * hparams, guint n_samples);

/* Samples between the starts of neighbouring frames (320 for every public model). */
guint e2v_hparams_hop (const E2vHparams * hparams);

/* Samples that @n_frames frames see: (n_frames - 1) * hop + receptive field. The shortest window for that many. */
guint e2v_hparams_n_samples_for (const E2vHparams * hparams, guint n_frames);

/* Geometric ALiBi slope of head @head of @n_heads: powers of two, and for a head count that is no power of two the
 * slopes of the next smaller one followed by every second of the next larger one (Press et al. 2022, as the official
 * code does it). */
double e2v_alibi_slope (guint head, guint n_heads);

G_END_DECLS

#endif
