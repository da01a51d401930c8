/* print-results.c - results as JSON lines, for the test of the schema.
 *
 *   print-results kinds         results of every kind, made by the scorer from invented scores
 *   print-results structures    the structures on standard input, one a line as text
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "gstemotion2vecjson.h"
#include "gstemotion2vecscorer.h"

static const char *const names[] = { "angry", "happy", "neutral", "sad", NULL };

static void
print (const GstEmotion2vecResult * result)
{
  g_autofree char *json = gst_emotion2vec_result_to_json (result);

  puts (json);
}

/* As emotion2vecjson does. */
static void
print_with_utc (const GstEmotion2vecResult * result)
{
  g_autoptr (GstStructure) fields =
      gst_emotion2vec_result_to_structure (result, "emotion2vec");
  g_autofree char *json = NULL;

  gst_structure_set (fields, "utc", G_TYPE_STRING,
      "2026-11-25T16:13:24.123456789Z", NULL);
  json = gst_emotion2vec_json_from_structure (fields);
  puts (json);
}

/* As the element and the engine leave it. */
static GstEmotion2vecResult *
begin (guint id)
{
  static const double scores[] = { 0.125, 0.5, 0.25, 0.125 };
  GstEmotion2vecResult *result = gst_emotion2vec_result_new ();

  result->element = g_strdup ("emotion2vec0");
  result->id = id;
  result->duration = 3 * GST_SECOND;
  result->timestamp = result->offset = id * GST_SECOND;
  result->stream_time = result->running_time = result->timestamp;
  result->stream_id = g_strdup ("a1b2/audio");
  result->level = -23.5;
  result->speech = 0.75;
  result->model = g_strdup ("emotion2vec mini");
  result->inference_time = 21 * GST_MSECOND;
  result->n_model_classes = 4;
  result->model_scores = g_memdup2 (scores, sizeof scores);
  return result;
}

static void
add_matrices (GstEmotion2vecResult * result)
{
  result->n_frames = 5;
  result->dim = 3;
  result->frame_rate = 50;
  result->utterance = g_new0 (float, 3);
  result->frames = g_new0 (float, 5 * 3);
  result->model_frame_scores = g_new0 (float, 5 * 4);
  for (guint i = 0; i < 15; i++)
    result->frames[i] = 0.1f * (float) i - 0.5f;
}

/* What the scorer does not touch: silence, no head, no times. */
static void
print_bare (guint id)
{
  g_autoptr (GstEmotion2vecResult) silent = begin (id);
  g_autoptr (GstEmotion2vecResult) headless = begin (id + 1);
  g_autoptr (GstEmotion2vecResult) timeless = gst_emotion2vec_result_new ();

  silent->silent = TRUE;
  silent->inference_time = GST_CLOCK_TIME_NONE;
  print (silent);
  add_matrices (headless);
  print (headless);
  timeless->element = g_strdup ("x");
  timeless->level = -350;
  print (timeless);
}

static void
print_kinds (void)
{
  g_autoptr (GstEmotion2vecScorer) scorer = gst_emotion2vec_scorer_new ();

  for (guint kind = 0; kind < 64; kind++) {
    const char *spec = kind & 1 ? "low=angry+sad,happy" : NULL;
    g_autoptr (GstEmotion2vecClasses) classes =
        gst_emotion2vec_classes_new (names, spec, NULL);
    g_autoptr (GstEmotion2vecResult) result = begin (kind);
    GstEmotion2vecScorerSettings settings = { 0, 0 };

    settings.smoothing = kind & 2 ? 1.5 : 0;
    settings.threshold = kind & 4 ? 0.9 : 0;
    result->speech_trigger = (kind & 8) != 0;
    result->interval = kind & 8 ? GST_CLOCK_TIME_NONE : GST_SECOND;
    result->channel = kind & 16 ? 1 : -1;
    result->partial = (kind & 16) != 0;
    result->source_id = kind & 16 ? g_strdup ("caller") : NULL;
    if (kind & 32)
      add_matrices (result);
    gst_emotion2vec_scorer_finish (scorer, classes, &settings, result);
    if (kind == 1)
      print_with_utc (result);
    else
      print (result);
  }
  print_bare (64);
}

static int
print_structures (void)
{
  static char line[1 << 20];

  while (fgets (line, sizeof line, stdin)) {
    g_autoptr (GstStructure) structure = gst_structure_from_string (line, NULL);
    g_autofree char *json = NULL;

    if (!structure) {
      fprintf (stderr, "no structure: %s", line);
      return 1;
    }
    json = gst_emotion2vec_json_from_structure (structure);
    puts (json);
  }
  return 0;
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  if (argc == 2 && strcmp (argv[1], "structures") == 0)
    return print_structures ();
  print_kinds ();
  return 0;
}
