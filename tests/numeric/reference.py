#!/usr/bin/env python3
"""reference.py - one reference case, converted and run by the tool on every executor, against the official numbers.

    reference.py CASE-FOLDER --tool emotion2vec-model --executors ref|vulkan --work FOLDER

Every stage, the features and the scores are read from the tool's trace. Exit status 77 (skipped) if the executors are
the Vulkan ones and there is no Vulkan device.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import json
import os
import subprocess
import sys

import numpy as np

import safetensors
import seeded

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tools'))
import watched  # noqa: E402

# Lavapipe's subgroups have 4, 8 or 16 lanes, by the width of its vectors in bits; other drivers ignore it. Each width has
# its own cache, for Mesa 25 and newer keep compiled code on disk and do not tell one width's from another's.
WIDTHS = ('128', '256', '512')
# name, arguments, environment, half precision
EXECUTORS = {
    'ref': [
        ('ref fp64', ['--device', 'ref', '--precision', 'fp64'], {}, False),
        ('ref fp32', ['--device', 'ref', '--precision', 'fp32'], {}, False),
        ('ref fp16', ['--device', 'ref', '--precision', 'fp16'], {}, True),
    ],
    'host': [
        ('host fp32', ['--device', 'cpu', '--precision', 'fp32'], {}, False),
        ('host fp16', ['--device', 'cpu', '--precision', 'fp16'], {}, True),
    ],
    'vulkan': [(f'{family} {precision} {width}', ['--device', 'vulkan', '--precision', precision],
                {'EMOTION2VEC_SHADERS': family, 'MESA_SHADER_CACHE_DIR': f'mesa-{width}', 'LP_NATIVE_VECTOR_WIDTH': width},
                precision == 'fp16')
               # (the scalar kernels compile slowly on Mesa 25: one width at half precision)
               for family, precision, widths in (('simd', 'fp32', WIDTHS), ('simd', 'fp16', WIDTHS),
                                                 ('scalar', 'fp32', WIDTHS), ('scalar', 'fp16', WIDTHS[1:2]))
               for width in widths],
}
KINDS = ('frames', 'utterance', 'logits', 'scores')
# ||a - b|| / ||b|| of a stage, and the largest difference of a score, at half precision
HALF_RELATIVE = 2e-2
HALF_SCORES = 2e-2


def call(arguments, environment=None):
    done = subprocess.run(watched.command(arguments), env=watched.environment(environment), capture_output=True, text=True,
                          check=False)
    # a device that fails its self-check is exchanged with a warning
    if done.returncode != 0 or 'instead' in done.stderr:
        raise RuntimeError(f'{" ".join(arguments)} ends with {done.returncode}: {done.stderr.strip()}')
    return done.stdout


def has_vulkan(tool):
    devices = [json.loads(line) for line in call([tool, 'devices', '--json']).splitlines()]
    return any('uuid' in device for device in devices)


def has_host(tool):
    return 'cpu' in [json.loads(line)['index'] for line in call([tool, 'devices', '--json']).splitlines()]


def settings(model):
    """What tensor shapes cannot tell, as --set arguments."""
    found = []
    if not model['use_alibi_encoder'] or not model['alibi_scale_per_head']:
        found.append(f'num_heads={model["num_heads"]}')
    if any(stride != (5 if kernel == 10 else 2) for _, kernel, stride in model['conv_layers']):
        found.append('conv_strides=' + ','.join(str(stride) for _, _, stride in model['conv_layers']))
    if model['norm_eps'] != 1e-5:
        found.append(f'norm_eps={model["norm_eps"]}')
    if not model['normalize']:
        found.append('normalize=false')
    return [argument for setting in found for argument in ('--set', setting)]


def convert(tool, case, config, work):
    checkpoint = os.path.join(case, 'checkpoint.pt')
    labels = []
    if not os.path.exists(checkpoint):
        checkpoint = os.path.join(work, 'checkpoint.safetensors')
        seeded.write_checkpoint(checkpoint, config)
        labels = ['--labels', os.path.join(case, 'tokens.txt')]
    model = os.path.join(work, 'model.gguf')
    call([tool, 'convert', checkpoint, '-o', model] + labels + settings(config['model']))
    return model


def remove_big_files(work):
    """The base shape's checkpoint and model fill 744 MB and are made anew each time."""
    if os.path.exists(os.path.join(work, 'checkpoint.safetensors')):
        for name in ('checkpoint.safetensors', 'model.gguf'):
            os.remove(os.path.join(work, name))


def deviation(ours, expected):
    """Largest absolute difference; not a number if any value of ours is not."""
    return float(np.max(np.abs(ours.astype(np.float64) - expected.astype(np.float64)), initial=0))


def relative(ours, expected):
    difference = np.linalg.norm((ours.astype(np.float64) - expected).ravel())
    norm = np.linalg.norm(expected.astype(np.float64).ravel())
    return float(difference / norm) if norm > 0 else float(difference)


def compare_stage(name, ours, expected, tolerance, half):
    """Returns (deviation, limit) of one stage."""
    if half and name != 'scores':
        return relative(ours, expected), HALF_RELATIVE
    if half:
        return deviation(ours, expected), HALF_SCORES
    return deviation(ours, expected), tolerance[name if name in KINDS else 'stages']


def compare(who, trace, expected, config, half):
    """Prints what deviates; returns the number of failures."""
    failures, worst, worst_name = 0, 0, ''
    for name, values in sorted(expected.items()):
        if name not in trace or trace[name].shape != values.shape:
            shape = list(trace[name].shape) if name in trace else 'missing'
            print(f'{who}: {name}: {shape} instead of {list(values.shape)}')
            failures += 1
            continue
        difference, limit = compare_stage(name, trace[name], values, config['tolerance'], half)
        if not difference <= limit:
            print(f'{who}: {name}: deviates by {difference:.3g}, allowed {limit:.3g}')
            failures += 1
        if not difference / limit <= worst:
            worst, worst_name = difference / limit, name
    print(f'{who}: worst stage {worst_name} at {100 * worst:.1f} % of its tolerance')
    return failures


def compare_json(who, output, expected, config, half):
    """The scores that a user sees are those of the trace, by name, without the unused labels."""
    if 'scores' not in expected:
        wrong = {'label', 'confidence', 'scores'} & output.keys()
        if wrong:
            print(f'{who}: a feature model reports {sorted(wrong)}')
        return len(wrong)
    used = [i for i, label in enumerate(config['labels']) if not label.startswith('unuse')]
    ours = np.array(list(output['scores'].values()))
    limit = HALF_SCORES if half else config['tolerance']['scores']
    right = len(ours) == len(used) and deviation(ours, expected['scores'][used]) <= limit \
        and output['confidence'] == max(ours)
    if not right:
        print(f'{who}: --json: scores {output["scores"]}, expected {expected["scores"][used].tolist()}')
    return 0 if right else 1


def run(tool, model, case, config, executor, work):
    name, arguments, environment, half = executor
    who = f'{config["name"]}: {name}'
    traces = os.path.join(work, name.replace(' ', '-'))
    if 'MESA_SHADER_CACHE_DIR' in environment:
        cache = os.path.join(os.path.dirname(work), environment['MESA_SHADER_CACHE_DIR'])
        environment = {**environment, 'MESA_SHADER_CACHE_DIR': cache}
    try:
        output = json.loads(call([tool, 'run', model, os.path.join(case, 'audio.wav'), '--json', '--trace', traces]
                                 + arguments, environment))
    except RuntimeError as error:
        print(f'{who}: {error}')
        return 1
    trace = safetensors.read(os.path.join(traces, 'audio.safetensors'))
    expected = safetensors.read(os.path.join(case, 'expected.safetensors'))
    failures = compare(who, trace, expected, config, half) + compare_json(who, output, expected, config, half)
    if output['frames'] != config['frames']:
        print(f'{who}: {output["frames"]} frames instead of {config["frames"]}')
        failures += 1
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('case')
    parser.add_argument('--tool', required=True)
    parser.add_argument('--executors', choices=EXECUTORS, required=True)
    parser.add_argument('--work', required=True)
    options = parser.parse_args()

    if options.executors == 'vulkan' and not has_vulkan(options.tool):
        print('no Vulkan device')
        return 77
    if options.executors == 'host' and not has_host(options.tool):
        print('no BLAS')
        return 77
    case = options.case.rstrip('/')
    with open(os.path.join(case, 'config.json'), encoding='utf-8') as file:
        config = json.load(file)
    work = os.path.join(options.work, f'{config["name"]}-{options.executors}')
    os.makedirs(work, exist_ok=True)
    try:
        model = convert(options.tool, case, config, work)
    except RuntimeError as error:
        print(f'{config["name"]}: {error}')
        return 1
    failures = sum(run(options.tool, model, case, config, executor, work)
                   for executor in EXECUTORS[options.executors])
    remove_big_files(work)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
