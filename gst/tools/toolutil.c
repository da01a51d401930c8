/* toolutil.c - what the command-line tools share: options, messages, tables, progress, interruption.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toolutil.h"

#include <glib/gstdio.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program_name = "emotion2vec";
static volatile sig_atomic_t interrupted;
static char *progress_step;     /* the step that the last progress line was about */

static void
on_interrupt (int signal_number)
{
  interrupted = 1;
}

void
tool_init (const char *program)
{
  struct sigaction action = { 0 };

  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");
  program_name = program;
  g_set_prgname (program);
  action.sa_handler = on_interrupt;
  action.sa_flags = (int) SA_RESETHAND;
  sigaction (SIGINT, &action, NULL);
}

gboolean
tool_interrupted (void)
{
  return interrupted != 0;
}

static void
G_GNUC_PRINTF (2, 0)
print_line (const char *kind, const char *format, va_list args)
{
  g_autofree char *text = g_strdup_vprintf (format, args);

  tool_progress_end ();
  g_printerr ("%s: %s%s\n", program_name, kind, text);
}

void
tool_error (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  print_line ("", format, args);
  va_end (args);
}

void
tool_file_error (const char *file, const GError * error)
{
  if (g_str_has_prefix (error->message, file))
    tool_error ("%s", error->message);
  else
    tool_error ("%s: %s", file, error->message);
}

void
tool_warning (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  print_line ("warning: ", format, args);
  va_end (args);
}

int
tool_usage_error (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  print_line ("", format, args);
  va_end (args);
  g_printerr ("Try '%s --help'.\n", g_get_prgname ());
  return TOOL_USAGE;
}

gboolean
tool_parse (const char *command, const char *arguments, const char *summary,
    const char *examples, const GOptionEntry * entries, int *argc, char ***argv)
{
  g_autofree char *name = command
      ? g_strdup_printf ("%s %s", program_name, command)
      : g_strdup (program_name);
  g_autoptr (GOptionContext) context = g_option_context_new (arguments);
  g_autoptr (GError) error = NULL;

  g_set_prgname (name);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, examples);
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, argc, argv, &error))
    return TRUE;
  tool_usage_error ("%s", error->message);
  return FALSE;
}

gboolean
tool_parse_precision (const char *name, const char *device,
    E2vPrecision * precision)
{
  *precision = E2V_PRECISION_AUTO;
  if (name && !e2v_precision_from_name (name, precision)) {
    tool_usage_error ("no precision is called '%s': "
        "use auto, fp64, fp32 or fp16", name);
    return FALSE;
  }
  if (*precision == E2V_PRECISION_FP64 && g_strcmp0 (device, "ref") != 0) {
    tool_usage_error ("precision fp64 needs the reference executor: "
        "add --device ref");
    return FALSE;
  }
  return TRUE;
}

gboolean
tool_is_same_file (const char *a, const char *b)
{
  GStatBuf stat_a, stat_b;

  return g_stat (a, &stat_a) == 0 && g_stat (b, &stat_b) == 0
      && stat_a.st_dev == stat_b.st_dev && stat_a.st_ino == stat_b.st_ino;
}

static gboolean
may_colour (void)
{
  const char *no_color = g_getenv ("NO_COLOR");
  const char *term = g_getenv ("TERM");

  return isatty (STDOUT_FILENO) && !(no_color && *no_color)
      && g_strcmp0 (term, "dumb") != 0;
}

const char *
tool_bold (void)
{
  return may_colour ()? "\033[1m" : "";
}

const char *
tool_dim (void)
{
  return may_colour ()? "\033[2m" : "";
}

const char *
tool_reset (void)
{
  return may_colour ()? "\033[0m" : "";
}

void
tool_progress (const char *step, double fraction, gpointer user_data)
{
  gboolean is_new = g_strcmp0 (step, progress_step) != 0;

  if (isatty (STDERR_FILENO)) {
    g_printerr ("\r\033[K%s  %3.0f %%", step, CLAMP (fraction, 0., 1.) * 100);
  } else if (is_new) {
    g_printerr ("%s\n", step);
  }
  if (is_new) {
    g_free (progress_step);
    progress_step = g_strdup (step);
  }
}

void
tool_progress_end (void)
{
  if (!progress_step)
    return;
  if (isatty (STDERR_FILENO))
    g_printerr ("\r\033[K");
  g_clear_pointer (&progress_step, g_free);
}

char *
tool_format_count (guint64 n)
{
  if (n >= 1000000)
    return g_strdup_printf ("%.1f million", (double) n / 1e6);
  return g_strdup_printf ("%" G_GUINT64_FORMAT, n);
}

char *
tool_format_bytes (guint64 n)
{
  if (n >= 1000000000)
    return g_strdup_printf ("%.1f GB", (double) n / 1e9);
  if (n >= 1000000)
    return g_strdup_printf ("%.1f MB", (double) n / 1e6);
  if (n >= 1000)
    return g_strdup_printf ("%.1f kB", (double) n / 1e3);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " bytes", n);
}

void
tool_order_falling (const double *values, guint n, guint * order)
{
  for (guint i = 0; i < n; i++) {
    guint place = i;

    for (; place > 0 && values[order[place - 1]] < values[i]; place--)
      order[place] = order[place - 1];
    order[place] = i;
  }
}

struct _ToolTable
{
  char *alignment;
  guint n_columns;
  gboolean has_heading;         /* row 0 is the heading */
  GPtrArray *rows;              /* of char *[n_columns + 1] */
};

ToolTable *
tool_table_new (const char *alignment, const char *const *headings)
{
  ToolTable *table = g_new0 (ToolTable, 1);

  table->alignment = g_strdup (alignment);
  table->n_columns = (guint) strlen (alignment);
  table->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  table->has_heading = headings != NULL;
  if (headings)
    g_ptr_array_add (table->rows, g_strdupv ((char **) headings));
  return table;
}

void
tool_table_free (ToolTable * table)
{
  g_ptr_array_unref (table->rows);
  g_free (table->alignment);
  g_free (table);
}

void
tool_table_add (ToolTable * table, char *first, ...)
{
  char **row = g_new0 (char *, table->n_columns + 1);
  va_list args;

  row[0] = first;
  va_start (args, first);
  for (guint column = 1; column < table->n_columns; column++)
    row[column] = va_arg (args, char *);
  va_end (args);
  tool_table_add_row (table, row);
}

void
tool_table_add_row (ToolTable * table, char **row)
{
  g_ptr_array_add (table->rows, row);
}

static guint
column_width (ToolTable * table, guint column)
{
  guint width = 0;

  for (guint i = 0; i < table->rows->len; i++) {
    char **row = g_ptr_array_index (table->rows, i);
    width = MAX (width, (guint) g_utf8_strlen (row[column], -1));
  }
  return width;
}

static char *
row_to_string (ToolTable * table, char **row, guint indent)
{
  GString *line = g_string_new (NULL);

  g_string_append_printf (line, "%*s", (int) indent, "");
  for (guint column = 0; column < table->n_columns; column++) {
    int space = (int) column_width (table, column)
        - (int) g_utf8_strlen (row[column], -1);
    gboolean right = table->alignment[column] == 'r';

    if (column > 0)
      g_string_append (line, "  ");
    if (right)
      g_string_append_printf (line, "%*s", space, "");
    g_string_append (line, row[column]);
    if (!right && column + 1 < table->n_columns)
      g_string_append_printf (line, "%*s", space, "");
  }
  return g_strchomp (g_string_free (line, FALSE));
}

void
tool_table_print (ToolTable * table, guint indent)
{
  for (guint i = 0; i < table->rows->len; i++) {
    g_autofree char *line =
        row_to_string (table, g_ptr_array_index (table->rows, i), indent);
    gboolean heading = i == 0 && table->has_heading;

    g_print ("%s%s%s\n", heading ? tool_bold () : "", line,
        heading ? tool_reset () : "");
  }
}
