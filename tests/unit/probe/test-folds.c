/* test-folds.c - no speaker in two folds, every class outside of each.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vfolds.h"

#include "e2verror.h"

#include <string.h>

#define MAX_CLIPS 400

static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h",
  "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"
};

typedef struct
{
  E2vProbeData data;
  guint label[MAX_CLIPS], speaker[MAX_CLIPS], rows[MAX_CLIPS];
  guint folds[MAX_CLIPS];
} Clips;

static void
init (Clips * clips, guint n_classes, guint n_speakers)
{
  memset (clips, 0, sizeof *clips);
  clips->data.label = clips->label;
  clips->data.speaker = clips->speaker;
  clips->data.labels = clips->data.speakers = names;
  clips->data.n_classes = n_classes;
  clips->data.n_speakers = n_speakers;
}

static void
add (Clips * clips, guint speaker, guint label, guint n)
{
  for (guint i = 0; i < n; i++) {
    guint at = clips->data.n++;

    clips->rows[at] = at;
    clips->label[at] = label;
    clips->speaker[at] = speaker;
  }
}

static guint
make (Clips * clips, guint n_folds, guint32 seed)
{
  g_autoptr (GError) error = NULL;
  guint n = e2v_folds_make (&clips->data, clips->rows, clips->data.n, n_folds,
      seed, clips->folds, &error);

  g_assert_no_error (error);
  return n;
}

/* Everything that folds promise. */
static void
check (const Clips * clips, guint n_folds)
{
  const E2vProbeData *data = &clips->data;

  for (guint i = 0; i < data->n; i++) {
    g_assert_cmpuint (clips->folds[i], <, n_folds);
    for (guint j = 0; j < i; j++)
      if (clips->speaker[i] == clips->speaker[j])
        g_assert_cmpuint (clips->folds[i], ==, clips->folds[j]);
  }
  for (guint f = 0; f < n_folds; f++) {
    guint inside = 0;

    for (guint i = 0; i < data->n; i++)
      inside += clips->folds[i] == f;
    g_assert_cmpuint (inside, >, 0);
    for (guint c = 0; c < data->n_classes; c++) {
      guint outside = 0;

      for (guint i = 0; i < data->n; i++)
        outside += clips->folds[i] != f && clips->label[i] == c;
      g_assert_cmpuint (outside, >, 0);
    }
  }
}

/* 20 speakers of 1 to 20 clips in 4 folds: each has a quarter of the clips, or nearly. */
static void
test_even (void)
{
  guint sizes[4] = { 0 };
  Clips clips;

  init (&clips, 2, 20);
  for (guint s = 0; s < 20; s++) {
    add (&clips, s, 0, s + 1);
    add (&clips, s, 1, 1);
  }
  g_assert_cmpuint (make (&clips, 4, 1), ==, 4);
  check (&clips, 4);
  for (guint i = 0; i < clips.data.n; i++)
    sizes[clips.folds[i]]++;
  for (guint f = 0; f < 4; f++) {
    g_assert_cmpuint (sizes[f], >=, 54);
    g_assert_cmpuint (sizes[f], <=, 62);
  }
}

static void
test_few_speakers (void)
{
  Clips clips;

  init (&clips, 2, 20);
  for (guint s = 4; s < 7; s++) {
    add (&clips, s, 0, 3);
    add (&clips, s, 1, 2);
  }
  g_assert_cmpuint (make (&clips, 0, 0), ==, 3);
  check (&clips, 3);
}

/* The same seed, the same folds; another one, others. */
static void
test_seed (void)
{
  guint first[MAX_CLIPS];
  Clips clips;

  init (&clips, 2, 12);
  for (guint s = 0; s < 12; s++) {
    add (&clips, s, 0, 2);
    add (&clips, s, 1, 2);
  }
  make (&clips, 3, 7);
  memcpy (first, clips.folds, sizeof first);
  make (&clips, 3, 7);
  g_assert_cmpmem (first, sizeof first, clips.folds, sizeof first);
  make (&clips, 3, 8);
  g_assert_true (memcmp (first, clips.folds, sizeof first) != 0);
  check (&clips, 3);
}

/* Two speakers of each class only, and few folds: whatever the seed, no fold gets both. */
static void
test_rare_classes (void)
{
  for (guint32 seed = 0; seed < 200; seed++) {
    Clips clips;

    init (&clips, 6, 12);
    for (guint s = 0; s < 12; s++)
      add (&clips, s, s / 2, 1 + s % 2);
    check (&clips, make (&clips, 2, seed));
  }
}

/* Every pair of three speakers shares a class that nobody else has: two folds cannot do, three can. */
static void
test_more_folds (void)
{
  Clips clips;

  init (&clips, 3, 3);
  for (guint s = 0; s < 3; s++) {
    add (&clips, s, s, 2);
    add (&clips, s, (s + 1) % 3, 2);
  }
  g_assert_cmpuint (make (&clips, 2, 0), ==, 3);
  check (&clips, 3);
}

static void
refuse (Clips * clips, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (e2v_folds_make (&clips->data, clips->rows, clips->data.n,
          0, 0, clips->folds, &error), ==, 0);
  g_assert_error (error, E2V_ERROR, E2V_ERROR_ARGUMENT);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_refused (void)
{
  Clips clips;

  init (&clips, 2, 3);
  add (&clips, 1, 0, 3);
  add (&clips, 1, 1, 3);
  refuse (&clips, "all clips are of one speaker (b)");
  add (&clips, 2, 0, 1);
  refuse (&clips, "only one speaker (b) has clips of the class 'b'");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/folds/even", test_even);
  g_test_add_func ("/folds/few-speakers", test_few_speakers);
  g_test_add_func ("/folds/seed", test_seed);
  g_test_add_func ("/folds/rare-classes", test_rare_classes);
  g_test_add_func ("/folds/more-folds", test_more_folds);
  g_test_add_func ("/folds/refused", test_refused);
  return g_test_run ();
}
