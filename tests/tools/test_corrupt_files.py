#!/usr/bin/env python3
"""test_corrupt_files.py - damaged and hostile files of every kind: the error names the file and the problem.

Each table has (name, content, words of the message). Content is damaged in one place; the same file without the damage is converted
or shown. How long the slowest took is printed, and not judged: a machine may be slow.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import pickletools
import re
import struct
import sys
import time

import testkit
import torchfile
from gguf import Gguf, pack_entry, pack_string
from testkit import call
from torchfile import number, state_dict, view

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'numeric'))
import seeded  # noqa: E402

MODEL = {'embed_dim': 4, 'mlp_ratio': 1, 'num_extra_tokens': 1, 'num_heads': 2, 'depth': 1, 'prenet_depth': 1,
         'conv_layers': [[2, 10, 5], [2, 2, 2]], 'conv_pos_width': 3, 'conv_pos_depth': 1, 'conv_pos_groups': 2}
WEIGHTS = {name: seeded.weight(name, shape, 1) for name, shape in seeded.shapes(MODEL, 9).items()}
# what a message about a file that ends too early may say
CUT = r'ends|too short|damaged|neither|not a |leaves the file|runs past the end of the file|larger than the file|missing' \
      r'|has no data\.pkl'


def safetensors_bytes(arrays, change=lambda header: None):
    header, data = {}, b''
    for name, array in arrays.items():
        raw = array.tobytes()
        header[name] = {'dtype': 'F32', 'shape': list(array.shape), 'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    change(header)
    head = json.dumps(header).encode()
    return struct.pack('<Q', len(head)) + head + data


def zip_cuts(data):
    """Beginnings and ends of all parts of an archive."""
    signatures = (b'PK\3\4', b'PK\1\2', b'PK\5\6')
    starts = [match.start() for mark in signatures for match in re.finditer(re.escape(mark), data)]
    headers = [start + 30 + sum(struct.unpack_from('<HH', data, start + 26)) for start in starts
               if data[start:start + 4] == signatures[0]]
    return starts + headers + [len(data) - 1]


def stream_cuts(data, storages):
    """Behind each pickle, and around each storage's count and numbers."""
    cuts, end = [], 0
    for _ in range(5):
        end += max(position for _, _, position in pickletools.genops(data[end:])) + 1
        cuts.append(end)
    for floats in storages.values():
        cuts += [end, end + 8, end + 8 + floats.nbytes // 2]
        end += 8 + floats.nbytes
    return cuts + [len(data) - 1]


def safetensors_cuts(data, arrays):
    length, = struct.unpack_from('<Q', data)
    end, cuts = 8 + length, [8, 8 + length // 2, 8 + length]
    for array in arrays.values():
        end += array.nbytes
        cuts.append(end)
    return cuts[:-1] + [len(data) - 1]


def gguf_cuts(path):
    """Behind each part of the header, each key, each description of a tensor, and each tensor."""
    model, cuts = Gguf(path), [4, 8, 16, 24]
    for name, entry in model.keys.items():
        cuts.append(cuts[-1] + len(pack_entry(name, *entry)))
    for tensor in model.tensors:
        cuts.append(cuts[-1] + len(pack_string(tensor['name'].encode())) + 4 + 8 * len(tensor['dims']) + 4 + 8)
    start = cuts[-1] + -cuts[-1] % 32
    last = model.tensors[-1]
    return cuts + [start + tensor['offset'] for tensor in model.tensors] + [start + last['offset'] + len(last['data']) - 1]


def overlapping_zip():
    """Each weight has a storage of its own of 100 kB, and all are the same bytes of the file."""
    entries = [(name, view(str(i), 25000, 0, array.shape, torchfile.strides_of(array.shape)))
               for i, (name, array) in enumerate(WEIGHTS.items())]
    data = torchfile.as_zip(state_dict(entries), {'0': bytes(100000)})
    directory, last, end = data.index(b'PK\1\2'), data.rindex(b'PK\1\2'), data.index(b'PK\5\6')
    copies = b''
    for i in range(len(entries)):
        name = f'archive/data/{i}'.encode()
        copies += data[last:last + 28] + struct.pack('<H', len(name)) + data[last + 30:last + 46] + name
    count = struct.pack('<HH', len(entries) + 1, len(entries) + 1)
    place = struct.pack('<II', last - directory + len(copies), directory)
    return data[:last] + copies + data[end:end + 8] + count + place + data[end + 20:]


class CorruptFiles(testkit.ToolTest):
    slowest = (0, '')

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.entries, cls.storages = torchfile.pack(WEIGHTS)
        cls.zip = torchfile.as_zip(state_dict(cls.entries), cls.storages)
        cls.stream = torchfile.as_stream(state_dict(cls.entries), cls.storages)
        cls.safetensors = safetensors_bytes(WEIGHTS)

    @classmethod
    def tearDownClass(cls):
        print(f'slowest: {cls.slowest[1]}, {cls.slowest[0]:.2f} s')
        super().tearDownClass()

    def write(self, name, data):
        path = self.path(name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def read(self, name, data):
        """Converts a checkpoint, shows a model file."""
        path, output = self.write(name, data), self.path('output.gguf')
        start = time.monotonic()
        done = call('info', path) if name.endswith('.gguf') else call('convert', path, '-o', output)
        type(self).slowest = max(self.slowest, (time.monotonic() - start, name))
        self.assertEqual(os.path.exists(output), not name.endswith('.gguf') and done.returncode == 0)
        if done.returncode == 0 and os.path.exists(output):
            os.remove(output)
        return done

    def refused(self, name, data, pattern):
        with self.subTest(name=name):
            done = self.read(name, data)
            self.assertEqual(done.returncode, 1, done.stderr)
            message = done.stderr.strip().splitlines()[-1]
            self.assertIn(name, message)
            self.assertRegex(message.split(name)[-1], pattern)
            self.assertLess(len(message), 1000)

    def test_without_damage(self):
        for name, data in (('good.pt', self.zip), ('good-stream.pt', self.stream), ('good.safetensors', self.safetensors)):
            with self.subTest(name=name):
                self.check(self.read(name, data), 0)

    def test_cut_at_every_boundary(self):
        with open(self.model, 'rb') as file:
            model = file.read()
        for name, data, cuts in (('cut.pt', self.zip, zip_cuts(self.zip)),
                                 ('cut-stream.pt', self.stream, stream_cuts(self.stream, self.storages)),
                                 ('cut.safetensors', self.safetensors, safetensors_cuts(self.safetensors, WEIGHTS)),
                                 ('cut.gguf', model, gguf_cuts(self.model))):
            for cut in sorted({0, *cuts}):
                with self.subTest(cut=cut):
                    self.refused(name, data[:cut], CUT)

    def test_wrong_beginning(self):
        for name, data in (('magic.pt', b'PQ' + self.zip[2:]), ('magic-stream.pt', b'\x80\x02\x8a\x0b' + self.stream[4:]),
                           ('magic.safetensors', self.safetensors[:8] + b'[' + self.safetensors[9:]),
                           ('magic.gguf', b'GGML' + bytes(60)), ('text.pt', b'version https://git-lfs.github.com/spec/v1\n')):
            self.refused(name, data, 'neither|not a GGUF')

    def test_absurd_counts(self):
        def absurd_shape(header):
            next(iter(header.values()))['shape'] = [2**62, 4]
        last = self.zip.rindex(b'PK\5\6')
        count = struct.pack('<Q', len(self.storages['0']))
        at = self.stream.rindex(b'e.') + 2
        self.assertEqual(self.stream[at:at + 8], count)
        size = struct.pack('<II', *[self.storages['0'].nbytes] * 2)
        for name, data, words in (
                ('keys.gguf', b'GGUF' + struct.pack('<IQQ', 3, 0, 2**63) + bytes(64), 'absurd count of 9223372036854775808'),
                ('tensors.gguf', b'GGUF' + struct.pack('<IQQ', 3, 2**64 - 1, 0) + bytes(64), 'absurd count'),
                ('array.gguf', b'GGUF' + struct.pack('<IQQ', 3, 0, 1) + pack_string(b'k') + struct.pack('<IIQ', 9, 4, 2**62)
                 + bytes(64), "'k'"),
                ('entries.pt', self.zip[:last + 8] + b'\xff\xff\xff\xff' + self.zip[last + 12:], 'damaged'),
                ('size.pt', self.zip.replace(size, struct.pack('<II', 2**32 - 2, 2**32 - 2)), 'larger than the file'),
                ('count-stream.pt', self.stream[:at] + struct.pack('<Q', 2**61) + self.stream[at + 8:], 'ends within storage'),
                ('header.safetensors', struct.pack('<Q', 2**63) + self.safetensors[8:], 'neither'),
                ('shape.safetensors', safetensors_bytes(WEIGHTS, absurd_shape), 'absurd shape'),
                ('long.pt', torchfile.as_zip(b'\x80\x02\x8b\xff\xff\xff\x7f\x00.', {}), 'ends too early|integer'),
                ('memo.pt', torchfile.as_zip(b'\x80\x02Nr\xff\xff\xff\xff.', {}), 'absurd number 4294967295'),
                ('string.pt', torchfile.as_zip(b'\x80\x04\x8d' + b'\xff' * 8 + b'x.', {}), 'ends too early')):
            self.refused(name, data, words)

    def test_overlapping(self):
        first, second = list(WEIGHTS)[:2]

        def same_place(header):
            header[second] = dict(header[first])
        model = b'GGUF' + struct.pack('<IQQ', 3, 2, 0)
        for name in (b'a', b'b'):
            model += pack_string(name) + struct.pack('<IQIQ', 1, 8, 0, 0)
        self.refused('overlap.gguf', model + bytes(-len(model) % 32 + 32), "'b'.*(overlap|expected)|'a'.*(overlap|expected)")
        self.refused('overlap.safetensors', safetensors_bytes(WEIGHTS, same_place), 'overlaps another one')
        self.refused('overlap.pt', overlapping_zip(), 'entries overlap')

    def test_wrong_shapes(self):
        name, other = 'blocks.0.attn.qkv.weight', {**WEIGHTS}
        other[name] = other[name].reshape(4, 12)
        for file, data in (('shape.safetensors', safetensors_bytes(other)),
                           ('shape.pt', torchfile.as_zip(state_dict(torchfile.pack(other)[0]), self.storages))):
            self.refused(file, data, r"'blocks.0.attn.qkv.weight' has the shape \[4, 12\] instead of \[12, 4\]")
        tokens, shape = 'modality_encoders.AUDIO.extra_tokens', [1, 1, 4]
        for words, size, stored, offset, strides in (
                ('leaves its storage', 4, 4, 1, [4, 4, 1]), ('leaves its storage', 4, 4, 0, [4, 4, 2]),
                ('more elements', 2, 2, 0, [0, 0, 0]), ('strides are absurd', 4, 4, 1, [1, 1, 2**63 - 1]),
                ('has 40 bytes instead of 4 elements', 4, 10, 0, [4, 4, 1])):
            entries = [(name, view('x', size, offset, shape, strides) if name == tokens else value)
                       for name, value in self.entries]
            storages = {**self.storages, 'x': bytes(4 * stored)}
            self.refused('view.pt', torchfile.as_zip(state_dict(entries), storages), f"'{tokens}': .*{words}")
        entries = [(name, view('0', 4, 0, [2**40, 2**40], [1, 1]) if name == tokens else value) for name, value in self.entries]
        self.refused('view.pt', torchfile.as_zip(state_dict(entries), self.storages), f"'{tokens}' has 2 dimensions")

    def test_bombs(self):
        zeros = bytes(64 << 20)
        bomb = torchfile.as_zip(zeros, {}, torchfile.zipfile.ZIP_DEFLATED)
        self.assertLess(len(bomb), 1 << 20)
        self.refused('bomb.pt', bomb, 'data.pkl.*compressed')
        long = torchfile.as_zip(bytes(65 << 20), {})
        self.refused('big.pt', long, 'data.pkl.*at most 67108864 make sense')
        deep = b'\x80\x02' + b'(' * 900000 + b't' * 900000 + b'.'
        self.refused('deep.pt', torchfile.as_zip(deep, {}), 'no dictionary')
        self.refused('nested.safetensors', struct.pack('<Q', 600000) + b'{"a":' + b'[' * 599995, 'nested')
        many = b'{"x":[' + b'1,' * 500000 + b'1]}'
        self.refused('many.safetensors', struct.pack('<Q', len(many)) + many, 'more than 100000 values')

    def test_tensors_that_take_turns(self):
        """Every other tensor in one of two storages: each storage is read once, not once for each tensor."""
        entries, storages = torchfile.pack(WEIGHTS, lambda i: str(i % 2), 100000)
        self.check(self.read('turns.pt', torchfile.as_zip(state_dict(entries), storages)), 0)

    def test_nothing_is_executed(self):
        proof = self.path('proof')
        system = b"cos\nsystem\n(S'touch " + proof.encode() + b"'\ntR"
        name, rest = self.entries[0][0], self.entries[1:]
        for file, make in (('system.pt', torchfile.as_zip), ('system-stream.pt', torchfile.as_stream)):
            self.refused(file, make(b'\x80\x02' + system + b'.', {}), 'os.system')
            storages = {key: floats for key, floats in self.storages.items() if key != '0'}
            self.refused(file, make(state_dict([(name, system)] + rest), storages), 'os.system')
        self.assertFalse(os.path.exists(proof))

    def test_files_beside_the_checkpoint(self):
        folder = self.path('folder')
        os.makedirs(folder)
        with open(os.path.join(folder, 'model.pt'), 'wb') as file:
            file.write(self.zip)
        for name, text, words in (
                ('config.json', '{"model":{"x":[' + '1,' * 500000 + '1]}}', 'more than 100000 values'),
                ('config.json', '{"feature_encoder_spec":[' + '1,' * 90000 + '1]}', 'feature_encoder_spec.*makes no sense'),
                ('config.json', '[' * 500000, 'nested'), ('config.json', ' ' * (1 << 21), 'bytes'),
                ('config.json', '{"depth": "\xff}', 'UTF-8'), ('config.yaml', '[' * 500000, 'nested'),
                ('config.yaml', 'depth: 99999999999999999999\n', 'depth.*makes no sense'),
                ('config.yaml', ''.join(f'%TAG !{i}! a\n' for i in range(50000)), '%TAG'),
                ('config.yaml', 'model_conf: {depth: ', 'damaged YAML'), ('tokens.txt', 'a\n' * 500000, '500000 labels'),
                ('tokens.txt', 'a\0b\n', 'UTF-8|NUL')):
            path = os.path.join(folder, name)
            with self.subTest(name=name, words=words):
                with open(path, 'w', encoding='latin-1') as file:
                    file.write(text)
                start = time.monotonic()
                done = call('convert', folder, '-o', self.path('output.gguf'))
                type(self).slowest = max(self.slowest, (time.monotonic() - start, f'{name}: {words}'))
                os.remove(path)
                self.check(done, 1, name)
                self.assertRegex(done.stderr, words)
                self.assertLess(len(done.stderr), 1000)


if __name__ == '__main__':
    testkit.main()
