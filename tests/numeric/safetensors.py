"""safetensors.py - reads and writes the safetensors container with numpy alone.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json

import numpy as np

DTYPES = {'F64': '<f8', 'F32': '<f4', 'F16': '<f2'}


def read(path):
    """Returns {name: array} of all tensors of the file."""
    with open(path, 'rb') as file:
        length = int.from_bytes(file.read(8), 'little')
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == '__metadata__':
            continue
        begin, end = entry['data_offsets']
        tensors[name] = np.frombuffer(data[begin:end], DTYPES[entry['dtype']]).reshape(entry['shape'])
    return tensors


def write(path, shapes, make):
    """Writes float32 tensors one after the other, so that a big file needs little memory.

    shapes: {name: shape}; make: function that gives the float32 array of a name."""
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 4 * int(np.prod(shape))
        header[name] = {'dtype': 'F32', 'shape': list(shape), 'data_offsets': [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(len(text).to_bytes(8, 'little') + text)
        for name in shapes:
            file.write(np.ascontiguousarray(make(name), '<f4').tobytes())
