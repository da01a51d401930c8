#!/usr/bin/env python3
"""test_wrong_weights.py - a model file that was changed in any way is refused, and the message names the fault.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import testkit
from gguf import Gguf
from testkit import call


class WrongWeights(testkit.ToolTest):
    tensor_name = 'blk.1.fc1.weight'

    def refused(self, change, *words):
        """Writes a changed copy; both who shows and who runs a model refuse it with these words."""
        model = Gguf(self.model)
        change(model)
        path = self.path('changed.gguf')
        model.write(path)
        for arguments in (['info', path], ['run', path, self.audio, '--device', 'ref']):
            self.check(call(*arguments), 1, *words)

    def test_unchanged_copy_is_accepted(self):
        path = self.path('copy.gguf')
        Gguf(self.model).write(path)
        self.check(call('info', path), 0)

    def test_renamed_tensor(self):
        def change(model):
            model.tensor(self.tensor_name)['name'] = 'blk.1.fc9.weight'
        self.refused(change, 'blk.1.fc')

    def test_dropped_tensor(self):
        self.refused(lambda model: model.tensors.remove(model.tensor(self.tensor_name)), self.tensor_name)

    def test_surplus_tensor(self):
        def change(model):
            model.tensors.append(dict(model.tensor(self.tensor_name), name='stowaway'))
        self.refused(change, 'stowaway')

    def test_resized_tensor(self):
        def change(model):
            tensor = model.tensor(self.tensor_name)
            tensor['dims'][1] -= 1
            tensor['data'] = tensor['data'][:-4 * tensor['dims'][0]]
        self.refused(change, self.tensor_name)

    def test_transposed_tensor(self):
        self.refused(lambda model: model.tensor(self.tensor_name)['dims'].reverse(), self.tensor_name)

    def test_two_tensors_exchanged(self):
        def change(model):
            first, second = model.tensor('blk.0.fc1.weight'), model.tensor('blk.1.fc1.weight')
            first['data'], second['data'] = second['data'], first['data']
        self.refused(change, 'fc1.weight', 'checksum')

    def test_one_bit_of_one_weight(self):
        def change(model):
            tensor = model.tensor(self.tensor_name)
            middle = len(tensor['data']) // 2
            tensor['data'] = tensor['data'][:middle] + bytes([tensor['data'][middle] ^ 1]) + tensor['data'][middle + 1:]
        self.refused(change, self.tensor_name, 'checksum')

    def test_two_labels_exchanged(self):
        def change(model):
            key = next(key for key, (kind, value) in model.keys.items() if kind == 9 and '生气/angry'.encode() in value[1])
            labels = model.keys[key][1][1]
            labels[0], labels[3] = labels[3], labels[0]
        self.refused(change, 'metadata')

    def test_changed_hyper_parameter(self):
        def change(model):
            key = next(key for key in model.keys if key.endswith('eps') or key.endswith('epsilon'))
            model.keys[key][1] *= 10
        self.refused(change, 'metadata')

    def test_cut_short(self):
        path = self.path('short.gguf')
        with open(self.model, 'rb') as file:
            data = file.read()
        for length in (0, 3, 4, 24, 100, len(data) // 2, len(data) - 40):
            with self.subTest(length=length), open(path, 'wb') as file:
                file.write(data[:length])
                file.flush()
                self.check(call('info', path), 1, 'short.gguf')


if __name__ == '__main__':
    testkit.main()
