"""gguf.py - takes a GGUF file apart and puts it together again, so that tests can damage it in meaningful ways.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import hashlib
import struct

SCALARS = {0: 'B', 1: 'b', 2: 'H', 3: 'h', 4: 'I', 5: 'i', 6: 'f', 7: '?', 10: 'Q', 11: 'q', 12: 'd'}
STRING, ARRAY = 8, 9
ALIGNMENT = 32


class Reader:
    def __init__(self, data):
        self.data, self.position = data, 0

    def scalar(self, code):
        value = struct.unpack_from('<' + code, self.data, self.position)[0]
        self.position += struct.calcsize('<' + code)
        return value

    def string(self):
        length = self.scalar('Q')
        self.position += length
        return self.data[self.position - length:self.position]

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            inner, count = self.scalar('I'), self.scalar('Q')
            return inner, [self.value(inner) for _ in range(count)]
        return self.scalar(SCALARS[kind])


def pack_string(text):
    return struct.pack('<Q', len(text)) + text


def pack_entry(name, kind, value):
    return pack_string(name.encode()) + struct.pack('<I', kind) + pack_value(kind, value)


def pack_value(kind, value):
    if kind == STRING:
        return pack_string(value)
    if kind == ARRAY:
        inner, items = value
        return struct.pack('<IQ', inner, len(items)) + b''.join(pack_value(inner, item) for item in items)
    return struct.pack('<' + SCALARS[kind], value)


class Gguf:
    """keys: {name: [kind, value]}; tensors: list of dictionaries name, dims (fastest first), kind, data."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            data = file.read()
        reader = Reader(data)
        assert data[:4] == b'GGUF'
        reader.position = 4
        self.version = reader.scalar('I')
        n_tensors, n_keys = reader.scalar('Q'), reader.scalar('Q')
        self.keys = {}
        for _ in range(n_keys):
            name = reader.string().decode()
            kind = reader.scalar('I')
            self.keys[name] = [kind, reader.value(kind)]
        self.tensors = []
        for _ in range(n_tensors):
            name = reader.string().decode()
            dims = [reader.scalar('Q') for _ in range(reader.scalar('I'))]
            self.tensors.append({'name': name, 'dims': dims, 'kind': reader.scalar('I'), 'offset': reader.scalar('Q')})
        start = reader.position + -reader.position % ALIGNMENT
        ends = [tensor['offset'] for tensor in self.tensors[1:]] + [len(data) - start]
        for tensor, end in zip(self.tensors, ends):
            size = {0: 4, 1: 2, 30: 2}[tensor['kind']]
            for dim in tensor['dims']:
                size *= dim
            tensor['data'] = data[start + tensor['offset']:start + tensor['offset'] + size]
            assert tensor['offset'] + size <= end

    def tensor(self, name):
        return next(tensor for tensor in self.tensors if tensor['name'] == name)

    def seal(self):
        """Makes the checksum of the metadata right again, as somebody would who means harm (docs/model-file.md)."""
        checksum = 'emotion2vec.checksum.metadata'
        entries = b''.join(pack_entry(name, *entry) for name, entry in self.keys.items() if name != checksum)
        self.keys[checksum][1] = hashlib.sha256(entries).hexdigest().encode()

    def write(self, path):
        head = b'GGUF' + struct.pack('<IQQ', self.version, len(self.tensors), len(self.keys))
        for name, (kind, value) in self.keys.items():
            head += pack_entry(name, kind, value)
        body = b''
        for tensor in self.tensors:
            head += pack_string(tensor['name'].encode()) + struct.pack('<I', len(tensor['dims']))
            head += b''.join(struct.pack('<Q', dim) for dim in tensor['dims'])
            head += struct.pack('<IQ', tensor['kind'], len(body))
            body += tensor['data'] + b'\0' * (-len(tensor['data']) % ALIGNMENT)
        with open(path, 'wb') as file:
            file.write(head + b'\0' * (-len(head) % ALIGNMENT) + body)
