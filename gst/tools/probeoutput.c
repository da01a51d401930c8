/* probeoutput.c - how "probe" shows figures.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probeoutput.h"

#include <math.h>

#include "toolutil.h"

static void
add_figure (ToolTable * table, const char *name, const E2vFigure * figure)
{
  tool_table_add (table, g_strdup (name),
      g_strdup_printf ("%.1f %%", 100 * figure->value),
      g_strdup_printf ("(%.1f to %.1f)", 100 * figure->low,
          100 * figure->high));
}

static void
print_figures (const E2vReport * report)
{
  g_autoptr (ToolTable) table = tool_table_new ("lrl", NULL);

  add_figure (table, "unweighted accuracy (UA)", &report->ua);
  add_figure (table, "weighted accuracy (WA)", &report->wa);
  add_figure (table, "weighted F1", &report->wf1);
  tool_table_add (table, g_strdup ("calibration error"),
      g_strdup_printf ("%.1f %%", 100 * report->ece), g_strdup (""));
  tool_table_print (table, 2);
  g_print ("  in brackets 95 %% of resampled %s\n",
      report->by_speaker ? "speakers" : "clips");
}

/* Rows are what the clips are, columns what was said. */
static void
print_confusion (const E2vReport * report, const char *const *labels)
{
  const guint n = report->n_classes;
  g_autofree char *alignment = g_strnfill (n + 2, 'r');
  g_autofree const char **headings = g_new0 (const char *, n + 3);
  ToolTable *table;

  alignment[0] = 'l';
  headings[0] = "";
  for (guint k = 0; k < n; k++)
    headings[k + 1] = labels[k];
  headings[n + 1] = "recall";
  table = tool_table_new (alignment, headings);
  for (guint c = 0; c < n; c++) {
    char **row;

    if (isnan (report->recall[c]))
      continue;
    row = g_new0 (char *, n + 3);
    row[0] = g_strdup (labels[c]);
    for (guint k = 0; k < n; k++)
      row[k + 1] = g_strdup_printf ("%u", report->confusion[(gsize) c * n + k]);
    row[n + 1] = g_strdup_printf ("%.1f %%", 100 * report->recall[c]);
    tool_table_add_row (table, row);
  }
  tool_table_print (table, 2);
  tool_table_free (table);
}

void
probe_output_print (const char *name, const E2vReport * report,
    const char *const *labels)
{
  g_print ("%s%s%s: %u clips of %u speakers, %u classes\n", tool_bold (),
      name ? name : "all clips", tool_reset (), report->n, report->n_speakers,
      report->n_present);
  print_figures (report);
  print_confusion (report, labels);
}

static void
write_figure (JsonWriter * json, const char *key, const E2vFigure * figure)
{
  json_writer_begin (json, key, '{');
  json_writer_double (json, "value", figure->value);
  json_writer_double (json, "low", figure->low);
  json_writer_double (json, "high", figure->high);
  json_writer_end (json, '}');
}

static void
write_confusion (JsonWriter * json, const E2vReport * report)
{
  const guint n = report->n_classes;

  json_writer_begin (json, "confusion", '[');
  for (guint c = 0; c < n; c++) {
    json_writer_begin (json, NULL, '[');
    for (guint k = 0; k < n; k++)
      json_writer_integer (json, NULL, report->confusion[(gsize) c * n + k]);
    json_writer_end (json, ']');
  }
  json_writer_end (json, ']');
}

void
probe_output_write (JsonWriter * json, const char *key, const char *name,
    const E2vReport * report, const char *const *labels)
{
  json_writer_begin (json, key, '{');
  json_writer_string (json, "split", name);
  json_writer_integer (json, "clips", report->n);
  json_writer_integer (json, "speakers", report->n_speakers);
  write_figure (json, "ua", &report->ua);
  write_figure (json, "wa", &report->wa);
  write_figure (json, "wf1", &report->wf1);
  json_writer_double (json, "ece", report->ece);
  json_writer_double (json, "loss", report->loss);
  json_writer_string (json, "resampled",
      report->by_speaker ? "speakers" : "clips");
  json_writer_begin (json, "labels", '[');
  for (guint c = 0; c < report->n_classes; c++)
    json_writer_string (json, NULL, labels[c]);
  json_writer_end (json, ']');
  json_writer_begin (json, "recall", '[');
  for (guint c = 0; c < report->n_classes; c++)
    json_writer_double (json, NULL, report->recall[c]);
  json_writer_end (json, ']');
  write_confusion (json, report);
  json_writer_end (json, '}');
}
