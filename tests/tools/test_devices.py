#!/usr/bin/env python3
"""test_devices.py - several devices and drivers that lie, seen by the whole tool: what is chosen, what is said, that the
scores stay right.

The truth is the reference executor.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json

import liars
import testkit
from testkit import call


class LiarTest(testkit.ToolTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.truth = json.loads(call('run', cls.model, cls.audio, '--json', '--device', 'ref').stdout)['scores']

    def lies(self, **lies):
        return liars.environment(self.scratch.name, **lies)

    def two(self, **lies):
        return self.lies(n_devices=2, **{'LIAR_NAMES': 'Orion 4090|Orion 4090X', 'LIAR_UUIDS': '1', **lies})

    def run_model(self, *arguments, environment):
        return call('run', self.model, self.audio, '--json', *arguments, environment=environment)

    def check_right(self, done, n_warnings, *words, delta=1e-5):
        """Exit status 0, the true scores, so many warnings, which have all `words`."""
        self.check(done, 0, *words)
        self.assertEqual(done.stderr.count('warning'), n_warnings, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), n_warnings, done.stderr)
        scores = json.loads(done.stdout)['scores']
        self.assertEqual(scores.keys(), self.truth.keys())
        for name, score in scores.items():
            self.assertAlmostEqual(score, self.truth[name], delta=delta)


class Choice(LiarTest):
    def devices(self, environment):
        done = call('devices', '--json', environment=environment)
        self.check(done, 0)
        return [device for device in map(json.loads, done.stdout.splitlines()) if 'uuid' in device]

    def test_list(self):
        first, second = self.devices(self.two())
        self.assertEqual((first['index'], first['name'], first['type']), (0, 'Orion 4090', 'cpu'))
        self.assertEqual((second['index'], second['name'], second['type']), (1, 'Orion 4090X', 'cpu'))
        self.assertEqual(second['uuid'], '11111111-1111-1111-1111-111111111111')
        self.assertNotEqual(first['uuid'], second['uuid'])
        self.assertEqual([first['precision'], second['precision']], ['fp32', 'fp32'])

    def test_gpus_come_first_and_gain_from_half_precision(self):
        first, second = self.devices(self.two(LIAR_GPUS='1'))
        self.assertEqual((first['name'], first['type'], first['precision'], first['shaders']),
                         ('Orion 4090X', 'discrete', 'fp16', 'scalar'))
        self.assertEqual((second['name'], second['precision'], second['shaders']), ('Orion 4090', 'fp32', 'simd'))

    def test_list_opens_no_device(self):
        environment = self.two(LIAR_REFUSE='01')
        self.assertEqual([device['precision'] for device in self.devices(environment)], ['fp32', 'fp32'])
        self.check(call('bench', self.model, '--device', '0', environment=environment), 1, 'vkCreateDevice', 'Orion 4090')

    def test_choice(self):
        environment = self.two()
        first, second = self.devices(environment)
        wanted = {'0': first, '1': second, 'orion 4090': first, '4090x': second, first['uuid']: first,
                  second['uuid'].upper(): second, 'vulkan': first, 'auto': first}
        for name, device in wanted.items():
            with self.subTest(device=name):
                done = call('bench', self.model, '--device', name, '--window', '0.1', '--json', environment=environment)
                self.check(done, 0)
                self.assertEqual(json.loads(done.stdout)['device'], f'{device["name"]}, simd shaders')

    def test_names_that_fit_none_or_several(self):
        environment = self.two()
        for name, words in {'orion': ('fits 2',), '4090': ('fits 2', 'UUID'), 'Vega': ('no Vulkan device "Vega"',),
                            '2': ('no Vulkan device "2"',)}.items():
            with self.subTest(device=name):
                done = self.run_model('--device', name, environment=environment)
                self.check(done, 1, *words, '0: Orion 4090, 1: Orion 4090X')
                self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_step_down_to_the_next_device(self):
        for lies in ({'LIAR_DEVICES': '0', 'LIAR_DROP': '5'}, {'LIAR_REFUSE': '0'}):
            with self.subTest(lies=lies):
                environment = self.two(**lies)
                self.check_right(self.run_model('--device', 'vulkan', environment=environment), 1, 'Orion 4090',
                                 'Running with Orion 4090X, simd shaders, fp32, instead')
                # a device that was asked for by name is not exchanged
                done = self.run_model('--device', '0', environment=environment)
                self.check(done, 1, 'Orion 4090')
                self.assertNotIn('4090X', done.stderr)


    def test_reopens_the_same_of_two_drivers(self):
        """Two drivers of one card give it one UUID; what overflows on the second has to be run again there."""
        environment = self.two(LIAR_UUIDS='', LIAR_REFUSE='0', LIAR_NAN='2')
        first, second = self.devices(environment)
        self.assertEqual(first['uuid'], second['uuid'])
        done = self.run_model('--device', '4090x', '--precision', 'fp16', environment=environment)
        self.check_right(done, 1, 'half precision gave a value that is not finite')


class Lies(LiarTest):
    def test_honest(self):
        self.check_right(self.run_model(environment=self.lies()), 0)

    def test_dropped_dispatches(self):
        """Nothing on this driver is right: the CPU is left."""
        environment = self.lies(LIAR_DROP='5')
        self.check_right(self.run_model(environment=environment), 1, 'simd shaders, fp32, answered', 'where 1e-04 is allowed',
                         'scalar shaders, fp32, answered', 'Running on the CPU')
        done = self.run_model('--device', 'vulkan', environment=environment)
        self.check(done, 1, 'simd shaders, fp32, answered')
        self.assertEqual(done.stdout, '')

    def test_broken_shader(self):
        environment = self.lies(LIAR_BREAK='simd')
        self.check_right(self.run_model(environment=environment), 1, 'simd shaders, fp32, answered',
                         'scalar shaders, fp32, instead')

    def test_selftest(self):
        done = call('selftest', self.model, '--precision', 'fp32', '--json', environment=self.lies(LIAR_BREAK='simd'))
        self.check(done, 1)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        answers = [answer for answer in answers if answer['device'] != 'cpu']
        self.assertEqual([(answer['shaders'], answer['passed']) for answer in answers],
                         [('simd', False), ('scalar', True), (None, True)])
        self.assertGreater(answers[0]['embedding_error'], 1e-2)

    def test_nan(self):
        """The first submission is the self-test's."""
        self.check_right(self.run_model(environment=self.lies(LIAR_NAN='2')), 1, 'not finite', 'opened again for this result')
        self.check_right(self.run_model('--precision', 'fp16', environment=self.lies(LIAR_NAN='2')), 1,
                         'half precision gave a value that is not finite', 'fp32', delta=1e-5)
        done = self.run_model(environment=self.lies(LIAR_NAN='2,3'))
        self.check(done, 1, 'not finite', 'after the device was opened again')
        self.assertEqual(done.stdout, '')

    def test_nan_in_the_self_test(self):
        self.check_right(self.run_model(environment=self.lies(LIAR_NAN='1')), 1, 'not finite', 'scalar shaders, fp32, instead')

    def test_lost(self):
        self.check_right(self.run_model(environment=self.lies(LIAR_LOSE='2')), 1, 'VK_ERROR_DEVICE_LOST', 'opened again for this result')
        # twice in a row costs one file, not those after it
        done = call('run', self.model, self.audio, self.audio, '--json', environment=self.lies(LIAR_LOSE='2,3'))
        self.check(done, 1, 'VK_ERROR_DEVICE_LOST', 'after the device was opened again')
        self.assertEqual(done.stderr.count('warning'), 1)
        scores = json.loads(done.stdout)['scores']
        for name, score in scores.items():
            self.assertAlmostEqual(score, self.truth[name], delta=1e-5)


if __name__ == '__main__':
    testkit.main()
