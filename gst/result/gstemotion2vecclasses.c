/* gstemotion2vecclasses.c - restricts or merges the classes of a model.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstemotion2vecclasses.h"

#include <math.h>
#include <string.h>

struct _GstEmotion2vecClasses
{
  guint n_model, n;
  gint *target;                 /* [n_model]: class that it counts for, -1: left out */
  char **names;                 /* n and a NULL */
  gboolean all;                 /* every class as it is */
};

static gboolean
is_blank (const char *spec)
{
  return !spec || strspn (spec, " \t\r\n") == strlen (spec);
}

static gint
find (const char *const *names, const char *name)
{
  for (gint i = 0; names[i]; i++)
    if (g_str_equal (names[i], name))
      return i;
  return -1;
}

static gboolean
fail (GError ** error, const char *spec, const char *format, ...)
G_GNUC_PRINTF (3, 4);

     static gboolean
         fail (GError ** error, const char *spec, const char *format, ...)
{
  g_autofree char *cause = NULL;
  va_list args;

  va_start (args, format);
  cause = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "emotion2vec: classes \"%s\": %s.", spec, cause);
  return FALSE;
}

/* Has the model's class @name count for class @target. */
static gboolean
assign (GstEmotion2vecClasses * classes, const char *const *names,
    const char *spec, const char *name, gint target, GError ** error)
{
  gint c = find (names, name);

  if (c < 0) {
    g_autofree char *known = g_strjoinv (", ", (char **) names);

    if (*known == '\0')
      return fail (error, spec, "this model has no classes. Unset classes");
    return fail (error, spec, "this model has no class \"%s\". It has: %s",
        name, known);
  }
  if (classes->target[c] >= 0)
    return fail (error, spec, "\"%s\" is used twice. Name it once", name);
  classes->target[c] = target;
  return TRUE;
}

/* @item: a class, or "name=class+class". Appends its name to @kept. */
static gboolean
add_item (GstEmotion2vecClasses * classes, const char *const *names,
    const char *spec, const char *item, GPtrArray * kept, GError ** error)
{
  const char *equals = strchr (item, '=');
  g_autofree char *name =
      equals ? g_strndup (item, (gsize) (equals - item)) : g_strdup (item);
  g_auto (GStrv) parts = g_strsplit (equals ? equals + 1 : item,
      equals ? "+" : ",", -1);

  if (is_blank (item))
    return fail (error, spec, "there is a comma without a class. Take it out");
  g_strstrip (name);
  if (*name == '\0' || !parts[0])
    return fail (error, spec, "a name is missing in \"%s\". Write "
        "\"class\" or \"name=class+class\"", item);
  for (guint i = 0; i < kept->len; i++)
    if (g_str_equal (kept->pdata[i], name))
      return fail (error, spec, "\"%s\" is named twice. Name it once", name);
  for (guint i = 0; parts[i]; i++) {
    if (*g_strstrip (parts[i]) == '\0')
      return fail (error, spec, "a class is missing in \"%s\". Write "
          "\"name=class+class\"", item);
    if (!assign (classes, names, spec, parts[i], (gint) kept->len, error))
      return FALSE;
  }
  g_ptr_array_add (kept, g_steal_pointer (&name));
  return TRUE;
}

static gboolean
parse (GstEmotion2vecClasses * classes, const char *const *names,
    const char *spec, GError ** error)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) items = g_strsplit (spec, ",", -1);

  for (guint i = 0; items[i]; i++)
    if (!add_item (classes, names, spec, items[i], kept, error))
      return FALSE;
  classes->n = kept->len;
  g_ptr_array_add (kept, NULL);
  classes->names = (char **) g_ptr_array_free (g_steal_pointer (&kept), FALSE);
  return TRUE;
}

GstEmotion2vecClasses *
gst_emotion2vec_classes_new (const char *const *names, const char *spec,
    GError ** error)
{
  g_autoptr (GstEmotion2vecClasses) classes = g_new0 (GstEmotion2vecClasses, 1);

  classes->n_model = g_strv_length ((char **) names);
  classes->target = g_new (gint, classes->n_model + 1);
  classes->all = is_blank (spec);
  if (classes->all) {
    classes->n = classes->n_model;
    classes->names = g_strdupv ((char **) names);
    return g_steal_pointer (&classes);
  }
  for (guint c = 0; c < classes->n_model; c++)
    classes->target[c] = -1;
  if (!parse (classes, names, spec, error))
    return NULL;
  return g_steal_pointer (&classes);
}

void
gst_emotion2vec_classes_free (GstEmotion2vecClasses * classes)
{
  if (!classes)
    return;
  g_free (classes->target);
  g_strfreev (classes->names);
  g_free (classes);
}

guint
gst_emotion2vec_classes_count (const GstEmotion2vecClasses * classes)
{
  return classes->n;
}

guint
gst_emotion2vec_classes_model_count (const GstEmotion2vecClasses * classes)
{
  return classes->n_model;
}

const char *const *
gst_emotion2vec_classes_names (const GstEmotion2vecClasses * classes)
{
  return (const char *const *) classes->names;
}

void
gst_emotion2vec_classes_apply (const GstEmotion2vecClasses * classes,
    const double *model_scores, double *scores)
{
  double sum = 0;

  if (classes->all) {
    memcpy (scores, model_scores, classes->n * sizeof (double));
  } else {
    memset (scores, 0, classes->n * sizeof (double));
    for (guint c = 0; c < classes->n_model; c++)
      if (classes->target[c] >= 0)
        scores[classes->target[c]] += model_scores[c];
  }
  for (guint c = 0; c < classes->n; c++)
    sum += scores[c];
  for (guint c = 0; c < classes->n; c++) {
    if (!isfinite (sum) || sum <= 0)
      scores[c] = 1.0 / classes->n;
    else if (!classes->all)
      scores[c] /= sum;
  }
}

void
gst_emotion2vec_classes_apply_frames (const GstEmotion2vecClasses * classes,
    const float *model_scores, guint n_frames, float *scores)
{
  g_autofree double *in = g_new (double, classes->n_model + 1);
  g_autofree double *out = g_new (double, classes->n + 1);

  for (gsize f = 0; f < n_frames; f++) {
    for (guint c = 0; c < classes->n_model; c++)
      in[c] = (double) model_scores[f * classes->n_model + c];
    gst_emotion2vec_classes_apply (classes, in, out);
    for (guint c = 0; c < classes->n; c++)
      scores[f * classes->n + c] = (float) out[c];
  }
}
