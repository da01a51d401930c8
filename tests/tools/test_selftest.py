#!/usr/bin/env python3
"""test_selftest.py - "selftest" and the self-check: sound devices pass, a wrong answer is seen, said and never used.

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
        return [(answer['shaders'], answer['precision']) for answer in answers if answer['device'] not in ('ref', 'cpu')]

    def has_vulkan(self):
        return '"uuid"' in call('devices', '--json').stdout

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
        devices = [answer['device'] for answer in self.answers(self.model, environment=NO_DRIVER)]
        self.assertIn(devices, (['ref', 'ref'], ['cpu', 'ref', 'cpu', 'ref']))
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

    def test_encoder_steps_down_and_stays_right(self):
        # no device can give what this model's self-test expects: the reference executor is left, which is believed
        wrong = self.wrong_model('utterance', 1.1)
        truth = call('run', self.model, self.audio, '--json', '--device', 'ref')
        done = call('run', wrong, self.audio, '--json')
        self.check(done, 0, 'warning')
        self.assertEqual(done.stdout, truth.stdout)
        self.assertEqual(done.stderr.count('warning'), 1)
        self.check(call('run', wrong, self.audio, '--device', 'ref'), 0)
        if not self.has_vulkan():
            return
        for arguments in (['--device', 'auto'], ['--device', 'auto', '--precision', 'fp16']):
            done = call('run', wrong, self.audio, *arguments)
            self.check(done, 0, 'scalar shaders, fp32, answered', 'by 9.1e-02', 'where 1e-04 is allowed')
        done = call('run', wrong, self.audio, '--device', 'vulkan')
        self.check(done, 1, 'scalar shaders, fp32, answered', 'by 9.1e-02')
        self.assertNotIn('warning', done.stderr)

    def test_precision_decides_what_is_right(self):
        if not self.has_vulkan():
            self.skipTest('no Vulkan device')
        # a thousandth is right in half precision and wrong in float
        wrong = self.wrong_model('utterance', 1.001)
        self.check(call('run', wrong, self.audio, '--device', 'vulkan', '--precision', 'fp16'), 0)
        self.check(call('run', wrong, self.audio, '--device', 'vulkan', '--precision', 'fp32'), 1, 'answered')

    def test_forced_shaders_are_not_exchanged(self):
        if not self.has_vulkan():
            self.skipTest('no Vulkan device')
        done = call('run', self.wrong_model('utterance', 1.1), self.audio, '--device', 'vulkan',
                    environment={'EMOTION2VEC_SHADERS': 'scalar'})
        self.check(done, 1, 'scalar shaders')
        self.assertNotIn('simd', done.stderr)

    def test_verdict_is_remembered(self):
        if not self.has_vulkan():
            self.skipTest('no Vulkan device')
        cache = self.path('cache')
        verdicts = os.path.join(cache, 'gst-emotion2vec', 'selfcheck')
        for expected in (1, 1, 2):
            precision = 'fp16' if expected == 2 else 'fp32'
            self.check(call('run', self.model, self.audio, '--device', 'vulkan', '--precision', precision,
                            environment={'XDG_CACHE_HOME': cache}), 0)
            with open(verdicts, encoding='utf-8') as file:
                lines = file.read().splitlines()
            self.assertEqual(len(lines), expected)
            self.assertIn(f' {precision} ', lines[0])


if __name__ == '__main__':
    testkit.main()
