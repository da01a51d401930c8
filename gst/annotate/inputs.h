/* inputs.h - from the paths of a command line to the list of files, and what their outputs are called.
 *
 * Needs gst_init(). MT: main thread; a finished list is read by any.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef INPUTS_H
#define INPUTS_H

#include <glib.h>
#include <glib/gstdio.h>

G_BEGIN_DECLS

/* Names of files are bytes in whatever encoding; only `name` is text. */
typedef struct
{
  char *name;                   /* for people, UTF-8 */
  char *path, *uri;             /* at most one; neither: standard input */
  char *leaf;                   /* its name without folders, or what stands for it; never has a '/' */
  char *folder;                 /* where its outputs go */
  char *base;                   /* names of its outputs, less their suffix */
  guint64 size;                 /* bytes; 0 if unknown */
  char *problem;                /* (nullable): why there is nothing to annotate */
} Input;

typedef struct
{
  GPtrArray *all;               /* of Input, sorted by path: the same for each shard */
  GPtrArray *skipped;           /* of char *, UTF-8: lines about files in folders that are not media */
  GHashTable *files;            /* device and inode of each; see inputs_have_file() */
} Inputs;

/* @paths: files, folders, patterns that no shell has expanded, URIs, "-". In folders, media are looked for; in their
 * sub-folders too if @recursive; hidden ones are left out. @output_dir: (nullable): NULL puts outputs beside their inputs, or
 * into the current folder for what has no place in the file system.
 * What cannot be annotated is in the list with its problem. Returns NULL with an error of G_IO_ERROR for two inputs whose
 * outputs would be the same files. */
Inputs *inputs_new (const char *const *paths, gboolean recursive, const char *output_dir, GError ** error);
void inputs_free (Inputs * inputs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Inputs, inputs_free)

/* Whether @status is that of one of the inputs, under whatever name. */
gboolean inputs_have_file (const Inputs * inputs, const GStatBuf * status);

G_END_DECLS

#endif
