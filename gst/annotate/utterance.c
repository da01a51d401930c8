/* utterance.c - one utterance of a list, through the model.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "utterance.h"

#include <string.h>

#include "trackreader.h"

/* The shortest that is tried; the model may ask for more. */
#define SHORTEST (100 * GST_MSECOND)

/* Sums over the parts. */
typedef struct
{
  double *sum;                  /* [dim] */
  guint dim;
  double weight;
} Embedding;

void
utterance_free (Utterance * utterance)
{
  if (!utterance)
    return;
  g_strfreev (utterance->labels);
  g_free (utterance->scores);
  g_free (utterance->embedding);
  g_free (utterance->error);
  g_free (utterance);
}

gint
utterance_best (const Utterance * utterance)
{
  gint best = utterance->n_labels > 0 ? 0 : -1;

  for (guint i = 1; i < utterance->n_labels; i++)
    if (utterance->scores[i] > utterance->scores[best])
      best = (gint) i;
  return best;
}

/* Adds the embedding of one result. */
static void
on_result (const GstStructure * structure, gpointer user_data)
{
  Embedding *embedding = user_data;
  const GValue *value =
      gst_structure_get_value (structure, "utterance-embedding");
  GstBuffer *buffer = value ? gst_sample_get_buffer (gst_value_get_sample
      (value)) : NULL;
  GstClockTime duration = 0;
  GstMapInfo map;
  guint dim;

  if (!buffer || !gst_structure_get_uint64 (structure, "duration", &duration)
      || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  dim = (guint) (map.size / sizeof (float));
  if (!embedding->sum) {
    embedding->dim = dim;
    embedding->sum = g_new0 (double, dim);
  }
  for (guint i = 0; dim == embedding->dim && i < dim; i++) {
    float x;

    memcpy (&x, map.data + i * sizeof x, sizeof x);
    embedding->sum[i] += (double) duration *(double) x;
  }
  embedding->weight += (double) duration;
  gst_buffer_unmap (buffer, &map);
}

static void
take_embedding (Utterance * utterance, const Embedding * embedding)
{
  if (!embedding->sum || embedding->weight == 0)
    return;
  utterance->dim = embedding->dim;
  utterance->embedding = g_new (float, embedding->dim);
  for (guint i = 0; i < embedding->dim; i++)
    utterance->embedding[i] = (float) (embedding->sum[i] / embedding->weight);
}

static void
take_scores (Utterance * utterance, const Annotation * annotation)
{
  double weight = 0;

  for (guint i = 0; i < annotation->windows->len; i++) {
    const AnnotationWindow *window =
        &g_array_index (annotation->windows, AnnotationWindow, i);
    const double *scores = annotation_scores (annotation, window);

    utterance->duration += window->duration;
    if (!scores)
      continue;
    if (!utterance->scores) {
      utterance->n_labels = annotation->n_labels;
      utterance->labels = g_strdupv (annotation->labels);
      utterance->scores = g_new0 (double, annotation->n_labels);
    }
    weight += (double) window->duration;
    for (guint k = 0; k < utterance->n_labels; k++)
      utterance->scores[k] += (double) window->duration * scores[k];
  }
  for (guint k = 0; k < utterance->n_labels; k++)
    utterance->scores[k] /= weight;
}

/* One window for all of it. */
static ListenSettings
settings_for_utterances (const ListenSettings * settings)
{
  ListenSettings mine = *settings;

  mine.window = mine.interval = 0;
  mine.trigger = (char *) "interval";
  mine.channels = (char *) "mix";
  mine.silence = (char *) "-inf";
  mine.minimum = SHORTEST;
  return mine;
}

Utterance *
utterance_hear (const UtteranceListItem * item, const ListenSettings * settings)
{
  const ListenSettings mine = settings_for_utterances (settings);
  Utterance *utterance = g_new0 (Utterance, 1);
  Embedding embedding = { NULL, 0, 0 };
  ListenSource source = {.path = item->path,.start = item->start,
    .end = item->end,.result = on_result,.user_data = &embedding
  };
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (Annotation) annotation = NULL;

  source.part = item->start > 0 || GST_CLOCK_TIME_IS_VALID (item->end);
  if (!item->problem && track_reader_check_file (item->path, &error))
    annotation = listen_to_track (&source, &mine, warnings, &error);
  if (annotation && annotation->windows->len > 0) {
    take_scores (utterance, annotation);
    take_embedding (utterance, &embedding);
  } else {
    utterance->error = g_strdup (item->problem ? item->problem
        : error ? error->message : "it is too short for a result");
  }
  g_free (embedding.sum);
  return utterance;
}
