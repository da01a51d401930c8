/* e2vprobe.c - a linear probe on frozen embeddings.
 *
 * (1) Whatever is learned of clips - mean, deviation, weights - is learned of the training clips alone, in each fold.
 * (2) Strengths are tried from the strongest to the weakest, each from the weights that the one before gave.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vprobe.h"

#include "e2verror.h"
#include "e2vfolds.h"
#include "e2vlogistic.h"

#include <math.h>
#include <string.h>

/* Largest gradient at the end. In folds only comparisons are made; there it goes with the penalty, since a gradient of g
 * may be g / l2 away from the minimum. */
#define ROUGH 1e-3
#define EXACT 1e-10

/* What floating-point noise may make of a score of 0. */
#define LEAST_SCORE 1e-300

#define FIRST_L2 100.0

void
e2v_probe_layer_clear (E2vProbeLayer * layer)
{
  g_clear_pointer (&layer->weight, g_free);
  g_clear_pointer (&layer->bias, g_free);
}

/* ---- training --------------------------------------------------------------------------------------------------- */

/* Training clips, standardised. */
typedef struct
{
  E2vLogisticData logistic;
  double *x, *weight;           /* of the logistic data */
  guint *y;
  double *mean, *scale;         /* [dim]: x = (embedding - mean) * scale */
} Set;

static void
set_clear (Set * set)
{
  g_free (set->x);
  g_free (set->weight);
  g_free (set->y);
  g_free (set->mean);
  g_free (set->scale);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Set, set_clear);

static double
value (const E2vProbeData * data, guint row, guint d)
{
  return (double) data->x[(gsize) row * data->dim + d];
}

/* A feature that never changes tells nothing: its scale is 0. */
static void
measure (const E2vProbeData * data, const guint * rows, guint n_rows, guint d,
    double *mean, double *scale)
{
  double sum = 0, squares = 0, deviation;

  for (guint i = 0; i < n_rows; i++)
    sum += value (data, rows[i], d);
  *mean = sum / n_rows;
  for (guint i = 0; i < n_rows; i++) {
    double x = value (data, rows[i], d) - *mean;

    squares += x * x;
  }
  deviation = sqrt (squares / n_rows);
  *scale = deviation > 1e-12 * (1 + fabs (*mean)) ? 1 / deviation : 0;
}

/* Each class counts alike, and all together as much as there are clips. */
static double *
balance (const guint * y, guint n, guint n_classes)
{
  g_autofree guint *counts = g_new0 (guint, n_classes);
  double *weight = g_new (double, n);

  for (guint i = 0; i < n; i++)
    counts[y[i]]++;
  for (guint i = 0; i < n; i++)
    weight[i] = (double) n / ((double) n_classes * counts[y[i]]);
  return weight;
}

static void
set_init (Set * set, const E2vProbeData * data, const guint * rows,
    guint n_rows, gboolean balanced)
{
  const guint dim = data->dim;

  set->x = g_new (double, (gsize) n_rows * dim);
  set->y = g_new (guint, n_rows);
  set->mean = g_new (double, dim);
  set->scale = g_new (double, dim);
  for (guint d = 0; d < dim; d++) {
    measure (data, rows, n_rows, d, &set->mean[d], &set->scale[d]);
    for (guint i = 0; i < n_rows; i++)
      set->x[(gsize) i * dim + d] =
          (value (data, rows[i], d) - set->mean[d]) * set->scale[d];
  }
  for (guint i = 0; i < n_rows; i++)
    set->y[i] = data->label[rows[i]];
  set->weight = balanced ? balance (set->y, n_rows, data->n_classes) : NULL;
  set->logistic.n = n_rows;
  set->logistic.dim = dim;
  set->logistic.n_classes = data->n_classes;
  set->logistic.x = set->x;
  set->logistic.y = set->y;
  set->logistic.weight = set->weight;
}

/* Weights of standardised features, to begin with: 0. */
static void
layer_init (E2vProbeLayer * layer, const E2vProbeData * data)
{
  layer->weight = g_new0 (double, (gsize) data->n_classes * data->dim);
  layer->bias = g_new0 (double, data->n_classes);
}

/* W (x - mean) scale + b = (W scale) x + (b - W scale mean). @folded: (out). */
static void
fold (const Set * set, const E2vProbeLayer * layer, E2vProbeLayer * folded)
{
  const guint dim = set->logistic.dim;

  for (guint k = 0; k < set->logistic.n_classes; k++) {
    double bias = layer->bias[k];

    for (guint d = 0; d < dim; d++) {
      double w = layer->weight[(gsize) k * dim + d] * set->scale[d];

      folded->weight[(gsize) k * dim + d] = w;
      bias -= w * set->mean[d];
    }
    folded->bias[k] = bias;
  }
}

void
e2v_probe_fit (const E2vProbeData * data, const guint * rows, guint n_rows,
    gboolean balanced, double l2, E2vProbeLayer * layer)
{
  g_auto (Set) set = { 0 };
  g_auto (E2vProbeLayer) standard = { 0 };

  set_init (&set, data, rows, n_rows, balanced);
  layer_init (&standard, data);
  e2v_logistic_fit (&set.logistic, l2, EXACT, standard.weight, standard.bias);
  layer_init (layer, data);
  fold (&set, &standard, layer);
}

void
e2v_probe_apply (const E2vProbeData * data, const guint * rows, guint n_rows,
    const E2vProbeLayer * layer, double *scores)
{
  const guint n = data->n_classes, dim = data->dim;

  for (guint i = 0; i < n_rows; i++) {
    double *row = scores + (gsize) i * n;
    double top = (double) -INFINITY, sum = 0;

    for (guint k = 0; k < n; k++) {
      row[k] = layer->bias[k];
      for (guint d = 0; d < dim; d++)
        row[k] += layer->weight[(gsize) k * dim + d] * value (data, rows[i], d);
      top = MAX (top, row[k]);
    }
    for (guint k = 0; k < n; k++) {
      row[k] = exp (row[k] - top);
      sum += row[k];
    }
    for (guint k = 0; k < n; k++)
      row[k] /= sum;
  }
}

/* ---- choosing the penalty --------------------------------------------------------------------------------------- */

static gboolean
go_on (const E2vProbeOptions * options, double fraction, GError ** error)
{
  if (!options->progress || options->progress (fraction, options->user_data))
    return TRUE;
  g_set_error_literal (error, E2V_ERROR, E2V_ERROR_ARGUMENT, "interrupted");
  return FALSE;
}

/* Sums over clips left out, for one strength. */
typedef struct
{
  double *loss;                 /* [n_classes] */
  guint *n, *n_right;           /* [n_classes] */
} Tally;

static guint
best_of (const double *scores, guint n)
{
  guint best = 0;

  for (guint k = 1; k < n; k++)
    if (scores[k] > scores[best])
      best = k;
  return best;
}

static void
count (const E2vProbeData * data, const guint * rows, guint n_rows,
    const double *scores, Tally * tally)
{
  for (guint i = 0; i < n_rows; i++) {
    const double *row = scores + (gsize) i * data->n_classes;
    guint c = data->label[rows[i]];

    tally->loss[c] -= log (MAX (row[c], LEAST_SCORE));
    tally->n[c]++;
    tally->n_right[c] += best_of (row, data->n_classes) == c;
  }
}

static void
sum_up (const E2vProbeData * data, const Tally * tally, gboolean balanced,
    E2vProbeTrial * trial)
{
  double classes = 0, recalls = 0, mean_loss = 0, loss = 0, clips = 0;

  for (guint c = 0; c < data->n_classes; c++) {
    if (tally->n[c] == 0)
      continue;
    classes++;
    clips += tally->n[c];
    loss += tally->loss[c];
    mean_loss += tally->loss[c] / tally->n[c];
    recalls += (double) tally->n_right[c] / tally->n[c];
  }
  trial->loss = balanced ? mean_loss / classes : loss / clips;
  trial->ua = recalls / classes;
}

/* Writes the members of @rows that are in @fold, or those that are not. Returns how many. */
static guint
pick (const guint * rows, const guint * folds, guint n_rows, guint fold,
    gboolean inside, guint * picked)
{
  guint n = 0;

  for (guint i = 0; i < n_rows; i++)
    if ((folds[i] == fold) == inside)
      picked[n++] = rows[i];
  return n;
}

/* All strengths on one fold. */
static void
try_fold (const E2vProbeData * data, const guint * train, guint n_train,
    const guint * test, guint n_test, gboolean balanced,
    const E2vProbeTrial * trials, Tally * tallies)
{
  g_auto (Set) set = { 0 };
  g_auto (E2vProbeLayer) standard = { 0 }, folded = { 0 };
  g_autofree double *scores = g_new (double,
      (gsize) n_test * data->n_classes + 1);

  set_init (&set, data, train, n_train, balanced);
  layer_init (&standard, data);
  layer_init (&folded, data);
  for (guint t = 0; t < E2V_PROBE_N_TRIALS; t++) {
    e2v_logistic_fit (&set.logistic, trials[t].l2,
        ROUGH * MIN (1, trials[t].l2), standard.weight, standard.bias);
    fold (&set, &standard, &folded);
    e2v_probe_apply (data, test, n_test, &folded, scores);
    count (data, test, n_test, scores, &tallies[t]);
  }
}

static gboolean
try_folds (const E2vProbeData * data, const guint * rows, const guint * folds,
    guint n_rows, guint n_folds, const E2vProbeOptions * options,
    const E2vProbeTrial * trials, Tally * tallies, GError ** error)
{
  g_autofree guint *train = g_new (guint, n_rows);
  g_autofree guint *test = g_new (guint, n_rows);

  for (guint f = 0; f < n_folds; f++) {
    guint n_train = pick (rows, folds, n_rows, f, FALSE, train);
    guint n_test = pick (rows, folds, n_rows, f, TRUE, test);

    if (!go_on (options, (double) f / n_folds, error))
      return FALSE;
    try_fold (data, train, n_train, test, n_test, options->balanced, trials,
        tallies);
  }
  return TRUE;
}

/* The least loss; of equal ones the strongest penalty, which comes first. */
static int
least_loss (const E2vProbeTrial * trials)
{
  int best = 0;

  for (int t = 1; t < E2V_PROBE_N_TRIALS; t++)
    if (trials[t].loss < trials[best].loss)
      best = t;
  return best;
}

int
e2v_probe_choose (const E2vProbeData * data, const guint * rows, guint n_rows,
    const E2vProbeOptions * options, E2vProbeTrial * trials, GError ** error)
{
  const guint n = E2V_PROBE_N_TRIALS, n_classes = data->n_classes;
  g_autofree guint *folds = g_new (guint, n_rows + 1);
  g_autofree double *loss = g_new0 (double, n * n_classes);
  g_autofree guint *counts = g_new0 (guint, 2 * n * n_classes);
  Tally tallies[E2V_PROBE_N_TRIALS];
  guint n_folds = e2v_folds_make (data, rows, n_rows, options->n_folds,
      options->seed, folds, error);

  if (n_folds == 0)
    return -1;
  for (guint t = 0; t < n; t++) {
    trials[t].l2 = FIRST_L2 * pow (10, -0.5 * t);
    tallies[t].loss = loss + t * n_classes;
    tallies[t].n = counts + t * n_classes;
    tallies[t].n_right = counts + (n + t) * n_classes;
  }
  if (!try_folds (data, rows, folds, n_rows, n_folds, options, trials, tallies,
          error))
    return -1;
  for (guint t = 0; t < n; t++)
    sum_up (data, &tallies[t], options->balanced, &trials[t]);
  return least_loss (trials);
}

/* ---- cross-validation ------------------------------------------------------------------------------------------- */

/* Progress of one fold as a part of the whole. */
typedef struct
{
  const E2vProbeOptions *options;
  guint fold, n_folds;
} Part;

static gboolean
report_part (double fraction, gpointer user_data)
{
  const Part *part = user_data;

  return part->options->progress ((part->fold + fraction) / part->n_folds,
      part->options->user_data);
}

/* The strength for a fold. 0 with @error. */
static double
choose_for_fold (const E2vProbeData * data, const guint * train, guint n_train,
    const E2vProbeOptions * options, guint fold, guint n_folds, GError ** error)
{
  Part part = { options, fold, n_folds };
  E2vProbeOptions inner = *options;
  E2vProbeTrial trials[E2V_PROBE_N_TRIALS];
  int best;

  if (!go_on (options, (double) fold / n_folds, error))
    return 0;
  if (options->l2 > 0)
    return options->l2;
  inner.user_data = &part;
  if (options->progress)
    inner.progress = report_part;
  best = e2v_probe_choose (data, train, n_train, &inner, trials, error);
  if (best < 0)
    g_prefix_error (error, "without the speakers of fold %u of %u: ",
        fold + 1, n_folds);
  return best < 0 ? 0 : trials[best].l2;
}

static void
score_fold (const E2vProbeData * data, const guint * train, guint n_train,
    const guint * test, guint n_test, gboolean balanced, double l2,
    double *scores)
{
  g_auto (E2vProbeLayer) layer = { 0 };
  g_autofree double *part = g_new (double,
      (gsize) n_test * data->n_classes + 1);

  e2v_probe_fit (data, train, n_train, balanced, l2, &layer);
  e2v_probe_apply (data, test, n_test, &layer, part);
  for (guint i = 0; i < n_test; i++)
    memcpy (scores + (gsize) test[i] * data->n_classes,
        part + (gsize) i * data->n_classes, data->n_classes * sizeof *part);
}

guint
e2v_probe_cross_validate (const E2vProbeData * data,
    const E2vProbeOptions * options, double *scores, double *l2,
    GError ** error)
{
  g_autofree guint *rows = g_new (guint, data->n + 1);
  g_autofree guint *folds = g_new (guint, data->n + 1);
  g_autofree guint *train = g_new (guint, data->n + 1);
  g_autofree guint *test = g_new (guint, data->n + 1);
  guint n_folds;

  for (guint i = 0; i < data->n; i++)
    rows[i] = i;
  n_folds = e2v_folds_make (data, rows, data->n, options->n_folds,
      options->seed, folds, error);
  for (guint f = 0; f < n_folds; f++) {
    guint n_train = pick (rows, folds, data->n, f, FALSE, train);
    guint n_test = pick (rows, folds, data->n, f, TRUE, test);

    l2[f] = choose_for_fold (data, train, n_train, options, f, n_folds, error);
    if (!(l2[f] > 0))
      return 0;
    score_fold (data, train, n_train, test, n_test, options->balanced, l2[f],
        scores);
  }
  return n_folds;
}
