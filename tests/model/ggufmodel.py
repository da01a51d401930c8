"""ggufmodel.py - makes the PyTorch twin of a model file: the file's own weights, in the graph of model/train.

Written from docs/model-file.md and the names of the public checkpoints, not from our reader of model files.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import re
import sys

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'tools'))
sys.path.append(os.path.join(HERE, '..', '..', 'model', 'train'))
import emotion2vec  # noqa: E402
import gguf  # noqa: E402

AUDIO = 'modality_encoders.AUDIO.'
# what stands once in a model; the rest is numbered
NAMES = {'feature_norm': AUDIO + 'project_features.1', 'projection': AUDIO + 'project_features.2',
         'extra_tokens': AUDIO + 'extra_tokens', 'alibi_scale': AUDIO + 'alibi_scale',
         'prenet_norm': AUDIO + 'context_encoder.norm', 'head': 'proj'}
OF_A_BLOCK = {'qkv': 'attn.qkv', 'attn_proj': 'attn.proj', 'norm1': 'norm1', 'norm2': 'norm2', 'fc1': 'mlp.fc1',
              'fc2': 'mlp.fc2'}


def official_name(name, prenet):
    """The name that a checkpoint gives to the tensor NAME; PRENET blocks come first."""
    stem, dot, kind = name.rpartition('.')
    if not dot:
        return NAMES[name]
    if stem in NAMES:
        return f'{NAMES[stem]}.{kind}'
    room, number, *rest = stem.split('.')
    number = int(number)
    if room == 'conv':
        return AUDIO + f'local_encoder.conv_layers.{number}.{"2.1" if rest else "0"}.{kind}'
    if room == 'pos':
        return AUDIO + f'relative_positional_encoder.{number + 1}.0.{kind}'
    block = f'{AUDIO}context_encoder.blocks.{number}' if number < prenet else f'blocks.{number - prenet}'
    return f'{block}.{OF_A_BLOCK[rest[0]]}.{kind}'


def numbers(tensor):
    """The tensor's numbers in float32, slowest dimension first."""
    raw, shape = tensor['data'], tensor['dims'][::-1]
    if tensor['kind'] == 30:
        return (np.frombuffer(raw, '<u2').astype('u4') << 16).view('f4').reshape(shape)
    return np.frombuffer(raw, {0: '<f4', 1: '<f2'}[tensor['kind']]).astype('f4').reshape(shape)


def as_checkpoint(name, array):
    """The layout that a checkpoint has: kernels last, axes of length 1 where it has them."""
    if re.fullmatch(r'(conv|pos)\.\d+\.weight', name):
        return array.transpose(0, 2, 1)
    if name == 'extra_tokens':
        return array[None]
    if name == 'alibi_scale':
        return array[:, None, :, None, None]
    return array


def read_hyper(keys):
    """(hyper-parameters, labels, temperature)."""
    def value(name):
        kind, found = keys[f'emotion2vec.{name}']
        return found[1] if kind == gguf.ARRAY else found
    dim, classes = value('embedding_length'), value('class_count')
    rows, columns = value('alibi.layer_count'), value('alibi.head_count')
    hyper = emotion2vec.Hyper(
        embed_dim=dim, depth=value('main_block_count'), prenet_depth=value('prenet_block_count'),
        num_heads=value('attention.head_count'), mlp_ratio=value('feed_forward_length') / dim,
        norm_eps=value('attention.layer_norm_epsilon'), normalize=value('normalize'),
        num_extra_tokens=value('extra_token_count'),
        conv_layers=tuple(zip(value('conv.channels'), value('conv.kernels'), value('conv.strides'))),
        conv_pos_depth=value('position.layer_count'), conv_pos_kernel=value('position.kernel'),
        conv_pos_groups=value('position.group_count'), use_alibi=rows > 0, alibi_shape=(rows, 1, columns, 1, 1),
        classes=classes)
    labels = [label.decode() for label in value('labels')] if classes else []
    return hyper, labels, value('temperature') if classes else 1.0


def load(path):
    """The twin, ready for inference, and its temperature: scores are softmax(logits / temperature)."""
    file = gguf.Gguf(path)
    hyper, labels, temperature = read_hyper(file.keys)
    tensors = {official_name(tensor['name'], hyper.prenet_depth):
               torch.from_numpy(np.ascontiguousarray(as_checkpoint(tensor['name'], numbers(tensor))))
               for tensor in file.tensors}
    model = emotion2vec.Emotion2vec(hyper, labels)
    model.load_state_dict(tensors)
    return model.eval(), temperature
