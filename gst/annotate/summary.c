/* summary.c - what came of all inputs: a table for people, an object for programs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "summary.h"

#include <string.h>

#include "jsonwriter.h"
#include "progress.h"
#include "toolutil.h"

static const char *const words[] = {
  [OUTCOME_ANNOTATED] = "annotated",
  [OUTCOME_DONE_BEFORE] = "done before",
  [OUTCOME_FAILED] = "failed",
  [OUTCOME_LEFT] = "not begun",
  [OUTCOME_TO_DO] = "to do",
};

guint
summary_count (const GPtrArray * outcomes, OutcomeStatus status)
{
  guint n = 0;

  for (guint i = 0; i < outcomes->len; i++)
    n += ((const Outcome *) outcomes->pdata[i])->status == status;
  return n;
}

static gboolean
was_heard (const Outcome * outcome)
{
  return outcome->status == OUTCOME_ANNOTATED
      || outcome->status == OUTCOME_DONE_BEFORE;
}

/* The last column: what became of it, in short if all went well. */
static char *
remark (const Outcome * outcome)
{
  if (outcome->status == OUTCOME_FAILED)
    return g_strdup_printf ("failed: %s", outcome->error);
  if (outcome->status == OUTCOME_TO_DO) {
    g_autofree char *list = NULL;

    g_ptr_array_add (outcome->outputs, NULL);
    list = g_strjoinv (", ", (char **) outcome->outputs->pdata);
    g_ptr_array_set_size (outcome->outputs, (gint) outcome->outputs->len - 1);
    return g_strdup_printf ("to do: %s", list);
  }
  if (outcome->status == OUTCOME_ANNOTATED)
    return g_strdup (outcome->warnings->len > 0 ? "with a warning" : "");
  return g_strdup (words[outcome->status]);
}

/* Names of files have line ends in them, some do. */
static char *
one_line (const char *text)
{
  return g_strdelimit (g_strdup (text), "\n\r\t\033", '?');
}

static void
add_row (ToolTable * table, const Outcome * outcome)
{
  const Overview *overview = &outcome->overview;
  g_autofree char *note = remark (outcome);

  if (was_heard (outcome))
    tool_table_add (table, one_line (outcome->input->name),
        progress_format_time ((double) overview->duration / GST_SECOND),
        g_strdup (overview->label), overview->share > 0
        ? g_strdup_printf ("%.0f %%", overview->share * 100) : g_strdup (""),
        outcome->status == OUTCOME_ANNOTATED ? g_strdup_printf ("%.1f s",
            outcome->seconds) : g_strdup (""), one_line (note));
  else
    tool_table_add (table, one_line (outcome->input->name), g_strdup (""),
        g_strdup (""), g_strdup (""), g_strdup (""), one_line (note));
}

static double
audio_seconds (const GPtrArray * outcomes)
{
  double sum = 0;

  for (guint i = 0; i < outcomes->len; i++) {
    const Outcome *outcome = outcomes->pdata[i];

    if (outcome->status == OUTCOME_ANNOTATED)
      sum += (double) outcome->overview.duration / GST_SECOND;
  }
  return sum;
}

/* "12 files: 9 annotated, 3 failed. 1:02:03 of audio in 4:05, 15.2 times as fast as it plays." */
static void
print_totals (const GPtrArray * outcomes, double seconds)
{
  double audio = audio_seconds (outcomes);
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "%u %s", outcomes->len,
      outcomes->len == 1 ? "file" : "files");
  for (guint status = 0; status < G_N_ELEMENTS (words); status++) {
    guint n = summary_count (outcomes, status);

    if (n > 0)
      g_string_append_printf (line, "%s %u %s",
          strchr (line->str, ':') ? "," : ":", n, words[status]);
  }
  g_string_append_c (line, '.');
  if (audio > 0 && seconds > 0) {
    g_autofree char *length = progress_format_time (audio);
    g_autofree char *took = progress_format_time (seconds);

    g_string_append_printf (line, " %s of audio in %s: %.1f times as fast as "
        "it plays.", length, took, audio / seconds);
  }
  g_print ("%s\n", line->str);
}

void
summary_print_table (const GPtrArray * outcomes, double seconds)
{
  static const char *const headings[] = {
    "file", "length", "emotion", "share", "took", "", NULL
  };
  g_autoptr (ToolTable) table = tool_table_new ("lrlrrl", headings);

  for (guint i = 0; i < outcomes->len; i++)
    add_row (table, outcomes->pdata[i]);
  tool_table_print (table, 0);
  print_totals (outcomes, seconds);
}

static void
write_texts (JsonWriter * json, const char *key, const GPtrArray * texts)
{
  json_writer_begin (json, key, '[');
  for (guint i = 0; i < texts->len; i++)
    json_writer_string (json, NULL, texts->pdata[i]);
  json_writer_end (json, ']');
}

static void
write_outcome (JsonWriter * json, const Outcome * outcome)
{
  const Overview *overview = &outcome->overview;

  json_writer_begin (json, NULL, '{');
  json_writer_string (json, "file", outcome->input->name);
  json_writer_string (json, "status", words[outcome->status]);
  if (was_heard (outcome)) {
    json_writer_double (json, "duration",
        (double) overview->duration / GST_SECOND);
    json_writer_integer (json, "windows", overview->n_windows);
    json_writer_string (json, "label", overview->label);
    json_writer_double (json, "share", overview->share);
  }
  if (outcome->status == OUTCOME_ANNOTATED)
    json_writer_double (json, "seconds", outcome->seconds);
  if (outcome->error)
    json_writer_string (json, "error", outcome->error);
  write_texts (json, "warnings", outcome->warnings);
  write_texts (json, "outputs", outcome->outputs);
  json_writer_end (json, '}');
}

void
summary_print_json (const GPtrArray * outcomes, double seconds)
{
  JsonWriter json;

  json_writer_init (&json);
  json_writer_begin (&json, NULL, '{');
  json_writer_begin (&json, "files", '[');
  for (guint i = 0; i < outcomes->len; i++)
    write_outcome (&json, outcomes->pdata[i]);
  json_writer_end (&json, ']');
  json_writer_double (&json, "seconds", seconds);
  json_writer_end (&json, '}');
  json_writer_print (&json);
}
