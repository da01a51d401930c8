/* emotion2vec-model.c - converts, shows, runs and measures emotion2vec models: finds the sub-command and calls it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "commands.h"
#include "e2vencoder.h"
#include "toolutil.h"

typedef struct
{
  const char *name;
  int (*run) (int argc, char **argv);
  const char *summary;
} Command;

static const Command commands[] = {
  {"convert", cmd_convert, "make a model file from a public checkpoint"},
  {"info", cmd_info, "show what is in a model file"},
  {"devices", cmd_devices, "list the devices that can run a model"},
  {"selftest", cmd_selftest, "let every device prove itself with a model"},
  {"doctor", cmd_doctor, "say what is missing or wrong here, and what to do"},
  {"run", cmd_run, "tell the emotion of audio files"},
  {"bench", cmd_bench, "measure how fast a model runs here"},
  {"probe", cmd_probe, "train and judge heads for your own classes"},
};

static void
print_help (void)
{
  g_print ("Usage:\n  emotion2vec-model COMMAND [OPTION…] ARGUMENT…\n\n"
      "Works with emotion2vec speech emotion models.\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-9s %s\n", commands[i].name, commands[i].summary);
  g_print ("\nOptions:\n"
      "  --help     this text; 'emotion2vec-model COMMAND --help' explains one"
      " command\n"
      "  --version  the version\n\n"
      "Examples:\n"
      "  emotion2vec-model convert emotion2vec_plus_base/ -o base.gguf\n"
      "  emotion2vec-model run base.gguf speech.wav\n\n"
      "Exit status: 0 all done, 1 something failed (the rest was done), "
      "2 wrong usage.\n");
}

static const Command *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

int
main (int argc, char **argv)
{
  const Command *command;

  tool_init ("emotion2vec-model");
  e2v_encoder_use_all_threads ();
  if (argc < 2)
    return tool_usage_error ("a command is missing: "
        "convert, info, devices, selftest, doctor, run, bench or " "probe");
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0
      || strcmp (argv[1], "help") == 0) {
    print_help ();
    return TOOL_OK;
  }
  if (strcmp (argv[1], "--version") == 0) {
    g_print ("emotion2vec-model %s\n", PACKAGE_VERSION);
    return TOOL_OK;
  }
  command = find_command (argv[1]);
  if (!command)
    return tool_usage_error ("there is no command '%s': "
        "use convert, info, devices, selftest, doctor, run, bench or probe",
        argv[1]);
  return command->run (argc - 1, argv + 1);
}
