#!/bin/sh
# label-slurm.sh - labels the utterances of a list on a Slurm cluster, each task of an array job one shard.
#
#   sbatch --array=1-8 label-slurm.sh 8 LIST OUTPUT-DIR [OPTION…]
#
# The number is that of all shards. A task that was ended goes on where it was when it is submitted again, alone too:
# sbatch --array=3 label-slurm.sh 8 LIST OUTPUT-DIR.
# SPDX-License-Identifier: LGPL-2.1-or-later
#SBATCH --job-name=emotion2vec
#SBATCH --cpus-per-task=2
#SBATCH --requeue
set -eu
shards=$1 list=$2 output=$3
shift 3
exec emotion2vec-annotate --manifest "$list" --output-dir "$output" --shard "$SLURM_ARRAY_TASK_ID/$shards" --quiet "$@"
