/* fuzz-head.c - the file of a head, as it is and with its checksums made right.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzzkit.h"

#include "e2vheadfile.h"

#include <math.h>
#include <string.h>

static void
use (const E2vHead * head)
{
  const E2vHeadSpec *spec = e2v_head_spec (head);
  g_autofree float *embedding = g_new0 (float, spec->dim);
  g_autofree double *scores = g_new (double, spec->n_classes);

  e2v_head_scores (head, embedding, scores);
  for (guint c = 0; c < spec->n_classes; c++) {
    g_assert_true (isfinite (scores[c]));
    fuzz_touch (spec->labels[c], strlen (spec->labels[c]));
    fuzz_touch (e2v_head_names (head)[c], strlen (e2v_head_names (head)[c]));
  }
  if (spec->origin.utterance)
    fuzz_touch (spec->origin.utterance, spec->dim * sizeof (float));
}

static void
load (const guint8 * data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (E2vHead) head = e2v_head_load_from_memory (data, size, &error);

  if (fuzz_check (head != NULL, &error))
    use (head);
}

int
LLVMFuzzerTestOneInput (const guint8 * data, gsize size)
{
  fuzz_load_sealed_too (data, size, load);
  return 0;
}
