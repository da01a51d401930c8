#!/usr/bin/env python3
"""convert_memory.py - the memory that converting a training checkpoint takes: that of its weights, not of its optimiser.

    convert_memory.py --tool emotion2vec-model --train FOLDER --small CHECKPOINT --work FOLDER

The checkpoint is one of fairseq with 25 million weights and two moments for each, 300 MB. What the tool needs for the
small checkpoint, a few kilobytes of weights, is taken off: libraries weigh little beside a real model, but not beside this
one.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import os
import shutil
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'numeric'))
import peak  # noqa: E402

# of the weights as floats: no second copy of them, and with half precision not even one
LIMITS = {'fp32': 1.3, 'fp16': 0.8}


def write_checkpoint(options, path):
    """Returns the size of the weights as floats."""
    sys.path.append(options.train)
    import checkpoint
    import emotion2vec
    hyper = emotion2vec.Hyper(embed_dim=512, prenet_depth=2, depth=4, num_heads=8, alibi_shape=(1, 1, 8, 1, 1), classes=9)
    tensors = checkpoint.seeded_tensors(hyper, 1)
    moments = {index: {'step': 100, 'exp_avg': torch.zeros_like(tensor), 'exp_avg_sq': torch.ones_like(tensor)}
               for index, tensor in enumerate(tensors.values())}
    torch.save({'args': argparse.Namespace(seed=1), 'model': tensors, 'extra_state': {'epoch': 3},
                'last_optimizer_state': {'state': moments, 'param_groups': [{'lr': 1e-4}]}}, path)
    return 4 * sum(tensor.numel() for tensor in tensors.values())


def convert(options, path, precision, work):
    """Returns the peak of the memory."""
    return peak.measure([options.tool, 'convert', path, '-o', os.path.join(work, 'model.gguf'), '--precision', precision],
                        {'XDG_CACHE_HOME': os.path.join(work, 'cache')})[1]


def compare(options, work):
    path = os.path.join(work, 'training.pt')
    weights = write_checkpoint(options, path)
    print(f'{os.path.getsize(path) / 1e6:.0f} MB with {weights / 1e6:.0f} MB of weights')
    right = True
    for precision, limit in LIMITS.items():
        idle = convert(options, options.small, precision, work)
        share = (convert(options, path, precision, work) - idle) / weights
        print(f'{precision}: {share:.2f} of the weights on top of {idle / 1e6:.0f} MB, allowed {limit}')
        right = right and share < limit
    return right


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ('tool', 'train', 'small', 'work'):
        parser.add_argument('--' + name, required=True)
    options = parser.parse_args()
    work = os.path.join(options.work, 'convert-memory')
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    try:
        return 0 if compare(options, work) else 1
    finally:
        shutil.rmtree(work)


if __name__ == '__main__':
    sys.exit(main())
