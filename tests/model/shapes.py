#!/usr/bin/env python3
"""shapes.py - models of random shapes, converted and run by the tool, against the PyTorch twin in double.

    shapes.py --tool emotion2vec-model --train FOLDER --work FOLDER [--count N] [--seed S]

Widths, heads, kernels and strides are odd on purpose, and checkpoints are written in the layout of the published
models. What differs between two shapes is in the name of a failure, so that a run can be repeated.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import json
import os
import random
import subprocess
import sys
import wave

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, '..', 'numeric'), os.path.join(HERE, '..', 'tools')]
import safetensors  # noqa: E402
import watched  # noqa: E402

RUNS = [('ref', 'fp64', ''), ('vulkan', 'fp32', 'simd'), ('vulkan', 'fp32', 'scalar'), ('cpu', 'fp32', '')]
TOLERANCE = 2e-4


def random_hyper(rng, emotion2vec):
    heads = rng.choice([1, 2, 3, 5, 6, 7, 8])
    groups = rng.choice([1, 2, 3, 4])
    dim = heads * groups * rng.choice([1, 2, 3, 4, 5])
    blocks = rng.choice([(0, 1), (1, 0), (1, 2), (2, 1)])
    layers = [(rng.randint(3, 21), rng.randint(2, 12), rng.randint(2, 6))]
    layers += [(rng.randint(3, 21), rng.randint(1, 5), rng.randint(1, 3)) for _ in range(rng.randint(0, 3))]
    rows = rng.choice([1, sum(blocks)])
    return emotion2vec.Hyper(
        embed_dim=dim, prenet_depth=blocks[0], depth=blocks[1], num_heads=heads,
        mlp_ratio=rng.choice([1, 2, 3]), norm_eps=rng.choice([1e-5, 1e-6]), normalize=rng.random() < 0.8,
        num_extra_tokens=rng.choice([0, 1, 3, 10]), conv_layers=tuple(layers), conv_pos_depth=rng.randint(1, 3),
        conv_pos_kernel=rng.randint(3, 10), conv_pos_groups=groups, use_alibi=rng.random() < 0.8,
        alibi_shape=(rows, 1, rng.choice([1, heads]), 1, 1), classes=rng.choice([0, 1, 2, 9, 13]))


def write_wave(path, samples):
    with wave.open(path, 'wb') as file:
        file.setparams((1, 2, 16000, len(samples), 'NONE', ''))
        file.writeframes(samples.tobytes())


def run_tool(tool, arguments, shaders=''):
    environment = watched.environment({'EMOTION2VEC_SHADERS': shaders or None})
    done = subprocess.run(watched.command([tool] + arguments), env=environment, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise RuntimeError(f'{" ".join(arguments)}: {done.stderr.strip()}')
    return done.stdout


def worst_difference(expected, traced):
    """(difference relative to the larger of 1 and the stage's own size, stage)."""
    missing = set(expected) - set(traced)
    if missing:
        return float('inf'), f'{sorted(missing)} not in the trace'
    return max((float(np.abs(traced[name].reshape(value.shape) - value).max() / max(1, np.abs(value).max())), name)
               for name, value in expected.items())


def check_shape(options, index, executors, modules):
    emotion2vec, checkpoint = modules
    rng = random.Random(options.seed * 1000 + index)
    hyper = random_hyper(rng, emotion2vec)
    labels = [f'class {i}' for i in range(hyper.classes)]
    folder = os.path.join(options.work, f'shape-{index}')
    tensors = checkpoint.seeded_tensors(hyper, index, {'alibi_negative': True})
    checkpoint.save(tensors, hyper, labels, folder)
    samples = hyper.shortest + rng.randint(0, 40) * hyper.hop + rng.randrange(hyper.hop)
    pcm = np.random.default_rng(index).integers(-9000, 9000, samples).astype('<i2')
    write_wave(os.path.join(folder, 'audio.wav'), pcm)

    model = emotion2vec.Emotion2vec(hyper, labels)
    model.load_state_dict(tensors)
    with torch.no_grad():
        stages = model.double().eval()(torch.from_numpy(pcm / 32768.0), trace=True)
    expected = {name: value.squeeze(0).numpy() for name, value in stages.items()}

    gguf = os.path.join(folder, 'model.gguf')
    run_tool(options.tool, ['convert', folder, '-o', gguf])
    failures = []
    for device, precision, shaders in executors:
        run_tool(options.tool, ['run', gguf, os.path.join(folder, 'audio.wav'), '--device', device, '--precision',
                                precision, '--trace', folder], shaders)
        difference, stage = worst_difference(expected, safetensors.read(os.path.join(folder, 'audio.safetensors')))
        if not difference < TOLERANCE:
            failures.append(f'shape {index}, {device} {shaders}: {stage} is off by {difference:.3g}; {hyper}, '
                            f'{samples} samples')
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--tool', required=True)
    parser.add_argument('--train', required=True)
    parser.add_argument('--work', required=True)
    parser.add_argument('--count', type=int, default=12)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    sys.path.append(options.train)
    import checkpoint
    import emotion2vec

    devices = [json.loads(line) for line in run_tool(options.tool, ['devices', '--json']).splitlines()]
    there = {'vulkan' if 'uuid' in device else device['index'] for device in devices}
    executors = [run for run in RUNS if run[0] in there]
    failures = []
    for index in range(options.count):
        failures += check_shape(options, index, executors, (emotion2vec, checkpoint))
    print('\n'.join(failures) or f'{options.count} shapes agree on {len(executors)} executors')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
