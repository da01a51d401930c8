#!/usr/bin/env python3
"""big_shapes.py - the base or the large shape on 1, 4 and 10 s of speech, against the PyTorch twin in double.

    big_shapes.py base|large --tool emotion2vec-model --gst-launch gst-launch-1.0 --train FOLDER --clip FILE --work FOLDER

The weights are seeded ones (tests/reference/README.md), the tolerances those of the reference case of the base shape.
Each executor converts the same samples that the twin gets. Exit status 77 (skipped) without a Vulkan device.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import json
import os
import shutil
import sys

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'numeric'))
import reference  # noqa: E402
import safetensors  # noqa: E402
import speech  # noqa: E402

SECONDS = (1, 4, 10)
SEED = 115
TOLERANCE = {'frames': 2e-4, 'utterance': 1e-4, 'logits': 2e-4, 'scores': 1e-4}
# name, precision, shader family ('': the reference executor, 'cpu': the host executor), lengths. What is left out takes minutes: on a CPU device the
# scalar shaders and the reference executor are many times slower than the simd shaders.
RUNS = {
    'base': [('simd fp32', 'fp32', 'simd', SECONDS), ('simd fp16', 'fp16', 'simd', SECONDS),
             ('scalar fp32', 'fp32', 'scalar', (1, 4)), ('host fp32', 'fp32', 'cpu', SECONDS), ('ref fp64', 'fp64', '', (1,))],
    'large': [('simd fp32', 'fp32', 'simd', SECONDS), ('simd fp16', 'fp16', 'simd', SECONDS),
              ('scalar fp32', 'fp32', 'scalar', (1,)), ('host fp32', 'fp32', 'cpu', SECONDS)],
}


DEVICES = {'': 'ref', 'cpu': 'cpu'}


def twin(options, cuts, folder):
    """Writes the checkpoint; returns what the twin says in double, {length: {name: array}}."""
    sys.path.append(options.train)
    import checkpoint
    import emotion2vec
    hyper = getattr(emotion2vec, options.shape)()
    tensors = checkpoint.seeded_tensors(hyper, SEED)
    checkpoint.save(tensors, hyper, checkpoint.LABELS, folder)
    model = emotion2vec.Emotion2vec(hyper, checkpoint.LABELS)
    model.load_state_dict(tensors)
    model = model.double().eval()
    answers = {}
    with torch.no_grad():
        for seconds, (_, part) in cuts.items():
            stages = model(torch.from_numpy(part / 32768.0))
            answers[seconds] = {name: stages[name][0].numpy() for name in TOLERANCE}
    return answers


def check(who, name, ours, expected, half):
    """Returns whether it is within the tolerance; prints how far it is off."""
    right = ours.shape == expected.shape
    difference, limit = reference.compare_stage(name, ours, expected, TOLERANCE, half) if right else (np.inf, 0)
    right = right and difference <= limit
    print(f'{who}: {name}: off by {difference:.2g}, allowed {limit:.2g}{"" if right else " WRONG"}')
    return right


def check_file(who, seconds, output, traces, expected, half):
    """What a user gets, and the arrays of the trace."""
    who = f'{who}, {seconds} s'
    trace = safetensors.read(os.path.join(traces, f'{seconds}s.safetensors'))
    given = {'utterance': np.array(output['embedding']), 'scores': np.array(list(output['scores'].values()))}
    return all([check(f'{who} as printed', name, values, expected[name], half) for name, values in given.items()]
               + [check(who, name, trace[name], expected[name], half) for name in TOLERANCE])


def run(options, model, cuts, expected, executor):
    name, precision, shaders, lengths = executor
    who = f'{options.shape}: {name}'
    traces = os.path.join(os.path.dirname(model), 'traces')
    printed = reference.call([options.tool, 'run', model] + [cuts[seconds][0] for seconds in lengths]
                             + ['--json', '--embedding', '--trace', traces, '--precision', precision,
                                '--device', DEVICES.get(shaders, 'vulkan')], {'EMOTION2VEC_SHADERS': shaders})
    outputs = [json.loads(line) for line in printed.splitlines()]
    right = all([check_file(who, seconds, output, traces, expected[seconds], precision == 'fp16')
                 for seconds, output in zip(lengths, outputs, strict=True)])
    shutil.rmtree(traces)
    return right


def compare(options, work):
    cuts = speech.cut(options.gst_launch, options.clip, work, SECONDS)
    folder, model = os.path.join(work, 'checkpoint'), os.path.join(work, 'model.gguf')
    expected = twin(options, cuts, folder)
    reference.call([options.tool, 'convert', folder, '-o', model])
    shutil.rmtree(folder)
    return all([run(options, model, cuts, expected, executor) for executor in RUNS[options.shape]
                if executor[2] != 'cpu' or reference.has_host(options.tool)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('shape', choices=RUNS)
    for name in ('tool', 'gst-launch', 'train', 'clip', 'work'):
        parser.add_argument('--' + name, required=True)
    options = parser.parse_args()
    if not reference.has_vulkan(options.tool):
        print('no Vulkan device')
        return 77
    work = os.path.join(options.work, f'big-{options.shape}')
    os.makedirs(work, exist_ok=True)
    try:
        return 0 if compare(options, work) else 1
    finally:
        shutil.rmtree(work)


if __name__ == '__main__':
    sys.exit(main())
