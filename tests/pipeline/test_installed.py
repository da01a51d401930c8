#!/usr/bin/env python3
"""test_installed.py - an installed copy works by itself: plugin, tool and model in a prefix, nothing of the build tree.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import glob
import os
import unittest

import pipelinekit
from pipelinekit import GST_INSPECT, SOURCE, call, launch, messages


class Installed(pipelinekit.PipelineTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prefix, build = cls.path('prefix'), cls.path('build')
        for arguments in (['meson', 'setup', build, SOURCE, f'--prefix={cls.prefix}', '-Dtests=disabled',
                           '-Dexamples=disabled'],
                          ['meson', 'install', '-C', build]):
            done = call(arguments)
            if done.returncode != 0:
                raise RuntimeError(done.stdout[-2000:] + done.stderr)
        plugin, = glob.glob(f'{cls.prefix}/lib/**/libgstemotion2vec.so', recursive=True)
        cls.environment = {'GST_PLUGIN_PATH_1_0': os.path.dirname(plugin), 'EMOTION2VEC_MODEL': None,
                           'GST_REGISTRY_1_0': cls.path('registry.bin'), 'XDG_DATA_HOME': cls.path('data')}

    def test_inspect(self):
        done = call([GST_INSPECT, 'emotion2vec'], self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(self.prefix, done.stdout)

    def test_launch_with_the_installed_model(self):
        done = launch(f'filesrc location={self.conversation} ! decodebin ! emotion2vec ! fakesink', self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(messages(done))

    def test_tool(self):
        tool = os.path.join(self.prefix, 'bin', 'emotion2vec-model')
        done = call([tool, 'run', self.model, self.utterance, '--device', 'ref'], self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == '__main__':
    unittest.main()
