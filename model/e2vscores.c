/* e2vscores.c - logits, scores and the names of classes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2vscores.h"

#include <math.h>
#include <string.h>

gboolean
e2v_label_in_use (const E2vModel * model, guint index)
{
  return !g_str_has_prefix (e2v_model_labels (model)[index], "unuse");
}

void
e2v_scores_from_logits (const E2vModel * model, const float *logits,
    float *scores)
{
  guint n = e2v_model_hparams (model)->n_classes;
  double temperature = e2v_model_info (model)->temperature;
  double top = -INFINITY, sum = 0;

  for (guint i = 0; i < n; i++) {
    if (e2v_label_in_use (model, i))
      top = MAX (top, (double) logits[i]);
  }
  for (guint i = 0; i < n; i++) {
    if (e2v_label_in_use (model, i))
      sum += exp (((double) logits[i] - top) / temperature);
  }
  for (guint i = 0; i < n; i++)
    scores[i] = e2v_label_in_use (model, i)
        ? (float) (exp (((double) logits[i] - top) / temperature) / sum) : 0;
}

void
e2v_scores_head (const E2vModel * model, const float *embedding, float *logits)
{
  const E2vHparams *hp = e2v_model_hparams (model);
  const E2vLayout *layout = e2v_model_layout (model);
  int w = e2v_layout_find (layout, E2V_ROLE_HEAD_WEIGHT, 0);
  g_autofree float *row = g_new (float, hp->embed_dim);

  g_return_if_fail (w >= 0);
  for (guint c = 0; c < hp->n_classes; c++) {
    double sum;

    e2v_tensor_read_f64 (e2v_model_tensor (model, (guint) w + 1), c, 1, &sum);
    e2v_tensor_read_f32 (e2v_model_tensor (model, (guint) w),
        (gsize) c * hp->embed_dim, hp->embed_dim, row);
    for (guint i = 0; i < hp->embed_dim; i++)
      sum += (double) row[i] * (double) embedding[i];
    logits[c] = (float) sum;
  }
}

/* The English part of a bilingual label stands behind a slash. */
static char *
short_name (const char *label)
{
  const char *slash = strrchr (label, '/');
  GString *name = g_string_new (NULL);

  if (g_str_equal (label, "<unk>"))
    return g_string_free (g_string_assign (name, "unknown"), FALSE);
  for (const char *c = slash && slash[1] ? slash + 1 : label; *c; c++) {
    if (g_ascii_isalnum (*c))
      g_string_append_c (name, g_ascii_tolower (*c));
    else if (name->len && name->str[name->len - 1] != '-')
      g_string_append_c (name, '-');
  }
  if (name->len && name->str[name->len - 1] == '-')
    g_string_truncate (name, name->len - 1);
  if (name->len == 0)
    g_string_assign (name, "class");
  return g_string_free (name, FALSE);
}

char **
e2v_short_names (const char *const *labels)
{
  guint n = g_strv_length ((char **) labels);
  char **names = g_new0 (char *, n + 1);
  g_autoptr (GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < n; i++) {
    g_autofree char *name = short_name (labels[i]);

    names[i] = g_strdup (name);
    for (guint k = 2; g_hash_table_contains (taken, names[i]); k++) {
      g_free (names[i]);
      names[i] = g_strdup_printf ("%s-%u", name, k);
    }
    g_hash_table_add (taken, names[i]);
  }
  return names;
}

char **
e2v_label_names (const E2vModel * model)
{
  return e2v_short_names (e2v_model_labels (model));
}
