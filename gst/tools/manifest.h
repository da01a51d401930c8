/* manifest.h - a list of clips with label and speaker, as a table of tab-separated values.
 *
 * The first line names the columns: path, label, speaker, and if wanted split, start, end (seconds); others are passed
 * over, the order is free. No quoting. Relative paths begin at the manifest's folder or at one that is given.
 * MT: main thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint line;                   /* of the file, from 1 on */
  char *path;                   /* to open */
  double start, end;            /* seconds; end is INFINITY if there is none */
  guint label, speaker, split;  /* index of each in its list */
} ManifestClip;

typedef struct
{
  char *file;                   /* of the manifest */
  GArray *clips;                /* of ManifestClip */
  GPtrArray *labels, *speakers, *splits;        /* of char *, in the order in which they are met; splits: empty without
                                                 * such a column */
} Manifest;

/* @root: (nullable): folder where relative paths begin. @split: (nullable): only clips of this split; "" for the clips of
 * train if there are any, else for all.
 * Errors: E2V_ERROR_NOT_FOUND, E2V_ERROR_IO, E2V_ERROR_FORMAT naming file, line and fault, E2V_ERROR_ARGUMENT if no
 * clip is left. */
Manifest *manifest_read (const char *file, const char *root, const char *split, GError ** error);

void manifest_free (Manifest * manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Manifest, manifest_free)

/* (transfer none) */
const ManifestClip *manifest_clip (const Manifest * manifest, guint index);

G_END_DECLS

#endif
