#!/usr/bin/env python3
"""test_selftest.py - "selftest": sound devices pass on every reference model, a wrong answer is seen and said.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os

import testkit
from gguf import Gguf
from testkit import call

NO_DRIVER = {'VK_ICD_FILENAMES': '/dev/null', 'VK_DRIVER_FILES': '/dev/null'}


class SelfTest(testkit.ToolTest):
    def answers(self, *arguments, status=0, environment=None):
        done = call('selftest', *arguments, '--json', environment=environment)
        self.check(done, status)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def combinations(self, answers):
        return [(answer['shaders'], answer['precision']) for answer in answers if answer['device'] != 'ref']

    def has_vulkan(self):
        return len(call('devices', '--json').stdout.splitlines()) > 1

    def wrong_model(self, key, factor):
        """A copy whose self-test expects something else."""
        model = Gguf(self.model)
        values = model.keys[f'emotion2vec.selftest.{key}'][1][1]
        values[:] = [value * factor for value in values]
        model.seal()
        path = self.path('wrong.gguf')
        model.write(path)
        return path

    def test_reference_models_pass_everywhere(self):
        bundled = os.environ['EMOTION2VEC_MODEL']
        cases = [self.convert_case(case) for case in ('01-tiny', '03-minimum-400', '07-large-activations', '12-half')]
        for model in cases + [bundled]:
            with self.subTest(model=model):
                answers = self.answers(model)
                self.assertEqual([answer['precision'] for answer in answers if answer['device'] == 'ref'],
                                 ['fp32', 'fp16'])
                for answer in answers:
                    self.assertTrue(answer['passed'], answer)
                    self.assertLess(answer['embedding_error'], answer['limit'])

    def test_every_family_is_asked(self):
        if not self.has_vulkan():
            self.skipTest('no Vulkan device')
        asked = self.combinations(self.answers(self.model))
        self.assertIn(('scalar', 'fp32'), asked)
        self.assertIn(('scalar', 'fp16'), asked)
        forced = self.answers(self.model, '--device', 'vulkan', '--precision', 'fp32',
                              environment={'EMOTION2VEC_SHADERS': 'scalar'})
        self.assertEqual([(answer['device'], answer['shaders'], answer['precision']) for answer in forced],
                         [('vulkan', 'scalar', 'fp32')])

    def test_no_driver(self):
        self.assertEqual([answer['device'] for answer in self.answers(self.model, environment=NO_DRIVER)],
                         ['ref', 'ref'])
        done = call('selftest', self.model, '--device', 'vulkan', environment=NO_DRIVER)
        self.check(done, 1, 'mesa-vulkan-drivers')

    def test_unknown_device(self):
        self.check(call('selftest', self.model, '--device', 'no-such-device'), 1, 'no-such-device')

    def test_wrong_answers_are_seen(self):
        # a hundredth is right in half precision and wrong in float; scores alone are enough
        for key, factor, right in (('utterance', 1.01, {'fp16'}), ('utterance', 1.1, set()), ('scores', 1.5, set())):
            with self.subTest(key=key, factor=factor):
                answers = self.answers(self.wrong_model(key, factor), status=1)
                self.assertEqual({answer['precision'] for answer in answers if answer['passed']}, right)
        text = call('selftest', self.wrong_model('utterance', 1.1), '--device', 'ref')
        self.check(text, 1)
        self.assertEqual(text.stdout.count('WRONG'), 2)

    def test_model_without_self_test(self):
        model = Gguf(self.model)
        for key in [key for key in model.keys if key.startswith('emotion2vec.selftest.')]:
            del model.keys[key]
        model.seal()
        model.write(self.path('without.gguf'))
        self.check(call('selftest', self.path('without.gguf')), 1, 'no self-test')


if __name__ == '__main__':
    testkit.main()
