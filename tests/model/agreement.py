#!/usr/bin/env python3
"""agreement.py - a model file through the element says of each clip what PyTorch says of it.

    agreement.py --tool emotion2vec-model --gst-launch gst-launch-1.0 --work FOLDER [--model FILE] [--devices DEVICE…]
                 [--clips FOLDER | --corpus FOLDER] [--checkpoint FOLDER] [--table FILE]

PyTorch gets the weights out of the model file (ggufmodel.py) and the samples from libsndfile, the element its own file and
what GStreamer decodes; one result for a whole clip. --clips names a folder with clips.tsv, --corpus one with manifest.tsv,
of which --splits are taken (test by default). No label is looked at. A DEVICE may be followed by a colon and a number N:
then it gets every Nth clip. Devices that are not there are left out; exit status 77 (skipped) if none is left.

--checkpoint is the folder of the checkpoint that the model file was made from: then PyTorch's answer to that is compared too.
Asserted: the same class for 99.5 % of the clips, and for the others the two best scores of PyTorch within 0.01 of each other;
no score off by more than 0.001 in single, 0.01 in half precision. --table gets a line for each clip and device.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(HERE, '..', 'tools'))
sys.path.append(os.path.join(ROOT, 'model', 'train'))
import checkpoint  # noqa: E402
import dataset  # noqa: E402
import gguf  # noqa: E402
import ggufmodel  # noqa: E402
import printed  # noqa: E402
import watched  # noqa: E402

AGREEMENT, TIE = 0.995, 0.01
# Where decoded speech is above full scale GStreamer's and libsndfile's decoders need not give the same samples.
OFF = {'fp32': 0.001, 'fp16': 0.01}
# Streams of one gst-launch-1.0: its windows come together in the engine, as in a program that hears many.
STREAMS = 24


def call(arguments):
    done = subprocess.run(watched.command(arguments), env=watched.environment({'LC_ALL': 'C.UTF-8'}), capture_output=True,
                          text=True, check=False)
    if done.returncode != 0 or 'ERROR' in done.stderr:
        raise SystemExit(f'{arguments[0]} ends with {done.returncode}: {done.stderr.strip()}')
    return done.stdout


# ---- what is heard

def read_clips(options):
    """Paths of the clips."""
    folder, table = (options.corpus, 'manifest.tsv') if options.corpus else (options.clips, 'clips.tsv')
    path = os.path.join(folder, table)
    if not os.path.exists(path):
        raise SystemExit(f'agreement.py: there is no {path}: name a folder with {table}')
    with open(path, encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file, delimiter='\t', quoting=csv.QUOTE_NONE))
    if options.corpus:
        rows = [row for row in rows if row['split'] in options.splits]
    return [os.path.join(folder, row['path']) for row in rows]


def parse_device(text):
    name, _, every = text.partition(':')
    return name, int(every or 1)


def present_devices(options):
    """What of --devices this build and this machine have, and the precision that each computes in."""
    found = {}
    for line in call([options.tool, 'devices', '--json']).splitlines():
        device = json.loads(line)
        found.setdefault('vulkan' if isinstance(device['index'], int) else device['index'], device['precision'])
    return [(name, every, found[name] if options.precision == 'auto' else options.precision)
            for name, every in map(parse_device, options.devices) if name in found]


# ---- what is said

@torch.no_grad()
def ask_torch(model, temperature, clips):
    """Scores [clips, classes]."""
    rows = []
    for clip in clips:
        wave = torch.from_numpy(dataset.decode(clip).astype(np.float32) / 32768)
        rows.append(model.label_mask(model(wave)['logits'] / temperature).softmax(-1)[0].double().numpy())
    return np.stack(rows)


def one_branch(number, clip, model, device, precision):
    return ['filesrc', f'location={clip}', '!', 'decodebin', '!', 'emotion2vec', f'name=clip{number}', f'model-file={model}',
            f'device={device}', f'precision={precision}', 'window=0', 'minimum-duration=0', 'silence-threshold=-200', '!',
            'fakesink']


def ask_element(gst_launch, clips, model, device, precision='auto'):
    """Scores [clips, classes] as the element's messages have them, and its labels."""
    rows, labels = {}, None
    for first in range(0, len(clips), STREAMS):
        line = []
        for number in range(first, min(first + STREAMS, len(clips))):
            line += one_branch(number, clips[number], model, device, precision)
        for name, fields in printed.printed_by(call([gst_launch, '-m', *line])):
            number = int(name[len('clip'):])
            if number in rows:
                raise SystemExit(f'{clips[number]}: more than one result')
            labels = labels or fields['labels']
            if 'scores' not in fields or fields['labels'] != labels or fields['label'] != labels[np.argmax(fields['scores'])]:
                raise SystemExit(f'{clips[number]}: not a result: {fields}')
            rows[number] = fields['scores']
    missing = [clips[number] for number in range(len(clips)) if number not in rows]
    if missing:
        raise SystemExit(f'no result for {len(missing)} clips, such as {missing[0]}')
    return np.array([rows[number] for number in range(len(clips))]), labels


def load_source(options):
    """The checkpoint that the model file was made from, which the file names by its checksum."""
    path = os.path.join(options.checkpoint, 'model.pt')
    with open(path, 'rb') as file:
        found = hashlib.sha256(file.read()).hexdigest()
    expected = gguf.Gguf(options.model).keys['emotion2vec.source.sha256'][1].decode()
    if found != expected:
        raise SystemExit(f'agreement.py: {options.model} was made from a checkpoint with the SHA-256 {expected}, not from {path}')
    return checkpoint.load(options.checkpoint).eval()


def english(label):
    return 'unknown' if label == '<unk>' else label.split('/')[-1]


# ---- compared

def compare(who, clips, ours, expected, limit=OFF['fp32']):
    """Returns whether both agree; says how far."""
    same = ours.argmax(1) == expected.argmax(1)
    best = np.sort(expected, 1)
    gaps = best[:, -1] - best[:, -2]
    off = np.abs(ours - expected).max(1)
    right = same.mean() >= AGREEMENT and (gaps[~same] < TIE).all() and off.max() <= limit
    print(f'{who}: {same.sum()} of {len(same)} clips the same ({100 * same.mean():.2f} %), scores off by {off.max():.2g} at '
          f'most, {np.median(off):.2g} in the middle{"" if right else " WRONG"}', flush=True)
    for number in np.flatnonzero(~same | (off > limit)):
        print(f'  {clips[number]}: off by {off[number]:.2g}, to a tie {gaps[number]:.2g}')
    return bool(right)


def check_labels(model, labels):
    """The classes come in the model's order, under the English part of their names."""
    expected = [english(label) for label in model.labels if not label.startswith('unuse')]
    if labels != expected:
        raise SystemExit(f'the element has the labels {labels}, the model file {expected}')


def write_table(path, rows):
    with open(path, 'w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file, delimiter='\t', lineterminator='\n')
        writer.writerow(('device', 'path', 'torch', 'element', 'off'))
        writer.writerows(rows)


def agree(options):
    devices = present_devices(options)
    if not devices:
        print('none of these devices is here: ' + ' '.join(options.devices))
        return 77
    clips, started = read_clips(options), time.monotonic()
    model, temperature = ggufmodel.load(options.model)
    expected = ask_torch(model, temperature, clips)
    print(f'PyTorch {torch.__version__}, the weights of {os.path.basename(options.model)}: {len(clips)} clips in '
          f'{time.monotonic() - started:.0f} s')
    others = {}
    if options.checkpoint:
        others['of the checkpoint'] = ask_torch(load_source(options), temperature, clips)
    right, table = True, []
    for who, scores in others.items():
        right &= compare(f'PyTorch, the weights {who}', clips, scores, expected)
    for device, every, precision in devices:
        chosen, started = clips[::every], time.monotonic()
        ours, labels = ask_element(options.gst_launch, chosen, options.model, device, precision)
        check_labels(model, labels)
        print(f'{device}, {precision}: {len(chosen)} clips in {time.monotonic() - started:.0f} s')
        right &= compare(f'{device} and PyTorch', chosen, ours, expected[::every], OFF[precision])
        for who, scores in others.items():
            right &= compare(f'{device} and PyTorch, the weights {who}', chosen, ours, scores[::every], OFF[precision])
        table += [(device, clip, labels[b.argmax()], labels[a.argmax()], f'{np.abs(a - b).max():.3g}')
                  for clip, a, b in zip(chosen, ours, expected[::every])]
    if options.table:
        write_table(options.table, table)
    return 0 if right else 1


def check_reader(options, case):
    """The reader of model files: what the tool converts is what the checkpoint holds, bit by bit."""
    source = os.path.join(ROOT, 'tests', 'reference', case, 'checkpoint.pt')
    path = os.path.join(options.work, f'{case}.gguf')
    call([options.tool, 'convert', source, '-o', path])
    model, temperature = ggufmodel.load(path)
    expected = checkpoint.read_tensors(source)
    found = model.state_dict()
    right = set(found) == set(expected) and all(torch.equal(found[name], expected[name]) for name in found)
    right = right and temperature == 1.0
    print(f'{case}: {len(found)} tensors{" as in the checkpoint" if right else " WRONG"}')
    return right


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ('tool', 'gst-launch', 'work'):
        parser.add_argument('--' + name, required=True)
    parser.add_argument('--model', default=os.path.join(ROOT, 'model', 'weights', 'emotion2vec-mini.gguf'))
    parser.add_argument('--clips', default=os.path.join(ROOT, 'tests', 'clips'))
    parser.add_argument('--corpus')
    parser.add_argument('--splits', nargs='+', default=['test'])
    parser.add_argument('--devices', nargs='+', default=['vulkan', 'cpu', 'ref'])
    parser.add_argument('--precision', default='auto')
    parser.add_argument('--checkpoint')
    parser.add_argument('--table')
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work = os.path.join(options.work, 'agreement-corpus' if options.corpus else 'agreement')
    os.makedirs(options.work, exist_ok=True)
    try:
        if not all([check_reader(options, case) for case in ('01-tiny', '06-one-extra-per-layer', '10-five-convs-even-pos')]):
            return 1
        return agree(options)
    finally:
        shutil.rmtree(options.work)


if __name__ == '__main__':
    sys.exit(main())
