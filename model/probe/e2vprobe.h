/* e2vprobe.h - a linear probe: how well a linear head tells classes by a model's frozen embeddings, and that head.
 *
 * Features are standardised (mean and standard deviation of the training clips), then logistic regression. How strong
 * its penalty is, cross-validation over speakers decides. Pure and deterministic. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_PROBE_H
#define E2V_PROBE_H

#include <glib.h>

G_BEGIN_DECLS

/* Clips. Some functions take part of them: @rows, @n_rows numbers of clips. */
typedef struct
{
  guint n, dim, n_classes, n_speakers;
  const float *x;               /* [n][dim]: utterance embeddings */
  const guint *label, *speaker; /* [n] */
  const char *const *labels;    /* [n_classes], for messages */
  const char *const *speakers;  /* [n_speakers], for messages */
} E2vProbeData;

/* Called now and then with the part that is done. FALSE: stop. */
typedef gboolean (*E2vProbeProgress) (double fraction, gpointer user_data);

typedef struct
{
  gboolean balanced;            /* each class counts alike, whatever its number of clips */
  guint n_folds;                /* 0: E2V_DEFAULT_FOLDS */
  guint32 seed;                 /* of the folds */
  double l2;                    /* strength of the penalty; 0: choose */
  E2vProbeProgress progress;    /* (nullable) */
  gpointer user_data;
} E2vProbeOptions;

/* The affine layer that takes embeddings as they come: what standardises them is folded in. */
typedef struct
{
  double *weight;               /* [n_classes][dim] */
  double *bias;                 /* [n_classes] */
} E2vProbeLayer;

void e2v_probe_layer_clear (E2vProbeLayer * layer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (E2vProbeLayer, e2v_probe_layer_clear)

/* Trains on @rows with the penalty @l2 > 0 on weights of standardised features, to the last digits. Every class needs a
 * clip. @layer: (out). */
void e2v_probe_fit (const E2vProbeData * data, const guint * rows, guint n_rows, gboolean balanced, double l2,
    E2vProbeLayer * layer);

/* @scores: (out): [n_rows][n_classes], sum 1 a row. */
void e2v_probe_apply (const E2vProbeData * data, const guint * rows, guint n_rows, const E2vProbeLayer * layer,
    double *scores);

/* What a strength of the penalty gave on speakers left out. */
typedef struct
{
  double l2;
  double loss;                  /* -log of the right class's score: mean over clips, then over classes if balanced */
  double ua;                    /* mean recall */
} E2vProbeTrial;

/* The strengths that are tried: half decades from 100 down to 1e-4. */
#define E2V_PROBE_N_TRIALS 13

/* Tries all strengths. @trials: (out): [E2V_PROBE_N_TRIALS].
 * Returns: the index of the one with the least loss, -1 with E2V_ERROR_ARGUMENT: the folds cannot be made, or stopped. */
int e2v_probe_choose (const E2vProbeData * data, const guint * rows, guint n_rows, const E2vProbeOptions * options,
    E2vProbeTrial * trials, GError ** error);

/* Scores of every clip by a head that was trained without its speaker: folds as e2v_folds_make() makes them, and in each
 * the strength chosen anew (options->l2 = 0) among the speakers left.
 * @scores: (out): [data->n][n_classes]. @l2: (out): [folds made], room for data->n_speakers.
 * Returns: the number of folds, 0 with E2V_ERROR_ARGUMENT. */
guint e2v_probe_cross_validate (const E2vProbeData * data, const E2vProbeOptions * options, double *scores, double *l2,
    GError ** error);

G_END_DECLS

#endif
