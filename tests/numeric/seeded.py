"""seeded.py - the seeded weights of tests/reference/README.md, for the case that is too big to ship.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import numpy as np

import safetensors

GOLDEN = 0x9E3779B97F4A7C15
AUDIO = 'modality_encoders.AUDIO.'


def fnv1a(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def uniform(name, count, seed):
    """u of the recipe: `count` doubles in [-1, 1)."""
    base = fnv1a(name) ^ (seed * GOLDEN % 2**64)
    with np.errstate(over='ignore'):
        z = np.uint64(base) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1


def is_norm(name):
    return any(part in name for part in ('norm1', 'norm2', 'context_encoder.norm', 'project_features.1', '.2.1.'))


def matrix_gain(name):
    for part, gain in (('conv_layers', 1.4), ('relative_positional', 1.4), ('attn.qkv', 1.5), ('attn.proj', 1.0),
                       ('mlp.fc1', 1.3), ('mlp.fc2', 1.0), ('project_features.2', 1.0), ('proj.weight', 3.0)):
        if part in name:
            return gain
    raise ValueError(name)


def weight(name, shape, seed):
    """The tensor `name` as float32. Default gains only: all that the base-shape case uses."""
    u = uniform(name, int(np.prod(shape)), seed)
    if name.endswith('alibi_scale'):
        values = 0.7 + 0.6 * u
    elif name.endswith('extra_tokens'):
        values = u
    elif name.endswith('bias'):
        factor = 0.3 if name.endswith('attn.qkv.bias') else 0.2 if name == 'proj.bias' else 0.1
        values = factor * u
    elif len(shape) == 1:
        values = 1 + 0.3 * u
    else:
        fan = int(np.prod(shape[1:]))
        values = u * (np.sqrt(3.0) * (matrix_gain(name) / np.sqrt(float(fan))))
    return values.astype(np.float32).reshape(shape)


def block_shapes(prefix, dim, hidden):
    return {prefix + 'norm1.weight': (dim,), prefix + 'norm1.bias': (dim,),
            prefix + 'attn.qkv.weight': (3 * dim, dim), prefix + 'attn.qkv.bias': (3 * dim,),
            prefix + 'attn.proj.weight': (dim, dim), prefix + 'attn.proj.bias': (dim,),
            prefix + 'norm2.weight': (dim,), prefix + 'norm2.bias': (dim,),
            prefix + 'mlp.fc1.weight': (hidden, dim), prefix + 'mlp.fc1.bias': (hidden,),
            prefix + 'mlp.fc2.weight': (dim, hidden), prefix + 'mlp.fc2.bias': (dim,)}


def shapes(model, n_classes):
    """Official names and shapes for the hyper-parameters of a config.json."""
    dim, hidden = model['embed_dim'], int(model['embed_dim'] * model['mlp_ratio'])
    result = {AUDIO + 'extra_tokens': (1, model['num_extra_tokens'], dim),
              AUDIO + 'alibi_scale': (1, 1, model['num_heads'], 1, 1)}
    inputs = 1
    for i, (channels, kernel, _) in enumerate(model['conv_layers']):
        prefix = f'{AUDIO}local_encoder.conv_layers.{i}.'
        result.update({prefix + '0.weight': (channels, inputs, kernel),
                       prefix + '2.1.weight': (channels,), prefix + '2.1.bias': (channels,)})
        inputs = channels
    features = AUDIO + 'project_features.'
    result.update({features + '1.weight': (inputs,), features + '1.bias': (inputs,),
                   features + '2.weight': (dim, inputs), features + '2.bias': (dim,)})
    depth, groups = model['conv_pos_depth'], model['conv_pos_groups']
    kernel = max(3, model['conv_pos_width'] // depth)
    for j in range(1, depth + 1):
        prefix = f'{AUDIO}relative_positional_encoder.{j}.0.'
        result.update({prefix + 'weight': (dim, dim // groups, kernel), prefix + 'bias': (dim,)})
    for i in range(model['prenet_depth']):
        result.update(block_shapes(f'{AUDIO}context_encoder.blocks.{i}.', dim, hidden))
    result.update({AUDIO + 'context_encoder.norm.weight': (dim,), AUDIO + 'context_encoder.norm.bias': (dim,)})
    for i in range(model['depth']):
        result.update(block_shapes(f'blocks.{i}.', dim, hidden))
    result.update({'proj.weight': (n_classes, dim), 'proj.bias': (n_classes,)})
    return result


def check(config, all_shapes):
    """Holds the generator against config.json's recipe_check; returns the names that differ."""
    wrong = []
    for name, values in config['recipe_check']['first_values'].items():
        tensor = weight(name, all_shapes[name], config['seed'])
        total = tensor.astype(np.float64).sum()
        if not np.array_equal(tensor.ravel()[:len(values)], np.float32(values)) \
                or abs(total - config['recipe_check']['float64_sums'][name]) > 1e-6:
            wrong.append(name)
    return wrong


def write_checkpoint(path, config):
    """Writes the case's checkpoint as safetensors; raises ValueError if the recipe is not met."""
    all_shapes = shapes(config['model'], config['head_classes'])
    wrong = check(config, all_shapes)
    if wrong:
        raise ValueError('recipe_check fails for ' + ', '.join(wrong))
    safetensors.write(path, all_shapes, lambda name: weight(name, all_shapes[name], config['seed']))
