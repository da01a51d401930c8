#!/usr/bin/env python3
"""figures.py - `emotion2vec-model probe eval` and model/train/evaluate.py say the same of a corpus.

    figures.py --tool emotion2vec-model --model FILE.gguf --data FOLDER --work FOLDER [--corpus NAME]

The tool decodes with GStreamer and runs its own encoder, evaluate.py decodes with libsndfile and runs the twin with the
weights of the model file. Asserted: at most one clip in two hundred has another class; from the tool's own confusion matrix
evaluate.py computes the tool's own figures; and the tool's calibration error is that of the twin's scores. Exit status 77
(skipped) without the corpus.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import csv
import json
import os
import subprocess
import sys

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'tools'))
sys.path.append(os.path.join(HERE, '..', '..', 'model', 'train'))
import dataset  # noqa: E402
import evaluate  # noqa: E402
import ggufmodel  # noqa: E402
import watched  # noqa: E402


def dev_clips(options):
    path = os.path.join(options.data, 'manifest.tsv')
    if not os.path.exists(path):
        print(f'skipped: no {path}')
        sys.exit(77)
    with open(path, encoding='utf-8', newline='') as file:
        rows = [row for row in csv.DictReader(file, delimiter='\t', quoting=csv.QUOTE_NONE)
                if row['split'] == 'dev' and row['corpus'] == options.corpus]
    if not rows:
        print(f'skipped: no clips of {options.corpus} in {path}')
        sys.exit(77)
    return rows


def said_by_the_tool(options, rows):
    manifest = os.path.join(options.work, 'figures.tsv')
    with open(manifest, 'w', encoding='utf-8') as file:
        file.write('path\tlabel\tspeaker\n')
        file.writelines(f'{row["path"]}\t{row["emotion9"]}\t{row["speaker"]}\n' for row in rows)
    done = subprocess.run(watched.command([options.tool, 'probe', 'eval', '--manifest', manifest, '--root', options.data,
                                           '--resamples', '10', '--json', options.model]),
                          env=watched.environment({'LC_ALL': 'C.UTF-8'}), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f'probe eval ends with {done.returncode}: {done.stderr.strip()}')
    report = json.loads(done.stdout)['reports'][0]
    assert tuple(report['labels']) == dataset.CLASSES, report['labels']
    return report


def said_by_the_twin(options, rows):
    """(counts, calibration error) of the same clips."""
    torch.set_num_threads(1)
    model, temperature = ggufmodel.load(options.model)
    waves = (dataset.decode(os.path.join(options.data, row['path'])).astype(np.float32) / 32768 for row in rows)
    logits = evaluate.logits_of(model, waves)
    truth = np.array([dataset.CLASSES.index(row['emotion9']) for row in rows])
    counts = evaluate.confusion(logits, truth, range(logits.shape[1]))
    return counts, evaluate.calibration(logits, truth, temperature)[1]


def main():
    parser = argparse.ArgumentParser()
    for name in ('tool', 'model', 'data', 'work'):
        parser.add_argument('--' + name, required=True)
    parser.add_argument('--corpus', default='nemo')
    options = parser.parse_args()
    rows = dev_clips(options)
    report = said_by_the_tool(options, rows)
    counts, error = said_by_the_twin(options, rows)
    theirs = np.array(report['confusion'])
    moved = abs(theirs - counts).sum() // 2
    print(f'{options.corpus}: {len(rows)} clips, {moved} of another class; '
          f'UA {100 * report["ua"]["value"]:.2f} and {evaluate.accuracies(counts)[0]:.2f} %, '
          f'WA {100 * report["wa"]["value"]:.2f} and {evaluate.accuracies(counts)[1]:.2f} %, '
          f'F1 {100 * report["wf1"]["value"]:.2f} and {evaluate.weighted_f1(counts):.2f} %, '
          f'calibration error {100 * report["ece"]:.2f} and {error:.2f} %')
    assert theirs.sum() == len(rows)
    assert moved <= len(rows) / 200
    expected = (*evaluate.accuracies(theirs), evaluate.weighted_f1(theirs))
    np.testing.assert_allclose([100 * report[name]['value'] for name in ('ua', 'wa', 'wf1')], expected, rtol=1e-9)
    # a clip near a bin's edge may fall into the neighbouring one
    assert abs(100 * report['ece'] - error) < 1.5


main()
