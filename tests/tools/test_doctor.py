#!/usr/bin/env python3
"""test_doctor.py - "doctor" names the part that is missing or wrong, and what to do.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import pathlib
import re
import shutil

import blas
import liars
import testkit
from gguf import Gguf
from testkit import call

PLUGINS = os.environ['GST_PLUGIN_PATH_1_0']
NO_DRIVER = {'VK_ICD_FILENAMES': '/dev/null', 'VK_DRIVER_FILES': '/dev/null'}


class Doctor(testkit.ToolTest):
    registries = 0

    def examine(self, status, *arguments, **environment):
        """Lines of the report as {part: (status, detail)}; advice is added to the detail of its part."""
        Doctor.registries += 1
        environment.setdefault('GST_REGISTRY_1_0', self.path(f'registry-{self.registries}.bin'))
        environment.setdefault('EMOTION2VEC_MODEL', self.model)
        done = call('doctor', *arguments, environment=environment)
        self.check(done, status)
        report, part = {}, None
        for line in done.stdout.splitlines():
            if not line or line.startswith('The element'):
                continue
            if line[:9].strip():
                part = line[9:26].strip()
                report[part] = line[:9].strip(), line[26:]
            else:
                self.assertIn('→', line)
                report[part] = report[part][0], report[part][1] + '\n' + line.strip()
        self.verdict = done.stdout.splitlines()[-1]
        for state, detail in report.values():
            self.assertEqual('→' in detail, state != 'ok', detail)
        return report

    def faults(self, report):
        """What is wrong, but for the driver and the BLAS that this machine lacks anyway."""
        return {part: state for part, (state, _) in report.items()
                if state != 'ok' and (part != 'Vulkan driver' or self.has_device) and (part != 'BLAS' or self.has_host)}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        devices = call('devices', '--json').stdout
        cls.has_device, cls.has_host = '"uuid"' in devices, '"index": "cpu"' in devices

    def empty_folder(self):
        folder = self.path('empty')
        os.makedirs(folder, exist_ok=True)
        return folder

    def test_all_is_well(self):
        report = self.examine(0 if self.has_device else 1)
        self.assertEqual(report['plugin'], ('ok', report['plugin'][1]))
        self.assertIn('libgstemotion2vec.so', report['plugin'][1])
        self.assertIn(self.model, report['model file'][1])
        self.assertEqual(report['answer of ref'][0], 'ok')
        self.assertEqual(self.faults(report), {})
        if self.has_device:
            self.assertEqual(self.verdict, 'The element runs here.')

    def test_no_loader(self):
        folder = self.path('no-loader')
        os.makedirs(folder, exist_ok=True)
        for name in ('libvulkan.so.1', 'libvulkan.so'):
            pathlib.Path(folder, name).write_bytes(b'')
        report = self.examine(1, LD_LIBRARY_PATH=folder)
        self.assertEqual(self.faults(report), {'Vulkan loader': 'missing'})
        self.assertIn('libvulkan1', report['Vulkan loader'][1])
        self.assertIn('but on the CPU' if self.has_host else 'slowly, on the CPU', self.verdict)

    def test_no_driver(self):
        report = self.examine(1, **NO_DRIVER)
        self.assertEqual(report['Vulkan driver'][0], 'missing')
        self.assertEqual(set(self.faults(report)) - {'Vulkan driver'}, set())
        self.assertIn('mesa-vulkan-drivers', report['Vulkan driver'][1])
        self.assertIn('but on the CPU' if self.has_host else 'slowly, on the CPU', self.verdict)

    def test_blas(self):
        if not self.has_host:
            self.skipTest('no BLAS')
        report = self.examine(0 if self.has_device else 1)
        self.assertEqual(report['answer of cpu'][0], 'ok')
        self.assertIn(report['BLAS'][1], report['answer of cpu'][1])
        report = self.examine(1, **blas.without(self.scratch.name), **NO_DRIVER)
        self.assertEqual(report['BLAS'][0], 'missing')
        self.assertIn('libopenblas0', report['BLAS'][1])
        self.assertNotIn('answer of cpu', report)
        self.assertIn('slowly, on the CPU', self.verdict)
        report = self.examine(1, **blas.wrong(self.scratch.name), **NO_DRIVER)
        self.assertEqual(report['answer of cpu'][0], 'wrong')
        self.assertIn('BLAS libopenblas.so.0', report['answer of cpu'][1])
        self.assertIn('slowly, on the CPU', self.verdict)

    def test_driver_that_lies(self):
        """Dispatches are lost without a word: neither family is right."""
        report = self.examine(1, **liars.environment(self.scratch.name, LIAR_DROP='5'))
        self.assertEqual(self.faults(report), {'answer of 0': 'wrong'})
        detail = report['answer of 0'][1]
        self.assertIn('llvmpipe', detail)
        self.assertGreater(float(re.search(r'embedding off by (\S+),', detail)[1]), 1e-2)
        self.assertIn('allowed 1e-04', detail)
        self.assertIn('Update the driver', detail)
        self.assertIn('but on the CPU' if self.has_host else 'slowly, on the CPU', self.verdict)

    def test_driver_that_lies_in_one_family(self):
        report = self.examine(0, **liars.environment(self.scratch.name, LIAR_BREAK='simd'))
        self.assertEqual(self.faults(report), {'answer of 0': 'wrong'})
        self.assertIn('simd shaders', report['answer of 0'][1])
        self.assertIn('scalar shaders, fp32: right', report['instead of 0'][1])
        self.assertEqual(self.verdict, 'The element runs here.')

    def test_device_that_cannot_be_opened(self):
        report = self.examine(1, **liars.environment(self.scratch.name, LIAR_REFUSE='0'))
        self.assertEqual(self.faults(report), {'answer of 0': 'wrong'})
        self.assertIn('vkCreateDevice failed', report['answer of 0'][1])
        self.assertIn('but on the CPU' if self.has_host else 'slowly, on the CPU', self.verdict)

    def test_no_model(self):
        places = [{'EMOTION2VEC_MODEL': self.path('none.gguf')}]
        # where the package is installed, its model is found last
        if 'no model file was found' in call('doctor', environment={'EMOTION2VEC_MODEL': '', 'XDG_DATA_HOME':
                                                                    self.empty_folder()}).stdout:
            places.append({'EMOTION2VEC_MODEL': '', 'XDG_DATA_HOME': self.empty_folder()})
        for environment in places:
            report = self.examine(1, **environment)
            self.assertEqual(self.faults(report), {'model file': 'missing'})
            self.assertIn('gst-emotion2vec', report['model file'][1].splitlines()[1])
            self.assertIn('does not run here', self.verdict)

    def test_wrong_model(self):
        report = self.examine(1, EMOTION2VEC_MODEL=self.audio)
        self.assertEqual(self.faults(report), {'model file': 'wrong'})
        self.assertIn('GGUF', report['model file'][1])
        # the argument goes before the search
        report = self.examine(1, self.audio)
        self.assertEqual(self.faults(report), {'model file': 'wrong'})

    def test_model_that_contradicts_itself(self):
        model = Gguf(self.model)
        values = model.keys['emotion2vec.selftest.utterance'][1][1]
        values[0] += 1
        model.seal()
        model.write(self.path('contradicts.gguf'))
        report = self.examine(1, self.path('contradicts.gguf'))
        self.assertEqual(self.faults(report), {'answer of ref': 'wrong'})
        self.assertIn('do not belong together', report['answer of ref'][1])

    def test_no_plugin(self):
        report = self.examine(1, GST_PLUGIN_PATH_1_0=self.empty_folder(), GST_PLUGIN_SYSTEM_PATH_1_0=self.empty_folder())
        self.assertEqual(self.faults(report), {'plugin': 'missing'})
        self.assertIn('GST_PLUGIN_PATH', report['plugin'][1])

    def test_blacklisted_plugin(self):
        folder = self.path('broken')
        os.makedirs(folder, exist_ok=True)
        broken = os.path.join(folder, 'libgstemotion2vec.so')
        shutil.copy(os.path.join(PLUGINS, 'libgstemotion2vec.so'), broken)
        with open(broken, 'r+b') as file:
            file.truncate(5000)
        report = self.examine(1, GST_PLUGIN_PATH_1_0=folder, GST_PLUGIN_SYSTEM_PATH_1_0=self.empty_folder())
        self.assertEqual(self.faults(report), {'plugin': 'wrong'})
        self.assertIn(broken, report['plugin'][1])
        self.assertIn('registry', report['plugin'][1])

    def test_usage(self):
        self.check(call('doctor', 'a', 'b'), 2, '--help')


if __name__ == '__main__':
    testkit.main()
