/* runoutput.c - how "run" shows the result of one file.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runoutput.h"

#include <math.h>

#include "jsonwriter.h"
#include "toolutil.h"

#define BAR_WIDTH 40

static guint
top_class (const float *scores, guint n_classes)
{
  guint top = 0;

  for (guint i = 1; i < n_classes; i++)
    if (scores[i] > scores[top])
      top = i;
  return top;
}

static void
write_frame_scores (JsonWriter * json, const RunOutput * output,
    const E2vResult * result)
{
  json_writer_begin (json, "frame_scores", '[');
  for (guint frame = 0; frame < result->n_frames; frame++) {
    const float *scores = result->frame_scores + frame * result->n_classes;

    json_writer_begin (json, NULL, '[');
    for (guint i = 0; i < result->n_classes; i++)
      if (output->names[i])
        json_writer_float (json, NULL, scores[i]);
    json_writer_end (json, ']');
  }
  json_writer_end (json, ']');
}

static void
write_scores (JsonWriter * json, const RunOutput * output,
    const E2vResult * result)
{
  const char *const *names = output->names;
  guint top = top_class (result->scores, result->n_classes);

  json_writer_string (json, "label", names[top]);
  json_writer_float (json, "confidence", result->scores[top]);
  json_writer_begin (json, "scores", '{');
  for (guint i = 0; i < result->n_classes; i++)
    if (output->names[i])
      json_writer_float (json, names[i], result->scores[i]);
  json_writer_end (json, '}');
}

static void
print_json (const RunOutput * output, const char *name, double seconds,
    const E2vResult * result)
{
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_string (&json, "file", name);
  json_writer_double (&json, "seconds", seconds);
  json_writer_integer (&json, "frames", result->n_frames);
  if (result->scores)
    write_scores (&json, output, result);
  if (output->embedding)
    json_writer_floats (&json, "embedding", result->utterance, result->dim);
  if (result->frame_scores)
    write_frame_scores (&json, output, result);
  json_writer_end (&json, '}');
  json_writer_print (&json);
}

static char *
make_bar (double share)
{
  GString *bar = g_string_new (NULL);
  gboolean utf8 = g_get_charset (NULL);
  guint n = (guint) lround (share * BAR_WIDTH);

  for (guint i = 0; i < n; i++)
    g_string_append (bar, utf8 ? "█" : "#");
  return g_string_free (bar, FALSE);
}

/* One line a class, highest first. */
static void
print_bars (const RunOutput * output, const E2vResult * result)
{
  const char *const *names = output->names;
  g_autoptr (ToolTable) table = tool_table_new ("lrl", NULL);
  g_autofree double *scores = g_new (double, result->n_classes);
  g_autofree guint *order = g_new (guint, result->n_classes);

  for (guint i = 0; i < result->n_classes; i++)
    scores[i] = (double) result->scores[i];
  tool_order_falling (scores, result->n_classes, order);
  for (guint i = 0; i < result->n_classes; i++) {
    guint label = order[i];

    if (names[label])
      tool_table_add (table, g_strdup (names[label]),
          g_strdup_printf ("%.3f", scores[label]), make_bar (scores[label]));
  }
  tool_table_print (table, 2);
}

/* One line for each run of frames with the same top class. */
static void
print_frame_runs (const RunOutput * output, const E2vResult * result)
{
  const char *const *names = output->names;
  double hop = (double) e2v_hparams_hop (e2v_model_hparams (output->model))
      / E2V_SAMPLE_RATE;
  guint start = 0;

  for (guint frame = 0; frame < result->n_frames; frame++) {
    const float *scores = result->frame_scores + frame * result->n_classes;
    guint top = top_class (scores, result->n_classes);

    if (frame + 1 < result->n_frames
        && top_class (scores + result->n_classes, result->n_classes) == top)
      continue;
    g_print ("  %6.2f – %6.2f s  %s\n", start * hop, (frame + 1) * hop,
        names[top]);
    start = frame + 1;
  }
}

static void
print_text (const RunOutput * output, const char *name, double seconds,
    const E2vResult * result)
{
  g_autofree char *display = g_filename_display_name (name);

  g_print ("%s%s%s  %.2f s, %u frames", tool_bold (), display, tool_reset (),
      seconds, result->n_frames);
  if (result->scores) {
    guint top = top_class (result->scores, result->n_classes);

    g_print (": %s%s%s\n", tool_bold (), output->names[top], tool_reset ());
    print_bars (output, result);
  } else {
    g_print (": no head, features only (--embedding --json prints them)\n");
  }
  if (result->frame_scores)
    print_frame_runs (output, result);
  if (output->embedding) {
    g_print ("  embedding");
    for (guint i = 0; i < result->dim; i++)
      g_print (" %.6g", (double) result->utterance[i]);
    g_print ("\n");
  }
}

void
run_output_print (const RunOutput * output, const char *name, guint n_samples,
    const E2vResult * result)
{
  double seconds = (double) n_samples / E2V_SAMPLE_RATE;

  if (output->as_json)
    print_json (output, name, seconds, result);
  else
    print_text (output, name, seconds, result);
}
