/* toolutil.h - what the command-line tools share: options, messages, tables, progress, interruption.
 *
 * Human text goes through g_print() and g_printerr(), so that it suits the terminal's character set. MT: main thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TOOL_UTIL_H
#define TOOL_UTIL_H

#include <glib.h>

#include "e2vexecutor.h"

G_BEGIN_DECLS

/* Exit statuses. */
#define TOOL_OK 0
#define TOOL_FAILED 1           /* something failed; what could be done was done */
#define TOOL_USAGE 2            /* the command line makes no sense */

/* Sets locale (numbers stay in C notation), program name and the handler of SIGINT. */
void tool_init (const char *program);

/* One line on standard error: "PROGRAM: TEXT" and "PROGRAM: warning: TEXT". */
void tool_error (const char *format, ...) G_GNUC_PRINTF (1, 2);
void tool_warning (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* The same for what went wrong with @file, which the error may name already. */
void tool_file_error (const char *file, const GError * error);

/* Prints the text and where to find help; returns TOOL_USAGE. */
int tool_usage_error (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* Parses the options of sub-command @command (NULL: of the program) in place; --help prints @arguments, @summary and @examples and ends the
 * program. Returns FALSE after printing the error of a command line that cannot be parsed (then TOOL_USAGE is the exit
 * status). */
gboolean tool_parse (const char *command, const char *arguments, const char *summary, const char *examples,
    const GOptionEntry * entries, int *argc, char ***argv);

/* Entries of options that commands have in common, for a char * each; tool_parse_precision() reads the latter. */
#define TOOL_DEVICE_OPTION(text) \
    {"device", 0, 0, G_OPTION_ARG_STRING, (text), "auto, vulkan, an index, a name, a UUID, cpu or ref", "D"}
#define TOOL_PRECISION_OPTION(text) \
    {"precision", 0, 0, G_OPTION_ARG_STRING, (text), "auto, fp64 (ref only), fp32 or fp16", "P"}

/* "auto|fp64|fp32|fp16" (NULL: auto) for work on @device (NULL: auto). Prints the usage error and returns FALSE for another
 * name and for fp64 on anything but the reference executor. */
gboolean tool_parse_precision (const char *name, const char *device, E2vPrecision * precision);

/* Whether both names lead to the same file. */
gboolean tool_is_same_file (const char *a, const char *b);

/* Whether SIGINT has come: finish what is in hand, start nothing new. A second SIGINT ends the program at once. */
gboolean tool_interrupted (void);

/* Escape sequences on a terminal that may be coloured (NO_COLOR unset), else "". */
const char *tool_bold (void);
const char *tool_dim (void);
const char *tool_reset (void);

/* Progress on standard error: one line that is rewritten on a terminal, else one line a step. tool_progress_end()
 * clears the line. The signature is that of E2vConvertOptions.progress. */
void tool_progress (const char *step, double fraction, gpointer user_data);
void tool_progress_end (void);

/* "93.2 million", "372.7 MB" (powers of ten); free with g_free(). */
char *tool_format_count (guint64 n);
char *tool_format_bytes (guint64 n);

/* Writes to @order the indices 0 .. n - 1 by falling value; equal ones keep their order. */
void tool_order_falling (const double *values, guint n, guint * order);

/* A table of text columns, printed when complete. */
typedef struct _ToolTable ToolTable;

/* @alignment: one letter a column, 'l' or 'r'. @headings: NULL-terminated, as many as columns; NULL: no heading. */
ToolTable *tool_table_new (const char *alignment, const char *const *headings);
/* Takes ownership of the strings: as many as columns. */
void tool_table_add (ToolTable * table, char *first, ...);
/* The same for an array of them and a NULL. */
void tool_table_add_row (ToolTable * table, char **row);
/* @indent: spaces in front of each line. */
void tool_table_print (ToolTable * table, guint indent);
void tool_table_free (ToolTable * table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolTable, tool_table_free)

G_END_DECLS

#endif
