/* cmd-probe.c - "probe": linear heads on a model's frozen embeddings; finds the sub-command and calls it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "commands.h"
#include "toolutil.h"

static const struct
{
  const char *name;
  int (*run) (int argc, char **argv);
  const char *summary;
} commands[] = {
  {"train", cmd_probe_train, "train a head on clips with labels"},
  {"eval", cmd_probe_eval, "say how right a head is on clips with labels"},
  {"cv", cmd_probe_cv, "say how right such heads are on speakers left out"},
};

static void
print_help (void)
{
  g_print
      ("Usage:\n  emotion2vec-model probe COMMAND [OPTION…] ARGUMENT…\n\n"
      "Linear heads for your own classes, on the embeddings of a model that "
      "stays as it is.\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-6s %s\n", commands[i].name, commands[i].summary);
  g_print ("\nExamples:\n"
      "  emotion2vec-model probe train --manifest clips.tsv base.gguf "
      "-o calls.gguf\n"
      "  emotion2vec-model probe eval --manifest test.tsv base.gguf "
      "calls.gguf\n"
      "  emotion2vec-model run base.gguf call.opus --head calls.gguf\n\n"
      "'emotion2vec-model probe COMMAND --help' explains one command.\n");
}

int
cmd_probe (int argc, char **argv)
{
  if (argc < 2)
    return tool_usage_error ("a command is missing: train, eval or cv");
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0) {
    print_help ();
    return TOOL_OK;
  }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i].name, argv[1]) == 0)
      return commands[i].run (argc - 1, argv + 1);
  return tool_usage_error ("there is no command 'probe %s': "
      "use train, eval or cv", argv[1]);
}
