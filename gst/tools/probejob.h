/* probejob.h - what the sub-commands of "probe" begin with: options, a manifest, a model, and the embedding of each clip.
 *
 * MT: main thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_JOB_H
#define PROBE_JOB_H

#include "e2vencoder.h"
#include "e2vprobe.h"
#include "manifest.h"

G_BEGIN_DECLS

/* All zero to begin with. */
typedef struct
{
  /* options */
  char *manifest_file, *root, *split, *device, *precision_name;
  char *weights;                /* how classes count */
  gboolean skip_unreadable, as_json;
  int seed, folds, resamples;
  double l2;
  E2vPrecision precision;
  E2vProbeOptions probe;        /* of the last four */

  Manifest *manifest;
  E2vModel *model;
  float *x;                     /* [n][dim] */
  guint *label, *speaker, *split_of;    /* [n] */
  E2vProbeData data;            /* of the clips that could be read; borrows from all this */
} ProbeJob;

void probe_job_clear (ProbeJob * job);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ProbeJob, probe_job_clear)

/* (transfer container): options of every sub-command of "probe", and of those that train heads or judge them. @job keeps
 * what they are given. @more: of this one; may be NULL. */
GOptionEntry *probe_job_entries (ProbeJob * job, gboolean trains, gboolean judges, const GOptionEntry * more);

/* After parsing: FALSE after printing a usage error. */
gboolean probe_job_check_options (ProbeJob * job);

/* Reads the manifest, and the model. FALSE after printing what is wrong. @default_split: as manifest_read(), if the user
 * named none. */
gboolean probe_job_open (ProbeJob * job, const char *model_file, const char *default_split);

/* Whether there are two classes, and with @folds speakers enough to leave some out: what can be told of the manifest before
 * anything is decoded. Prints what is wrong. */
gboolean probe_job_check_speakers (const ProbeJob * job, gboolean folds);

/* Decodes and embeds all clips but those that @wanted, which may be NULL, says no to. FALSE after printing what is wrong:
 * clips that cannot be read, all of them, unless they may be left out. */
gboolean probe_job_embed (ProbeJob * job, gboolean (*wanted) (const ManifestClip * clip, gpointer user_data),
    gpointer user_data);

/* Prints why speakers were not left out. */
void probe_job_fold_error (const ProbeJob * job, const GError * error);

/* Whether clips of each class could be read. Prints what is wrong. */
gboolean probe_job_check_classes (const ProbeJob * job);

G_END_DECLS

#endif
