/* e2vfolds.c - divides clips into groups of speakers.
 *
 * Speakers are taken by falling number of clips, those with as many in an order that the seed shuffles; each goes to
 * the smallest fold so far, unless that fold would then have all clips of some class.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vfolds.h"

#include "e2verror.h"

#define NOWHERE G_MAXUINT
#define SEVERAL (G_MAXUINT - 1)

typedef struct
{
  guint speaker, n_clips, order;
} Speaker;

typedef struct
{
  const E2vProbeData *data;
  gboolean *has;                /* [n_speakers][n_classes]: the speaker has clips of the class */
  Speaker *speakers;            /* those with clips, in the order in which they are placed */
  guint n_speakers;
  guint *n_of_class;            /* [n_classes]: speakers that have it */
} Census;

static void
census_clear (Census * census)
{
  g_free (census->has);
  g_free (census->speakers);
  g_free (census->n_of_class);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Census, census_clear);

static gboolean
has_class (const Census * census, guint speaker, guint class)
{
  return census->has[(gsize) speaker * census->data->n_classes + class];
}

/* Larger ones first. */
static int
compare_speakers (const void *a, const void *b)
{
  const Speaker *x = a, *y = b;

  if (x->n_clips != y->n_clips)
    return x->n_clips < y->n_clips ? 1 : -1;
  return x->order < y->order ? -1 : 1;
}

static void
shuffle (Speaker * speakers, guint n, guint32 seed)
{
  GRand *random = g_rand_new_with_seed (seed);

  for (guint i = 0; i < n; i++)
    speakers[i].order = i;
  for (guint i = n; i > 1; i--) {
    guint j = (guint) g_rand_int_range (random, 0, (gint) i);
    guint order = speakers[i - 1].order;

    speakers[i - 1].order = speakers[j].order;
    speakers[j].order = order;
  }
  g_rand_free (random);
}

static void
census_init (Census * census, const E2vProbeData * data, const guint * rows,
    guint n_rows, guint32 seed)
{
  g_autofree guint *n_clips = g_new0 (guint, data->n_speakers);

  census->data = data;
  census->has = g_new0 (gboolean, (gsize) data->n_speakers * data->n_classes);
  census->speakers = g_new0 (Speaker, data->n_speakers);
  census->n_of_class = g_new0 (guint, data->n_classes);
  for (guint i = 0; i < n_rows; i++) {
    guint s = data->speaker[rows[i]], c = data->label[rows[i]];

    n_clips[s]++;
    if (!has_class (census, s, c))
      census->n_of_class[c]++;
    census->has[(gsize) s * data->n_classes + c] = TRUE;
  }
  for (guint s = 0; s < data->n_speakers; s++) {
    if (n_clips[s] == 0)
      continue;
    census->speakers[census->n_speakers].speaker = s;
    census->speakers[census->n_speakers++].n_clips = n_clips[s];
  }
  shuffle (census->speakers, census->n_speakers, seed);
  qsort (census->speakers, census->n_speakers, sizeof (Speaker),
      compare_speakers);
}

/* The only speaker of class @class. */
static guint
speaker_of (const Census * census, guint class)
{
  guint i = 0;

  while (!has_class (census, census->speakers[i].speaker, class))
    i++;
  return census->speakers[i].speaker;
}

static gboolean
check (const Census * census, GError ** error)
{
  const E2vProbeData *data = census->data;

  if (census->n_speakers < 2) {
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "all clips are of one speaker (%s): cross-validation leaves speakers "
        "out and needs two at least. Add speakers, or give the strength of the "
        "penalty", census->n_speakers ?
        data->speakers[census->speakers[0].speaker] : "none");
    return FALSE;
  }
  for (guint c = 0; c < data->n_classes; c++) {
    if (census->n_of_class[c] != 1)
      continue;
    g_set_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT,
        "only one speaker (%s) has clips of the class '%s': nothing tells the "
        "class from that voice. Add speakers, leave the class out, or give the "
        "strength of the penalty", data->speakers[speaker_of (census, c)],
        data->labels[c]);
    return FALSE;
  }
  return TRUE;
}

/* Where the clips of each class went. */
typedef struct
{
  guint *fold;                  /* [n_classes]: NOWHERE, SEVERAL or the only fold */
  guint *n_left;                /* [n_classes]: speakers that are not placed yet */
} Classes;

/* Whether all clips of some class would be in @fold if @speaker went there. */
static gboolean
takes_all (const Census * census, const Classes * classes, guint speaker,
    guint fold)
{
  for (guint c = 0; c < census->data->n_classes; c++)
    if (has_class (census, speaker, c) && classes->n_left[c] == 1
        && classes->fold[c] == fold)
      return TRUE;
  return FALSE;
}

static void
note (const Census * census, Classes * classes, guint speaker, guint fold)
{
  for (guint c = 0; c < census->data->n_classes; c++) {
    if (!has_class (census, speaker, c))
      continue;
    classes->n_left[c]--;
    if (classes->fold[c] == NOWHERE)
      classes->fold[c] = fold;
    else if (classes->fold[c] != fold)
      classes->fold[c] = SEVERAL;
  }
}

/* @fold_of: (out): [n_speakers of the data]. FALSE: a class would be missing somewhere. */
static gboolean
place (const Census * census, guint n_folds, guint * fold_of)
{
  const guint n_classes = census->data->n_classes;
  g_autofree guint *fold = g_new (guint, n_classes);
  g_autofree guint *n_left = g_memdup2 (census->n_of_class,
      n_classes * sizeof *n_left);
  g_autofree guint *sizes = g_new0 (guint, n_folds);
  Classes classes = { fold, n_left };

  for (guint c = 0; c < n_classes; c++)
    fold[c] = NOWHERE;
  for (guint i = 0; i < census->n_speakers; i++) {
    const Speaker *speaker = &census->speakers[i];
    guint best = NOWHERE;

    for (guint f = 0; f < n_folds; f++)
      if (!takes_all (census, &classes, speaker->speaker, f)
          && (best == NOWHERE || sizes[f] < sizes[best]))
        best = f;
    if (best == NOWHERE)
      return FALSE;
    note (census, &classes, speaker->speaker, best);
    fold_of[speaker->speaker] = best;
    sizes[best] += speaker->n_clips;
  }
  return TRUE;
}

guint
e2v_folds_make (const E2vProbeData * data, const guint * rows, guint n_rows,
    guint n_folds, guint32 seed, guint * folds, GError ** error)
{
  g_auto (Census) census = { 0 };
  g_autofree guint *fold_of = g_new0 (guint, data->n_speakers + 1);

  census_init (&census, data, rows, n_rows, seed);
  if (!check (&census, error))
    return 0;
  n_folds = CLAMP (n_folds ? n_folds : E2V_DEFAULT_FOLDS, 2, census.n_speakers);
  /* with a fold a speaker it always works */
  while (!place (&census, n_folds, fold_of))
    n_folds = MIN (2 * n_folds, census.n_speakers);
  for (guint i = 0; i < n_rows; i++)
    folds[i] = fold_of[data->speaker[rows[i]]];
  return n_folds;
}
