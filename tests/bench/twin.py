#!/usr/bin/env python3
"""twin.py - labels a list of files as the official Python code does: one at a time, through the PyTorch twin.

    twin.py --train FOLDER --checkpoint model.pt --threads N [--official FOLDER] LIST OUTPUT

LIST is JSON Lines with `path`. OUTPUT.jsonl gets a line with label and scores for each, OUTPUT.npy the embeddings. The
official code imports more than this and looks up its model on a server, so its own start takes longer. --official takes the
official model itself in the twin's place, from a folder with the package `funasr` (of which only its models/emotion2vec, and
what that imports, need be there).

SPDX-License-Identifier: LGPL-2.1-or-later"""
import argparse
import json
import os
import sys

import numpy
import soundfile
import torch

RATE = 16000


def load(options):
    sys.path.append(options.train)
    import checkpoint
    import emotion2vec
    tensors = {name[len('d2v_model.'):] if name.startswith('d2v_model.') else name: tensor
               for name, tensor in torch.load(options.checkpoint, map_location='cpu')['model'].items()}
    folder = os.path.dirname(options.checkpoint)
    with open(os.path.join(folder, 'config.yaml'), encoding='utf-8') as file:
        settings = checkpoint.yaml.safe_load(file)['model_conf']
    with open(os.path.join(folder, 'tokens.txt'), encoding='utf-8') as file:
        labels = file.read().split('\n')
    if options.official:
        model = load_official(options.official, settings, len(labels))
        model.labels = labels
    else:
        model = emotion2vec.Emotion2vec(checkpoint.hyper_of(tensors, settings), labels)
    model.load_state_dict(tensors)
    return model.eval()


def load_official(folder, settings, classes):
    sys.path.insert(0, folder)
    from funasr.models.emotion2vec.model import Emotion2vec
    return Emotion2vec(model_conf=settings, vocab_size=classes)


def label(model, path):
    wave, rate = soundfile.read(path, dtype='float32')
    if rate != RATE:
        raise ValueError(f'{path}: {rate} Hz, not {RATE}')
    if hasattr(model, 'extract_features'):  # the official one, called as FunASR calls it
        wave = torch.from_numpy(wave)
        frames = model.extract_features(torch.nn.functional.layer_norm(wave, wave.shape)[None], padding_mask=None)['x']
        embedding = frames.mean(1)
        return embedding[0].numpy(), torch.softmax(model.proj(embedding), -1)[0].tolist()
    out = model(torch.from_numpy(wave))
    return out['utterance'][0].numpy(), out['scores'][0].tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ('train', 'checkpoint'):
        parser.add_argument('--' + name, required=True)
    parser.add_argument('--threads', type=int, required=True)
    parser.add_argument('--official')
    parser.add_argument('list')
    parser.add_argument('output')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = load(options)
    rows = []
    with open(options.list, encoding='utf-8') as items, open(options.output + '.jsonl', 'w', encoding='utf-8') as out, \
            torch.no_grad():
        for line in items:
            row, scores = label(model, json.loads(line)['path'])
            rows.append(row)
            best = max(range(len(scores)), key=scores.__getitem__)
            print(json.dumps({'label': model.labels[best], 'scores': scores}), file=out, flush=True)
    numpy.save(options.output + '.npy', numpy.stack(rows))


if __name__ == '__main__':
    main()
