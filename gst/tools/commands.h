/* commands.h - the sub-commands of emotion2vec-model.
 *
 * Each takes its own argument vector (argv[0] is the sub-command's name) and returns the exit status of the program.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COMMANDS_H
#define COMMANDS_H

int cmd_convert (int argc, char **argv);
int cmd_info (int argc, char **argv);
int cmd_devices (int argc, char **argv);
int cmd_selftest (int argc, char **argv);
int cmd_doctor (int argc, char **argv);
int cmd_run (int argc, char **argv);
int cmd_bench (int argc, char **argv);
int cmd_probe (int argc, char **argv);

/* of "probe" */
int cmd_probe_train (int argc, char **argv);
int cmd_probe_eval (int argc, char **argv);
int cmd_probe_cv (int argc, char **argv);

#endif
