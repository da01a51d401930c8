"""torchfile.py - writes checkpoints as torch.save does, in both containers, without PyTorch and with any fault one likes.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import io
import struct
import zipfile

import numpy as np

MAGIC = b'\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.'


def text(string):
    data = string.encode()
    return b'X' + struct.pack('<I', len(data)) + data


def number(value):
    return b'\x8a\x08' + struct.pack('<q', value)


def numbers(values):
    return b'(' + b''.join(number(value) for value in values) + b't'


def view(key, n_elements, offset, shape, strides):
    """A float tensor as a pickle says it."""
    storage = b'(' + text('storage') + b'ctorch\nFloatStorage\n' + text(key) + text('cpu') + number(n_elements) + b'tQ'
    return (b'ctorch._utils\n_rebuild_tensor_v2\n(' + storage + number(offset) + numbers(shape) + numbers(strides)
            + b'\x89ccollections\nOrderedDict\n)RtR')


def strides_of(shape):
    return [int(np.prod(shape[i + 1:])) for i in range(len(shape))]


def state_dict(entries):
    """The pickle of a dictionary; entries: [(name, pickled value)]."""
    return b'\x80\x02}(' + b''.join(text(name) + value for name, value in entries) + b'u.'


def pack(arrays, key_of=str, padding=0):
    """Returns (entries of a state dict, {key: floats}): tensor i lies in the storage key_of(i), one behind the other, and
    `padding` floats behind the last."""
    storages = {}
    for i, array in enumerate(arrays.values()):
        storages.setdefault(key_of(i), []).append(array.astype('<f4').ravel())
    flat = {key: np.concatenate(parts + [np.zeros(padding, '<f4')]) for key, parts in storages.items()}
    entries, ends = [], dict.fromkeys(flat, 0)
    for i, (name, array) in enumerate(arrays.items()):
        key = key_of(i)
        entries.append((name, view(key, len(flat[key]), ends[key], array.shape, strides_of(array.shape))))
        ends[key] += array.size
    return entries, flat


def as_zip(pickled, storages, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', method) as archive:
        archive.writestr('archive/data.pkl', pickled)
        for key, floats in storages.items():
            archive.writestr(f'archive/data/{key}', floats if isinstance(floats, bytes) else floats.tobytes())
    return file.getvalue()


def as_stream(pickled, storages):
    """The older container; `storages` in order."""
    system = state_dict([('protocol_version', number(1001)), ('little_endian', b'\x88')])
    keys = b'\x80\x02](' + b''.join(text(key) for key in storages) + b'e.'
    data = b''.join(struct.pack('<Q', len(floats)) + floats.tobytes() for floats in storages.values())
    return MAGIC + b'\x80\x02' + number(1001) + b'.' + system + pickled + keys + data
