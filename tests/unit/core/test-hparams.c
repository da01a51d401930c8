/* test-hparams.c - frame counts, slopes and refusals of hyper-parameters.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2verror.h"
#include "e2vmodel.h"

#include <math.h>
#include <string.h>

static E2vHparams
base (void)
{
  E2vHparams hp;

  g_assert_true (e2v_hparams_for_shape ("base", &hp));
  return hp;
}

/* T = floor ((n - 80) / 320) for the standard front end, from 400 samples on. */
static void
test_frames (void)
{
  E2vHparams hp = base ();

  g_assert_cmpuint (e2v_hparams_n_frames (&hp, 0), ==, 0);
  g_assert_cmpuint (e2v_hparams_n_frames (&hp, 399), ==, 0);
  for (guint n = 400; n < 100000; n++)
    g_assert_cmpuint (e2v_hparams_n_frames (&hp, n), ==, (n - 80) / 320);
  g_assert_cmpuint (e2v_hparams_hop (&hp), ==, 320);
  g_assert_cmpuint (e2v_hparams_n_samples_for (&hp, 1), ==, 400);
  g_assert_cmpuint (e2v_hparams_n_samples_for (&hp, 149), ==, 400 + 148 * 320);
}

static void
assert_slopes (guint n_heads, const double *exponents)
{
  for (guint h = 0; h < n_heads; h++)
    g_assert_cmpfloat_with_epsilon (log2 (e2v_alibi_slope (h, n_heads)),
        -exponents[h], 1e-12);
}

/* Exponents as the official code gives them. */
static void
test_slopes (void)
{
  const double twelve[] = { 1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5 };
  const double four[] = { 2, 4, 6, 8 };
  const double three[] = { 4, 8, 2 };
  const double five[] = { 2, 4, 6, 8, 1 };
  const double one[] = { 8 };

  assert_slopes (12, twelve);
  assert_slopes (4, four);
  assert_slopes (3, three);
  assert_slopes (5, five);
  assert_slopes (1, one);
}

static void
assert_refused (const E2vHparams * hp, const char *word)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (e2v_hparams_validate (hp, &error));
  g_assert_error (error, E2V_ERROR, E2V_ERROR_NOT_EMOTION2VEC);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_refusals (void)
{
  E2vHparams hp = base ();

  g_assert_true (e2v_hparams_validate (&hp, NULL));
  hp.n_heads = 13;
  assert_refused (&hp, "heads");
  hp = base ();
  hp.pos_groups = 7;
  assert_refused (&hp, "groups");
  hp = base ();
  hp.conv[3].stride = 0;
  assert_refused (&hp, "stride");
  hp = base ();
  hp.alibi_layers = 3;
  assert_refused (&hp, "ALiBi");
  hp = base ();
  hp.embed_dim = G_MAXUINT;
  assert_refused (&hp, "width");
  hp = base ();
  hp.norm_eps = NAN;
  assert_refused (&hp, "norm_eps");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hparams/frames", test_frames);
  g_test_add_func ("/hparams/slopes", test_slopes);
  g_test_add_func ("/hparams/refusals", test_refusals);
  return g_test_run ();
}
