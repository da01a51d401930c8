#!/usr/bin/env python3
"""make_corpus.py - writes the seeds of the fuzz targets: good files of a tiny model, and files that are broken on purpose.

    make_corpus.py EMOTION2VEC-MODEL

EMOTION2VEC-MODEL is the tool, which converts the tiny checkpoint into a model file. Files in corpus/ that are named
found-* came from the fuzzer and are left alone; all others are written anew (torch names the storages of its older
container by their addresses, so those files differ each time). Needs numpy and PyTorch.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import collections
import io
import json
import math
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'numeric'), str(HERE.parent / 'tools')]
import gguf  # noqa: E402
import safetensors  # noqa: E402
import seeded  # noqa: E402

MODEL = {'embed_dim': 4, 'mlp_ratio': 1, 'num_extra_tokens': 1, 'num_heads': 2, 'depth': 1, 'prenet_depth': 1,
         'conv_layers': [[2, 3, 2], [2, 2, 2]], 'conv_pos_width': 3, 'conv_pos_depth': 1, 'conv_pos_groups': 2}
SHAPES = seeded.shapes(MODEL, 9)
LABELS = ['生气/angry', '厌恶/disgusted', '恐惧/fearful', '开心/happy', '中立/neutral', '其他/other', '难过/sad',
          '吃惊/surprised', '<unk>']
CONFIG_YAML = """\
# as the public models have it
model: Emotion2vec
model_conf: {loss_beta: 0.0, norm_eps: 1.0e-05, num_heads: 2, embed_dim: 4, depth: 1, layer_norm_first: false,
  modalities: {audio: {type: AUDIO, prenet_depth: 1, num_alibi_heads: 2, use_alibi_encoder: true, conv_pos_depth: 1,
      conv_pos_width: 3, conv_pos_groups: 2, num_extra_tokens: 1, alibi_scale: 1.0,
      feature_encoder_spec: '[(2, 3, 2)] + [(2, 2, 2)] * 1'}}}
scope_map: ['d2v_model.', none]
"""


def write(target, name, data):
    (HERE / 'corpus' / target / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def with_cuts(target, name, data, parts=(2, 3, 10)):
    """The file, and what is left of it when it is cut short."""
    write(target, name, data)
    for part in parts:
        write(target, f'cut-{part}-{name}', data[:len(data) // part])
    write(target, f'cut-last-{name}', data[:-1])


def weights():
    """All tensors, as views of one storage: a storage of its own for each would make the files large."""
    arrays = {name: seeded.weight(name, shape, 1) for name, shape in SHAPES.items()}
    block = torch.from_numpy(np.concatenate([array.ravel() for array in arrays.values()]))
    views, offset = collections.OrderedDict(), 0
    for name, array in arrays.items():
        views[name] = block[offset:offset + array.size].view(array.shape)
        offset += array.size
    return views


class Namespace:
    """Stands for the classes that fairseq's checkpoints contain and that no reader may need."""

    def __init__(self, **fields):
        self.__dict__.update(fields)


def training_checkpoint():
    audio = {'prenet_depth': 1, 'num_alibi_heads': 2, 'feature_encoder_spec': '[(2, 3, 2)] + [(2, 2, 2)]'}
    content = {'model': {'num_heads': 2, 'depth': 1, 'modalities': {'audio': audio}}, 'task': {'normalize': True}}
    cfg = Namespace(_content=content)
    named = collections.OrderedDict(('d2v_model.' + name, tensor) for name, tensor in weights().items())
    moments = {'state': {0: {'step': 3, 'exp_avg': torch.zeros(3, dtype=torch.float16)}}}
    return {'args': Namespace(seed=1, lr=[0.5], none=None), 'cfg': cfg, 'model': named, 'last_optimizer_state': moments,
            'extra_state': {'epoch': 3, 'loss': 0.25, 'big': 1 << 80, 'set': {1, 2}, 'bytes': b'\0\xff'}}


def saved(thing, zipped):
    file = io.BytesIO()
    torch.save(thing, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def small_things():
    shared = torch.arange(12, dtype=torch.float32)
    return collections.OrderedDict(a=shared[2:8].view(2, 3).t(), b=shared, half=torch.ones(2, dtype=torch.float16),
                                   brain=torch.ones(2, dtype=torch.bfloat16), double=torch.ones(2, dtype=torch.float64),
                                   whole=torch.tensor([7]), parameter=torch.nn.Parameter(torch.zeros(1)))


def zip_of(entries, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', method) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def safetensors_of(header, data=b''):
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack('<Q', len(text)) + text + data


def gguf_of(keys, tensors, data=b'', n_keys=None, n_tensors=None):
    """keys and tensors as bytes, so that they can be wrong."""
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors) if n_tensors is None else n_tensors,
                                 len(keys) if n_keys is None else n_keys)
    head += b''.join(keys) + b''.join(tensors)
    return head + b'\0' * (-len(head) % gguf.ALIGNMENT) + data


def text_of(text):
    return gguf.pack_string(text.encode())


def key_of(name, kind, value):
    return text_of(name) + struct.pack('<I', kind) + gguf.pack_value(kind, value)


def tensor_of(name, dims, kind=0, offset=0):
    return text_of(name) + struct.pack(f'<I{len(dims)}QIQ', len(dims), *dims, kind, offset)


def gguf_files():
    one, every = tensor_of('a', [2, 4]), [key_of(f'k{kind}', kind, 1) for kind in (0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12)]
    every += [key_of('s', 8, b'text'), key_of('as', 9, (8, [b'x', b'']))]
    every += [key_of('au', 9, (4, [1, 2])), key_of('af', 9, (6, [0.5])), key_of('empty', 9, (4, []))]
    with_cuts('gguf', 'every-type', gguf_of(every, [one, tensor_of('b', [3], 1, 32)], b'\0' * 38 + b'\0' * 26))
    write('gguf', 'no-magic', b'GGUX' + b'\0' * 20)
    write('gguf', 'absurd-keys', gguf_of([], [], n_keys=2**63))
    write('gguf', 'absurd-tensors', gguf_of([], [], n_tensors=2**64 - 1))
    write('gguf', 'twice-key', gguf_of([key_of('k', 4, 1)] * 2, []))
    write('gguf', 'twice-tensor', gguf_of([], [one, one], b'\0' * 32))
    write('gguf', 'overlap', gguf_of([], [one, tensor_of('b', [8])], b'\0' * 32))
    write('gguf', 'overflow', gguf_of([], [tensor_of('a', [2**32, 2**32, 4])], b'\0' * 32))
    write('gguf', 'beyond', gguf_of([], [tensor_of('a', [8], 0, 2**63)], b'\0' * 32))
    write('gguf', 'zero-dim', gguf_of([], [tensor_of('a', [0, 4])]))
    write('gguf', 'many-dims', gguf_of([], [tensor_of('a', [1] * 9)], b'\0' * 32))
    write('gguf', 'array-of-arrays', gguf_of([text_of('k') + struct.pack('<IIQ', 9, 9, 2**60)], []))
    write('gguf', 'long-string', gguf_of([text_of('k') + struct.pack('<IQ', 8, 2**64 - 8)], []))
    write('gguf', 'not-utf8', gguf_of([text_of('k') + struct.pack('<I', 8) + gguf.pack_string(b'\xc3\x28')], []))
    write('gguf', 'alignment-3', gguf_of([key_of('general.alignment', 4, 3)], []))


def model_files(model):
    """model: path of a model file."""
    with_cuts('model', 'tiny', pathlib.Path(model).read_bytes(), (2,))

    def changed(name, change):
        file = gguf.Gguf(model)
        change(file)
        with tempfile.NamedTemporaryFile() as copy:
            file.write(copy.name)
            write('model', name, pathlib.Path(copy.name).read_bytes())

    for key, value in (('main_block_count', 250), ('embedding_length', 16384), ('class_count', 65536),
                       ('attention.head_count', 3), ('position.layer_count', 0), ('alibi.layer_count', 2),
                       ('selftest.sample_count', 2**32 - 1)):
        changed('wrong-' + key.replace('.', '-'), lambda file: file.keys['emotion2vec.' + key].__setitem__(1, value))
    changed('nan', lambda file: file.tensors[0].update(data=b'\xff' * len(file.tensors[0]['data'])))
    changed('surplus', lambda file: file.tensors.append(dict(file.tensors[0], name='surplus')))
    changed('no-labels', lambda file: file.keys.pop('emotion2vec.labels'))


def head_of(change=lambda keys: None, dims=(3, 2)):
    """The file of a head; its checksums are filled in by the target."""
    name, tensors = 'emotion2vec-head.', ['head.weight', 'head.bias']
    keys = {'general.architecture': (8, b'emotion2vec-head'), 'general.name': (8, b'calls'),
            name + 'training': (8, b'4 clips'), name + 'model.name': (8, b'tiny'), name + 'model.checksum': (8, b'0' * 64),
            name + 'file_version': (4, 1), name + 'embedding_length': (4, 2), name + 'class_count': (4, 3),
            name + 'labels': (9, (8, [b'a', b'b/angry', b'<unk>'])), name + 'temperature': (12, 1.5),
            name + 'model.selftest.signal_version': (4, 1), name + 'model.selftest.sample_count': (4, 400),
            name + 'model.selftest.utterance': (9, (6, [0.5, -1.0])),
            name + 'checksum.tensors': (9, (8, [f'{"0" * 64}  {tensor}'.encode() for tensor in tensors])),
            name + 'checksum.metadata': (8, b'0' * 64)}
    change(keys)
    return gguf_of([key_of(key, *value) for key, value in keys.items()],
                   [tensor_of(tensors[0], dims[::-1]), tensor_of(tensors[1], dims[:1], 0, 32)],
                   struct.pack('<6f8x3f', 1, 2, 3, 4, 5, 6, 7, 8, 9))


def head_files():
    with_cuts('head', 'tiny', head_of(), (2,))
    write('head', 'wrong-shape', head_of(dims=(2, 3)))
    for key, kind, value in (('embedding_length', 4, 2**32 - 1), ('class_count', 4, 2**32 - 1), ('temperature', 12, 0.0),
                             ('temperature', 8, b'1'), ('labels', 9, (8, [b'a', b'a', b'b'])),
                             ('model.selftest.sample_count', 4, 0), ('model.selftest.utterance', 9, (6, [math.nan, 0.0]))):
        write('head', f'wrong-{key}-{kind}',
              head_of(lambda keys: keys.update({'emotion2vec-head.' + key: (kind, value)})))
    write('head', 'model', head_of(lambda keys: keys.update({'general.architecture': (8, b'emotion2vec')})))


def zip_files():
    small = pickle.dumps({'a': 1}, 2)
    with_cuts('zip', 'small-things', saved(small_things(), True), (2,))
    write('zip', 'empty', zip_of([]))
    write('zip', 'no-pickle', zip_of([('a/data/0', b'1234')]))
    write('zip', 'two-pickles', zip_of([('a/data.pkl', small), ('b/data.pkl', small)]))
    write('zip', 'bomb', zip_of([('a/data.pkl', small), ('a/data/0', b'\0' * 4_000_000)], zipfile.ZIP_DEFLATED))
    write('zip', 'twice', zip_of([('a/data.pkl', small), ('a/data/0', b'12'), ('a/data/0', b'34')]))
    good = zip_of([('a/data.pkl', small), ('a/data/0', b'12345678')])
    write('zip', 'good', good)
    write('zip', 'wrong-checksum', good.replace(b'12345678', b'12345679'))
    size = struct.pack('<II', 8, 8)
    write('zip', 'wrong-size', good.replace(size, struct.pack('<II', 2**32 - 2, 2**32 - 2)))
    write('zip', 'wrong-directory', good.replace(size, struct.pack('<II', 9, 8)))


def stream_files():
    small = saved(small_things(), False)
    with_cuts('stream', 'small-things', small)
    write('stream', 'wrong-version', small.replace(pickle.dumps(1001, 2), pickle.dumps(1002, 2), 1))
    write('stream', 'wrong-count', small.replace(struct.pack('<Q', 12), struct.pack('<Q', 2**61), 1))
    write('stream', 'training', saved({'cfg': Namespace(_content={}), 'model': small_things()}, False))


def pickle_files():
    loop = []
    loop.append(loop)
    plain = {'a': [1, -2, 1 << 40, 1 << 100, 0.5, True, None], 'b': ('x', b'y', 'ä'), 'c': {1}, 'd': frozenset([2]),
             'namespace': Namespace(x=1), 'loop': loop}
    for protocol in range(6):
        write('pickle', f'protocol-{protocol}', pickle.dumps(plain, protocol))
    with_cuts('pickle', 'config', pickle.dumps(training_checkpoint()['cfg'], 2))
    write('pickle', 'os-system', b'cos\nsystem\n(S\'echo fault\'\ntR.')
    write('pickle', 'deep', b'\x80\x02' + b'(' * 3000 + b't' * 3000 + b'.')
    write('pickle', 'deep-lists', b']' * 2000 + b'a' * 1999 + b'.')
    write('pickle', 'long-memo', b'\x80\x02K\x01r\xff\xff\xff\xff.')
    write('pickle', 'long-get', b'\x80\x02j\xff\xff\xff\xff.')
    write('pickle', 'long-string', b'\x80\x04\x8d' + b'\xff' * 8 + b'x.')
    write('pickle', 'long-frame', b'\x80\x04\x95' + b'\xff' * 8 + b'N.')
    write('pickle', 'long-integer', b'\x80\x02\x8b\xff\xff\xff\x7f\x00.')
    write('pickle', 'empty-stack', b'\x80\x020.')
    write('pickle', 'no-mark', b'\x80\x02NNt.')
    write('pickle', 'odd-items', b'\x80\x02}(K\x01u.')
    # a tensor whose strides and offset leave its storage
    storage = b'((S\'storage\'\nctorch\nFloatStorage\nS\'0\'\nS\'cpu\'\nK\x04tQ'
    rebuild = b'ctorch._utils\n_rebuild_tensor_v2\n' + storage
    write('pickle', 'view-good', rebuild + b'K\x00(K\x02K\x02t(K\x02K\x01t\x89NtR.')
    write('pickle', 'view-beyond', rebuild + b'K\x03(K\x02K\x02t(K\x02K\x01t\x89NtR.')
    write('pickle', 'view-repeats', rebuild + b'K\x00(K\x04K\x04t(K\x00K\x00t\x89NtR.')
    huge = b'\x8a\x08' + b'\xff' * 7 + b'\x7f'
    write('pickle', 'view-overflow', rebuild + huge + b'(' + huge * 2 + b't(' + huge * 2 + b't\x89NtR.')


def safetensors_files():
    entry = {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}
    types = {kind: {'dtype': kind, 'shape': [1], 'data_offsets': [at, at + size]}
             for kind, size, at in (('F64', 8, 0), ('F32', 4, 8), ('F16', 2, 12), ('BF16', 2, 14), ('I64', 8, 16))}
    with_cuts('safetensors', 'types', safetensors_of({'__metadata__': {'format': 'pt'}, **types}, b'\0' * 24))
    write('safetensors', 'empty', safetensors_of({}))
    write('safetensors', 'overlap', safetensors_of({'a': entry, 'b': entry}, b'\0' * 8))
    write('safetensors', 'gap', safetensors_of({'a': dict(entry, data_offsets=[8, 16])}, b'\0' * 16))
    write('safetensors', 'turned', safetensors_of({'a': dict(entry, data_offsets=[8, 0])}, b'\0' * 8))
    write('safetensors', 'overflow', safetensors_of({'a': dict(entry, shape=[2**62, 4])}, b'\0' * 8))
    write('safetensors', 'negative', safetensors_of({'a': dict(entry, shape=[-2])}, b'\0' * 8))
    write('safetensors', 'fraction', safetensors_of({'a': dict(entry, shape=[2.5])}, b'\0' * 8))
    write('safetensors', 'wrong-kinds', safetensors_of({'a': dict(entry, dtype=3, shape='x')}, b'\0' * 8))
    write('safetensors', 'twice', safetensors_of('{"a":%s,"a":%s}' % ((json.dumps(entry),) * 2), b'\0' * 8))
    write('safetensors', 'escapes', safetensors_of('{"a\\ud83d\\ude00\\"\\u0041":%s}' % json.dumps(entry), b'\0' * 8))
    write('safetensors', 'half-pair', safetensors_of('{"a\\ud83d":%s}' % json.dumps(entry), b'\0' * 8))
    write('safetensors', 'octal', safetensors_of('{"a\\255":%s}' % json.dumps(entry), b'\0' * 8))
    write('safetensors', 'long-header', struct.pack('<Q', 2**63) + b'{}')
    write('safetensors', 'deep', safetensors_of('{"a":' + '[' * 3000 + ']' * 3000 + '}'))
    write('safetensors', 'not-json', safetensors_of('{"a":'))


def sidecar_files():
    with_cuts('sidecar', 'config.yaml', CONFIG_YAML.encode(), (2,))
    config = {'model_conf': {'num_heads': 2, 'conv_layers': MODEL['conv_layers'], 'norm_eps': 1e-5,
                             'modalities': {'audio': {'prenet_depth': 1, 'use_alibi_encoder': True}}}}
    with_cuts('sidecar', 'config.json', json.dumps(config).encode(), (2,))
    write('sidecar', 'anchors.yaml', 'a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nmodel: {<<: *c, depth: *a}\n')
    write('sidecar', 'deep.yaml', '[' * 500)
    write('sidecar', 'deep.json', '{"a":' * 500 + '1' + '}' * 500)
    write('sidecar', 'comment.json', '{/*"*/"a":' + '[' * 500)
    write('sidecar', 'single-quote.json', '{\'"\':1,"a":' + '[' * 500)
    write('sidecar', 'two-values.json', '{"a":{"b":1}}' * 2)
    write('sidecar', 'directives.yaml', ''.join(f'%TAG !{i}! a\n' for i in range(20)) + '--- a\n')
    write('sidecar', 'long-key.yaml', 'x' * 300 + ': 1\n? ' + 'y' * 100 + '\n: 2\n')
    write('sidecar', 'two-documents.yaml', '---\ndepth: 1\n---\ndepth: 2\n')
    write('sidecar', 'sequence-key.yaml', '? [a, b]\n: {depth: 1}\ndepth: [1]\n')
    write('sidecar', 'wrong-count', 'depth: 99999999999999999999\n')
    write('sidecar', 'wrong-spec', 'conv_layers: "[(2,3,2)] * 999999999 + [(4,4"\n')
    write('sidecar', 'wrong-eps', 'norm_eps: nan\n')
    write('sidecar', 'not-utf8', b'{"depth": "\xff"}')
    write('sidecar', 'not-utf8.yaml', b'depth: "\xff\xfe"\n')
    write('sidecar', 'nul.json', b'{"depth\0": 1}')


def tokens_files():
    write('tokens', 'official', '\n'.join(LABELS))
    write('tokens', 'dos', '\ufeff' + '\r\n'.join(LABELS) + '\r\n\r\n')
    write('tokens', 'empty', '')
    write('tokens', 'empty-line', 'a\n\nb\n')
    write('tokens', 'nul', b'a\0b\n')
    write('tokens', 'not-utf8', b'\xff\xfea\n')


def convert_files(checkpoint):
    """checkpoint: the tiny model as safetensors."""
    with_cuts('convert', 'tiny.safetensors', checkpoint, (2,))
    with_cuts('convert', 'tiny-zip.pt', saved(weights(), True), (2,))
    with_cuts('convert', 'training.pt', saved(training_checkpoint(), False), (2,))
    write('convert', 'small-things.pt', saved(small_things(), False))
    write('convert', 'state-dict.pt', saved({'state_dict': {'module.' + n: w for n, w in weights().items()}}, False))
    write('convert', 'empty', b'')
    write('convert', 'text', b'version https://git-lfs.github.com/spec/v1\n')


def main():
    for target in ('gguf', 'model', 'head', 'zip', 'stream', 'pickle', 'safetensors', 'sidecar', 'tokens', 'convert'):
        (HERE / 'corpus' / target).mkdir(parents=True, exist_ok=True)
        for old in (HERE / 'corpus' / target).iterdir():
            if not old.name.startswith('found-'):
                old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint, model = pathlib.Path(scratch, 'tiny.safetensors'), pathlib.Path(scratch, 'tiny.gguf')
        safetensors.write(checkpoint, SHAPES, lambda name: seeded.weight(name, SHAPES[name], 1))
        subprocess.run([sys.argv[1], 'convert', checkpoint, '-o', model], check=True)
        gguf_files()
        model_files(model)
        convert_files(checkpoint.read_bytes())
    head_files()
    zip_files()
    stream_files()
    pickle_files()
    safetensors_files()
    sidecar_files()
    tokens_files()


if __name__ == '__main__':
    sys.exit(main())
