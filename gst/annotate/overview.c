/* overview.c - what one line of a summary says of a file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overview.h"

#include <string.h>

/* Times of labels by name: tracks may have been heard with different labels first. */
static void
add_times (GHashTable * times, const Annotation * annotation)
{
  for (guint i = 0; i < annotation->segments->len; i++) {
    const AnnotationSegment *segment =
        &g_array_index (annotation->segments, AnnotationSegment, i);
    const char *label = annotation_label (annotation, segment->label);
    GstClockTime *time = g_hash_table_lookup (times, label);

    if (!time) {
      time = g_new0 (GstClockTime, 1);
      g_hash_table_insert (times, (gpointer) label, time);
    }
    *time += segment->end - segment->start;
  }
}

/* The longest, silence aside; of equal ones the first by name. */
static void
choose (Overview * overview, GHashTable * times)
{
  GstClockTime total = 0, longest = 0;
  const char *label = NULL;
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, times);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    GstClockTime time = *(GstClockTime *) value;

    if (strcmp (key, "silent") == 0)
      continue;
    total += time;
    if (!label || time > longest
        || (time == longest && strcmp (key, label) < 0)) {
      longest = time;
      label = key;
    }
  }
  if (label && total > 0) {
    overview->label = g_strdup (label);
    overview->share = (double) longest / (double) total;
  } else {
    overview->label = g_strdup (g_hash_table_contains (times, "silent")
        ? "silent" : "none");
  }
}

void
overview_init (Overview * overview, const GPtrArray * annotations)
{
  g_autoptr (GHashTable) times =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  memset (overview, 0, sizeof *overview);
  for (guint i = 0; i < annotations->len; i++) {
    const Annotation *annotation = annotations->pdata[i];

    overview->duration = MAX (overview->duration, annotation->duration);
    overview->n_windows += annotation->windows->len;
    add_times (times, annotation);
  }
  choose (overview, times);
}

void
overview_copy (Overview * to, const Overview * from)
{
  char *label = g_strdup (from->label);

  overview_clear (to);
  *to = *from;
  to->label = label;
}

void
overview_clear (Overview * overview)
{
  g_clear_pointer (&overview->label, g_free);
}
