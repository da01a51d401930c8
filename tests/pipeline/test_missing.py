#!/usr/bin/env python3
"""test_missing.py - machines that lack the Vulkan loader, a driver or a model, or have one that lies: what works, what is said.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import json
import os
import re
import unittest

import pipelinekit
from pipelinekit import BUNDLED, GST_INSPECT, TOOL, call, launch, messages
import blas
from gguf import Gguf

NO_DRIVER = {'VK_ICD_FILENAMES': '/dev/null', 'VK_DRIVER_FILES': '/dev/null'}
NO_MODEL = {'EMOTION2VEC_MODEL': None, 'HOME': '/nonexistent', 'XDG_DATA_HOME': '/nonexistent'}


class Missing(pipelinekit.PipelineTest):
    def no_loader(self):
        """Files that are no libraries stand in front of the real loader: opening it fails."""
        folder = self.path('no-loader')
        os.makedirs(folder, exist_ok=True)
        for name in ('libvulkan.so.1', 'libvulkan.so'):
            with open(os.path.join(folder, name), 'wb'):
                pass
        return {'LD_LIBRARY_PATH': folder}

    def need_vulkan(self):
        if '"uuid"' not in call([TOOL, 'devices', '--json']).stdout:
            self.skipTest('no Vulkan device')

    def line(self, settings):
        return f'filesrc location={self.utterance} ! wavparse ! emotion2vec window=0 {settings} ! fakesink'

    def find_speech(self, environment):
        """The spans that are found in the conversation, and what is logged of how."""
        done = launch(f'filesrc location={self.conversation} ! oggdemux ! opusdec ! emotion2vec trigger=speech device=ref '
                      f'model-file={self.model} ! fakesink', {'GST_DEBUG': 'emotion2vec:4', 'GST_DEBUG_NO_COLOR': '1', **environment})
        self.assertEqual(done.returncode, 0, done.stderr)
        spans = [(result['timestamp'], result['duration']) for result in messages(done)]
        self.assertEqual(len(spans), 8)
        return spans, re.findall(r'(INFO|WARN) .*rules find speech, not the network: (.*)', done.stderr)

    def test_speech_without_weights_is_found_by_rules(self):
        beside, logged = self.find_speech({})
        self.assertEqual(logged, [])
        weights = os.path.join(os.path.dirname(BUNDLED), 'emotion2vec-speech.bin')
        self.assertEqual(self.find_speech({**NO_MODEL, 'EMOTION2VEC_SPEECH': weights}), (beside, []))
        with open(weights, 'rb') as whole, open(self.path('damaged.bin'), 'wb') as damaged:
            damaged.write(whole.read()[:-1])
        spans = set()
        for variable, level, words in (('', 'INFO', 'EMOTION2VEC_SPEECH'), ('/nonexistent/x.bin', 'INFO', '/nonexistent/x.bin'),
                                       (self.path('damaged.bin'), 'WARN', self.path('damaged.bin'))):
            with self.subTest(variable=variable):
                found, logged = self.find_speech({'EMOTION2VEC_SPEECH': variable})
                spans.add(tuple(found))
                (logged_level, logged_words), = logged
                self.assertEqual(logged_level, level)
                self.assertIn(words, logged_words)
        self.assertEqual(len(spans), 1)
        self.assertNotIn(tuple(beside), spans)

    def test_inspect_works_without_anything(self):
        registry = {'GST_REGISTRY_1_0': self.path('registry.bin')}
        for environment in (NO_DRIVER, self.no_loader(), NO_MODEL):
            with self.subTest(environment=environment):
                if os.path.exists(registry['GST_REGISTRY_1_0']):
                    os.remove(registry['GST_REGISTRY_1_0'])
                done = call([GST_INSPECT, 'emotion2vec'], {**environment, **registry})
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn('Filter/Analyzer/Audio', done.stdout)
                self.assertNotIn('CRITICAL', done.stderr)

    def test_vulkan_without_driver_or_loader_names_what_to_install(self):
        for environment, package in ((NO_DRIVER, 'mesa-vulkan-drivers'), (self.no_loader(), 'libvulkan1')):
            with self.subTest(package=package):
                done = launch(self.line(f'device=vulkan model-file={self.model}'), environment)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(package, done.stdout + done.stderr)

    def test_auto_without_driver_or_loader_is_right_with_one_warning(self):
        tool = self.tool_scores(self.utterance, '--device', 'ref')
        for environment in (NO_DRIVER, self.no_loader()):
            with self.subTest(environment=environment):
                done = launch(self.line(f'device=auto model-file={self.model}'), environment)
                self.assertEqual(done.returncode, 0, done.stderr)
                result, = messages(done)
                for ours, theirs in zip(result['scores'], tool['scores'].values()):
                    self.assertAlmostEqual(ours, theirs, delta=1e-5)
                self.assertEqual(len(re.findall(r'^WARNING: from element', done.stdout + done.stderr, re.M)), 1)

    def test_cpu_without_blas_is_right_with_one_warning(self):
        if '"index": "cpu"' not in call([TOOL, 'devices', '--json']).stdout:
            self.skipTest('no BLAS')
        tool = self.tool_scores(self.utterance, '--device', 'ref')
        for environment, warned in (({}, False), (blas.without(self.path('')), 'libopenblas0'),
                                    (blas.wrong(self.path('')), 'answered the model\'s self-test wrongly')):
            with self.subTest(environment=environment):
                done = launch(self.line(f'device=cpu model-file={self.model}'), environment)
                self.assertEqual(done.returncode, 0, done.stderr)
                result, = messages(done)
                for ours, theirs in zip(result['scores'], tool['scores'].values()):
                    self.assertAlmostEqual(ours, theirs, delta=1e-5)
                warnings = re.findall(r'^WARNING: from element.*', done.stdout + done.stderr, re.M)
                self.assertEqual(len(warnings), 1 if warned else 0)
                for warning in warnings:
                    self.assertIn(warned, warning)

    def test_a_software_device_has_one_line_about_the_cpu(self):
        devices = [json.loads(line) for line in call([TOOL, 'devices', '--json']).stdout.splitlines()]
        if devices[0]['type'] != 'cpu' or 'uuid' not in devices[0] or 'cpu' not in [each['index'] for each in devices]:
            self.skipTest('no software Vulkan device, or no BLAS')
        for device, lines in (('auto', 1), ('vulkan', 1), ('cpu', 0)):
            done = launch(self.line(f'device={device} model-file={self.model}'), {'GST_DEBUG': 'emotion2vecengine:4'})
            self.assertEqual(done.stderr.count('device=cpu is faster'), lines, done.stderr)

    def test_wrong_answers_step_down_with_one_warning(self):
        """A self-test that expects something else stands for a driver that lies: no Vulkan device can pass it."""
        self.need_vulkan()
        model = Gguf(self.model)
        values = model.keys['emotion2vec.selftest.utterance'][1][1]
        values[:] = [value * 1.1 for value in values]
        model.seal()
        model.write(self.path('lies.gguf'))
        tool = self.tool_scores(self.utterance, '--device', 'ref')
        done = launch(self.line(f'device=auto model-file={self.path("lies.gguf")}'))
        self.assertEqual(done.returncode, 0, done.stderr)
        result, = messages(done)
        for ours, theirs in zip(result['scores'], tool['scores'].values()):
            self.assertAlmostEqual(ours, theirs, delta=1e-6)
        warning, = re.findall(r'^WARNING: from element.*', done.stdout + done.stderr, re.M)
        self.assertIn('the embedding is off by 9.1e-02', warning)
        done = launch(self.line(f'device=vulkan model-file={self.path("lies.gguf")}'))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('the embedding is off by 9.1e-02', done.stdout + done.stderr)
        self.assertEqual(messages(done), [])

    def test_no_model(self):
        # a plugin that lies outside of its build tree and has no installed model
        done = launch(self.line('model-file=/nonexistent/model.gguf'))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('/nonexistent/model.gguf', done.stdout + done.stderr)

    def test_model_that_is_none(self):
        done = launch(self.line(f'model-file={self.utterance}'))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('GGUF', done.stdout + done.stderr)

    def test_unknown_device(self):
        self.need_vulkan()
        done = launch(self.line(f'device=no-such-device model-file={self.model}'))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('no-such-device', done.stdout + done.stderr)


if __name__ == '__main__':
    unittest.main()
