#!/usr/bin/env python3
"""memory.py - the peak memory of the tool with a base-shape model in half precision and a window of 4 s.

    memory.py CASE-FOLDER --tool emotion2vec-model --clip FILE --gst-launch gst-launch-1.0 --work FOLDER

CASE-FOLDER is the reference case of the base shape, whose seeded weights are used. Measured are the first start, when
all checksums are verified and the self-check runs, a later one, and bench. Exit status 77 (skipped) without a Vulkan
device.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import json
import os
import shutil
import sys

import peak
import reference
import seeded
import speech

LIMIT = 400e6


def convert(options, work):
    with open(os.path.join(options.case, 'config.json'), encoding='utf-8') as file:
        config = json.load(file)
    checkpoint, model = os.path.join(work, 'checkpoint.safetensors'), os.path.join(work, 'base16.gguf')
    seeded.write_checkpoint(checkpoint, config)
    reference.call([options.tool, 'convert', checkpoint, '-o', model, '--precision', 'fp16'])
    os.remove(checkpoint)
    return model


def measure(options, model, audio, cache):
    """Yields (what, bytes). A model file is only remembered as sound when it is older than a second, which the second start
    surely meets: the third does not read all of it."""
    settings = {'XDG_CACHE_HOME': cache, 'EMOTION2VEC_SHADERS': ''}
    half = ['--device', 'vulkan', '--precision', 'fp16']
    for start in ('first', 'second', 'third'):
        output, size = peak.measure([options.tool, 'run', model, audio, '--json'] + half, settings)
        if len(json.loads(output)['scores']) != 9:
            raise RuntimeError(f'no scores in {output}')
        yield f'run, {start} start', size
    if not os.path.exists(os.path.join(cache, 'gst-emotion2vec', 'verified')):
        raise RuntimeError('the verdict on the model file was not kept')
    yield 'bench', peak.measure([options.tool, 'bench', model, '--window', '4'] + half, settings)[1]
    yield 'bench --shape', peak.measure([options.tool, 'bench', '--shape', 'base', '--window', '4'] + half, settings)[1]


def compare(options, work):
    audio, _ = speech.cut(options.gst_launch, options.clip, work, (4,))[4]
    right = True
    for what, size in measure(options, convert(options, work), audio, os.path.join(work, 'cache')):
        print(f'base fp16, 4 s, {what}: {size / 1e6:.0f} MB, allowed {LIMIT / 1e6:.0f} MB')
        right = right and size < LIMIT
    return right


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('case')
    for name in ('tool', 'clip', 'gst-launch', 'work'):
        parser.add_argument('--' + name, required=True)
    options = parser.parse_args()
    if not reference.has_vulkan(options.tool):
        print('no Vulkan device')
        return 77
    work = os.path.join(options.work, 'memory')
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    try:
        return 0 if compare(options, work) else 1
    finally:
        shutil.rmtree(work)


if __name__ == '__main__':
    sys.exit(main())
